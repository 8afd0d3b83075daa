# Generated from null_pool_async.py by tools/unasync.py: do not edit.
"""A pool that keeps nothing: its interface and its limits, without idle connections (psycopg_pool, "Null pools")."""

from __future__ import annotations

from time import monotonic

from .. import errors
from ..connection import Connection
from ._connecting import AddConnection
from ._keeping import WaitingClient
from .abc import CT, ConnectFailedCB, ConnectionCB, ConninfoParam, KwargsParam
from .pool import ConnectionPool

__all__ = ["NullConnectionPool"]


class NullConnectionPool(ConnectionPool[CT]):
    """Connects for who asks, and closes what comes back, unless somebody waits for it."""

    def __init__(
        self,
        conninfo: ConninfoParam = "",
        *,
        connection_class: type[CT] = Connection,  # type: ignore[assignment]
        kwargs: KwargsParam | None = None,
        min_size: int = 0,
        max_size: int | None = None,
        open: bool | None = None,
        configure: ConnectionCB[CT] | None = None,
        check: ConnectionCB[CT] | None = None,
        reset: ConnectionCB[CT] | None = None,
        name: str | None = None,
        close_returns: bool = False,
        timeout: float = 30.0,
        max_waiting: int = 0,
        max_lifetime: float = 60 * 60.0,
        max_idle: float = 10 * 60.0,
        reconnect_timeout: float = 5 * 60.0,
        reconnect_failed: ConnectFailedCB | None = None,
        num_workers: int = 3,
        report_after: float | None = None,
    ) -> None:
        """As the pool it derives from; min_size must be 0, max_size 0 means no limit, close_returns nothing."""
        super().__init__(
            conninfo,
            connection_class=connection_class,
            kwargs=kwargs,
            min_size=min_size,
            max_size=max_size,
            open=open,
            configure=configure,
            check=check,
            reset=reset,
            name=name,
            close_returns=False,
            timeout=timeout,
            max_waiting=max_waiting,
            max_lifetime=max_lifetime,
            max_idle=max_idle,
            reconnect_timeout=reconnect_timeout,
            reconnect_failed=reconnect_failed,
            num_workers=num_workers,
            report_after=report_after,
        )

    def _check_size(self, min_size: int, max_size: int | None) -> tuple[int, int]:
        if max_size is None:
            max_size = min_size
        if min_size != 0:
            raise ValueError("null pools must have min_size = 0")
        if max_size < min_size:
            raise ValueError("max_size must be greater or equal than min_size")
        return min_size, max_size

    def _refresh(self) -> None:
        """Nothing is quick here."""

    def _start_initial_tasks(self) -> None:
        """Nothing is made before it is asked for."""
        self._start_reporting()

    def wait(self, timeout: float = 30.0) -> None:
        """Connect once, to see that it can be done. Raises as the method it overrides."""
        self._check_open_getconn()
        if self._forked:
            self._restart()
        with self._lock:
            self._nconns += 1
        self._wait_full(timeout, AddConnection(self))

    def check(self) -> None:
        """Nothing is idle, so nothing is checked."""

    def _take_or_queue(self, deadline: float, timeout: float) -> CT | WaitingClient[CT]:
        counted = False
        try:
            with self._lock:
                if self._closed:
                    self._check_open_getconn()
                if self._waiting or (self._max_size and self._nconns >= self._max_size):
                    return self._enqueue()
                self._nconns += 1
                counted = True
            conn = self._connect(deadline - monotonic())
            # From now on the connection has the place: no signal handler comes between two assignments.
            conn._pool = self
            return conn
        except BaseException as error:
            if not counted:
                raise
            with self._lock:
                self._nconns -= 1
                self._stats[self._REQUESTS_ERRORS] += 1
            if self._waiting:
                self._maybe_grow_pool()
            if isinstance(error, errors.ConnectionTimeout):
                raise self._timed_out(timeout) from error
            raise

    def _add_to_pool(self, conn: CT) -> None:
        with self._lock:
            for full in self._full:
                full.set()
            if self._waiting and not self._closed:
                self._give(conn)
                return
            self._nconns -= not self._closed
            conn._pool = None
        self._close_connection(conn)

    def _maybe_close_connection(self, conn: CT) -> bool:
        with self._lock:
            ours = not self._closed and conn in self._connections
            if ours and self._waiting:
                return False
            self._nconns -= ours
            conn._pool = None
            self._stats[self._RETURNS_BAD] += ours and conn.closed
        self._close_connection(conn)
        return True
