"""Cursor.execute and what a cursor tells about what was executed."""

from __future__ import annotations

import struct

import pytest

from servers.fake import READY, FakeServer, authentication, message, welcome


def test_returns_the_cursor(conn):
    cur = conn.cursor()
    assert cur.execute("select 1") is cur


def test_connection_execute_gives_a_cursor(pg, conn):
    cur = conn.execute("select 1")
    assert type(cur) is pg.Cursor
    assert cur.connection is conn


def test_query_as_bytes(conn):
    assert conn.execute(b"select %s::int", [7]).fetchone() == (7,)


def test_query_beyond_ascii(conn):
    assert conn.execute("select 'é€🐘' as \"naïve\"").fetchone() == ("é€🐘",)


@pytest.mark.parametrize("query", [None, 1, ["select 1"]])
def test_query_of_a_wrong_type(conn, query):
    with pytest.raises(TypeError):
        conn.execute(query)
    assert conn.execute("select 1").fetchone() == (1,)


@pytest.mark.howdah_only
def test_nul_in_a_query(pg, conn):
    """libpq sends what is before the NUL; half a query is none."""
    with pytest.raises((pg.Error, ValueError)):
        conn.execute("select 1 -- \0 + 1")
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


def test_statusmessage(conn):
    cur = conn.cursor()
    assert cur.statusmessage is None
    assert cur.execute("select generate_series(1, 3)").statusmessage == "SELECT 3"
    assert cur.execute("create temp table t (x int)").statusmessage == "CREATE TABLE"
    assert cur.execute("insert into t values (1), (2)").statusmessage == "INSERT 0 2"


def test_rowcount_before_execute(conn):
    assert conn.cursor().rowcount == -1


def test_rowcount_of_queries(conn):
    cur = conn.cursor()
    assert cur.execute("select generate_series(1, 42)").rowcount == 42
    assert cur.execute("select 1 where false").rowcount == 0


def test_rowcount_of_changes(conn):
    cur = conn.execute("create temp table t (x int)")
    assert cur.rowcount == -1
    assert cur.execute("insert into t select generate_series(1, 10)").rowcount == 10
    assert cur.execute("update t set x = x + 1 where x > 5").rowcount == 5
    assert cur.execute("delete from t where x = 1").rowcount == 1
    assert cur.execute("delete from t where x = 1").rowcount == 0


def test_rowcount_of_commands(conn):
    assert conn.execute("set work_mem = '4MB'").rowcount == -1


@pytest.mark.parametrize("query", ["show work_mem", "explain select 1", "execute answer"])
def test_rowcount_of_commands_that_give_rows(conn, query):
    conn.execute("prepare answer as select 42")
    assert conn.execute(query).rowcount == 1


def test_rowcount_with_returning(conn):
    conn.execute("create temp table t (x int)")
    cur = conn.execute("insert into t values (1), (2) returning x")
    assert cur.rowcount == 2
    assert cur.fetchall() == [(1,), (2,)]


def test_a_new_execute_replaces_the_result(conn):
    cur = conn.execute("select generate_series(1, 10)")
    cur.fetchmany(3)
    cur.execute("select 'new' as word")
    assert (cur.rowcount, cur.rownumber, cur.description[0].name) == (1, 0, "word")
    assert cur.fetchall() == [("new",)]


def test_a_failed_execute_leaves_no_result(pg, conn):
    cur = conn.execute("select 1")
    with pytest.raises(pg.errors.UndefinedTable):
        cur.execute("select * from no_such_table")
    assert cur.description is None
    with pytest.raises(pg.ProgrammingError):
        cur.fetchone()


def test_cursors_keep_their_own_results(conn):
    one, two = conn.execute("select generate_series(1, 3)"), conn.execute("select generate_series(11, 13)")
    assert one.fetchone() == (1,)
    assert two.fetchone() == (11,)
    assert one.fetchall() == [(2,), (3,)]
    assert two.fetchall() == [(12,), (13,)]


def test_result_survives_the_transaction(conn):
    cur = conn.execute("select generate_series(1, 3)")
    conn.rollback()
    assert cur.fetchall() == [(1,), (2,), (3,)]


def test_result_survives_the_connection(pg, dsn):
    with pg.connect(dsn) as conn:
        cur = conn.execute("select 1, 'a'")
    assert cur.fetchone() == (1, "a")


def test_many_columns(conn):
    row = conn.execute(f"select {', '.join(map(str, range(1600)))}").fetchone()
    assert row == tuple(range(1600))


def test_no_columns(conn):
    cur = conn.execute("select from generate_series(1, 3)")
    assert cur.description == []
    assert cur.fetchall() == [(), (), ()]


def test_large_result(conn):
    cur = conn.execute("select n, repeat('x', n %% 100) from generate_series(1, %s) n", [100_000])
    assert cur.rowcount == 100_000
    assert sum(len(text) for _, text in cur) == 100_000 // 100 * sum(range(100))


def test_large_value(conn):
    text = "0123456789abcdef" * 500_000
    assert conn.execute("select %s", [text]).fetchone() == (text,)


def test_large_query(conn):
    assert conn.execute(f"select length('{'x' * 3_000_000}')").fetchone() == (3_000_000,)


def test_context_manager_closes_the_cursor(conn):
    with conn.cursor() as cur:
        cur.execute("select 1")
    assert cur.closed
    assert not conn.closed


def test_context_manager_lets_exceptions_out(pg, conn):
    with pytest.raises(pg.errors.UndefinedColumn), conn.cursor() as cur:
        cur.execute("select nope")
    assert cur.closed


