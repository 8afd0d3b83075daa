"""Many concurrent reads on one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, cast

from .. import _howdah, errors
from ..abc import Params, Query
from ..connection_async import AsyncConnection
from ..cursor_async import AsyncCursor
from ..rows import Row, RowFactory, scalar_row, tuple_row
from ..sql import Composable
from .abc import AsyncConninfoParam, AsyncKwargsParam
from .pool_async import AsyncConnectionPool

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ReadLane"]

READ_ONLY = "default_transaction_read_only"
MOST_KNOWN = 10_000  # queries whose times are remembered

# What a read gives: enum hdpy_read_kind.
CURSOR, ALL, ROW, VALUE = range(4)


class ReadLane(Generic[Row]):
    """Reads from many tasks that share one connection: what they ask for together travels together.

    Each read fails or succeeds by itself, in a transaction of its own or shared with others, and must do nothing but
    read: see docs/read-lane.md. Queries known to be slow go over a pool instead.
    """

    def __init__(
        self,
        conninfo: AsyncConninfoParam = "",
        *,
        pool: AsyncConnectionPool[Any] | None = None,
        kwargs: AsyncKwargsParam | None = None,
        row_factory: RowFactory[Row] | None = None,
        slow: float = 0.01,
        depth: int = 1000,
        max_aside: int = 4,
    ):
        """`conninfo` and `kwargs` are those of an `AsyncConnectionPool`, or both are taken from `pool`.

        pool: carries the slow queries; without one the lane has its own, of at most `max_aside` connections. slow:
        seconds from which on a query is slow. depth: most reads that are sent and unanswered; more wait.

        Raises ValueError for sizes and times that are not positive.
        """
        if slow <= 0 or depth < 1 or max_aside < 1:
            raise ValueError("slow, depth and max_aside must be positive")
        self._slow = slow
        self._depth = depth
        self._row_factory = cast("RowFactory[Row]", row_factory or tuple_row)
        self._owns_pool = pool is None
        self._pool = pool or AsyncConnectionPool(
            conninfo, kwargs=kwargs, min_size=0, max_size=max_aside, open=False, name="aside"
        )
        self._conn: AsyncConnection[Any] | None = None
        self._lane: _howdah.Lane | None = None
        self._connecting: asyncio.Lock | None = None
        self._closed = True
        self._seconds: dict[str | bytes, float] = {}
        self._measuring: dict[str | bytes, asyncio.Future[None]] = {}

    async def open(self) -> None:
        """Connect. Raises as `AsyncConnection.connect`."""
        self._connecting = asyncio.Lock()
        self._closed = False
        try:
            if self._owns_pool:
                await self._pool.open()
            await self._connect()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close the connection; idempotent. Reads without an answer fail with `OperationalError`."""
        self._closed = True
        lane, self._lane = self._lane, None
        conn, self._conn = self._conn, None
        if lane is not None:
            lane.close()
        if conn is not None:
            await conn.close()
        if self._owns_pool:
            await self._pool.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        await self.close()

    async def execute(self, query: Query, params: Params | None = None) -> AsyncCursor[Row]:
        """A cursor that holds the query's rows.

        Raises `ProgrammingError` for a statement that returns no rows, `ReadOnlySqlTransaction` for one that writes,
        `OperationalError` when the lane's connection is lost; else as `AsyncCursor.execute`.
        """
        return cast("AsyncCursor[Row]", await self._read(query, params, CURSOR))

    async def fetchall(self, query: Query, params: Params | None = None) -> list[Row]:
        """The query's rows. Raises as `execute`, and `DataError` if a value can't be decoded."""
        return cast("list[Row]", await self._read(query, params, ALL))

    async def fetchrow(self, query: Query, params: Params | None = None) -> Row | None:
        """The query's first row, or None. Raises as `fetchall`."""
        return cast("Row | None", await self._read(query, params, ROW))

    async def fetchval(self, query: Query, params: Params | None = None) -> Any:
        """The first column of the query's first row, or None. Raises as `fetchall`."""
        return await self._read(query, params, VALUE)

    def slow_queries(self) -> dict[str | bytes, float]:
        """The queries that go over the pool, and the seconds that they take, as a weighted mean."""
        return {query: seconds for query, seconds in self._seconds.items() if seconds >= self._slow}

    # ---- where a read goes

    async def _read(self, query: Query, params: Params | None, kind: int) -> Any:
        text = query.as_string(None) if isinstance(query, Composable) else query
        seconds = self._seconds.get(text)
        while seconds is None:
            measuring = self._measuring.get(text)
            if measuring is None:
                return await self._measure(text, params, kind)
            await asyncio.shield(measuring)
            seconds = self._seconds.get(text)
        if seconds >= self._slow:
            return await self._aside(text, params, kind)
        lane = self._lane
        if lane is None or self._conn is None or self._conn.closed:
            lane = await self._connect()
        return await lane.read(text, params, kind)

    async def _measure(self, query: str | bytes, params: Params | None, kind: int) -> Any:
        """A query that nobody knows yet is tried on the pool, while others with the same text wait."""
        self._measuring[query] = measuring = asyncio.get_running_loop().create_future()
        try:
            return await self._aside(query, params, kind)
        finally:
            del self._measuring[query]
            measuring.set_result(None)

    async def _aside(self, query: str | bytes, params: Params | None, kind: int) -> Any:
        """Read over the pool, in a transaction that is read-only."""
        if self._closed:
            raise errors.OperationalError("the read lane is closed")
        conn: AsyncConnection[Any]
        async with self._pool.connection() as conn:
            read_only = conn.read_only
            await conn.set_read_only(True)
            try:
                factory = cast("RowFactory[Any]", scalar_row if kind == VALUE else self._row_factory)
                cur = conn.cursor(row_factory=factory)
                async with conn.transaction():
                    began = perf_counter()
                    await cur.execute(query, params, prepare=True)  # which allows one statement only
                    self._note(query, perf_counter() - began)
                    if cur.description is None:
                        raise errors.ProgrammingError("a read lane carries only single statements that return rows")
            finally:
                if not conn.closed:
                    await conn.set_read_only(read_only)
            if kind == CURSOR:
                return cur
            return await (cur.fetchall() if kind == ALL else cur.fetchone())

    def _note(self, query: str | bytes, seconds: float) -> None:
        before = self._seconds.pop(query, seconds)  # it becomes the newest
        self._seconds[query] = (before + seconds) / 2
        if len(self._seconds) > MOST_KNOWN:
            del self._seconds[next(iter(self._seconds))]

    def _on_slow(self, queries: Sequence[str | bytes], seconds: float) -> None:
        """One of these held up the others: each is measured again before it may travel with others."""
        for query in queries:
            self._seconds.pop(query, None)

    # ---- the connection

    async def _connect(self) -> _howdah.Lane:
        if self._closed or self._connecting is None:
            raise errors.OperationalError("the read lane is closed")
        async with self._connecting:
            if self._lane is not None and self._conn is not None and not self._conn.closed:
                return self._lane  # somebody else has connected
            self._lane = self._conn = None
            conn = await self._read_only_connection()
            if self._closed:
                await conn.close()
                raise errors.OperationalError("the read lane is closed")
            self._conn = conn
            self._lane = _howdah.Lane(conn, conn.cursor, self._row_factory, self._depth, self._slow, self._on_slow)
            return self._lane

    async def _read_only_connection(self) -> AsyncConnection[Any]:
        if (await self._pool._resolve_kwargs()).get("discover_types"):
            raise errors.NotSupportedError("a read lane can't discover types: register them on a context")
        conn = await self._pool.connection_class.connect(
            await self._pool._resolve_conninfo(), **{**await self._pool._resolve_kwargs(), "autocommit": True}
        )
        try:
            if self._pool._configure is not None:
                await self._pool._configure(conn)
            await conn.execute(f"SET {READ_ONLY} TO on")
        except BaseException:
            await conn.close()
            raise
        return cast("AsyncConnection[Any]", conn)
