"""Large objects (PostgreSQL documentation, chapter 33), by the names of psycopg2's ``connection.lobject()``."""

from __future__ import annotations

import io
import os
from contextlib import AbstractAsyncContextManager, nullcontext
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from .cursor_async import AsyncCursor
from .errors import InterfaceError
from .pq import TransactionStatus
from .rows import tuple_row
from .types.numeric import Int4, Int8, Oid

if TYPE_CHECKING:
    from typing_extensions import Self

    from .abc import Buffer
    from .connection_async import AsyncConnection

__all__ = ["AsyncLargeObject"]

CHUNK = 1024 * 1024  # bytes that travel with one query
WRITE, READ = 0x20000, 0x40000  # libpq-fs.h
MODES = {"r": READ, "w": WRITE, "rw": READ | WRITE, "n": 0}


def local_file(name: str | os.PathLike[str], mode: str) -> IO[bytes]:
    return open(name, mode)


class AsyncLargeObject:
    """A large object of the database, with the methods of a binary file. Made by `AsyncConnection.lobject`.

    The place in it is kept on this side, and each call is a query of its own: so it needs no transaction, and stays
    valid from one to the next. Whoever wants to read the object as it is at one moment reads it in a transaction with
    isolation level REPEATABLE READ.

    Methods raise `InterfaceError` when it was closed, `io.UnsupportedOperation` where the mode forbids it,
    `errors.UndefinedObject` when it does not exist (any more), `errors.InsufficientPrivilege`.
    """

    __module__ = "howdah"

    def __init__(self, connection: AsyncConnection[Any], oid: int, mode: str):
        self._conn = connection
        self._oid = oid
        self._mode = mode
        self._flags = MODES[mode]
        self._position = 0
        self._closed = False

    @classmethod
    async def _open(
        cls,
        connection: AsyncConnection[Any],
        oid: int,
        mode: str | None,
        new_oid: int,
        new_file: str | os.PathLike[str] | None,
    ) -> Self:
        is_new = oid == 0
        mode = (mode or "").removesuffix("b") or ("rw" if is_new else "r")
        if mode not in MODES:
            raise ValueError(f"the mode must be one of 'r', 'w', 'rw' and 'n', got {mode!r}")
        if not is_new and (new_oid or new_file is not None):
            raise ValueError("new_oid and new_file are for a new large object: oid must be 0")
        self = cls(connection, oid, mode)
        if not is_new:
            if self._flags:  # an error for what is not there, or not allowed, now rather than later
                await self._ask("select pg_catalog.lo_close(pg_catalog.lo_open(%s, %s))", Oid(oid), Int4(self._flags))
            return self
        async with self._atomically():
            (self._oid,) = await self._ask("select pg_catalog.lo_create(%s)", Oid(new_oid))
            if new_file is not None:
                with local_file(new_file, "rb") as file:
                    while chunk := file.read(CHUNK):
                        await self._put(chunk)
                self._position = 0
        return self

    def __repr__(self) -> str:
        cls = type(self)
        state = " [closed]" if self._closed else ""
        return f"<{cls.__module__}.{cls.__qualname__} oid={self._oid} mode={self._mode!r}{state} at 0x{id(self):x}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.close()

    # ---- what it is

    @property
    def oid(self) -> int:
        """Its number in the database."""
        return self._oid

    @property
    def mode(self) -> str:
        """What it was opened for: ``r``, ``w``, ``rw``, or ``n`` for none of them."""
        return self._mode

    @property
    def closed(self) -> bool:
        """True after `close` and `unlink`."""
        return self._closed

    def readable(self) -> bool:
        """Whether it was opened for reading."""
        return bool(self._flags & READ)

    def writable(self) -> bool:
        """Whether it was opened for writing."""
        return bool(self._flags & WRITE)

    def seekable(self) -> bool:
        """Whether it was opened."""
        return bool(self._flags)

    # ---- reading and writing

    async def read(self, size: int = -1) -> bytes:
        """At most `size` bytes from where we are; negative: up to the end. Empty at the end."""
        self._check(READ)
        chunks = []
        while size != 0:
            wanted = CHUNK if size < 0 else min(size, CHUNK)
            place = (Oid(self._oid), Int8(self._position), Int4(wanted))
            (chunk,) = await self._ask("select pg_catalog.lo_get(%s, %s, %s)", *place)
            chunks.append(chunk)
            self._position += len(chunk)
            size -= len(chunk) if size > 0 else 0
            if len(chunk) < wanted:
                break
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def readinto(self, buffer: Buffer) -> int:
        """Fill a writable buffer, as far as there are bytes; return how many came."""
        view = memoryview(buffer).cast("B")
        data = await self.read(len(view))
        view[: len(data)] = data
        return len(data)

    async def write(self, data: Buffer) -> int:
        """Write bytes where we are, over what is there; return how many. In autocommit, all of them or none.

        Beyond the end, what is between becomes zeros. Raises TypeError for str.
        """
        self._check(WRITE)
        view = memoryview(data).cast("B")
        if len(view) <= CHUNK:
            await self._put(bytes(view))
            return len(view)
        before = self._position
        try:
            async with self._atomically():
                for at in range(0, len(view), CHUNK):
                    await self._put(bytes(view[at : at + CHUNK]))
        except BaseException:
            self._position = before
            raise
        return len(view)

    async def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place counted from the start (0), from where we are (1), or from the end (2); return it.

        Raises ValueError for another `whence`, and for a place before the start.
        """
        self._check()
        if whence not in (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END):
            raise ValueError(f"whence must be 0, 1 or 2, got {whence!r}")
        base = 0
        if whence == os.SEEK_CUR:
            base = self._position
        elif whence == os.SEEK_END:
            base = await self._size()
        if base + offset < 0:
            raise ValueError(f"a large object has no place {base + offset}")
        self._position = base + offset
        return self._position

    async def tell(self) -> int:
        """Where we are: bytes from the start."""
        self._check()
        return self._position

    async def truncate(self, size: int | None = None) -> int:
        """Make it `size` bytes long, by default up to where we are; return that. What is added is zeros.

        Where we are does not change. (psycopg2's default is 0.)
        """
        self._check(WRITE)
        if size is None:
            size = self._position
        if size < 0:
            raise ValueError(f"a size can't be negative: {size}")
        query = """select pg_catalog.lo_truncate64(fd, %s), pg_catalog.lo_close(fd)
            from pg_catalog.lo_open(%s, %s) fd"""
        await self._ask(query, Int8(size), Oid(self._oid), Int4(WRITE))
        return size

    async def flush(self) -> None:
        """Does nothing: what is written has been sent."""
        self._check()

    # ---- the object as a whole

    async def export(self, file_name: str | os.PathLike[str]) -> None:
        """Write all of it to a file of this machine, which is replaced. Files are written without asyncio."""
        self._check(READ)
        before = self._position
        self._position = 0
        try:
            with local_file(file_name, "wb") as file:
                while chunk := await self.read(CHUNK):
                    file.write(chunk)
        finally:
            self._position = before

    async def unlink(self) -> None:
        """Remove it from the database, and close it."""
        self._check()
        await self._ask("select pg_catalog.lo_unlink(%s)", Oid(self._oid))
        self._closed = True

    async def close(self) -> None:
        """No more is to be done with it; idempotent."""
        self._closed = True

    # ----

    def _check(self, needed: int = 0) -> None:
        if self._closed:
            raise InterfaceError("the large object is closed")
        if needed & ~self._flags:
            doing = "reading" if needed == READ else "writing"
            raise io.UnsupportedOperation(f"the large object was not opened for {doing}: its mode is {self._mode!r}")

    def _atomically(self) -> AbstractAsyncContextManager[Any]:
        """Around several queries: all of them or none. Outside of autocommit their transaction sees to that."""
        conn = self._conn
        if conn.autocommit and conn.info.transaction_status == TransactionStatus.IDLE:
            return conn.transaction()
        return nullcontext()

    async def _put(self, chunk: bytes) -> None:
        await self._ask("select pg_catalog.lo_put(%s, %s, %b)", Oid(self._oid), Int8(self._position), chunk)
        self._position += len(chunk)

    async def _size(self) -> int:
        query = """select pg_catalog.lo_lseek64(fd, 0, 2), pg_catalog.lo_close(fd)
            from pg_catalog.lo_open(%s, %s) fd"""
        size, _ = await self._ask(query, Oid(self._oid), Int4(READ if self._flags & READ else WRITE))
        return int(size)

    async def _ask(self, query: str, *params: Any) -> tuple[Any, ...]:
        async with AsyncCursor(self._conn, row_factory=tuple_row) as cur:
            await cur.execute(query, params, binary=True)
            row = await cur.fetchone()
        assert row is not None
        return row
