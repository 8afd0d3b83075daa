"""A connection by the names of libpq's functions (PostgreSQL documentation, chapter 32).

What can be known of a connection, and statements that are waited for. Howdah sends, waits and receives in its own
way; what does this step by step in libpq raises `NotSupportedError`.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from .. import _howdah
from ..errors import Error, NotSupportedError, OperationalError
from ._conninfo import as_bytes, option_of
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

    _conn: Any
    _failure = b""  # why it could not be made
    _given: Mapping[str, str] | None = None  # with which parameters

    def __new__(cls, connection: Any = None) -> Self:
        pgconn = super().__new__(cls)
        pgconn._conn = connection
        return pgconn

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
            pgconn._failure = as_bytes(f"{error}\n")
        return pgconn

    @classmethod
    def failed(cls, given: Mapping[str, str], reason: str) -> Self:
        """The connection that could not be made."""
        pgconn = cls()
        pgconn._given, pgconn._failure = given, as_bytes(f"{reason}\n")
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
        return as_bytes(params.get(name, ""))

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
        message: str = self._conn.info.error_message
        return message.encode(self.encoding, "replace")

    def get_error_message(self, encoding: str = "") -> str:
        """The same as str, without the line's end."""
        text = self.error_message.decode(encoding or self.encoding, "replace").rstrip()
        return text or "no error details available"

    @property
    def nonblocking(self) -> int:
        """0: what is executed here is waited for."""
        return 0

    @property
    def notice_handler(self) -> Callable[[_howdah.Result], None] | None:
        """Called with the result that a notice is to libpq, beside the connection's own handlers; None for none."""
        handler: Callable[[_howdah.Result], None] | None = getattr(self._conn, "_pgconn_notice", None)
        return handler

    @notice_handler.setter
    def notice_handler(self, handler: Callable[[_howdah.Result], None] | None) -> None:
        self._open()._pgconn_notice = handler

    @property
    def notify_handler(self) -> Callable[[PGnotify], None] | None:
        """Called with every notification, beside the connection's own handlers; None for none."""
        handler: Callable[[PGnotify], None] | None = getattr(self._conn, "_pgconn_notify", None)
        return handler

    @notify_handler.setter
    def notify_handler(self, handler: Callable[[PGnotify], None] | None) -> None:
        self._open()._pgconn_notify = handler

    # ---- executing

    def exec_(self, command: bytes) -> _howdah.Result:
        """Execute one statement or several, and wait, under asyncio as well; the last result, or that of the error.

        After COPY the connection is active, as with libpq, and good for nothing but being closed: use `Cursor.copy`.
        Raises `OperationalError` on a closed connection, TypeError for what is not bytes.
        """
        return self._exec_all(command)[-1]

    def _exec_all(self, command: bytes) -> list[_howdah.Result]:
        conn = self._open()
        results = self._attempt(lambda: conn._exec(command))
        return results or [self.make_empty_result(ExecStatus.EMPTY_QUERY)]

    def _attempt(self, execute: Callable[[], list[_howdah.Result]]) -> list[_howdah.Result]:
        """What it gives; of an error of the server's, the result that this is to libpq."""
        self._open()
        try:
            return execute()
        except Error as error:
            if not error._info:
                raise
            return [_howdah.bare_result(ExecStatus.FATAL_ERROR, self.error_message, dict(error._info))]

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
        """Execute one statement with parameters (``$1``), given as the bytes of values, and wait.

        param_types: their oids, 0 for what the server is to infer. param_formats, result_format: 0 text, 1 binary.
        Raises as `exec_`.
        """
        from ._given import execute

        values = param_values or ()
        types = param_types or (0,) * len(values)
        formats = param_formats or (0,) * len(values)
        conn = self._open()
        return self._attempt(lambda: execute(conn, command, values, types, formats, result_format))[-1]

    def prepare(self, name: bytes, command: bytes, param_types: Sequence[int] | None = None) -> _howdah.Result:
        """Raises `NotSupportedError`."""
        _no_libpq("PQprepare()")

    def exec_prepared(
        self,
        name: bytes,
        param_values: Sequence[bytes | None] | None,
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
        """The same by another object of libpq's, which reports on how it goes."""
        return PGcancelConn(self._open())

    # ---- step by step: every step is done, and waited for, when it is asked for

    @classmethod
    def connect_start(cls, conninfo: bytes) -> Self:
        """Connect, as `connect` does: it waits."""
        return cls.connect(conninfo)

    def connect_poll(self) -> PollingStatus:
        """How that went."""
        return PollingStatus.OK if self.status == ConnStatus.OK else PollingStatus.FAILED

    def reset(self) -> None:
        """Connect again, with the same parameters. `status` says how it went.

        Raises `NotSupportedError` for the `pgconn` of a `Connection`, whose session is not to be replaced under it.
        """
        if self._conn is None or self._conn._pool is not self:
            _no_libpq("PQreset()")
        again = self.connect(_conninfo_of(self._conn._params))
        self.finish()
        self._conn, self._failure = again._conn, again._failure
        if self._conn is not None:
            self._conn._pool = self

    def reset_start(self) -> None:
        """As `reset`."""
        self.reset()

    def reset_poll(self) -> PollingStatus:
        """How that went."""
        return self.connect_poll()

    def _send(self, results: list[_howdah.Result]) -> None:
        self._conn._answers = deque(results)

    def send_query(self, command: bytes) -> None:
        """Execute one statement or several: `get_result` gives their results."""
        self._send(self._exec_all(command))

    def send_query_params(
        self,
        command: bytes,
        param_values: Sequence[bytes | None] | None,
        param_types: Sequence[int] | None = None,
        param_formats: Sequence[int] | None = None,
        result_format: int = 0,
    ) -> None:
        """Execute as `exec_params`: `get_result` gives the result."""
        self._send([self.exec_params(command, param_values, param_types, param_formats, result_format)])

    def send_prepare(self, name: bytes, command: bytes, param_types: Sequence[int] | None = None) -> None:
        """Prepare as `prepare`: `get_result` gives the result."""
        self._send([self.prepare(name, command, param_types)])

    def send_query_prepared(
        self,
        name: bytes,
        param_values: Sequence[bytes | None] | None,
        param_formats: Sequence[int] | None = None,
        result_format: int = 0,
    ) -> None:
        """Execute as `exec_prepared`: `get_result` gives the result."""
        self._send([self.exec_prepared(name, param_values, param_formats, result_format)])

    def send_describe_prepared(self, name: bytes) -> None:
        """Describe as `describe_prepared`: `get_result` gives the result."""
        self._send([self.describe_prepared(name)])

    def send_describe_portal(self, name: bytes) -> None:
        """Describe as `describe_portal`: `get_result` gives the result."""
        self._send([self.describe_portal(name)])

    def send_close_prepared(self, name: bytes) -> None:
        """As `close_prepared`: `get_result` gives the result."""
        self._send([self.close_prepared(name)])

    def send_close_portal(self, name: bytes) -> None:
        """As `close_portal`: `get_result` gives the result."""
        self._send([self.close_portal(name)])

    def get_result(self) -> _howdah.Result | None:
        """The next result of what was sent; None behind the last."""
        answers = self._open()._answers
        return answers.popleft() if answers else None

    def consume_input(self) -> None:
        """Take the notices and notifications that have arrived."""
        self._open()._drain(False)

    def is_busy(self) -> int:
        """0: what was sent has been answered."""
        self._open()
        return 0

    def flush(self) -> int:
        """0: nothing is left to be sent."""
        self._open()
        return 0

    def notifies(self) -> PGnotify | None:
        """The next notification that was taken by `consume_input`, or came along with an answer; None for none."""
        backlog = self._open()._backlog
        return _notification(backlog.popleft(), self.encoding) if backlog else None

    # ---- what takes an answer apart while it comes: not without libpq

    def set_single_row_mode(self) -> None:
        """Raises `NotSupportedError`: see `Cursor.stream`."""
        _no_libpq("PQsetSingleRowMode()")

    def set_chunked_rows_mode(self, size: int) -> None:
        """Raises `NotSupportedError`: see `Cursor.stream`."""
        _no_libpq("PQsetChunkedRowsMode()")

    def put_copy_data(self, buffer: bytes) -> int:
        """Raises `NotSupportedError`: see `Cursor.copy`."""
        _no_libpq("PQputCopyData()")

    def put_copy_end(self, error: bytes | None = None) -> int:
        """Raises `NotSupportedError`: see `Cursor.copy`."""
        _no_libpq("PQputCopyEnd()")

    def get_copy_data(self, async_: int) -> tuple[int, memoryview]:
        """Raises `NotSupportedError`: see `Cursor.copy`."""
        _no_libpq("PQgetCopyData()")

    def enter_pipeline_mode(self) -> None:
        """Raises `NotSupportedError`: see `Connection.pipeline`."""
        _no_libpq("PQenterPipelineMode()")

    def exit_pipeline_mode(self) -> None:
        """Raises `NotSupportedError`: see `Connection.pipeline`."""
        _no_libpq("PQexitPipelineMode()")

    def pipeline_sync(self) -> None:
        """Raises `NotSupportedError`: see `Pipeline.sync`."""
        _no_libpq("PQpipelineSync()")

    def send_flush_request(self) -> None:
        """Raises `NotSupportedError`: see `Connection.pipeline`."""
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

    _conn: Any

    def __new__(cls, connection: Any) -> Self:
        cancel = super().__new__(cls)
        cancel._conn = connection
        return cancel

    def free(self) -> None:
        """Nothing can be cancelled with it any more."""
        self._conn = None

    def cancel(self) -> None:
        """Ask, and wait until it has been taken. Raises `OperationalError` when that fails, or after `free`."""
        if self._conn is None:
            raise OperationalError("couldn't cancel query: the PGcancel was freed")
        self._conn.cancel()


class PGcancelConn:
    """Asks the server to cancel what a connection executes, and reports on it (32.7.1).

    It waits as soon as it is started; `Connection.cancel_safe` does the same under asyncio.
    """

    __module__ = "howdah.pq"

    _conn: Any
    _status = ConnStatus.ALLOCATED
    _failure = b""

    def __new__(cls, connection: Any) -> Self:
        cancel = super().__new__(cls)
        cancel._conn = connection
        return cancel

    def start(self) -> None:
        """Ask, and wait until it has been taken. Raises `OperationalError` when that fails, or after `finish`."""
        if self._conn is None:
            raise OperationalError("couldn't start cancellation: the PGcancelConn was finished")
        try:
            self._conn.cancel()
        except Error as error:
            self._status, self._failure = ConnStatus.BAD, f"{error}\n".encode()
            raise OperationalError(f"couldn't start cancellation: {error}") from error
        self._status = ConnStatus.OK

    def blocking(self) -> None:
        """The same."""
        self.start()

    def poll(self) -> PollingStatus:
        """How it went."""
        return PollingStatus.OK if self._status == ConnStatus.OK else PollingStatus.FAILED

    @property
    def status(self) -> ConnStatus:
        """ALLOCATED before it is started, then OK or BAD."""
        return self._status

    @property
    def socket(self) -> int:
        """Raises `OperationalError`: its connection is open only while `start` waits."""
        raise OperationalError("cancel connection not opened")

    @property
    def error_message(self) -> bytes:
        """Why it failed."""
        return self._failure

    def get_error_message(self, encoding: str = "utf-8") -> str:
        """The same as str, without the line's end."""
        return self._failure.decode(encoding, "replace").rstrip() or "no error details available"

    def reset(self) -> None:
        """Forget how it went: it may be started again."""
        self._status, self._failure = ConnStatus.ALLOCATED, b""

    def finish(self) -> None:
        """Nothing can be cancelled with it any more."""
        self._conn = None


def _notification(notify: Any, encoding: str) -> PGnotify:
    return PGnotify(notify.channel.encode(encoding), notify.pid, notify.payload.encode(encoding))


def _conninfo_of(params: Mapping[str, str]) -> bytes:
    from ..conninfo import make_conninfo

    return make_conninfo("", **params).encode()


def _quoted(name: bytes, encoding: str) -> bytes:
    return ('"' + name.decode(encoding).replace('"', '""') + '"').encode(encoding)
