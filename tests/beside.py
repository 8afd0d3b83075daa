"""Doing something beside the test, in a thread or in a task."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from time import sleep
from typing import Any

__all__ = ["beside", "beside_async", "eventually", "eventually_async", "sleep", "sleep_async"]

sleep_async = asyncio.sleep


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

    def result(self, timeout: float = 30.0) -> Any:
        self.thread.join(timeout)
        assert not self.thread.is_alive(), "it hangs"
        if self.error is not None:
            raise self.error
        return self.value


class beside_async:
    """A call of a coroutine function in a task of its own."""

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self.task = asyncio.create_task(function(*args))

    async def result(self, timeout: float = 30.0) -> Any:
        return await asyncio.wait_for(self.task, timeout)


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it has not come about"
        sleep(0.005)


async def eventually_async(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it has not come about"
        await asyncio.sleep(0.005)
