"""A server that says what a test tells it to, for what no real one would say."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

SSL_REQUEST = 80877103


class Peer:
    """The server's end of one connection, with TLS where there is a context for it."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext | None = None):
        self._sock = sock
        self._context = context
        sock.settimeout(20)

    def encrypt(self) -> None:
        """Make TLS's handshake."""
        assert self._context is not None
        self._sock = self._context.wrap_socket(self._sock, server_side=True)

    def close(self) -> None:
        self._sock.close()

    def send(self, *messages: bytes) -> None:
        self._sock.sendall(b"".join(messages))

    def startup(self) -> dict[str, str]:
        """Read a start-up message: its parameters. Asked for TLS before, it agrees if it has a context."""
        length, self.protocol = struct.unpack("!II", self._exactly(8))
        if self.protocol == SSL_REQUEST:
            self.send(b"N" if self._context is None else b"S")
            if self._context is not None:
                self.encrypt()
            length, self.protocol = struct.unpack("!II", self._exactly(8))
        self.asked = self._exactly(length - 8)
        words = [word.decode() for word in self.asked.split(b"\0")]
        return dict(zip(words[0:-2:2], words[1:-2:2], strict=True))

    def read(self) -> tuple[bytes, bytes]:
        """Read a message: its type and its body."""
        kind, length = struct.unpack("!cI", self._exactly(5))
        return kind, self._exactly(length - 4)

    def sasl_initial(self) -> tuple[str, str]:
        """Read a SASLInitialResponse: the mechanism and the client's first message."""
        mechanism, _, rest = self.read()[1].partition(b"\0")
        return mechanism.decode(), rest[4:].decode()

    def rest(self) -> bytes:
        """Everything until the client closes."""
        received = b""
        while data := self._sock.recv(4096):
            received += data
        return received

    def _exactly(self, n: int) -> bytes:
        data = b""
        while len(data) < n:
            more = self._sock.recv(n - len(data))
            if not more:
                raise ConnectionError("the client has closed")
            data += more
        return data


class FakeServer:
    """Runs a script for every connection, each in a thread. Inside ``with`` it listens on 127.0.0.1, at `port`, or on
    a socket that it is given. With `context` it has TLS.

    A script ends by returning, which closes the connection. `failures` has what scripts raised, other than the errors
    of a connection that the client closed.
    """

    def __init__(
        self,
        script: Callable[[Peer], object],
        listener: socket.socket | None = None,
        context: ssl.SSLContext | None = None,
    ):
        self._script = script
        self._context = context
        self._listener = listener or socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self.port = 0 if listener else self._listener.getsockname()[1]
        self.connections = 0
        self.failures: list[BaseException] = []

    @property
    def params(self) -> dict[str, str]:
        """How to connect to it."""
        where = {"host": "127.0.0.1", "port": str(self.port), "sslmode": "disable"}
        return {**where, "user": "u", "password": "pw", "dbname": "d"}

    def _accept(self) -> None:
        with suppress(OSError):  # the listener was shut down
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, sock: socket.socket) -> None:
        peer = Peer(sock, self._context)
        try:
            self._script(peer)
        except OSError:
            pass
        except BaseException as error:
            self.failures.append(error)
        finally:
            peer.close()

    def __enter__(self) -> FakeServer:
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in (self._acceptor, *self._threads):
            thread.join(5)
        if self.failures and value is None:
            raise self.failures[0]


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def authentication(code: int, data: bytes = b"") -> bytes:
    return message(b"R", struct.pack("!I", code) + data)


def sasl(*mechanisms: str) -> bytes:
    return authentication(10, b"".join(name.encode() + b"\0" for name in mechanisms) + b"\0")


def parameter_status(name: str, value: str) -> bytes:
    return message(b"S", f"{name}\0{value}\0".encode())


def error(sqlstate: str, text: str, severity: str = "FATAL") -> bytes:
    return message(b"E", f"S{severity}\0V{severity}\0C{sqlstate}\0M{text}\0\0".encode())


def notice(text: str) -> bytes:
    return message(b"N", f"SNOTICE\0VNOTICE\0C00000\0M{text}\0\0".encode())


def backend_key(pid: int = 42, key: bytes = b"\1\2\3\4") -> bytes:
    return message(b"K", struct.pack("!I", pid) + key)


SETTINGS = {
    "server_version": "18.0",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
    "in_hot_standby": "off",
    "default_transaction_read_only": "off",
}

READY = message(b"Z", b"I")


def welcome(**settings: str) -> bytes:
    """What follows AuthenticationOk."""
    return b"".join(parameter_status(*item) for item in {**SETTINGS, **settings}.items()) + backend_key() + READY
