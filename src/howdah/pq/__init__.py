"""What psycopg offers of libpq, without libpq (psycopg 3, `psycopg.pq`).

The enumerations; `PGconn` and `PGresult`, which show what a connection and a result of howdah know; `Conninfo` and
`Escaping`. What has no meaning without libpq raises `NotSupportedError`.
"""

from __future__ import annotations

from .._howdah import Result as PGresult
from ._conninfo import Conninfo
from ._enums import (
    ConnStatus,
    DiagnosticField,
    ExecStatus,
    Format,
    Ping,
    PipelineStatus,
    PollingStatus,
    Trace,
    TransactionStatus,
)
from ._escaping import Escaping
from ._pgconn import PGcancel, PGcancelConn, PGconn
from .misc import ConninfoOption, PGnotify, PGresAttDesc, error_message, version_pretty

__impl__ = "howdah"
__build_version__ = 180000


def version() -> int:
    """The libpq whose behaviour is offered, as its PQlibVersion() says it."""
    return __build_version__


__all__ = [
    "ConnStatus",
    "Conninfo",
    "ConninfoOption",
    "DiagnosticField",
    "Escaping",
    "ExecStatus",
    "Format",
    "PGcancel",
    "PGcancelConn",
    "PGconn",
    "PGnotify",
    "PGresAttDesc",
    "PGresult",
    "Ping",
    "PipelineStatus",
    "PollingStatus",
    "Trace",
    "TransactionStatus",
    "error_message",
    "version",
    "version_pretty",
]
