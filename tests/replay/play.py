"""Scenarios against a recorder or a player, blocking or under asyncio."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from types import ModuleType, TracebackType
from typing import Any

from replay import scenarios
from replay.blocking import blocking
from replay.scenarios import SCENARIOS
from replay.transcript import Player, Recorder, Transcript

Found = list[tuple[int, list[Any]]]  # the number of a query and rows of its answer, in order

ROADS = ("blocking", "asyncio")
BLOCKING = blocking(scenarios.__file__)["SCENARIOS"]

GRACE = 60  # seconds: who waits in vain for the end of what was cancelled waits for so long that it is noticed


class Stage:
    """Where conversations with a server are recorded and played again, inside ``with``."""

    def __init__(self, pg: ModuleType, server: Mapping[str, Any], context: ssl.SSLContext | None = None):
        """server: parameters by which it can be reached. context: they are played again over TLS."""
        self.transport = "plain" if context is None else "tls"
        self.player = Player(context)
        self._pg = pg
        self._server = server
        self._loop = asyncio.new_event_loop()

    def __enter__(self) -> Stage:
        self.player.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.close()
        self.player.__exit__(kind, value, traceback)

    def record(self, name: str, road: str) -> tuple[Transcript, Found]:
        """What the server says in this scenario, and what the client makes of it."""
        found: Found = []
        with Recorder(self._server["host"], self._server["port"]) as recorder:
            self._perform(name, road, recorder.port, found, "disable")
        return recorder.transcript, found

    def play(self, name: str, road: str, found: Found) -> None:
        """Run the scenario against what the player was loaded with, and append to `found` what it finds."""
        self._perform(name, road, self.player.port, found, "disable" if self.transport == "plain" else "require")

    def _perform(self, name: str, road: str, port: int, found: Found, sslmode: str) -> None:
        # The start-up message is the same for recorder and player.
        where = {**self._server, "host": "127.0.0.1", "port": port, "sslmode": sslmode}
        if road == "blocking":
            self._blocking(name, where, found)
        else:
            self._loop.run_until_complete(self._under_asyncio(name, where, found))

    def _blocking(self, name: str, where: dict[str, Any], found: Found) -> None:
        with self._pg.connect(**where) as conn:
            conn.cancel_grace = GRACE
            BLOCKING[name](conn, lambda label, rows: found.append((label, rows)))

    async def _under_asyncio(self, name: str, where: dict[str, Any], found: Found) -> None:
        async with await self._pg.AsyncConnection.connect(**where) as conn:
            conn.cancel_grace = GRACE
            await SCENARIOS[name](conn, lambda label, rows: found.append((label, rows)))


def strangers(found: Found) -> list[Any]:
    """Rows that answer another query than the one they were fetched from."""
    return [(label, row) for label, rows in found for row in rows if row is not None and row[0] != label]
