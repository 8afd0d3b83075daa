"""TechEmpower's queries and updates as a FastAPI application under uvicorn, which web.py starts.

    python bench/web_app.py DESCRIPTOR LOOP

DESCRIPTOR is a socket that listens, LOOP is uvloop or asyncio.
``BENCH_APPLICATION`` is a driver and how it is used: howdah-lane, howdah-batch, howdah-serial, asyncpg-batch or
asyncpg-serial. Serial waits for every row that it reads, and so does lane, on a read lane that all share; batch
asks for all rows of a request at once. ``BENCH_URI`` is the database.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import randint, sample
from typing import Any, Protocol

import uvicorn
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

    def __init__(self, use: str) -> None:
        self.use = use

    async def open(self) -> None:
        from howdah.pool import AsyncConnectionPool, ReadLane

        self.pool = AsyncConnectionPool(URI, min_size=POOL, open=False, kwargs={"autocommit": True})
        await self.pool.open(wait=True)
        self.lane = ReadLane(pool=self.pool)
        await self.lane.open()

    async def close(self) -> None:
        await self.lane.close()
        await self.pool.close()

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Any]:
        if self.use == "lane":
            yield self.lane
        else:
            async with self.pool.connection() as conn:
                yield conn

    async def read(self, ids: list[int]) -> Worlds:
        async with self.reader() as reader:
            if self.use == "batch":
                cur = reader.cursor()
                await cur.executemany(self.SELECT, [(key,) for key in ids], returning=True)
                return [await cur.fetchone() async for _ in cur.results()]
            return [await reader.fetchrow(self.SELECT, (key,)) for key in ids]

    async def change(self, ids: list[int]) -> Worlds:
        worlds = changed(await self.read(ids))
        async with self.pool.connection() as conn:
            await conn.cursor().executemany(self.UPDATE, [(number, key) for key, number in worlds])
        return worlds


class Asyncpg:
    SELECT = "select id, randomnumber from world where id = $1"
    UPDATE = "update world set randomnumber = $2 where id = $1"

    def __init__(self, use: str) -> None:
        self.use = use

    async def open(self) -> None:
        import asyncpg

        self.pool = await asyncpg.create_pool(URI, min_size=POOL, max_size=POOL)

    async def close(self) -> None:
        await self.pool.close()

    async def read(self, ids: list[int]) -> Worlds:
        async with self.pool.acquire() as conn:
            if self.use == "batch":
                worlds: Worlds = await conn.fetchmany(self.SELECT, [(key,) for key in ids])
                return worlds
            return [await conn.fetchrow(self.SELECT, key) for key in ids]

    async def change(self, ids: list[int]) -> Worlds:
        worlds = changed(await self.read(ids))
        async with self.pool.acquire() as conn:
            await conn.executemany(self.UPDATE, worlds)
        return worlds


driver, _, use = os.environ["BENCH_APPLICATION"].partition("-")
database: Database = {"howdah": Howdah, "asyncpg": Asyncpg}[driver](use)


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


if __name__ == "__main__":
    # uvicorn's own --fd takes the socket for one of AF_UNIX, so that loops leave out TCP_NODELAY: every answer, which
    # is written in two pieces, then waits 40 ms for the visitor's delayed acknowledgement.
    listener = socket.socket(fileno=int(sys.argv[1]))
    config = uvicorn.Config(app, log_level="warning", access_log=False, loop=sys.argv[2])
    uvicorn.Server(config).run(sockets=[listener])
