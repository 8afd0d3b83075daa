"""The socket while a connection is being made under asyncio.

A module of its own, because importing asyncio takes longer than the rest of howdah.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from .._discretion import callers
from .channel import QUIETLY, OwnSocket
from .hosts import Address, Info, numeric_infos

T = TypeVar("T")


class AsyncioChannel(OwnSocket):
    known: socket.socket | None = None  # by which a loop that takes no readers knows the connection

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def limit(self, seconds: float) -> AbstractAsyncContextManager[Any]:
        return _timeout(seconds)

    async def lookup(self, query: dict[str, Any]) -> Sequence[Info]:
        if query["flags"]:
            return numeric_infos(query)
        return await self._loop.getaddrinfo(**query)

    async def open(self, address: Address) -> socket.socket:
        self._sock = socket.socket(address.family, socket.SOCK_STREAM)
        self._sock.setblocking(False)
        await self._loop.sock_connect(self._sock, address.sockaddr)
        return self._sock

    async def _send(self, data: bytes) -> None:
        try:
            sent = self.sock.send(data, QUIETLY)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            await self._loop.sock_sendall(self.sock, data[sent:])

    async def _receive(self, size: int) -> bytes:
        return await self._loop.sock_recv(self.sock, size)

    def detach(self) -> int:
        if not _takes_readers(self._loop, self.sock.fileno()):
            # Windows' Proactor does not accept a duplicate of a socket that it knows.
            self.known, self._sock = self.sock, self.sock.dup()
        return super().detach()

    async def resolve(self, given: Any) -> Any:
        try:
            value = given() if callable(given) else given
            return await value if isinstance(value, Awaitable) else value
        except Exception as error:
            self.raised = error
            raise

    async def compute(self, work: Callable[[], T]) -> T:
        return await self._loop.run_in_executor(None, work)


_with_readers: set[type[asyncio.AbstractEventLoop]] = set()


def _takes_readers(loop: asyncio.AbstractEventLoop, fd: int) -> bool:
    """Whether a loop has add_reader(), as those of its class have once one had."""
    if type(loop) in _with_readers:
        return True
    try:
        loop.add_reader(fd, int)
    except NotImplementedError:
        return False
    loop.remove_reader(fd)
    _with_readers.add(type(loop))
    return True


callers.add(AsyncioChannel.resolve.__code__)

if sys.version_info >= (3, 11):
    _timeout = asyncio.timeout
else:

    class _timeout:
        """What `asyncio.timeout` does, for Python 3.10."""

        def __init__(self, seconds: float):
            self._seconds = seconds
            self._expired = False

        async def __aenter__(self) -> None:
            task = asyncio.current_task()
            assert task is not None

            def expire() -> None:
                self._expired = True
                task.cancel()

            self._handle = asyncio.get_running_loop().call_later(self._seconds, expire)

        async def __aexit__(self, kind: Any, value: Any, traceback: Any) -> None:
            self._handle.cancel()
            if self._expired and kind is asyncio.CancelledError:
                raise TimeoutError from value
