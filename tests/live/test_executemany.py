"""Cursor.executemany: one query, many rows of parameters, one batch."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.every_loop


@pytest.fixture(autouse=True)
def table(conn, auto, other):
    other.execute("drop table if exists many; create table many (x int primary key, t text)")


def count(other):
    return other.execute("select count(*) from many").fetchone()[0]


def test_inserts(conn, other):
    cur = conn.cursor()
    assert cur.executemany("insert into many values (%s, %s)", [(1, "a"), (2, "b"), (3, None)]) is None
    assert count(other) == 0
    conn.commit()
    assert other.execute("select * from many order by x").fetchall() == [(1, "a"), (2, "b"), (3, None)]


def test_rowcount_is_the_sum(conn):
    cur = conn.cursor()
    cur.executemany("insert into many values (%s)", [(n,) for n in range(7)])
    assert cur.rowcount == 7
    cur.executemany("delete from many where x < %s", [(3,), (5,), (5,)])
    assert cur.rowcount == 5


def test_statusmessage(conn):
    cur = conn.cursor()
    cur.executemany("insert into many values (%s)", [(1,), (2,)])
    assert cur.statusmessage == "INSERT 0 1"


def test_named_parameters(conn):
    cur = conn.cursor()
    cur.executemany("insert into many (t, x) values (%(t)s, %(x)s)", [{"x": 1, "t": "a"}, {"t": "b", "x": 2}])
    assert conn.execute("select * from many order by x").fetchall() == [(1, "a"), (2, "b")]


def test_empty(conn):
    cur = conn.cursor()
    cur.executemany("insert into many values (%s)", [])
    assert cur.rowcount == 0
    assert cur.description is None
    assert conn.execute("select 1").fetchone() == (1,)


def test_no_results_without_returning(pg, conn):
    cur = conn.cursor()
    cur.executemany("select %s", [(1,), (2,)])
    assert cur.rowcount == 2
    assert cur.description is None
    with pytest.raises(pg.ProgrammingError):
        cur.fetchone()
    assert cur.nextset() is None


def test_returning(conn):
    cur = conn.cursor()
    cur.executemany("insert into many values (%s, %s) returning x, t", [(1, "a"), (2, "b")], returning=True)
    assert (cur.rowcount, cur.statusmessage) == (1, "INSERT 0 1")
    assert cur.fetchone() == (1, "a")
    assert cur.nextset() is True
    assert cur.fetchall() == [(2, "b")]
    assert cur.nextset() is None


def test_returning_by_results(conn):
    cur = conn.cursor()
    cur.executemany("select generate_series(1, %s)", [(1,), (3,), (0,)], returning=True)
    assert [c.fetchall() for c in cur.results()] == [[(1,)], [(1,), (2,), (3,)], []]


def test_returning_of_commands(pg, conn):
    cur = conn.cursor()
    cur.executemany("insert into many values (%s)", [(1,), (2,)], returning=True)
    assert cur.rowcount == 1
    with pytest.raises(pg.ProgrammingError):
        cur.fetchone()
    assert cur.nextset() is True
    assert cur.nextset() is None


def test_returning_empty(conn):
    cur = conn.cursor()
    cur.executemany("select %s", [], returning=True)
    assert cur.description is None
    assert list(cur.results()) == []


def test_types_vary_from_row_to_row(conn):
    cur = conn.cursor()
    cur.executemany("select %s", [(1,), (None,), ("x",), (2.5,), (2**40,), ([1],)], returning=True)
    assert [c.fetchone()[0] for c in cur.results()] == [1, None, "x", 2.5, 2**40, [1]]


def test_generator(conn):
    cur = conn.cursor()
    cur.executemany("insert into many values (%s)", ((n,) for n in range(5000)))
    assert cur.rowcount == 5000


def test_lists_as_rows(conn):
    cur = conn.cursor()
    cur.executemany("insert into many values (%s)", [[1], [2]])
    assert cur.rowcount == 2


def test_error_within_a_transaction(pg, conn, other):
    cur = conn.cursor()
    with pytest.raises(pg.errors.UniqueViolation):
        cur.executemany("insert into many values (%s)", [(1,), (2,), (1,), (3,)])
    assert conn.info.transaction_status == pg.pq.TransactionStatus.INERROR
    conn.rollback()
    assert conn.execute("select count(*) from many").fetchone() == (0,)


def test_error_in_autocommit_undoes_the_batch(pg, auto, other):
    cur = auto.cursor()
    with pytest.raises(pg.errors.UniqueViolation):
        cur.executemany("insert into many values (%s)", [(1,), (2,), (1,), (3,)])
    assert count(other) == 0
    assert auto.execute("select 1").fetchone() == (1,)


def test_error_late_in_a_long_batch(pg, auto, other):
    with pytest.raises(pg.errors.UniqueViolation):
        auto.cursor().executemany("insert into many values (%s)", ((n % 9_999,) for n in range(20_000)))
    assert count(other) == 0
    assert auto.execute("select 1").fetchone() == (1,)


def test_error_in_the_first_row(pg, auto):
    with pytest.raises(pg.errors.UndefinedTable):
        auto.cursor().executemany("insert into no_such_table values (%s)", ((n,) for n in range(2000)))
    assert auto.execute("select 1").fetchone() == (1,)


def test_error_in_a_block(pg, auto, other):
    with auto.transaction():
        auto.execute("insert into many values (100)")
        with pytest.raises(pg.errors.UniqueViolation), auto.transaction():
            auto.cursor().executemany("insert into many values (%s)", [(1,), (1,)])
    assert other.execute("select x from many").fetchall() == [(100,)]


def test_syntax_error(pg, conn):
    with pytest.raises(pg.errors.SyntaxError):
        conn.cursor().executemany("insert in many values (%s)", [(1,), (2,)])
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


def test_value_that_cannot_be_sent(pg, conn):
    with pytest.raises(pg.ProgrammingError):
        conn.cursor().executemany("insert into many values (%s)", [(1,), (object(),), (3,)])
    conn.rollback()
    assert conn.execute("select count(*) from many").fetchone() == (0,)


@pytest.mark.howdah_only
def test_value_that_cannot_be_sent_undoes_the_batch(pg, auto, other):
    """psycopg commits the rows before it."""
    with pytest.raises(pg.ProgrammingError):
        auto.cursor().executemany("insert into many values (%s)", [(1,), (object(),), (3,)])
    assert count(other) == 0
    assert auto.execute("select 1").fetchone() == (1,)


def test_wrong_number_of_parameters(pg, conn):
    with pytest.raises(pg.ProgrammingError):
        conn.cursor().executemany("insert into many values (%s, %s)", [(1, "a"), (2,)])
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


def test_generator_that_fails(conn):
    def rows():
        yield (1,)
        yield (2,)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        conn.cursor().executemany("insert into many values (%s)", rows())
    conn.rollback()
    assert conn.execute("select count(*) from many").fetchone() == (0,)


def test_generator_that_fails_late(auto, other):
    def rows():
        yield from ((n, "x" * 1000) for n in range(5000))
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        auto.cursor().executemany("insert into many values (%s, %s)", rows())
    assert auto.execute("select 1").fetchone() == (1,)


def test_parameters_that_are_no_rows(conn):
    with pytest.raises(TypeError):
        conn.cursor().executemany("select %s", 5)
    with pytest.raises(TypeError):
        conn.cursor().executemany("select %s", ["a", "b"])
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


def test_several_statements_are_refused(pg, conn):
    with pytest.raises(pg.errors.SyntaxError):
        conn.cursor().executemany("select %s; select 2", [(1,)])


def test_closed_cursor(pg, conn):
    cur = conn.cursor()
    cur.close()
    with pytest.raises(pg.InterfaceError):
        cur.executemany("select %s", [(1,)])


def test_binary_cursor(conn):
    cur = conn.cursor(binary=True)
    cur.executemany("select %s::int, %s::text, now()", [(1, "a"), (2, "b")], returning=True)
    assert [c.fetchone()[:2] for c in cur.results()] == [(1, "a"), (2, "b")]


def test_row_factory(pg, conn):
    cur = conn.cursor(row_factory=pg.rows.dict_row)
    cur.executemany("select %s as x", [(1,), (2,)], returning=True)
    assert [c.fetchone() for c in cur.results()] == [{"x": 1}, {"x": 2}]


def test_many_small_rows(auto):
    auto.execute("create temp table numbers (a int, b text, c float8, d bool, e numeric, f date, g timestamp)")
    cur = auto.cursor()
    row = (1, "text", 2.5, True, None, None, None)
    cur.executemany("insert into numbers values (%s, %s, %s, %s, %s, %s, %s)", [row] * 10_000)
    assert cur.rowcount == 10_000


def test_both_directions_full(conn):
    """200 MB there and 200 MB back: whoever sent everything before reading would hang."""
    megabyte = "x" * 1_000_000
    cur = conn.cursor()
    cur.executemany("select %s::int, %s", ((n, megabyte) for n in range(200)), returning=True)
    for n, result in enumerate(cur.results()):
        row = result.fetchone()
        assert row[0] == n
        assert len(row[1]) == 1_000_000
    assert n == 199


def test_answers_larger_than_questions(conn):
    cur = conn.cursor()
    cur.executemany("select repeat('y', 1000000) from generate_series(1, %s)", [(1,)] * 50, returning=True)
    assert sum(len(r.fetchone()[0]) for r in cur.results()) == 50_000_000


def test_notices_flood(conn):
    """What the server sends aside from results fills buffers too."""
    conn.execute("set client_min_messages = notice")
    conn.execute("""create function pg_temp.shout(text) returns int language plpgsql as
                    $$ begin raise notice '%', repeat('n', 100000); return 1; end $$""")
    cur = conn.cursor()
    cur.executemany("select pg_temp.shout(%s)", [("q" * 100_000,)] * 100)
    assert cur.rowcount == 100


MEMORY = """
import importlib, resource, sys

