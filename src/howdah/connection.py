# Generated from connection_async.py by tools/unasync.py: do not edit.
"""The connection (psycopg 3, "Connection classes")."""

from __future__ import annotations

import os
import warnings
from collections.abc import Generator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from . import _connect, _howdah, errors
from ._adapters_map import AdaptersMap
from ._connect import cancel_sync, connect_sync
from ._connection_base import BaseConnection, Notify
from ._cursor_base import returned_no_rows
from ._discretion import discreet, under_way
from ._enums import IsolationLevel
from ._log import logger
from ._notifications import deadline_after, time_left, wait_sync
from ._pipeline import Pipeline, PipelineBlock
from ._tpc import RECOVER, Tpc, Xid, finish_sql, prepare_sql, recovered
from .abc import RV, AdaptContext, Params, PQGen, Query
from .conninfo import conninfo_to_dict
from .cursor import Cursor
from .pq import Format, PGconn, TransactionStatus
from .raw_cursor import RawCursor
from .rows import RowFactory, Row, args_row, tuple_row
from .server_cursor import RawServerCursor, ServerCursor
from .transaction import Transaction

if TYPE_CHECKING:
    import os

    from typing_extensions import Self, Unpack

    from ._connect.keywords import ConnectKeywords
    from .lobject import LargeObject

__all__ = ["Connection"]


CursorRow = TypeVar("CursorRow")


