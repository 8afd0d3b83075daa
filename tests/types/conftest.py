"""Connections for the property tests of types: howdah's on every road, and psycopg's as the oracle."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from type_families import SETUP, Mood

psycopg = pytest.importorskip("psycopg")

Run = Callable[[str, list[Any]], Any]  # the first row of a query with parameters


MODULES = ["enum", "composite", "hstore", "range", "multirange"]


class Driver:
    """A module's connections, with the types of the tests registered in each."""

    def __init__(self, name: str, dsn: str):
        self.name = name
        self.module = importlib.import_module(name)
        self.dsn = dsn
        self.connections: list[Any] = []

    def connect(self) -> Any:
        conn = self.module.connect(self.dsn, autocommit=True)
        conn.prepare_threshold = None
        self.register(conn, conn)
        self.connections.append(conn)
        return conn

    def register(self, conn: Any, context: Any) -> None:
        """`conn` is asked, `context` learns it."""
        types = {name: importlib.import_module(f"{self.name}.types.{name}") for name in MODULES}
        types["enum"].register_enum(types["enum"].EnumInfo.fetch(conn, "mood"), context, Mood)
        for name in ("pt", "segment"):
            composite = types["composite"].CompositeInfo.fetch(conn, name)
            types["composite"].register_composite(composite, context)
        types["hstore"].register_hstore(self.module.types.TypeInfo.fetch(conn, "hstore"), context)
        types["range"].register_range(types["range"].RangeInfo.fetch(conn, "textrange"), context)
        multirange = types["multirange"].MultirangeInfo.fetch(conn, "textmultirange")
        types["multirange"].register_multirange(multirange, context)

    def run(self, **options: Any) -> Run:
        conn = self.connect()
        prepare = options.pop("prepare", None)
        cur = conn.cursor(**options)
        return lambda query, params: cur.execute(query, params, prepare=prepare).fetchone()


class Drivers:
    """howdah's answers by the name of the road they took, and psycopg's in each format."""

    def __init__(self, pg: str, dsn: str):
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(SETUP)
        self.loop = asyncio.new_event_loop()
        self.howdah, self.psycopg = Driver(pg, dsn), Driver("psycopg", dsn)
        self.ours: dict[str, Run] = {
            "text": self.howdah.run(),
            "adaptive": self.howdah.run(prepare=True),
            "binary": self.howdah.run(binary=True),
            "asyncio adaptive": self._run_async(dsn, prepare=True),
            "asyncio binary": self._run_async(dsn, binary=True),
        }
        self.theirs: dict[str, Run] = {"text": self.psycopg.run(), "binary": self.psycopg.run(binary=True)}

    def _run_async(self, dsn: str, prepare: bool | None = None, **options: Any) -> Run:
        conn = self.loop.run_until_complete(self.howdah.module.AsyncConnection.connect(dsn, autocommit=True))
        conn.prepare_threshold = None
        self.howdah.register(self.howdah.connections[0], conn)
        self.howdah.connections.append(conn)
        cur = conn.cursor(**options)

        async def run(query: str, params: list[Any]) -> Any:
            await cur.execute(query, params, prepare=prepare)
            return await cur.fetchone()

        return lambda query, params: self.loop.run_until_complete(run(query, params))

    def close(self) -> None:
        for conn in self.howdah.connections + self.psycopg.connections:
            closing = conn.close()
            if closing is not None:
                self.loop.run_until_complete(closing)
        self.loop.close()


@pytest.fixture(scope="session")
def drivers(pg: Any, dsn: str) -> Iterator[Drivers]:
    made = Drivers(pg.__name__, dsn)
    yield made
    made.close()
