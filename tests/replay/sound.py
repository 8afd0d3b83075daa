"""What has to be true of a connection whatever has happened to it: it is closed, or as good as new."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from howdah import errors
from howdah.pq import PipelineStatus, TransactionStatus

STATES = {
    TransactionStatus.IDLE: "idle",
    TransactionStatus.INTRANS: "idle in transaction",
    TransactionStatus.INERROR: "idle in transaction (aborted)",
}
TIDY = (
    "set client_min_messages = error; drop table if exists replayed; close all; unlisten *; reset all;"
    " set client_min_messages = notice; commit"
)


async def simple(conn: Any, tag: str) -> None:
    assert await (await conn.execute(f"select '{tag}'")).fetchall() == [(tag,)]


async def with_parameters(conn: Any, tag: str) -> None:
    assert await (await conn.execute("select %s::text, 7", [tag])).fetchall() == [(tag, 7)]


async def prepared(conn: Any, tag: str) -> None:
    assert await (await conn.execute("select %s::text, 8", [tag], prepare=True)).fetchall() == [(tag, 8)]


async def many(conn: Any, tag: str) -> None:
    cur = conn.cursor()
    await cur.executemany("select %s::text, %s::int", [(tag, 1), (tag, 2)], returning=True)
    assert [await result.fetchall() async for result in cur.results()] == [[(tag, 1)], [(tag, 2)]]


async def piped(conn: Any, tag: str) -> None:
    async with conn.pipeline():
        one = await conn.execute("select %s::text, 3", [tag])
        two = await conn.execute("select %s::text, 4", [tag])
        assert await two.fetchall() == [(tag, 4)]
    assert await one.fetchall() == [(tag, 3)]


async def streamed(conn: Any, tag: str) -> None:
    assert [row async for row in conn.cursor().stream("select %s::text, 5", [tag])] == [(tag, 5)]


async def copied(conn: Any, tag: str) -> None:
    async with conn.cursor() as cur, cur.copy(f"copy (select '{tag}') to stdout") as copy:
        assert [bytes(data) async for data in copy] == [f"{tag}\n".encode()]


FIRST: tuple[Callable[[Any, str], Awaitable[None]], ...] = (
    simple,
    with_parameters,
    prepared,
    many,
    piped,
    streamed,
    copied,
)


async def sound(conn: Any, server_says: Callable[[int], str], tag: str, turn: int) -> bool:
    """Whether the connection is open. Raises AssertionError if it is neither that nor closed.

    server_says: the state of a backend. tag: of the queries that find out. turn: which of them is the first.
    """
    if conn.closed:
        return False
    assert conn.info.pipeline_status == PipelineStatus.OFF
    status = conn.info.transaction_status
    assert server_says(conn.info.backend_pid) == STATES[status]
    assert status == TransactionStatus.IDLE or not conn.autocommit
    first = FIRST[turn % len(FIRST)]
    if status == TransactionStatus.INERROR:
        try:
            await first(conn, tag)
        except errors.InFailedSqlTransaction:
            await conn.rollback()
        else:
            raise AssertionError("the failed transaction is forgotten")
    await first(conn, tag)
    await FIRST[(turn + 1) % len(FIRST)](conn, f"{tag} again")
    await conn.rollback()
    await conn.execute(TIDY)
    assert conn.info.transaction_status == TransactionStatus.IDLE
    return True
