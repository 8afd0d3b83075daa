"""Cursors for queries with PostgreSQL's own placeholders (psycopg 3, "Raw query cursors")."""

from __future__ import annotations

from ._cursor_base import BindingMixin
from .cursor import Cursor
from .cursor_async import AsyncCursor
from .rows import Row

__all__ = ["AsyncRawCursor", "RawCursor", "RawCursorMixin"]


class RawCursorMixin(BindingMixin):
    """Makes the cursor class that it is mixed with take ``$1``, ``$2``, and a sequence of parameters."""

    _bind = 2


class RawCursor(RawCursorMixin, Cursor[Row]):
    """A `Cursor` for queries with ``$1``."""

    __module__ = "howdah"


class AsyncRawCursor(RawCursorMixin, AsyncCursor[Row]):
    """An `AsyncCursor` for queries with ``$1``."""

    __module__ = "howdah"
