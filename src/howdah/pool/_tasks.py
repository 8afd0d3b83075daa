# Generated from _tasks_async.py by tools/unasync.py: do not edit.
"""What a pool hands out, who waits for it, and what is done for it in the background."""

from __future__ import annotations

import logging
import weakref
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from ._concurrency import Baton
from .abc import CT

if TYPE_CHECKING:
    from .base import AttemptWithBackoff
    from .pool import ConnectionPool

logger = logging.getLogger("howdah.pool")


class Loan(Generic[CT]):
    """What `connection()` gives: a block with a connection."""

    __slots__ = ("_conn", "_pool", "_since", "_timeout")

    def __init__(self, pool: ConnectionPool[CT], timeout: float | None) -> None:
        self._pool = pool
        self._timeout = timeout

    def __enter__(self) -> CT:
        conn = self._conn = self._pool.getconn(self._timeout)
        self._since = monotonic()
        return conn

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        pool, conn = self._pool, self._conn
        del self._conn
        try:
            conn.__exit__(exc_type, exc_val, exc_tb)
        finally:
            pool._used += monotonic() - self._since
            pool.putconn(conn)


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


class MaintenanceTask:
    """Something for a worker to do. Tasks don't keep the pool alive."""

    concerns_closed: ClassVar[bool] = False

    def __init__(self, pool: ConnectionPool[Any]) -> None:
        self.pool = weakref.ref(pool)

    def __repr__(self) -> str:
        pool = self.pool()
        name = repr(pool.name) if pool is not None else "<pool is gone>"
        return f"<{type(self).__name__} {name} at 0x{id(self):x}>"

    def run(self) -> None:
        """Do it, unless the pool is gone, or closed and needs it no more."""
        pool = self.pool()
        if pool is None or (pool.closed and not self.concerns_closed):
            logger.debug("task not run, its pool is closed: %s", self)
            return
        logger.debug("task running: %s", self)
        self._run(pool)

    def tick(self) -> None:
        """Its time has come."""
        pool = self.pool()
        if pool is not None:
            pool.run_task(self)

    def _run(self, pool: ConnectionPool[Any]) -> None:
        raise NotImplementedError


class AddConnection(MaintenanceTask):
    """Make a connection."""

    def __init__(
        self, pool: ConnectionPool[Any], attempt: AttemptWithBackoff | None = None, growing: bool = False
    ) -> None:
        super().__init__(pool)
        self.attempt = attempt
        self.growing = growing

    def tick(self) -> None:
        pool = self.pool()
        if pool is not None and self in pool._delayed:  # else it was made before its time
            pool._delayed.discard(self)
            pool.run_task(self)

    def _run(self, pool: ConnectionPool[Any]) -> None:
        pool._add_connection(self.attempt, self.growing)


class ReturnConnection(MaintenanceTask):
    """Reset a connection and take it back."""

    concerns_closed = True

    def __init__(self, pool: ConnectionPool[Any], conn: Any, from_getconn: bool) -> None:
        super().__init__(pool)
        self.conn = conn
        self.from_getconn = from_getconn

    def _run(self, pool: ConnectionPool[Any]) -> None:
        pool._return_connection(self.conn, self.from_getconn)


class ShrinkPool(MaintenanceTask):
    """Close a connection if one was idle all the time, again and again."""

    def _run(self, pool: ConnectionPool[Any]) -> None:
        # First, so that the pace does not depend on the work.
        pool.schedule_task(self, pool.max_idle)
        pool._shrink_pool()


class ReportLoans(MaintenanceTask):
    """Report what is lent for long, again and again."""

    def _run(self, pool: ConnectionPool[Any]) -> None:
        assert pool.report_after is not None
        pool.schedule_task(self, max(pool.report_after / 4, 0.1))
        pool._report_loans()


class Schedule(MaintenanceTask):
    """Schedule another task: what `open()`, which must not wait, cannot do itself."""

    def __init__(self, pool: ConnectionPool[Any], task: MaintenanceTask, delay: float) -> None:
        super().__init__(pool)
        self.task = task
        self.delay = delay

    def _run(self, pool: ConnectionPool[Any]) -> None:
        pool.schedule_task(self.task, self.delay)
