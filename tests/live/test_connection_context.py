"""Connections as context managers, commit, rollback, autocommit and the modes of transactions."""

from __future__ import annotations

import asyncio

import pytest


class Oops(Exception):
    pass


@pytest.fixture
def table(other):
    """A table that every connection sees."""
    other.execute("drop table if exists context; create table context (x int)")


def rows(other):
    return [x for (x,) in other.execute("select x from context order by x")]


def test_commits_on_success(pg, dsn, other, table):
    with pg.connect(dsn) as conn:
        conn.execute("insert into context values (1)")
        assert rows(other) == []
    assert rows(other) == [1]
    assert conn.closed


def test_rolls_back_on_an_exception(pg, dsn, other, table):
    with pytest.raises(Oops), pg.connect(dsn) as conn:
        conn.execute("insert into context values (1)")
        raise Oops
    assert rows(other) == []
    assert conn.closed


def test_the_exception_is_not_replaced_when_rollback_fails(pg, dsn, other):
    with pytest.raises(Oops), pg.connect(dsn) as conn:
        pid = conn.info.backend_pid
        conn.execute("select 1")
        other.execute("select pg_terminate_backend(%s)", [pid])
        raise Oops
    assert conn.closed


def test_nothing_happens_at_the_end_of_a_closed_connection(pg, dsn):
    with pg.connect(dsn) as conn:
        conn.close()
    assert conn.closed


def test_enter_gives_the_connection(conn):
    with conn as entered:
        assert entered is conn


def test_commit(conn, other, table):
    conn.execute("insert into context values (1)")
    conn.commit()
    assert rows(other) == [1]


def test_rollback(conn, other, table):
    conn.execute("insert into context values (1)")
    conn.rollback()
    conn.commit()
    assert rows(other) == []


def test_commit_and_rollback_without_a_transaction(conn):
    conn.commit()
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


def test_close_loses_the_transaction(pg, dsn, other, table):
    conn = pg.connect(dsn)
    conn.execute("insert into context values (1)")
    conn.close()
    assert rows(other) == []


def test_commit_of_a_failed_transaction_rolls_back(pg, conn, other, table):
    conn.execute("insert into context values (1)")
    with pytest.raises(pg.errors.DivisionByZero):
        conn.execute("select 1/0")
    conn.commit()
    assert rows(other) == []
    assert conn.info.transaction_status == pg.pq.TransactionStatus.IDLE


def test_only_one_transaction_is_opened(conn):
    first = conn.execute("select now()").fetchone()
    assert conn.execute("select now()").fetchone() == first
    conn.commit()
    assert conn.execute("select now()").fetchone() > first


def test_a_failed_transaction_refuses_statements(pg, conn):
    with pytest.raises(pg.errors.SyntaxError):
        conn.execute("selec")
    with pytest.raises(pg.errors.InFailedSqlTransaction):
        conn.execute("select 1")
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


def test_autocommit(auto, other, table):
    auto.execute("insert into context values (1)")
    assert rows(other) == [1]


def test_autocommit_allows_what_no_transaction_may_do(auto):
    auto.execute("vacuum pg_class")


def test_autocommit_with_a_transaction_of_the_user(pg, auto, other, table):
    auto.execute("begin")
    auto.execute("insert into context values (1)")
    assert auto.info.transaction_status == pg.pq.TransactionStatus.INTRANS
    assert rows(other) == []
    auto.rollback()
    assert rows(other) == []


def test_set_autocommit(pg, conn):
    conn.autocommit = True
    conn.execute("select 1")
    assert conn.info.transaction_status == pg.pq.TransactionStatus.IDLE
    conn.autocommit = False
    conn.execute("select 1")
    assert conn.info.transaction_status == pg.pq.TransactionStatus.INTRANS


def test_set_autocommit_by_method(conn):
    conn.set_autocommit(True)
    assert conn.autocommit is True


def test_autocommit_does_not_change_within_a_transaction(pg, conn):
    conn.execute("select 1")
    with pytest.raises(pg.ProgrammingError):
        conn.autocommit = True
    assert conn.autocommit is False


