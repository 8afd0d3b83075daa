"""Values and rows larger than one receive: every split of the answer between two packets has to be put together."""

from __future__ import annotations

import pytest

SIZES = [100, 8_000, 8_192, 20_000, 100_000, 1_000_000]


@pytest.mark.parametrize("size", SIZES)
def test_one_large_value(pg, dsn, size):
    with pg.connect(dsn) as conn:
        for _ in range(8):  # not prepared at first, prepared later
            assert conn.execute("select repeat('x', %s)", (size,)).fetchone() == ("x" * size,)


@pytest.mark.parametrize("size", SIZES)
async def test_one_large_value_async(pg, dsn, size):
    async with await pg.AsyncConnection.connect(dsn) as conn:
        for _ in range(8):
            cur = await conn.execute("select repeat('x', %s)", (size,))
            assert await cur.fetchone() == ("x" * size,)


def test_rows_after_a_pause(pg, dsn):
    """The server flushes what it has before it sleeps, so that the first row comes in a packet of its own."""
    with pg.connect(dsn) as conn:
        for _ in range(7):
            rows = conn.execute(
                "select i, repeat('y', 9000), case when i > 1 then pg_sleep(0.02)::text end "
                "from generate_series(1, 4) i"
            ).fetchall()
            assert [row[0] for row in rows] == [1, 2, 3, 4]


def test_large_parameters_and_rows_of_many_sizes(pg, dsn):
    with pg.connect(dsn) as conn:
        for size in range(1, 60_000, 3_333):
            row = conn.execute("select %s::text, %s::int", ("z" * size, size), prepare=True).fetchone()
            assert row == ("z" * size, size)
