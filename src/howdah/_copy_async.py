"""COPY (psycopg 3, "COPY-related objects")."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from . import _howdah
from ._block import AsyncBlock
from ._copy_base import BaseCopy, reason_of
from .errors import Error, OperationalError, ProgrammingError

if TYPE_CHECKING:
    if True:  # ASYNC
        from collections.abc import Sequence

    from typing_extensions import Self

    from .abc import Buffer, Params, Query
    from .cursor_async import AsyncCursor

__all__ = ["AsyncCopy", "AsyncLibpqWriter", "AsyncQueuedLibpqWriter", "AsyncWriter"]


class AsyncCopy(AsyncBlock, _howdah.AsyncCopyBase, BaseCopy):
    """A block in which data is copied to or from a table.

    Made by `AsyncCursor.copy`; or directly, with a writer, to format rows for something other than a server.

    binary: the format of the rows where no server says it. writer: where the data goes, by default the server.

    `timeout`, a float or None, limits each wait for the server in seconds: its consent at the beginning of the block,
    every read or write, and what it does at the end. It can be changed within the block. When it has expired, the
    COPY is cancelled and `errors.QueryTimeout` raised, by the call that waited and by those after it.
    """

    __module__ = "howdah"

    writer: AsyncWriter

    def __init__(self, cursor: AsyncCursor[Any], *, binary: bool | None = None, writer: AsyncWriter | None = None):
        self._direct = writer is None or type(writer) is AsyncLibpqWriter
        super().__init__(cursor, bool(binary), None if self._direct else writer)
        self.writer = AsyncLibpqWriter(cursor) if writer is None else writer
        self._statement: Query | None = None
        self._params: Params | None = None
        self._entered = False

    async def _enter(self) -> Self:
        if self._entered:
            raise TypeError("copy blocks can be used only once")
        self._entered = True
        if self._statement is not None:
            await self._start(self._statement, self._params)
            if True:  # ASYNC
                self._began()
        return self

    async def _exit(self, exc_val: BaseException | None) -> bool:
        await self.finish(exc_val)
        return False

    async def _undo(self) -> None:
        await self.finish(OperationalError("interrupted"))

    def _give_up(self) -> None:
        self.connection._close()

    async def finish(self, exc: BaseException | None) -> None:
        """End the operation; the end of the block does it. Idempotent.

        exc: what went wrong, if anything: then what was written is discarded, what was not read is cancelled, and
        nothing that the server says to it is raised.
        """
        try:
            if self._reads or self._direct:
                await self._end_copy(exc)
            else:
                await self._finish_writer(exc)
        except BaseException as error:
            if not self._over:
                await self._end_copy(error)
            raise
        finally:
            self._release()

    async def _end_copy(self, exc: BaseException | None) -> None:
        """Have the server end; what it says to a failure of ours is of no interest."""
        try:
            if True:  # ASYNC
                step = self._end(None if exc is None else reason_of(exc, self))
                if step is not None:
                    await step
            else:
                self._end(None if exc is None else reason_of(exc, self))
        except Error:
            if exc is None:
                raise

    async def _finish_writer(self, exc: BaseException | None) -> None:
        if self._finished:
            return
        self._finished = True
        if exc is None:
            rows = self._take_rows(True)
            if rows is not None:
                await self.writer.write(rows)
        await self.writer.finish(exc)
        if not self._over:
            raise ProgrammingError(f"{self.writer!r} has not ended the COPY of the server")

    # ---- from the client

    async def write(self, buffer: Buffer | str) -> None:
        """Write a block of data to a COPY FROM STDIN, in the format that the statement says.

        buffer: str in text format only; blocks need not end where rows end. Raises TypeError for anything else, and
        as `write_row`.
        """
        if self._direct:
            if True:  # ASYNC
                step = self._put(buffer)
                if step is not None:
                    await step
            else:
                self._put(buffer)
            return
        data = self._encoded(buffer)
        rows = self._take_rows(False)
        if rows is not None:
            await self.writer.write(rows)
        await self.writer.write(data)

    if True:  # ASYNC

        async def write_row(self, row: Sequence[Any]) -> None:
            """Write a row of values to a COPY FROM STDIN, adapted as parameters of a query are.

            Rows are sent when some have come together, so that an error of the server may come with a later row, or
            at the end of the block. Raises `ProgrammingError` for a value that can't be adapted, `DataError` for one
            that can't be sent; then nothing of the row was written.
            """
            step = self._write_row(row)
            if step is not None:
                await step

        # ---- from the server

        async def read(self) -> Buffer:
            """The next block of data of a COPY TO STDOUT, as the server sent it; an empty one at the end."""
            while (step := self._more()) is not None:
                await step
            return self._read()

        async def read_row(self) -> tuple[Any, ...] | None:
            """The next row of a COPY TO STDOUT, as a tuple; None at the end.

            The values are str (from text) or bytes (from binary), unless set_types() told their types. Raises
            `DataError` for what is no row in PostgreSQL's own format, or can't be decoded.
            """
            while True:
                while (step := self._more()) is not None:
                    await step
                row = self._read_row()
                if row is not None or self._over:
                    return row

        async def rows(self) -> AsyncIterator[tuple[Any, ...]]:
            """The rows of a COPY TO STDOUT. Raises as `read_row`."""
            while (row := await self.read_row()) is not None:
                yield row

        async def __aiter__(self) -> AsyncIterator[Buffer]:
            while data := await self.read():
                yield data

    else:

        def rows(self) -> AsyncIterator[tuple[Any, ...]]:
            """The rows of a COPY TO STDOUT. Raises as `read_row`."""
            return iter(self.read_row, None)


class AsyncWriter(ABC):
    """Where the data of a `AsyncCopy` goes: base of writers of one's own."""

    @abstractmethod
    async def write(self, data: Buffer) -> None:
        """Write some data."""

    async def finish(self, exc: BaseException | None = None) -> None:  # noqa: B027, not every writer minds the end
        """The end of the data, or what has gone wrong instead."""


