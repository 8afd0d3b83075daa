"""How a pool comes to its connections: one attempt after another, and more of them where somebody waits."""

from __future__ import annotations

import logging
import math
from functools import partial
from time import monotonic
from typing import Any, Generic, cast

from .. import errors
from ..pq import TransactionStatus
from ._concurrency import ends_worker_async, resolve_async
from ._crew_async import AsyncCrew, MaintenanceTask
from .abc import ACT, AsyncConnectFailedCB, AsyncConnectionCB, AsyncConninfoParam, AsyncKwargsParam
from .base import AttemptWithBackoff

logger = logging.getLogger("howdah.pool")

# What has been tried in vain is tried again at once for who comes to wait, but not more often than this.
SECONDS_BETWEEN_HURRIES = 1.0


class AsyncConnecting(AsyncCrew, Generic[ACT]):
    """Connects."""

    conninfo: AsyncConninfoParam
    kwargs: AsyncKwargsParam | None
    connection_class: type[ACT]
    _configure: AsyncConnectionCB[ACT] | None
    _reconnect_failed: AsyncConnectFailedCB | None

    def _set_up(self) -> None:
        super()._set_up()
        self._delayed: set[AddConnection] = set()
        self._hurried_at = self._asked_at = 0.0

    async def _add_to_pool(self, conn: ACT) -> None:
        """What becomes of one that is made."""
        raise NotImplementedError

    # ---- one connection

    async def _connect(self, timeout: float | None = None) -> ACT:
        self._stats[self._CONNECTIONS_NUM] += 1
        started = monotonic()
        try:
            # No variable of this frame, which errors show, has the password.
            conn = await self.connection_class.connect(
                await self._resolve_conninfo(), **await self._resolve_kwargs(timeout)
            )
        except Exception:
            self._stats[self._CONNECTIONS_ERRORS] += 1
            raise
        finally:
            self._stats[self._CONNECTIONS_MS] += int(1000 * (monotonic() - started))
        try:
            if self._configure is not None:
                conn._pool = self  # blocks of the connection don't close it
                await self._configure(conn)
                self._check_left_idle(conn, "configure", self._configure)
                conn._pool = None
            self._set_connection_expiry_date(conn)
            with self._lock:
                self._admit(conn)
        except BaseException:
            conn._pool = None
            conn._close()
            raise
        return conn

    async def _close_connection(self, conn: ACT) -> None:
        with self._lock:
            self._dismiss(conn)
        await conn.close()

    async def _resolve_conninfo(self) -> str:
        """The connection string for the next connection."""
        return cast("str", await resolve_async(self.conninfo))

    async def _resolve_kwargs(self, timeout: float | None = None) -> dict[str, Any]:
        """The keyword arguments for the next connection; timeout: its seconds."""
        kwargs = dict(await resolve_async(self.kwargs) or {})
        if timeout is not None and timeout < math.inf:
            kwargs["connect_timeout"] = max(timeout, 0.01)
        return kwargs

    @staticmethod
    def _check_left_idle(conn: ACT, what: str, function: Any) -> None:
        status = TransactionStatus(conn._transaction_status())
        if status != TransactionStatus.IDLE:
            raise errors.ProgrammingError(
                f"connection left in status {status.name} by {what} function {function}: discarded"
            )

    # ---- until there is one

    async def _add_connection(self, attempt: AttemptWithBackoff | None, growing: bool = False) -> None:
        if attempt is None:
            attempt = AttemptWithBackoff(timeout=self.reconnect_timeout)
        try:
            conn = await self._connect()
        except BaseException as error:
            if ends_worker_async(error):
                raise
            logger.warning("error connecting in %r: %s", self.name, error)
            await self._connecting_failed(attempt, growing)
            return
        logger.info("adding new connection to the pool")
        with self._lock:
            if growing:
                # Decided before this connection counts as idle, lest the pool look complete for a moment.
                more = self._nconns < self._max_size and (len(self._waiting) > 1 or self._nconns < self._min_size)
                self._growing = more
                self._nconns += more
                size = self._nconns
        await self._add_to_pool(conn)
        self._try_again()  # the server is there
        if growing and more:
            logger.info("growing pool %r to %s", self.name, size)
            self.run_task(AddConnection(self, growing=True))

    def _try_again(self) -> None:
        """Have the attempts to connect made now that were put off."""
        with self._lock:
            delayed, self._delayed = self._delayed, set()
        for task in delayed:
            self.run_task(task)

    async def _connecting_failed(self, attempt: AttemptWithBackoff, growing: bool) -> None:
        now = monotonic()
        task: AddConnection | None = None
        with self._lock:
            if attempt.began_at < self._asked_at:
                # It would be given up soon, but is among those that somebody has asked for since.
                attempt = AttemptWithBackoff(timeout=self.reconnect_timeout)
            if attempt.time_to_give_up(now):
                self._nconns -= 1
                if growing:
                    self._growing = False
            else:
                attempt.update_delay(now)
                task = AddConnection(self, attempt, growing)
                self._delayed.add(task)
        if task is not None:
            await self.schedule_task(task, attempt.delay)
            return
        logger.warning("reconnection attempt in pool %r failed after %s sec", self.name, self.reconnect_timeout)
        if self._waiting:
            self._maybe_grow_pool()
        await self.reconnect_failed()

    async def reconnect_failed(self) -> None:
        """Call the function that the pool was given for when a server stays away."""
        if self._reconnect_failed is None:
            return
        await resolve_async(partial(cast("Any", self._reconnect_failed), self))

    # ---- more of them

    def _refill(self) -> None:
        """Somebody asks for the connections that are missing."""
        with self._lock:
            self._asked_at = monotonic()
            missing = 0 if self._closed else max(0, self._min_size - self._nconns)
            self._nconns += missing
        for _ in range(missing):
            self.run_task(AddConnection(self))
        self._try_again()

    def _maybe_grow_pool(self) -> None:
        """Somebody waits: a worker sees to it. Where it counts the places, no signal handler comes between."""
        if self._nconns < self._max_size and not self._growing:
            self.run_task(GrowPool(self))

    async def _grow_pool(self) -> None:
        with self._lock:
            if self._nconns >= self._max_size or self._growing:
                return
            self._nconns += 1
            self._growing = True
            size = self._nconns
        logger.info("growing pool %r to %s", self.name, size)
        await self._add_connection(None, growing=True)

    def _hurry(self) -> None:
        """Somebody waits: let one attempt to connect that was put off be made now."""
        if not self._delayed or monotonic() < self._hurried_at + SECONDS_BETWEEN_HURRIES:
            return
        self._hurried_at = monotonic()
        with self._lock:
            task = self._delayed.pop() if self._delayed else None
        if task is not None:
            self.run_task(task)


class AddConnection(MaintenanceTask[AsyncConnecting[Any]]):
    """Make a connection."""

    def __init__(
        self,
        pool: AsyncConnecting[Any],
        attempt: AttemptWithBackoff | None = None,
        growing: bool = False,
        instead_of: Any = None,
    ) -> None:
        super().__init__(pool)
        self.instead_of = instead_of
        self.attempt = attempt
        self.growing = growing

    async def tick(self) -> None:
        pool = self.pool()
        if pool is not None and self in pool._delayed:  # else it was made before its time
            pool._delayed.discard(self)
            pool.run_task(self)

    async def _run(self, pool: AsyncConnecting[Any]) -> None:
        if self.instead_of is not None:
            await pool._close_connection(self.instead_of)
            self.instead_of = None
        await pool._add_connection(self.attempt, self.growing)


class GrowPool(MaintenanceTask[AsyncConnecting[Any]]):
    """Make a connection for who waits."""

    async def _run(self, pool: AsyncConnecting[Any]) -> None:
        await pool._grow_pool()
