"""Random walks over connections and cursors: howdah does what psycopg does, step by step.

``HOWDAH_WALKS=n`` takes n of them in each world (``make walks``: 1000), else 25; ``HOWDAH_FIRST_WALK`` is the seed of
the first. A walk that shows a difference is told by as few steps as it takes. What differs on purpose
(docs/differences.md) is not walked into, or ends the walk.
"""

from __future__ import annotations

import asyncio
import os

import psycopg
import pytest

from walks import compare, player

pytestmark = [
    pytest.mark.howdah_only,
    pytest.mark.timeout(0),
    pytest.mark.skipif(psycopg.pq.version() < 170000, reason="psycopg is linked to a libpq older than 17"),
]

WALKS = int(os.environ.get("HOWDAH_WALKS", "25"))
FIRST = int(os.environ.get("HOWDAH_FIRST_WALK", "0"))
STEPS = 60


@pytest.fixture(scope="module")
def dsns(dsn):
    """A database for each driver."""
    names = ("walks_of_psycopg", "walks_of_howdah")
    with psycopg.connect(dsn, autocommit=True) as conn:
        for name in names:
            conn.execute(f"drop database if exists {name} with (force)")
            conn.execute(f"create database {name}")
            for limit, value in player.LIMITS.items():
                conn.execute(f"alter database {name} set {limit} = '{value}'")
    return tuple(psycopg.conninfo.make_conninfo(dsn, dbname=name) for name in names)


def taken(dsns, loop=None):
    for seed in range(FIRST, FIRST + WALKS):
        if found := compare.told(dsns, compare.generated(seed, STEPS), loop):
            pytest.fail(f"walk {seed}: {found}", pytrace=False)


def test_blocking(dsns):
    taken(dsns)


def test_asyncio(dsns):
    loop = asyncio.new_event_loop()
    try:
        taken(dsns, loop)
    finally:
        loop.close()
