"""AsyncConnection under trio, by trio-asyncio: an asyncio loop within trio's.

python tests/isolated/under_trio.py MODULE DSN
"""

from __future__ import annotations

import importlib
import sys

import trio
import trio_asyncio

pg, dsn = importlib.import_module(sys.argv[1]), sys.argv[2]
in_trio = trio_asyncio.aio_as_trio


async def main() -> None:
    async with trio_asyncio.open_loop():
        conn = await in_trio(pg.AsyncConnection.connect)(dsn, autocommit=True)

        async def ask(n: int) -> None:
            cur = await in_trio(conn.execute)("select %s::int", [n])
            assert await in_trio(cur.fetchone)() == (n,)

        async with trio.open_nursery() as nursery:
            for n in range(20):
                nursery.start_soon(ask, n)
        for n in range(10):
            with trio.move_on_after(0.01 * n) as scope:
                await in_trio(conn.execute)("select pg_sleep(60)")
            assert scope.cancelled_caught
            if conn.closed:  # the request to cancel came before the query
                conn = await in_trio(pg.AsyncConnection.connect)(dsn, autocommit=True)
            await ask(n)
        async with in_trio(conn.transaction()):
            await ask(6)
        await in_trio(conn.close)()


trio.run(main)
