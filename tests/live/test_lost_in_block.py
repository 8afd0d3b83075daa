"""Blocks whose connection the server ends: none of them may look committed, and no exception is replaced."""

from __future__ import annotations

import pytest

from beside import eventually_async


class Oops(Exception):
    pass


def kill(other, conn):
    other.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])


async def notice(conn):
    """Wait until the event loop has seen the end of the connection."""
    await eventually_async(lambda: conn.closed)


def swallow(pg, conn):
    with pytest.raises(pg.OperationalError):
        conn.execute("select 1")


def test_connection_block_that_is_not_told(pg, dsn, other):
    with pytest.raises(pg.OperationalError), pg.connect(dsn) as conn:
        conn.execute("select 1")
        kill(other, conn)


def test_connection_block_without_a_transaction(pg, dsn, other):
    with pg.connect(dsn) as conn:
        kill(other, conn)


def test_connection_block_that_was_told(pg, dsn, other):
    with pg.connect(dsn) as conn:
        kill(other, conn)
        swallow(pg, conn)
    assert conn.broken


def test_transaction_that_is_not_told(pg, conn, other):
    with pytest.raises(pg.OperationalError), conn.transaction():
        kill(other, conn)


@pytest.mark.howdah_only
def test_status_when_commit_fails(pg, conn, other):
    with pytest.raises(pg.OperationalError), conn.transaction() as tx:
        kill(other, conn)
    assert tx.status == tx.Status.FAILED


@pytest.mark.howdah_only
def test_transaction_that_was_told_and_hides_it(pg, conn, other):
    with pytest.raises(pg.OperationalError, match="lost within the transaction"), conn.transaction():
        kill(other, conn)
        swallow(pg, conn)


def test_transaction_that_closes_the_connection(conn):
    with conn.transaction() as tx:
        conn.close()
    assert tx.status == tx.Status.FAILED


def test_transaction_that_was_told_and_fails(pg, conn, other, caplog):
    with pytest.raises(Oops), conn.transaction() as outer, conn.transaction() as inner:
        kill(other, conn)
        swallow(pg, conn)
        raise Oops
    assert inner.status == outer.status == outer.Status.FAILED
    assert not caplog.records


async def test_async_connection_block_that_is_not_told(pg, dsn, other):
    with pytest.raises(pg.OperationalError):
        async with await pg.AsyncConnection.connect(dsn) as conn:
            await conn.execute("select 1")
            kill(other, conn)
            if pg.__name__ == "howdah":
                await notice(conn)


async def test_async_connection_block_that_fails(pg, dsn, other, caplog):
    with pytest.raises(Oops):
        async with await pg.AsyncConnection.connect(dsn) as conn:
            await conn.execute("select 1")
            kill(other, conn)
            raise Oops
    assert ["in rollback" in record.message for record in caplog.records] == [True]


@pytest.mark.howdah_only
async def test_async_connection_block_without_a_transaction(pg, dsn, other):
    async with await pg.AsyncConnection.connect(dsn) as conn:
        await conn.execute("select 1")
        await conn.commit()
        kill(other, conn)
        await notice(conn)
    assert conn.broken


@pytest.mark.howdah_only
@pytest.mark.parametrize("fails", [False, True])
async def test_async_transaction_that_is_not_told(pg, aconn, other, caplog, fails):
    with pytest.raises(Oops if fails else pg.OperationalError):
        async with aconn.transaction():
            kill(other, aconn)
            await notice(aconn)
            if fails:
                raise Oops
    assert len(caplog.records) == fails
