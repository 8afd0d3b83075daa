"""The pool (psycopg_pool, "Connection pool implementations")."""

from __future__ import annotations

import logging
import warnings
from contextlib import suppress
from functools import partial
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, cast

from .. import errors
from ..connection_async import AsyncConnection
from ..pq import TransactionStatus
from ._concurrency import (
    AsyncEvent,
    AsyncLock,
    AsyncQueue,
    AsyncWorker,
    join_async,
    resolve_async,
    sleep_async,
    spawn_async,
    wait_async,
)
from ._tasks_async import (
    AddConnection,
    Loan,
    MaintenanceTask,
    ReportLoans,
    ReturnConnection,
    Schedule,
    ShrinkPool,
    WaitingClient,
)
from .abc import ACT, AsyncConnectFailedCB, AsyncConnectionCB, AsyncConninfoParam, AsyncKwargsParam
from .base import AttemptWithBackoff, BasePool
from .errors import PoolClosed, PoolTimeout, TooManyRequests
from .sched_async import AsyncScheduler

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncConnectionPool"]

logger = logging.getLogger("howdah.pool")

INFO = logging.INFO
# What the logger knows of its levels: asking its method costs as much as a fifth of lending a connection.
_known_levels: dict[int, bool] = getattr(logger, "_cache", {})
IDLE = int(TransactionStatus.IDLE)

# What has been tried in vain is tried again at once for who comes to wait, but not more often than this.
SECONDS_BETWEEN_HURRIES = 1.0


