"""What the pools have in common: sizes, counters, dates, and which connections there are."""

from __future__ import annotations

import logging
import os
import random
import select
import weakref
from collections import Counter, deque
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from ._loans import Loans
from .errors import PoolClosed, PoolTimeout

if TYPE_CHECKING:
    from .._connection_base import BaseConnection

logger = logging.getLogger("howdah.pool")

_pools: weakref.WeakSet[BasePool] = weakref.WeakSet()


class BasePool:
    """What needs no waiting in a pool."""

    _POOL_MIN = "pool_min"
    _POOL_MAX = "pool_max"
    _POOL_SIZE = "pool_size"
    _POOL_AVAILABLE = "pool_available"
    _REQUESTS_WAITING = "requests_waiting"
    _REQUESTS_NUM = "requests_num"
    _REQUESTS_QUEUED = "requests_queued"
    _REQUESTS_WAIT_MS = "requests_wait_ms"
    _REQUESTS_ERRORS = "requests_errors"
    _USAGE_MS = "usage_ms"
    _RETURNS_BAD = "returns_bad"
    _CONNECTIONS_NUM = "connections_num"
    _CONNECTIONS_MS = "connections_ms"
    _CONNECTIONS_ERRORS = "connections_errors"
    _CONNECTIONS_LOST = "connections_lost"

    _num_pool: ClassVar[int] = 0

    _pool: deque[Any]
    _waiting: deque[Any]

    def __init__(
        self,
        *,
        min_size: int,
        max_size: int | None,
        name: str | None,
        close_returns: bool,
        timeout: float,
        max_waiting: int,
        max_lifetime: float,
        max_idle: float,
        reconnect_timeout: float,
        num_workers: int,
        report_after: float | None,
    ) -> None:
        min_size, max_size = self._check_size(min_size, max_size)
        if num_workers < 1:
            raise ValueError("num_workers must be at least 1")
        if not name:
            number = BasePool._num_pool = BasePool._num_pool + 1
            name = f"pool-{number}"
        self.name = name
        self._min_size = min_size
        self._max_size = max_size
        self.close_returns = close_returns
        self.timeout = timeout
        self.max_waiting = max_waiting
        self.max_lifetime = max_lifetime
        self.max_idle = max_idle
        self.reconnect_timeout = reconnect_timeout
        self.num_workers = num_workers
        self.report_after = report_after
        self._loans = Loans() if report_after is not None else None

        # An idle connection and a waiting request don't exist at the same time. Both change under the lock, with two
        # exceptions: while nobody waits, a connection is taken from here, and put back, without it. Who puts one back
        # looks afterwards whether somebody waits, and who joins the queue looks afterwards whether one is back.
        self._pool = deque()
        self._pop, self._push = self._pool.popleft, self._pool.append
        self._waiting = deque()
        self._nconns = min_size  # idle, lent, and being made
        self._nconns_min = 0  # fewest that were idle since the last look
        self._growing = False
        self._opened = False
        self._closed = True
        self._stats = Counter[str]()
        self._requests_num = 0  # beside the Counter, which would cost more than all the rest
        self._used = 0.0  # seconds
        self._connections: weakref.WeakSet[Any] = weakref.WeakSet()
        self._new_watch()
        _pools.add(self)

    def __repr__(self) -> str:
        cls = type(self)
        return f"<{cls.__module__}.{cls.__qualname__} {self.name!r} at 0x{id(self):x}>"

    @property
    def min_size(self) -> int:
        """Fewest connections that the pool keeps."""
        return self._min_size

    @property
    def max_size(self) -> int:
        """Most connections that the pool makes."""
        return self._max_size

    @property
    def closed(self) -> bool:
        """Whether the pool gives no connections: not open yet, or closed."""
        return self._closed

    def _check_size(self, min_size: int, max_size: int | None) -> tuple[int, int]:
        if max_size is None:
            max_size = min_size
        if min_size < 0:
            raise ValueError("min_size cannot be negative")
        if max_size < min_size:
            raise ValueError("max_size must be greater or equal than min_size")
        if min_size == max_size == 0:
            raise ValueError("if min_size is 0 max_size must be greater than 0")
        return min_size, max_size

    def _check_open(self) -> None:
        if self._closed and self._opened:
            raise PoolClosed("pool has already been opened/closed and cannot be reused")

    def _check_open_getconn(self) -> None:
        if self._closed:
            state = "already closed" if self._opened else "not open yet"
            raise PoolClosed(f"the pool {self.name!r} is {state}")

    def _timed_out(self, timeout: float) -> PoolTimeout:
        """timeout: the seconds asked for, of which earlier attempts may have used some."""
        message = f"couldn't get a connection after {timeout:.2f} sec"
        oldest = self._loans.oldest() if self._loans is not None else None
        return PoolTimeout(f"{message}; longest {oldest}" if oldest else message)

    def _report_loans(self) -> None:
        """Say which connections have not come back for long."""
        if self._loans is not None and self.report_after is not None:
            for loan in self._loans.due(self.report_after):
                logger.warning("connection of pool %r %s", self.name, loan)

    def _report_forgotten(self, conn: Any) -> None:
        loan = self._loans.end(conn) if self._loans is not None else None
        advice = loan or "to whom, report_after= tells"
        shown = str(conn)  # a record of the log must not keep the connection itself
        logger.warning("connection of pool %r was never given back, %s: %s", self.name, advice, shown)

    def _check_pool_putconn(self, conn: BaseConnection[Any]) -> None:
        pool = getattr(conn, "_pool", None)
        if pool is self:
            return
        origin = f"it comes from pool {pool.name!r}" if pool else "it doesn't come from any pool"
        raise ValueError(f"can't return connection to pool {self.name!r}, {origin}: {conn}")

    # ---- the watch: an epoll that all the pool's sockets are in, where there is one

    def _new_watch(self) -> None:
        self._epoll = select.epoll() if hasattr(select, "epoll") else None
        self._watch = self._epoll.fileno() if self._epoll is not None else -1

    def _admit(self, conn: BaseConnection[Any]) -> None:
        """A connection is made."""
        self._connections.add(conn)
        if self._epoll is not None:
            self._epoll.register(conn.fileno(), select.EPOLLIN)

    def _dismiss(self, conn: BaseConnection[Any]) -> None:
        """A connection is about to be closed."""
        conn._pool = None
        if conn in self._connections:  # else another thread is about to close it
            self._connections.discard(conn)
            self._unwatch(conn)

    def _unwatch(self, conn: BaseConnection[Any]) -> None:
        # A descriptor that a forked child has too stays in the epoll unless it is taken out. A lost one is gone.
        if self._epoll is not None and not conn.closed:
            with suppress(OSError):
                self._epoll.unregister(conn.fileno())

    # ---- dates

    @classmethod
    def _jitter(cls, value: float, min_pc: float, max_pc: float) -> float:
        """The value, more or less: from value * (1 + min_pc) to value * (1 + max_pc)."""
        return value * (1.0 + random.uniform(min_pc, max_pc))

    def _set_connection_expiry_date(self, conn: Any) -> None:
        conn._created_at = monotonic()
        conn._expire_at = conn._created_at + self._jitter(self.max_lifetime, -0.05, 0.0)

    # ---- counters

    def get_stats(self) -> dict[str, int]:
        """What the pool has done and how it stands. Counters that are 0 may be missing."""
        stats = dict(self._stats)
        if self._requests_num:
            stats[self._REQUESTS_NUM] = self._requests_num
        if self._used:
            stats[self._USAGE_MS] = int(1000 * self._used)
        return {**stats, **self._get_measures()}

    def pop_stats(self) -> dict[str, int]:
        """The same, and the counters start again from 0."""
        stats = self.get_stats()
        self._stats = Counter()
        self._requests_num = 0
        self._used = 0.0
        return stats

    def _get_measures(self) -> dict[str, int]:
        return {
            self._POOL_MIN: self._min_size,
            self._POOL_MAX: self._max_size,
            self._POOL_SIZE: self._nconns,
            self._POOL_AVAILABLE: len(self._pool),
            self._REQUESTS_WAITING: len(self._waiting),
        }

    # ---- fork

    def _after_fork(self) -> None:
        """In a forked child: the connections are the parent's, and nobody of ours runs or waits any more."""
        for conn in list(self._connections):
            conn._close()
            conn._created_at = None
        self._connections.clear()
        self._pool.clear()
        self._waiting.clear()
        self._nconns = 0
        self._growing = False
        self._new_watch()


class AttemptWithBackoff:
    """Repeated attempts at something: when is the next, and when is it time to give up."""

    INITIAL_DELAY = 1.0
    DELAY_JITTER = 0.1
    DELAY_BACKOFF = 2.0

    def __init__(self, *, timeout: float) -> None:
        self.timeout = timeout
        self.began_at = monotonic()
        self.delay = 0.0
        self.give_up_at = 0.0

    def update_delay(self, now: float) -> None:
        """An attempt has failed: the next comes `delay` seconds later."""
        if self.give_up_at:
            self.delay *= self.DELAY_BACKOFF
        else:
            self.give_up_at = now + self.timeout
            self.delay = BasePool._jitter(self.INITIAL_DELAY, -self.DELAY_JITTER, self.DELAY_JITTER)
        if self.delay + now > self.give_up_at:
            self.delay = max(0.0, self.give_up_at - now)

    def time_to_give_up(self, now: float) -> bool:
        """Whether the attempts have taken `timeout` seconds."""
        return bool(self.give_up_at) and now >= self.give_up_at


def _after_fork_in_child() -> None:
    for pool in list(_pools):
        pool._after_fork()


os.register_at_fork(after_in_child=_after_fork_in_child)
