"""howdah: a PostgreSQL driver with its core in C and the API of psycopg 3."""

from __future__ import annotations

from . import _howdah, adapt, errors, postgres, pq, rows, sql, types
from ._capabilities import Capabilities, capabilities
from ._column import Column
from ._connection_base import BaseConnection, Notify
from ._dbapi20 import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    Date,
    DateFromTicks,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
    apilevel,
    paramstyle,
    threadsafety,
)
from ._enums import IsolationLevel
from ._pipeline import Pipeline
from ._pipeline_async import AsyncPipeline
from ._tpc import Xid
from .bulk import copy_rows, execute_values
from .client_cursor import AsyncClientCursor, ClientCursor
from .connection import Connection
from .connection_async import AsyncConnection
from .connection_info import ConnectionInfo
from .copy import AsyncCopy, Copy
from .cursor import Cursor
from .cursor_async import AsyncCursor
from .errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)
from .raw_cursor import AsyncRawCursor, RawCursor
from .server_cursor import RawServerCursor, ServerCursor
from .server_cursor_async import AsyncRawServerCursor, AsyncServerCursor
from .transaction import Rollback, Transaction
from .transaction_async import AsyncTransaction
from .types.datetime import Interval

__version__ = "0.1.0"

connect = Connection.connect
_howdah.register_errors(errors)
adapters = postgres.adapters


def install_as_psycopg() -> None:
    """Make ``import psycopg``, and the import of any of its modules, give howdah in this process.

    For programs and libraries written for psycopg 3. It may be called again, and wins over an installed psycopg.
    Raises ImportError when that has been imported already.
    """
    from ._psycopg._install import install

    install()


__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "AsyncClientCursor",
    "AsyncConnection",
    "AsyncCopy",
    "AsyncCursor",
    "AsyncPipeline",
    "AsyncRawCursor",
    "AsyncRawServerCursor",
    "AsyncServerCursor",
    "AsyncTransaction",
    "BaseConnection",
    "Binary",
    "Capabilities",
    "ClientCursor",
    "Column",
    "Connection",
    "ConnectionInfo",
    "Copy",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "Interval",
    "IsolationLevel",
    "NotSupportedError",
    "Notify",
    "OperationalError",
    "Pipeline",
    "ProgrammingError",
    "RawCursor",
    "RawServerCursor",
    "Rollback",
    "ServerCursor",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Transaction",
    "Warning",
    "Xid",
    "adapt",
    "adapters",
    "apilevel",
    "capabilities",
    "connect",
    "copy_rows",
    "errors",
    "execute_values",
    "install_as_psycopg",
    "paramstyle",
    "postgres",
    "pq",
    "rows",
    "sql",
    "threadsafety",
    "types",
]
