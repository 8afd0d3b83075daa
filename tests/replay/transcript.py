"""What a server has said in a conversation, and when."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from replay.tunnel import Below, Tunnel
from servers.fake import READY

Send = Callable[["socket.socket | Tunnel", bytes, int], bool]


@dataclass(frozen=True)
class Transcript:
    """The server's bytes in turns: each is sent once the client has sent so many bytes in all."""

    turns: tuple[tuple[int, bytes], ...]

    @property
    def size(self) -> int:
        return sum(len(data) for _, data in self.turns)

    @property
    def start(self) -> int:
        """Where the start-up ends: behind the first ReadyForQuery."""
        return b"".join(data for _, data in self.turns).index(READY) + len(READY)

    def messages(self) -> list[tuple[int, bytes]]:
        """One turn for each message."""
        ends, total, data = [], 0, b""
        for need, part in self.turns:
            data += part
            total += len(part)
            ends.append((total, need))
        found, at = [], 0
        while at < len(data):
            (length,) = struct.unpack_from("!I", data, at + 1)
            need = next(need for end, need in ends if at < end)
            found.append((need, data[at : at + 1 + length]))
            at += 1 + length
        return found


class Recorder:
    """Between a client and a server, inside ``with``: notes one conversation."""

    def __init__(self, host: str, port: int):
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._said: list[tuple[int, bytes]] = []
        self._heard = 0

    def __enter__(self) -> Recorder:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._listener.close()
        self._thread.join(10)

    @property
    def transcript(self) -> Transcript:
        return Transcript(tuple(self._said))

    def _run(self) -> None:
        client, _ = self._listener.accept()
        with client, socket.create_connection(self._server) as server:
            threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
            with suppress(OSError):
                while data := server.recv(65536):
                    self._said.append((self._heard, data))
                    client.sendall(data)

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                self._heard += len(data)
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)


def whole(sock: socket.socket | Tunnel, data: bytes, before: int) -> bool:
    """Sends a turn, of which `before` bytes have been sent already; False ends the conversation."""
    sock.sendall(data)
    return True


def split_at(at: int) -> Send:
    """The client sees the bytes before and those behind at different times."""

    def send(sock: socket.socket | Tunnel, data: bytes, before: int) -> bool:
        cut = at - before
        if 0 < cut < len(data):
            sock.sendall(data[:cut])
            time.sleep(0.0005)
            data = data[cut:]
        sock.sendall(data)
        return True

    return send


def end_at(at: int, *, reset: bool) -> Send:
    """The connection ends there: closed, or reset."""

    def send(sock: socket.socket | Tunnel, data: bytes, before: int) -> bool:
        if before + len(data) <= at:
            sock.sendall(data)
            return True
        sock.sendall(data[: at - before])
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            sock.shutdown(socket.SHUT_WR)
        return False

    return send


class Player:
    """Plays transcripts to one client at a time, inside ``with``; over TLS if there is a context for it."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self._below: Below | None = None
        self._stuffing = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._turns: tuple[tuple[int, bytes], ...] = ()
        self._send: Send = whole
        self._hang_up = False

    def load(
        self,
        turns: tuple[tuple[int, bytes], ...],
        send: Send = whole,
        *,
        hang_up: bool = False,
        below: Below | None = None,
        stuffing: bytes = b"",
    ) -> None:
        """What the next client hears. hang_up: the connection ends behind that, or when the client says nothing.

        below, stuffing: what becomes of TLS's records, and what comes before them.
        """
        self._turns, self._send, self._hang_up = turns, send, hang_up
        self._below, self._stuffing = below, stuffing

    def __enter__(self) -> Player:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _run(self) -> None:
        with suppress(OSError):  # the listener was shut down
            while True:
                sock, _ = self._listener.accept()
                with sock, suppress(OSError):
                    sock.settimeout(0.2 if self._hang_up else 60)
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    secure = self._context and Tunnel(sock, self._context, self._below, self._stuffing)
                    self._play(secure or sock)

    def _play(self, sock: socket.socket | Tunnel) -> None:
        heard = said = 0
        for need, data in self._turns:
            while heard < need:
                received = sock.recv(65536)
                if not received:
                    return
                heard += len(received)
            if not self._send(sock, data, said):
                if sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) != struct.pack("ii", 1, 0):
                    self._drain(sock)
                return
            said += len(data)
        if self._hang_up:
            sock.shutdown(socket.SHUT_WR)
        self._drain(sock)

    def _drain(self, sock: socket.socket | Tunnel) -> None:
        while sock.recv(65536):
            pass
