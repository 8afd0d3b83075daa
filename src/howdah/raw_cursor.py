"""Cursors for queries with PostgreSQL's own placeholders (psycopg 3, "Raw query cursors")."""

from __future__ import annotations

from ._cursor_base import RawCursorMixin
from .cursor import Cursor
from .cursor_async import AsyncCursor
from .rows import Row

__all__ = ["AsyncRawCursor", "RawCursor", "RawCursorMixin"]


class RawCursor(RawCursorMixin[Row], Cursor[Row]):
    """A `Cursor` for queries with ``$1``."""

    __module__ = "howdah"


class AsyncRawCursor(RawCursorMixin[Row], AsyncCursor[Row]):
    """An `AsyncCursor` for queries with ``$1``."""

    __module__ = "howdah"