def test_isolation_level(pg, conn):
    conn.isolation_level = pg.IsolationLevel.SERIALIZABLE
    assert conn.execute("show transaction_isolation").fetchone() == ("serializable",)
    conn.rollback()
    conn.isolation_level = None
    assert conn.execute("show transaction_isolation").fetchone() == ("read committed",)


def test_read_only(pg, conn, table):
    conn.read_only = True
    with pytest.raises(pg.errors.ReadOnlySqlTransaction):
        conn.execute("insert into context values (1)")


def test_read_write_where_read_only_is_the_default(conn, table):
    conn.execute("set session characteristics as transaction read only")
    conn.commit()
    conn.read_only = False
    conn.execute("insert into context values (1)")


def test_deferrable(conn):
    conn.deferrable = True
    assert conn.execute("show transaction_deferrable").fetchone() == ("on",)


def test_modes_together(pg, conn):
    conn.isolation_level = pg.IsolationLevel.REPEATABLE_READ
    conn.read_only = True
    conn.deferrable = False
    query = "select current_setting('transaction_isolation'), current_setting('transaction_read_only')"
    assert conn.execute(query).fetchone() == ("repeatable read", "on")


def test_modes_do_not_change_within_a_transaction(pg, conn):
    conn.execute("select 1")
    with pytest.raises(pg.ProgrammingError):
        conn.isolation_level = pg.IsolationLevel.SERIALIZABLE
    with pytest.raises(pg.ProgrammingError):
        conn.read_only = True
    with pytest.raises(pg.ProgrammingError):
        conn.deferrable = True


async def test_async_commits_on_success(pg, dsn, other, table):
    async with await pg.AsyncConnection.connect(dsn) as conn:
        await conn.execute("insert into context values (1)")
    assert rows(other) == [1]
    assert conn.closed


async def test_async_rolls_back_on_an_exception(pg, dsn, other, table):
    with pytest.raises(Oops):
        async with await pg.AsyncConnection.connect(dsn) as conn:
            await conn.execute("insert into context values (1)")
            raise Oops
    assert rows(other) == []
    assert conn.closed


async def test_async_commit_and_rollback(aconn, other, table):
    await aconn.execute("insert into context values (1)")
    await aconn.commit()
    await aconn.execute("insert into context values (2)")
    await aconn.rollback()
    assert rows(other) == [1]


async def test_async_modes_are_set_by_methods(pg, aconn):
    await aconn.set_isolation_level(pg.IsolationLevel.SERIALIZABLE)
    await aconn.set_read_only(True)
    await aconn.set_deferrable(True)
    cur = await aconn.execute("show transaction_isolation")
    assert await cur.fetchone() == ("serializable",)
    with pytest.raises(pg.ProgrammingError):
        await aconn.set_autocommit(True)


async def test_async_autocommit_is_no_plain_attribute(aconn):
    with pytest.raises(AttributeError):
        aconn.autocommit = True
    await aconn.set_autocommit(True)
    assert aconn.autocommit is True


@pytest.mark.howdah_only
@pytest.mark.parametrize("fails", [False, True])
def test_interrupted_at_the_end(pg, dsn, fails):
    """Nobody else would close it."""

    class Interrupted(pg.Connection):
        def commit(self):
            raise KeyboardInterrupt

        rollback = commit

    conn = Interrupted.connect(dsn)
    with pytest.raises(KeyboardInterrupt), conn:
        conn.execute("select 1")
        if fails:
            raise Oops
    assert conn.closed


@pytest.mark.howdah_only
@pytest.mark.parametrize("fails", [False, True])
async def test_cancelled_at_the_end(pg, dsn, fails):
    class Slow(pg.AsyncConnection):
        async def commit(self):
            await asyncio.sleep(60)

        rollback = commit

    conn = await Slow.connect(dsn)

    async def work():
        async with conn:
            if fails:
                raise Oops

    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(work(), 0.05)
    assert conn.closed