def test_cursor_by_its_class(pg, conn):
    assert pg.Cursor(conn).execute("select 1").fetchone() == (1,)
    assert pg.Cursor(conn, row_factory=pg.rows.dict_row).execute("select 1 as x").fetchone() == {"x": 1}


def test_execute_of_a_subclass(pg, conn):
    class Counting(pg.Cursor):
        count = 0

        def execute(self, *args, **kwargs):
            self.count += 1
            return super().execute(*args, **kwargs)

    cur = Counting(conn)
    assert cur.execute("select 1").fetchone() == (1,)
    assert cur.execute("select 2").fetchone() == (2,)
    assert cur.count == 2


def test_setinputsizes_and_setoutputsize_do_nothing(conn):
    cur = conn.cursor()
    cur.setinputsizes([int])
    cur.setoutputsize(10, 1)
    assert cur.execute("select 1").fetchone() == (1,)


def test_begin_travels_unseen(conn):
    """The statement's result is what the cursor shows, not that of BEGIN."""
    cur = conn.execute("select 1 as x")
    assert (cur.statusmessage, cur.rowcount) == ("SELECT 1", 1)
    assert cur.nextset() is None


def test_repr(pg, conn):
    cur = conn.cursor()
    assert "Cursor" in repr(cur)
    cur.close()
    assert "closed" in repr(cur)


def test_the_query_as_it_was_sent(pg, conn):
    """Private in name only: Django's logging reads it."""
    cur = conn.cursor()
    assert cur._query is None
    cur.execute("select %s::int4", [1])
    assert cur._query.query == b"select $1::int4"
    with pytest.raises(pg.errors.SyntaxError):
        cur.execute(b"selct %(x)s", {"x": 1})
    assert cur._query.query == b"selct $1"
    with pytest.raises(pg.ProgrammingError):
        cur.execute("select %s", [object()])
    assert cur._query is None
    conn.rollback()
    cur.executemany("select %s", [[1], [2]])
    with cur.copy("copy (select 1) to stdout") as copy:
        list(copy)
    cur.close()
    assert cur._query.query == b"copy (select 1) to stdout"


def test_the_query_as_it_was_sent_with_literals(pg, conn):
    cur = pg.ClientCursor(conn)
    cur.execute("select %s, %s", ["it's", 1])
    assert cur._query.query == b"select 'it''s', 1"
    cur.executemany("select %s", [[1], [2]])
    assert cur._query.query == b"select 2"


def test_the_query_of_a_cursor_on_the_server(pg, conn):
    with conn.cursor("c") as cur:
        cur.execute("select %s", [1])
        cur.fetchone()
    assert cur._query.query == b'DECLARE "c" CURSOR FOR select $1'


def test_the_server_lists_no_cursor_of_ours(conn):
    conn.execute("select 1")  # BEGIN
    assert conn.execute("select name from pg_cursors").fetchall() == []


class Console:
    """What a pooler has: it knows simple queries only, and hangs up on everything else."""

    def __call__(self, peer):
        peer.startup()
        peer.send(authentication(0), welcome())
        while (kind_and_body := peer.read())[0] == b"Q":
            assert kind_and_body[1] == b"show version\0"
            column = b"version\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)
            row = struct.pack("!hi", 1, 4) + b"1.25"
            peer.send(message(b"T", b"\0\1" + column), message(b"D", row), message(b"C", b"SHOW\0"), READY)


def test_a_console(pg):
    with FakeServer(Console()) as console, pg.connect(**console.params, autocommit=True) as conn:
        for _ in range(3):
            assert conn.execute("show version").fetchall() == [("1.25",)]


async def test_async_execute(pg, aconn):
    cur = aconn.cursor()
    assert await cur.execute("select %s::int", [1]) is cur
    assert type(cur) is pg.AsyncCursor
    assert (cur.rowcount, cur.statusmessage) == (1, "SELECT 1")
    assert await cur.fetchone() == (1,)


async def test_async_connection_execute(aconn):
    cur = await aconn.execute("select %s::text, %s::text", ["a", "b"])
    assert await cur.fetchone() == ("a", "b")


async def test_async_context_manager(aconn):
    async with aconn.cursor() as cur:
        await cur.execute("select 1")
    assert cur.closed


async def test_async_large_result(aconn):
    cur = await aconn.execute("select n, repeat('x', 100) from generate_series(1, 30000) n")
    assert len(await cur.fetchall()) == 30_000


async def test_async_large_parameters(aconn):
    text = "y" * 8_000_000
    cur = await aconn.execute("select length(%s), %s", [text, text])
    assert await cur.fetchone() == (8_000_000, text)


async def test_async_error(pg, aconn):
    with pytest.raises(pg.errors.UndefinedTable):
        await aconn.execute("select * from no_such_table")
    await aconn.rollback()
    assert await (await aconn.execute("select 1")).fetchone() == (1,)


async def test_async_execute_is_a_coroutine_function(pg):
    import inspect

    assert inspect.iscoroutinefunction(pg.AsyncCursor.execute)
    assert inspect.iscoroutinefunction(pg.AsyncConnection.execute)


async def test_async_nothing_happens_before_await(aconn):
    operation = aconn.cursor().execute("wrong")
    operation.close()
    assert await (await aconn.execute("select 1")).fetchone() == (1,)


async def test_async_execute_as_a_task(aconn):
    import asyncio

    cur = await asyncio.create_task(aconn.execute("select 5"))
    assert await cur.fetchone() == (5,)
