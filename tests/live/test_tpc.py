"""Two-phase commit."""

from __future__ import annotations

import pytest

import howdah
from howdah import Xid
from howdah.pq import TransactionStatus


@pytest.fixture
async def table(conn):
    conn.autocommit = True
    conn.execute("create table if not exists tpc_test (n int)")
    conn.execute("truncate tpc_test")
    for xid in conn.tpc_recover():
        if xid.database == conn.info.dbname:
            conn.tpc_rollback(xid)
    yield lambda: conn.execute("select count(*) from tpc_test").fetchone()[0]
    conn.execute("drop table tpc_test")


@pytest.mark.parametrize("prepare", [True, False])
@pytest.mark.parametrize("action", ["commit", "rollback"])
async def test_a_transaction_in_two_phases(aconn, table, prepare, action):
    await aconn.tpc_begin(aconn.xid(1, "it's", "a\\b"))
    assert aconn.info.transaction_status == TransactionStatus.INTRANS
    await aconn.execute("insert into tpc_test values (1)")
    if prepare:
        await aconn.tpc_prepare()
        assert aconn.info.transaction_status == TransactionStatus.IDLE
    assert table() == 0
    await (aconn.tpc_commit() if action == "commit" else aconn.tpc_rollback())
    assert aconn.info.transaction_status == TransactionStatus.IDLE
    assert table() == (1 if action == "commit" else 0)
    await aconn.execute("select 1")
    await aconn.commit()


@pytest.mark.parametrize("action", ["commit", "rollback"])
def test_blocking(dsn, table, action):
    with howdah.connect(dsn) as one:
        one.tpc_begin(one.xid(7, "blocking", ""))
        one.execute("insert into tpc_test values (1)")
        one.tpc_prepare()
        getattr(one, f"tpc_{action}")()
        assert one.info.transaction_status == TransactionStatus.IDLE
    assert table() == (1 if action == "commit" else 0)


async def test_it_is_finished_by_another_connection(aconn, conn, table):
    await aconn.tpc_begin(r"it's \ a name")
    await aconn.execute("insert into tpc_test values (1)")
    await aconn.tpc_prepare()
    await aconn.close()
    [xid] = [xid for xid in conn.tpc_recover() if xid.database == conn.info.dbname]
    assert (xid.format_id, xid.gtrid, xid.bqual) == (None, r"it's \ a name", None)
    assert xid.prepared is not None
    assert xid.owner == conn.info.user
    conn.tpc_commit(xid)
    assert table() == 1


async def test_recovering_leaves_the_transaction_as_it_was(aconn):
    await aconn.tpc_recover()
    assert aconn.info.transaction_status == TransactionStatus.IDLE
    await aconn.execute("select 1")
    await aconn.tpc_recover()
    assert aconn.info.transaction_status == TransactionStatus.INTRANS
    await aconn.rollback()


async def test_what_is_refused(aconn, table):
    for call in (aconn.tpc_prepare, aconn.tpc_commit, aconn.tpc_rollback):
        with pytest.raises(howdah.ProgrammingError, match="inside a two-phase transaction"):
            await call()
    await aconn.execute("select 1")
    with pytest.raises(howdah.ProgrammingError, match="INTRANS"):
        await aconn.tpc_begin("x")
    await aconn.rollback()
    await aconn.set_autocommit(True)
    with pytest.raises(howdah.ProgrammingError, match="autocommit"):
        await aconn.tpc_begin("x")
    await aconn.set_autocommit(False)
    await aconn.tpc_begin("x")
    for call in (aconn.commit, aconn.rollback):
        with pytest.raises(howdah.ProgrammingError, match="two-phase"):
            await call()
    with pytest.raises(howdah.ProgrammingError, match="outside"):
        await aconn.tpc_commit("y")
    await aconn.tpc_prepare()
    with pytest.raises(howdah.ProgrammingError, match="prepared"):
        await aconn.tpc_prepare()
    with pytest.raises(howdah.ProgrammingError, match="cancel"):
        aconn.cancel()
    await aconn.tpc_rollback()


def test_names():
    xid = Xid.from_parts(42, "gtrid", "bqual")
    assert str(xid) == "42_Z3RyaWQ=_YnF1YWw="
    assert Xid.from_string(str(xid)) == xid
    assert (len(xid), list(xid), hash(xid) == hash(Xid(42, "gtrid", "bqual"))) == (3, [42, "gtrid", "bqual"], True)
    for name in ("", "1_a_b", "x" * 199, "99999999999_YQ==_YQ=="):
        assert (str(Xid.from_string(name)), Xid.from_string(name).format_id) == (name, None)
    for parts in ((-1, "", ""), (2**31, "", ""), (1, "x" * 65, ""), (1, "", "x" * 65)):
        with pytest.raises(ValueError):
            Xid.from_parts(*parts)
    with pytest.raises(TypeError):
        Xid.from_parts(1, "", None)
