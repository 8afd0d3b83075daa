"""Many rows at once: execute_values() and copy_rows()."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ._bulk_base import FORGET, PARAMETER_TYPES, ValuesQuery, pages_of
from .cursor_async import AsyncCursor
from .rows import tuple_row

__all__ = ["execute_values"]


async def execute_values(
    cur: AsyncCursor[Any], query: str, rows: Iterable[Any], template: str | None, page_size: int | None, fetch: bool
) -> list[Any] | None:
    values = ValuesQuery(query, template)
    types: list[tuple[str, bool]] | None = None
    fetched: list[Any] = []
    for page in pages_of(rows, page_size):
        columns = values.columns_of(page)
        if types is None and values.inserts:
            types = await _types_of(cur, values.prepare_sql())
        await cur.execute(*values.bound(columns, types, cur))
        if fetch:
            fetched += await cur.fetchall()
    return fetched if fetch else None


async def _types_of(cur: AsyncCursor[Any], prepare_sql: str) -> list[tuple[str, bool]]:
    """Of the parameters of a statement, by having the server prepare it."""
    asking = AsyncCursor(cur.connection, row_factory=tuple_row)
    async with cur.connection.pipeline():
        await asking.execute(prepare_sql)
        await asking.execute(PARAMETER_TYPES, prepare=False)
        types = await asking.fetchall()
        await asking.execute(FORGET)
    return types
