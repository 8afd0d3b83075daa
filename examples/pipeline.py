"""Pipeline: many statements without waiting for each answer.

python examples/pipeline.py [CONNECTION STRING]
"""

import sys
import time

import howdah as psycopg
from howdah.server import start

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn

with psycopg.connect(dsn, autocommit=True) as conn:
    conn.execute("CREATE TEMP TABLE counters (name text PRIMARY KEY, n int)")
    conn.execute("INSERT INTO counters SELECT 'c' || i, 0 FROM generate_series(1, 100) i")

    def count(cur):
        for i in range(1, 1001):
            cur.execute("UPDATE counters SET n = n + 1 WHERE name = %s", (f"c{i % 100 + 1}",))

    # Each statement waits for the answer to the one before.
    with conn.transaction(), conn.cursor() as cur:
        began = time.perf_counter()
        count(cur)
        one_by_one = time.perf_counter() - began

    # Here they are sent while the answers to earlier ones are on their way: the farther the server, the better.
    with conn.transaction(), conn.pipeline(), conn.cursor() as cur:
        began = time.perf_counter()
        count(cur)
    pipelined = time.perf_counter() - began
    print(f"1000 updates: {one_by_one * 1e3:.0f} ms one by one, {pipelined * 1e3:.0f} ms in a pipeline")

    # Results are there when you ask for them. Each cursor has its own.
    with conn.pipeline():
        first = conn.execute("SELECT sum(n) FROM counters")
        second = conn.execute("SELECT count(*) FROM counters")
        print("sum:", first.fetchone()[0])
        print("count:", second.fetchone()[0])

    # An error is told at the next place that waits. What was sent behind it up to there is skipped by the server.
    try:
        with conn.pipeline():
            conn.execute("UPDATE counters SET n = n / 0")
            conn.execute("DELETE FROM counters")
    except psycopg.errors.DivisionByZero as error:
        print("failed:", error.diag.message_primary)
    print("still there:", conn.execute("SELECT count(*) FROM counters").fetchone()[0])
