"""A typed program, which type checkers pass in strict mode. tools/check_typing.py compares what they reveal.

It is never run. The comment behind a reveal_type() is what both mypy and pyright say.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import reveal_type

import howdah
from howdah import AsyncConnection, AsyncCursor, Connection, Cursor, sql
from howdah.adapt import Buffer, Dumper, Loader
from howdah.pool import AsyncConnectionPool, ConnectionPool
from howdah.rows import BaseRowFactory, DictRow, RowMaker, TupleRow, class_row, dict_row, scalar_row
from howdah.types.json import Jsonb
from howdah.types.range import Range


@dataclass
class Flight:
    number: int
    carrier: str


def point_row(cursor: Cursor[Any]) -> RowMaker[complex]:
    """A row factory of one's own."""

    def make(values: Sequence[Any]) -> complex:
        return complex(values[0], values[1])

    return make


def rows(conn: Connection) -> None:
    reveal_type(conn)  # Connection[tuple[Any, ...]]
    reveal_type(conn.execute("select %s", [1]))  # Cursor[tuple[Any, ...]]
    reveal_type(conn.execute("select 1").fetchone())  # tuple[Any, ...] | None
    reveal_type(conn.cursor(row_factory=dict_row))  # Cursor[dict[str, Any]]
    reveal_type(conn.cursor(row_factory=class_row(Flight)).fetchone())  # Flight | None
    reveal_type(conn.cursor(row_factory=class_row(Flight)).fetchmany(2))  # list[Flight]
    reveal_type(conn.cursor(row_factory=scalar_row).fetchall())  # list[Any]
    reveal_type(conn.cursor(row_factory=point_row).fetchone())  # complex | None
    reveal_type(Cursor(conn, row_factory=class_row(Flight)))  # Cursor[Flight]
    for flight in conn.cursor(row_factory=class_row(Flight)).execute("select 1"):
        reveal_type(flight)  # Flight
        reveal_type(flight.carrier)  # str
    for flight in conn.cursor(row_factory=class_row(Flight)).stream("select 1", timeout=2.5):
        reveal_type(flight)  # Flight


def connections(dsn: str) -> None:
    with Connection[DictRow].connect(dsn, row_factory=dict_row) as conn:
        reveal_type(conn)  # Connection[dict[str, Any]]
        reveal_type(conn.cursor().fetchone())  # dict[str, Any] | None
        with conn.transaction() as tx, conn.pipeline() as pipeline:
            reveal_type(tx)  # Transaction
            reveal_type(pipeline)  # Pipeline
            pipeline.sync(timeout=5)
        reveal_type(conn.info.server_version)  # int
        for notify in conn.notifies(timeout=1):
            reveal_type(notify.payload)  # str
    with howdah.connect(dsn) as plain, plain.cursor("there") as cur:
        reveal_type(cur)  # Cursor[tuple[Any, ...]]


def keywords(dsn: str, params: dict[str, Any]) -> None:
    """Those that the signature hides behind its ``**kwargs``."""
    reveal_type(howdah.connect(dsn, discover_types=True, param_style="numeric_dollar"))  # Connection[tuple[Any, ...]]
    reveal_type(howdah.connect(host="h", port=5432, password=lambda: "secret"))  # Connection[tuple[Any, ...]]
    howdah.connect(dsn, **params)
    howdah.connect(dsn, param_style="qmark")  # type: ignore[arg-type]
    howdah.connect(dsn, discover_types="yes")  # type: ignore[arg-type]
    howdah.connect(dsn, hots="h")  # type: ignore[call-arg]


class Airport(Connection[DictRow]):
    """A connection class of one's own keeps the type of its rows."""

    def flights(self) -> Iterator[DictRow]:
        yield from self.execute("select * from flight")


def subclasses(dsn: str) -> None:
    with Airport.connect(dsn, row_factory=dict_row) as conn:
        reveal_type(conn)  # Airport
        reveal_type(list(conn.flights()))  # list[dict[str, Any]]


def statements(conn: Connection[TupleRow]) -> None:
    query = sql.SQL("select {} from {}").format(sql.Identifier("a"), sql.Identifier("t"))
    reveal_type(query)  # Composed
    cur = conn.execute(query)
    reveal_type(cur.rowcount)  # int
    cur.executemany("insert into t values (%s, %s)", [(1, Jsonb({})), (2, None)], returning=True)
    with cur.copy("copy t from stdin") as copy:
        copy.write_row((1, "x"))
    with cur.copy("copy t to stdout", timeout=5) as copy:
        reveal_type(copy.timeout)  # float | None
        copy.timeout = None
        for row in copy.rows():
            reveal_type(row)  # tuple[Any, ...]
    reveal_type(Range(1, 2).lower)  # int | None
    try:
        conn.commit()
    except howdah.errors.UniqueViolation as error:
        reveal_type(error.diag.constraint_name)  # str | None


async def asynchronous(dsn: str) -> None:
    async with await AsyncConnection[Flight].connect(dsn, row_factory=class_row(Flight)) as conn:
        reveal_type(conn)  # AsyncConnection[Flight]
        cur = await conn.execute("select 1")
        reveal_type(cur)  # AsyncCursor[Flight]
        reveal_type(await cur.fetchone())  # Flight | None
        async for flight in cur:
            reveal_type(flight)  # Flight
        async with conn.cursor(row_factory=dict_row) as other, conn.transaction() as tx:
            reveal_type(tx)  # AsyncTransaction
            reveal_type(await other.fetchall())  # list[dict[str, Any]]
            async for row in other.stream("select 1"):
                reveal_type(row)  # dict[str, Any]


async def numbers(cur: AsyncCursor[Flight]) -> AsyncIterator[int]:
    async for flight in cur:
        yield flight.number


def pools(dsn: str) -> None:
    with ConnectionPool(dsn) as pool, pool.connection() as conn:
        reveal_type(conn)  # Connection[tuple[Any, ...]]
    with ConnectionPool(dsn, connection_class=Airport) as airports, airports.connection() as airport:
        reveal_type(airport)  # Airport


async def async_pools(dsn: str) -> None:
    async with AsyncConnectionPool(dsn) as pool, pool.connection() as conn:
        reveal_type(conn)  # AsyncConnection[tuple[Any, ...]]


def generic(conn: Connection, factory: BaseRowFactory[Flight]) -> list[Flight]:
    return conn.cursor(row_factory=factory).execute("select 1").fetchall()


class UpperDumper(Dumper):
    def dump(self, obj: str) -> Buffer | None:
        return obj.upper().encode()


class LowerLoader(Loader):
    def load(self, data: Buffer) -> str:
        return bytes(data).decode().lower()


def adapters(conn: Connection) -> None:
    conn.adapters.register_dumper(str, UpperDumper)
    conn.adapters.register_loader("text", LowerLoader)
