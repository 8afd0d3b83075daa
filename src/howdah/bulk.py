"""Many rows at once, where `Cursor.executemany` is not fast enough: both send one statement for all rows.

They are no drop-in replacements, since one statement differs from many: triggers FOR EACH STATEMENT fire once, ON
CONFLICT DO UPDATE refuses to touch a row twice, and an error doesn't tell the row.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar, overload

from . import _bulk, _bulk_async
from .connection import Connection
from .connection_async import AsyncConnection
from .cursor import Cursor
from .cursor_async import AsyncCursor
from .sql import Composable

__all__ = ["copy_rows", "execute_values"]

Row = TypeVar("Row")
Values = Sequence[Any] | Mapping[str, Any]


@overload
def execute_values(
    cur: Cursor[Row], query: str | Composable, rows: Iterable[Values], template: str | None = None, *,
    page_size: int | None = None, fetch: Literal[False] = False,
) -> None: ...  # fmt: skip
@overload
def execute_values(
    cur: Cursor[Row], query: str | Composable, rows: Iterable[Values], template: str | None = None, *,
    page_size: int | None = None, fetch: bool,
) -> list[Row] | None: ...  # fmt: skip
@overload
def execute_values(
    cur: AsyncCursor[Row], query: str | Composable, rows: Iterable[Values], template: str | None = None, *,
    page_size: int | None = None, fetch: Literal[False] = False,
) -> Awaitable[None]: ...  # fmt: skip
@overload
def execute_values(
    cur: AsyncCursor[Row], query: str | Composable, rows: Iterable[Values], template: str | None = None, *,
    page_size: int | None = None, fetch: bool,
) -> Awaitable[list[Row] | None]: ...  # fmt: skip
def execute_values(
    cur: Cursor[Any] | AsyncCursor[Any],
    query: str | Composable,
    rows: Iterable[Values],
    template: str | None = None,
    *,
    page_size: int | None = None,
    fetch: bool = False,
) -> Any:
    """Execute a query with ``VALUES %s`` once for many rows, which travel as one array per column.

    To be awaited if the cursor is an `AsyncCursor`.

        execute_values(cur, "insert into t (a, b) values %s returning id", [(1, "x"), (2, "y")], fetch=True)
        execute_values(cur, "update t set b = v.b from (values %s) v(a, b) where t.a = v.a", rows)

    query: has one placeholder, behind the word VALUES; the server gets ``SELECT ... FROM unnest(...)`` in place of
    both. Values that are inserted are read as what the columns are; elsewhere their Python types say what they are.
    rows: sequences, or mappings for a template with names. template: of a row, in parentheses, as
    ``(%s, %s::date, 42)`` or ``(%(a)s, now())``; it can't contain DEFAULT. page_size: how many rows go with each
    execution of the query; None: all of them. fetch: return the rows that the query returns (RETURNING), in the order
    of the rows inserted.

    Afterwards the cursor has the result of the query, of its last execution if there were several; without rows,
    nothing is executed. Raises as `Cursor.execute`, and `ProgrammingError` for rows that don't fit the template.
    Known from psycopg2, `psycopg2.extras.execute_values`, whose `page_size` is 100 if not given.
    """
    text = query if isinstance(query, str) else query.as_string(cur)
    if isinstance(cur, AsyncCursor):
        return _bulk_async.execute_values(cur, text, rows, template, page_size, fetch)
    return _bulk.execute_values(cur, text, rows, template, page_size, fetch)


@overload
def copy_rows(
    conn: Connection[Any], table: str | Composable, rows: Iterable[Any], columns: Sequence[str] | None = None, *,
    binary: bool | None = None, upsert: Sequence[str] | None = None, progress: Callable[[int], object] | None = None,
) -> int: ...  # fmt: skip
@overload
def copy_rows(
    conn: AsyncConnection[Any], table: str | Composable, rows: Iterable[Any], columns: Sequence[str] | None = None, *,
    binary: bool | None = None, upsert: Sequence[str] | None = None, progress: Callable[[int], object] | None = None,
) -> Awaitable[int]: ...  # fmt: skip
def copy_rows(
    conn: Connection[Any] | AsyncConnection[Any],
    table: str | Composable,
    rows: Iterable[Any],
    columns: Sequence[str] | None = None,
    *,
    binary: bool | None = None,
    upsert: Sequence[str] | None = None,
    progress: Callable[[int], object] | None = None,
) -> Any:
    """Copy rows into a table by COPY, in binary where that is possible; return how many they were.

    To be awaited if the connection is an `AsyncConnection`.

        copy_rows(conn, "item", [(1, "one"), (2, "two")], ["id", "name"])
        copy_rows(conn, "stock.item", map(Item, ...), upsert=["id"])

    table: as SQL writes it, or a `sql.Identifier`. rows: sequences; or mappings or objects, of which the items or the
    attributes with the columns' names are taken. columns: which columns the rows have; None: all keys of the first
    mapping; all fields of a named tuple, a dataclass, or of a class of attrs, msgspec or pydantic; for others all
    columns of the table that aren't generated. Values are sent as what the table's columns are.

    binary: None: where howdah writes all the columns' types in binary; False: text, where a value may be anything
    that the server can read; True: fail rather than send text. upsert: the columns of a unique key: rows whose key is
    there replace the values of their other columns there; they go into a temporary table first, and the number
    returned is of rows inserted or updated. progress: called with the number of rows written so far, every 10,000 and
    at the end.

    All rows are copied, or none. Raises TypeError or `DataError` for a value that its column can't take,
    `ProgrammingError` for columns that aren't there and for mappings that have other keys than the first, and as
    `Cursor.execute`. The connection has nothing else to do meanwhile; in particular `rows` can't use it.
    """
    name = table if isinstance(table, str) else table.as_string(conn)
    if isinstance(conn, AsyncConnection):
        return _bulk_async.copy_rows(conn, name, rows, columns, binary, upsert, progress)
    return _bulk.copy_rows(conn, name, rows, columns, binary, upsert, progress)
