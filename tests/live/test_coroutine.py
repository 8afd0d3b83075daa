"""What `execute` of an asyncio cursor gives: a coroutine like any other."""

from __future__ import annotations

import asyncio
import collections.abc
import contextlib
import gc
import inspect

import pytest


async def test_is_a_coroutine(aauto):
    operation = aauto.cursor().execute("select 1")
    assert asyncio.iscoroutine(operation)
    assert isinstance(operation, collections.abc.Coroutine)
    assert inspect.isawaitable(operation)
    await operation


async def test_methods_are_coroutine_functions(pg):
    for cls, names in [
        (pg.AsyncCursor, ["execute", "executemany", "fetchone", "fetchmany", "fetchall", "scroll", "close"]),
        (pg.AsyncConnection, ["connect", "execute", "commit", "rollback", "close"]),
    ]:
        for name in names:
            assert inspect.iscoroutinefunction(getattr(cls, name)), name


async def test_never_awaited(aauto):
    with pytest.warns(RuntimeWarning, match="never awaited"):  # noqa: PT031
        aauto.cursor().execute("select 1")
        gc.collect()
    assert await (await aauto.execute("select 2")).fetchone() == (2,)


async def test_awaited_twice(aauto):
    operation = aauto.cursor().execute("select 1")
    await operation
    with pytest.raises(RuntimeError):
        await operation


async def test_nothing_is_sent_before_the_first_step(aauto, other):
    operation = aauto.execute("select 'sent'")
    await asyncio.sleep(0.05)
    query = "select query from pg_stat_activity where pid = %s"
    assert "sent" not in other.execute(query, [aauto.info.backend_pid]).fetchone()[0]
    operation.close()


async def test_closed_before_the_first_step(aauto):
    aauto.cursor().execute("wrong").close()
    assert await (await aauto.execute("select 2")).fetchone() == (2,)


async def test_tasks_are_awaited_later(aauto):
    tasks = [asyncio.create_task(aauto.execute("select %s::int", [n])) for n in range(5)]
    await asyncio.sleep(0.1)
    assert [await (await task).fetchone() for task in reversed(tasks)] == [(n,) for n in reversed(range(5))]


async def test_shielded(aauto, watch):
    """The query goes on when only the waiting for it was cancelled."""
    watch.hold()
    inner = asyncio.ensure_future(aauto.execute(watch.WAIT))
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.shield(inner), 0.05)
    watch.release()
    assert await (await inner).fetchone() == ("waited",)


async def test_as_completed(aauto):
    found = []
    for next_one in asyncio.as_completed([aauto.execute("select %s::int", [n]) for n in range(5)]):
        found.append((await (await next_one).fetchone())[0])
    assert sorted(found) == list(range(5))


async def test_result_is_a_tuple_with_one_element(aauto):
    """Rows are tuples, and a coroutine's result travels in an exception, which unpacks tuples."""
    cur = await aauto.execute("select array[1, 2], 5")
    assert await cur.fetchone() == ([1, 2], 5)


async def test_wrong_arguments_raise_where_they_are_awaited(pg, aauto):
    operation = aauto.cursor().execute("select %s", [1, 2])
    with pytest.raises(pg.ProgrammingError):
        await operation


async def test_closed_while_it_drains(pg, aauto):
    """Dropped once more while its cancelled query ends: nobody waits for that any longer."""

    class Mine(Exception):
        pass

    async def drive():
        operation = aauto.cursor().execute("select pg_sleep(60)")
        operation.send(None)
        with contextlib.suppress(Mine):
            operation.throw(Mine())
        operation.close()

    await asyncio.create_task(drive())
    await asyncio.sleep(0.1)
    with contextlib.suppress(pg.OperationalError):
        assert await (await aauto.execute("select 2")).fetchone() == (2,)
