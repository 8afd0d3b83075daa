# Generated from _copy_async.py by tools/unasync.py: do not edit.
"""COPY (psycopg 3, "COPY-related objects")."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from . import _howdah
from ._block import Block
from ._copy_base import BaseCopy, reason_of
from .errors import Error, OperationalError, ProgrammingError

if TYPE_CHECKING:
    from typing_extensions import Self

    from .abc import Buffer, Params, Query
    from .cursor import Cursor

__all__ = ["Copy", "LibpqWriter", "QueuedLibpqWriter", "Writer"]


class Copy(Block, _howdah.CopyBase, BaseCopy):
    """A block in which data is copied to or from a table.

    Made by `Cursor.copy`; or directly, with a writer, to format rows for something other than a server.

    binary: the format of the rows where no server says it. writer: where the data goes, by default the server.

    `timeout`, a float or None, limits each wait for the server in seconds: its consent at the beginning of the block,
    every read or write, and what it does at the end. It can be changed within the block. When it has expired, the
    COPY is cancelled and `errors.QueryTimeout` raised, by the call that waited and by those after it.
    """

    __module__ = "howdah"

    writer: Writer

    def __init__(self, cursor: Cursor[Any], *, binary: bool | None = None, writer: Writer | None = None):
        self._direct = writer is None or type(writer) is LibpqWriter
        super().__init__(cursor, bool(binary), None if self._direct else writer)
        self.writer = LibpqWriter(cursor) if writer is None else writer
        self._statement: Query | None = None
        self._params: Params | None = None
        self._entered = False

    def _enter(self) -> Self:
        if self._entered:
            raise TypeError("copy blocks can be used only once")
        self._entered = True
        if self._statement is not None:
            self._start(self._statement, self._params)
        return self

    def _exit(self, exc_val: BaseException | None) -> bool:
        self.finish(exc_val)
        return False

    def _undo(self) -> None:
        self.finish(OperationalError("interrupted"))

    def _give_up(self) -> None:
        self.connection._close()

    def finish(self, exc: BaseException | None) -> None:
        """End the operation; the end of the block does it. Idempotent.

        exc: what went wrong, if anything: then what was written is discarded, what was not read is cancelled, and
        nothing that the server says to it is raised.
        """
        try:
            if self._reads or self._direct:
                self._end_copy(exc)
            else:
                self._finish_writer(exc)
        except BaseException as error:
            if not self._over:
                self._end_copy(error)
            raise
        finally:
            self._release()

    def _end_copy(self, exc: BaseException | None) -> None:
        """Have the server end; what it says to a failure of ours is of no interest."""
        try:
            self._end(None if exc is None else reason_of(exc, self))
        except Error:
            if exc is None:
                raise

    def _finish_writer(self, exc: BaseException | None) -> None:
        if self._finished:
            return
        self._finished = True
        if exc is None:
            rows = self._take_rows(True)
            if rows is not None:
                self.writer.write(rows)
        self.writer.finish(exc)
        if not self._over:
            raise ProgrammingError(f"{self.writer!r} has not ended the COPY of the server")

    # ---- from the client

    def write(self, buffer: Buffer | str) -> None:
        """Write a block of data to a COPY FROM STDIN, in the format that the statement says.

        buffer: str in text format only; blocks need not end where rows end. Raises TypeError for anything else, and
        as `write_row`.
        """
        if self._direct:
            self._put(buffer)
            return
        data = self._encoded(buffer)
        rows = self._take_rows(False)
        if rows is not None:
            self.writer.write(rows)
        self.writer.write(data)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows of a COPY TO STDOUT. Raises as `read_row`."""
        return iter(self.read_row, None)


class Writer(ABC):
    """Where the data of a `Copy` goes: base of writers of one's own."""

    @abstractmethod
    def write(self, data: Buffer) -> None:
        """Write some data."""

    def finish(self, exc: BaseException | None = None) -> None:  # noqa: B027, not every writer minds the end
        """The end of the data, or what has gone wrong instead."""


class LibpqWriter(Writer):
    """Writes to the server: the default.

    The name is psycopg's; howdah does without libpq. flush_threshold is accepted for its sake, too: how much is sent
    ahead of a slow server is bounded anyway.
    """

    __module__ = "howdah.copy"

    def __init__(self, cursor: Cursor[Any], *, flush_threshold: int = 1024 * 1024):
        self.cursor = cursor
        self.connection = cursor.connection
        self.flush_threshold = flush_threshold

    def write(self, data: Buffer) -> None:
        """Send a block of data. Raises `OperationalError` outside of a copy() block, and what the server says."""
        self._copy._put(data)

    def finish(self, exc: BaseException | None = None) -> None:
        """End the COPY, or have it fail."""
        self._copy._end_copy(exc)

    @property
    def _copy(self) -> Any:
        copy = self.connection._copy
        if copy is None:
            raise OperationalError("sending copy data failed: no COPY in progress")
        return copy


class QueuedLibpqWriter(LibpqWriter):
    """Writes to the server in the background, so that nobody is held up until `QUEUE_SIZE` blocks wait.

    An error of the server is told by a later write, or at the end.
    """

    __module__ = "howdah.copy"

    QUEUE_SIZE = 1024

    def __init__(self, cursor: Cursor[Any], *, flush_threshold: int = 1024 * 1024):
        super().__init__(cursor, flush_threshold=flush_threshold)
        from queue import Queue

        self._queue: Queue[Buffer] = Queue(maxsize=self.QUEUE_SIZE)
        self._worker: Any = None
        self._error: BaseException | None = None

    def worker(self) -> None:
        """Send what is queued, until an empty block comes; once something has failed, only take it."""
        while data := self._queue.get():
            if self._error is None:
                try:
                    super().write(data)
                except BaseException as error:
                    self._error = error

    def write(self, data: Buffer) -> None:
        """Queue a block of data. Raises what an earlier one has met."""
        if not data:
            return
        if self._worker is None:
            from threading import Thread

            self._worker = Thread(target=self.worker, daemon=True)
            self._worker.start()
        if self._error is not None:
            raise self._error
        self._queue.put(data)

    def finish(self, exc: BaseException | None = None) -> None:
        """Wait until everything was sent, and end the COPY, or have it fail."""
        if self._worker is not None:
            self._queue.put(b"")
            self._worker.join()
            self._worker = None
        if exc is None and self._error is not None:
            raise self._error
        super().finish(exc)