pg = importlib.import_module(sys.argv[1])
with pg.connect(sys.argv[2]) as conn:
    conn.execute("create temp table big (t text)")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    conn.cursor().executemany("select length(%s)", ((f"{n:09}" * 10_000,) for n in range(2_000)))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(grown // 1024)
"""


def test_memory_is_bounded(pg, dsn):
    """180 MB of parameters from a generator."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(MEMORY), pg.__name__, dsn], capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 60


async def test_async_inserts(aconn, other):
    cur = aconn.cursor()
    await cur.executemany("insert into many values (%s, %s)", [(n, "t") for n in range(100)])
    assert cur.rowcount == 100
    await aconn.commit()
    assert count(other) == 100


async def test_async_returning(aconn):
    cur = aconn.cursor()
    await cur.executemany("insert into many values (%s) returning x", [(1,), (2,)], returning=True)
    assert [await c.fetchone() async for c in cur.results()] == [(1,), (2,)]


async def test_async_error(pg, aauto, other):
    with pytest.raises(pg.errors.UniqueViolation):
        await aauto.cursor().executemany("insert into many values (%s)", [(1,), (2,), (1,)])
    assert count(other) == 0
    assert await (await aauto.execute("select 1")).fetchone() == (1,)


async def test_async_generator_that_fails(aconn):
    def rows():
        yield (1,)
        raise KeyError("mine")

    with pytest.raises(KeyError):
        await aconn.cursor().executemany("insert into many values (%s)", rows())
    await aconn.rollback()
    assert await (await aconn.execute("select 1")).fetchone() == (1,)


async def test_async_both_directions_full(aconn):
    text = "x" * 1_000_000
    cur = aconn.cursor()
    await cur.executemany("select %s", ((text,) for _ in range(60)), returning=True)
    assert [len((await c.fetchone())[0]) async for c in cur.results()] == [1_000_000] * 60


async def test_async_leaves_the_loop_free(aconn):
    """Others run while a long batch is on its way."""
    import asyncio

    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    task = asyncio.create_task(tick())
    await aconn.cursor().executemany("select pg_sleep(0.02), %s", [(n,) for n in range(10)])
    task.cancel()
    assert ticks > 10