class AsyncLibpqWriter(AsyncWriter):
    """Writes to the server: the default.

    The name is psycopg's; howdah does without libpq. flush_threshold is accepted for its sake, too: how much is sent
    ahead of a slow server is bounded anyway.
    """

    __module__ = "howdah.copy"

    def __init__(self, cursor: AsyncCursor[Any], *, flush_threshold: int = 1024 * 1024):
        self.cursor = cursor
        self.connection = cursor.connection
        self.flush_threshold = flush_threshold

    async def write(self, data: Buffer) -> None:
        """Send a block of data. Raises `OperationalError` outside of a copy() block, and what the server says."""
        if True:  # ASYNC
            step = self._copy._put(data)
            if step is not None:
                await step
        else:
            self._copy._put(data)

    async def finish(self, exc: BaseException | None = None) -> None:
        """End the COPY, or have it fail."""
        await self._copy._end_copy(exc)

    @property
    def _copy(self) -> Any:
        copy = self.connection._copy
        if copy is None:
            raise OperationalError("sending copy data failed: no COPY in progress")
        return copy


class AsyncQueuedLibpqWriter(AsyncLibpqWriter):
    """Writes to the server in the background, so that nobody is held up until `QUEUE_SIZE` blocks wait.

    An error of the server is told by a later write, or at the end.
    """

    __module__ = "howdah.copy"

    QUEUE_SIZE = 1024

    def __init__(self, cursor: AsyncCursor[Any], *, flush_threshold: int = 1024 * 1024):
        super().__init__(cursor, flush_threshold=flush_threshold)
        if True:  # ASYNC
            from asyncio import Queue
        else:
            from queue import Queue
        self._queue: Queue[Buffer] = Queue(maxsize=self.QUEUE_SIZE)
        self._worker: Any = None
        self._error: BaseException | None = None

    async def worker(self) -> None:
        """Send what is queued, until an empty block comes; once something has failed, only take it."""
        while data := await self._queue.get():
            if self._error is None:
                try:
                    await super().write(data)
                except BaseException as error:
                    self._error = error

    async def write(self, data: Buffer) -> None:
        """Queue a block of data. Raises what an earlier one has met."""
        if not data:
            return
        if self._worker is None:
            if True:  # ASYNC
                from asyncio import create_task

                self._worker = create_task(self.worker())
            else:
                from threading import Thread

                self._worker = Thread(target=self.worker, daemon=True)
                self._worker.start()
        if self._error is not None:
            raise self._error
        await self._queue.put(data)

    async def finish(self, exc: BaseException | None = None) -> None:
        """Wait until everything was sent, and end the COPY, or have it fail."""
        if self._worker is not None:
            await self._queue.put(b"")
            if True:  # ASYNC
                await self._worker
            else:
                self._worker.join()
            self._worker = None
        if exc is None and self._error is not None:
            raise self._error
        await super().finish(exc)
