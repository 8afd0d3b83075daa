"""A blocking pool that is interrupted wherever a signal handler can interrupt it: no place is lost or made twice."""

from __future__ import annotations

import gc
import logging
from contextlib import suppress

import pytest

from alarm import interrupted_at
from beside import eventually
from howdah.pool import ConnectionPool, NullConnectionPool, PoolTimeout

pytestmark = [
    pytest.mark.howdah_only,
    pytest.mark.filterwarnings("ignore:.* was deleted while still open"),
]


@pytest.fixture(autouse=True)
def _no_records(monkeypatch):
    """pytest keeps the records of the log, and they keep connections."""
    monkeypatch.setattr(logging.getLogger("howdah.pool"), "disabled", True)


@pytest.fixture(autouse=True)
def _little_to_collect():
    """Collections leave alone what was there before: in a long run under a sanitizer it takes seconds to look at."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def borrow(pool):
    pool.putconn(pool.getconn())


def borrow_in_a_block(pool):
    with pool.connection():
        pass


def leave_a_transaction(pool):
    conn = pool.getconn()
    conn.execute("select 1")
    pool.putconn(conn)


def close_it(pool):
    conn = pool.getconn()
    conn.close()
    pool.putconn(conn)


def wait_in_vain(pool):
    conns = [pool.getconn() for _ in range(pool.max_size)]
    with suppress(PoolTimeout):
        pool.getconn(0.001)
    for conn in conns:
        pool.putconn(conn)


def lose_one(pool):
    pool._pool[0]._close()
    borrow(pool)


def nothing(conn):
    pass


USES = {
    "idle": ({}, borrow),
    "block": ({}, borrow_in_a_block),
    "checked": ({"check": ConnectionPool.check_connection}, borrow),
    "reset": ({"reset": nothing}, borrow),
    "in a transaction": ({}, leave_a_transaction),
    "closed": ({}, close_it),
    "expired": ({"max_lifetime": 0}, borrow),
    "dead": ({}, lose_one),
    "none left": ({}, wait_in_vain),
    "drained": ({}, ConnectionPool.drain),
    "all checked": ({}, ConnectionPool.check),
}


def interrupt_everywhere(pool, use, is_whole):
    number = 1
    while interrupted_at(number, lambda: use(pool), "/howdah/pool/"):
        eventually(lambda: is_whole() or (gc.collect(), is_whole())[1])
        number += 1
    assert number > 5


@pytest.mark.parametrize("name", USES)
def test_no_place_is_lost(dsn, name):
    options, use = USES[name]
    with ConnectionPool(dsn, min_size=2, open=True, **options) as pool:
        pool.wait()

        def is_whole():
            stats = pool.get_stats()
            counts = (stats["pool_size"], stats["pool_available"], len(pool._connections), stats["requests_waiting"])
            return counts == (2, 2, 2, 0)

        interrupt_everywhere(pool, use, is_whole)


def test_growing(dsn):
    number = 1
    while True:
        with ConnectionPool(dsn, min_size=1, max_size=2, open=True) as pool:
            pool.wait()
            first = pool.getconn()
            hit = interrupted_at(number, lambda pool=pool: borrow(pool), "/howdah/pool/")
            second = pool.getconn()
            assert pool.get_stats()["pool_size"] == len(pool._connections) == 2
            pool.putconn(first)
            pool.putconn(second)
        if not hit:
            break
        number += 1
    assert number > 5


def test_null_pool(dsn):
    with NullConnectionPool(dsn, max_size=2, open=True) as pool:
        interrupt_everywhere(pool, borrow, lambda: (pool.get_stats()["pool_size"], len(pool._connections)) == (0, 0))
