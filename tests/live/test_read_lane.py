"""Reads from many tasks on one connection: each gets its own rows or its own error, and nothing is written."""

from __future__ import annotations

import asyncio
import gc
import random
import weakref

import pytest

from howdah import _howdah, errors
from howdah.pool import AsyncConnectionPool, ReadLane
from howdah.rows import dict_row

pytestmark = pytest.mark.howdah_only

# Seconds: nothing is too slow for a lane, however slow the machine is.
NEVER = 1000


@pytest.fixture(params=[True, False], ids=["direct", "future"])
def wake(request):
    before = _howdah.direct_wake(request.param)
    yield
    _howdah.direct_wake(before)


@pytest.fixture
async def lane(dsn, wake):
    async with ReadLane(dsn, slow=NEVER) as lane:
        yield lane


def on_lane(lane, *queries):
    """From now on these travel on the lane: they are known to be fast."""
    for query in queries:
        lane._seconds[query] = 0.0


def pid_of(lane):
    return lane._conn.info.backend_pid


PID = "select pg_backend_pid()"
ECHO = "select %s::int, %s::text"
DIVIDE = "select 100 / %s::int"


async def outcome(awaitable):
    try:
        return await awaitable
    except Exception as error:
        return type(error)


async def test_kinds(lane):
    series = "select i, 'row ' || i from generate_series(1, 3) i"
    for _ in range(2):  # over the pool, then on the lane
        assert await lane.fetchall(series) == [(1, "row 1"), (2, "row 2"), (3, "row 3")]
        assert await lane.fetchrow(series) == (1, "row 1")
        assert await lane.fetchval(series) == 1
        cur = await lane.execute(series)
        assert cur.rowcount == 3
        assert [row async for row in cur] == [(1, "row 1"), (2, "row 2"), (3, "row 3")]
    assert await lane.fetchrow("select 1 where false") is None
    assert await lane.fetchval("select 1 where false") is None
    assert await lane.fetchall("select 1 where false") == []


async def test_row_factory(dsn):
    async with ReadLane(dsn, row_factory=dict_row) as lane:
        for _ in range(2):
            assert await lane.fetchrow("select 1 as a") == {"a": 1}
            assert await lane.fetchval("select 1 as a") == 1


async def test_unknown_goes_aside_and_known_on_the_lane(lane):
    assert await lane.fetchval(PID) != pid_of(lane)
    assert await lane.fetchval(PID) == pid_of(lane)


async def test_own_rows(lane):
    async def read(number):
        for i in range(20):
            assert await lane.fetchrow(ECHO, (number * 100 + i, f"task {number}")) == (
                number * 100 + i,
                f"task {number}",
            )

    await asyncio.gather(*(read(number) for number in range(60)))


async def test_one_turn_is_one_batch(lane):
    """All of them see the same snapshot's transaction: one Sync."""
    query = "select now(), %s::int"
    on_lane(lane, query)
    await lane.fetchrow(query, (0,))
    rows = await asyncio.gather(*(lane.fetchrow(query, (i,)) for i in range(40)))
    assert [row[1] for row in rows] == list(range(40))
    assert len({row[0] for row in rows}) == 1


async def test_parameter_types(lane):
    query = "select %s"
    on_lane(lane, query)
    values = [1, 70000, 2**40, "text", None, 1.5, True, [1, 2]]
    rows = await asyncio.gather(*(lane.fetchrow(query, (value,)) for value in values * 5))
    assert [row[0] for row in rows] == values * 5


