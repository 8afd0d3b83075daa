"""What both cursors on the server share, where nothing waits."""

from __future__ import annotations

import warnings
from collections import deque
from typing import Any

from . import sql
from ._cursor_base import BaseCursor, RawCursorMixin
from .abc import Query
from .rows import Row


class ServerCursorMixin(BaseCursor[Row]):
    """Base of `ServerCursor` and `AsyncServerCursor`."""

    __slots__ = ("_binary", "_name", "_page", "_position", "_scrollable", "_was_last", "_withhold", "itersize")

    def __init__(
        self,
        connection: Any,
        name: str,
        *,
        row_factory: Any = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ):
        super().__init__(connection, row_factory=row_factory)  # type: ignore[call-arg]
        self.itersize = 100  # rows that iteration fetches at a time
        self._name = name
        self._scrollable = scrollable
        self._withhold = withhold
        self._position = 0
        self._binary: bool | None = None
        self._page: deque[Row] = deque()  # rows fetched for iteration
        self._was_last = False  # there are none behind them

    def __del__(self) -> None:
        if not getattr(self, "closed", True) and self.pgresult is not None and not self.connection.closed:
            warnings.warn(
                f"{self!r} was deleted while still open; use 'with', or .close() it",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )

    def __repr__(self) -> str:
        return super().__repr__().replace(" [", f" {self._name!r} [", 1)

    @property
    def name(self) -> str:
        """Name of the cursor on the server."""
        return self._name

    @property
    def scrollable(self) -> bool | None:
        """Whether it was asked to move backwards; None: the server decides."""
        return self._scrollable

    @property
    def withhold(self) -> bool:
        """Whether it stays open when its transaction is committed."""
        return self._withhold

    @property
    def rownumber(self) -> int | None:
        """Index of the next row, or None before `execute`."""
        return self._position if self.pgresult is not None else None

    @property
    def rowcount(self) -> int:
        """-1: how many rows the query has is not known. What the last page had is no answer to that."""
        return -1

    @property
    def statusmessage(self) -> str | None:
        """None: those of the server are about its pages."""
        return None

    def _declaration(self, query: Query, with_params: bool) -> bytes:
        encoding = self.connection._encoding()
        name = self._quoted_name()
        if with_params and not isinstance(self, RawCursorMixin):
            name = name.replace(b"%", b"%%")
        words = [b"DECLARE", name]
        if self._scrollable is not None:
            words.append(b"SCROLL" if self._scrollable else b"NO SCROLL")
        words.append(b"CURSOR WITH HOLD FOR" if self._withhold else b"CURSOR FOR")
        if isinstance(query, str):
            words.append(query.encode(encoding))
        elif isinstance(query, bytes):
            words.append(query)
        else:
            words.append(query.as_bytes(self.connection))
        return b" ".join(words)

    def _quoted_name(self) -> bytes:
        return sql.Identifier(self._name).as_bytes(self.connection)

    def _forget_page(self) -> None:
        self._page.clear()
        self._was_last = False
