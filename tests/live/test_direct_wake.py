"""Answers that run their task within the event loop's callback, beside those that wait on futures."""

from __future__ import annotations

import asyncio
import contextvars

import pytest

pytestmark = pytest.mark.howdah_only


@pytest.fixture(params=[True, False], ids=["direct", "future"])
def wake(request, pg):
    """Both ways of waking, for connections made in the test."""
    before = pg._howdah.direct_wake(request.param)
    yield request.param
    pg._howdah.direct_wake(before)


async def test_many_queries(pg, dsn, wake):
    async with await pg.AsyncConnection.connect(dsn) as conn:
        for i in range(300):
            cur = await conn.execute("select %s::int", (i,))
            assert await cur.fetchone() == (i,)


async def test_tasks_on_connections_of_their_own(pg, dsn, wake):
    async def read(number):
        async with await pg.AsyncConnection.connect(dsn) as conn:
            rows = [await (await conn.execute("select %s::int", (number,))).fetchone() for _ in range(20)]
        assert rows == [(number,)] * 20

    await asyncio.gather(*(read(i) for i in range(8)))


async def test_current_task_and_context(pg, dsn, wake):
    variable = contextvars.ContextVar("variable", default="outer")

    async def work(name):
        variable.set(name)
        async with await pg.AsyncConnection.connect(dsn) as conn:
            me = asyncio.current_task()
            for _ in range(10):
                await conn.execute("select 1")
                assert asyncio.current_task() is me
                assert variable.get() == name
                await asyncio.sleep(0)

    await asyncio.gather(work("a"), work("b"), work("c"))
    assert variable.get() == "outer"


async def test_other_tasks_get_their_turns(pg, dsn, wake):
    """A task that only queries must not keep the loop to itself."""
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counter = asyncio.create_task(count())
    async with await pg.AsyncConnection.connect(dsn) as conn:
        start = turns
        for _ in range(50):
            await conn.execute("select 1")
    counter.cancel()
    assert turns - start >= 50


async def test_an_error_of_the_task_is_the_tasks(pg, dsn, wake):
    async def fail():
        async with await pg.AsyncConnection.connect(dsn) as conn:
            await conn.execute("select 1")
            raise LookupError("mine")

    problems = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: problems.append(context))
    with pytest.raises(LookupError, match="mine"):
        await asyncio.create_task(fail())
    assert problems == []


async def test_closing_within_the_wake(pg, dsn, wake):
    conn = await pg.AsyncConnection.connect(dsn)
    await conn.execute("select 1")
    await conn.close()
    assert conn.closed


@pytest.mark.parametrize("message", ["enough", ("enough", "of it")])
@pytest.mark.parametrize("delay", [0, 0.001, 0.01])
async def test_cancelled_while_it_waits(pg, dsn, wake, delay, message):
    async with await pg.AsyncConnection.connect(dsn, autocommit=True) as conn:
        for i in range(10):
            task = asyncio.create_task(conn.execute("select %s::int, pg_sleep(1)", (i,)))
            await asyncio.sleep(0)
            await asyncio.sleep(delay)
            task.cancel(message)
            with pytest.raises(asyncio.CancelledError) as cancelled:
                await task
            assert cancelled.value.args == (message,)
            cur = await conn.execute("select %s::int", (-i,))
            assert await cur.fetchone() == (-i,)


async def test_cancelled_as_the_answer_comes(pg, dsn, wake):
    async with await pg.AsyncConnection.connect(dsn, autocommit=True) as conn:
        for i in range(100):
            task = asyncio.create_task(conn.execute("select %s::int", (i,)))
            await asyncio.sleep(0.00002 * i)
            task.cancel()
            try:
                cur = await task
                assert await cur.fetchone() == (i,)
            except asyncio.CancelledError:
                pass
            cur = await conn.execute("select %s::int", (-i,))
            assert await cur.fetchone() == (-i,)


async def test_timeouts(pg, dsn, wake):
    async with await pg.AsyncConnection.connect(dsn, autocommit=True) as conn:
        for _ in range(3):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(conn.execute("select pg_sleep(60)"), 0.05)
            assert await (await conn.execute("select 'mine'")).fetchone() == ("mine",)