async def test_error_fails_its_own_read_alone(lane):
    on_lane(lane, DIVIDE)
    divisors = [1, 2, 0, 5, 0, 0, 10, 20, 0, 50]
    for _ in range(3):
        outcomes = await asyncio.gather(*(outcome(lane.fetchval(DIVIDE, (d,))) for d in divisors))
        assert outcomes == [100 // d if d else errors.DivisionByZero for d in divisors]


async def test_error_of_a_statement_fails_all_its_reads(lane):
    query = "select nothing from nowhere"
    on_lane(lane, query, DIVIDE)
    reads = [lane.fetchval(query) if i % 2 else lane.fetchval(DIVIDE, (4,)) for i in range(8)]
    assert await asyncio.gather(*map(outcome, reads)) == [25, errors.UndefinedTable] * 4


async def test_value_that_cannot_be_sent(lane):
    on_lane(lane, ECHO)
    reads = [lane.fetchrow(ECHO, (i, object() if i == 2 else "x")) for i in range(5)]
    outcomes = await asyncio.gather(*map(outcome, reads))
    assert outcomes == [(0, "x"), (1, "x"), errors.ProgrammingError, (3, "x"), (4, "x")]


async def test_value_that_cannot_be_decoded(lane):
    query = "select '12345-01-01'::date where %s::int > 0"
    on_lane(lane, query)
    assert await asyncio.gather(outcome(lane.fetchval(query, (1,))), lane.fetchval(query, (0,))) == [
        errors.DataError,
        None,
    ]


@pytest.mark.parametrize("road", ["aside", "lane"])
@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("insert into lane_table values (1)", (errors.ReadOnlySqlTransaction, errors.ProgrammingError)),
        ("insert into lane_table values (1) returning 1", errors.ReadOnlySqlTransaction),
        ("with w as (delete from lane_table returning *) select * from w", errors.ReadOnlySqlTransaction),
        ("create table lane_other ()", (errors.ReadOnlySqlTransaction, errors.ProgrammingError)),
        ("begin read write", errors.ProgrammingError),
        ("/* a */ commit", (errors.ProgrammingError, errors.OperationalError)),
        ("set default_transaction_read_only to off", errors.ProgrammingError),
        ("set transaction read write", errors.ProgrammingError),
        ("select set_config('transaction_read_only', 'off', false)", errors.ActiveSqlTransaction),
        ("select 1; select 2", errors.ProgrammingError),
        ("begin read write; insert into lane_table values (1); commit", errors.ProgrammingError),
        ("copy (select 1) to stdout", errors.ProgrammingError),
        ("", errors.ProgrammingError),
        ("explain analyze insert into lane_table values (1)", errors.ReadOnlySqlTransaction),
        ("select nextval('lane_sequence')", errors.ReadOnlySqlTransaction),
    ],
)
async def test_nothing_is_written(lane, dsn, auto, query, error, road):
    auto.execute("create table if not exists lane_table (i int)")
    auto.execute("create sequence if not exists lane_sequence")
    if road == "lane":
        on_lane(lane, query)
    on_lane(lane, PID)
    with pytest.raises(error):
        await lane.fetchall(query)
    assert auto.execute("select count(*) from lane_table").fetchone() == (0,)
    assert await lane.fetchval(PID) == pid_of(lane)
    assert await lane.fetchval("show transaction_read_only") == "on"


@pytest.mark.parametrize(
    "query",
    [
        "select 1",
        "values (1)",
        "table lane_one",
        "show work_mem",
        "explain select 1",
        "with a as (select 1) select * from a",
    ],
)
async def test_what_may_travel(lane, auto, query):
    auto.execute("create table if not exists lane_one (i int)")
    on_lane(lane, query)
    await lane.fetchall(query)
    assert not lane._conn.closed


async def test_lane_that_is_no_longer_read_only_is_replaced(lane):
    query = "select set_config('default_transaction_read_only', 'off', false)"
    show = "show default_transaction_read_only"
    on_lane(lane, query, PID, show)
    before = pid_of(lane)
    assert await outcome(lane.fetchval(query)) in ("off", errors.OperationalError)
    assert await lane.fetchval(PID) != before
    assert await lane.fetchval(show) == "on"


async def test_write_to_a_temporary_table_closes_the_lane(lane):
    """The server allows it in a read-only transaction; it is no read all the same."""
    query = "insert into lane_temp values (1) returning i"
    await lane.fetchval("select 1")
    conn = lane._conn
    lane._lane.close()
    await conn.execute("begin read write; create temporary table lane_temp (i int); commit")
    lane._lane = _howdah.Lane(conn, conn.cursor, lane._row_factory, lane._depth, lane._slow, lane._on_slow)
    on_lane(lane, query)
    with pytest.raises(errors.ProgrammingError):
        await lane.fetchval(query)
    assert conn.closed
    assert await lane.fetchval("select 2") == 2


async def test_altered_table(lane, auto):
    """A plan that is no longer valid is made anew, unseen."""
    auto.execute("drop table if exists lane_altered")
    auto.execute("create table lane_altered as select 1 as a")
    query = "select * from lane_altered"
    on_lane(lane, query)
    assert await asyncio.gather(*(lane.fetchall(query) for _ in range(3))) == [[(1,)]] * 3
    auto.execute("alter table lane_altered add b text default 'new'")
    on_lane(lane, DIVIDE)
    reads = [lane.fetchall(query) if i % 2 else lane.fetchval(DIVIDE, (i,)) for i in range(1, 7)]
    assert await asyncio.gather(*reads) == [[(1, "new")], 50, [(1, "new")], 25, [(1, "new")], 16]


