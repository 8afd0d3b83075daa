"""Waiting on behalf of generators (psycopg 3, `psycopg.waiting`).

A generator yields what it waits for on a descriptor, is sent what that became ready for, and returns its result.
Howdah itself waits in C: these functions, and `Connection.wait`, are for generators of one's own.
"""

from __future__ import annotations

import select
import selectors
import time
from collections.abc import Callable, Generator
from enum import IntEnum
from typing import Any, TypeVar

from .errors import OperationalError

__all__ = [
    "Ready",
    "Wait",
    "wait",
    "wait_async",
    "wait_conn",
    "wait_conn_async",
    "wait_epoll",
    "wait_poll",
    "wait_select",
    "wait_selector",
]

RV = TypeVar("RV")


class Wait(IntEnum):
    """What is waited for."""

    R = 1
    W = 2
    RW = 3


class Ready(IntEnum):
    """What a descriptor became ready for."""

    NONE = 0
    R = 1
    W = 2
    RW = 3


class _WaitTimeout(OperationalError):
    """Nothing became ready in time. What waits turns it into an error of its own."""

    __module__ = "howdah.errors"


# How to wait once: (descriptor, what for, seconds or None for ever) to what is ready.
_ReadyFunc = Callable[[int, Wait, "float | None"], int]


def _by_selectors(fileno: int, what: Wait, seconds: float | None) -> int:
    with selectors.DefaultSelector() as selector:
        selector.register(fileno, what)  # selectors' EVENT_READ is 1 and EVENT_WRITE 2, as here
        return sum({event for _key, event in selector.select(seconds)})


def _by_select(fileno: int, what: Wait, seconds: float | None) -> int:
    readable, writable, bad = select.select(
        [fileno] if what & Wait.R else [], [fileno] if what & Wait.W else [], [fileno], seconds
    )
    return what if bad else (Ready.R if readable else 0) | (Ready.W if writable else 0)


def _by_poll(fileno: int, what: Wait, seconds: float | None) -> int:
    poll = select.poll()
    poll.register(fileno, (select.POLLIN if what & Wait.R else 0) | (select.POLLOUT if what & Wait.W else 0))
    return _of_poll(poll.poll(None if seconds is None else seconds * 1000), what)


def _by_epoll(fileno: int, what: Wait, seconds: float | None) -> int:
    with select.epoll() as epoll:
        epoll.register(fileno, (select.EPOLLIN if what & Wait.R else 0) | (select.EPOLLOUT if what & Wait.W else 0))
        return _of_poll(epoll.poll(seconds), what)


def _of_poll(events: list[tuple[int, int]], what: Wait) -> int:
    ready = 0
    for _fd, event in events:
        ready |= (Ready.R if event & select.POLLIN else 0) | (Ready.W if event & select.POLLOUT else 0)
        if event & ~(select.POLLIN | select.POLLOUT):  # an error, which whoever reads or writes will be told of
            ready |= what
    return ready


class _Clock:
    """How long to wait: `interval` seconds at a time (None: no limit), `timeout` on the whole (None: no limit)."""

    def __init__(self, interval: float | None, timeout: float | None):
        if interval is not None and interval < 0:
            raise ValueError(f"interval must be >= 0, got {interval}")
        self.interval = interval
        self.deadline = None if timeout is None else time.monotonic() + timeout

    def seconds(self) -> float | None:
        """To wait next. Raises when the time is over."""
        if self.deadline is None:
            return self.interval
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise _WaitTimeout("wait timed out")
        return left if self.interval is None else min(self.interval, left)


def _run(gen: Any, ready: _ReadyFunc, fileno: int | None, interval: float | None, timeout: float | None) -> Any:
    """Run a generator; without `fileno` it yields (descriptor, what for)."""
    clock = _Clock(interval, timeout)
    try:
        wanted = next(gen)
        while True:
            fd, what = wanted if fileno is None else (fileno, wanted)
            got = ready(fd, what, clock.seconds())
            if got or clock.interval is not None:
                wanted = gen.send(got)
    except StopIteration as stop:
        return stop.value


