"""The exceptions: the hierarchy of the DB-API (PEP 249), and one class per SQLSTATE of PostgreSQL.

::

    Warning
    Error
    ├── InterfaceError
    └── DatabaseError
        ├── DataError
        ├── OperationalError
        ├── IntegrityError
        ├── InternalError
        ├── ProgrammingError
        └── NotSupportedError

Names and places in the hierarchy are those of `psycopg.errors`. An SQLSTATE without a class of its own is raised as
the DB-API class of its first two characters, with the code in `Error.sqlstate`.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any

from . import _howdah
from ._diagnostic import Diagnostic, message

__all__ = [
    "CancellationTimeout",
    "ConnectionTimeout",
    "DataError",
    "DatabaseError",
    "Diagnostic",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "PipelineAborted",
    "ProgrammingError",
    "QueryTimeout",
    "Warning",
    "from_server",
    "lookup",
]

_FATAL_ERROR = 7  # pq.ExecStatus, which needs this module

_classes: dict[str, type[Error]] = {}  # by SQLSTATE, and by the name of the condition


class Warning(builtins.Exception):
    """The DB-API asks for this class. It is never raised."""

    __module__ = "howdah"


class Error(builtins.Exception):
    """Base of everything that howdah raises. It can be pickled, its `diag` included.

    `info` is what the server reported (see `Diagnostic`), `encoding` the Python name of its encoding, and `pgconn`
    the connection that could not be made.
    """

    __module__ = "howdah"

    sqlstate: str | None = None
    _pickled = False

    def __init__(
        self, *args: object, info: Mapping[str, bytes] | None = None, encoding: str = "utf-8", pgconn: Any = None
    ):
        super().__init__(*args)
        self._info = info
        self._encoding = encoding
        self._pgconn = pgconn
        if self.sqlstate is None and info:
            self.sqlstate = self.diag.sqlstate

    @property
    def pgconn(self) -> Any:
        """The connection that could not be made; `None` for any other error, and after pickling."""
        return self._pgconn

    @property
    def pgresult(self) -> _howdah.Result | None:
        """The server's error as a result; `None` when the error is the client's own, and after pickling."""
        if not self._info or self._pickled:
            return None
        text = f"{self.diag.severity}:  {self}\n".encode(self._encoding, "replace")
        return _howdah.bare_result(_FATAL_ERROR, text, dict(self._info))

    @property
    def diag(self) -> Diagnostic:
        """What the server reported; every field is `None` when the error is the client's own."""
        return Diagnostic(self._info, self._encoding)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.args, {**self.__dict__, "_pgconn": None, "_pickled": True}


class InterfaceError(Error):
    """The driver was used in a way it cannot answer: a closed cursor, for example."""

    __module__ = "howdah"


class DatabaseError(Error):
    """Base of the errors about the database.

    A subclass may be given for an SQLSTATE, `class Mine(DatabaseError, code="MY001", name="MY_OWN")`: errors with
    this code are then raised as this class, and `lookup` finds it.
    """

    __module__ = "howdah"

    def __init_subclass__(cls, code: str | None = None, name: str | None = None) -> None:
        if code:
            cls.sqlstate = code
            _classes[code] = cls
        if name:
            _classes[name] = cls


class DataError(DatabaseError):
    """A value that cannot be: out of range, malformed, of no known type."""

    __module__ = "howdah"


class OperationalError(DatabaseError):
    """Something outside the program's hand: no connection, a lost one, a full disk, a serialization failure."""

    __module__ = "howdah"


class IntegrityError(DatabaseError):
    """A constraint of the database was violated."""

    __module__ = "howdah"


class InternalError(DatabaseError):
    """The database or the transaction is in a state that does not allow this."""

    __module__ = "howdah"


class ProgrammingError(DatabaseError):
    """A mistake in the program: wrong SQL, a missing table, a wrong number of parameters."""

    __module__ = "howdah"


class NotSupportedError(DatabaseError):
    """The server or the driver does not offer this."""

    __module__ = "howdah"


class ConnectionTimeout(OperationalError):
    """No connection within `connect_timeout`."""


class CancellationTimeout(OperationalError):
    """A request to cancel was not answered in time."""


class PipelineAborted(OperationalError):
    """The command was not run, since an earlier one in the same pipeline failed."""


def lookup(sqlstate: str) -> type[Error]:
    """The class for an SQLSTATE, or for the name of a condition such as ``UNIQUE_VIOLATION``.

    Raises `KeyError` when there is none.
    """
    return _classes[sqlstate.upper()]


def _class_for(sqlstate: str) -> type[Error]:
    for key in (sqlstate.upper(), sqlstate[:2], sqlstate[:1]):
        if cls := _classes.get(key) or _by_prefix.get(key):
            return cls
    return DatabaseError


def from_server(fields: Mapping[str, bytes], encoding: str = "utf-8", query: str | None = None) -> Error:
    """The exception for an ErrorResponse.

    `fields` maps field codes to bytes, `encoding` is the Python name of their encoding. With `query`, the statement
    as it was sent, the text shows the line of the error as libpq does.
    """
    diag = Diagnostic(fields, encoding)
    return _class_for(diag.sqlstate or "")(message(diag, query), info=fields, encoding=encoding)


def of_timeout(error: Error | None, closed: bool) -> Error:
    """What is raised for a query whose timeout has expired.

    `error` is how the query ended, `None` if nothing had been sent; an error that has nothing to do with the timeout
    stays what it is.
    """
    if error is None:
        return QueryTimeout("the timeout expired before the query could be sent")
    if type(error) not in (QueryCanceled, OperationalError):
        return error
    text = "the query was cancelled, since its timeout expired"
    if closed:
        text = f"the timeout of the query expired: {error}"
    late = QueryTimeout(text, info=error._info, encoding=error._encoding)
    late.__cause__ = error
    return late


# At the end, since these classes derive from those above.
from ._errcodes import *  # noqa: E402, F403
from ._errcodes import QueryCanceled  # noqa: E402
from ._errcodes import by_prefix as _by_prefix  # noqa: E402


class QueryTimeout(QueryCanceled):
    """The query did not end within the ``timeout=`` that was given for it.

    A `QueryCanceled`, as what ``statement_timeout`` raises, and it leaves the connection in the same state: an open
    transaction has failed. Where the server did not even answer the request to cancel, the connection is closed, and
    what became of the query is unknown. A query that succeeds before the request reaches it is no error.
    """
