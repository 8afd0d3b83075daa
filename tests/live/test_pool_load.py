"""Many threads or tasks on few connections, a server that is restarted meanwhile, cancelling at random, and forks.

``HOWDAH_TEST_ROUNDS`` says how often the server is restarted (1), and how often tasks are cancelled, in thousands.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import threading
import time

import pytest

import howdah
from beside import eventually, eventually_async, in_child
from howdah.pool import (
    AsyncConnectionPool,
    AsyncNullConnectionPool,
    ConnectionPool,
    NullConnectionPool,
    PoolTimeout,
)
from howdah.server import start


@pytest.fixture
def server_of_its_own():
    with start() as server:
        yield server


THREADS, TASKS, SIZE = 200, 2000, 10
ROUNDS = int(os.environ.get("HOWDAH_TEST_ROUNDS", "1"))
LOST = (howdah.OperationalError, howdah.InterfaceError)


@pytest.mark.timeout(300 + 300 * ROUNDS)
def test_threads_and_a_restart(server_of_its_own):
    rows, wrong, losses = [], [], []
    enough = threading.Event()
    pool = ConnectionPool(server_of_its_own.dsn, min_size=SIZE, open=True, timeout=200)
    pool.wait(200)

    def work(number):
        turn = 0
        while not enough.is_set():
            turn += 1
            value = number * 1_000_000 + turn
            try:
                with pool.connection() as conn:
                    row = conn.execute("select %s::int8, pg_backend_pid()", [value]).fetchone()
            except LOST as error:
                losses.append(error)
                continue
            rows.append(row)
            if row[0] != value:
                wrong.append((value, row))

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(rows) > 2000, 200)
    for _ in range(ROUNDS):
        server_of_its_own.restart()
        before = len(rows)
        eventually(lambda n=before + 2000: len(rows) > n, 200)
    enough.set()
    for thread in threads:
        thread.join(200)
        assert not thread.is_alive()
    assert wrong == []
    eventually(lambda: pool.get_stats()["pool_available"] == SIZE)
    stats = pool.get_stats()
    assert (stats["pool_size"], stats["requests_waiting"]) == (SIZE, 0)
    pool.close()


@pytest.mark.timeout(300 + 300 * ROUNDS)
async def test_tasks_and_a_restart(server_of_its_own):
    rows, wrong, losses = [], [], []
    enough = asyncio.Event()
    pool = AsyncConnectionPool(server_of_its_own.dsn, min_size=SIZE, open=False, timeout=200)
    await pool.open(wait=True, timeout=200)

    async def work(number):
        turn = 0
        while not enough.is_set():
            turn += 1
            value = number * 1_000_000 + turn
            try:
                async with pool.connection() as conn:
                    cur = await conn.execute("select %s::int8, pg_backend_pid()", [value])
                    row = await cur.fetchone()
            except LOST as error:
                losses.append(error)
                continue
            except asyncio.CancelledError:
                continue
            rows.append(row)
            if row[0] != value:
                wrong.append((value, row))

    tasks = [asyncio.create_task(work(number)) for number in range(TASKS)]
    await eventually_async(lambda: len(rows) > 2000, 200)
    for _ in range(ROUNDS):
        await asyncio.to_thread(server_of_its_own.restart)
        before = len(rows)
        await eventually_async(lambda n=before + 2000: len(rows) > n, 200)
        for task in random.sample(tasks, 200):  # wherever they are
            task.cancel()
        await eventually_async(lambda n=before + 4000: len(rows) > n, 200)
    enough.set()
    _, left = await asyncio.wait(tasks, timeout=200)
    assert not left
    assert wrong == []
    await eventually_async(lambda: pool.get_stats()["pool_available"] == SIZE)
    stats = pool.get_stats()
    assert (stats["pool_size"], stats["requests_waiting"]) == (SIZE, 0)
    await pool.close()


@pytest.mark.timeout(300 + 300 * ROUNDS)
@pytest.mark.parametrize("cls", [AsyncConnectionPool, AsyncNullConnectionPool])
async def test_cancelled_at_random(dsn, cls):
    """Whoever is cancelled or gives up loses no connection, and the others are served in order."""
    rng = random.Random(5)
    many = cls is AsyncConnectionPool
    size = 3 if many else 2
    served = []

    async def borrow(number, timeout):
        conn = await pool.getconn(timeout)
        served.append(number)
        try:
            for _ in range(rng.randrange(4)):
                await asyncio.sleep(0)
            if rng.random() < 0.05:
                value = number * 1000 + rng.randrange(1000)
                assert await (await conn.execute("select %s::int", [value])).fetchone() == (value,)
        finally:
            await pool.putconn(conn)

    async with cls(dsn, min_size=size if many else 0, max_size=size, open=False) as pool:
        await pool.wait()
        for _ in range(ROUNDS * (1000 if many else 50)):
            served.clear()
            timeouts = [rng.choice([0.0, 0.0005, 200, 200, 200]) for _ in range(8)]
            tasks = [asyncio.create_task(borrow(*each)) for each in enumerate(timeouts)]
            for _ in range(rng.randrange(8)):
                await asyncio.sleep(rng.choice([0, 0, 0, 0.0005]))
                rng.choice(tasks).cancel()
            await asyncio.wait(tasks)
            for task in tasks:
                assert task.cancelled() or task.exception() is None or isinstance(task.exception(), PoolTimeout)
            if many:
                # Who is about to give up may come first to what he has got behind others.
                patient = [number for number in served if timeouts[number] == 200]
                assert patient == sorted(patient)
                await eventually_async(lambda: pool.get_stats()["pool_available"] == size)
            assert pool.get_stats()["requests_waiting"] == 0
        await eventually_async(lambda: pool.get_stats()["pool_size"] == (size if many else 0))


def test_giving_up_at_random(dsn):
    """The same for threads, which give up at the moment when they are served."""
    served = []
    with ConnectionPool(dsn, min_size=3, open=True) as pool:
        pool.wait()

        def borrow(seed):
            rng = random.Random(seed)
            for _ in range(ROUNDS * 100):
                try:
                    with pool.connection(rng.choice([0.0, 0.0002, 0.001, 200])) as conn:
                        served.append(conn)
                        time.sleep(rng.random() * 0.0005)
                except PoolTimeout:
                    pass

        threads = [threading.Thread(target=borrow, args=(seed,), daemon=True) for seed in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(200)
            assert not thread.is_alive()
        stats = pool.get_stats()
        assert (stats["pool_available"], stats["pool_size"], stats["requests_waiting"]) == (3, 3, 0)
        assert len(set(served)) == 3


@pytest.mark.parametrize("cls", [AsyncConnectionPool, AsyncNullConnectionPool])
async def test_cancelled_while_waiting(dsn, cls):
    kept = int(cls is AsyncConnectionPool)
    async with cls(dsn, min_size=kept, max_size=1, open=False) as pool:
        conn = await pool.getconn()
        waiters = [asyncio.create_task(pool.getconn()) for _ in range(5)]
        await asyncio.sleep(0)
        # The first has been given the connection already when it is cancelled.
        await pool.putconn(conn)
        for waiter in waiters:
            waiter.cancel()
        await asyncio.wait(waiters)
        assert all(waiter.cancelled() for waiter in waiters)
        stats = pool.get_stats()
        assert (stats["pool_size"], stats["pool_available"], stats["requests_waiting"]) == (kept, kept, 0)


@pytest.mark.parametrize("cls", [ConnectionPool, NullConnectionPool])
def test_fork(dsn, cls):
    size = {"min_size": 2} if cls is ConnectionPool else {"max_size": 2}
    with cls(dsn, **size, open=True) as pool:
        pool.wait()
        lent = pool.getconn()
        pids = {conn.info.backend_pid for conn in [lent, *pool._pool]}

        def child():
            mine = set()
            for _ in range(4):
                with pool.connection(timeout=100) as conn:
                    mine.add(conn.execute("select pg_backend_pid()").fetchone()[0])
            pool.putconn(lent)
            pool.close()
            gc.collect()
            return not mine & pids

        assert in_child(child)
        # Neither ours were touched.
        assert lent.execute("select 1").fetchone() == (1,)
        lent.rollback()
        pool.putconn(lent)
        for _ in range(4):
            with pool.connection() as conn:
                assert conn.execute("select 2").fetchone() == (2,)
        assert pool.get_stats().get("connections_lost", 0) == 0


def test_fork_before_it_opens(dsn):
    """As servers do that load the program first and then fork their workers."""
    pool = ConnectionPool(dsn, min_size=2, open=False)

    def child():
        pool.open()
        running = threading.active_count()
        pool.wait(100)
        with pool.connection(timeout=100):
            pass
        return threading.active_count() == running and pool.get_stats()["pool_size"] == 2

    assert in_child(child)


async def test_fork_with_an_event_loop(dsn):
    async with AsyncConnectionPool(dsn, min_size=2, open=False) as pool:
        await pool.wait()
        async with pool.connection() as conn:
            await conn.execute("select 1")

        def child():
            async def use():
                async with pool.connection(timeout=100) as conn:
                    row = await (await conn.execute("select 5")).fetchone()
                await pool.close()
                return row == (5,)

            asyncio.events._set_running_loop(None)
            return asyncio.new_event_loop().run_until_complete(use())

        assert in_child(child)
        for _ in range(3):
            async with pool.connection() as conn:
                assert await (await conn.execute("select 1")).fetchone() == (1,)
