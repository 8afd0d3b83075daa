"""Threads, tasks and greenlets: on connections of their own and on one they share."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from beside import beside

pytestmark = pytest.mark.every_loop


def test_threads_wait_at_the_same_time(pg, dsn, watch):
    watch.hold()
    with pg.connect(dsn) as one, pg.connect(dsn) as two:
        waiting = [beside(conn.execute, watch.WAIT) for conn in (one, two)]
        watch.busy(one, two)
        watch.release()
        assert [each.result().fetchone() for each in waiting] == [("waited",)] * 2


def test_python_runs_while_a_query_waits(auto, watch):
    """The interpreter is free: another thread can let the query go."""
    watch.hold()
    waiting = beside(auto.execute, watch.WAIT)
    watch.busy(auto)
    for _ in range(20):
        time.sleep(0.01)
        assert waiting.thread.is_alive()
    watch.release()
    assert waiting.result().fetchone() == ("waited",)


def test_threads_share_a_connection(auto):
    def ask(n):
        return auto.execute("select %s::int, pg_sleep(0.001)", [n]).fetchone()[0]

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, range(200))) == list(range(200))


def test_threads_share_a_connection_in_a_transaction(conn):
    conn.execute("create temp table t (x int)")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: conn.execute("insert into t values (%s)", [n]), range(100)))
    assert conn.execute("select count(*), sum(x) from t").fetchone() == (100, 4950)


def test_threads_share_a_connection_of_which_some_fail(pg, auto):
    def ask(n):
        try:
            return auto.execute("select 1 / %s, %s::int", [n % 3, n]).fetchone()[1]
        except pg.errors.DivisionByZero:
            return None

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(150))) == [n if n % 3 else None for n in range(150)]


def test_threads_commit_a_transaction_once(conn):
    said = []
    conn.add_notice_handler(lambda notice: said.append(notice.message_primary))
    stop = threading.Event()

    def commit():
        while not stop.is_set():
            conn.commit()

    with ThreadPoolExecutor(1) as pool:
        committing = pool.submit(commit)
        for n in range(500):
            conn.execute("select %s", [n])
            conn.commit()
        stop.set()
        committing.result()
    assert said == []


def test_threads_with_large_results(auto):
    def ask(n):
        return auto.execute("select %s::int, repeat('x', 100) from generate_series(1, 2000)", [n]).fetchall()

    with ThreadPoolExecutor(4) as pool:
        for n, rows in enumerate(pool.map(ask, range(20))):
            assert rows == [(n, "x" * 100)] * 2000


def test_executemany_of_two_threads(auto):
    auto.execute("create temp table t (x int)")
    with ThreadPoolExecutor(2) as pool:
        list(
            pool.map(
                lambda k: auto.cursor().executemany("insert into t values (%s)", [(k,)] * 3000), [1, 2], timeout=60
            )
        )
    assert auto.execute("select x, count(*) from t group by x order by x").fetchall() == [(1, 3000), (2, 3000)]


def test_a_busy_connection_is_waited_for(auto, watch):
    watch.hold()
    first = beside(auto.execute, watch.WAIT)
    watch.busy(auto)
    second = beside(auto.execute, "select 'mine'")
    time.sleep(0.2)
    assert second.thread.is_alive()
    watch.release()
    assert second.result().fetchone() == ("mine",)
    assert first.result().fetchone() == ("waited",)


def test_connections_made_in_threads(pg, dsn):
    def ask(n):
        with pg.connect(dsn) as conn:
            return conn.execute("select %s::int", [n]).fetchone()[0]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(40))) == list(range(40))


def test_a_cursor_in_many_threads(auto):
    """Nobody would; nothing breaks."""
    cur = auto.cursor()
    failed = []

    def use(n):
        try:
            for _ in range(50):
                cur.execute("select generate_series(1, 10)")
                cur.fetchmany(3)
        except auto.Error:
            pass
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=use, args=[n]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert auto.execute("select 1").fetchone() == (1,)


async def test_tasks_share_a_connection(aauto):
    async def ask(n):
        return (await (await aauto.execute("select %s::int", [n])).fetchone())[0]

    assert await asyncio.gather(*map(ask, range(50))) == list(range(50))


async def test_tasks_share_a_connection_in_a_transaction(aconn):
    await aconn.execute("create temp table t (x int)")
    await asyncio.gather(*(aconn.execute("insert into t values (%s)", [n]) for n in range(50)))
    assert await (await aconn.execute("select count(*), sum(x) from t")).fetchone() == (50, 1225)


@pytest.mark.parametrize("end", ["commit", "rollback"])
async def test_tasks_end_a_transaction_once(aconn, end):
    said = []
    aconn.add_notice_handler(lambda notice: said.append(notice.message_primary))
    await aconn.execute("select 1")
    await asyncio.gather(*(getattr(aconn, end)() for _ in range(5)))
    assert said == []


async def test_tasks_with_large_results(aauto):
    async def ask(n):
        cur = await aauto.execute("select %s::int, repeat('x', 1000) from generate_series(1, 500)", [n])
        return await cur.fetchall()

    for n, rows in enumerate(await asyncio.gather(*map(ask, range(20)))):
        assert rows == [(n, "x" * 1000)] * 500


async def test_tasks_are_served_in_turn(aauto):
    order = []

    async def ask(n):
        await aauto.execute("select 1")
        order.append(n)

    await asyncio.gather(*map(ask, range(30)))
    assert order == sorted(order)


async def test_tasks_on_their_own_connections_wait_at_the_same_time(pg, dsn, watch):
    watch.hold()
    conns = [await pg.AsyncConnection.connect(dsn) for _ in range(10)]
    tasks = [asyncio.create_task(conn.execute(watch.WAIT)) for conn in conns]
    await watch.busy_async(*conns)
    watch.release()
    for task, conn in zip(tasks, conns, strict=True):
        assert await (await task).fetchone() == ("waited",)
        await conn.close()


async def test_the_loop_runs_while_a_query_waits(aauto, watch):
    watch.hold()
    task = asyncio.create_task(aauto.execute(watch.WAIT))
    await watch.busy_async(aauto)
    for _ in range(20):
        await asyncio.sleep(0.01)
        assert not task.done()
    watch.release()
    assert await (await task).fetchone() == ("waited",)


async def test_the_loop_runs_while_rows_arrive(aauto):
    turns = 0
    task = asyncio.create_task(aauto.execute("select repeat('x', 1000) from generate_series(1, 100000)"))
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 10
    assert (await task).rowcount == 100_000


@pytest.mark.howdah_only
async def test_a_busy_loop_takes_a_share_of_the_rows_in_each_turn(aauto):
    """The server is faster and always has more: of 100 MB, a turn takes hardly more than one."""
    turns = 0
    task = asyncio.create_task(aauto.execute("select repeat('x', 1000) from generate_series(1, 100000)"))
    while not task.done():
        await asyncio.sleep(0)
        time.sleep(0.005)  # noqa: ASYNC251
        turns += 1
    assert turns > 50


async def test_sync_and_async_side_by_side(aauto, auto):
    rows = await asyncio.gather(
        aauto.execute("select 1"), asyncio.to_thread(auto.execute, "select 2"), aauto.execute("select 3")
    )
    assert await rows[0].fetchone() == (1,)
    assert rows[1].fetchone() == (2,)
    assert await rows[2].fetchone() == (3,)


async def test_task_groups_of_queries_and_commits(aconn):
    await aconn.execute("create temp table t (x int)")
    await aconn.commit()

    async def add(n):
        await aconn.execute("insert into t values (%s)", [n])
        await aconn.commit()

    await asyncio.gather(*map(add, range(20)))
    assert await (await aconn.execute("select count(*) from t")).fetchone() == (20,)


GREENLETS = """
from gevent import monkey

