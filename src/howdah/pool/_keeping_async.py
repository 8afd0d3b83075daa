"""What a pool does with a connection that is free: reset it, keep it, give it to who waits, or replace it."""

from __future__ import annotations

import logging
from functools import partial
from time import monotonic
from typing import Any, Generic

from .._howdah import lend
from ..pq import TransactionStatus
from ._concurrency import AsyncBaton, AsyncEvent
from ._connecting_async import AddConnection, AsyncConnecting
from ._crew_async import MaintenanceTask
from .abc import ACT, AsyncConnectionCB

logger = logging.getLogger("howdah.pool")

IDLE = int(TransactionStatus.IDLE)


class WaitingClient(Generic[ACT]):
    """A request in the queue. Whoever holds the pool's lock may answer it, once."""

    __slots__ = ("_baton", "conn", "error")

    def __init__(self) -> None:
        self.conn: ACT | None = None
        self.error: Exception | None = None
        self._baton = AsyncBaton()

    async def wait(self, timeout: float) -> None:
        """Until there is an answer, or for `timeout` seconds."""
        await self._baton.wait(timeout)

    def set(self, conn: ACT) -> bool:
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


class AsyncKeeping(AsyncConnecting[ACT]):
    """Keeps the connections that nobody uses."""

    _reset: AsyncConnectionCB[ACT] | None

    def _set_up(self) -> None:
        super()._set_up()
        self._full: set[AsyncEvent] = set()  # of those who wait for all to be there

    # ---- one that is free

    def _give(self, conn: ACT) -> None:
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

    async def _settle(self) -> None:
        """A connection was taken back without the lock, while somebody came to wait, or closed the pool."""
        with self._lock:
            while self._waiting and (conn := lend(self._pop, self)) is not None:
                self._give(conn)
            self._look_full()
            left = list(self._pool) if self._closed else []
            if self._closed:
                self._pool.clear()
        for conn in left:
            await self._close_connection(conn)

    def _lend_all(self) -> list[ACT]:
        """Take the idle connections, to look after them."""
        with self._lock:
            return [*iter(partial(lend, self._pop, self), None)]

    async def _add_to_pool(self, conn: ACT) -> None:
        with self._lock:
            if not self._closed:
                self._give(conn)
                return
        await self._close_connection(conn)

    # ---- one that comes back

    async def _return_connection(self, conn: ACT, from_getconn: bool) -> None:
        try:
            await self._reset_connection(conn)
        except BaseException:  # cancelled, or Ctrl-C: nobody knows its state, but the slot must not get lost
            conn._close()
            await self._replace(conn)
            raise
        if conn._transaction_status() != IDLE or not conn._still_alive(self._watch):
            if from_getconn:
                self._stats[self._CONNECTIONS_LOST] += 1
                logger.info("not serving connection found broken")
            else:
                self._stats[self._RETURNS_BAD] += 1
                logger.warning("discarding closed connection: %s", conn)
            await self._replace(conn)
        elif conn._expire_at <= monotonic():
            logger.info("discarding expired connection")
            await self._replace(conn)
        else:
            await self._add_to_pool(conn)

    async def _reset_connection(self, conn: ACT) -> None:
        """Bring a connection into a state to be lent again, or close it."""
        status = TransactionStatus(conn._transaction_status())
        if status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            logger.warning("rolling back returned connection: %s", conn)
            try:
                await conn.rollback()
            except Exception as error:
                logger.warning("rollback failed: %s: %s. Discarding connection %s", type(error).__name__, error, conn)
                conn._close()
        elif status == TransactionStatus.ACTIVE:
            logger.warning("closing returned connection: %s", conn)
            conn._close()
        if self._reset is None or conn.closed:
            return
        try:
            await self._reset(conn)
            self._check_left_idle(conn, "reset", self._reset)
        except Exception as error:
            logger.warning("error resetting connection: %s", error)
            conn._close()

    # ---- one that goes

    async def _replace(self, conn: ACT) -> None:
        """Close a connection and make another."""
        # The task begins with the first, too: who is interrupted here leaves both to it, or neither.
        self.run_task(AddConnection(self, instead_of=conn))
        await self._close_connection(conn)

    async def _discard_dead(self, conn: ACT) -> None:
        """A connection was found dead: so may be the others that are idle. Replace all that are."""
        dead = [conn]
        for other in self._lend_all():
            if other._still_alive(-1):
                await self._add_to_pool(other)
            else:
                dead.append(other)
        for conn in dead:
            self._stats[self._CONNECTIONS_LOST] += 1
            logger.info("not lending connection found broken: %s", conn)
            await self._replace(conn)

    async def _shrink_pool(self) -> None:
        conn: ACT | None = None
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
            await self._close_connection(conn)


class ReturnConnection(MaintenanceTask[AsyncKeeping[Any]]):
    """Reset a connection and take it back."""

    concerns_closed = True

    def __init__(self, pool: AsyncKeeping[Any], conn: Any, from_getconn: bool) -> None:
        super().__init__(pool)
        self.conn = conn
        self.from_getconn = from_getconn

    async def _run(self, pool: AsyncKeeping[Any]) -> None:
        await pool._return_connection(self.conn, self.from_getconn)


class ShrinkPool(MaintenanceTask[AsyncKeeping[Any]]):
    """Close a connection if one was idle all the time, again and again."""

    async def _run(self, pool: AsyncKeeping[Any]) -> None:
        # First, so that the pace does not depend on the work.
        await pool.schedule_task(self, pool.max_idle)
        await pool._shrink_pool()
