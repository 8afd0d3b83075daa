"""Waiting for notifications (PostgreSQL documentation, "LISTEN"): the two ways to wait."""

from __future__ import annotations

import select
import time
from typing import Any

SLICE = 0.5  # seconds until a wait looks whether the connection was closed by somebody else


def wait_sync(conn: Any, timeout: float | None) -> None:
    """Wait until something arrives, at most `timeout` seconds and a slice, and take it."""
    conn._drain(True)
    seconds = _slice(timeout)
    if conn._backlog or seconds <= 0:
        return
    if conn._wait is not None:  # `select` was patched, so that others run meanwhile
        select.select([conn.fileno()], [], [], seconds)
    else:
        poll = select.poll()
        poll.register(conn.fileno(), select.POLLIN)
        poll.poll(seconds * 1000)
    conn._drain(True)


async def wait_async(conn: Any, timeout: float | None) -> None:
    """The same under asyncio: the loop watches the connection, and takes what arrives."""
    import asyncio

    conn._drain(False)
    seconds = _slice(timeout)
    if conn._backlog:
        return
    conn._watch_by(asyncio.get_running_loop())
    if seconds <= 0:
        for _ in range(2):  # turns, in which a loop without readers receives
            await asyncio.sleep(0)
        return
    conn._arrived = asyncio.Event()
    try:
        await asyncio.wait_for(conn._arrived.wait(), seconds)
    except (asyncio.TimeoutError, TimeoutError):
        pass
    finally:
        conn._arrived = None


def _slice(timeout: float | None) -> float:
    return SLICE if timeout is None else min(SLICE, timeout)


def deadline_after(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + timeout


def time_left(deadline: float | None) -> float | None:
    return None if deadline is None else deadline - time.monotonic()
