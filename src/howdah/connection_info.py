"""``connection.info`` (psycopg 3, `ConnectionInfo`)."""

from __future__ import annotations

import re
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from ._connect.options import OPTIONS
from ._diagnostic import Diagnostic
from ._zones import find_zone
from .conninfo import make_conninfo
from .errors import OperationalError
from .pq import ConnStatus, PGconn, PipelineStatus, TransactionStatus

if TYPE_CHECKING:
    from ._connection_base import BaseConnection


class ConnectionInfo:
    """What is known of a connection and its server. Reading it never asks the server."""

    __module__ = "howdah"

    def __init__(self, pgconn: PGconn | BaseConnection[Any]):
        """pgconn: the connection, or its `pgconn`."""
        self._conn: Any = pgconn._open() if isinstance(pgconn, PGconn) else pgconn

    @property
    def vendor(self) -> str:
        """The server's product."""
        return "PostgreSQL"

    def _check_open(self) -> None:
        """What is known of a connection goes with close(), but not when the server ends it."""
        if self._conn.closed and not self._conn.broken:
            raise OperationalError("the connection is closed")

    def _param(self, name: str) -> str:
        self._check_open()
        value: str = self._conn._params.get(name, "")
        return value

    @property
    def host(self) -> str:
        """Name of the server's host as given, or the directory of its socket. Raises `OperationalError` if closed."""
        return self._param("host") or self._param("hostaddr")

    @property
    def hostaddr(self) -> str:
        """Address that was connected to. Raises `OperationalError` if closed."""
        return self._param("hostaddr")

    @property
    def port(self) -> int:
        """Port that was connected to. Raises `OperationalError` if closed."""
        return int(self._param("port") or 5432)

    @property
    def dbname(self) -> str:
        """The database's name. Raises `OperationalError` if closed."""
        return self._param("dbname")

    @property
    def user(self) -> str:
        """The role's name. Raises `OperationalError` if closed."""
        return self._param("user")

    @property
    def password(self) -> str:
        """The password that was used. Raises `OperationalError` if closed."""
        return self._param("password")

    @property
    def options(self) -> str:
        """Command-line options sent to the server. Raises `OperationalError` if closed."""
        return self._param("options")

    def get_parameters(self) -> dict[str, str]:
        """The connection parameters that differ from their defaults, without the secret ones."""
        self._check_open()
        return {name: value for name, value in self._conn._params.items() if value and not OPTIONS[name].secret}

    @property
    def dsn(self) -> str:
        """The same as a connection string."""
        return make_conninfo(**self.get_parameters())

    @property
    def status(self) -> ConnStatus:
        """OK or BAD."""
        return ConnStatus.BAD if self._conn.closed else ConnStatus.OK

    @property
    def transaction_status(self) -> TransactionStatus:
        """State of the session's transaction."""
        return TransactionStatus(self._conn._transaction_status())

    @property
    def pipeline_status(self) -> PipelineStatus:
        """Whether the connection is in pipeline mode."""
        return PipelineStatus(self._conn._pipeline_status)

    @property
    def backend_pid(self) -> int:
        """Process id of the server's process for this connection. Raises `OperationalError` if closed."""
        self._check_open()
        pid: int = self._conn._backend_pid()
        return pid

    def parameter_status(self, param_name: str) -> str | None:
        """A setting that the server reports by itself; None for others (PostgreSQL documentation, 54.2.7).

        Raises `OperationalError` if closed.
        """
        self._check_open()
        value: str | None = self._conn._parameter_status(param_name)
        return value

    @property
    def server_version(self) -> int:
        """The server's version, 180006 for 18.6. Raises `OperationalError` if closed."""
        return _version_number(self.parameter_status("server_version") or "")

    @property
    def full_protocol_version(self) -> int:
        """Version of the protocol in use, 30000 for 3.0. Raises `OperationalError` if closed."""
        self._check_open()
        version: int = self._conn._protocol_version()
        return (version >> 16) * 10000 + (version & 0xFFFF)

    @property
    def error_message(self) -> str:
        """What the server has said to the last statement, with its severity; empty if that was no error."""
        if self._conn.closed and not self._conn.broken:
            return "connection pointer is NULL\n"
        if self._conn._complaint is not None:
            text, fields = self._conn._complaint
            severity = Diagnostic(fields, self.encoding).severity
            return f"{severity}:  {text}\n"
        return "the connection is broken" if self._conn.broken else ""

    @property
    def timezone(self) -> tzinfo:
        """The session's time zone; UTC where this machine doesn't know it. Raises `OperationalError` if closed."""
        return find_zone(self.parameter_status("TimeZone") or "UTC")

    @property
    def encoding(self) -> str:
        """Python's codec for the session's client_encoding."""
        name: str = self._conn._encoding()
        return name


def _version_number(text: str) -> int:
    """libpq's PQserverVersion(): "18.6 (Debian ...)" is 180006, "19beta2" is 190000, "9.6.24" is 90624."""
    found = re.match(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", text)
    if found is None:
        return 0
    major, minor, patch = (int(number or 0) for number in found.groups())
    return major * 10000 + (minor if major >= 10 else minor * 100 + patch)
