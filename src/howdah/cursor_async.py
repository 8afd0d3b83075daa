"""The cursor (psycopg 3, "Cursor classes")."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, overload

from . import _howdah
from ._copy_async import AsyncCopy, AsyncWriter
from ._cursor_base import BaseCursor
from ._template import bind, is_template
from .abc import Params, Query
from .rows import AsyncRowFactory, Row, tuple_row

if TYPE_CHECKING:
    from typing_extensions import Self

    from .connection_async import AsyncConnection

__all__ = ["AsyncCursor"]


class AsyncCursor(_howdah.AsyncCursorBase, BaseCursor[Row]):
    """Executes queries and holds their results."""

    __module__ = "howdah"
    __slots__ = ("__weakref__",)

    if TYPE_CHECKING:

        @overload
        def __init__(self, connection: AsyncConnection[Row]): ...
        @overload
        def __init__(self, connection: AsyncConnection[Any], *, row_factory: AsyncRowFactory[Row]): ...
        def __init__(self, connection: AsyncConnection[Any], *, row_factory: Any = None): ...
        @property
        def connection(self) -> AsyncConnection[Any]: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self._close()

    async def _discover(self) -> None:
        """Learn the types of the results that did not come with PostgreSQL."""
        learning = self.connection._discovery.learn(self)
        try:
            question = next(learning)
            cur = AsyncCursor(self.connection, row_factory=tuple_row)
            while True:
                await cur.execute(*question, prepare=False, binary=False)
                question = learning.send(await cur.fetchall())
        except StopIteration:
            pass

    async def stream(
        self,
        query: Query,
        params: Params | None = None,
        *,
        binary: bool | None = None,
        size: int = 1,
        timeout: float | None = None,
    ) -> AsyncIterator[Row]:
        """The rows of a query as they arrive, of which only a few are in memory at a time.

        size: how many rows ``pgresult`` shows at a time. The connection belongs to the stream up to its end: others
        wait for it. Ended early (close the generator, or leave it to be collected), the query is cancelled. timeout:
        seconds for each wait for the server, for the first rows and then for more; None for no limit. The time that
        the rows are worked on in between doesn't count.

        Raises as `execute`; `ProgrammingError` in pipeline mode and for a query that returns no rows. Behaviour:
        psycopg 3.
        """
        if is_template(query):
            query, params = bind(query, params, self)
        await self._stream_start(query, params, binary, size, timeout)
        try:
            rows = self._stream_rows(size)
            while await self._stream_more(timeout):
                for row in rows:
                    yield row
        finally:
            await self._stream_end()

    async def results(self) -> AsyncIterator[Self]:
        """The cursor at each result in turn, from the current one on (several statements, or executemany)."""
        if self.pgresult is not None:
            yield self
            while self.nextset():
                yield self

    async def set_result(self, index: int) -> Self:
        """Go to a result by its number; negative ones count from the end. Raises IndexError."""
        self._set_result(index)
        return self

    def copy(
        self,
        statement: Query,
        params: Params | None = None,
        *,
        writer: AsyncWriter | None = None,
        timeout: float | None = None,
    ) -> AsyncCopy:
        """A block that executes a COPY statement, and copies data to or from it.

        statement: COPY ... FROM STDIN or COPY ... TO STDOUT. params: merged into it as literals, since COPY takes no
        parameters. writer: what to do with the data of a COPY FROM STDIN instead of sending it. timeout: seconds for
        each wait for the server, None for no limit; see `AsyncCopy.timeout`.

        At its beginning the block raises as `execute`, and `ProgrammingError` for another statement. It has the
        connection to itself. Behaviour: psycopg 3.
        """
        if is_template(statement):
            statement, params = bind(statement, params, self)
        copy = AsyncCopy(self, writer=writer)
        copy._statement = statement
        copy._params = params or None
        copy.timeout = timeout
        return copy

    if True:  # ASYNC

        async def execute(
            self,
            query: Query,
            params: Params | None = None,
            *,
            prepare: bool | None = None,
            binary: bool | None = None,
            timeout: float | None = None,
        ) -> Self:
            """Execute a query, with parameters bound on the server; return the cursor.

            query: str or bytes with %s or %(name)s placeholders. params: sequence or mapping. prepare: True, False,
            or None to prepare after connection.prepare_threshold uses. binary: format of the result; None inherits
            the cursor's. timeout: seconds, None for no limit; then the server is asked to cancel, and the connection
            is closed if it doesn't end within ``connection.cancel_grace`` seconds more.

            Raises a subclass of `Error` for what the server refuses (see `howdah.errors`), `ProgrammingError` for
            parameters that don't fit the placeholders, `DataError` for values that can't be sent,
            `errors.QueryTimeout` when the timeout has expired. Behaviour: psycopg 3.
            """
            await self._execute(query, params, prepare, binary, timeout)
            if self._has_foreign_types:
                await self._discover()
            return self

        async def executemany(
            self,
            query: Query,
            params_seq: Iterable[Params],
            *,
            returning: bool = False,
            timeout: float | None = None,
        ) -> None:
            """Execute a query once for each row of parameters, in one batch.

            In autocommit the batch is all or nothing. returning=True keeps every result, for nextset(). timeout:
            seconds for all of them. Raises as `execute`. Behaviour: psycopg 3.
            """
            await self._executemany(query, params_seq, returning, timeout)
            if self._has_foreign_types:
                await self._discover()

        async def fetchone(self) -> Row | None:
            """The next row, or None behind the last.

            Raises `ProgrammingError` if the last operation returned no rows, `DataError` if a value can't be decoded.
            """
            if self._pending:
                await self._arrive()
            row: Row | None = self._fetchone()
            return row

        async def fetchmany(self, size: int = 0) -> list[Row]:
            """The next `size` rows; 0 means `arraysize`. Raises as `fetchone`."""
            if self._pending:
                await self._arrive()
            return self._fetchmany(size)

        async def fetchall(self) -> list[Row]:
            """The remaining rows. Raises as `fetchone`."""
            if self._pending:
                await self._arrive()
            return self._fetchall()

        async def scroll(self, value: int, mode: str = "relative") -> None:
            """Move within the result: by `value` rows, or to row `value` (mode "absolute").

            Raises IndexError beyond the result, ValueError for another mode.
            """
            if self._pending:
                await self._arrive()
            self._scroll(value, mode)

        async def close(self) -> None:
            """Close the cursor; idempotent."""
            self._close()

        async def _arrive(self) -> None:
            """In a pipeline: wait for the results."""
            await self._await()
            if self._unlearned:
                self._unlearned = False
                await self._discover()

        def __aiter__(self) -> AsyncIterator[Row]:
            return self

        async def __anext__(self) -> Row:
            if self._pending:
                await self._arrive()
            row: Row = self._fetchnext()
            return row

    else:
        if TYPE_CHECKING:  # they are in C

            def execute(
                self,
                query: Query,
                params: Params | None = None,
                *,
                prepare: bool | None = None,
                binary: bool | None = None,
                timeout: float | None = None,
            ) -> Self: ...
            def executemany(
                self,
                query: Query,
                params_seq: Iterable[Params],
                *,
                returning: bool = False,
                timeout: float | None = None,
            ) -> None: ...
            def fetchone(self) -> Row | None: ...
            def fetchmany(self, size: int = 0) -> list[Row]: ...
            def fetchall(self) -> list[Row]: ...
            def __iter__(self) -> AsyncIterator[Row]: ...
            def __next__(self) -> Row: ...