async def test_deallocated_statement(lane, auto):
    on_lane(lane, ECHO)
    assert await lane.fetchrow(ECHO, (1, "a")) == (1, "a")
    conn = lane._conn
    lane._lane.close()
    await conn.execute("do $$ begin execute 'deallocate all'; end $$")
    lane._lane = _howdah.Lane(conn, conn.cursor, lane._row_factory, lane._depth, lane._slow, lane._on_slow)
    rows = await asyncio.gather(*(lane.fetchrow(ECHO, (i, "b")) for i in range(10)))
    assert rows == [(i, "b") for i in range(10)]


async def test_cancelled_read_is_dropped(lane):
    query = "select %s::int, pg_sleep(%s)::text"
    on_lane(lane, query, ECHO)
    for _ in range(5):
        slow = [asyncio.ensure_future(lane.fetchrow(query, (i, 0.02))) for i in range(3)]
        await asyncio.sleep(0.005)
        behind = [asyncio.ensure_future(lane.fetchrow(ECHO, (i, "x"))) for i in range(20)]
        await asyncio.sleep(0.005)
        slow[1].cancel()
        dropped = {i for i in range(0, 20, 3) if behind[i].cancel()}  # else it is done already
        outcomes = await asyncio.gather(*slow, *behind, return_exceptions=True)
        for i, got in enumerate(outcomes[:3]):
            assert (i == 1 and isinstance(got, asyncio.CancelledError)) or got == (i, "")
        for i, got in enumerate(outcomes[3:]):
            assert isinstance(got, asyncio.CancelledError) if i in dropped else got == (i, "x")
    on_lane(lane, PID)
    assert await lane.fetchval(PID) == pid_of(lane)


async def test_random_cancels_and_errors(lane):
    rng = random.Random(7)
    on_lane(lane, ECHO, DIVIDE)

    async def work(number):
        for i in range(60):
            try:
                if rng.random() < 0.2:
                    assert await lane.fetchval(DIVIDE, (rng.choice([0, 5]),)) == 20
                else:
                    text = f"{number}-{i}"
                    limit = rng.choice([None, None, 0.0005])
                    read = lane.fetchrow(ECHO, (i, text))
                    assert await asyncio.wait_for(read, limit) == (i, text)
            except (errors.DivisionByZero, asyncio.TimeoutError):
                pass

    await asyncio.gather(*(work(number) for number in range(30)))
    assert await lane.fetchrow(ECHO, (1, "end")) == (1, "end")


async def test_depth(dsn):
    async with ReadLane(dsn, depth=3) as lane:
        on_lane(lane, ECHO)
        tasks = [asyncio.ensure_future(lane.fetchrow(ECHO, (i, "x"))) for i in range(50)]
        await asyncio.sleep(0)
        for task in tasks[10:20]:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for i, got in enumerate(outcomes):
            assert isinstance(got, asyncio.CancelledError) if 10 <= i < 20 else got == (i, "x")


async def test_slow_queries_leave_the_lane(dsn):
    nap = "select pg_sleep(1)::text"
    async with ReadLane(dsn, slow=0.5) as lane:
        on_lane(lane, nap, PID)
        await lane.fetchval(PID)  # its statement is described, and travels with others from now on
        assert await outcome(lane.fetchval(nap)) == ""
        on_lane(lane, nap, PID)  # again: on a slow machine even what is quick has left by now
        assert await asyncio.gather(lane.fetchval(nap), lane.fetchval(PID)) == ["", pid_of(lane)]
        assert not {nap, PID} & set(lane._seconds)  # both are suspects, and measured again
        assert await lane.fetchval(PID) != pid_of(lane)
        assert await lane.fetchval(nap) == ""
        assert nap in lane.slow_queries()


async def test_unknown_query_is_measured_once(dsn):
    query = "select pg_sleep(0.03)::text, pg_backend_pid()"
    async with ReadLane(dsn, slow=0.02) as lane:
        rows = await asyncio.gather(*(lane.fetchrow(query) for _ in range(5)))
        assert all(pid != pid_of(lane) for _, pid in rows)


