"""TechEmpower's queries and updates as a FastAPI application: web.py runs it under uvicorn.

``BENCH_APPLICATION`` is a driver and how it is used: howdah-batch, howdah-serial, asyncpg-batch or asyncpg-serial.
Serial waits for every row that it reads, batch asks for all rows of a request at once. ``BENCH_URI`` is the database.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import randint, sample
from typing import Any, Protocol

from fastapi import FastAPI
from fastapi.responses import JSONResponse

URI = os.environ["BENCH_URI"]
POOL = 10
ROWS = 10_000
Worlds = list[tuple[int, int]]  # id and number


class Database(Protocol):
    async def open(self) -> None: ...
    async def close(self) -> None: ...

    async def read(self, ids: list[int]) -> Worlds:
        """By a query for each."""

    async def change(self, ids: list[int]) -> Worlds:
        """Read by a query for each, then write new numbers."""


def changed(worlds: Worlds) -> Worlds:
    """In the order of their ids, so that nobody waits for whom waits for him."""
    return [(key, randint(1, ROWS)) for key, _ in sorted(worlds)]


class Howdah:
    SELECT = "select id, randomnumber from world where id = %s"
    UPDATE = "update world set randomnumber = %s where id = %s"

    def __init__(self, batch: bool) -> None:
        self.batch = batch

    async def open(self) -> None:
        from howdah.pool import AsyncConnectionPool

        self.pool = AsyncConnectionPool(URI, min_size=POOL, open=False, kwargs={"autocommit": True})
        await self.pool.open(wait=True)

    async def close(self) -> None:
        await self.pool.close()

    async def fetch(self, cur: Any, ids: list[int]) -> Worlds:
        if self.batch:
            await cur.executemany(self.SELECT, [(key,) for key in ids], returning=True)
            return [await cur.fetchone() async for _ in cur.results()]
        return [await (await cur.execute(self.SELECT, (key,))).fetchone() for key in ids]

    async def read(self, ids: list[int]) -> Worlds:
        async with self.pool.connection() as conn, conn.cursor() as cur:
            return await self.fetch(cur, ids)

    async def change(self, ids: list[int]) -> Worlds:
        async with self.pool.connection() as conn, conn.cursor() as cur:
            worlds = changed(await self.fetch(cur, ids))
            await cur.executemany(self.UPDATE, [(number, key) for key, number in worlds])
        return worlds


class Asyncpg:
    SELECT = "select id, randomnumber from world where id = $1"
    UPDATE = "update world set randomnumber = $2 where id = $1"

    def __init__(self, batch: bool) -> None:
        self.batch = batch

    async def open(self) -> None:
        import asyncpg

        self.pool = await asyncpg.create_pool(URI, min_size=POOL, max_size=POOL)

    async def close(self) -> None:
        await self.pool.close()

    async def fetch(self, conn: Any, ids: list[int]) -> Worlds:
        if self.batch:
            worlds: Worlds = await conn.fetchmany(self.SELECT, [(key,) for key in ids])
            return worlds
        return [await conn.fetchrow(self.SELECT, key) for key in ids]

    async def read(self, ids: list[int]) -> Worlds:
        async with self.pool.acquire() as conn:
            return await self.fetch(conn, ids)

    async def change(self, ids: list[int]) -> Worlds:
        async with self.pool.acquire() as conn:
            worlds = changed(await self.fetch(conn, ids))
            await conn.executemany(self.UPDATE, worlds)
        return worlds


driver, _, use = os.environ["BENCH_APPLICATION"].partition("-")
database: Database = {"howdah": Howdah, "asyncpg": Asyncpg}[driver](use == "batch")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    await database.open()
    yield
    await database.close()


app = FastAPI(lifespan=lifespan)


def some(queries: int) -> list[int]:
    return sample(range(1, ROWS + 1), min(max(queries, 1), 500))


def answer(worlds: Worlds) -> Any:
    return JSONResponse([{"id": key, "randomNumber": number} for key, number in worlds])


@app.get("/queries")
async def queries(queries: int = 1) -> Any:
    return answer(await database.read(some(queries)))


@app.get("/updates")
async def updates(queries: int = 1) -> Any:
    return answer(await database.change(some(queries)))