monkey.patch_all()
import importlib, sys, time
import gevent

pg = importlib.import_module(sys.argv[1])

def sleep(n):
    with pg.connect(sys.argv[2]) as conn:
        return conn.execute("select %s::int, clock_timestamp() from pg_sleep(2)", [n]).fetchone()

jobs = [gevent.spawn(sleep, n) for n in range(4)]
gevent.joinall(jobs, raise_error=True)
ended = [job.value[1] for job in jobs]
print([job.value[0] for job in jobs], (max(ended) - min(ended)).total_seconds() < 5)
"""

SHARED = """
from gevent import monkey

monkey.patch_all()
import importlib, sys
import gevent

pg = importlib.import_module(sys.argv[1])
with pg.connect(sys.argv[2], autocommit=True) as conn:
    def ask(n):
        return conn.execute("select %s::int from pg_sleep(0.005)", [n]).fetchone()[0]

    jobs = [gevent.spawn(ask, n) for n in range(30)]
    gevent.joinall(jobs, raise_error=True)
    print([job.value for job in jobs] == list(range(30)))
    rows = [(str(n) * 1000,) for n in range(2000)]
    cur = conn.cursor()
    cur.executemany("select %s", rows, returning=True)
    print(sum(1 for _ in cur.results()))
"""

TIMEOUT = """
from gevent import monkey

monkey.patch_all()
import importlib, sys, time
import gevent

pg = importlib.import_module(sys.argv[1])
with pg.connect(sys.argv[2], autocommit=True) as conn:
    before = time.monotonic()
    with gevent.Timeout(0.2, False):
        conn.execute("select pg_sleep(60)")
    print(conn.execute("select 'alive'").fetchone(), time.monotonic() - before < 30)
"""


@pytest.fixture
def gevent():
    if "asan" in os.environ.get("LD_PRELOAD", ""):
        pytest.skip("AddressSanitizer doesn't bear greenlets, which copy the stack")
    return pytest.importorskip("gevent")


def run(script, *args):
    command = [sys.executable, "-c", textwrap.dedent(script), *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=200)


def test_greenlets_wait_at_the_same_time(pg, dsn, gevent):
    done = run(GREENLETS, pg.__name__, dsn)
    assert done.stdout == "[0, 1, 2, 3] True\n", done.stderr


def test_greenlets_share_a_connection(pg, dsn, gevent):
    done = run(SHARED, pg.__name__, dsn)
    assert done.stdout == "True\n2000\n", done.stderr


@pytest.mark.howdah_only
def test_greenlet_that_runs_out_of_time(pg, dsn, gevent):
    """psycopg's connection is of no use then."""
    done = run(TIMEOUT, pg.__name__, dsn)
    assert done.stdout == "('alive',) True\n", done.stderr
