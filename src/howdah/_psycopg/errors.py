"""What `psycopg.errors` has besides."""

from __future__ import annotations

from .. import errors as _errors
from ..errors import Error as _Error
from ..pq import DiagnosticField as _DiagnosticField
from ..pq import PGconn as _PGconn
from ..pq import PGresult as _PGresult
from ..pq import error_message as _error_message
from ..pq._finished import FinishedPGconn
from ..waiting import _WaitTimeout

__all__ = ["FinishedPGconn", "_WaitTimeout", "error_from_result", "finish_pgconn"]

_sqlcodes = _errors._classes


def get_base_exception(sqlstate: str) -> type[_Error]:
    """The DB-API class for an SQLSTATE."""
    return _errors._class_for(sqlstate[:2])


def error_from_result(result: _PGresult, encoding: str = "utf-8") -> _Error:
    """The exception for a result that is an error."""
    fields = {chr(field): result.error_field(field) for field in _DiagnosticField}
    info = {field: value for field, value in fields.items() if value is not None}
    cls = _errors._class_for(info.get("C", b"").decode())
    return cls(_error_message(result, encoding), info=info, encoding=encoding)


def finish_pgconn(pgconn: _PGconn) -> FinishedPGconn:
    """Close a connection; what was known of it stays to be asked for."""
    finished = FinishedPGconn.of(pgconn)
    pgconn.finish()
    return finished
