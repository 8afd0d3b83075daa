"""The socket while a connection is being made: one class that blocks, and one for asyncio in a module of its own.

What uses them is written once, as coroutines over `Channel`. A `BlockingChannel` never suspends, so `run_blocking`
has only to start them. It keeps to the `socket` module, which gevent patches.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .._discretion import callers
from ..errors import ProgrammingError
from .hosts import Address, Info, numeric_infos
from .steps import Step, log_step

if TYPE_CHECKING:
    from .tls import Pump  # ssl is imported by those who need it

T = TypeVar("T")

RECEIVE = 16 * 1024
QUIETLY = getattr(socket, "MSG_NOSIGNAL", 0)  # who has SIGPIPE end the process doesn't mean a server that goes away
ATTENTION = 0.1  # seconds: a signal that another thread was given does not end a wait


def why(error: OSError) -> str:
    """The system's words, since asyncio has some of its own."""
    return os.strerror(error.errno) if error.errno else str(error)


def time_left(deadline: float, longest: float) -> float:
    """Seconds until then, and at most so many. Raises TimeoutError when there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return min(left, longest)


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
    async def receive(self, size: int = RECEIVE) -> bytes:
        """What has arrived, of at most so many bytes from the network; nothing once the other side has closed."""
        ...

    async def start_tls(self, pump: Pump) -> None:
        """Make the handshake; what is sent and received from now on goes through it. Raises `ssl.SSLError`."""
        ...

    def has_more(self) -> bool:
        """Whether bytes have arrived that were not received."""
        ...

    async def compute(self, work: Callable[[], T]) -> T:
        """Do work that takes long, and may end after the time is up, when nobody waits for it any longer."""
        ...

    async def resolve(self, given: Any) -> Any:
        """A value, or what a function gives that has none to start with. Raises what the function does."""
        ...

    @property
    def raised(self) -> BaseException | None:
        """What such a function has raised: nobody else may take it for an error of his own."""
        ...

    def note(self, step: Step, about: Any = None) -> None:
        """A step is taken: see `Step`."""
        ...

    @property
    def tls(self) -> Pump | None: ...
    def close(self) -> None: ...
    def detach(self) -> int:
        """Give away the socket's descriptor."""
        ...


class OwnSocket:
    _sock: socket.socket | None = None
    tls: Pump | None = None
    raised: BaseException | None = None

    async def _send(self, data: bytes) -> None:
        raise NotImplementedError

    async def _receive(self, size: int) -> bytes:
        raise NotImplementedError

    def note(self, step: Step, about: Any = None) -> None:
        log_step(step, about)

    async def send(self, data: bytes) -> None:
        await self._send(self.tls.encrypt(data) if self.tls else data)

    async def receive(self, size: int = RECEIVE) -> bytes:
        if self.tls is None:
            return await self._receive(size)
        while True:
            records = await self._receive(size)
            data = self.tls.decrypt(records) if records else None
            if answer := self.tls.encrypt(b""):
                await self._send(answer)
            if data != b"":
                return data or b""

    async def start_tls(self, pump: Pump) -> None:
        try:
            while not pump.handshake():
                await self._send(pump.encrypt(b""))
                if not (records := await self._receive(RECEIVE)):
                    raise ConnectionResetError
                pump.incoming.write(records)
        finally:
            if alert := pump.encrypt(b""):
                with suppress(OSError):
                    await self._send(alert)
        self.tls = pump

    def has_more(self) -> bool:
        timeout = self.sock.gettimeout()
        self.sock.settimeout(0)
        try:
            return bool(self.sock.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return False
        finally:
            self.sock.settimeout(timeout)

    @property
    def sock(self) -> socket.socket:
        assert self._sock is not None
        return self._sock

    def close(self) -> None:
        self.tls = None
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def detach(self) -> int:
        fd = self.sock.detach()
        self._sock = None
        return fd


class BlockingChannel(OwnSocket):
    _deadline = float("inf")
    _timeout: float | None = None  # the socket's

    def limit(self, seconds: float) -> AbstractAsyncContextManager[Any]:
        return _Deadline(self, seconds)

    def _wait_at_most(self, longest: float = 1e9) -> None:
        """How long the next call may take. Telling the socket is a system call, so it is told of changes only."""
        timeout = time_left(self._deadline, longest)
        if timeout != self._timeout:
            self.sock.settimeout(timeout)
            self._timeout = timeout

    async def lookup(self, query: dict[str, Any]) -> Sequence[Info]:
        if query["flags"]:
            return numeric_infos(query)
        return _by(self._deadline, lambda: socket.getaddrinfo(**query))

    async def open(self, address: Address) -> socket.socket:
        self._sock = socket.socket(address.family, socket.SOCK_STREAM)
        self._timeout = None
        self._wait_at_most()
        self._sock.connect(address.sockaddr)
        return self._sock

    async def _send(self, data: bytes) -> None:
        while data:
            self._wait_at_most(ATTENTION)
            with suppress(TimeoutError):
                data = data[self.sock.send(data, QUIETLY) :]

    async def _receive(self, size: int) -> bytes:
        while True:
            self._wait_at_most(ATTENTION)
            try:
                return self.sock.recv(size)
            except TimeoutError:
                continue

    async def resolve(self, given: Any) -> Any:
        try:
            value = given() if callable(given) else given
        except Exception as error:
            self.raised = error
            raise
        if isinstance(value, Awaitable):
            if isinstance(value, Coroutine):
                value.close()
            raise ProgrammingError("a blocking connection cannot await; it needs a function that is not async")
        return value

    async def compute(self, work: Callable[[], T]) -> T:
        return _by(self._deadline, work)


def _by(deadline: float, work: Callable[[], T]) -> T:
    """Do in a thread what knows no limits; what takes too long is left to end by itself."""
    results: list[T] = []
    errors: list[BaseException] = []
    ended = threading.Event()

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)
        ended.set()

    threading.Thread(target=run, name="howdah-connect", daemon=True).start()
    while not ended.wait(time_left(deadline, ATTENTION)):
        pass
    if errors:
        raise errors[0]
    return results[0]


callers.add(BlockingChannel.resolve.__code__)


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
