"""What the blocking and the asyncio connection have in common, where nothing waits."""

import select
import sys
import types
import warnings
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, Generic, NamedTuple, NoReturn

from . import _howdah, errors, postgres
from ._adapters_map import AdaptersMap
from ._connect import cancel_sync
from ._diagnostic import Diagnostic
from ._enums import IsolationLevel
from ._log import logger
from ._tpc import Tpc, Xid
from .connection_info import ConnectionInfo
from .pq import ExecStatus, PGconn, PGnotify, TransactionStatus
from .rows import Row

CANCEL_TIMEOUT = 5.0  # seconds that cancel() has


class Notify(NamedTuple):
    """A notification that arrived (NOTIFY)."""

    channel: str
    payload: str
    pid: int


Notify.__module__ = "howdah"


NoticeHandler = Callable[[Diagnostic], None]
NotifyHandler = Callable[[Notify], None]


class BaseConnection(_howdah.BaseConnection, Generic[Row]):
    """Base of `Connection` and `AsyncConnection` (psycopg 3, `BaseConnection`)."""

    # DB-API: the exceptions, as attributes of the connection
    Warning: ClassVar = errors.Warning
    Error: ClassVar = errors.Error
    InterfaceError: ClassVar = errors.InterfaceError
    DatabaseError: ClassVar = errors.DatabaseError
    DataError: ClassVar = errors.DataError
    OperationalError: ClassVar = errors.OperationalError
    IntegrityError: ClassVar = errors.IntegrityError
    InternalError: ClassVar = errors.InternalError
    ProgrammingError: ClassVar = errors.ProgrammingError
    NotSupportedError: ClassVar = errors.NotSupportedError

    _adapters_at_first: ClassVar = postgres.adapters

    _created_at: float | None  # by the pool; None: by that of the process that forked this one

    _used_password = False  # the server asked for it
    _encryption: Any = None  # how it is encrypted: what cancelling has to do likewise
    # What is told, or was sent, by way of `pgconn`.
    _answers: deque[_howdah.Result] | None = None
    _pgconn_notice: Callable[[_howdah.Result], None] | None = None
    _pgconn_notify: Callable[[PGnotify], None] | None = None

    def __init__(self, pgconn: PGconn) -> None:
        """Not connected: `connect` makes connections. pgconn: one without a connection, to be a view of this.

        Raises `NotSupportedError` for a `pq.PGconn` with a connection.
        """
        pgconn._view(self)
        self._adapters = AdaptersMap(self._adapters_at_first)
        self._params: dict[str, str] = {}
        self._notice_handlers: list[NoticeHandler] = []
        self._notify_handlers: list[NotifyHandler] = []
        self._backlog: deque[Notify] = deque()  # notifications for notifies()
        self._n_notifies = 0  # how many of its generators are under way
        self._arrived: Any = None  # the asyncio.Event that one of them waits for
        self._tpc: Tpc | None = None
        self._num_transactions = 0
        self._isolation_level: IsolationLevel | None = None
        self._read_only: bool | None = None
        self._deferrable: bool | None = None
        self._wait = wait_function()

    def __del__(self) -> None:
        if self._pool is not None:
            forgotten = getattr(self._pool, "_forgotten", None)
            if forgotten is not None and not sys.is_finalizing():
                forgotten(self)
            return
        if self.closed:
            return
        warnings.warn(
            f"{self!r} was deleted while still open; use 'with', or close() it",
            ResourceWarning,
            stacklevel=2,
            source=self,
        )

    def __repr__(self) -> str:
        cls = type(self)
        return f"<{cls.__module__}.{cls.__qualname__} {describe_connection(self)} at 0x{id(self):x}>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(f"cannot pickle {type(self).__name__!r} objects")

    @property
    def connection(self) -> "BaseConnection[Row]":
        """The connection itself: with it, a connection serves wherever a cursor gives its connection."""
        return self

    @property
    def pgconn(self) -> PGconn:
        """The connection by the names of libpq's functions, as far as they make sense."""
        return PGconn(self)

    @property
    def info(self) -> ConnectionInfo:
        """What is known of the connection and its server."""
        return ConnectionInfo(self)

    # ---- how transactions begin

    @property
    def autocommit(self) -> bool:
        """Whether statements are executed without a transaction being opened for them."""
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        self._assign("autocommit", value)

    @property
    def isolation_level(self) -> IsolationLevel | None:
        """Isolation of the transactions to come; None: the server's default."""
        return self._isolation_level

    @isolation_level.setter
    def isolation_level(self, value: IsolationLevel | None) -> None:
        self._assign("isolation_level", value)

    @property
    def read_only(self) -> bool | None:
        """Whether the transactions to come are read-only; None: the server's default."""
        return self._read_only

    @read_only.setter
    def read_only(self, value: bool | None) -> None:
        self._assign("read_only", value)

    @property
    def deferrable(self) -> bool | None:
        """Whether the transactions to come are deferrable; None: the server's default."""
        return self._deferrable

    @deferrable.setter
    def deferrable(self, value: bool | None) -> None:
        self._assign("deferrable", value)

    def _assign(self, name: str, value: Any) -> None:
        """An attribute was assigned to; async connections refuse, since a change may have to wait."""
        change: Callable[[Any], None] = getattr(self, f"_change_{name}")
        change(value)

    def _check_idle(self, attribute: str) -> None:
        """A setting of transactions cannot change within one. Raises `ProgrammingError`."""
        status = TransactionStatus(self._transaction_status())
        if status == TransactionStatus.IDLE:
            return
        if self._num_transactions:
            raise errors.ProgrammingError(
                f"can't change {attribute!r} now: connection.transaction() context in progress"
            )
        if self.closed:
            raise errors.OperationalError("the connection is closed")
        raise errors.ProgrammingError(
            f"can't change {attribute!r} now: connection in transaction status {status.name}"
        )

    def _change_autocommit(self, value: bool) -> None:
        self._check_idle("autocommit")
        self._autocommit = bool(value)

    def _change_isolation_level(self, value: IsolationLevel | int | None) -> None:
        self._check_idle("isolation_level")
        self._isolation_level = None if value is None else IsolationLevel(value)
        self._compose_begin()

    def _change_read_only(self, value: bool | None) -> None:
        self._check_idle("read_only")
        self._read_only = None if value is None else bool(value)
        self._compose_begin()

    def _change_deferrable(self, value: bool | None) -> None:
        self._check_idle("deferrable")
        self._deferrable = None if value is None else bool(value)
        self._compose_begin()

    def _compose_begin(self) -> None:
        words = ["BEGIN"]
        if self._isolation_level is not None:
            words += ["ISOLATION LEVEL", self._isolation_level.name.replace("_", " ")]
        if self._read_only is not None:
            words.append("READ ONLY" if self._read_only else "READ WRITE")
        if self._deferrable is not None:
            words.append("DEFERRABLE" if self._deferrable else "NOT DEFERRABLE")
        self._begin = " ".join(words).encode()

    def _check_no_transaction(self, method: str) -> None:
        if self._num_transactions:
            raise errors.ProgrammingError(
                f"Explicit {method}() forbidden within a Transaction context: "
                "the transaction ends with its block (raise Rollback to undo it)"
            )

    def _check_no_tpc(self, method: str) -> None:
        if self._tpc is not None:
            raise errors.ProgrammingError(f"{method}() cannot be used during a two-phase transaction")

    def xid(self, format_id: int, gtrid: str, bqual: str) -> Xid:
        """A name for a two-phase transaction. Raises ValueError for parts that PEP 249 does not allow."""
        self.fileno()  # raises if closed
        return Xid.from_parts(format_id, gtrid, bqual)

    # ---- notices and notifications

    def add_notice_handler(self, callback: NoticeHandler) -> None:
        """Have a function called with the `Diagnostic` of every notice. What it raises is logged."""
        self._notice_handlers.append(callback)

    def remove_notice_handler(self, callback: NoticeHandler) -> None:
        """Take a notice handler away. Raises ValueError if it is not registered."""
        self._notice_handlers.remove(callback)

    def add_notify_handler(self, callback: NotifyHandler) -> None:
        """Have a function called with the `Notify` of every notification. What it raises is logged."""
        self._notify_handlers.append(callback)

    def remove_notify_handler(self, callback: NotifyHandler) -> None:
        """Take a notification handler away. Raises ValueError if it is not registered."""
        self._notify_handlers.remove(callback)

    def _on_notice(self, fields: "_howdah._Diagnostics") -> None:
        diagnostic = Diagnostic(fields, self._encoding())
        for handler in self._notice_handlers:
            _call_handler(handler, diagnostic)
        if self._pgconn_notice is not None:
            text = f"{diagnostic.severity}:  {diagnostic.message_primary}\n".encode()
            _call_handler(self._pgconn_notice, _howdah.bare_result(ExecStatus.NONFATAL_ERROR, text, fields))

    def _on_notification(self, pid: int, channel: str, payload: str) -> None:
        notify = Notify(channel, payload, pid)
        if self._n_notifies or not self._notify_handlers:
            self._backlog.append(notify)
            if self._arrived is not None:
                self._arrived.set()
        for handler in self._notify_handlers:
            _call_handler(handler, notify)
        if self._pgconn_notify is not None:
            _call_handler(self._pgconn_notify, PGnotify(channel.encode(), pid, payload.encode()))

    # ---- cancelling

    def cancel(self) -> None:
        """Ask the server to cancel what the connection executes, and wait until it was asked.

        Nothing happens on a closed connection. No other query is sent before the server has taken the request, so
        that it can't hit one; if it does not say so within 5 seconds, the connection ends with the query.

        Raises `CancellationTimeout` then, and `OperationalError` when the server cannot be reached. Source:
        PostgreSQL documentation, 54.2.8 "Canceling Requests in Progress".
        """
        self._check_cancellable()
        if not self.closed:
            cancel_sync(self, CANCEL_TIMEOUT)

    def _check_cancellable(self) -> None:
        if self._tpc is not None and self._tpc.prepared:
            raise errors.ProgrammingError("cancel() cannot be used with a prepared two-phase transaction")


def describe_connection(conn: Any) -> str:
    """The part of a repr that says to what a connection leads, without a password."""
    if conn.closed:
        return "[BAD]"
    info = conn.info
    parts = [
        ("host", info.host, not info.host.startswith("/")),
        ("port", info.port, info.port != 5432),
        ("user", info.user, info.user != info.dbname),
        ("database", info.dbname, True),
    ]
    shown = " ".join(f"{name}={value}" for name, value, telling in parts if telling)
    pipeline = f", pipeline={info.pipeline_status.name}" if info.pipeline_status else ""
    return f"[{info.transaction_status.name}{pipeline}] ({shown})"


def _call_handler(handler: Callable[[Any], None], argument: Any) -> None:
    try:
        handler(argument)
    except Exception as error:
        logger.exception("error processing callback %r: %s", handler, error)


def wait_function() -> Callable[[int, bool, float | None], None] | None:
    """How to wait for a socket where `select` was patched (gevent), so that other greenlets run; else None."""
    if isinstance(select.select, types.BuiltinFunctionType):
        return None

    def wait(fd: int, write: bool, seconds: float | None) -> None:
        select.select([fd], [fd] if write else [], [], seconds)

    return wait
