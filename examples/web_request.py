"""The cycle of a web request: a connection from the pool, a query with parameters, commit, and back into the pool.

python examples/web_request.py [CONNECTION STRING]
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import howdah as psycopg
from howdah.pool import ConnectionPool
from howdah.server import start

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn


def order(pool, customer, item, pieces):
    """What a web framework calls for each request, in any of its threads. Returns a status and a body."""
    try:
        # Lends a connection, or waits until one is free. The block is a transaction, too.
        with pool.connection() as conn, conn.cursor() as cur:
            # The visitor's input goes beside the query, never into its text.
            cur.execute("UPDATE stock SET pieces = pieces - %s WHERE item = %s", (pieces, item))
            if cur.rowcount == 0:
                return 404, f"no such item: {item}"
            cur.execute(
                "INSERT INTO orders (customer, item, pieces) VALUES (%s, %s, %s) RETURNING id",
                (customer, item, pieces),
            )
            (order_id,) = cur.fetchone()
        # Here the block has ended well: it was committed, and the connection is in the pool again.
        return 201, f"order {order_id}"
    except psycopg.errors.CheckViolation:
        # An exception has left the block: all was rolled back, and the connection is in the pool again as well.
        return 409, f"less than {pieces} left"


with psycopg.connect(dsn, autocommit=True) as conn:
    conn.execute("DROP SCHEMA IF EXISTS lesson_web CASCADE")
    conn.execute("CREATE SCHEMA lesson_web")
    conn.execute("CREATE TABLE lesson_web.stock (item text PRIMARY KEY, pieces int CHECK (pieces >= 0))")
    conn.execute("CREATE TABLE lesson_web.orders (id serial, customer text, item text, pieces int)")
    conn.execute("INSERT INTO lesson_web.stock VALUES ('teapot', 10)")

# One pool for the whole program: connecting takes longer than most queries.
settings = {"options": "-c search_path=lesson_web"}
with ConnectionPool(dsn, kwargs=settings, min_size=2, max_size=4) as pool:
    print(order(pool, "ada", "teapot", 3))
    print(order(pool, "ada", "teapot", 8))
    print(order(pool, "bob", "samovar", 1))

    # Twenty visitors at the same moment share four connections. Seven teapots are left.
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda n: order(pool, f"visitor {n}", "teapot", 1), range(20)))
    print("sold:", sum(status == 201 for status, _ in answers))
    print("refused:", sum(status == 409 for status, _ in answers))
    print("connections used:", pool.get_stats()["pool_size"])

    with pool.connection() as conn:
        print("left:", conn.execute("SELECT pieces FROM stock").fetchone()[0])
        conn.execute("DROP SCHEMA lesson_web CASCADE")
