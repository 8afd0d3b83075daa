"""An event loop that takes no readers, as Windows' Proactor: its transports read and write sockets themselves."""

from __future__ import annotations

import asyncio
from typing import Any


class UnwatchingLoop(asyncio.SelectorEventLoop):
    def add_reader(self, fd: Any, callback: Any, *args: Any) -> None:
        raise NotImplementedError

    def add_writer(self, fd: Any, callback: Any, *args: Any) -> None:
        raise NotImplementedError


class EventLoopPolicy(asyncio.DefaultEventLoopPolicy):
    _loop_factory = UnwatchingLoop
