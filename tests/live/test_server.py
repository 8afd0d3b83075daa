"""howdah.server and `python -m howdah server`: the throw-away PostgreSQL."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import howdah.server


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_start_and_stop(pg: ModuleType) -> None:
    with howdah.server.start() as server:
        assert "running" in repr(server)
        assert "ready to accept connections" in server.log
        for dsn in (server.dsn, server.uri, f"host={server.socket_dir} port={server.port} user=postgres"):
            with pg.connect(dsn) as conn:
                assert conn.execute("select current_user, current_database()").fetchone() == ("postgres", "postgres")
        assert Path(server.socket_dir).is_dir()
    assert "stopped" in repr(server)
    assert not listens(server.port)
    assert not Path(server.socket_dir).exists()
    server.stop()  # again: nothing happens


def test_settings_hba_and_sql(pg: ModuleType) -> None:
    with howdah.server.start(
        settings={"application_name": "it's \\ quoted", "max_connections": 7},
        hba=["host all anna 127.0.0.1/32 scram-sha-256"],
        sql="create role anna login password 'secret';\ncreate table made (n int); insert into made values (1);",
    ) as server:
        with pg.connect(server.dsn) as conn:
            assert conn.execute("select * from made").fetchall() == [(1,)]
            assert conn.execute("show application_name").fetchone() == ("it's \\ quoted",)
            assert conn.execute("show max_connections").fetchone() == ("7",)
        with pg.connect(server.dsn, user="anna", password="secret") as conn:
            assert conn.execute("select current_user").fetchone() == ("anna",)
        with pytest.raises(pg.OperationalError, match="password authentication failed"):
            pg.connect(server.dsn, user="anna", password="guess")


def test_wrong_setting() -> None:
    with pytest.raises(RuntimeError, match="unrecognized configuration parameter"):
        howdah.server.start(settings={"no_such_setting": 1})


def test_wrong_sql() -> None:
    with pytest.raises(RuntimeError, match=r"psql failed.*\n.*syntax error"):
        howdah.server.start(sql="selekt 1;")


def test_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RuntimeError, match=r"(?i)address already in use"):
            howdah.server.start(port=port)


def test_variables_of_libpq_are_not_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "nowhere.invalid")
    monkeypatch.setenv("PGOPTIONS", "-c no_such_setting=1")
    monkeypatch.setenv("PGDATA", "/nonexistent")
    with howdah.server.start(sql="select 1") as server:
        assert listens(server.port)


def test_lack_of_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("howdah.server._binaries.PACKAGE", "no_such_package")
    with pytest.raises(ImportError, match=r"howdah\[server\]"):
        howdah.server.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="a copy is made for root only")
def test_copy_for_another_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pg: ModuleType) -> None:
    """Programs that lie where only root can read them run from a copy, and the folders above stay closed."""
    monkeypatch.setattr("howdah.server._binaries._open_to_all", lambda path: False)
    cache = Path("/tmp") / f"howdah-cache-{os.getpid()}"
    monkeypatch.setattr("howdah.server._binaries.SYSTEM_CACHE", cache)
    try:
        for _ in range(2):
            with howdah.server.start() as server, pg.connect(server.dsn) as conn:
                (path,) = conn.execute("select setting from pg_config where name = 'BINDIR'").fetchone()
                assert path.startswith(str(cache))
        assert [path.name.startswith("postgresql-") for path in cache.iterdir()] == [True]
    finally:
        subprocess.run(["rm", "-rf", cache], check=True)


def command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "howdah", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    pairs = dict(pair.split("=") for pair in process.stdout.readline().split())
    return int(pairs["port"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command(number: signal.Signals) -> None:
    process = command("server", "-c", "max_connections=7")
    port = port_of(process)
    assert listens(port)
    process.send_signal(number)
    out, err = process.communicate(timeout=200)
    assert (process.returncode, out.strip(), err) == (0, "", "")
    assert not listens(port)


def test_command_killed() -> None:
    """Nothing of the server is left even when its owner has no time to say so."""
    process = command("server")
    port = port_of(process)
    process.kill()
    process.communicate()
    wait_until(lambda: not listens(port))


def test_command_with_a_wrong_setting() -> None:
    process = command("server", "-c", "no_such_setting=1")
    out, err = process.communicate(timeout=200)
    assert process.returncode == 1
    assert out == ""
    assert "unrecognized configuration parameter" in err
    assert "Traceback" not in err
