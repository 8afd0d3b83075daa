# Generated from _keeping_async.py by tools/unasync.py: do not edit.
"""What a pool does with a connection that is free: reset it, keep it, give it to who waits, or replace it."""

from __future__ import annotations

import logging
from functools import partial
from time import monotonic
from typing import Any, Generic

from .._howdah import lend
from ..pq import TransactionStatus
from ._concurrency import Baton, Event
from ._connecting import AddConnection, Connecting
from ._crew import MaintenanceTask
from .abc import CT, ConnectionCB

logger = logging.getLogger("howdah.pool")

IDLE = int(TransactionStatus.IDLE)


class WaitingClient(Generic[CT]):
    """A request in the queue. Whoever holds the pool's lock may answer it, once."""

    __slots__ = ("_baton", "conn", "error")

    def __init__(self) -> None:
        self.conn: CT | None = None
        self.error: Exception | None = None
        self._baton = Baton()

    def wait(self, timeout: float) -> None:
        """Until there is an answer, or for `timeout` seconds."""
        self._baton.wait(timeout)

    def set(self, conn: CT) -> bool:
        """Answer with a connection. False: it is answered already."""
        if self.conn is not None or self.error is not None:
            return False
        self.conn = conn
        self._baton.wake()
        return True

    def fail(self, error: Exception) -> bool:
        """Answer with an error. False: it is answered already."""
        if self.conn is not None or self.error is not None:
            return False
        self.error = error
        self._baton.wake()
        return True


class Keeping(Connecting[CT]):
    """Keeps the connections that nobody uses."""

    _reset: ConnectionCB[CT] | None

    def _set_up(self) -> None:
        super()._set_up()
        self._full: set[Event] = set()  # of those who wait for all to be there

    # ---- one that is free

    def _give(self, conn: CT) -> None:
        """A connection is free: lend it to the first who waits, or keep it. Under the lock."""
        while self._waiting:
            conn._pool = self
            if self._waiting.popleft().set(conn):
                return
        conn._rest(self._push)
        self._look_full()

    def _is_full(self) -> bool:
        return len(self._pool) >= max(self._nconns, self._min_size)  # it has fewer than the latter where it gave up

    def _look_full(self) -> None:
        if self._full and self._is_full():
            for full in self._full:
                full.set()

    def _settle(self) -> None:
        """A connection was taken back without the lock, while somebody came to wait, or closed the pool."""
        with self._lock:
            while self._waiting and (conn := lend(self._pop, self)) is not None:
                self._give(conn)
            self._look_full()
            left = list(self._pool) if self._closed else []
            if self._closed:
                self._pool.clear()
        for conn in left:
            self._close_connection(conn)

    def _lend_all(self) -> list[CT]:
        """Take the idle connections, to look after them."""
        with self._lock:
            return [*iter(partial(lend, self._pop, self), None)]

    def _add_to_pool(self, conn: CT) -> None:
        with self._lock:
            if not self._closed:
                self._give(conn)
                return
        self._close_connection(conn)

    # ---- one that comes back

    def _return_connection(self, conn: CT, from_getconn: bool) -> None:
        try:
            self._reset_connection(conn)
        except BaseException:  # cancelled, or Ctrl-C: nobody knows its state, but the slot must not get lost
            conn._close()
            self._replace(conn)
            raise
        if conn._transaction_status() != IDLE or not conn._still_alive(self._watch):
            if from_getconn:
                self._stats[self._CONNECTIONS_LOST] += 1
                logger.info("not serving connection found broken")
            else:
                self._stats[self._RETURNS_BAD] += 1
                logger.warning("discarding closed connection: %s", conn)
            self._replace(conn)
        elif conn._expire_at <= monotonic():
            logger.info("discarding expired connection")
            self._replace(conn)
        else:
            self._add_to_pool(conn)

    def _reset_connection(self, conn: CT) -> None:
        """Bring a connection into a state to be lent again, or close it."""
        status = TransactionStatus(conn._transaction_status())
        if status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            logger.warning("rolling back returned connection: %s", conn)
            try:
                conn.rollback()
            except Exception as error:
                logger.warning("rollback failed: %s: %s. Discarding connection %s", type(error).__name__, error, conn)
                conn._close()
        elif status == TransactionStatus.ACTIVE:
            logger.warning("closing returned connection: %s", conn)
            conn._close()
        if self._reset is None or conn.closed:
            return
        try:
            self._reset(conn)
            self._check_left_idle(conn, "reset", self._reset)
        except Exception as error:
            logger.warning("error resetting connection: %s", error)
            conn._close()

    # ---- one that goes

    def _replace(self, conn: CT) -> None:
        """Close a connection and make another."""
        # The task begins with the first, too: who is interrupted here leaves both to it, or neither.
        self.run_task(AddConnection(self, instead_of=conn))
        self._close_connection(conn)

    def _discard_dead(self, conn: CT) -> None:
        """A connection was found dead: so may be the others that are idle. Replace all that are."""
        dead = [conn]
        for other in self._lend_all():
            if other._still_alive(-1):
                self._add_to_pool(other)
            else:
                dead.append(other)
        for conn in dead:
            self._stats[self._CONNECTIONS_LOST] += 1
            logger.info("not lending connection found broken: %s", conn)
            self._replace(conn)

    def _shrink_pool(self) -> None:
        conn: CT | None = None
        with self._lock:
            unused, self._nconns_min = self._nconns_min, len(self._pool)
            if self._nconns > self._min_size and unused > 0:
                conn = lend(self._pop, self)
            if conn is not None:
                self._nconns -= 1
                self._nconns_min -= 1
        if conn is not None:
            logger.info(
                "shrinking pool %r to %s because %s unused connections in the last %s sec",
                self.name,
                self._nconns,
                unused,
                self.max_idle,
            )
            self._close_connection(conn)


class ReturnConnection(MaintenanceTask[Keeping[Any]]):
    """Reset a connection and take it back."""

    concerns_closed = True

    def __init__(self, pool: Keeping[Any], conn: Any, from_getconn: bool) -> None:
        super().__init__(pool)
        self.conn = conn
        self.from_getconn = from_getconn

    def _run(self, pool: Keeping[Any]) -> None:
        pool._return_connection(self.conn, self.from_getconn)


class ShrinkPool(MaintenanceTask[Keeping[Any]]):
    """Close a connection if one was idle all the time, again and again."""

    def _run(self, pool: Keeping[Any]) -> None:
        # First, so that the pace does not depend on the work.
        pool.schedule_task(self, pool.max_idle)
        pool._shrink_pool()
