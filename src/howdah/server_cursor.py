# Generated from server_cursor_async.py by tools/unasync.py: do not edit.
"""Cursors on the server (psycopg 3, "Server-side cursors")."""

from __future__ import annotations

from collections.abc import Iterator, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, overload

from ._server_cursor_base import ServerCursorMixin
from ._template import bind, is_template
from .abc import Params, Query
from .cursor import Cursor
from .errors import NotSupportedError
from .pq import Format, TransactionStatus
from .raw_cursor import RawCursorMixin
from .rows import RowFactory, Row, tuple_row

if TYPE_CHECKING:
    from typing_extensions import Self

    from .connection import Connection

__all__ = ["RawServerCursor", "ServerCursor"]


class ServerCursor(ServerCursorMixin[Row], Cursor[Row]):
    """A cursor of the server's: rows are fetched from there as they are asked for.

    name: of the cursor on the server. scrollable: True declares it SCROLL, False NO SCROLL. withhold: it outlives its
    transaction (PostgreSQL documentation, "DECLARE"). A cursor that a function has opened is taken over by its name,
    without `execute`.
    """

    __module__ = "howdah"
    __slots__ = ()

    if TYPE_CHECKING:

        @overload
        def __init__(
            self,
            connection: Connection[Row],
            name: str,
            *,
            scrollable: bool | None = None,
            withhold: bool = False,
        ): ...
        @overload
        def __init__(
            self,
            connection: Connection[Any],
            name: str,
            *,
            row_factory: RowFactory[Row],
            scrollable: bool | None = None,
            withhold: bool = False,
        ): ...
        def __init__(
            self,
            connection: Connection[Any],
            name: str,
            *,
            row_factory: Any = None,
            scrollable: bool | None = None,
            withhold: bool = False,
        ): ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.close()

    # ---- declaring and closing

    def execute(
        self, query: Query, params: Params | None = None, *, binary: bool | None = None, **kwargs: Any
    ) -> Self:
        """Declare the cursor for a query, which must be SELECT or VALUES. What was declared before is closed.

        Of other keywords there is `timeout`, as for a cursor without a name; it is the declaration's alone. Raises
        TypeError for any other; else as the same method of a cursor without a name.
        """
        timeout: float | None = kwargs.pop("timeout", None)
        if kwargs:
            raise TypeError(f"keyword not supported: {next(iter(kwargs))}")
        if is_template(query):
            query, params = bind(query, params, self)
        if self.connection._pipeline is not None:
            raise NotSupportedError("server-side cursors not supported in pipeline mode")
        if self.pgresult is not None:
            self._close_portal()
        self._binary = binary
        self._same_rows = False
        # In binary, though it returns nothing: so that several statements in one string are refused.
        super().execute(
            self._declaration(query, params is not None), params, prepare=False, binary=True, timeout=timeout
        )
        # The server describes a cursor's rows when some are fetched; none do.
        self._fetch_forward(0)
        self._same_rows = True
        self._position = 0
        self._forget_page()
        return self

    def executemany(  # type: ignore[override]
        self, query: Query, params_seq: Iterable[Params], *, returning: bool = True
    ) -> None:
        """Raises `NotSupportedError`: a cursor on the server has one query."""
        raise NotSupportedError("executemany not supported on server-side cursors")

    def close(self) -> None:
        """Close the cursor, on the server too; idempotent."""
        if self.closed:
            return
        try:
            if not self.connection.closed:
                self._close_portal()
        finally:
            self._close()

    def _close_portal(self) -> None:
        """Close it on the server, unless it has gone with its transaction, or was never there."""
        status = self.connection._transaction_status()
        held = status == TransactionStatus.IDLE and self._withhold
        if status != TransactionStatus.INTRANS and not held:
            return
        cur = self._bare_cursor()
        if self.pgresult is None:
            cur.execute("select 1 from pg_catalog.pg_cursors where name = %s", [self._name])
            if cur.fetchone() is None:
                return
        cur.execute(b"CLOSE " + self._quoted_name(), prepare=False)

    # ---- fetching

    def fetchone(self) -> Row | None:
        """The next row, or None behind the last. Raises as the same method of a cursor without a name."""
        rows = self._fetch_forward(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int = 0) -> list[Row]:
        """The next `size` rows; 0 means `arraysize`."""
        return self._fetch_forward(size or self.arraysize)

    def fetchall(self) -> list[Row]:
        """The remaining rows."""
        return self._fetch_forward(None)

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        if not self._page and not self._was_last:
            rows = self._fetch_forward(self.itersize)
            self._position -= len(rows)
            self._page.extend(rows)
            self._was_last = len(rows) < self.itersize
        if self._page:
            self._position += 1
            return self._page.popleft()
        self._was_last = False
        raise StopIteration

    def scroll(self, value: int, mode: str = "relative") -> None:
        """Move by `value` rows, or to row `value` (mode "absolute").

        Raises ValueError for another mode, `OperationalError` for a move backwards where the server can't.
        """
        if mode not in ("relative", "absolute"):
            raise ValueError(f"bad mode: {mode}. It should be 'relative' or 'absolute'")
        cur = self._bare_cursor()
        move = f"MOVE {mode.upper()} {int(value)} FROM ".encode()
        cur.execute(move + self._quoted_name(), prepare=False)
        self._position = value if mode == "absolute" else self._position + value
        self._forget_page()

    def _bare_cursor(self) -> Cursor[Any]:
        """For what is done with the cursor on the server, which begins no transaction: it may be held without one."""
        cur = Cursor(self.connection, row_factory=tuple_row)
        cur._bare = True
        return cur

    def _fetch_forward(self, n: int | None) -> list[Row]:
        fetch = b"FETCH FORWARD " + (b"ALL" if n is None else str(n).encode()) + b" FROM "
        binary = self._binary if self._binary is not None else self.format == Format.BINARY
        declared = self._sent
        self._bare = self.pgresult is not None
        try:
            super().execute(fetch + self._quoted_name(), prepare=False, binary=binary)
        finally:
            self._bare = False
        self._sent = declared
        rows: list[Row] = self._fetchall()
        self._position += len(rows)
        return rows


class RawServerCursor(RawCursorMixin[Row], ServerCursor[Row]):
    """An `ServerCursor` for queries with ``$1``."""

    __module__ = "howdah"
    __slots__ = ()
