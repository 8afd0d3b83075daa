"""The server's end of TLS, whose records can be spoiled on their way."""

from __future__ import annotations

import random
import socket
import ssl
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from servers.fake import SSL_REQUEST

# What is to be sent, and how many bytes were sent before: what is sent instead, in pieces at different times, and how
# the connection ends.
Below = Callable[[bytes, int], tuple[list[bytes], str]]
ON, FIN, RST = "", "closed", "reset"


class TunnelEnd(OSError):
    """The connection was ended below TLS."""


def server_context(folder: Path) -> ssl.SSLContext:
    """With a certificate of its own, which is made in the folder."""
    from servers.certificates import Authority  # needs a package that not every interpreter has

    Authority(folder).issue("server", "localhost", ["localhost", "127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    return context


class Tunnel:
    """Looks like the socket that it is put over, as far as a player uses one."""

    def __init__(
        self, sock: socket.socket, context: ssl.SSLContext, below: Below | None = None, stuffing: bytes = b""
    ):
        """Agrees to TLS and makes the handshake. stuffing: what comes in the same segment as the agreement."""
        self._sock = sock
        self._below = below
        self._sent = 0
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        request = b""
        while len(request) < 8:
            request += self._more(8 - len(request))
        if struct.unpack("!II", request) != (8, SSL_REQUEST):
            raise TunnelEnd("the client did not ask for TLS")
        sock.sendall(b"S" + stuffing)
        self._until_done(self._tls.do_handshake)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, data: bytes) -> None:
        for at in range(0, len(data), 16384):
            self._until_done(self._tls.write, data[at : at + 16384])

    def recv(self, size: int) -> bytes:
        try:
            received: bytes = self._until_done(self._tls.read, size)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        return received

    def _until_done(self, call: Callable[..., Any], *args: Any) -> Any:
        while True:
            try:
                result = call(*args)
            except ssl.SSLWantReadError:
                self._flush()
                received = self._sock.recv(65536)
                if received:
                    self._incoming.write(received)
                else:
                    self._incoming.write_eof()
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        data, end = self._outgoing.read(), ON
        pieces = [data] if data else []
        if data and self._below is not None:
            pieces, end = self._below(data, self._sent)
            self._sent += len(data)
        for piece in pieces:
            self._sock.sendall(piece)
            if piece is not pieces[-1]:
                time.sleep(0.0005)
        if end == RST:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif end == FIN:
            self._sock.shutdown(socket.SHUT_WR)
            while self._sock.recv(65536):
                pass
        if end:
            raise TunnelEnd(end)

    def _more(self, most: int) -> bytes:
        received = self._sock.recv(most)
        if not received:
            raise TunnelEnd("the client has closed")
        return received


def cut(at: int, end: str) -> Below:
    """The records end there, one of them in its middle, without close_notify."""

    def send(data: bytes, before: int) -> tuple[list[bytes], str]:
        return ([data], ON) if before + len(data) <= at else ([data[: at - before]], end)

    return send


def changed(at: int, change: Callable[[bytes, int], bytes]) -> Below:
    """The records are no longer what they were."""

    def send(data: bytes, before: int) -> tuple[list[bytes], str]:
        return [change(data, at - before) if before <= at < before + len(data) else data], ON

    return send


def split(at: int) -> Below:
    """The client sees the bytes before and those behind at different times."""

    def send(data: bytes, before: int) -> tuple[list[bytes], str]:
        middle = at - before
        return ([data[:middle], data[middle:]] if 0 < middle < len(data) else [data]), ON

    return send


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def lose(data: bytes, at: int) -> bytes:
    return data[:at] + data[at + 1 :]


def again(data: bytes, at: int) -> bytes:
    return data + data


def garbage_behind(data: bytes, at: int) -> bytes:
    """Behind whole records, so that it begins another one."""
    return data + random.Random(at).randbytes(40)


def alien_record(data: bytes, at: int) -> bytes:
    """Application data that nobody has encrypted."""
    return data + b"\x17\x03\x03\x00\x06Z\0\0\0\5I"


def announcement(data: bytes, at: int) -> bytes:
    """A record of the greatest length there is, of which nothing comes."""
    return data + b"\x17\x03\x03\xff\xff"


CHANGES = (flip, lose, again, garbage_behind, alien_record, announcement)
