"""anyio's cancel scopes: a task is cancelled again at every await, until the scope has ended.

Whatever it does at that moment, the server's query ends, and the connection is in step behind it. psycopg closes the
connection.
"""

from __future__ import annotations

import contextlib
import random

import pytest

anyio = pytest.importorskip("anyio")

pytestmark = pytest.mark.howdah_only


async def query(conn, rng):
    cur = await conn.execute("select n, repeat('x', 100) from generate_series(1, 3000) n")
    assert [row[0] async for row in cur] == list(range(1, 3001))


async def prepared(conn, rng):
    for n in range(10):
        assert await (await conn.execute("select %s::int", [n])).fetchone() == (n,)


async def sleep(conn, rng):
    await conn.execute("select pg_sleep(60)")


async def many(conn, rng):
    cur = conn.cursor()
    await cur.executemany("select %s::int", [(n,) for n in range(300)], returning=True)
    assert [(await c.fetchone())[0] async for c in cur.results()] == list(range(300))


async def pipeline(conn, rng):
    async with conn.pipeline():
        cursors = [await conn.execute("select %s::int", [n]) for n in range(100)]
        assert [(await cur.fetchone())[0] for cur in cursors] == list(range(100))


async def block(conn, rng):
    async with conn.transaction(), conn.transaction():
        await conn.execute("insert into scoped values (1)")
        await conn.execute("select pg_sleep(0.01)")
        await conn.execute("delete from scoped")


async def stream(conn, rng):
    async for row in conn.cursor().stream("select n, repeat('x', 1000) from generate_series(1, 2000) n"):
        assert len(row) == 2


async def server_cursor(conn, rng):
    async with conn.transaction(), conn.cursor("scoped") as cur:
        await cur.execute("select generate_series(1, 1000)")
        assert len([row async for row in cur]) == 1000


async def copy_in(conn, rng):
    async with conn.transaction():
        async with conn.cursor().copy("copy scoped from stdin") as copy:
            for n in range(2000):
                await copy.write_row((n,))
        await conn.execute("delete from scoped")


async def copy_out(conn, rng):
    async with conn.cursor().copy("copy (select generate_series(1, 20000)) to stdout") as copy:
        assert len([row async for row in copy.rows()]) == 20000


async def notifies(conn, rng):
    await conn.execute("listen scoped")
    async for _ in conn.notifies(timeout=0.02):
        pass


async def share(conn, rng):
    """Some of the tasks wait for their turn."""
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(prepared, conn, rng)


WORK = [
    query,
    prepared,
    sleep,
    many,
    pipeline,
    block,
    stream,
    server_cursor,
    copy_in,
    copy_out,
    notifies,
    share,
]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a cursor that it could not close
@pytest.mark.parametrize("work", WORK, ids=lambda work: work.__name__)
async def test_cancelled_anywhere(pg, dsn, other, work):
    """Closed is a connection only where the server missed the request to cancel, or a message crossed with it."""
    other.execute("drop table if exists scoped; create table scoped (x int)")
    rng = random.Random(work.__name__)
    open_still, runs = 0, 10
    async with contextlib.AsyncExitStack() as stack:
        conn = None
        for _ in range(runs):
            if conn is None or conn.closed:
                conn = await stack.enter_async_context(await pg.AsyncConnection.connect(dsn, autocommit=True))
            with anyio.move_on_after(rng.random() ** 2 * 0.04):
                await work(conn, rng)
            if not conn.closed:
                open_still += 1
                assert conn.info.transaction_status == pg.pq.TransactionStatus.IDLE
                assert await (await conn.execute("select 'mine', %s::int", [5])).fetchone() == ("mine", 5)
    assert other.execute("select count(*) from scoped").fetchone() == (0,)
    assert open_still > runs / 2


async def test_fail_after_within_a_shield(aauto):
    """A scope within another that was cancelled: what is shielded goes on."""
    with anyio.move_on_after(0.05) as scope:
        try:
            await aauto.execute("select pg_sleep(60)")
        finally:
            with anyio.CancelScope(shield=True):
                assert await (await aauto.execute("select 1")).fetchone() == (1,)
    assert scope.cancelled_caught


async def test_connecting(pg, dsn, other):
    pids = "select count(*) from pg_stat_activity where application_name = 'scoped'"
    for n in range(20):
        with anyio.move_on_after(n * 0.0005):
            conn = await pg.AsyncConnection.connect(dsn, application_name="scoped")
            await conn.close()
    with anyio.fail_after(30):
        while other.execute(pids).fetchone() != (0,):
            await anyio.sleep(0.01)


@pytest.mark.parametrize("kind", ["AsyncConnectionPool", "AsyncNullConnectionPool"])
async def test_pool(pool_module, dsn, kind):
    """What was lent comes back, whatever was cancelled."""
    rng = random.Random(kind)
    size = {"min_size": 0} if "Null" in kind else {"min_size": 3}
    async with getattr(pool_module, kind)(dsn, max_size=3, timeout=30, open=False, **size) as pool:

        async def work(seconds):
            with contextlib.suppress(TimeoutError), anyio.fail_after(seconds):
                async with pool.connection() as conn:
                    await conn.execute("select %s::int", [1])
                    await conn.execute("select pg_sleep(0.02)")

        async with anyio.create_task_group() as group:
            for _ in range(60):
                group.start_soon(work, rng.random() * 0.2)
        with anyio.fail_after(30):
            async with contextlib.AsyncExitStack() as stack:
                conns = [await stack.enter_async_context(pool.connection()) for _ in range(3)]
                for n, conn in enumerate(conns):
                    assert await (await conn.execute("select %s::int", [n])).fetchone() == (n,)


async def test_read_lane(pool_module, dsn):
    async with pool_module.ReadLane(dsn) as lane:

        async def read(n):
            with anyio.move_on_after(0.0005 * (n % 20)):
                assert await lane.fetchval("select %s::int", [n]) == n

        async with anyio.create_task_group() as group:
            for n in range(200):
                group.start_soon(read, n)
        assert await lane.fetchval("select %s::int", [7]) == 7
