"""Many rows at once: execute_values() and copy_rows()."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ._bulk_base import FORGET, PARAMETER_TYPES, STEP, TABLE, CopyTarget, Rows, ValuesQuery, pages_of
from .connection_async import AsyncConnection
from .cursor_async import AsyncCursor
from .rows import tuple_row

__all__ = ["copy_rows", "execute_values"]


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


async def copy_rows(
    conn: AsyncConnection[Any],
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
    cur = AsyncCursor(conn, row_factory=tuple_row)
    await cur.execute(TABLE, {"table": table})
    target = CopyTarget(await cur.fetchall(), source, binary, upsert, cur)
    if upsert is None:
        await _copy(cur, source, target, progress)
        return cur.rowcount
    async with conn.transaction():
        await cur.execute(target.create_sql())
        await _copy(cur, source, target, progress)
        await cur.execute(target.merge_sql())
        done = cur.rowcount
        await cur.execute(target.drop_sql())
    return done


async def _copy(
    cur: AsyncCursor[Any], rows: Rows, target: CopyTarget, progress: Callable[[int], object] | None
) -> None:
    if True:  # ASYNC
        from asyncio import sleep
    done, told = 0, 0
    async with cur.copy(target.copy_sql()) as copy:
        copy._set_dumpers(target.dumpers)
        while True:
            if True:  # ASYNC
                step_size = STEP - (done - told)
                written, step = copy._write_rows(rows.values, step_size)
                if step is not None:
                    await step
                is_end = step is None and written < step_size
            else:
                written = copy._write_rows(rows.values, STEP)
                is_end = written < STEP
            done += written
            if is_end:
                break
            if done - told == STEP:
                told = done
                if progress is not None:
                    progress(done)
                if True:  # ASYNC
                    await sleep(0)  # where the server takes all at once, other tasks have their turn too
    if progress is not None:
        progress(done)
