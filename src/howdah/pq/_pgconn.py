"""A connection by the names of libpq's functions (PostgreSQL documentation, chapter 32).

What can be known of a connection, and statements that are waited for. Howdah sends, waits and receives in its own
way; what does this step by step in libpq raises `NotSupportedError`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from .. import _howdah
from ..errors import Error, NotSupportedError, OperationalError
from ._conninfo import option_of
from ._enums import ConnStatus, ExecStatus, Ping, PipelineStatus, PollingStatus, TransactionStatus
from .misc import ConninfoOption, PGnotify, connection_summary, error_message

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["PGcancel", "PGcancelConn", "PGconn"]


def _no_libpq(what: str) -> NoReturn:
    raise NotSupportedError(f"{what} is a function of libpq, which howdah does without")


class PGconn:
    """What libpq would say of a connection, and what it would do when waited for."""

    __module__ = "howdah.pq"

    notice_handler: Callable[[_howdah.Result], None] | None = None
    notify_handler: Callable[[PGnotify], None] | None = None

    def __init__(self, connection: Any = None):
        self._conn = connection
        self._failure = b""  # why it could not be made
        self._given: Mapping[str, str] | None = None  # with which parameters

    @classmethod
    def connect(cls, conninfo: bytes) -> Self:
        """Connect and wait for it. It does not raise: `status` and `error_message` say how it went."""
        from ..connection import Connection

        if not isinstance(conninfo, bytes):
            raise TypeError(f"bytes expected, got {type(conninfo).__name__}")
        pgconn = cls()
        try:
            pgconn._conn = Connection.connect(conninfo.decode(), autocommit=True)
            pgconn._conn._pool = pgconn  # nobody is warned of it when it goes
        except (Error, UnicodeDecodeError) as error:
            pgconn._failure = f"{error}\n".encode()
        return pgconn

    @classmethod
    def failed(cls, given: Mapping[str, str], reason: str) -> Self:
        """The connection that could not be made."""
        pgconn = cls()
        pgconn._given, pgconn._failure = given, f"{reason}\n".encode()
        return pgconn

    @classmethod
    def ping(cls, conninfo: bytes) -> Ping:
        """Whether a server accepts connections; it need not let us in."""
        pgconn = cls.connect(conninfo)
        if pgconn._conn is not None:
            pgconn.finish()
            return Ping.OK
        message = pgconn.error_message
        if b"starting up" in message or b"shutting down" in message:
            return Ping.REJECT
        return Ping.OK if b"FATAL" in message else Ping.NO_RESPONSE

    def _view(self, connection: Any) -> None:
        """Be a view of a connection. Raises `NotSupportedError` if it is one already."""
        if self._conn is not None:
            raise NotSupportedError("a connection cannot be made from that of a pq.PGconn: use connect()")
        self._conn = connection

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__qualname__} {connection_summary(self)} at 0x{id(self):x}>"

    def _open(self) -> Any:
        """The connection. Raises `OperationalError` if it is closed."""
        if self._conn is None or (self._conn.closed and not self._conn.broken):
            raise OperationalError("the connection is closed")
        return self._conn

    def finish(self) -> None:
        """Close the connection; idempotent."""
        self._given = None
        if self._conn is not None:
            self._conn._close()

    # ---- what is known of it

    @property
    def info(self) -> list[ConninfoOption]:
        """Every parameter with the value that it was made with."""
        from .._connect.options import OPTIONS

        params: Mapping[str, str] = self._open()._params
        return [option_of(name, params.get(name) or option.default) for name, option in OPTIONS.items()]

    @property
    def db(self) -> bytes:
        """Name of the database."""
        return self._param("dbname")

    @property
    def user(self) -> bytes:
        """Name of the role."""
        return self._param("user")

    @property
    def password(self) -> bytes:
        """The password given."""
        return self._param("password")

    @property
    def host(self) -> bytes:
        """Name of the host, or folder of its socket."""
        return str(self._open().info.host).encode()

    @property
    def hostaddr(self) -> bytes:
        """Address of the host."""
        return self._param("hostaddr")

    @property
    def port(self) -> bytes:
        """Port of the server."""
        return str(self._open().info.port).encode()

    @property
    def tty(self) -> bytes:
        """Empty, as libpq has it."""
        return b""

    @property
    def options(self) -> bytes:
        """Command-line options sent to the server."""
        return self._param("options")

    def _param(self, name: str) -> bytes:
        params: Mapping[str, str] = self._open()._params if self._given is None else self._given
        return params.get(name, "").encode()

    @property
    def status(self) -> ConnStatus:
        """OK or BAD."""
        return ConnStatus.BAD if self._conn is None or self._conn.closed else ConnStatus.OK

    @property
    def transaction_status(self) -> TransactionStatus:
        """State of the session's transaction."""
        return (
            TransactionStatus.UNKNOWN if self._conn is None else TransactionStatus(self._conn._transaction_status())
        )

    @property
    def pipeline_status(self) -> PipelineStatus:
        """Whether the connection is in pipeline mode."""
        return PipelineStatus.OFF if self._conn is None else PipelineStatus(self._conn.info.pipeline_status)

    @property
    def backend_pid(self) -> int:
        """Process id of the server's process."""
        pid: int = self._open()._backend_pid()
        return pid

    @property
    def socket(self) -> int:
        """Descriptor of the socket."""
        fd: int = self._open().fileno()
        return fd

    @property
    def protocol_version(self) -> int:
        """Major version of the protocol: 3."""
        version: int = self._open()._protocol_version()
        return version >> 16

    @property
    def full_protocol_version(self) -> int:
        """Version of the protocol, 30002 for 3.2."""
        version: int = self._open().info.full_protocol_version
        return version

    @property
    def server_version(self) -> int:
        """The server's version, 180006 for 18.6."""
        version: int = self._open().info.server_version
        return version

    def parameter_status(self, name: bytes) -> bytes | None:
        """A setting that the server reports; None for any other."""
        conn = self._open()
        value: str | None = conn._parameter_status(name.decode())
        return None if value is None else value.encode(self.encoding)

    @property
    def encoding(self) -> str:
        """Python's codec for the session's client_encoding."""
        return "utf-8" if self._conn is None else str(self._conn._encoding())

    @property
    def needs_password(self) -> bool:
        """Whether the server asked for a password and none was given."""
        return b"no password supplied" in self._failure

    @property
    def used_password(self) -> bool:
        """Whether the server asked for a password."""
        return self.needs_password if self._conn is None else self._conn._used_password

    @property
    def used_gssapi(self) -> bool:
        """False."""
        self._open()
        return False

    @property
    def ssl_in_use(self) -> bool:
        """Whether the connection is encrypted."""
        return self._open()._tls is not None

    @property
    def error_message(self) -> bytes:
        """Text of the last error."""
        if self._conn is None:
            return self._failure
        if self._conn.closed and not self._conn.broken:
            return b"connection pointer is NULL\n"
        last: bytes = self._conn._last_error
        return last or self._conn.info.error_message.encode()

    def get_error_message(self, encoding: str = "") -> str:
        """The same as str, without the line's end."""
        text = self.error_message.decode(encoding or self.encoding, "replace").rstrip()
        return text or "no error details available"

    @property
    def nonblocking(self) -> int:
        """0: what is executed here is waited for."""
        return 0

    # ---- executing

    def exec_(self, command: bytes) -> _howdah.Result:
        """Execute one statement or several, and wait, under asyncio as well; the last result, or that of the error.

        After COPY the connection is active, as with libpq, and good for nothing but being closed: use `Cursor.copy`.
        Raises `OperationalError` on a closed connection, TypeError for what is not bytes.
        """
        conn = self._open()
        conn._last_error = b""
        try:
            results = conn._exec(command)
        except Error as error:
            if not error._info:
                raise
            conn._last_error = f"{error.diag.severity}:  {error}\n".encode(self.encoding, "replace")
            return _howdah.bare_result(ExecStatus.FATAL_ERROR, conn._last_error, dict(error._info))
        return results[-1] if results else self.make_empty_result(ExecStatus.EMPTY_QUERY)

    def make_empty_result(self, exec_status: int) -> _howdah.Result:
        """A result of this status, with the text of the last error if it is one."""
        is_error = exec_status in (ExecStatus.FATAL_ERROR, ExecStatus.NONFATAL_ERROR)
        message = self.error_message if is_error and self.status == ConnStatus.OK else b""
        return _howdah.bare_result(exec_status, message, {})

    def exec_params(
        self,
        command: bytes,
        param_values: Sequence[bytes | None] | None,
        param_types: Sequence[int] | None = None,
        param_formats: Sequence[int] | None = None,
        result_format: int = 0,
    ) -> _howdah.Result:
        """Raises `NotSupportedError`: use a `RawCursor`."""
        _no_libpq("PQexecParams()")

    def prepare(self, name: bytes, command: bytes, param_types: Sequence[int] | None = None) -> _howdah.Result:
        """Raises `NotSupportedError`."""
        _no_libpq("PQprepare()")

    def exec_prepared(
        self,
        name: bytes,
        param_values: Sequence[bytes] | None,
        param_formats: Sequence[int] | None = None,
        result_format: int = 0,
    ) -> _howdah.Result:
        """Raises `NotSupportedError`."""
        _no_libpq("PQexecPrepared()")

    def describe_prepared(self, name: bytes) -> _howdah.Result:
        """Raises `NotSupportedError`."""
        _no_libpq("PQdescribePrepared()")

    def describe_portal(self, name: bytes) -> _howdah.Result:
        """Raises `NotSupportedError`."""
        _no_libpq("PQdescribePortal()")

    def close_prepared(self, name: bytes) -> _howdah.Result:
        """Forget a prepared statement on the server."""
        return self.exec_(b"DEALLOCATE " + _quoted(name, self.encoding))

    def close_portal(self, name: bytes) -> _howdah.Result:
        """Close a portal on the server."""
        return self.exec_(b"CLOSE " + _quoted(name, self.encoding))

    # ---- cancelling

    def get_cancel(self) -> PGcancel:
        """What asks the server to cancel, from any thread."""
        return PGcancel(self._open())

    def cancel_conn(self) -> PGcancelConn:
        """Raises `NotSupportedError`: use `Connection.cancel_safe`."""
        _no_libpq("PQcancelCreate()")

    # ---- connecting: as libpq does it step by step

    @classmethod
    def connect_start(cls, conninfo: bytes) -> PGconn:
        """Raises `NotSupportedError`."""
        _no_libpq("PQconnectStart()")

    def connect_poll(self) -> PollingStatus:
        """Raises `NotSupportedError`."""
        _no_libpq("PQconnectPoll()")

    def reset(self) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQreset()")

    def reset_start(self) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQresetStart()")

    def reset_poll(self) -> PollingStatus:
        """Raises `NotSupportedError`."""
        _no_libpq("PQresetPoll()")

    # ---- sending: as libpq does it step by step

    def send_query(self, command: bytes) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQsendQuery()")

    def send_query_params(
        self,
        command: bytes,
        param_values: Sequence[bytes | None] | None,
        param_types: Sequence[int] | None = None,
        param_formats: Sequence[int] | None = None,
        result_format: int = 0,
    ) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQsendQueryParams()")

    def send_prepare(self, name: bytes, command: bytes, param_types: Sequence[int] | None = None) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQsendPrepare()")

    def send_query_prepared(
        self,
        name: bytes,
        param_values: Sequence[bytes | None] | None,
        param_formats: Sequence[int] | None = None,
        result_format: int = 0,
    ) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQsendQueryPrepared()")

    def send_describe_prepared(self, name: bytes) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQsendDescribePrepared()")

    def send_describe_portal(self, name: bytes) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQsendDescribePortal()")

    def send_close_prepared(self, name: bytes) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQsendClosePrepared()")

    def send_close_portal(self, name: bytes) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQsendClosePortal()")

    def get_result(self) -> _howdah.Result | None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQgetResult()")

    def consume_input(self) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQconsumeInput()")

    def is_busy(self) -> int:
        """Raises `NotSupportedError`."""
        _no_libpq("PQisBusy()")

    def flush(self) -> int:
        """Raises `NotSupportedError`."""
        _no_libpq("PQflush()")

    def set_single_row_mode(self) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQsetSingleRowMode()")

    def set_chunked_rows_mode(self, size: int) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQsetChunkedRowsMode()")

    def notifies(self) -> PGnotify | None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQnotifies()")

    def put_copy_data(self, buffer: bytes) -> int:
        """Raises `NotSupportedError`."""
        _no_libpq("PQputCopyData()")

    def put_copy_end(self, error: bytes | None = None) -> int:
        """Raises `NotSupportedError`."""
        _no_libpq("PQputCopyEnd()")

    def get_copy_data(self, async_: int) -> tuple[int, memoryview]:
        """Raises `NotSupportedError`."""
        _no_libpq("PQgetCopyData()")

    def enter_pipeline_mode(self) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQenterPipelineMode()")

    def exit_pipeline_mode(self) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQexitPipelineMode()")

    def pipeline_sync(self) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQpipelineSync()")

    def send_flush_request(self) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQsendFlushRequest()")

    # ---- tracing: there is no libpq to be traced; and passwords

    def trace(self, fileno: int) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQtrace()")

    def set_trace_flags(self, flags: int) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQsetTraceFlags()")

    def untrace(self) -> None:
        """Raises `NotSupportedError`."""
        _no_libpq("PQuntrace()")

    def encrypt_password(self, passwd: bytes, user: bytes, algorithm: bytes | None = None) -> bytes:
        """What the server keeps of a password, for ``ALTER ROLE ... PASSWORD`` (32.13, 53.1).

        algorithm: ``b"scram-sha-256"`` or ``b"md5"``; None: the server's. Raises `OperationalError` for another.
        """
        conn = self._open()
        if algorithm is None:
            algorithm = conn._exec(b"show password_encryption")[0].get_value(0, 0)
        if algorithm in (b"md5", b"on"):
            import hashlib

            return b"md5" + hashlib.md5(passwd + user).hexdigest().encode()
        if algorithm == b"scram-sha-256":
            from .._connect.scram import encode_password, stored_secret

            return stored_secret(encode_password(passwd.decode(self.encoding)), os.urandom(16), 4096)
        raise OperationalError(f"unknown password encryption algorithm: {algorithm!r}")

    def change_password(self, user: bytes, passwd: bytes) -> None:
        """Give a role another password, which is not sent itself. Raises `OperationalError` when refused."""
        secret = self.encrypt_password(passwd, user)
        name = _quoted(user, self.encoding)
        result = self.exec_(b"ALTER USER " + name + b" PASSWORD '" + secret + b"'")
        if result.status != ExecStatus.COMMAND_OK:
            raise OperationalError(f"failed to change password: {error_message(result)}")


class PGcancel:
    """Asks the server to cancel what a connection executes (32.7.2)."""

    __module__ = "howdah.pq"

    def __init__(self, connection: Any):
        self._conn = connection

    def free(self) -> None:
        """Nothing can be cancelled with it any more."""
        self._conn = None

    def cancel(self) -> None:
        """Ask, and wait until it has been taken. Raises `OperationalError` when that fails, or after `free`."""
        if self._conn is None:
            raise OperationalError("couldn't cancel query: the PGcancel was freed")
        self._conn.cancel()


class PGcancelConn:
    """libpq's cancelling in steps, which howdah does without: see `Connection.cancel_safe`."""

    __module__ = "howdah.pq"

    def __init__(self) -> None:
        _no_libpq("PQcancelCreate()")


def _quoted(name: bytes, encoding: str) -> bytes:
    return ('"' + name.decode(encoding).replace('"', '""') + '"').encode(encoding)
