"""Every scenario interrupted at any of its waits: the connection's next query gets its own rows, and it stays usable.

``HOWDAH_CANCELS=n`` interrupts each of them n times on each road (``make cancels``: 200); else 35 of them
50 times under asyncio, and the others less often. The share of connections that stayed open is printed at the end.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import defaultdict

import pytest

import alarm
from beside import eventually, eventually_async, open_sockets
from howdah.pool import AsyncConnectionPool, AsyncNullConnectionPool, ReadLane
from replay import everyday, scenarios, sound
from replay.blocking import blocking
from replay.cancels import interrupted, interruption, uninterrupted
from replay.play import GRACE, strangers

pytestmark = pytest.mark.howdah_only

TIMES = int(os.environ.get("HOWDAH_CANCELS", "0"))
OFTEN = {*everyday.EVERYDAY, *list(scenarios.SCENARIOS)[::3]}  # what is tried 50 times in any case
ENOUGH = 0.95  # of the connections have to stay open, in each scenario
SCENARIOS = {**scenarios.SCENARIOS, **everyday.EVERYDAY}
BLOCKING = {**blocking(scenarios.__file__)["SCENARIOS"], **blocking(everyday.__file__)["EVERYDAY"]}
# Transactions within a pipeline are generators, which a signal may leave between two of their steps.
del BLOCKING["blocks_in_a_pipeline"]
BLOCKING_SOUND = blocking(sound.__file__)["sound"]

# What they do is possible only in a transaction.
IN_TRANSACTIONS = {"a_server_cursor", "a_scrolling_cursor", "a_cursor_that_is_held", "failed_transaction"}

# These cancel by themselves. A signal that comes then is impatience: the connection is closed rather than waited for.
IMPATIENT = {"a_stream_left_early", "limits_that_pass"}

HALVES = """
    select n from halves group by n
    having count(*) filter (where half = 1) <> count(*) filter (where half = 2) or bool_or(half = 3)
