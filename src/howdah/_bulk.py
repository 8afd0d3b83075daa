# Generated from _bulk_async.py by tools/unasync.py: do not edit.
"""Many rows at once: execute_values() and copy_rows()."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ._bulk_base import FORGET, PARAMETER_TYPES, STEP, TABLE, CopyTarget, Rows, ValuesQuery, pages_of
from .connection import Connection
from .cursor import Cursor
from .rows import tuple_row

__all__ = ["copy_rows", "execute_values"]


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


def copy_rows(
    conn: Connection[Any],
    table: str,
    rows: Iterable[Any],
    columns: Sequence[str] | None,
    binary: bool | None,
    upsert: Sequence[str] | None,
    progress: Callable[[int], object] | None,
) -> int:
    source = Rows(rows, columns)
    if not source.are_there:
        return 0
    cur = Cursor(conn, row_factory=tuple_row)
    cur.execute(TABLE, {"table": table})
    target = CopyTarget(cur.fetchall(), source, binary, upsert, cur)
    if upsert is None:
        _copy(cur, source, target, progress)
        return cur.rowcount
    with conn.transaction():
        cur.execute(target.create_sql())
        _copy(cur, source, target, progress)
        cur.execute(target.merge_sql())
        done = cur.rowcount
        cur.execute(target.drop_sql())
    return done


def _copy(cur: Cursor[Any], rows: Rows, target: CopyTarget, progress: Callable[[int], object] | None) -> None:
    done, told = 0, 0
    with cur.copy(target.copy_sql()) as copy:
        copy._set_dumpers(target.dumpers)
        while True:
            written = copy._write_rows(rows.values, STEP)
            is_end = written < STEP
            done += written
            if is_end:
                break
            if done - told == STEP:
                told = done
                if progress is not None:
                    progress(done)
    if progress is not None:
        progress(done)
