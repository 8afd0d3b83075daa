"""A scenario against a recorder or a player, blocking or under asyncio."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from types import ModuleType
from typing import Any

from replay.blocking import Blocking, run
from replay.scenarios import SCENARIOS
from replay.transcript import Recorder, Transcript, parameters

Found = list[tuple[int, list[Any]]]  # the number of a query and rows of its answer, in order

ROADS = ("blocking", "asyncio")


def blocking(pg: ModuleType, name: str, where: dict[str, Any], found: Found) -> None:
    with pg.connect(**where) as conn:
        run(SCENARIOS[name](Blocking(conn), lambda label, rows: found.append((label, rows))))


async def under_asyncio(pg: ModuleType, name: str, where: dict[str, Any], found: Found) -> None:
    async with await pg.AsyncConnection.connect(**where) as conn:
        await SCENARIOS[name](conn, lambda label, rows: found.append((label, rows)))


def play(pg: ModuleType, name: str, road: str, where: dict[str, Any], found: Found, loop: AbstractEventLoop) -> None:
    """Runs the scenario, and appends to `found` what it finds."""
    if road == "blocking":
        blocking(pg, name, where, found)
    else:
        loop.run_until_complete(under_asyncio(pg, name, where, found))


def record(
    pg: ModuleType,
    name: str,
    road: str,
    server: tuple[str, int],
    like: dict[str, Any],
    loop: AbstractEventLoop,
) -> tuple[Transcript, Found]:
    """What the server says in this scenario, and what the client makes of it."""
    found: Found = []
    with Recorder(*server) as recorder:
        play(pg, name, road, parameters(recorder.port, like), found, loop)
    return recorder.transcript, found


def strangers(found: Found) -> list[Any]:
    """Rows that answer another query than the one they were fetched from."""
    return [(label, row) for label, rows in found for row in rows if row is not None and row[0] != label]
