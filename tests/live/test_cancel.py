"""Cancelling what runs: from another thread, by Ctrl-C, by asyncio; and the connection afterwards."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
import time
from contextlib import contextmanager

import pytest

from beside import beside, eventually, within
from servers.fake import FakeServer

pytestmark = pytest.mark.every_loop

FLOOD = "select n, repeat('x', 500) from generate_series(1, 3000000) n"


@contextmanager
def later(delay, function):
    timer = threading.Timer(delay, function)
    timer.start()
    try:
        yield
    finally:
        timer.join()


def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


def elsewhere():
    """Ctrl-C that the kernel gives to the thread that calls this, and not to the one that waits."""
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)


def usable(conn):
    assert conn.execute("select 'mine', %s::int", [5]).fetchone() == ("mine", 5)


async def ausable(conn):
    assert await (await conn.execute("select 'mine', %s::int", [5])).fetchone() == ("mine", 5)


# ---- conn.cancel()


@pytest.mark.parametrize("params", [None, [60]], ids=["simple", "extended"])
def test_from_another_thread(pg, auto, watch, params):
    query = "select pg_sleep(60)" if params is None else "select pg_sleep(%s)"
    with within(30), watch.during(auto, auto.cancel), pytest.raises(pg.errors.QueryCanceled):
        auto.execute(query, params)
    usable(auto)


def test_safely_from_another_thread(pg, auto, watch):
    with within(30), watch.during(auto, auto.cancel_safe), pytest.raises(pg.errors.QueryCanceled):
        auto.execute("select pg_sleep(60)")
    usable(auto)


def test_when_nothing_runs(auto):
    auto.cancel()
    auto.cancel_safe()
    time.sleep(0.05)
    usable(auto)


def test_of_a_closed_connection(conn):
    conn.close()
    conn.cancel()
    conn.cancel_safe()


def test_fails_the_transaction(pg, conn, watch):
    with watch.during(conn, conn.cancel, "pg_sleep"), pytest.raises(pg.errors.QueryCanceled):
        conn.execute("select pg_sleep(60)")
    assert conn.info.transaction_status == pg.pq.TransactionStatus.INERROR
    conn.rollback()
    usable(conn)


def test_within_a_savepoint(pg, conn, watch):
    with conn.transaction():
        conn.execute("create temp table t (x int)")
        with pytest.raises(pg.errors.QueryCanceled), conn.transaction(), watch.during(conn, conn.cancel, "pg_sleep"):
            conn.execute("select pg_sleep(60)")
        conn.execute("insert into t values (1)")
    assert conn.execute("select * from t").fetchall() == [(1,)]


def test_of_many_rows(pg, auto, watch):
    with within(30), watch.during(auto, auto.cancel), pytest.raises(pg.errors.QueryCanceled):
        auto.execute(FLOOD)
    usable(auto)


# ---- Ctrl-C


def test_keyboard_interrupt(auto, watch):
    with within(30), watch.during(auto, ctrl_c), pytest.raises(KeyboardInterrupt):
        auto.execute("select pg_sleep(60)")
    usable(auto)


def test_keyboard_interrupt_in_a_transaction(pg, conn, watch):
    conn.execute("select 1")
    with within(30), watch.during(conn, ctrl_c, "pg_sleep"), pytest.raises(KeyboardInterrupt):
        conn.execute("select pg_sleep(%s)", [60])
    assert conn.info.transaction_status == pg.pq.TransactionStatus.INERROR
    conn.rollback()
    usable(conn)


def test_keyboard_interrupt_of_executemany(auto, watch):
    with within(30), watch.during(auto, ctrl_c), pytest.raises(KeyboardInterrupt):
        auto.cursor().executemany("select pg_sleep(%s)", [(0.05,)] * 1500)
    usable(auto)


def test_keyboard_interrupt_of_many_rows(auto, watch):
    with within(30), watch.during(auto, ctrl_c), pytest.raises(KeyboardInterrupt):
        auto.execute(FLOOD)
    usable(auto)


def test_keyboard_interrupt_rolls_a_block_back(pg, conn, other, watch):
    other.execute("drop table if exists interrupted; create table interrupted (x int)")
    with watch.during(conn, ctrl_c, "pg_sleep"), pytest.raises(KeyboardInterrupt), conn.transaction():
        conn.execute("insert into interrupted values (1)")
        conn.execute("select pg_sleep(60)")
    assert conn.info.transaction_status == pg.pq.TransactionStatus.IDLE
    assert other.execute("select * from interrupted").fetchall() == []


def test_keyboard_interrupt_while_waiting_for_a_lock(auto, other, watch):
    other.execute("begin; select pg_advisory_lock(77)")
    with within(30), watch.during(auto, ctrl_c), pytest.raises(KeyboardInterrupt):
        auto.execute("select pg_advisory_lock(77)")
    usable(auto)


def test_keyboard_interrupt_while_another_thread_executes(auto, watch):
    """Who waits for the connection gives up; who has it goes on; who comes later is served."""
    watch.hold()
    waiting = beside(auto.execute, watch.WAIT)
    watch.busy(auto)
    with within(30), pytest.raises(KeyboardInterrupt), later(0.5, ctrl_c):
        auto.execute("select 1")
    third = beside(usable, auto)
    watch.release()
    third.result()
    assert waiting.result().fetchone() == ("waited",)


def test_signal_of_another_thread(auto, watch):
    with within(30), watch.during(auto, elsewhere), pytest.raises(KeyboardInterrupt):
        auto.execute("select pg_sleep(60)")
    usable(auto)


@pytest.mark.howdah_only
def test_signal_of_another_thread_with_a_timeout(auto, watch):
    with within(30), watch.during(auto, elsewhere), pytest.raises(KeyboardInterrupt):
        auto.execute("select pg_sleep(60)", timeout=50)
    usable(auto)


@pytest.mark.howdah_only
def test_signal_of_another_thread_among_slow_rows(auto, watch):
    """They come often enough that no receive times out."""
    with within(30), watch.during(auto, elsewhere), pytest.raises(KeyboardInterrupt):
        auto.execute("select pg_sleep(0.02), repeat('x', 10000) from generate_series(1, 5000)")
    usable(auto)


@pytest.mark.howdah_only
def test_signal_of_another_thread_while_another_thread_executes(auto, watch):
    watch.hold()
    waiting = beside(auto.execute, watch.WAIT)
    watch.busy(auto)
    with within(30), pytest.raises(KeyboardInterrupt), later(0.5, elsewhere):
        auto.execute("select 1")
    watch.release()
    assert waiting.result().fetchone() == ("waited",)
    usable(auto)


@pytest.mark.howdah_only
def test_signal_of_another_thread_while_connecting(pg):
    silent = FakeServer(lambda peer: (peer.startup(), elsewhere(), peer.rest()))
    with silent as server, within(30), pytest.raises(KeyboardInterrupt):
        pg.connect(**server.params)


def test_signal_handler_that_returns(auto, watch):
    """A signal is not an interrupt: the query goes on."""
    seen = []
    before = signal.signal(signal.SIGUSR1, lambda *args: seen.append(1))
    try:
        watch.hold()

        def heard():
            os.kill(os.getpid(), signal.SIGUSR1)
            eventually(lambda: seen)
            watch.release()

        with watch.during(auto, heard):
            assert auto.execute(watch.WAIT).fetchone() == ("waited",)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == [1]


def test_signal_handler_that_raises(auto, watch):
    class Alarm(Exception):
        pass

    def handler(*args):
        raise Alarm

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        alarm = watch.during(auto, lambda: os.kill(os.getpid(), signal.SIGUSR1))
        with within(30), alarm, pytest.raises(Alarm):
            auto.execute("select pg_sleep(60)")
    finally:
        signal.signal(signal.SIGUSR1, before)


# ---- asyncio


async def test_task(aauto, watch):
    task = asyncio.create_task(aauto.execute("select pg_sleep(60)"))
    await watch.busy_async(aauto, query="pg_sleep")
    task.cancel()
    with within(30), pytest.raises(asyncio.CancelledError):
        await task
    await ausable(aauto)


async def test_task_at_many_moments(aauto):
    """From before anything was sent to after the answer came."""
    for n in range(60):
        task = asyncio.create_task(aauto.execute("select 'other' from generate_series(1, 1000)"))
        for _ in range(n % 6):
            await asyncio.sleep(0)
        await asyncio.sleep(n * 0.0001)
        task.cancel()
        try:
            cur = await task
            assert await cur.fetchone() == ("other",)
        except asyncio.CancelledError:
            pass
        await ausable(aauto)


async def test_task_in_a_transaction(pg, aconn, watch):
    await aconn.execute("select 1")
    task = asyncio.create_task(aconn.execute("select pg_sleep(%s)", [60]))
    await watch.busy_async(aconn, query="pg_sleep")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert aconn.info.transaction_status == pg.pq.TransactionStatus.INERROR
    await aconn.rollback()
    await ausable(aconn)


async def test_wait_for(aauto):
    for _ in range(3):
        with within(30), pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(aauto.execute("select pg_sleep(60)"), 0.1)
        await ausable(aauto)


async def test_wait_for_many_rows(aauto):
    with within(30), pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(aauto.execute(FLOOD), 0.1)
    await ausable(aauto)


async def test_wait_for_executemany(aauto):
    with within(30), pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(aauto.cursor().executemany("select pg_sleep(%s)", [(0.05,)] * 1500), 0.1)
    await ausable(aauto)


@pytest.mark.howdah_only
async def test_repeated_cancels_while_draining(aauto, watch):
    """psycopg closes the connection."""
    task = asyncio.create_task(aauto.execute("select pg_sleep(60)"))
    await watch.busy_async(aauto, query="pg_sleep")
    with within(30):
        for _ in range(200):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task
    await ausable(aauto)


async def test_of_a_task_that_waits_its_turn(aauto, watch):
    watch.hold()
    first = asyncio.create_task(aauto.execute(watch.WAIT))
    await watch.busy_async(aauto)
    second = asyncio.create_task(aauto.execute("select 'second'"))
    third = asyncio.create_task(aauto.execute("select 'third'"))
    await asyncio.sleep(0.05)
    second.cancel()
    with within(30), pytest.raises(asyncio.CancelledError):
        await second
    watch.release()
    assert await (await first).fetchone() == ("waited",)
    assert await (await third).fetchone() == ("third",)


async def test_of_the_first_of_a_queue(aauto, watch):
    tasks = [asyncio.create_task(aauto.execute("select pg_sleep(60)"))]
    await watch.busy_async(aauto)
    tasks += [asyncio.create_task(aauto.execute("select %s::int", [n])) for n in range(5)]
    await asyncio.sleep(0.05)
    tasks[0].cancel()
    with within(30):
        done = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(done[0], asyncio.CancelledError)
    assert [await cur.fetchone() for cur in done[1:]] == [(n,) for n in range(5)]


async def test_rolls_a_block_back(aconn, other, watch):
    other.execute("drop table if exists cancelled; create table cancelled (x int)")

    async def work():
        async with aconn.transaction():
            await aconn.execute("insert into cancelled values (1)")
            await aconn.execute("select pg_sleep(60)")

    task = asyncio.create_task(work())
    await watch.busy_async(aconn, query="pg_sleep")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert other.execute("select * from cancelled").fetchall() == []
    await ausable(aconn)


async def test_while_a_block_is_entered_or_left(pg, aauto):
    """No transaction stays open behind a block that was not entered."""
    for steps in range(12):

        async def block():
            async with aauto.transaction(), aauto.transaction():
                await aauto.execute("select 1")

        task = asyncio.create_task(block())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        assert aauto.info.transaction_status == pg.pq.TransactionStatus.IDLE, steps


@pytest.mark.howdah_only
async def test_at_random(pg, aauto):
    """Several tasks on one connection, most of them cancelled somewhere; psycopg loses the connection."""
    rng = random.Random(1)

    async def work(kind, n):
        cur = aauto.cursor()
        if kind == 0:
            assert await (await cur.execute("select %s::int", [n])).fetchone() == (n,)
        elif kind == 1:
            await cur.executemany("select %s::int", [(n + i,) for i in range(100)], returning=True)
            assert [(await c.fetchone())[0] async for c in cur.results()] == list(range(n, n + 100))
        elif kind == 2:
            await cur.execute(f"select {n}; select pg_sleep(0.001); select {n + 1}")
            assert await cur.fetchone() == (n,)
        elif kind == 3:
            await cur.execute("select %s::int, repeat('x', 100) from generate_series(1, 3000)", [n])
            assert len(await cur.fetchall()) == 3000
        elif kind == 4:
            with pytest.raises(pg.errors.DivisionByZero):
                await cur.execute("select %s / 0", [n])
        else:
            assert await (await cur.execute("select %s::int from pg_sleep(0.001)", [n])).fetchone() == (n,)

    async def one(n):
        task = asyncio.create_task(work(rng.randrange(6), n))
        for _ in range(rng.randrange(8)):
            await asyncio.sleep(0)
        await asyncio.sleep(rng.choice([0, rng.random() * 0.003]))
        if rng.random() < 0.7:
            task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        assert await (await aauto.execute("select %s::text", [f"tag {n}"])).fetchone() == (f"tag {n}",)

    for batch in range(60):
        await asyncio.gather(*(one(batch * 10 + i) for i in range(rng.randrange(1, 6))))


async def test_async_cancel_safe(pg, aauto, watch):
    task = asyncio.create_task(aauto.execute("select pg_sleep(60)"))
    await watch.busy_async(aauto, query="pg_sleep")
    await aauto.cancel_safe()
    with within(30), pytest.raises(pg.errors.QueryCanceled):
        await task
    await ausable(aauto)


async def test_async_cancel(pg, aauto, watch):
    task = asyncio.create_task(aauto.execute("select pg_sleep(60)"))
    await watch.busy_async(aauto, query="pg_sleep")
    aauto.cancel()
    with within(30), pytest.raises(pg.errors.QueryCanceled):
        await task
    await ausable(aauto)


@pytest.mark.howdah_only
async def test_timeout_by_anyio(aauto):
    """It cancels again and again until the task has ended; psycopg closes the connection."""
    anyio = pytest.importorskip("anyio")
    with within(30):
        with anyio.move_on_after(0.1) as scope:
            await aauto.execute("select pg_sleep(60)")
        assert scope.cancelled_caught
    await ausable(aauto)


async def test_gather_of_which_one_fails(pg, aauto):
    """The others go on, and get their own rows."""
    results = await asyncio.gather(
        aauto.execute("select 1"), aauto.execute("wrong"), aauto.execute("select 3"), return_exceptions=True
    )
    assert await results[0].fetchone() == (1,)
    assert isinstance(results[1], pg.errors.SyntaxError)
    assert await results[2].fetchone() == (3,)


def test_keyboard_interrupt_of_a_loop(pg, dsn, watch):
    """asyncio.run() cancels the main task on Ctrl-C (3.11), or is left by it (3.10)."""

    async def main():
        async with await pg.AsyncConnection.connect(dsn, autocommit=True) as conn:
            with watch.during(conn, ctrl_c):
                await conn.execute("select pg_sleep(60)")

    with within(30), pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
