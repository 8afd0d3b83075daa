"""What the pools raise (psycopg_pool)."""

from __future__ import annotations

from .. import errors

__all__ = ["PoolClosed", "PoolTimeout", "TooManyRequests"]


class PoolClosed(errors.OperationalError):
    """A connection was asked of a pool that is not open."""

    __module__ = "howdah.pool"


class PoolTimeout(errors.OperationalError):
    """The pool had no connection to give in time."""

    __module__ = "howdah.pool"


class TooManyRequests(errors.OperationalError):
    """As many requests as `max_waiting` allows are waiting already."""

    __module__ = "howdah.pool"
