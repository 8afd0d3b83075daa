"""Debian's PostgreSQL, which has TLS and GSSAPI: started on a private port, in a private folder, as a plain user.

Where it is not installed tests are skipped, except in CI, where they fail.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

INSTALLED = Path("/usr/lib/postgresql")

SETTINGS: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "listen_addresses": "127.0.0.1,::1",
    "max_connections": "50",
    "log_connections": "on",
}


def lacks(reason: str) -> None:
    """Skip the test, or fail it in CI, where nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI installs it: see .ci/run")
    pytest.skip(reason)


def bindir() -> Path:
    """The folder with the programs of the newest version."""
    found = sorted(INSTALLED.glob("*/bin/initdb"), key=lambda path: int(path.parent.parent.name))
    if not found:
        lacks("Debian's postgresql is not installed")
    return found[-1].parent


def plain_user() -> pwd.struct_passwd | None:
    """Who runs the server: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    lacks("there is no user to run PostgreSQL as")
    return None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Debian:
    """A running server. `folder` is its own, and its user's; `host`, `port` and `socket_dir` say where it is."""

    host = "127.0.0.1"

    def __init__(self, hba: Iterable[str], settings: Mapping[str, str] | None = None, sql: str = ""):
        self._bin, self._user = bindir(), plain_user()
        self.folder = Path(tempfile.mkdtemp(prefix="howdah-debian-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.socket_dir = str(self.folder)
        self.port = free_port()
        self.data = self.folder / "data"
        self.environment: dict[str, str] = {}
        self._own(self.folder)
        try:
            self._run(
                "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-N", "--encoding=UTF8", "--locale=C"
            )
            self.configure(hba, settings or {})
            self._control("start")
            if sql:
                self.psql(sql)
        except BaseException:
            self.stop()
            raise

    @property
    def version(self) -> int:
        return int(self._bin.parent.name)

    def configure(self, hba: Iterable[str], settings: Mapping[str, str]) -> None:
        """Write the files; `reload` or `restart` puts them in force."""
        lines = {**SETTINGS, "unix_socket_directories": self.socket_dir, "port": str(self.port), **settings}
        text = "".join(f"{name} = '{value}'\n" for name, value in lines.items())
        (self.data / "postgresql.auto.conf").write_text(text)
        self.authenticate(hba)

    def authenticate(self, hba: Iterable[str]) -> None:
        """Write pg_hba.conf."""
        lines = ("local all postgres trust", *hba)
        (self.data / "pg_hba.conf").write_text("".join(f"{line}\n" for line in lines))

    def install(self, source: Path, name: str) -> None:
        """Copy a file to the server's data, for the server to read."""
        path = self.data / name
        shutil.copy(source, path)
        path.chmod(0o600)
        self._own(path)

    def reload(self) -> None:
        """Put what was configured in force, and wait until it is."""
        count = "select count(*) from pg_stat_activity where backend_start < pg_conf_load_time()"
        self.psql("select pg_reload_conf(); select pg_sleep(0.1);" + count)

    def restart(self) -> None:
        self._control("-m", "fast", "restart")

    def psql(self, sql: str) -> str:
        """Run statements as the superuser; what they print."""
        command = [
            "psql",
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            self.socket_dir,
            "-p",
            str(self.port),
        ]
        return self._run(*command, "-U", "postgres", "-d", "postgres", stdin=sql)

    def stop(self) -> None:
        """Stop it and delete its folder."""
        if (self.data / "postmaster.pid").exists():
            self._control("-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Debian:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _own(self, path: Path) -> None:
        if self._user is not None:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def _control(self, *action: object) -> None:
        self._run("pg_ctl", "-D", self.data, "-l", self.folder / "log", "-s", "-w", *action)

    def _run(self, program: str, *args: object, stdin: str = "") -> str:
        # LD_PRELOAD: the sanitizers of a test run are not for the server, which hangs in them.
        environment = {n: value for n, value in os.environ.items() if not n.startswith("PG") and n != "LD_PRELOAD"}
        environment |= {"LC_ALL": "C", **self.environment}
        identity: dict[str, Any] = {"cwd": "/", "env": environment}
        if self._user is not None:
            identity |= {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        # A file, because the server inherits it from pg_ctl and would hold a pipe open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [str(self._bin / program), *map(str, args)],
                input=stdin.encode(),
                stdout=output,
                stderr=subprocess.STDOUT,
                **identity,
            )
            output.seek(0)
            text = output.read().decode(errors="replace").strip()
        if done.returncode != 0:
            log = self.folder / "log"
            raise RuntimeError(f"{program} failed:\n{text}\n{log.read_text() if log.exists() else ''}")
        return text
