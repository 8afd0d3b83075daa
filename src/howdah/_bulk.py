# Generated from _bulk_async.py by tools/unasync.py: do not edit.
"""Many rows at once: execute_values() and copy_rows()."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ._bulk_base import FORGET, PARAMETER_TYPES, ValuesQuery, pages_of
from .cursor import Cursor
from .rows import tuple_row

__all__ = ["execute_values"]


def execute_values(
    cur: Cursor[Any], query: str, rows: Iterable[Any], template: str | None, page_size: int | None, fetch: bool
) -> list[Any] | None:
    values = ValuesQuery(query, template)
    types: list[tuple[str, bool]] | None = None
    fetched: list[Any] = []
    for page in pages_of(rows, page_size):
        columns = values.columns_of(page)
        if types is None and values.inserts:
            types = _types_of(cur, values.prepare_sql())
        cur.execute(*values.bound(columns, types, cur))
        if fetch:
            fetched += cur.fetchall()
    return fetched if fetch else None


def _types_of(cur: Cursor[Any], prepare_sql: str) -> list[tuple[str, bool]]:
    """Of the parameters of a statement, by having the server prepare it."""
    asking = Cursor(cur.connection, row_factory=tuple_row)
    with cur.connection.pipeline():
        asking.execute(prepare_sql)
        asking.execute(PARAMETER_TYPES, prepare=False)
        types = asking.fetchall()
        asking.execute(FORGET)
    return types
