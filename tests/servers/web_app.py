"""A web application over a pool, for test_web.py: uvicorn runs it, with the connection string in ``WEB_APP_DSN``."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

import howdah
from howdah.pool import AsyncConnectionPool

SIZE = 6
NAME = "howdah-web-app"

pool = AsyncConnectionPool(os.environ["WEB_APP_DSN"], open=False, min_size=SIZE, kwargs={"application_name": NAME})


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with pool:
        await pool.wait()
        yield


async def connection() -> AsyncIterator[howdah.AsyncConnection[Any]]:
    async with pool.connection() as conn:
        yield conn


Connection = Annotated[howdah.AsyncConnection[Any], Depends(connection, scope="function")]
app = FastAPI(lifespan=lifespan)


@app.exception_handler(howdah.OperationalError)
async def lost(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": str(error)}, 503)


@app.get("/echo/{n}")
async def echo(n: int, conn: Connection) -> Any:
    cur = await conn.execute("select %s::int8, repeat('x', 1000) from generate_series(1, 20)", [n])
    rows = await cur.fetchall()
    return [rows[-1][0], len(rows)]


@app.post("/keep/{n}", status_code=201)
async def keep(n: int, conn: Connection) -> None:
    await conn.execute("insert into web_app_kept values (%s)", [n])


@app.get("/slow")
async def slow(conn: Connection) -> str:
    """A query that the application gives up: its task's wait is cancelled."""
    try:
        await asyncio.wait_for(conn.execute("select pg_sleep(10)"), 0.02)
    except (TimeoutError, asyncio.TimeoutError):
        return "given up"
    return "finished"


@app.get("/stats")
def stats() -> dict[str, int]:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {**pool.get_stats(), "memory": pages * resource.getpagesize()}
