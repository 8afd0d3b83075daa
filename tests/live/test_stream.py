"""Cursor.stream(): rows as they arrive (psycopg 3, "Cursor classes")."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import time
from contextlib import aclosing, closing

import pytest

from beside import eventually_async, within

pytestmark = pytest.mark.every_loop

IDLE, ACTIVE, INTRANS, INERROR = range(4)
SLOW = "select x, repeat('x', 9000), pg_sleep(0.05) from generate_series(1, 9999) x"
MANY = "select x, repeat('x', 1000) from generate_series(1, 20000) x"


def status(conn):
    return conn.info.transaction_status


# ---- blocking


@pytest.mark.parametrize("size", [1, 3])
def test_rows(conn, size):
    cur = conn.cursor()
    for i, row in enumerate(cur.stream("select x, %s from generate_series(1, 7) x", ["a"], size=size), 1):
        assert row == (i, "a")
        assert [c.name for c in cur.description] == ["x", "?column?"]
        assert (cur.rowcount, cur.rownumber, cur.statusmessage) == (-1, None, None)
    assert i == 7
    assert status(conn) == INTRANS
    assert cur.execute("select 1").fetchall() == [(1,)]


def test_many_rows(auto):
    assert list(auto.cursor().stream(MANY)) == [(i, "x" * 1000) for i in range(1, 20001)]
    assert status(auto) == IDLE


def test_no_rows_and_no_columns(conn):
    assert list(conn.cursor().stream("select 1 where false")) == []
    assert list(conn.cursor().stream("select")) == [()]


@pytest.mark.parametrize("binary", [False, True])
def test_pgresult(auto, binary):
    cur = auto.cursor(binary=not binary)
    for row in cur.stream("select x::int4 from generate_series(1, 3) x", binary=binary):
        assert cur.pgresult.ntuples == 1
        assert cur.pgresult.fformat(0) == binary
        value = cur.pgresult.get_value(0, 0)
        assert value == (row[0].to_bytes(4, "big") if binary else str(row[0]).encode())


def test_row_factory_changes(pg, auto):
    cur = auto.cursor(row_factory=pg.rows.dict_row)
    rows = cur.stream("select generate_series(1, 3) as a")
    assert next(rows)["a"] == 1
    cur.row_factory = pg.rows.namedtuple_row
    assert next(rows).a == 2
    assert next(rows).a == 3


def test_bad_size(pg, auto):
    with pytest.raises(ValueError, match="size must be >= 1"):
        next(auto.cursor().stream("select 1", size=0))


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("set application_name to 'a'", "ProgrammingError"),
        ("", "InternalError"),
        ("select 1; select 2", "SyntaxError"),
        ("wat", "SyntaxError"),
    ],
)
def test_what_is_no_rows(pg, conn, query, error):
    with pytest.raises(getattr(pg.errors, error)):
        list(conn.cursor().stream(query))
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


@pytest.mark.howdah_only  # psycopg's connection is of no use afterwards
def test_copy(pg, conn):
    for query in ("copy (select 1) to stdout", "copy pg_temp.c from stdin"):
        conn.execute("create temp table if not exists c (x int)")
        with pytest.raises(pg.ProgrammingError, match="COPY"):
            list(conn.cursor().stream(query))
        conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("n", [5, 50_000])
def test_error_in_the_middle(pg, conn, n):
    """The rows before it are given out."""
    got = []
    with pytest.raises(pg.errors.DivisionByZero):
        for row in conn.cursor().stream(f"select x + 1/({n} - x) from generate_series(1, {n}) x"):
            got.append(row)
    assert len(got) == n - 1
    assert status(conn) == INERROR
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


def test_value_that_cannot_be_loaded(pg, auto):
    query = "select case when x < 3 then '2020-01-01'::date else 'infinity' end from generate_series(1, 1000) x"
    got = []
    with pytest.raises(pg.DataError):
        for row in auto.cursor().stream(query):
            got.append(row)
    assert len(got) == 2
    assert auto.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("query", ["select generate_series(1, 3)", MANY, SLOW])
@pytest.mark.parametrize("how", ["close", "exception", "collect"])
def test_ended_early(pg, auto, query, how):
    with within(30):
        rows = auto.cursor().stream(query)
        assert next(rows)[0] == 1
        if how == "exception":
            with pytest.raises(ZeroDivisionError), closing(rows):
                raise ZeroDivisionError
        elif how == "close":
            rows.close()
        else:
            del rows
            gc.collect()
        assert auto.execute("select 42").fetchone() == (42,)


def test_connection_closed_within(pg, auto):
    with pytest.raises(pg.OperationalError):
        for row in auto.cursor().stream("select generate_series(1, 3)"):
            assert row == (1,)
            auto.close()
    assert auto.closed


def test_lost_within(pg, auto, other):
    with pytest.raises(pg.OperationalError):
        for i, _ in enumerate(auto.cursor().stream("select x, repeat('x', 10000) from generate_series(1, 100000) x")):
            if i == 10:
                other.execute("select pg_terminate_backend(%s)", [auto.info.backend_pid])
    assert auto.broken


def test_pipeline(pg, auto):
    with auto.pipeline(), pytest.raises(pg.ProgrammingError):
        next(auto.cursor().stream("select 1"))
    assert list(auto.cursor().stream("select 1")) == [(1,)]


def test_other_threads_wait(auto):
    got = []
    rows = auto.cursor().stream("select generate_series(1, 3)")
    assert next(rows) == (1,)
    thread = threading.Thread(target=lambda: got.append(auto.execute("select 4").fetchone()))
    thread.start()
    thread.join(0.2)
    assert thread.is_alive()
    assert list(rows) == [(2,), (3,)]
    thread.join(10)
    assert got == [(4,)]


@pytest.mark.howdah_only  # psycopg waits forever
def test_this_thread_is_refused(pg, auto):
    cur = auto.cursor()
    rows = cur.stream("select generate_series(1, 3)")
    assert next(rows) == (1,)
    for busy in (cur, auto.cursor()):
        with pytest.raises(pg.ProgrammingError):
            busy.execute("select 1")
        with pytest.raises(pg.ProgrammingError):
            next(busy.stream("select 1"))
    assert list(rows) == [(2,), (3,)]


@pytest.mark.howdah_only
def test_cursor_closed_within(pg, auto):
    cur = auto.cursor()
    rows = cur.stream("select generate_series(1, 3)")
    next(rows)
    cur.close()
    with pytest.raises(pg.InterfaceError):
        next(rows)
    assert auto.execute("select 1").fetchone() == (1,)


# ---- asyncio


async def test_async_rows(aconn):
    cur = aconn.cursor()
    assert [row async for row in cur.stream("select x, %s from generate_series(1, 7) x", ["a"])] == [
        (i, "a") for i in range(1, 8)
    ]
    assert [row async for row in cur.stream(MANY)] == [(i, "x" * 1000) for i in range(1, 20001)]
    assert status(aconn) == INTRANS


async def test_async_errors(pg, aauto):
    got = []
    with pytest.raises(pg.errors.DivisionByZero):
        async for row in aauto.cursor().stream("select x + 1/(50000 - x) from generate_series(1, 50000) x"):
            got.append(row)
    assert len(got) == 49_999
    with pytest.raises(ValueError, match="size"):
        async for _ in aauto.cursor().stream("select 1", size=0):
            pass
    with pytest.raises(pg.ProgrammingError):
        async for _ in aauto.cursor().stream("select %s"):
            pass
    async with aauto.pipeline():
        with pytest.raises(pg.ProgrammingError):
            async for _ in aauto.cursor().stream("select 1"):
                pass
    assert await (await aauto.execute("select 1")).fetchone() == (1,)


@pytest.mark.parametrize("query", ["select generate_series(1, 3)", MANY, SLOW])
@pytest.mark.parametrize("how", ["close", "exception", "collect"])
async def test_async_ended_early(aauto, query, how):
    rows = aauto.cursor().stream(query)
    assert (await anext(rows))[0] == 1
    if how == "exception":
        with pytest.raises(ZeroDivisionError):
            async with aclosing(rows):
                raise ZeroDivisionError
    elif how == "close":
        await rows.aclose()
    else:
        del rows
        gc.collect()
    cur = await asyncio.wait_for(aauto.execute("select 42"), 30)
    assert await cur.fetchone() == (42,)


async def test_async_left_by_break(pg, aauto):
    """What the task executes next waits until the loop has closed the generator."""

    async def wrapped():
        async for row in aauto.cursor().stream(SLOW):
            yield row

    for rows in (lambda: aauto.cursor().stream(SLOW), wrapped):
        async with aauto.transaction():
            async for _ in rows():
                break
        async for _ in rows():
            break
        assert await (await aauto.execute("select 42")).fetchone() == (42,)


@pytest.mark.howdah_only
async def test_async_left_and_kept(pg, aauto):
    rows = aauto.cursor().stream(SLOW)
    await anext(rows)
    with pytest.raises(pg.ProgrammingError, match="streaming to this task"):
        await aauto.execute("select 42")
    await rows.aclose()
    assert await (await aauto.execute("select 42")).fetchone() == (42,)


async def test_async_left_by_break_and_cancelled(aauto):
    async def work():
        async for _ in aauto.cursor().stream(SLOW):
            break
        asyncio.get_running_loop().call_soon(asyncio.current_task().cancel)
        await aauto.execute("select pg_sleep(1000)")

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
    assert await (await aauto.execute("select 42")).fetchone() == (42,)


async def test_async_cancelled(aauto):
    got = []

    async def work():
        async for row in aauto.cursor().stream(SLOW):
            got.append(row)

    task = asyncio.create_task(work())
    await eventually_async(lambda: got)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    cur = await asyncio.wait_for(aauto.execute("select 42"), 30)
    assert await cur.fetchone() == (42,)


async def test_async_others_wait(aauto):
    rows = aauto.cursor().stream("select generate_series(1, 3)")
    assert await anext(rows) == (1,)
    task = asyncio.create_task(aauto.execute("select 4"))
    await asyncio.sleep(0.1)
    assert not task.done()
    assert [row async for row in rows] == [(2,), (3,)]
    assert await (await task).fetchone() == (4,)


@pytest.mark.howdah_only  # psycopg waits forever
async def test_async_this_task_is_refused(pg, aauto):
    rows = aauto.cursor().stream("select generate_series(1, 3)")
    assert await anext(rows) == (1,)
    with pytest.raises(pg.ProgrammingError, match="streaming"):
        await aauto.execute("select 1")
    assert [row async for row in rows] == [(2,), (3,)]


@pytest.mark.howdah_only
async def test_async_socket_rests(pg, aauto, other):
    """While nobody asks for rows the server waits to send them, and the loop is not woken."""
    rows = aauto.cursor().stream("select x, repeat('x', 1000) from generate_series(1, 100000) x")
    await anext(rows)
    waiting = "select 1 from pg_stat_activity where pid = %s and wait_event = 'ClientWrite'"

    async def rests():
        await asyncio.sleep(0.5)
        return other.execute(waiting, [aauto.info.backend_pid]).fetchone()

    while not await rests():
        pass
    before = time.process_time()
    await asyncio.sleep(1)
    assert time.process_time() - before < 0.5
    assert await rests()
    assert (await anext(rows))[0] == 2
    await rows.aclose()
    assert await (await aauto.execute("select 1")).fetchone() == (1,)


async def test_async_loss(pg, aauto, other):
    with pytest.raises(pg.OperationalError):
        async for row in aauto.cursor().stream("select x, repeat('x', 10000) from generate_series(1, 100000) x"):
            if row[0] == 10:
                other.execute("select pg_terminate_backend(%s)", [aauto.info.backend_pid])
    assert aauto.broken


# ---- memory

PROGRAM = """
import asyncio, resource, sys
import {module} as pg
query = "select x, repeat('x', 10000) from generate_series(1, 10000) x"
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
def sync():
    with pg.connect(sys.argv[1]) as conn:
        conn.execute("select repeat('x', 10000)").fetchone()
        before = peak()
        n = sum(len(row[1]) for row in conn.cursor().stream(query))
    return n, peak() - before
async def asynchronous():
    async with await pg.AsyncConnection.connect(sys.argv[1]) as conn:
        await (await conn.execute("select repeat('x', 10000)")).fetchone()
        before, n = peak(), 0
        async for row in conn.cursor().stream(query):
            n += len(row[1])
            if row[0] % 1000 == 0:
                await asyncio.sleep(0.02)
    return n, peak() - before
print(*(sync() if sys.argv[2] == "sync" else asyncio.run(asynchronous())))
"""


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_memory(pg, dsn, mode):
    program = PROGRAM.format(module=pg.__name__)
    done = subprocess.run([sys.executable, "-c", program, dsn, mode], capture_output=True, text=True, check=True)
    received, kilobytes = map(int, done.stdout.split())
    assert received == 100_000_000
    assert kilobytes < 30_000
