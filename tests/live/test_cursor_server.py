"""Cursors on the server."""

from __future__ import annotations

import gc

import pytest


def names(conn):
    return [name for (name,) in conn.execute("select name from pg_cursors where name <> '' order by name")]


@pytest.mark.parametrize("binary", [False, True])
def test_fetch(conn, binary):
    with conn.cursor("cur", binary=binary) as cur:
        assert cur.name == "cur"
        assert cur.execute("select g, 'x' || g from generate_series(1, 10) g") is cur
        assert [column.name for column in cur.description] == ["g", "?column?"]
        assert cur.fetchone() == (1, "x1")
        assert cur.pgresult.fformat(0) == binary
        assert cur.fetchmany(2) == [(2, "x2"), (3, "x3")]
        cur.arraysize = 3
        assert [row[0] for row in cur.fetchmany()] == [4, 5, 6]
        assert cur.rownumber == 6
        assert [row[0] for row in cur.fetchall()] == [7, 8, 9, 10]
        assert cur.fetchone() is None
        assert cur.fetchall() == []
        assert names(conn) == ["cur"]
    assert names(conn) == []


def test_parameters(pg, conn):
    with conn.cursor('odd "name') as cur:
        cur.execute("select %s::int + %s, '%%'", [1, 2])
        assert cur.fetchone() == (3, "%")
        cur.execute("select %(a)s", {"a": "x"})
        assert cur.fetchone() == ("x",)
        cur.execute("select '%', 7 % 4")
        assert cur.fetchone() == ("%", 3)
        cur.execute(pg.sql.SQL("select {}").format(pg.sql.Literal("it's")))
        assert cur.fetchone() == ("it's",)
        cur.execute(b"select 1")
        assert cur.fetchone() == (1,)


def test_iteration(conn):
    with conn.cursor("cur") as cur:
        cur.itersize = 4
        cur.execute("select g from generate_series(1, 10) g")
        assert [row[0] for row in cur] == list(range(1, 11))
        cur.execute("select g from generate_series(1, 8) g")
        assert [row[0] for row in cur] == list(range(1, 9))


def test_scroll(pg, conn):
    with conn.cursor("cur", scrollable=True) as cur:
        cur.execute("select g from generate_series(0, 9) g")
        cur.scroll(5)
        assert cur.fetchone() == (5,)
        cur.scroll(-3)
        assert cur.fetchone() == (3,)
        cur.scroll(8, mode="absolute")
        assert cur.rownumber == 8
        assert cur.fetchall() == [(8,), (9,)]
        with pytest.raises(ValueError, match="bad mode"):
            cur.scroll(1, mode="wat")


def test_not_scrollable(pg, conn):
    with conn.cursor("cur", scrollable=False) as cur:
        cur.execute("select g from generate_series(0, 9) g")
        cur.scroll(5)
        with pytest.raises(pg.OperationalError):
            cur.scroll(-1)
        conn.rollback()


def test_hold(conn):
    with conn.cursor("cur", withhold=True) as cur:
        cur.execute("select g from generate_series(1, 3) g")
        assert cur.fetchone() == (1,)
        conn.commit()
        assert cur.fetchall() == [(2,), (3,)]
        conn.commit()
    assert names(conn) == []


def test_using_one_that_is_held_begins_no_transaction(pg, conn):
    def idle():
        return conn.info.transaction_status == pg.pq.TransactionStatus.IDLE

    with conn.cursor("cur", withhold=True, scrollable=True) as cur:
        cur.execute("select g from generate_series(1, 9) g")
        conn.commit()
        for use in (
            cur.fetchone,
            lambda: cur.scroll(2),
            lambda: cur.fetchmany(2),
            lambda: next(iter(cur)),
            cur.fetchall,
        ):
            use()
            assert idle()
    assert idle()
    assert names(conn) == []


def test_gone_with_its_transaction(pg, conn):
    cur = conn.cursor("cur").execute("select 1")
    conn.commit()
    with pytest.raises(pg.errors.InvalidCursorName):
        cur.fetchone()
    conn.rollback()
    cur.close()
    cur.close()
    with pytest.raises(pg.InterfaceError):
        cur.fetchone()


