"""COPY: its objects, and the writers to which data may go (psycopg 3, "Writer objects")."""

from __future__ import annotations

from typing import IO

from ._copy import Copy, LibpqWriter, QueuedLibpqWriter, Writer
from ._copy_async import AsyncCopy, AsyncLibpqWriter, AsyncQueuedLibpqWriter, AsyncWriter
from .abc import Buffer

__all__ = [
    "AsyncCopy",
    "AsyncLibpqWriter",
    "AsyncQueuedLibpqWriter",
    "AsyncWriter",
    "Copy",
    "FileWriter",
    "LibpqWriter",
    "QueuedLibpqWriter",
    "Writer",
]


class FileWriter(Writer):
    """Writes to a file that is open for bytes; it stays open.

    with open("rows.pgcopy", "wb") as file, Copy(cursor, writer=FileWriter(file)) as copy:
        copy.write_row((1, "one"))
    """

    def __init__(self, file: IO[bytes]):
        self.file = file

    def write(self, data: Buffer) -> None:
        """Write some data."""
        self.file.write(data)
