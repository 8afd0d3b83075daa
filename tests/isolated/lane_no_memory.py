"""Memory runs out for a while, at each allocation of what an event loop calls of a read lane: every read ends.

Run in a process of its own, as no_memory.py is.
"""

from __future__ import annotations

import asyncio
import itertools
import select
import sys
from _testcapi import remove_mem_hooks, set_nomemory
from collections import deque
from functools import partial
from types import SimpleNamespace
from typing import Any

import howdah
from howdah import _howdah

VALUE = 3  # enum hdpy_read_kind
ALLOCATIONS = 60
QUERIES = ["select 'a'", "select 'b' where 1 / (select 0) = 1", "select 'c'", "select 'd'"]  # two are asked again


def make_loop() -> Any:
    """What a connection asks of an event loop, all of it in C: without memory CPython's own code may lose its way."""
    loop = SimpleNamespace(soon=deque(), readers={}, is_closed=bool, get_debug=bool)
    loop.call_soon = loop.soon.append
    loop.add_reader = loop.readers.__setitem__
    loop.remove_reader = loop.readers.pop
    loop.create_future = partial(asyncio.Future, loop=loop)
    return loop


def due(loop: Any) -> Any:
    """What the loop is to call next; None if nothing ever will be."""
    if loop.soon:
        return loop.soon.popleft()
    for fd, callback in loop.readers.items():
        if select.select([fd], [], [], 60)[0]:
            return callback
    return None


def read(lane: Any, loop: Any, first: int, last: int) -> list[Any]:
    """What becomes of the queries, while these allocations of each call fail."""
    reads = [lane.read(query, (), VALUE) for query in QUERIES]
    outcomes: list[Any] = [None] * len(reads)
    waiting: dict[int, Any] = {}
    for i, one in enumerate(reads):
        set_nomemory(first, last)
        try:
            waiting[i] = one.send(None)
        except Exception as error:
            outcomes[i] = error
        finally:
            remove_mem_hooks()
    while waiting:
        call = due(loop)
        assert call is not None, f"{[QUERIES[i] for i in waiting]} wait for ever: {first} to {last}"
        set_nomemory(first, last)
        try:
            call()
        except MemoryError:
            pass
        finally:
            remove_mem_hooks()
        for i in [i for i, future in waiting.items() if future.done()]:
            try:
                waiting[i] = reads[i].send(None)
            except StopIteration as stop:
                outcomes[i] = stop.value
                del waiting[i]
            except Exception as error:
                outcomes[i] = error
                del waiting[i]
    return outcomes


def main(dsn: str) -> None:
    async def connect() -> Any:
        return await howdah.AsyncConnection.connect(dsn, autocommit=True)

    loop = make_loop()
    conn = lane = None
    failed = 0
    for first, length in itertools.product(range(ALLOCATIONS), (1, 3)):
        asyncio._set_running_loop(None)
        if conn is None or conn.closed:
            loop.soon.clear()
            conn = asyncio.run(connect())
            asyncio._set_running_loop(loop)
            lane = _howdah.Lane(conn, conn.cursor, howdah.rows.tuple_row, 100, 1000.0, print)
        asyncio._set_running_loop(loop)
        a, failing, *others = read(lane, loop, first, first + length)
        assert isinstance(failing, Exception), failing
        for outcome, value in zip((a, *others), "acd", strict=True):
            failed += outcome != value
            assert outcome == value or isinstance(outcome, MemoryError | howdah.OperationalError), (first, outcome)
    asyncio._set_running_loop(None)
    assert failed
    print(f"{failed} reads failed")


if __name__ == "__main__":
    main(sys.argv[1])
