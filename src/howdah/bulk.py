"""Many rows at once, where `Cursor.executemany` is not fast enough: both send one statement for all rows.

They are no drop-in replacements, since one statement differs from many: triggers FOR EACH STATEMENT fire once, ON
CONFLICT DO UPDATE refuses to touch a row twice, and an error doesn't tell the row.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar, overload

from . import _bulk, _bulk_async
from .cursor import Cursor
from .cursor_async import AsyncCursor
from .sql import Composable

__all__ = ["execute_values"]

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
