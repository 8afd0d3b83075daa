"""Doing something beside the test, in a thread or in a task, and waiting for what it does.

A machine may be ten times slower than ours and busy with something else: a test waits for an event, not for a while,
and what "at once" means is told by `within` in tens of seconds, beside something that would take a minute.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import sleep
from typing import Any

__all__ = [
    "QUARANTINE",
    "Watch",
    "beside",
    "beside_async",
    "eventually",
    "eventually_async",
    "in_child",
    "leave_in_child",
    "sleep",
    "sleep_async",
    "within",
]

# Bytes that AddressSanitizer keeps of what was freed.
QUARANTINE = 300_000_000 if "asan" in os.environ.get("LD_PRELOAD", "") else 0

# Seconds: a timer may end that much before its time, by the resolution of its clock.
EARLY = 0.02

sleep_async = asyncio.sleep


def in_child(function: Callable[[], bool]) -> bool:
    """Call it in a forked child: whether it returned True. AssertionError if it hangs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # there are threads
        pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if function() else 1)
        finally:
            os._exit(2)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        sleep(0.01)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    raise AssertionError("the child hangs")


def leave_in_child(held: list[Any], way: str) -> bool:
    """Have a forked child close the connection that is held, or only forget it: whether it could."""

    def leave() -> bool:
        if way == "close":
            held[0].close()
        held.clear()
        gc.collect()
        return True

    return in_child(leave)


class beside:
    """A call in a thread of its own."""

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self.value: Any = None
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self.run, args=(function, *args), daemon=True)
        self.thread.start()

    def run(self, function: Callable[..., Any], *args: Any) -> None:
        try:
            self.value = function(*args)
        except BaseException as error:
            self.error = error

    def result(self, timeout: float = 60.0) -> Any:
        self.thread.join(timeout)
        assert not self.thread.is_alive(), "it hangs"
        if self.error is not None:
            raise self.error
        return self.value


class beside_async:
    """A call of a coroutine function in a task of its own."""

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self.task = asyncio.create_task(function(*args))

    async def result(self, timeout: float = 60.0) -> Any:
        return await asyncio.wait_for(self.task, timeout)


def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it has not come about"
        sleep(0.005)


async def eventually_async(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it has not come about"
        await asyncio.sleep(0.005)


@contextmanager
def within(longest: float, shortest: float = 0.0) -> Iterator[None]:
    """The block takes so many seconds."""
    before = time.monotonic()
    yield
    assert shortest - EARLY <= time.monotonic() - before < longest


class Watch:
    """Sees whether the server works on a connection's query, and has queries wait; over a connection of its own."""

    WAIT = "select 'waited' from pg_advisory_xact_lock_shared(7001)"

    def __init__(self, conn: Any) -> None:
        self._conn = conn

    def busy(self, *conns: Any, query: str = "") -> None:
        """Wait until the server works on a query of each connection, with these words in it."""
        self._busy([conn.info.backend_pid for conn in conns], query)

    def _busy(self, pids: list[int], words: str) -> None:
        query = """select count(*) from pg_stat_activity
                   where state = 'active' and pid = any(%s) and strpos(query, %s) > 0"""
        eventually(lambda: self._conn.execute(query, [pids, words]).fetchone() == (len(pids),))

    async def busy_async(self, *conns: Any, query: str = "") -> None:
        """The same; the event loop runs on."""
        await asyncio.to_thread(self.busy, *conns, query=query)

    @contextmanager
    def during(self, conn: Any, function: Callable[[], object], query: str = "") -> Iterator[None]:
        """Call the function in a thread, once the server works on a query of the connection with these words."""
        pid = conn.info.backend_pid

        def run() -> None:
            self._busy([pid], query)
            function()

        other = beside(run)
        try:
            yield
        finally:
            other.result()

    def hold(self) -> None:
        """From now on `WAIT` waits."""
        self._conn.execute("select pg_advisory_lock(7001)")

    def release(self) -> None:
        """Let those go that wait."""
        self._conn.execute("select pg_advisory_unlock(7001)")


def open_sockets() -> int:
    """How many sockets this process has open."""
    found = 0
    for fd in os.listdir("/proc/self/fd"):
        try:
            found += os.readlink(f"/proc/self/fd/{fd}").startswith("socket:")
        except OSError:
            continue
    return found
