"""What has a `timeout`, in steps: each works until something takes longer than that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

Limited = Callable[[Any, "float | None"], Awaitable[Any]]
LIMITED: dict[str, Limited] = {}
HUGE = (b"x" * 999 + b"\n") * 1000


def limited(function: Limited) -> Limited:
    LIMITED[function.__name__] = function
    return function


@limited
async def stream(conn: Any, timeout: float | None) -> Any:
    return [row async for row in conn.cursor().stream("select pg_sleep(60)", timeout=timeout)]


@limited
async def stream_of_rows(conn: Any, timeout: float | None) -> Any:
    query = "select repeat('x', 10000), case when n = 900 then pg_sleep(60) end from generate_series(1, 1000) n"
    return [row async for row in conn.cursor().stream(query, size=5, timeout=timeout)]


@limited
async def copy_out(conn: Any, timeout: float | None) -> Any:
    async with conn.cursor() as cur, cur.copy("copy (select pg_sleep(60)) to stdout", timeout=timeout) as copy:
        return [bytes(data) async for data in copy]


@limited
async def copy_out_by_rows(conn: Any, timeout: float | None) -> Any:
    query = "select repeat('x', 10000), case when n = 900 then pg_sleep(60) end from generate_series(1, 1000) n"
    async with conn.cursor() as cur, cur.copy(f"copy ({query}) to stdout", timeout=timeout) as copy:
        return [row async for row in copy.rows()]


@limited
async def copy_in_that_cannot_begin(conn: Any, timeout: float | None) -> Any:
    async with conn.cursor() as cur, cur.copy("copy held from stdin", timeout=timeout) as copy:
        await copy.write_row(["x"])


@limited
async def copy_in_that_is_slow(conn: Any, timeout: float | None) -> Any:
    async with conn.cursor() as cur, cur.copy("copy slow from stdin", timeout=timeout) as copy:
        for _ in range(10):
            await copy.write_row(["x" * 1000])


@limited
async def copy_in_that_is_not_read(conn: Any, timeout: float | None) -> Any:
    async with conn.cursor() as cur, cur.copy("copy slow from stdin", timeout=timeout) as copy:
        for _ in range(100):
            await copy.write(HUGE)


@limited
async def copy_in_that_is_not_read_by_rows(conn: Any, timeout: float | None) -> Any:
    async with conn.cursor() as cur, cur.copy("copy slow from stdin", timeout=timeout) as copy:
        for _ in range(100_000):
            await copy.write_row(["x" * 1000])


@limited
async def sync(conn: Any, timeout: float | None) -> Any:
    async with conn.pipeline() as pipeline:
        await conn.execute("select pg_sleep(60)")
        await pipeline.sync(timeout=timeout)
