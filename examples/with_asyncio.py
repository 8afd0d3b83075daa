"""The same with asyncio: await what talks to the server.

python examples/with_asyncio.py [CONNECTION STRING]
"""

import asyncio
import sys
import time

import howdah as psycopg
from howdah.server import start

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn


async def users():
    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        await conn.execute("CREATE TEMP TABLE users (id int PRIMARY KEY, name text, is_active bool)")

        async with conn.cursor() as cur:
            people = [(1, "Ada", True), (2, "Bob", False), (3, "Cleo", True)]
            await cur.executemany("INSERT INTO users VALUES (%s, %s, %s)", people)

            await cur.execute("SELECT id, name FROM users WHERE is_active = %s ORDER BY id", (True,))
            for user_id, name in await cur.fetchall():
                print(user_id, name)

        # Without the rows in a list first:
        async for row in await conn.execute("SELECT name FROM users WHERE NOT is_active"):
            print("inactive:", row)

        try:
            async with conn.transaction():
                await conn.execute("DELETE FROM users")
                await conn.execute("INSERT INTO users VALUES (%s, %s)", (9, "Dan"))
                raise psycopg.Rollback
        finally:
            cur = await conn.execute("SELECT count(*) FROM users")
            print("still there:", (await cur.fetchone())[0])


async def sleep_on_the_server(seconds):
    async with await psycopg.AsyncConnection.connect(dsn) as conn:
        await conn.execute("SELECT pg_sleep(%s)", (seconds,))


async def main():
    await users()

    # Three connections wait at the same time: it takes as long as the longest, not as long as all.
    began = time.perf_counter()
    await asyncio.gather(sleep_on_the_server(0.2), sleep_on_the_server(0.2), sleep_on_the_server(0.2))
    print("less than 0.6 s:", time.perf_counter() - began < 0.6)


asyncio.run(main())
