"""A FastAPI application with a pool of asynchronous connections.

python examples/fastapi_app.py [CONNECTION STRING]

It needs FastAPI and a client: pip install fastapi httpx2. In production a server runs the application: uvicorn
module:app.
"""

import sys
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.testclient import TestClient

import howdah as psycopg
from howdah.pool import AsyncConnectionPool
from howdah.rows import dict_row
from howdah.server import start

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn

# Opened by the application when it starts, since it belongs to the application's event loop. Rows shall be dicts.
pool = AsyncConnectionPool(dsn, open=False, min_size=1, max_size=10, kwargs={"row_factory": dict_row})


@asynccontextmanager
async def lifespan(app):
    async with pool:
        async with pool.connection() as conn:
            await conn.execute("CREATE TABLE lesson_notes (id serial PRIMARY KEY, text text UNIQUE)")
        yield
        async with pool.connection() as conn:
            await conn.execute("DROP TABLE lesson_notes")


app = FastAPI(lifespan=lifespan)


async def connection():
    """A connection for one request: committed at its end, rolled back if the request fails."""
    async with pool.connection() as conn:
        yield conn


# Without the scope FastAPI would answer first and commit afterwards, when it's too late to tell that this has failed.
Connection = Annotated[psycopg.AsyncConnection, Depends(connection, scope="function")]


@app.post("/notes", status_code=201)
async def add(text: str, conn: Connection):
    try:
        cur = await conn.execute("INSERT INTO lesson_notes (text) VALUES (%s) RETURNING *", (text,))
    except psycopg.errors.UniqueViolation as error:
        raise HTTPException(409, error.diag.message_detail) from None
    return await cur.fetchone()


@app.get("/notes/{note}")
async def read(note: int, conn: Connection):
    cur = await conn.execute("SELECT * FROM lesson_notes WHERE id = %s", (note,))
    if (row := await cur.fetchone()) is None:
        raise HTTPException(404)
    return row


# A client that needs no network: it runs the application in this process, from start to end.
with TestClient(app) as client:
    print(client.post("/notes", params={"text": "buy peanuts"}).json())
    print(client.get("/notes/1").json(), client.get("/notes/7").json())
    refused = client.post("/notes", params={"text": "buy peanuts"})
    print(refused.status_code, refused.json())
