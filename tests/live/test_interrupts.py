"""Interrupts at random moments: whatever they hit, the next query gets its own rows."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from contextlib import suppress
from functools import partial

import pytest

from alarm import interrupted
from beside import eventually_async, open_sockets, within


def ask(conn, tag):
    assert conn.execute("select %s::text", [tag]).fetchone() == (tag,)
    assert conn.execute(f"select '{tag}!'").fetchone() == (f"{tag}!",)


async def aask(conn, tag):
    assert await (await conn.execute("select %s::text", [tag])).fetchone() == (tag,)
    assert await (await conn.execute(f"select '{tag}!'")).fetchone() == (f"{tag}!",)


def moments(seed, n, longest):
    """Short waits mostly, since most happens early."""
    rng = random.Random(seed)
    return [rng.random() ** 3 * longest + 1e-5 for _ in range(n)]


QUERIES = {
    "short": lambda conn: conn.execute("select 'other', %s::int", [1]),
    "simple": lambda conn: conn.execute("select 'other'; select 'another'"),
    "sleep": lambda conn: conn.execute("select 'other' from pg_sleep(0.05)"),
    "rows": lambda conn: conn.execute("select 'other', repeat('x', 200) from generate_series(1, 20000)"),
    "large parameter": lambda conn: conn.execute("select 'other', length(%s)", ["x" * 3_000_000]),
    "executemany": lambda conn: conn.cursor().executemany("select 'other', %s::int", [(1,)] * 800),
    "both ways": lambda conn: conn.cursor().executemany("select %s", [("x" * 20_000,)] * 200, returning=True),
    "error": lambda conn: conn.execute("select 1 / pg_sleep(0.01)::text::int"),
}


@pytest.mark.howdah_only  # psycopg knows KeyboardInterrupt alone
@pytest.mark.parametrize("name", QUERIES)
def test_alarm(pg, auto, name):
    for n, delay in enumerate(moments(name, 30, 0.05)):
        try:
            interrupted(delay, lambda: QUERIES[name](auto))
        except pg.Error as error:
            assert name == "error", error  # noqa: PT017
        ask(auto, f"{name} {n}")


@pytest.mark.howdah_only  # psycopg knows KeyboardInterrupt alone
@pytest.mark.parametrize("name", QUERIES)
def test_alarm_in_a_transaction(pg, conn, name):
    """BEGIN may be on its way too. The transaction is open, failed or gone, and the client knows which."""
    status = pg.pq.TransactionStatus
    for n, delay in enumerate(moments(name, 20, 0.03)):
        try:
            interrupted(delay, lambda: QUERIES[name](conn))
        except pg.Error as error:
            assert name == "error", error  # noqa: PT017
        assert conn.info.transaction_status in (status.IDLE, status.INTRANS, status.INERROR)
        conn.rollback()
        ask(conn, f"{name} {n}")
        assert conn.info.transaction_status == status.INTRANS
        conn.rollback()


@pytest.mark.howdah_only
def test_alarm_among_rows_without_end(auto):
    """A server that never lets us wait must not keep us from hearing signals."""
    for delay in (0.05, 0.06, 0.07):
        with within(30):
            interrupted(delay, lambda: auto.execute("select repeat('x', 50000) from generate_series(1, 1000000)"))
        ask(auto, "after")


@pytest.mark.howdah_only
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")  # interrupted between its creation and its await
@pytest.mark.filterwarnings("ignore:unclosed <socket")  # the same; that of the CancelRequest
def test_alarm_after_alarm(pg, dsn):
    """A user who presses Ctrl-C again while the first one is heeded: the connection is in step, or closed."""
    for n, delay in enumerate(moments("again", 30, 0.02)):
        with pg.connect(dsn, autocommit=True) as conn:
            query = partial(conn.execute, "select 'other' from pg_sleep(60)")
            with within(30):
                interrupted(delay, query, 0.001)
            if not conn.closed:
                ask(conn, str(n))


@pytest.mark.howdah_only
def test_alarm_in_a_block(pg, conn, other):
    """All of a block or nothing of it, and the connection is ready for the next."""
    other.execute("drop table if exists blocks; create table blocks (n int, part int)")

    def block(n):
        with conn.transaction():
            for part in range(4):
                conn.execute("insert into blocks values (%s, %s)", [n, part])

    for n, delay in enumerate(moments("block", 40, 0.004)):
        interrupted(delay, partial(block, n))
        assert conn.info.transaction_status == pg.pq.TransactionStatus.IDLE
        ask(conn, str(n))
        conn.rollback()
    assert other.execute("select n from blocks group by n having count(*) <> 4").fetchall() == []


@pytest.mark.howdah_only  # psycopg closes the connection when the cancelled query fails by itself
@pytest.mark.parametrize("name", QUERIES)
async def test_cancelled_task(pg, aauto, name):
    for n, delay in enumerate(moments(name, 30, 0.05)):
        task = asyncio.create_task(_run(QUERIES[name], aauto))
        await asyncio.sleep(delay)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        except pg.Error as error:
            assert name == "error", error  # noqa: PT017
        assert not aauto.closed
        await aask(aauto, f"{name} {n}")


async def _run(query, conn):
    return await query(conn)


@pytest.mark.parametrize("name", QUERIES)
async def test_cancelled_before_its_first_step(aauto, name):
    """Nothing is sent, and nothing warns of a coroutine that was never awaited."""
    for n in range(5):
        task = asyncio.create_task(_run(QUERIES[name], aauto))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await aask(aauto, str(n))


@pytest.mark.parametrize("name", QUERIES)
async def test_cancelled_after_so_many_steps(pg, aauto, name):
    """At each turn of the loop: while waiting for the lock, sending, receiving, done."""
    for n in range(25):
        first = asyncio.create_task(_run(QUERIES["short"], aauto))
        task = asyncio.create_task(_run(QUERIES[name], aauto))
        for _ in range(n):
            await asyncio.sleep(0)
        task.cancel()
        done = await asyncio.gather(first, task, return_exceptions=True)
        assert await done[0].fetchone() == ("other", 1)
        await aask(aauto, f"{name} {n}")


async def test_cancelled_out_of_a_crowd(pg, aauto):
    """Of fifty tasks on one connection every third is cancelled somewhere; the others get their rows."""
    rng = random.Random(5)

    async def one(n):
        query = rng.choice(["select %s::int", "select %s::int from pg_sleep(0.001)"])
        return (await (await aauto.execute(query, [n])).fetchone())[0]

    for _ in range(6):
        tasks = [asyncio.create_task(one(n)) for n in range(50)]
        for task in tasks[::3]:
            await asyncio.sleep(rng.random() * 0.002)
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        for n, result in enumerate(done):
            if n % 3 == 0:
                assert isinstance(result, asyncio.CancelledError) or result == n
            else:
                assert result == n
    await aask(aauto, "end")


async def test_timeouts_in_a_crowd(aauto):
    async def one(n):
        seconds, timeout = {0: (0.005, 60), 39: (60, 0.05)}.get(n, (0.005, 0.05))
        cur = await asyncio.wait_for(aauto.execute("select %s::int from pg_sleep(%s)", [n, seconds]), timeout)
        return (await cur.fetchone())[0]

    done = await asyncio.gather(*map(one, range(40)), return_exceptions=True)
    assert all(result == n or isinstance(result, asyncio.TimeoutError) for n, result in enumerate(done))
    assert done[0] == 0
    assert isinstance(done[39], asyncio.TimeoutError)
    await aask(aauto, "end")


@pytest.mark.howdah_only
@pytest.mark.parametrize("name", ["sleep", "rows", "both ways"])
async def test_cancelled_again_and_again(pg, aauto, name):
    """CancelledError comes out, once the answer was drained; more cancels neither help nor harm."""
    rng = random.Random(name)
    for n in range(10):
        task = asyncio.create_task(_run(QUERIES[name], aauto))
        await asyncio.sleep(rng.random() * 0.01)
        while not task.done():
            task.cancel()
            await asyncio.sleep(rng.choice([0, 0, 0.001]))
        assert task.cancelled() or task.exception() is None
        assert not aauto.closed
        await aask(aauto, f"{name} {n}")


async def test_coroutine_that_is_closed(aauto):
    """Not started: nothing happened. Started outside of any task: the rest of the answer is still read."""
    coroutine = aauto.execute("select 'other'")
    coroutine.close()
    await aask(aauto, "closed")


@pytest.mark.howdah_only
async def test_coroutine_that_is_closed_midway(aauto):
    for step in range(1, 4):
        coroutine = aauto.execute("select 'other' from pg_sleep(0.02)")
        for _ in range(step):
            try:
                coroutine.send(None)
            except RuntimeError:
                break
        coroutine.close()
        if aauto.closed:
            return
        await aask(aauto, str(step))


@pytest.mark.howdah_only
def test_cancelled_from_many_sides(pg, auto):
    """A cancel request, an alarm and a timeout of the server at about the same time."""
    auto.execute("set statement_timeout = 20")
    for n, delay in enumerate(moments("sides", 20, 0.04)):
        timer = threading.Timer(delay, auto.cancel)
        timer.start()
        with suppress(pg.errors.QueryCanceled):
            interrupted(0.02, lambda: auto.execute("select 'other' from pg_sleep(0.05)"))
        timer.join()
        # The last request may still be on its way to the server; it may stop a query, but not mix up two.
        time.sleep(0.002)
        for tag in (f"{n} a", f"{n} b"):
            with suppress(pg.errors.QueryCanceled):
                ask(auto, tag)


async def test_nothing_is_left_over(pg, aauto):
    """Many cancels leave no open sockets behind."""
    before = open_sockets()
    for _ in range(20):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(aauto.execute("select pg_sleep(60)"), 0.005)
    await eventually_async(lambda: open_sockets() <= before)
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
