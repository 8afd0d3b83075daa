"""A connection in an event loop that takes no readers, as Windows' Proactor: the protocol of the loop's transport."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any


class Face(asyncio.BufferedProtocol):
    """What C sees of the transport, and the transport of C.

    `watch` gives the room to receive into, and is told what arrives, when it may write again, and of the end; nothing
    of that once the face was closed. The socket is `sock` if the loop knows the connection by that, else a duplicate
    of the descriptor, so that the transport may close it. Raises OSError.
    """

    _transport: Any = None
    _closed = False

    def __init__(self, watch: Any, loop: asyncio.AbstractEventLoop, fd: int, sock: socket.socket | None):
        self._watch = watch
        self._loop = loop
        self._sock = sock or socket.socket(fileno=socket.dup(fd))
        self._opening = loop.create_task(loop.create_connection(lambda: self, sock=self._sock))
        self._opening.add_done_callback(self._opened)

    def _opened(self, opening: asyncio.Task[Any]) -> None:
        if opening.cancelled() or opening.exception():
            self._sock.close()
            self.connection_lost(None)

    # What the transport calls.

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.write = transport.write
        if self._closed:
            transport.abort()
            return
        if self._watch.paused:
            transport.pause_reading()
        self._watch.opened = True
        self._watch.writable()

    def get_buffer(self, sizehint: int) -> Any:
        return self._watch.room()

    def buffer_updated(self, nbytes: int) -> None:
        if not self._closed:
            self._watch.arrived(nbytes)

    def pause_writing(self) -> None:
        self._watch.stuffed = True

    def resume_writing(self) -> None:
        if not self._closed:
            self._watch.stuffed = False
            self._watch.writable()

    def eof_received(self) -> None:
        self.connection_lost(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closed:
            self._watch.lost()

    # What C calls, beside `write`.

    def pause_reading(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def close(self) -> bool:
        """Let the transport go; whether anything that was written to it is lost by that."""
        self._closed = True
        unsent = self._transport is not None and self._transport.get_write_buffer_size() > 0
        with suppress(OSError):
            self._sock.setblocking(True)  # as C has it
        if self._loop.is_closed():
            self._sock.close()
        elif self._transport is not None:
            self._transport.abort()
        else:
            self._opening.cancel()
        return unsent
