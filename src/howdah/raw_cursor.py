"""Cursors for queries with PostgreSQL's own placeholders (psycopg 3, "Raw query cursors")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .cursor import Cursor
from .cursor_async import AsyncCursor
from .rows import Row

__all__ = ["AsyncRawCursor", "RawCursor", "RawCursorMixin"]

RAW = 2  # enum hdpy_binding of the core

if TYPE_CHECKING:
    from . import _howdah

    _Base = _howdah.BaseCursor
else:
    _Base = object


class RawCursorMixin(_Base):
    """Makes the cursor class that it is mixed with take ``$1``, ``$2``, and a sequence of parameters."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._binding = RAW


class RawCursor(RawCursorMixin, Cursor[Row]):
    """A `Cursor` for queries with ``$1``."""

    __module__ = "howdah"


class AsyncRawCursor(RawCursorMixin, AsyncCursor[Row]):
    """An `AsyncCursor` for queries with ``$1``."""

    __module__ = "howdah"
