"""pgbouncer before one of Debian's PostgreSQLs, on a private port, with TLS on both sides if wanted.

This machine's, or one in a chroot (servers/debootstrapped.py).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from .debian import CHOSEN, HERE, free_port, lacks, own, plain_user, without_postgres
from .wait import wait_for

ADMIN = "console"


def program(root: Path = CHOSEN) -> Path:
    """As seen from `root`."""
    for folder in ("usr/sbin", "usr/bin"):
        if (root / folder / "pgbouncer").exists():
            return HERE / folder / "pgbouncer"
    lacks("Debian's pgbouncer is not installed")
    raise FileNotFoundError("pgbouncer")


class Pooler:
    """A running pgbouncer. It knows the users and passwords that it is given, and demands SCRAM; `port` is its.

    `certificates` is a folder with root.crt, server.crt and server.key: with it there is TLS on both sides.
    """

    def __init__(
        self,
        server_port: int,
        passwords: Mapping[str, str],
        settings: Mapping[str, object],
        *,
        certificates: Path | None = None,
        root: Path = CHOSEN,
    ):
        self._root, self._user = root, plain_user(root)
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="howdah-pooler-", dir=root / "tmp"))
        lines: dict[str, object] = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "scram-sha-256",
            "auth_file": self._write("users", "".join(f'"{n}" "{p}"\n' for n, p in passwords.items())),
            "admin_users": ADMIN,
            "default_pool_size": 2,
            "max_client_conn": 200,
            "server_login_retry": 1,
        }
        if certificates is not None:
            for name in ("root.crt", "server.crt", "server.key"):
                self._write(name, (certificates / name).read_bytes().decode())
            lines |= {
                "client_tls_sslmode": "require",
                "client_tls_cert_file": self._seen(self.folder / "server.crt"),
                "client_tls_key_file": self._seen(self.folder / "server.key"),
                "client_tls_ca_file": self._seen(self.folder / "root.crt"),  # else the system's, which may have none
                "server_tls_sslmode": "verify-full",
                "server_tls_ca_file": self._seen(self.folder / "root.crt"),
            }
        text = "".join(f"{name} = {value}\n" for name, value in {**lines, **settings}.items())
        config = self._write(
            "pgbouncer.ini", f"[databases]\n* = host=localhost port={server_port}\n[pgbouncer]\n{text}"
        )
        own(self.folder, self._user)
        command = [str(program(root)), str(config)]
        identity: dict[str, Any] = {}
        if self._user is not None and root == HERE:
            identity = {"user": self._user.uid, "group": self._user.gid, "extra_groups": []}
        elif self._user is not None:
            command = ["chroot", "--groups=", f"--userspec={self._user.uid}:{self._user.gid}", str(root), *command]
        with open(self.folder / "log", "wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd="/",
                env=without_postgres(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **identity,
            )
        try:
            wait_for(self._listens, "pgbouncer does not start")
        except BaseException:
            self.close()
            raise

    @staticmethod
    def version(root: Path = CHOSEN) -> tuple[int, ...]:
        path = root / program(root).relative_to(HERE)
        command = [str(path)] if root == HERE else ["chroot", str(root), str(program(root))]
        command.append("--version")
        text = subprocess.run(command, env=without_postgres(), capture_output=True, text=True, check=True).stdout
        return tuple(map(int, text.split()[1].split(".")))

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Pooler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / name
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(text)
        own(path, self._user)
        return self._seen(path)

    def _seen(self, path: Path) -> Path:
        return HERE / path.relative_to(self._root)

    def _listens(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"pgbouncer failed:\n{self.log}")
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except OSError:
            return False
        return True
