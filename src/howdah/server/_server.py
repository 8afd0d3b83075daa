"""Start and stop a private PostgreSQL."""

from __future__ import annotations

import atexit
import os
import pwd
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from . import _binaries

# Nothing here has to survive a power cut, so nothing waits for the disk.
SETTINGS: Mapping[str, str | int] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_prepared_transactions": 50,
    "listen_addresses": "127.0.0.1",
}

HBA = ("local all all trust", "host all all 127.0.0.1/32 trust")

# Waits for a line or for the end of its input. The second comes when our process dies, however it dies.
STOP_SCRIPT = 'read _; "$1" -D "$2/data" -m immediate -s stop; rm -rf "$2"'


class Server:
    """A running PostgreSQL of one's own; also a context manager that stops it.

    Attributes:
        dsn: a connection string of ``key=value`` pairs, for TCP on 127.0.0.1.
        uri: the same as a ``postgresql://`` URI.
        host, port, user, dbname: the parts of both.
        socket_dir: the folder of the Unix-domain socket: ``host=<socket_dir> port=<port>`` connects through it.
    """

    host = "127.0.0.1"
    user = "postgres"
    dbname = "postgres"

    def __init__(self, folder: Path, port: int, stopper: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.socket_dir = str(folder)
        self._folder = folder
        self._stopper = stopper
        self._owner = os.getpid()

    @property
    def dsn(self) -> str:
        return f"host={self.host} port={self.port} user={self.user} dbname={self.dbname}"

    @property
    def uri(self) -> str:
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.dbname}"

    @property
    def log(self) -> str:
        """What the server has written to its log so far."""
        path = self._folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self) -> None:
        """Stop the server and delete its data. Open connections are cut. Stopping it again does nothing."""
        atexit.unregister(self.stop)
        # A forked child inherits the object, but the server is its parent's.
        if self._stopper.returncode is None and self._owner == os.getpid():
            self._stopper.communicate(b"\n")

    def restart(self) -> None:
        """Stop the server, cutting open connections, and start it again with its data.

        Raises RuntimeError if it doesn't start.
        """
        _pg_ctl(self._folder, _binaries.unprivileged_user(), "-m", "immediate", "restart")

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "running" if self._stopper.returncode is None else "stopped"
        return f"<howdah.server.Server {state} {self.dsn!r}>"


def start(
    *, port: int = 0, settings: Mapping[str, str | int] | None = None, hba: Iterable[str] = (), sql: str = ""
) -> Server:
    """Start a new, empty PostgreSQL. It lives until `Server.stop` or the end of this process.

    Logins are not checked (``trust``): every user of this machine may use the server while it runs.

    Args:
        port: the TCP port, 0 for a free one.
        settings: more lines for ``postgresql.conf``.
        hba: lines for ``pg_hba.conf``, read before the ones that let everybody in.
        sql: statements to run in the ``postgres`` database before the server is handed over.

    Raises:
        ImportError: the extra ``howdah[server]`` is not installed.
        RuntimeError: PostgreSQL didn't start, or refused ``sql``; the message has what it wrote.
    """
    bindir = _binaries.bindir()
    user = _binaries.unprivileged_user()
    folder = _new_folder(user)
    port = port or _free_port()
    # Before there is anything to stop, so that whatever interrupts us leaves nothing behind.
    stopper = subprocess.Popen(
        ["/bin/sh", "-c", STOP_SCRIPT, "howdah-server", bindir / "pg_ctl", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # the terminal's Ctrl-C is for us
        **_identity(user),
    )
    server = Server(folder, port, stopper)
    atexit.register(server.stop)
    try:
        data = folder / "data"
        options = ["-U", Server.user, "-A", "trust", "--no-sync", "--no-instructions"]
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        _run([bindir / "initdb", "-D", data, *options, *locale], user)
        lines = {**SETTINGS, "unix_socket_directories": folder, "port": port, **(settings or {})}
        with open(data / "postgresql.conf", "a") as file:
            file.writelines(f"{name} = '{_quoted(value)}'\n" for name, value in lines.items())
        (data / "pg_hba.conf").write_text("".join(f"{line}\n" for line in (*hba, *HBA)))
        try:
            _pg_ctl(folder, user, "start")
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{server.log}") from None
        if sql:
            _run([bindir / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", server.uri], user, sql)
    except BaseException:
        server.stop()
        raise
    return server


def _new_folder(user: pwd.struct_passwd | None) -> Path:
    """A folder for the data, the log and the socket."""
    parent = Path(tempfile.gettempdir())
    # The path of a socket holds 107 bytes; and a TMPDIR made for root may be closed to others.
    if len(str(parent)) > 60 or user is not None:
        parent = Path("/tmp")
    folder = Path(tempfile.mkdtemp(prefix="howdah-", dir=parent))
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((Server.host, 0))
        port: int = probe.getsockname()[1]
        return port


def _quoted(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace("'", "''")


def _identity(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """The arguments of subprocess that make a child another user, away from our folder and from libpq's variables."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {"LC_ALL": "C", "PSQL_HISTORY": os.devnull}
    identity: dict[str, Any] = {"cwd": "/", "env": environment}
    if user is not None:
        identity |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return identity


def _pg_ctl(folder: Path, user: pwd.struct_passwd | None, *action: str) -> None:
    command = [_binaries.bindir() / "pg_ctl", "-D", folder / "data", "-l", folder / "log", "-s", "-w", *action]
    _run(command, user)


def _run(command: list[object], user: pwd.struct_passwd | None, stdin: str = "") -> None:
    # A file, because the server inherits it from pg_ctl and would hold a pipe open.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [str(part) for part in command],
            input=stdin.encode(),
            stdout=output,
            stderr=subprocess.STDOUT,
            **_identity(user),
        )
        if done.returncode != 0:
            output.seek(0)
            text = output.read().decode(errors="replace").strip()
            raise RuntimeError(f"{Path(str(command[0])).name} failed with exit code {done.returncode}:\n{text}")
