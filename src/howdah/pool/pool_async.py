"""The pool (psycopg_pool, "Connection pool implementations")."""

from __future__ import annotations

import logging
import warnings
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Generic

from .._howdah import lend, take_back
from ..connection_async import AsyncConnection
from ._concurrency import AsyncEvent, join_async, sleep_async, wait_async
from ._connecting_async import AddConnection
from ._crew_async import ReportLoans, Schedule
from ._keeping_async import AsyncKeeping, ReturnConnection, ShrinkPool, WaitingClient
from .abc import ACT, AsyncConnectFailedCB, AsyncConnectionCB, AsyncConninfoParam, AsyncKwargsParam
from .base import AttemptWithBackoff
from .errors import PoolClosed, PoolTimeout, TooManyRequests

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncConnectionPool"]

logger = logging.getLogger("howdah.pool")

INFO = logging.INFO
# What the logger knows of its levels: asking its method costs as much as a fifth of lending a connection.
_known_levels: dict[int, bool] = getattr(logger, "_cache", {})


class AsyncConnectionPool(AsyncKeeping[ACT]):
    """Keeps connections open, and lends them."""

    def __init__(
        self,
        conninfo: AsyncConninfoParam = "",
        *,
        connection_class: type[ACT] = AsyncConnection,  # type: ignore[assignment]
        kwargs: AsyncKwargsParam | None = None,
        min_size: int = 4,
        max_size: int | None = None,
        open: bool | None = None,
        configure: AsyncConnectionCB[ACT] | None = None,
        check: AsyncConnectionCB[ACT] | None = None,
        reset: AsyncConnectionCB[ACT] | None = None,
        name: str | None = None,
        close_returns: bool = False,
        timeout: float = 30.0,
        max_waiting: int = 0,
        max_lifetime: float = 60 * 60.0,
        max_idle: float = 10 * 60.0,
        reconnect_timeout: float = 5 * 60.0,
        reconnect_failed: AsyncConnectFailedCB | None = None,
        num_workers: int = 3,
        report_after: float | None = None,
    ) -> None:
        """See docs/pool.md for the parameters. Durations are in seconds.

        Raises ValueError for impossible sizes.
        """
        self.conninfo = conninfo
        self.kwargs = kwargs
        self.connection_class = connection_class
        self._configure = configure
        self._check = check
        self._reset = reset
        self._reconnect_failed = reconnect_failed
        super().__init__(
            min_size=min_size,
            max_size=max_size,
            name=name,
            close_returns=close_returns,
            timeout=timeout,
            max_waiting=max_waiting,
            max_lifetime=max_lifetime,
            max_idle=max_idle,
            reconnect_timeout=reconnect_timeout,
            num_workers=num_workers,
            report_after=report_after,
        )
        self._set_up()
        self._open_implicit = open is None
        if True:  # ASYNC
            if open:
                self._warn_open_async()
        if open or open is None:
            self._open()

    def _set_up(self) -> None:
        super()._set_up()
        self._forked = False
        # Whether a connection can be lent, or taken back, without more ado.
        self._lends_quickly = self._takes_quickly = False

    def _after_fork(self) -> None:
        super()._after_fork()
        self._set_up()
        self._forked = not self._closed  # else there is nothing to start again

    if True:  # ASYNC

        def _warn_open_async(self) -> None:
            cls = type(self).__name__
            warnings.warn(
                f"opening {cls} in its constructor is deprecated: use `await pool.open()`, "
                f"or `async with {cls}(...) as pool: ...`",
                RuntimeWarning,
                stacklevel=4,
            )

    def __del__(self) -> None:
        if self.__dict__.get("_closed", True):
            return
        self._closed = True
        with suppress(RuntimeError):  # the event loop may be gone
            self._signal_stop_worker()
        for conn in self._pool:
            conn._close()

    # ---- lending

    def connection(self, timeout: float | None = None) -> Loan[ACT]:
        """A block with a connection, which goes back to the pool at its end, after a commit or a rollback.

        timeout: seconds to wait for a connection; None for that of the pool. Raises as `getconn`.
        """
        return Loan(self, timeout)

    async def getconn(self, timeout: float | None = None) -> ACT:
        """Borrow a connection; it must come back by `putconn`.

        timeout: seconds to wait for one; None for that of the pool. Raises `PoolTimeout`, `PoolClosed`, or
        `TooManyRequests`.
        """
        informs = _known_levels.get(INFO) is not False and logger.isEnabledFor(INFO)
        if informs:
            logger.info("connection requested from %r", self.name)
        if self._lends_quickly and not self._waiting:
            conn: ACT | None = lend(self._pop, self)
            if conn is not None:
                if conn._still_alive(self._watch):
                    self._requests_num += 1
                    if len(self._pool) < self._nconns_min:
                        self._nconns_min = len(self._pool)
                    if informs:
                        logger.info("connection given by %r", self.name)
                    return conn
                await self._discard_dead(conn)
        return await self._getconn(self.timeout if timeout is None else timeout)

    async def _getconn(self, timeout: float) -> ACT:
        """The long way to a connection."""
        await self._check_open_getconn_implicit()
        deadline = monotonic() + timeout
        self._requests_num += 1
        if self._check is None:
            conn = await self._getconn_unchecked(deadline, timeout)
        else:
            conn = await self._getconn_with_check_loop(deadline, timeout)
        if self._loans is not None:
            self._loans.begin(conn)
        logger.info("connection given by %r", self.name)
        return conn

    async def _check_open_getconn_implicit(self) -> None:
        self._check_open_getconn()
        if self._forked:
            await self._restart()
        if self._open_implicit:
            self._open_implicit = False
            if True:  # ASYNC
                self._warn_open_async()
            else:
                cls = type(self).__name__
                warnings.warn(
                    f"{cls} will not open in its constructor by default in the future: "
                    f"use open=True or open=False, or `with {cls}(...) as pool: ...`",
                    DeprecationWarning,
                    stacklevel=4,
                )
            self._refresh()

    async def _getconn_with_check_loop(self, deadline: float, timeout: float) -> ACT:
        assert self._check is not None
        attempt: AttemptWithBackoff | None = None
        while True:
            conn = await self._getconn_unchecked(deadline, timeout)
            if await self._check_connection(conn):
                return conn
            now = monotonic()
            if attempt is None:
                # The first failure is often that of a connection that was lost: try the next one at once.
                attempt = AttemptWithBackoff(timeout=deadline - now)
                continue
            attempt.update_delay(now)
            await sleep_async(min(attempt.delay, max(deadline - now, 0.0)))
            if monotonic() >= deadline:
                self._stats[self._REQUESTS_ERRORS] += 1
                raise self._timed_out(timeout)

    async def _check_connection(self, conn: ACT) -> bool:
        assert self._check is not None
        try:
            await self._check(conn)
        except BaseException as error:
            await self._return_connection(conn, from_getconn=True)
            if not isinstance(error, Exception):
                raise
            logger.info("connection failed check: %s", error)
            return False
        return True

    async def _getconn_unchecked(self, deadline: float, timeout: float) -> ACT:
        while True:
            got = await self._take_or_queue(deadline, timeout)
            if isinstance(got, WaitingClient):
                return await self._wait_turn(got, deadline, timeout)
            if got._still_alive(self._watch):
                return got
            await self._discard_dead(got)

    async def _take_or_queue(self, deadline: float, timeout: float) -> ACT | WaitingClient[ACT]:
        """An idle connection, or our place in the queue."""
        with self._lock:
            if self._closed:
                self._check_open_getconn()
            conn: ACT | None = lend(self._pop, self)
            if conn is not None:
                self._nconns_min = min(self._nconns_min, len(self._pool))
                return conn
            client = self._enqueue()
        if self._pool:  # come back between our look and our joining the queue
            await self._settle()
        self._maybe_grow_pool()
        self._hurry()
        return client

    def _enqueue(self) -> WaitingClient[ACT]:
        self._nconns_min = 0
        if self.max_waiting and len(self._waiting) >= self.max_waiting:
            self._stats[self._REQUESTS_ERRORS] += 1
            raise TooManyRequests(f"the pool {self.name!r} has already {len(self._waiting)} requests waiting")
        self._stats[self._REQUESTS_QUEUED] += 1
        client = WaitingClient[ACT]()
        self._waiting.append(client)
        return client

    async def _wait_turn(self, client: WaitingClient[ACT], deadline: float, timeout: float) -> ACT:
        started = monotonic()
        try:
            await client.wait(max(deadline - started, 0.0))
        except BaseException:  # a task was cancelled, or Ctrl-C
            with self._lock:
                self._stats[self._REQUESTS_ERRORS] += 1
                self._leave(client)
            if client.conn is not None:
                await self._add_to_pool(client.conn)
            raise
        with self._lock:
            self._stats[self._REQUESTS_WAIT_MS] += int(1000 * (monotonic() - started))
            if client.conn is not None:
                return client.conn
            self._stats[self._REQUESTS_ERRORS] += 1
            self._leave(client)
        raise client.error or self._timed_out(timeout)

    def _leave(self, client: WaitingClient[ACT]) -> None:
        if client in self._waiting:
            self._waiting.remove(client)

    # ---- taking back

    async def putconn(self, conn: ACT) -> None:
        """Give back a connection. An open transaction is rolled back.

        Raises ValueError if it does not come from this pool.
        """
        if self._takes_quickly and not self._waiting and take_back(conn, self, self._push):
            if _known_levels.get(INFO) is not False:
                logger.info("returning connection to %r", self.name)
            if self._waiting or not self._takes_quickly:
                await self._settle()
        else:
            await self._putconn(conn, from_getconn=False)

    def _forgotten(self, conn: ACT) -> None:
        """A connection that was lent is about to be deleted: another takes its place. In any thread, at any time."""
        if self._closed or conn._created_at is None:  # or the connection is that of the process that forked this one
            return
        self._stats[self._RETURNS_BAD] += 1
        self._report_forgotten(conn)
        self._unwatch(conn)
        conn._close()
        if True:  # ASYNC
            with suppress(RuntimeError):  # the event loop may be gone
                assert self._sched_runner is not None
                self._sched_runner.get_loop().call_soon_threadsafe(self.run_task, AddConnection(self))
        else:
            self.run_task(AddConnection(self))

    async def _putconn(self, conn: ACT, from_getconn: bool) -> None:
        self._check_pool_putconn(conn)
        if self._loans is not None:
            self._loans.end(conn)
        logger.info("returning connection to %r", self.name)
        if await self._maybe_close_connection(conn):
            return
        if self._reset is not None:
            # It may take long, and need not keep the caller waiting.
            self.run_task(ReturnConnection(self, conn, from_getconn=from_getconn))
        else:
            await self._return_connection(conn, from_getconn)

    async def _maybe_close_connection(self, conn: ACT) -> bool:
        """Whether a connection that comes back is closed instead of kept."""
        if not self._closed and conn in self._connections:
            return False
        await self._close_connection(conn)
        return True

    # ---- opening and closing

    async def __aenter__(self) -> Self:
        self._open_implicit = False
        await self.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.close()

    async def open(self, wait: bool = False, timeout: float = 30.0) -> None:
        """Begin to make connections; nothing happens if the pool is open.

        wait: until `min_size` connections are there, as `wait()`. Raises `PoolClosed` if the pool was closed.
        """
        self._open()
        if wait:
            await self.wait(timeout=timeout)

    def _open(self) -> None:
        with self._lock:
            if not self._closed:
                return
            self._check_open()
            self._start_workers()
            self._nconns = self._min_size  # which may have been changed meanwhile
            self._closed = False
            self._opened = True
            self._refresh()
        self._start_initial_tasks()

    def _refresh(self) -> None:
        usable = not self._closed and not self._forked and self._loans is None
        self._lends_quickly = usable and self._check is None and not self._open_implicit
        self._takes_quickly = usable and self._reset is None and not self._full

    def _start_initial_tasks(self) -> None:
        for _ in range(self._nconns):
            self.run_task(AddConnection(self))
        self.run_task(Schedule(self, ShrinkPool(self), self.max_idle))
        self._start_reporting()

    def _start_reporting(self) -> None:
        if self.report_after is not None:
            self.run_task(ReportLoans(self))

    async def _restart(self) -> None:
        """The first use in a forked child."""
        with self._lock:
            if not self._forked:
                return
            self._forked = False
            self._start_workers()
            self._nconns = self._min_size
            self._refresh()
        self._start_initial_tasks()

    async def wait(self, timeout: float = 30.0) -> None:
        """Wait until all connections are made, and none is lent.

        Raises `PoolTimeout` after `timeout` seconds, and closes the pool; `PoolClosed` if it is, or gets closed.
        """
        self._check_open_getconn()
        if self._forked:
            await self._restart()
        if not self._is_full():
            await self._wait_full(timeout, None)

    async def _wait_full(self, timeout: float, task: AddConnection | None) -> None:
        full = AsyncEvent()
        logger.info("waiting for pool %r initialization", self.name)
        try:
            with self._lock:
                self._full.add(full)
                self._refresh()
                self._look_full()
            if task is not None:
                self.run_task(task)
            in_time = await wait_async(full, timeout)
        finally:
            with self._lock:
                self._full.discard(full)
                self._refresh()
        if not in_time:
            await self.close()
            raise PoolTimeout(f"pool initialization incomplete after {timeout} sec")
        self._check_open_getconn()
        logger.info("pool %r is ready to use", self.name)

    async def close(self, timeout: float = 5.0) -> None:
        """Close the pool and its idle connections; those that are lent are closed when they come back.

        Who waits gets `PoolClosed`. timeout: seconds to wait for the workers to end.
        """
        if self._closed:
            return
        with self._lock:
            self._closed = True
            self._refresh()
            waiting, idle = list(self._waiting), list(self._pool)
            self._waiting.clear()
            self._pool.clear()
            for client in waiting:
                client.fail(PoolClosed(f"the pool {self.name!r} is closed"))
            for full in self._full:
                full.set()
        workers = self._signal_stop_worker()
        logger.debug("pool %r closed", self.name)
        for conn in idle:
            await self._close_connection(conn)
        for left in await join_async(workers, timeout):
            logger.warning("couldn't stop %r in pool %r within %s seconds", left, self.name, timeout)

    # ---- maintenance

    async def resize(self, min_size: int, max_size: int | None = None) -> None:
        """Change the sizes. Raises ValueError for impossible ones."""
        min_size, max_size = self._check_size(min_size, max_size)
        logger.info("resizing %r to min_size=%s max_size=%s", self.name, min_size, max_size)
        with self._lock:
            self._min_size = min_size
            self._max_size = max_size
        self._refill()
        if self._waiting:
            self._maybe_grow_pool()

    async def check(self) -> None:
        """Replace the idle connections that are lost or too old, and make those that are missing."""
        idle = self._lend_all()
        while idle:
            conn = idle.pop(0)
            if conn._expire_at <= monotonic():
                logger.info("discarding expired connection %s", conn)
                await self._replace(conn)
                continue
            try:
                await self.check_connection(conn)
            except Exception:
                self._stats[self._CONNECTIONS_LOST] += 1
                logger.warning("discarding broken connection: %s", conn)
                await self._replace(conn)
            except BaseException:  # cancelled: the rest stays as it is
                await self._return_connection(conn, from_getconn=True)
                for conn in idle:
                    await self._add_to_pool(conn)
                raise
            else:
                await self._add_to_pool(conn)
        self._refill()

    @staticmethod
    async def check_connection(conn: ACT) -> None:
        """A value for `check=`: asks the server for an answer, and raises the error of a lost connection."""
        await conn._command("")

    async def drain(self) -> None:
        """Replace all connections: the idle ones now, the others when they come back."""
        with self._lock:
            for conn in self._connections:
                conn._expire_at = 0.0
        for conn in self._lend_all():
            await self._replace(conn)


class Loan(Generic[ACT]):
    """What `connection()` gives: a block with a connection."""

    __slots__ = ("_conn", "_pool", "_since", "_timeout")

    def __init__(self, pool: AsyncConnectionPool[ACT], timeout: float | None) -> None:
        self._pool = pool
        self._timeout = timeout

    async def __aenter__(self) -> ACT:
        conn = self._conn = await self._pool.getconn(self._timeout)
        self._since = monotonic()
        return conn

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        pool, conn = self._pool, self._conn
        del self._conn
        try:
            await conn.__aexit__(exc_type, exc_val, exc_tb)
        finally:
            pool._used += monotonic() - self._since
            await pool.putconn(conn)