async def test_measuring_task_is_cancelled(dsn):
    async with ReadLane(dsn) as lane:
        first = asyncio.ensure_future(lane.fetchval("select 1"))
        second = asyncio.ensure_future(lane.fetchval("select 1"))
        await asyncio.sleep(0)  # each begins, and the second waits for the first
        first.cancel()
        assert await second == 1
        with pytest.raises(asyncio.CancelledError):
            await first


async def test_lost_connection(lane, auto, watch):
    on_lane(lane, ECHO, "select pg_sleep(60)::text")
    reads = [asyncio.ensure_future(lane.fetchval("select pg_sleep(60)::text")) for _ in range(3)]
    await watch.busy_async(lane._conn, query="pg_sleep")
    auto.execute("select pg_terminate_backend(%s)", (pid_of(lane),))
    outcomes = await asyncio.gather(*map(outcome, reads))
    assert outcomes[0] is errors.AdminShutdown
    assert all(issubclass(error, errors.OperationalError) for error in outcomes)
    assert await lane.fetchrow(ECHO, (1, "again")) == (1, "again")


async def test_closing_with_reads_under_way(dsn, wake, watch):
    lane = ReadLane(dsn)
    await lane.open()
    on_lane(lane, "select pg_sleep(60)::text")
    reads = [asyncio.ensure_future(lane.fetchval("select pg_sleep(60)::text")) for _ in range(3)]
    await watch.busy_async(lane._conn, query="pg_sleep")
    await lane.close()
    assert await asyncio.gather(*map(outcome, reads)) == [errors.OperationalError] * 3
    with pytest.raises(errors.OperationalError):
        await lane.fetchval("select 1")
    await lane.close()


async def test_task_that_closes_the_lane(dsn, wake):
    lane = ReadLane(dsn, slow=NEVER)  # those that are over the pool would end with it
    await lane.open()
    on_lane(lane, ECHO)
    await lane.fetchrow(ECHO, (0, ""))

    async def read(i):
        row = await lane.fetchrow(ECHO, (i, "x"))
        if i == 3:
            await lane.close()
        return row

    outcomes = await asyncio.gather(*(outcome(read(i)) for i in range(8)))
    assert outcomes == [(i, "x") for i in range(8)]


async def test_connection_is_the_lanes_alone(lane):
    with pytest.raises(errors.ProgrammingError, match="read lane"):
        await lane._conn.execute("select 1")
    cur = await lane.execute("select 1")
    cur = await lane.execute("select 1")
    with pytest.raises(errors.ProgrammingError, match="read lane"):
        await cur.execute("select 2")


async def test_over_a_pool(dsn):
    async with AsyncConnectionPool(dsn, min_size=1, max_size=2, kwargs={"autocommit": False}, open=False) as pool:
        async with ReadLane(pool=pool) as lane:
            assert await lane.fetchval("select 1") == 1
            assert await lane.fetchval("select 1") == 1
            await outcome(lane.fetchval("select 1 / 0"))
        async with pool.connection() as conn:
            assert conn.read_only is None
            await conn.execute("create temporary table lane_pool_writes ()")
            await conn.rollback()


def test_another_loop(dsn):
    async def use(lane):
        on_lane(lane, "select 1")
        return await lane.fetchval("select 1")

    lane = ReadLane(dsn)

    async def first():
        await lane.open()
        return await use(lane)

    assert asyncio.run(first()) == 1
    with pytest.raises(errors.ProgrammingError, match="another event loop"):
        asyncio.run(use(lane))
    lane._lane.close()
    lane._conn._close()


async def test_forgotten_lane(dsn):
    lane = ReadLane(dsn)
    await lane.open()
    on_lane(lane, ECHO)
    await lane.fetchrow(ECHO, (1, "x"))
    pool, conn = lane._pool, weakref.ref(lane._conn)
    conn()._close()
    del lane
    await asyncio.sleep(0)
    gc.collect()
    assert conn() is None
    await pool.close()


async def test_refusals(dsn):
    for wrong in ({"slow": 0}, {"depth": 0}, {"max_aside": 0}):
        with pytest.raises(ValueError):
            ReadLane(dsn, **wrong)
    with pytest.raises(errors.NotSupportedError):
        async with ReadLane(dsn, kwargs={"discover_types": True}):
            pass
    with pytest.raises(errors.OperationalError):
        await ReadLane(dsn).fetchval("select 1")