class AsyncConnectionPool(BasePool, Generic[ACT]):
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
        """What belongs to the running process, and dies with a fork."""
        self._lock = AsyncLock()
        self._workers: list[AsyncWorker] = []
        self._sched_runner: AsyncWorker | None = None
        self._delayed: set[AddConnection] = set()
        self._hurried_at = self._asked_at = 0.0
        self._forked = False
        # Whether a connection can be lent, or taken back, without more ado.
        self._lends_quickly = self._takes_quickly = False
        self._full: AsyncEvent | None = None  # somebody waits for all to be there

    def _after_fork(self) -> None:
        super()._after_fork()
        self._set_up()
        self._forked = True

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
            idle = self._pool
            try:
                conn: ACT = idle.popleft()
            except IndexError:
                pass
            else:
                if conn._lend(self, self._watch):
                    self._requests_num += 1
                    if len(idle) < self._nconns_min:
                        self._nconns_min = len(idle)
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
            conn = await self._getconn_unchecked(timeout)
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
            conn = await self._getconn_unchecked(deadline - monotonic())
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

    async def _getconn_unchecked(self, timeout: float) -> ACT:
        deadline = monotonic() + timeout
        while True:
            got = await self._take_or_queue(deadline - monotonic())
            if isinstance(got, WaitingClient):
                return await self._wait_turn(got, deadline)
            if got._lend(self, self._watch):
                return got
            await self._discard_dead(got)

    async def _take_or_queue(self, timeout: float) -> ACT | WaitingClient[ACT]:
        """An idle connection, or our place in the queue."""
        with self._lock:
            if self._closed:
                self._check_open_getconn()
            if self._pool:
                conn: ACT = self._pool.popleft()
                self._nconns_min = min(self._nconns_min, len(self._pool))
                return conn
            client = self._enqueue()
        if self._pool:  # come back between our look and our joining the queue
            await self._settle()
        await self._maybe_grow_pool()
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

    async def _wait_turn(self, client: WaitingClient[ACT], deadline: float) -> ACT:
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
        raise client.error or self._timed_out(deadline - started)

    def _leave(self, client: WaitingClient[ACT]) -> None:
        if client in self._waiting:
            self._waiting.remove(client)

    # ---- taking back

    async def putconn(self, conn: ACT) -> None:
        """Give back a connection. An open transaction is rolled back.

        Raises ValueError if it does not come from this pool.
        """
        if self._takes_quickly and not self._waiting and conn._take_back(self):
            if _known_levels.get(INFO) is not False:
                logger.info("returning connection to %r", self.name)
            self._pool.append(conn)
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
        self._dismiss(conn)
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

    async def _return_connection(self, conn: ACT, from_getconn: bool) -> None:
        try:
            await self._reset_connection(conn)
        except (
            BaseException
        ):  # cancelled, or Ctrl-C: nobody knows what state it is in, but the slot must not get lost
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

    @staticmethod
    def _check_left_idle(conn: ACT, what: str, function: Any) -> None:
        status = TransactionStatus(conn._transaction_status())
        if status != TransactionStatus.IDLE:
            raise errors.ProgrammingError(
                f"connection left in status {status.name} by {what} function {function}: discarded"
            )

    def _give(self, conn: ACT) -> None:
        """A connection is free: lend it to the first who waits, or keep it. Under the lock."""
        while self._waiting:
            conn._pool = self
            if self._waiting.popleft().set(conn):
                return
        conn._pool = None
        self._pool.append(conn)
        self._look_full()

    def _look_full(self) -> None:
        if self._full is not None and len(self._pool) >= self._nconns:
            self._full.set()

    async def _settle(self) -> None:
        """A connection was taken back without the lock, while somebody came to wait, or closed the pool."""
        with self._lock:
            while self._pool and self._waiting:
                self._give(self._pool.popleft())
            self._look_full()
            left = list(self._pool) if self._closed else []
            if self._closed:
                self._pool.clear()
        for conn in left:
            await self._close_connection(conn)

    async def _add_to_pool(self, conn: ACT) -> None:
        with self._lock:
            if not self._closed:
                self._give(conn)
                return
        await self._close_connection(conn)

    async def _close_connection(self, conn: ACT) -> None:
        with self._lock:
            self._dismiss(conn)
        await conn.close()

    async def _replace(self, conn: ACT) -> None:
        """Close a connection and make another."""
        self.run_task(AddConnection(self))
        await self._close_connection(conn)

    async def _discard_dead(self, conn: ACT) -> None:
        """A connection was found dead: so may be the others that are idle. Replace all that are."""
        with self._lock:
            idle = list(self._pool)
            self._pool.clear()
        dead = [conn]
        for other in idle:
            if other._still_alive(-1):
                await self._add_to_pool(other)
            else:
                dead.append(other)
        for conn in dead:
            self._stats[self._CONNECTIONS_LOST] += 1
            logger.info("not lending connection found broken: %s", conn)
            await self._replace(conn)

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
            self._closed = False
            self._opened = True
            self._refresh()
        self._start_initial_tasks()

    def _refresh(self) -> None:
        usable = not self._closed and not self._forked
        usable = usable and self._loans is None
        self._lends_quickly = usable and self._check is None and not self._open_implicit
        self._takes_quickly = usable and self._reset is None and self._full is None

    def _start_workers(self) -> None:
        self._sched = AsyncScheduler()
        self._tasks: AsyncQueue[MaintenanceTask | None] = AsyncQueue()
        self._sched_runner = spawn_async(self._sched.run, name=f"{self.name}-scheduler")
        self._workers = [
            spawn_async(self.worker, self._tasks, name=f"{self.name}-worker-{i}") for i in range(self.num_workers)
        ]

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

        Raises `PoolTimeout` after `timeout` seconds, and closes the pool; raises `PoolClosed` on a closed one.
        """
        self._check_open_getconn()
        if self._forked:
            await self._restart()
        if len(self._pool) < self._nconns:
            await self._wait_full(timeout)

    async def _wait_full(self, timeout: float) -> None:
        with self._lock:
            if self._full is None:
                self._full = AsyncEvent()
                self._refresh()
            full = self._full
            if self._pool and len(self._pool) >= self._nconns:
                full.set()
        logger.info("waiting for pool %r initialization", self.name)
        if not await wait_async(full, timeout):
            await self.close()
            raise PoolTimeout(f"pool initialization incomplete after {timeout} sec")
        with self._lock:
            self._full = None
            self._refresh()
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
        logger.debug("pool %r closed", self.name)
        for conn in idle:
            await self._close_connection(conn)
        for left in await join_async(self._signal_stop_worker(), timeout):
            logger.warning("couldn't stop %r in pool %r within %s seconds", left, self.name, timeout)

    def _signal_stop_worker(self) -> list[AsyncWorker]:
        stopped = list(self._workers)
        for _ in self._workers:
            self._tasks.put_nowait(None)
        if self._sched_runner is not None:
            stopped.append(self._sched_runner)
            if True:  # ASYNC
                self._sched_runner.cancel()
            else:
                self._sched.enter(0, None)
        self._workers, self._sched_runner = [], None
        return stopped

    # ---- maintenance

    async def resize(self, min_size: int, max_size: int | None = None) -> None:
        """Change the sizes. Raises ValueError for impossible ones."""
        min_size, max_size = self._check_size(min_size, max_size)
        logger.info("resizing %r to min_size=%s max_size=%s", self.name, min_size, max_size)
        with self._lock:
            self._min_size = min_size
            self._max_size = max_size
        self._refill()

    def _refill(self) -> None:
        """Somebody asks for the connections that are missing."""
        with self._lock:
            self._asked_at = monotonic()
            missing = 0 if self._closed else max(0, self._min_size - self._nconns)
            self._nconns += missing
        for _ in range(missing):
            self.run_task(AddConnection(self))
        self._try_again()

    async def check(self) -> None:
        """Replace the idle connections that are lost or too old, and make those that are missing."""
        with self._lock:
            idle = list(self._pool)
            self._pool.clear()
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
            idle = list(self._pool)
            self._pool.clear()
        for conn in idle:
            await self._replace(conn)

    async def _shrink_pool(self) -> None:
        conn: ACT | None = None
        with self._lock:
            unused, self._nconns_min = self._nconns_min, len(self._pool)
            if self._nconns > self._min_size and unused > 0 and self._pool:
                conn = self._pool.popleft()
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

    async def _maybe_grow_pool(self) -> None:
        with self._lock:
            if self._nconns >= self._max_size or self._growing:
                return
            self._nconns += 1
            self._growing = True
            size = self._nconns
        logger.info("growing pool %r to %s", self.name, size)
        self.run_task(AddConnection(self, growing=True))

    def _hurry(self) -> None:
        """Somebody waits: let one attempt to connect that was put off be made now."""
        if not self._delayed or monotonic() < self._hurried_at + SECONDS_BETWEEN_HURRIES:
            return
        self._hurried_at = monotonic()
        with self._lock:
            task = self._delayed.pop() if self._delayed else None
        if task is not None:
            self.run_task(task)

    # ---- connecting

    async def _connect(self, timeout: float | None = None) -> ACT:
        self._stats[self._CONNECTIONS_NUM] += 1
        started = monotonic()
        try:
            kwargs = await self._resolve_kwargs()
            conninfo = await self._resolve_conninfo()
            if timeout is not None:
                kwargs["connect_timeout"] = max(timeout, 0.01)
            conn = await self.connection_class.connect(conninfo, **kwargs)
        except Exception:
            self._stats[self._CONNECTIONS_ERRORS] += 1
            raise
        finally:
            self._stats[self._CONNECTIONS_MS] += int(1000 * (monotonic() - started))
        conn._pool = self
        if self._configure is not None:
            try:
                await self._configure(conn)
                self._check_left_idle(conn, "configure", self._configure)
            except BaseException:
                conn._pool = None
                conn._close()
                raise
        self._set_connection_expiry_date(conn)
        with self._lock:
            self._admit(conn)
        return conn

    async def _resolve_conninfo(self) -> str:
        """The connection string for the next connection."""
        return cast("str", await resolve_async(self.conninfo))

    async def _resolve_kwargs(self) -> dict[str, Any]:
        """The keyword arguments for the next connection."""
        return dict(await resolve_async(self.kwargs) or {})

    async def _add_connection(self, attempt: AttemptWithBackoff | None, growing: bool = False) -> None:
        if attempt is None:
            attempt = AttemptWithBackoff(timeout=self.reconnect_timeout)
        try:
            conn = await self._connect()
        except Exception as error:
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
        await self.reconnect_failed()
        if self._waiting:
            await self._maybe_grow_pool()

    async def reconnect_failed(self) -> None:
        """Call the function that the pool was given for when a server stays away."""
        if self._reconnect_failed is None:
            return
        await resolve_async(partial(self._reconnect_failed, self))

    # ---- tasks

    def run_task(self, task: MaintenanceTask) -> None:
        """Have a worker run a task soon."""
        if not self._closed:
            self._tasks.put_nowait(task)

    async def schedule_task(self, task: MaintenanceTask, delay: float) -> None:
        """Have a worker run a task in `delay` seconds."""
        await self._sched.enter(delay, task.tick)

    @classmethod
    async def worker(cls, q: AsyncQueue[MaintenanceTask | None]) -> None:
        """Run tasks until a None comes."""
        while (task := await q.get()) is not None:
            try:
                await task.run()
            except Exception as error:
                logger.warning("task run %s failed: %s: %s", task, type(error).__name__, error)
            del task  # nothing of it is kept while waiting for the next