async def _run_async(gen: Any, fileno: int | None, interval: float | None, timeout: float | None) -> Any:
    clock = _Clock(interval, timeout)
    try:
        wanted = next(gen)
        while True:
            fd, what = wanted if fileno is None else (fileno, wanted)
            got = await _ready_async(fd, what, clock.seconds())
            if got or clock.interval is not None:
                wanted = gen.send(got)
    except StopIteration as stop:
        return stop.value


async def _ready_async(fileno: int, what: Wait, seconds: float | None) -> int:
    import asyncio

    if seconds == 0:
        await asyncio.sleep(0)
        return _by_selectors(fileno, what, 0)
    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()
    ready = 0

    def wake(how: int) -> None:
        nonlocal ready
        ready |= how
        arrived.set()

    if what & Wait.R:
        loop.add_reader(fileno, wake, Ready.R)
    if what & Wait.W:
        loop.add_writer(fileno, wake, Ready.W)
    try:
        await asyncio.wait_for(arrived.wait(), seconds)
    except (asyncio.TimeoutError, TimeoutError):
        pass
    finally:
        if what & Wait.R:
            loop.remove_reader(fileno)
        if what & Wait.W:
            loop.remove_writer(fileno)
    return ready


def _bounded(interval: float | None) -> float:
    if interval is None:
        raise ValueError("an interval is needed: what waits for ever cannot be interrupted")
    return interval


def wait_selector(
    gen: Generator[Any, Any, RV], fileno: int, interval: float = 0.0, timeout: float | None = None
) -> RV:
    """Run a generator that waits for one descriptor, and return its result.

    interval: seconds after which it is sent `Ready.NONE` when nothing is ready; 0: at once. timeout: seconds for the
    whole. Raises what the generator raises, an `OperationalError` at the timeout, and ValueError for an interval of
    None. Behaviour: psycopg 3.
    """
    result: RV = _run(gen, _by_selectors, fileno, _bounded(interval), timeout)
    return result


def wait_select(gen: Generator[Any, Any, RV], fileno: int, interval: float = 0.0, timeout: float | None = None) -> RV:
    """As `wait_selector`, by `select.select`: where gevent has patched it, other greenlets run meanwhile."""
    result: RV = _run(gen, _by_select, fileno, _bounded(interval), timeout)
    return result


def wait_poll(gen: Generator[Any, Any, RV], fileno: int, interval: float = 0.0, timeout: float | None = None) -> RV:
    """As `wait_selector`, by `select.poll`."""
    result: RV = _run(gen, _by_poll, fileno, _bounded(interval), timeout)
    return result


def wait_epoll(gen: Generator[Any, Any, RV], fileno: int, interval: float = 0.0, timeout: float | None = None) -> RV:
    """As `wait_selector`, by `select.epoll`."""
    result: RV = _run(gen, _by_epoll, fileno, _bounded(interval), timeout)
    return result


def wait_conn(gen: Generator[Any, Any, RV], interval: float = 0.0, timeout: float | None = None) -> RV:
    """As `wait_selector`, for a generator that yields the descriptor with what it waits for."""
    result: RV = _run(gen, _by_select, None, interval or None, timeout)
    return result


async def wait_async(
    gen: Generator[Any, Any, RV], fileno: int, interval: float = 0.0, timeout: float | None = None
) -> RV:
    """As `wait_selector`, under asyncio; the descriptor must not be one that the event loop watches already."""
    result: RV = await _run_async(gen, fileno, _bounded(interval), timeout)
    return result


async def wait_conn_async(gen: Generator[Any, Any, RV], interval: float = 0.0, timeout: float | None = None) -> RV:
    """As `wait_conn`, under asyncio."""
    result: RV = await _run_async(gen, None, interval or None, timeout)
    return result


wait = wait_select
