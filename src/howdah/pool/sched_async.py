"""A queue of functions to be called later, and the loop that calls them."""

from __future__ import annotations

import heapq
import itertools
import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, ClassVar, TypeAlias

from ._concurrency import AsyncEvent, AsyncLock, wait_async

logger = logging.getLogger("howdah.pool")

Callback: TypeAlias = Callable[[], Any]  # under asyncio it returns an awaitable


class AsyncScheduler:
    """Calls what was entered when its time has come, until a None comes up."""

    EMPTY_QUEUE_TIMEOUT: ClassVar[float] = 600.0  # seconds

    def __init__(self) -> None:
        self._queue: list[tuple[float, int, Callback | None]] = []
        self._number = itertools.count()  # keeps the order among those of one moment
        self._event = AsyncEvent()
        self._lock = AsyncLock()

    async def enter(self, delay: float, action: Callback | None) -> None:
        """Have a function called in `delay` seconds; None ends `run()`."""
        entry = (monotonic() + delay, next(self._number), action)
        with self._lock:
            heapq.heappush(self._queue, entry)
            first = self._queue[0] is entry
        if first:
            self._event.set()

    async def run(self) -> None:
        """Call what is due, and wait for what is not, until a None is due."""
        while True:
            with self._lock:
                self._event.clear()
                now = monotonic()
                entry = self._queue[0] if self._queue else None
                due = entry is not None and entry[0] <= now
                if due:
                    heapq.heappop(self._queue)
            if entry is None or not due:
                delay = self.EMPTY_QUEUE_TIMEOUT if entry is None else entry[0] - now
                await wait_async(self._event, delay)
                continue
            action = entry[2]
            if action is None:
                return
            try:
                await action()
            except Exception as error:
                logger.warning("scheduled task run %s failed: %s: %s", action, type(error).__name__, error)
            # Nothing of it is kept while waiting for the next.
            del action, entry
