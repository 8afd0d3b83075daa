"""A task cancelled at any of its waits, in any way, and what has to be true of its connection afterwards."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any

PATIENCE = 60.0  # seconds in which a cancelled task has to end
AT_ONCE = -1  # the task cancels itself and then waits


class Steps:
    """Awaits something, and calls `then` when that waits for the `at`-th time (from 1 on)."""

    def __init__(self, awaited: Awaitable[Any], at: int = 0, then: Callable[[], object] | None = None):
        self._awaited, self._at, self._then = awaited, at, then
        self.taken = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self._awaited.__await__()
        step: Callable[[], Any] = lambda: next(inner)  # noqa: E731
        while True:
            try:
                future = step()
            except StopIteration as end:
                return end.value
            self.taken += 1
            if self.taken == self._at and self._then is not None:
                self._then()
            try:
                yield future
            except BaseException as error:
                step = lambda error=error: inner.throw(error)  # noqa: E731
            else:
                step = lambda: next(inner)  # noqa: E731


@dataclass
class Interruption:
    """How a task is cancelled: while it waits for the `at`-th time, `turns` turns of the loop or `delay` seconds
    after that, and `more` times again in the following turns."""

    way: str
    at: int
    turns: int
    delay: float
    more: int


def interruption(rng: random.Random, waits: int, seconds: float) -> Interruption:
    """One of those that are possible for what has so many waits, and takes so long, when nobody interrupts it."""
    way = rng.choice(["task", "task", "task", "wait_for", "anyio"])
    delay = rng.choice([0.0, 0.0, rng.random() * 0.002, rng.random() ** 2 * min(seconds, 0.05)])
    more = rng.choice([0, 0, 0, 1, 3, 20])
    return Interruption(way, rng.randrange(waits) + 1, rng.choice([AT_ONCE, 0, 0, 1, 2, 3]), delay, more)


async def uninterrupted(work: Coroutine[Any, Any, Any]) -> int:
    """How often it waits."""
    steps = Steps(work)
    await steps
    return steps.taken


async def interrupted(work: Coroutine[Any, Any, Any], how: Interruption) -> bool:
    """Run it in a task that is interrupted, until that ends: whether the interruption came out of it.

    Raises what the work raises by itself, and AssertionError if it does not end, or leaves tasks behind.
    """
    loop = asyncio.get_running_loop()
    running = asyncio.all_tasks()

    async def by_anyio() -> None:
        import anyio

        with anyio.move_on_after(how.delay) as scope:
            await work
        if scope.cancelled_caught:
            raise asyncio.CancelledError

    async def whole() -> None:
        if how.way == "wait_for":
            await asyncio.wait_for(work, how.delay + 0.0001)
        elif how.way == "anyio":
            await by_anyio()
        else:
            await Steps(work, how.at, begin)

    def begin() -> None:
        if how.turns == AT_ONCE:
            task.cancel()
        elif how.delay:
            loop.call_later(how.delay, cancel, how.more)
        else:
            pause(how.turns)

    def pause(turns: int) -> None:
        if turns:
            loop.call_soon(pause, turns - 1)
        else:
            loop.call_soon(cancel, how.more)

    def cancel(more: int) -> None:
        if not task.done():
            task.cancel()
            if more:
                loop.call_soon(cancel, more - 1)

    task = asyncio.create_task(whole())
    _, late = await asyncio.wait([task], timeout=PATIENCE)
    assert not late, f"{how}: it does not end"
    left = [other for other in asyncio.all_tasks() - running if not other.done()]
    if left:
        _, late = await asyncio.wait(left, timeout=PATIENCE)
        assert not late, f"{how}: left behind {left}"
    try:
        task.result()
    except (asyncio.CancelledError, asyncio.TimeoutError):
        return True
    return False
