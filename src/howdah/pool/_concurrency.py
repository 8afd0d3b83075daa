"""Threads and tasks, behind the same names but for a prefix: tools/unasync.py makes the one of the other."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Awaitable, Coroutine
from contextlib import nullcontext
from queue import SimpleQueue as Queue
from threading import Event, Lock
from threading import Thread as Worker
from time import monotonic, sleep
from typing import Any, TypeAlias

__all__ = [
    "AsyncBaton",
    "AsyncEvent",
    "AsyncLock",
    "AsyncQueue",
    "AsyncWorker",
    "Baton",
    "Event",
    "Lock",
    "Queue",
    "Worker",
    "ends_worker_async",
    "ends_worker_sync",
    "join_async",
    "join_sync",
    "resolve_async",
    "resolve_sync",
    "sleep",
    "sleep_async",
    "spawn_async",
    "spawn_sync",
    "wait_async",
    "wait_sync",
]

AsyncEvent = asyncio.Event
AsyncLock: TypeAlias = nullcontext[None]  # tasks take turns only where they await, and nobody does under a lock
AsyncQueue = asyncio.Queue
AsyncWorker: TypeAlias = asyncio.Task[None]
sleep_async = asyncio.sleep


def spawn_sync(target: Any, *args: Any, name: str) -> Worker:
    """Run a function beside the caller."""
    thread = Worker(target=target, args=args, name=name, daemon=True)
    thread.start()
    return thread


def spawn_async(target: Any, *args: Any, name: str) -> AsyncWorker:
    """Run a coroutine function beside the caller. Raises RuntimeError outside of an event loop."""
    loop = asyncio.get_running_loop()
    coroutine: Coroutine[Any, Any, None] = target(*args)
    return loop.create_task(coroutine, name=name)


def join_sync(workers: list[Worker], timeout: float) -> list[str]:
    """Wait until they have ended; the names of those that have not."""
    deadline = monotonic() + timeout
    others = [worker for worker in workers if worker is not threading.current_thread()]
    for worker in others:
        worker.join(max(deadline - monotonic(), 0.0))
    return [worker.name for worker in others if worker.is_alive()]


async def join_async(workers: list[AsyncWorker], timeout: float) -> list[str]:
    """Wait until they have ended; the names of those that have not."""
    others = [worker for worker in workers if worker is not asyncio.current_task()]
    if others:
        await asyncio.wait(others, timeout=max(timeout, 0.0))
    return [worker.get_name() for worker in others if not worker.done()]


def wait_sync(event: Event, timeout: float) -> bool:
    """Wait for an event; False: it did not come in time."""
    return event.wait(min(timeout, threading.TIMEOUT_MAX))


async def wait_async(event: AsyncEvent, timeout: float) -> bool:
    """Wait for an event; False: it did not come in time."""
    try:
        await asyncio.wait_for(event.wait(), timeout)
    except asyncio.TimeoutError:
        return False
    return True


def ends_worker_sync(error: BaseException) -> bool:
    """Whether what the program's function raised is meant for the thread that called it: no."""
    return False


def ends_worker_async(error: BaseException) -> bool:
    """Whether what the program's function raised is meant for the task that called it.

    A CancelledError may be that of something else that the function awaited. Python 3.10 can't tell.
    """
    if not isinstance(error, asyncio.CancelledError):
        return not isinstance(error, Exception)
    task = asyncio.current_task()
    return sys.version_info < (3, 11) or (task is not None and task.cancelling() > 0)


def resolve_sync(value: Any) -> Any:
    """The value, or what it gives if it is a function."""
    return value() if callable(value) else value


async def resolve_async(value: Any) -> Any:
    """The value, or what it gives if it is a function, asynchronous or not."""
    if callable(value):
        value = value()
        if isinstance(value, Awaitable):
            value = await value
    return value


class Baton:
    """What one waits for, and another passes, once."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = Lock()
        self._lock.acquire()

    def wait(self, timeout: float) -> None:
        """Until it is passed, or for `timeout` seconds."""
        self._lock.acquire(timeout=min(timeout, threading.TIMEOUT_MAX))

    def wake(self) -> None:
        """Pass it."""
        self._lock.release()


class AsyncBaton:
    """What one task waits for, and another passes, once."""

    __slots__ = ("_future",)

    def __init__(self) -> None:
        self._future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def wait(self, timeout: float) -> None:
        """Until it is passed, or for `timeout` seconds."""
        timer = self._future.get_loop().call_later(timeout, self.wake)
        try:
            await self._future
        finally:
            timer.cancel()

    def wake(self) -> None:
        """Pass it."""
        if not self._future.done():
            self._future.set_result(None)