"""


@pytest.fixture(scope="module")
def tally(request):
    """How often a connection was interrupted, and how often it stayed open."""
    tally = defaultdict(lambda: [0, 0])
    yield tally
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        for road, (times, stayed) in tally.items():
            print(
                f"\n{road}: interrupted {times} times, {stayed} connections stayed open ({stayed / times:.2%})",
                end="",
            )


@pytest.fixture
def server_says(other):
    """The state of a backend."""
    other.execute("create table if not exists halves (n int, half int); truncate halves")
    return lambda pid: other.fetchval("select state from pg_stat_activity where pid = %s", [pid])


def modes(name):
    """In autocommit or not."""
    return [False] if name in IN_TRANSACTIONS else [False, True]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", SCENARIOS)
async def test_task(pg, dsn, other, server_says, tally, name):
    work, rng, unhandled, conns = SCENARIOS[name], random.Random(name), [], {}
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: unhandled.append(context))
    times, stayed = TIMES or (50 if name in OFTEN else 8), 0
    try:
        for turn in range(times):
            autocommit = modes(name)[turn % len(modes(name))]
            conn = conns.get(autocommit)
            if conn is None or conn.closed:
                conn = conns[autocommit] = await pg.AsyncConnection.connect(dsn, autocommit=autocommit)
                conn.cancel_grace = GRACE
                began = time.monotonic()
                waits = await uninterrupted(work(conn, lambda *args: None))
                took = time.monotonic() - began
                assert await sound.sound(conn, server_says, "uninterrupted", turn)
            how = interruption(rng, waits, took)
            found = []
            try:
                await interrupted(work(conn, lambda *args, found=found: found.append(args)), how)
                assert strangers(found) == []
                stayed += await asyncio.wait_for(sound.sound(conn, server_says, f"{name} {turn}", turn), GRACE)
                assert unhandled == []
            except Exception as error:
                raise AssertionError(f"turn {turn}, autocommit={autocommit}, {how}") from error
    finally:
        for conn in conns.values():
            await conn.close()
    assert other.fetchall(HALVES) == []
    assert stayed >= times * ENOUGH
    tally["asyncio"][0] += times
    tally["asyncio"][1] += stayed


@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # what `with` has not got yet is deleted
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")  # interrupted between its creation and its await
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the same of both, and in a __del__
@pytest.mark.parametrize("name", BLOCKING)
def test_signal(pg, dsn, other, server_says, tally, name):
    """The same in a thread, by a signal handler that raises, in whatever Python code too."""
    work, rng, conns = BLOCKING[name], random.Random(name), {}
    times, stayed = TIMES or 6, 0
    try:
        for turn in range(times):
            autocommit = modes(name)[turn % len(modes(name))]
            conn = conns.get(autocommit)
            if conn is None or conn.closed:
                conn = conns[autocommit] = pg.connect(dsn, autocommit=autocommit)
                conn.cancel_grace = GRACE
                began = time.monotonic()
                work(conn, lambda *args: None)
                took = time.monotonic() - began
                assert BLOCKING_SOUND(conn, server_says, "uninterrupted", turn)
            delay = rng.random() * took + 1e-5
            found = []
            try:
                alarm.interrupted(delay, lambda conn=conn, found=found: work(conn, lambda *args: found.append(args)))
                assert strangers(found) == []
                stayed += BLOCKING_SOUND(conn, server_says, f"{name} {turn}", turn)
            except Exception as error:
                raise AssertionError(f"turn {turn}, autocommit={autocommit}, after {delay:.6f} s") from error
    finally:
        for conn in conns.values():
            conn.close()
    assert other.fetchall(HALVES) == []
    assert stayed >= times * ENOUGH or name in IMPATIENT
    tally["blocking"][0] += times
    tally["blocking"][1] += stayed


# ---- what is no connection's own


async def ask(conn, number):
    for label in (number, -number):
        assert await (await conn.execute("select %s::int, pg_sleep(0.0005)", [label])).fetchall() == [(label, "")]


async def borrow(pool, number):
    async with pool.connection() as conn:
        await ask(conn, number)


async def take_and_give_back(pool, number):
    conn = await pool.getconn()
    try:
        await ask(conn, number)
    finally:
        await pool.putconn(conn)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("work", [borrow, take_and_give_back])
@pytest.mark.parametrize("cls", [AsyncConnectionPool, AsyncNullConnectionPool])
async def test_pool(dsn, server_says, tally, cls, work):
    """Tasks that share two connections are interrupted: no place is lost, and the others are served."""
    rng, kept = random.Random(work.__name__), 2 if cls is AsyncConnectionPool else 0
    times = TIMES or 25
    async with cls(dsn, min_size=kept, max_size=2, open=False, kwargs={"autocommit": True}) as pool:
        await pool.wait()
        waits = await uninterrupted(work(pool, 1))
        for turn in range(times):
            undisturbed = asyncio.create_task(work(pool, 5))
            tasks = [interrupted(work(pool, number), interruption(rng, waits, 0.01)) for number in (2, 3, 4)]
            await asyncio.gather(*tasks)
            await asyncio.wait_for(undisturbed, GRACE)
            async with pool.connection(timeout=GRACE) as conn:
                assert await sound.sound(conn, server_says, f"turn {turn}", turn)
            await eventually_async(lambda: pool.get_stats()["pool_available"] == kept, GRACE)
            assert pool.get_stats()["requests_waiting"] == 0
        lost = pool.get_stats().get("connections_lost", 0)
        assert lost <= 3 * times * (1 - ENOUGH)
    tally[f"{cls.__name__}, {work.__name__}"] = [3 * times, 3 * times - lost]


@pytest.mark.timeout(900)
async def test_read_lane(dsn):
    """Of those who read on one connection some give up: the others get their own rows."""

    async def read(number):
        assert await lane.fetchall("select %s::int, 'x'", [number]) == [(number, "x")]

    rng = random.Random("lane")
    async with ReadLane(dsn) as lane:
        waits = await uninterrupted(read(0))
        for turn in range(TIMES or 50):
            others = [asyncio.create_task(read(number)) for number in range(turn, turn + 5)]
            tasks = [interrupted(read(-number), interruption(rng, waits, 0.003)) for number in range(1, 6)]
            await asyncio.gather(*tasks)
            await asyncio.wait_for(asyncio.gather(*others), GRACE)
            await asyncio.wait_for(read(turn), GRACE)


@pytest.mark.timeout(900)
async def test_connecting(pg, dsn, other):
    """An interrupted attempt leaves no socket here, and no session there."""
    name = "interrupted while connecting"

    async def connect():
        conn = await pg.AsyncConnection.connect(dsn, application_name=name)
        await conn.close()

    rng = random.Random("connect")
    waits = await uninterrupted(connect())
    before = open_sockets()
    for _ in range(TIMES or 50):
        await interrupted(connect(), interruption(rng, waits, 0.01))
    await eventually_async(lambda: open_sockets() <= before, GRACE)
    left = "select count(*) from pg_stat_activity where application_name = %s"
    await asyncio.to_thread(eventually, lambda: other.fetchval(left, [name]) == 0, GRACE)
