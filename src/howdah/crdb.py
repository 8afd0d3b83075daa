"""Connections to CockroachDB (psycopg 3, `psycopg.crdb`)."""

from __future__ import annotations

import re
from typing import Any

from . import postgres
from ._adapters_map import AdaptersMap
from ._connection_base import BaseConnection
from .connection import Connection
from .connection_async import AsyncConnection
from .connection_info import ConnectionInfo
from .rows import Row

__all__ = ["AsyncCrdbConnection", "CrdbConnection", "CrdbConnectionInfo", "adapters", "connect"]

# What connections to CockroachDB start with.
adapters = AdaptersMap(postgres.adapters)


class CrdbConnectionInfo(ConnectionInfo):
    """What is known of a connection to CockroachDB."""

    __module__ = "howdah.crdb"

    @property
    def vendor(self) -> str:
        """The server's product."""
        return "CockroachDB"

    @property
    def server_version(self) -> int:
        """The server's version, 220109 for v22.1.9; 0 where it does not say. Raises `OperationalError` if closed."""
        text = self.parameter_status("crdb_version")
        return self.parse_crdb_version(text) if text else 0

    @classmethod
    def parse_crdb_version(cls, sver: str) -> int:
        """The number of a version text such as "CockroachDB CCL v22.1.9 ...". Raises ValueError if it has none."""
        found = re.search(r"\bv(\d+)\.(\d+)\.(\d+)", sver)
        if found is None:
            raise ValueError(f"couldn't parse CockroachDB version from: {sver!r}")
        major, minor, patch = map(int, found.groups())
        return major * 10000 + minor * 100 + patch


class _CrdbConnectionMixin(BaseConnection[Row]):
    _adapters_at_first = adapters

    @property
    def info(self) -> CrdbConnectionInfo:
        """What is known of the connection and its server."""
        return CrdbConnectionInfo(self)

    @classmethod
    def is_crdb(cls, conn: Any) -> bool:
        """Whether a connection, or its `pgconn`, leads to CockroachDB."""
        info = getattr(conn, "info", None)
        if isinstance(info, ConnectionInfo):
            return bool(info.parameter_status("crdb_version"))
        return bool(conn.parameter_status(b"crdb_version"))


class CrdbConnection(_CrdbConnectionMixin[Row], Connection[Row]):
    """A connection to CockroachDB."""

    __module__ = "howdah.crdb"


class AsyncCrdbConnection(_CrdbConnectionMixin[Row], AsyncConnection[Row]):
    """A connection to CockroachDB, for asyncio."""

    __module__ = "howdah.crdb"


connect = CrdbConnection.connect
