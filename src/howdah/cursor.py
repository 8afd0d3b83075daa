# Generated from cursor_async.py by tools/unasync.py: do not edit.
"""The cursor (psycopg 3, "Cursor classes")."""

from __future__ import annotations

from collections.abc import Iterator, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, overload

from . import _howdah
from ._copy import Copy, Writer
from ._cursor_base import BaseCursor
from ._template import bind, is_template
from .abc import Params, Query
from .rows import RowFactory, Row, tuple_row

if TYPE_CHECKING:
    from typing_extensions import Self

    from .connection import Connection

__all__ = ["Cursor"]


class Cursor(_howdah.CursorBase, BaseCursor[Row]):
    """Executes queries and holds their results."""

    __module__ = "howdah"
    __slots__ = ("__weakref__",)

    if TYPE_CHECKING:

        @overload
        def __init__(self, connection: Connection[Row]): ...
        @overload
        def __init__(self, connection: Connection[Any], *, row_factory: RowFactory[Row]): ...
        def __init__(self, connection: Connection[Any], *, row_factory: Any = None): ...
        @property
        def connection(self) -> Connection[Any]: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self._close()

    def _discover(self) -> None:
        """Learn the types of the results that did not come with PostgreSQL."""
        learning = self.connection._discovery.learn(self)
        try:
            question = next(learning)
            cur = Cursor(self.connection, row_factory=tuple_row)
            while True:
                cur.execute(*question, prepare=False, binary=False)
                question = learning.send(cur.fetchall())
        except StopIteration:
            pass

    def stream(
        self,
        query: Query,
        params: Params | None = None,
        *,
        binary: bool | None = None,
        size: int = 1,
        timeout: float | None = None,
    ) -> Iterator[Row]:
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
        self._stream_start(query, params, binary, size, timeout)
        try:
            rows = self._stream_rows(size)
            while self._stream_more(timeout):
                for row in rows:
                    yield row
        finally:
            self._stream_end()

    def results(self) -> Iterator[Self]:
        """The cursor at each result in turn, from the current one on (several statements, or executemany)."""
        if self.pgresult is not None:
            yield self
            while self.nextset():
                yield self

    def set_result(self, index: int) -> Self:
        """Go to a result by its number; negative ones count from the end. Raises IndexError."""
        self._set_result(index)
        return self

    def copy(
        self,
        statement: Query,
        params: Params | None = None,
        *,
        writer: Writer | None = None,
        timeout: float | None = None,
    ) -> Copy:
        """A block that executes a COPY statement, and copies data to or from it.

        statement: COPY ... FROM STDIN or COPY ... TO STDOUT. params: merged into it as literals, since COPY takes no
        parameters. writer: what to do with the data of a COPY FROM STDIN instead of sending it. timeout: seconds for
        each wait for the server, None for no limit; see `Copy.timeout`.

        At its beginning the block raises as `execute`, and `ProgrammingError` for another statement. It has the
        connection to itself. Behaviour: psycopg 3.
        """
        if is_template(statement):
            statement, params = bind(statement, params, self)
        copy = Copy(self, writer=writer)
        copy._statement = statement
        copy._params = params or None
        copy.timeout = timeout
        return copy

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
        def __iter__(self) -> Iterator[Row]: ...
        def __next__(self) -> Row: ...
