"""The ways in which a query can be made: each returns its rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

Way = Callable[..., Awaitable[list[Any]]]
WAYS: dict[str, Way] = {}


def way(function: Way) -> Way:
    WAYS[function.__name__] = function
    return function


@way
async def executed(conn: Any, query: str) -> list[Any]:
    rows: list[Any] = await (await conn.execute(query)).fetchall()
    return rows


@way
async def in_binary(conn: Any, query: str) -> list[Any]:
    rows: list[Any] = await (await conn.execute(query, binary=True)).fetchall()
    return rows


@way
async def prepared(conn: Any, query: str) -> list[Any]:
    rows: list[Any] = await (await conn.execute(query, prepare=True)).fetchall()
    return rows


@way
async def streamed(conn: Any, query: str) -> list[Any]:
    return [row async for row in conn.cursor().stream(query)]


@way
async def many(conn: Any, query: str) -> list[Any]:
    cur = conn.cursor()
    await cur.executemany(query, [()], returning=True)
    rows: list[Any] = await cur.fetchall()
    return rows


@way
async def piped(conn: Any, query: str) -> list[Any]:
    async with conn.pipeline():
        cur = await conn.execute(query)
        rows: list[Any] = await cur.fetchall()
    return rows


@way
async def copied(conn: Any, query: str) -> list[Any]:
    async with conn.cursor() as cur, cur.copy(query) as copy:
        return [bytes(data) async for data in copy]