def test_taken_over(conn):
    conn.execute("declare theirs cursor for select g from generate_series(1, 3) g")
    with conn.cursor("theirs") as cur:
        assert cur.fetchall() == [(1,), (2,), (3,)]
    assert names(conn) == []
    conn.cursor("never").close()


def test_executed_again(conn):
    with conn.cursor("cur") as cur:
        for n in range(3):
            assert cur.execute("select %s::int", [n]).fetchall() == [(n,)]


def test_errors(pg, conn):
    cur = conn.cursor("cur")
    with pytest.raises(pg.errors.SyntaxError):
        cur.execute("insert into nothing")
    conn.rollback()
    with pytest.raises(TypeError, match="keyword not supported: prepare"):
        cur.execute("select 1", prepare=True)
    with pytest.raises(pg.NotSupportedError):
        cur.executemany("select %s", [[1]])
    cur.close()
    conn.close()


def test_in_autocommit(pg, auto):
    cur = auto.cursor("cur")
    with pytest.raises(pg.errors.NoActiveSqlTransaction):
        cur.execute("select 1")
    cur.close()
    with auto.transaction(), auto.cursor("cur") as cur:
        assert cur.execute("select 1").fetchone() == (1,)


def test_row_factory(pg, conn):
    with conn.cursor("cur", row_factory=pg.rows.dict_row) as cur:
        cur.execute("select 1 as a, 2 as b")
        assert cur.fetchone() == {"a": 1, "b": 2}


def test_row_factory_is_called_once(pg, conn):
    made = []

    def factory(cursor):
        made.append([column.name for column in cursor.description])
        return list

    with conn.cursor("cur", row_factory=factory) as cur:
        cur.execute("select g as a from generate_series(1, 5) g")
        assert cur.fetchone() == [1]
        assert cur.fetchmany(2) == [[2], [3]]
        assert made == [["a"]]
        cur.row_factory = pg.rows.scalar_row
        assert cur.fetchone() == 4
        cur.row_factory = factory
        cur.execute("select 1 as b")
        assert cur.fetchall() == [[1]]
        assert made[-1] == ["b"]


def test_neither_rowcount_nor_statusmessage(pg, conn):
    with conn.cursor("cur") as cur:
        for use in (
            lambda: None,
            lambda: cur.execute("select g from generate_series(1, 9) g"),
            cur.fetchone,
            cur.fetchall,
        ):
            use()
            assert (cur.rowcount, cur.statusmessage) == (-1, None)


def test_warns_when_forgotten(pg, conn):
    def forget():
        conn.cursor("cur").execute("select 1")
        gc.collect()

    with pytest.warns(ResourceWarning, match="deleted while still open"):
        forget()


def test_raw(pg, conn):
    with pg.RawServerCursor(conn, "cur") as cur:
        assert cur.execute("select $1::int, '%'", [5]).fetchone() == (5, "%")


def test_mixed(pg, module, conn):
    mixin = module("client_cursor").ClientCursorMixin
    cls = type("ServerSideCursor", (mixin, pg.ServerCursor), {})
    with cls(conn, "cur") as cur:
        assert cur.execute("select %s, '%%'", ["x"]).fetchall() == [("x", "%")]
        assert cur.mogrify("select %s", ["x"]) == "select 'x'"


async def test_async(pg, aconn):
    async with aconn.cursor("cur") as cur:
        await cur.execute("select g from generate_series(1, 10) g")
        assert await cur.fetchone() == (1,)
        assert await cur.fetchmany(2) == [(2,), (3,)]
        await cur.scroll(2)
        cur.itersize = 2
        assert [row async for row in cur] == [(n,) for n in range(6, 11)]
    async with pg.AsyncRawServerCursor(aconn, "raw") as cur:
        await cur.execute("select $1::int", [1])
        assert await cur.fetchall() == [(1,)]