class Connection(_howdah.ConnectionBase, BaseConnection[Row]):
    """A session with a server.

    As a context manager it commits on success, rolls back on an exception, and closes at the end.
    """

    __module__ = "howdah"

    server_cursor_factory: type[ServerCursor[Any]]  # of cursors with a name

    def __init__(self, pgconn: PGconn, row_factory: RowFactory[Row] | None = None) -> None:
        super().__init__(pgconn)
        self.row_factory = row_factory or tuple_row
        self.cursor_factory = Cursor
        self._pipeline: Pipeline | None = None
        self.server_cursor_factory = ServerCursor

    @classmethod
    def connect(
        cls,
        conninfo: str = "",
        *,
        autocommit: bool = False,
        prepare_threshold: int | None = 5,
        context: AdaptContext | None = None,
        row_factory: RowFactory[Row] | None = None,
        cursor_factory: type[Cursor[Row]] | None = None,
        **kwargs: Unpack[ConnectKeywords],
    ) -> Self:
        """Connect to a server.

        conninfo: ``key=value`` pairs or a URI, with libpq's parameters; keyword arguments override them (PostgreSQL
        documentation, 32.1.2 "Parameter Key Words"). prepare_threshold: uses of a query before it is prepared on the
        server, None for never. context: whose adapters to start from, instead of the global ones.

        Two more keywords are howdah's own. discover_types=True: read types that did not come with PostgreSQL from the
        server's catalogue when they are met, and load them as what they are (see docs/discovery.md).
        param_style="numeric_dollar": queries with ``$1`` and sequences of parameters, on all cursors of the
        connection, instead of "pyformat".

        Also by keyword: ``ssl_context``, an `ssl.SSLContext` to use as it is (``sslmode`` is then ``require`` or
        stricter, unless given); ``password`` as a function without arguments, called when the server asks for one;
        ``oauth_token``, a function from an `OAuthRequest` to a bearer token. Under asyncio both may be coroutine
        functions. See docs/tls.md.

        Raises ValueError for another param_style, or for one together with a cursor_factory, which decides that by
        itself; `ProgrammingError` for a string or a keyword that libpq doesn't know, `OperationalError` when no host
        accepts the connection, `ConnectionTimeout` when none answers within ``connect_timeout`` seconds.
        """
        before = under_way()
        try:
            discover_types: bool = kwargs.pop("discover_types", False)
            param_style: str = kwargs.pop("param_style", "pyformat")
            if param_style not in ("pyformat", "numeric_dollar"):
                raise ValueError(f"param_style must be 'pyformat' or 'numeric_dollar', got {param_style!r}")
            if param_style != "pyformat" and cursor_factory is not None:
                raise ValueError("give a param_style or a cursor_factory, not both: see RawCursorMixin")
            conn = cls(PGconn())
            if context is not None:
                conn._adapters = AdaptersMap(context.adapters)
            connect_sync(conn, conninfo_to_dict(conninfo, **cast("dict[str, Any]", kwargs)))
        except BaseException as error:
            conninfo, kwargs = "", {}  # whoever shows the variables of this frame need not see the password
            discreet(error, before)
            raise error
        conn._autocommit = bool(autocommit)
        conn.prepare_threshold = prepare_threshold
        if row_factory is not None:
            conn.row_factory = row_factory
        if cursor_factory is not None:
            conn.cursor_factory = cursor_factory
        if param_style == "numeric_dollar":
            conn.cursor_factory = RawCursor
            conn.server_cursor_factory = RawServerCursor
        if discover_types:
            from ._discovery import Discovery

            conn._discovery = Discovery(conn)
        return conn

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if self.closed and not self._transaction_lost:
            return
        try:
            if exc_type is not None:
                try:
                    self.rollback()
                except Exception as error:
                    logger.warning("error ignored in rollback of %s: %s", self, error)
            else:
                self.commit()
        except BaseException as error:
            if self._pool is None and not isinstance(error, Exception):
                self._close()  # who is interrupted here has nobody else to do it
            raise
        if self._pool is None:
            self.close()

    def close(self) -> None:
        """Close the connection; idempotent. An open transaction is lost.

        The connection of a pool with `close_returns` goes back to it instead.
        """
        if self._pool is not None and getattr(self._pool, "close_returns", False):
            self._pool.putconn(self)
        else:
            self._close()

    def _named_cursor(
        self, name: str, row_factory: Any, scrollable: bool | None, withhold: bool
    ) -> ServerCursor[Any]:
        return self.server_cursor_factory(
            self, name=name, row_factory=row_factory, scrollable=scrollable, withhold=withhold
        )

    if TYPE_CHECKING:  # it is in C

        @overload
        def cursor(
            self,
            name: str = "",
            *,
            binary: bool = False,
            row_factory: None = None,
            scrollable: bool | None = None,
            withhold: bool = False,
        ) -> Cursor[Row]: ...
        @overload
        def cursor(
            self,
            name: str = "",
            *,
            binary: bool = False,
            row_factory: RowFactory[CursorRow],
            scrollable: bool | None = None,
            withhold: bool = False,
        ) -> Cursor[CursorRow]: ...
        def cursor(
            self,
            name: str = "",
            *,
            binary: bool = False,
            row_factory: Any = None,
            scrollable: bool | None = None,
            withhold: bool = False,
        ) -> Cursor[Any]: ...

    if TYPE_CHECKING:  # it is in C, too

        def execute(
            self,
            query: Query,
            params: Params | None = None,
            *,
            prepare: bool | None = None,
            binary: bool = False,
            timeout: float | None = None,
        ) -> Cursor[Row]: ...

    def fetchall(
        self,
        query: Query,
        params: Params | None = None,
        *,
        prepare: bool | None = None,
        binary: bool = False,
        timeout: float | None = None,
    ) -> list[Row]:
        """Execute a query, and return its rows; none for a statement that returns no rows.

        Raises as `Cursor.execute` and `Cursor.fetchall`.
        """
        cur = self.execute(query, params, prepare=prepare, binary=binary, timeout=timeout)
        try:
            return cur.fetchall()
        except errors.ProgrammingError:
            if not returned_no_rows(cur):
                raise
            return []

    def fetchrow(
        self,
        query: Query,
        params: Params | None = None,
        *,
        prepare: bool | None = None,
        binary: bool = False,
        timeout: float | None = None,
    ) -> Row | None:
        """Execute a query, and return its first row, or None if there is none. Raises as `fetchall`."""
        cur = self.execute(query, params, prepare=prepare, binary=binary, timeout=timeout)
        try:
            return cur.fetchone()
        except errors.ProgrammingError:
            if not returned_no_rows(cur):
                raise
            return None

    def fetchval(
        self,
        query: Query,
        params: Params | None = None,
        *,
        column: int = 0,
        prepare: bool | None = None,
        binary: bool = False,
        timeout: float | None = None,
    ) -> Any:
        """Execute a query, and return a value of its first row; None if it is NULL, or if there is no row.

        column: its number, from 0 on. Raises IndexError if there are fewer; else as `fetchall`. Whatever the
        connection's `row_factory` makes of a row is not asked for.
        """
        cur = self.cursor(binary=binary, row_factory=tuple_row)
        limit: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
        cur.execute(query, params, prepare=prepare, **limit)
        try:
            row = cur.fetchone()
        except errors.ProgrammingError:
            if not returned_no_rows(cur):
                raise
            row = None
        return None if row is None else row[column]

    # ---- transactions

    def commit(self) -> None:
        """Commit the open transaction, if there is one.

        Raises `ProgrammingError` within a ``transaction()`` block, `OperationalError` on a closed connection.
        """
        self._check_no_transaction("commit")
        self._check_no_tpc("commit")
        if self._transaction_status() != TransactionStatus.IDLE:
            self._end_transaction("COMMIT")
            if self._pipeline is not None:
                self._pipeline.sync()

    def rollback(self) -> None:
        """Undo the open transaction, if there is one. Raises as `commit`."""
        self._check_no_transaction("rollback")
        self._check_no_tpc("rollback")
        if self._pipeline is not None:  # which an error may have aborted up to its next Sync
            self._pipeline.sync()
        if self._transaction_status() != TransactionStatus.IDLE:
            self._end_transaction("ROLLBACK")
            if self._pipeline is not None:
                self._pipeline.sync()

    def transaction(
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> AbstractContextManager[Transaction]:
        """A block that commits on success and rolls back on an exception; a savepoint within an open transaction.

        Raise `Rollback` inside to undo the block and go on behind it.
        """
        return Transaction(self, savepoint_name, force_rollback)

    def pipeline(self) -> AbstractContextManager[Pipeline]:
        """A block in pipeline mode: statements are sent without waiting for the answer to each.

        ``execute()`` returns at once; the results are there when they are fetched, or behind a Sync:
        `Pipeline.sync`, the end of the block, entry and end of a block within it, of transactions too, `commit`
        and `rollback`.
        Between two Syncs, an error aborts the statements behind it; it is raised by whichever of these comes next.

        Entering it raises `OperationalError` on a closed connection. Source: psycopg 3, "Pipeline mode support".
        """
        return PipelineBlock(self)  # type: ignore[return-value]

    # ---- two-phase commit

    def tpc_begin(self, xid: Xid | str) -> None:
        """Begin a two-phase transaction of this name.

        Raises `ProgrammingError` within a transaction and in autocommit. Source: PEP 249, "Optional Two-Phase Commit
        Extensions".
        """
        self._settle()
        tpc = Tpc(self, xid)
        self._command(self._begin.decode())
        self._tpc = tpc

    def tpc_prepare(self) -> None:
        """First phase: from here on the server can commit it, whatever becomes of the connection.

        Raises `ProgrammingError` without a two-phase transaction, `NotSupportedError` if the server refuses them.
        """
        command = prepare_sql(self._tpc)
        assert self._tpc is not None
        self._tpc.prepared = True
        try:
            self._command(command)
        except errors.ObjectNotInPrerequisiteState as error:
            raise errors.NotSupportedError(str(error)) from None
        if self._pipeline is not None:
            self._pipeline.sync()

    def tpc_commit(self, xid: Xid | str | None = None) -> None:
        """Second phase: commit the connection's transaction, prepared or not; or another's, by its name.

        Raises `ProgrammingError` without a transaction, and for a name within one.
        """
        self._tpc_finish("COMMIT", xid)

    def tpc_rollback(self, xid: Xid | str | None = None) -> None:
        """Undo the connection's transaction, prepared or not; or another's, by its name. Raises as `tpc_commit`."""
        self._tpc_finish("ROLLBACK", xid)

    def _tpc_finish(self, action: str, xid: Xid | str | None) -> None:
        command = finish_sql(self._tpc, action, xid)
        if command is None:
            self._tpc = None
            (self.commit() if action == "COMMIT" else self.rollback())
            return
        self._command(command)
        self._tpc = None
        if self._pipeline is not None:
            self._pipeline.sync()

    def tpc_recover(self) -> list[Xid]:
        """The transactions that wait on the server for their second phase, of every database."""
        was_idle = self._transaction_status() == TransactionStatus.IDLE
        cur = self.cursor(row_factory=args_row(recovered))
        cur.execute(RECOVER)
        found = cur.fetchall()
        if was_idle and self._transaction_status() != TransactionStatus.IDLE:
            self.rollback()
        return found

    # ---- large objects

    def lobject(
        self,
        oid: int = 0,
        mode: str | None = None,
        new_oid: int = 0,
        new_file: str | os.PathLike[str] | None = None,
    ) -> LargeObject:
        """A large object of the database, as a binary file; a new one for oid 0.

        mode: ``r``, ``w``, ``rw``, or ``n`` to do neither; the default is ``rw`` for a new one, else ``r``. new_oid:
        the new one's number, 0 for any. new_file: a file of this machine that the new one begins as.

        Raises ValueError for another mode, `errors.UndefinedObject` and `errors.InsufficientPrivilege` for an object
        that is not there or not allowed, `errors.UniqueViolation` for a new_oid that exists, OSError for new_file.
        Known from psycopg2, "Access to PostgreSQL large objects".
        """
        from .lobject import LargeObject

        return LargeObject._open(self, oid, mode, new_oid, new_file)

    # ---- notifications

    def notifies(self, *, timeout: float | None = None, stop_after: int | None = None) -> Generator[Notify, None]:
        """The notifications that have arrived and not gone to a handler, and those that arrive.

        timeout: seconds after which it ends; None for never. stop_after: it ends when it has given so many, and those
        that came along with the last one. It may be left at any time, and called again.

        Raises `OperationalError` on a closed connection. Source: PostgreSQL documentation, "LISTEN".
        """
        self.fileno()  # raises if closed
        if self._notify_handlers:
            warnings.warn(
                "notifies() and notification handlers on one connection get in each other's way: use one of them",
                RuntimeWarning,
                stacklevel=2,
            )
        deadline = deadline_after(timeout)
        given = 0
        self._n_notifies += 1
        try:
            while stop_after is None or given < stop_after:
                left = time_left(deadline)
                wait_sync(self, left)
                batch = len(self._backlog)
                given += batch
                for _ in range(batch):
                    yield self._backlog.popleft()
                if not batch and left is not None and left <= 0:
                    return
        finally:
            self._n_notifies -= 1

    # ---- settings of transactions: they change only between transactions

    def _settle(self) -> None:
        """In a pipeline, what was executed and fetched may be in a transaction that is yet to end."""
        if self._pipeline is not None and self._transaction_status() == TransactionStatus.IDLE:
            self._pipeline.sync()

    def set_autocommit(self, value: bool) -> None:
        """Set `autocommit`. Raises `ProgrammingError` within a transaction."""
        self._settle()
        self._change_autocommit(value)

    def set_isolation_level(self, value: IsolationLevel | int | None) -> None:
        """Set `isolation_level`. Raises `ProgrammingError` within a transaction."""
        self._settle()
        self._change_isolation_level(value)

    def set_read_only(self, value: bool | None) -> None:
        """Set `read_only`. Raises `ProgrammingError` within a transaction."""
        self._settle()
        self._change_read_only(value)

    def set_deferrable(self, value: bool | None) -> None:
        """Set `deferrable`. Raises `ProgrammingError` within a transaction."""
        self._settle()
        self._change_deferrable(value)

    # ---- waiting

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Run a generator that waits for the connection's socket, and return its result.

        interval: seconds after which it is told that nothing has come. timeout: seconds for the whole. Raises
        what it raises, and `OperationalError` at the timeout. Behaviour: psycopg 3 (see `howdah.waiting`).
        """
        from . import waiting

        return waiting.wait(gen, self.fileno(), interval, timeout)

    # ---- cancelling

    def cancel_safe(self, *, timeout: float = 30.0) -> None:
        """Ask the server to cancel what the connection executes.

        timeout: seconds. No other query is sent before the server has taken the request, so that it can't hit one; if
        it does not say so in time, the connection ends with the query.

        Raises `CancellationTimeout` then, and `OperationalError` when the server cannot be reached.
        """
        self._check_cancellable()
        if not self.closed:
            _connect.cancel_sync(self, timeout)

    def _on_cancel(self, timeout: float) -> None:
        """A wait was interrupted. A query that can't be cancelled is waited for, so this may fail."""
        try:
            cancel_sync(self, timeout)
        except Exception as error:
            logger.warning("could not cancel the query of %s: %s", self, error)
