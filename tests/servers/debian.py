"""Debian's PostgreSQL, which has TLS and GSSAPI: started on a private port, in a private folder, as a plain user.

It may be one in a chroot (servers/debootstrapped.py), for all tests the one in ``HOWDAH_DEBIAN``. Where it is not
installed tests are skipped, except in CI, where they fail.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import pytest

HERE = Path("/")
CHOSEN = Path(os.environ.get("HOWDAH_DEBIAN", HERE))
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


def bindir(root: Path = HERE) -> Path:
    """The folder with the programs of the newest version, as seen from `root`."""
    found = sorted(root.glob("usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.parent.parent.name))
    if not found:
        lacks("Debian's postgresql is not installed")
    return HERE / found[-1].parent.relative_to(root)


class User(NamedTuple):
    uid: int
    gid: int


def plain_user(root: Path = HERE) -> User | None:
    """Who runs a server: PostgreSQL and pgbouncer refuse to be root. None: whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    entries = [line.split(":") for line in (root / "etc/passwd").read_text().splitlines()]
    users = {entry[0]: User(int(entry[2]), int(entry[3])) for entry in entries if len(entry) > 3}
    for name in ("postgres", "nobody"):
        if name in users:
            return users[name]
    lacks("there is no user to run a server as")
    return None


def own(path: Path, user: User | None) -> None:
    if user is not None:
        os.chown(path, *user)


def without_postgres() -> dict[str, str]:
    """The environment for a server: LD_PRELOAD, the sanitizers of a test run, is not for one, which hangs in them."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("PG") and name != "LD_PRELOAD"}
    return {**given, "LC_ALL": "C"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Debian:
    """A running server. `folder` is its own, and its user's; `host`, `port` and `socket_dir` say where it is.

    `root` is the root of the system that it is installed in, and `environment` what it finds in its own.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        hba: Iterable[str],
        settings: Mapping[str, str] | None = None,
        sql: str = "",
        *,
        root: Path = CHOSEN,
        environment: Mapping[str, str] | None = None,
    ):
        self._root, self._bin, self._user = root, bindir(root), plain_user(root)
        self._environment = environment or {}
        self.folder = Path(tempfile.mkdtemp(prefix="howdah-debian-", dir=root / "tmp"))
        self.folder.chmod(0o755)
        self.socket_dir = str(self.folder)
        self.port = free_port()
        self.data = self.folder / "data"
        own(self.folder, self._user)
        try:
            options = ("-U", "postgres", "-A", "trust", "-N", "--encoding=UTF8", "--locale=C")
            self._run("initdb", "-D", self._seen(self.data), *options)
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
        folder = str(self._seen(self.folder))
        lines = {**SETTINGS, "unix_socket_directories": folder, "port": str(self.port), **settings}
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
        own(path, self._user)

    def reload(self) -> None:
        """Put what was configured in force, and wait until it is."""
        count = "select count(*) from pg_stat_activity where backend_start < pg_conf_load_time()"
        self.psql("select pg_reload_conf(); select pg_sleep(0.1);" + count)

    def restart(self) -> None:
        self._control("-m", "fast", "restart")

    def psql(self, sql: str) -> str:
        """Run statements as the superuser; what they print."""
        options = ("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "postgres")
        return self._run("psql", *options, "-h", self._seen(self.folder), "-p", self.port, stdin=sql)

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

    def _seen(self, path: Path) -> Path:
        """As the server sees it."""
        return HERE / path.relative_to(self._root)

    def _control(self, *action: object) -> None:
        folder = self._seen(self.folder)
        self._run("pg_ctl", "-D", folder / "data", "-l", folder / "log", "-s", "-w", *action)

    def _run(self, program: str, *args: object, stdin: str = "") -> str:
        command = [str(self._bin / program), *map(str, args)]
        identity: dict[str, Any] = {"cwd": "/", "env": {**without_postgres(), **self._environment}}
        if self._user is not None and self._root == HERE:
            identity |= {"user": self._user.uid, "group": self._user.gid, "extra_groups": []}
        elif self._user is not None:
            user = f"--userspec={self._user.uid}:{self._user.gid}"
            command = ["chroot", "--groups=", user, str(self._root), *command]
        # A file, because the server inherits it from pg_ctl and would hold a pipe open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                command, input=stdin.encode(), stdout=output, stderr=subprocess.STDOUT, check=False, **identity
            )
            output.seek(0)
            text = output.read().decode(errors="replace").strip()
        if done.returncode != 0:
            log = self.folder / "log"
            raise RuntimeError(f"{program} failed:\n{text}\n{log.read_text() if log.exists() else ''}")
        return text
