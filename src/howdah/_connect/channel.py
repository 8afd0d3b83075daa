"""The socket while a connection is being made: one class that blocks, and one for asyncio in a module of its own.

What uses them is written once, as coroutines over `Channel`. A `BlockingChannel` never suspends, so `run_blocking`
has only to start them. It keeps to the `socket` module, which gevent patches.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from .hosts import Address, Info

T = TypeVar("T")

RECEIVE = 16 * 1024


def why(error: OSError) -> str:
    """The system's words, since asyncio has some of its own."""
    return os.strerror(error.errno) if error.errno else str(error)


class Channel(Protocol):
    """What fails, fails with OSError; what takes longer than `limit` allows, with TimeoutError."""

    def limit(self, seconds: float) -> AbstractAsyncContextManager[Any]:
        """What is awaited inside has to be over in time."""
        ...

    async def lookup(self, query: dict[str, Any]) -> Sequence[Info]:
        """getaddrinfo() with these arguments."""
        ...

    async def open(self, address: Address) -> socket.socket: ...
    async def send(self, data: bytes) -> None: ...
    async def receive(self) -> bytes:
        """What has arrived; nothing once the other side has closed."""
        ...

    async def compute(self, work: Callable[[], None]) -> None:
        """Do work that takes long."""
        ...

    def close(self) -> None: ...
    def detach(self) -> int:
        """Give away the socket's descriptor."""
        ...


class OwnSocket:
    _sock: socket.socket | None = None

    @property
    def sock(self) -> socket.socket:
        assert self._sock is not None
        return self._sock

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def detach(self) -> int:
        fd = self.sock.detach()
        self._sock = None
        return fd


class BlockingChannel(OwnSocket):
    _deadline = float("inf")

    def limit(self, seconds: float) -> AbstractAsyncContextManager[Any]:
        return _Deadline(self, seconds)

    def _wait_at_most(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(min(left, 1e9))

    async def lookup(self, query: dict[str, Any]) -> Sequence[Info]:
        return socket.getaddrinfo(**query)

    async def open(self, address: Address) -> socket.socket:
        self._sock = socket.socket(address.family, socket.SOCK_STREAM)
        self._wait_at_most()
        self._sock.connect(address.sockaddr)
        return self._sock

    async def send(self, data: bytes) -> None:
        self._wait_at_most()
        self.sock.sendall(data)

    async def receive(self) -> bytes:
        self._wait_at_most()
        return self.sock.recv(RECEIVE)

    async def compute(self, work: Callable[[], None]) -> None:
        work()


class _Deadline:
    def __init__(self, channel: BlockingChannel, seconds: float):
        self._channel = channel
        self._seconds = seconds

    async def __aenter__(self) -> None:
        self._channel._deadline = time.monotonic() + self._seconds

    async def __aexit__(self, *exc_info: object) -> None:
        self._channel._deadline = float("inf")


def run_blocking(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that uses a `BlockingChannel`: it never waits for a loop."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise RuntimeError("a blocking channel waited for an event loop")
