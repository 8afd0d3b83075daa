"""The C core's face to Python. Written by hand, checked by stubtest."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview
Diagnostics: TypeAlias = dict[str, bytes]  # one-letter field code of ErrorResponse ("S", "C", "M", ...) to its bytes

def register_errors(module: Any) -> None:
    """Take the exception classes from howdah.errors, and its from_server(fields, encoding) -> Error."""

def register_row_factories(
    tuple_row: Any, dict_row: Any, namedtuple_row: Any, scalar_row: Any, namedtuple_class: Callable[[tuple[str, ...]], type]
) -> None:
    """Make the C row makers answer for these functions (recognised by identity).

    namedtuple_class(names) makes the class for a tuple of column names.
    """

def register_column(column: Any) -> None:
    """Take the class of cursor.description's items.

    It is called as column(name, type_code, typmod, typlen, table_oid, table_column, cursor).
    """

def load(oid: int, format: int, data: Buffer, timezone: str | None = ..., encoding: str | None = ...,
         date_style: str | None = ..., interval_style: str | None = ...) -> Any:
    """Decode one value as a column of this type would be: the test bench of the loaders."""

def dump(obj: Any, format: str = "s", encoding: str | None = ...,
         interval_style: str | None = ...) -> tuple[int, int, bytes | None]:
    """Encode one parameter: (type oid, format, bytes), the bytes None for NULL."""

class BaseConnection:
    """State shared by both connections. A new one is unconnected: start-up feeds it, then attach() gives it a socket."""

    # ---- start-up: bytes in, events out; the caller owns the socket until attach()
    def _start(self, protocol: int, parameters: Iterable[tuple[str, str]]) -> None: ...
    def _outgoing(self) -> bytes:
        """Bytes to send now; they are forgotten here."""
    def _feed(self, data: Buffer) -> list[tuple[Any, ...]]:
        """Take received bytes; return what happened, in order:

        ("authentication", code: int, data: bytes)
        ("negotiate_protocol_version", minor: int, unrecognized: list[str])
        ("backend_key_data", pid: int, key: bytes)
        ("parameter_status", name: str, value: str)
        ("notice", Diagnostics) and ("error", Diagnostics)
        ("ready", transaction_status: int)      # start-up is over
        Raises OperationalError when the bytes break the protocol.
        """
    def _send_password(self, password: bytes) -> None: ...
    def _send_sasl_initial(self, mechanism: str, data: bytes) -> None: ...
    def _send_sasl_response(self, data: bytes) -> None: ...
    def _attach(self, fd: int) -> None:
        """Give the connection its socket, for life: it closes the descriptor."""

    # ---- state
    closed: bool  # read-only
    broken: bool  # read-only
    prepare_threshold: int | None
    prepared_max: int | None
    row_factory: Any
    cursor_factory: Any
    _autocommit: bool
    _begin: bytes  # what opens a transaction: b"BEGIN", or with its modes
    def fileno(self) -> int: ...
    def _transaction_status(self) -> int:
        """pq.TransactionStatus as a number: IDLE 0, ACTIVE 1, INTRANS 2, INERROR 3, UNKNOWN 4."""
    def _parameter_status(self, name: str) -> str | None: ...
    def _backend_pid(self) -> int: ...
    def _backend_key(self) -> bytes: ...
    def _protocol_version(self) -> int: ...
    def _encoding(self) -> str: ...  # Python codec name
    def _cancel_request(self) -> bytes:
        """The bytes of a CancelRequest, to be sent over a connection of its own."""
    def _close(self) -> None:
        """Terminate and close; idempotent; wakes whoever waits in another thread."""

    # ---- called by C, overridden in Python
    def _on_notice(self, fields: Diagnostics) -> None: ...
    def _on_notification(self, pid: int, channel: str, payload: str) -> None: ...
    def _on_cancel(self) -> Any:
        """A wait was interrupted (KeyboardInterrupt, task cancelled): ask the server to cancel. Async: returns a coroutine."""

class ConnectionBase(BaseConnection):
    def _command(self, sql: str) -> None:
        """Run a statement that returns no rows, as a simple Query of its own; no BEGIN is added."""

class AsyncConnectionBase(BaseConnection):
    def _command(self, sql: str) -> Awaitable[None]: ...

class BaseCursor:
    def __init__(self, connection: Any, *, row_factory: Any = None) -> None: ...
    connection: Any  # read-only
    row_factory: Any  # assignable: takes effect on the current result too
    arraysize: int
    format: int  # 0 text (adaptive), 1 binary
    closed: bool  # read-only
    description: list[Any] | None  # read-only, of howdah.Column
    rowcount: int  # read-only
    rownumber: int | None  # read-only
    statusmessage: str | None  # read-only
    def _fetchone(self) -> Any: ...
    def _fetchmany(self, size: int = 0) -> list[Any]: ...
    def _fetchall(self) -> list[Any]: ...
    def _scroll(self, value: int, mode: str = "relative") -> None: ...
    def nextset(self) -> bool | None: ...
    def _close(self) -> None: ...

class CursorBase(BaseCursor):
    def execute(self, query: Any, params: Any = None, *, prepare: bool | None = None, binary: bool | None = None) -> Any: ...
    def executemany(self, query: Any, params_seq: Iterable[Any], *, returning: bool = False) -> None: ...
    def fetchone(self) -> Any: ...
    def fetchmany(self, size: int = 0) -> list[Any]: ...
    def fetchall(self) -> list[Any]: ...
    def scroll(self, value: int, mode: str = "relative") -> None: ...
    def close(self) -> None: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __next__(self) -> Any: ...

class AsyncCursorBase(BaseCursor):
    def _execute(self, query: Any, params: Any = None, prepare: bool | None = None, binary: bool | None = None) -> Awaitable[Any]: ...
    def _executemany(self, query: Any, params_seq: Iterable[Any], returning: bool = False) -> Awaitable[None]: ...
