"""The module under test, the server and the database, for every test.

``HOWDAH_TEST_DSN`` names a server to use; without it an embedded one is started, once per run, if a test asks for it.
``HOWDAH_TEST_MODULE`` names another module with the same interface to run the tests against.
``HOWDAH_TEST_LOOP=uvloop`` runs asynchronous tests in uvloop's event loop, ``unwatching`` in one without readers.
``HOWDAH_TEST_FUTURES=1`` has operations wait on asyncio's futures, the oracle of the waiter in C.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest

from servers import embedded
from unwatching import UnwatchingLoop


@dataclass(frozen=True)
class Login:
    """A role that has to log in by `method`."""

    user: str
    method: str
    password: str
    dsn: str


@dataclass(frozen=True)
class TestServer:
    """The server of this run.

    `logins` is keyed by method (trust, password, md5, scram-sha-256), and empty on a server that we did not set up.
    `socket_dir` is the folder of its Unix-domain socket, if known.
    """

    __test__ = False

    dsn: str
    host: str | None = None
    port: int | None = None
    socket_dir: str | None = None
    logins: dict[str, Login] = field(default_factory=dict)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "every_loop: asynchronous tests that run in other loops than asyncio's, too")
    # A shell starts what runs in the background with Ctrl-C ignored, and some tests press it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if name := os.environ.get("HOWDAH_TEST_LOOP"):
        asyncio.set_event_loop_policy(importlib.import_module(name).EventLoopPolicy())
    # A transport cannot be closed any more behind its loop, as where a connection outlives that.
    config.addinivalue_line("filterwarnings", "ignore:unclosed transport:ResourceWarning")


@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Any]:
    """Once is enough under ASan, of which loops have no part, and where the run has a loop of its own."""
    loops: dict[str, Any] = {"asyncio": asyncio.new_event_loop}
    single = "asan" in os.environ.get("LD_PRELOAD", "") or "HOWDAH_TEST_LOOP" in os.environ
    if item.get_closest_marker("every_loop") and not single:
        with contextlib.suppress(ImportError):
            loops["uvloop"] = importlib.import_module("uvloop").new_event_loop
        if os.environ.get("HOWDAH_TEST_MODULE", "howdah") == "howdah":
            loops["unwatching"] = UnwatchingLoop
    return loops


@pytest.fixture(scope="session")
def pg() -> ModuleType:
    """The module under test."""
    module = importlib.import_module(os.environ.get("HOWDAH_TEST_MODULE", "howdah"))
    if os.environ.get("HOWDAH_TEST_FUTURES"):
        module._howdah.direct_wake(False)
    return module


@pytest.fixture(scope="session")
def server() -> Iterator[TestServer]:
    """The server, with its logins."""
    given = os.environ.get("HOWDAH_TEST_DSN")
    if given:
        yield TestServer(given)
        return
    with embedded.start() as running:
        address = f"host={running.host} port={running.port} dbname={running.dbname}"
        logins = {
            method: Login(user, method, password, f"{address} user={user}")
            for user, (method, password) in embedded.LOGINS.items()
        }
        yield TestServer(running.dsn, running.host, running.port, running.socket_dir, logins)


@pytest.fixture(scope="session")
def dsn(pg: ModuleType, server: TestServer) -> Iterator[str]:
    """The connection string of an empty database, this run's own."""
    name = f"hd_test_{os.getpid()}"
    make_conninfo = importlib.import_module(f"{pg.__name__}.conninfo").make_conninfo
    with pg.connect(server.dsn, autocommit=True) as conn:
        conn.execute(f"create database {name} template template0")
    yield make_conninfo(server.dsn, dbname=name)
    with pg.connect(server.dsn, autocommit=True) as conn:
        conn.execute(f"drop database {name} with (force)")
