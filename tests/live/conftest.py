"""Connections for the live tests, and the mark of what howdah does on purpose otherwise than psycopg."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections import defaultdict
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from beside import Watch
from replay.play import Stage
from replay.tunnel import server_context


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "howdah_only: behaviour that differs from psycopg on purpose")


@pytest.fixture(autouse=True)
def _skip_howdah_only(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("howdah_only") and request.getfixturevalue("pg").__name__ != "howdah":
        pytest.skip("howdah's own behaviour")


@pytest.fixture(scope="session")
def module(pg: ModuleType) -> Callable[[str], ModuleType]:
    """Import a module of the package under test: module("types.json")."""
    return lambda name: importlib.import_module(f"{pg.__name__}.{name}")


@pytest.fixture(scope="session")
def pool_module(pg: ModuleType) -> ModuleType:
    """The pools that belong to the module under test."""
    return importlib.import_module("howdah.pool" if pg.__name__ == "howdah" else f"{pg.__name__}_pool")


@pytest.fixture(scope="module", params=["plain", "tls"])
def stage(request, pg, dsn, server, tmp_path_factory):
    """Where scenarios are recorded from the server and played again, with TLS or without."""
    if server.port is None:
        pytest.skip("the server's address is not known")
    params = pg.conninfo.conninfo_to_dict(dsn)
    who = {"user": params["user"], "dbname": params["dbname"]}
    context = server_context(tmp_path_factory.mktemp("tls")) if request.param == "tls" else None
    with Stage(pg, {"host": server.host, "port": server.port, **who}, context) as stage:
        yield stage


@pytest.fixture(scope="module")
def tally(request):
    """Seconds that each run took, by what was run."""
    tally = defaultdict(list)
    yield tally
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        for what, took in tally.items():
            print(f"\n{what}: {len(took)} runs, the slowest {max(took):.2f} s", end="")


# Seconds for which a connection is not given up while a cancelled query doesn't end: the machine may be slow.
GRACE = 60


@pytest.fixture
def conn(pg, dsn):
    """A connection that opens transactions, as by default."""
    conn = pg.connect(dsn)
    conn.cancel_grace = GRACE
    yield conn
    conn.close()


@pytest.fixture
def auto(pg, dsn):
    """A connection in autocommit."""
    conn = pg.connect(dsn, autocommit=True)
    conn.cancel_grace = GRACE
    yield conn
    conn.close()


@pytest.fixture
def other(pg, dsn):
    """A second connection, in autocommit: how the rest of the world sees the database."""
    conn = pg.connect(dsn, autocommit=True)
    yield conn
    conn.close()


@pytest.fixture
def watch(pg, dsn):
    """Sees what the server does for the other connections."""
    with pg.connect(dsn, autocommit=True) as conn:
        yield Watch(conn)


@pytest.fixture
async def aconn(pg, dsn):
    """A connection for asyncio that opens transactions."""
    conn = await pg.AsyncConnection.connect(dsn)
    conn.cancel_grace = GRACE
    yield conn
    await conn.close()


@pytest.fixture
async def aauto(pg, dsn):
    """A connection for asyncio in autocommit."""
    conn = await pg.AsyncConnection.connect(dsn, autocommit=True)
    conn.cancel_grace = GRACE
    yield conn
    await conn.close()


@pytest.fixture(params=[False, True], ids=["text", "binary"])
def cur(request, auto):
    """A cursor in each of the two formats, in autocommit."""
    return auto.cursor(binary=request.param)


def sketch(value: Any) -> Any:
    """A value with the types of its parts, such that NaN equals NaN and 1 differs from True and from 1.0."""
    if isinstance(value, (list, tuple)):
        return (type(value), [sketch(item) for item in value])
    return (type(value), repr(value))


@pytest.fixture
def always():
    """Execute a query ten times, so that it becomes a prepared statement: the row must stay the same; return it."""

    def run(cur, query, params=None):
        first = cur.execute(query, params).fetchone()
        for _ in range(9):
            again = cur.execute(query, params).fetchone()
            assert sketch(again) == sketch(first)
        return first

    return run


@pytest.fixture(params=["text", "binary"])
def format(request):
    """Of COPY."""
    return request.param


@pytest.fixture
def table(auto):
    """The name of a table (a int, b text)."""
    auto.execute("drop table if exists t; create table t (a int, b text)")
    yield "t"
    if not auto.closed:
        auto.execute("drop table if exists t")


@pytest.fixture(params=["sync", "asyncio"])
def connect(request, pg):
    """Connect and close; the parameters of the connection."""

    async def connect_async(conninfo="", **params):
        conn = await pg.AsyncConnection.connect(conninfo, **params)
        info = conn.info.get_parameters()
        await conn.close()
        return info

    def run(conninfo="", **params):
        if request.param == "asyncio":
            return asyncio.run(connect_async(conninfo, **params))
        conn = pg.connect(conninfo, **params)
        info = conn.info.get_parameters()
        conn.close()
        return info

    return run


@pytest.fixture
def no_environment(monkeypatch, tmp_path):
    """Nothing of the user's has a say in how to connect."""
    for name in list(os.environ):
        if name.startswith("PG"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
