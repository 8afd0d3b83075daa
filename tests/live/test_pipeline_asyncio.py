"""Pipeline mode under asyncio; test_pipeline.py has the semantics that do not depend on how one waits."""

from __future__ import annotations

import asyncio
import logging
import random

import pytest


async def test_block(pg, aconn):
    async with aconn.pipeline() as p:
        assert isinstance(p, pg.AsyncPipeline)
        assert p.is_supported()
        async with aconn.pipeline() as inner:
            assert inner is p
        first = await aconn.execute("select 1")
        second = await aconn.execute("select x from generate_series(1, 3) x")
        assert (second.rowcount, second.description) == (-1, None)
        await p.sync()
        assert second.statusmessage == "SELECT 3"
        third = await aconn.execute("select 3")
    assert await first.fetchone() == (1,)
    assert await second.fetchall() == [(1,), (2,), (3,)]
    assert await third.fetchone() == (3,)


@pytest.mark.parametrize("how", ["fetchone", "fetchmany", "fetchall", "next", "scroll"])
async def test_every_fetch_waits(aauto, how):
    async with aauto.pipeline():
        await aauto.execute("select 0")
        cur = await aauto.execute("select x from generate_series(1, 3) x")
        if how == "next":
            assert await anext(aiter(cur)) == (1,)
        elif how == "scroll":
            await cur.scroll(1)
            assert await cur.fetchone() == (2,)
        else:
            await getattr(cur, how)()
        assert cur.rowcount == 3


async def test_closed_connection(pg, aconn):
    await aconn.close()
    with pytest.raises(pg.OperationalError):
        async with aconn.pipeline():
            pass


async def test_many_rows_and_parameters(aauto):
    async with aauto.pipeline():
        cursors = [
            await aauto.execute("select %s || x from generate_series(1, 20) x", ["y" * 40_000]) for _ in range(40)
        ]
    for cur in cursors:
        assert len(rows := await cur.fetchall()) == 20
        assert len(rows[0][0]) == 40_001


async def test_errors(pg, aauto):
    async with aauto.pipeline() as p:
        good = await aauto.execute("select 1")
        bad = await aauto.execute("select 1/0")
        with pytest.raises(pg.errors.DivisionByZero):
            await bad.fetchone()
        assert p.status == pg.pq.PipelineStatus.ABORTED
        cur = await aauto.execute("select 2")
        with pytest.raises(pg.errors.PipelineAborted):
            await cur.fetchone()
        await p.sync()
        assert await good.fetchone() == (1,)
        with pytest.raises(pg.ProgrammingError, match="no result"):
            await bad.fetchone()
    with pytest.raises(pg.errors.UndefinedTable):
        async with aauto.pipeline():
            await aauto.execute("select * from nosuchtable")
    assert await (await aauto.execute("select 1")).fetchone() == (1,)


async def test_exception_of_the_block_wins(pg, aauto, caplog):
    caplog.set_level(logging.WARNING, logger=pg.__name__)
    with pytest.raises(ZeroDivisionError):
        async with aauto.pipeline():
            await aauto.execute("select * from nosuchtable")
            raise ZeroDivisionError
    assert ["nosuchtable" in record.getMessage() for record in caplog.records] == [True]


async def test_transactions(pg, aconn):
    async with aconn.pipeline():
        with pytest.raises(pg.errors.UndefinedTable):
            async with aconn.transaction():
                await aconn.execute("select 1 from nosuchtable")
        async with aconn.transaction():
            cur = await aconn.execute("select 1")
        await aconn.execute("select 2")
        await aconn.commit()
        await aconn.execute("select 3")
        await aconn.rollback()
        await aconn.set_autocommit(True)
        await aconn.set_autocommit(False)
    assert await cur.fetchone() == (1,)


async def test_executemany(pg, aauto):
    async with aauto.pipeline() as p, aauto.cursor() as cur:
        await aauto.execute("create temp table t (x int, y text)")
        await cur.executemany("insert into t values (%s, %s)", [(i, "y" * 20_000) for i in range(300)])
        after = await aauto.execute("select count(*) from t")
        await p.sync()
        assert cur.rowcount == 300
        assert await after.fetchone() == (300,)
        await cur.executemany("select %s", [(1,), (70_000,), (None,)], returning=True)
        assert [await c.fetchone() async for c in cur.results()] == [(1,), (70_000,), (None,)]


async def test_tasks(aauto):
    async def work(i):
        return await aauto.execute("select %s", [i])

    async with aauto.pipeline():
        cursors = await asyncio.gather(*(work(i) for i in range(20)))
        rows = await asyncio.gather(*(cur.fetchone() for cur in cursors))
    assert rows == [(i,) for i in range(20)]


@pytest.mark.parametrize("where", ["fetch", "sync", "exit"])
async def test_cancelled(pg, aauto, watch, where):
    cursors = []

    async def work():
        async with aauto.pipeline() as p:
            cursors.append(await aauto.execute("select 1"))
            cursors.append(await aauto.execute("select pg_sleep(60)"))
            cursors.append(await aauto.execute("select 3"))
            if where == "fetch":
                await cursors[0].fetchone()
            elif where == "sync":
                await p.sync()

    task = asyncio.create_task(work())
    await watch.busy_async(aauto, query="pg_sleep")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)
    for cur in cursors[1:]:
        with pytest.raises(pg.Error):
            await cur.fetchone()
    assert await (await aauto.execute("select 42")).fetchone() == (42,)


async def test_connection_lost(pg, aauto, other):
    pid = aauto.info.backend_pid
    with pytest.raises(pg.OperationalError):
        async with aauto.pipeline():
            cursors = [await aauto.execute("select pg_sleep(60), %s", [i]) for i in range(3)]
            asyncio.get_running_loop().call_later(0.3, other.execute, f"select pg_terminate_backend({pid})")
            with pytest.raises(pg.OperationalError):
                await cursors[0].fetchone()
            for cur in cursors:
                with pytest.raises(pg.Error):
                    await cur.fetchone()
    assert aauto.broken


async def test_closed_within(pg, aauto):
    with pytest.raises(pg.OperationalError):
        async with aauto.pipeline():
            cur = await aauto.execute("select 1")
            await aauto.close()
    with pytest.raises(pg.Error):
        await cur.fetchone()


@pytest.mark.howdah_only
@pytest.mark.parametrize("seed", range(15))
async def test_cancelled_at_random(pg, aauto, seed):
    """Tasks that are cancelled at any moment, in pipelines and streams: the next one gets its own rows."""
    rng = random.Random(seed)
    serial = iter(range(1_000_000))

    async def pipelined():
        n = next(serial)
        async with aauto.pipeline() as p:
            cursors = [await aauto.execute("select %s::int4 from generate_series(1, 300)", [n]) for _ in range(10)]
            await aauto.execute("select pg_sleep(%s)", [rng.random() / 100])
            if rng.random() < 0.3:
                await aauto.execute("select 1/0")
            if rng.random() < 0.5:
                await p.sync()
            for cur in cursors:
                assert all(row == (n,) for row in await cur.fetchall())

    async def streamed():
        n = next(serial)
        async for row in aauto.cursor().stream(f"select {n}, repeat('x', 2000) from generate_series(1, 2000)"):
            assert row[0] == n

    for _ in range(30):
        task = asyncio.create_task(rng.choice([pipelined, streamed])())
        await asyncio.sleep(rng.random() / 50)
        task.cancel()
        try:
            await task
        except (asyncio.CancelledError, pg.Error):
            pass
        cur = await aauto.execute("select 'mine'")
        assert await cur.fetchone() == ("mine",)
