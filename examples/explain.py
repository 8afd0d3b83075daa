"""Ask PostgreSQL how it runs a query.

python examples/explain.py [CONNECTION STRING]
"""

import sys

import howdah as psycopg
from howdah.server import start

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn

QUERY = "SELECT * FROM orders WHERE customer = %s"

with psycopg.connect(dsn) as conn:
    conn.execute("CREATE TEMP TABLE orders AS SELECT i AS id, i % 1000 AS customer FROM generate_series(1, 100000) i")
    conn.execute("ANALYZE orders")

    # The plan is a result like any other: one row per line.
    print("Without an index:")
    for (line,) in conn.execute(f"EXPLAIN ANALYZE {QUERY}", (77,)):
        print("   ", line)

    conn.execute("CREATE INDEX ON orders (customer)")
    print("With an index:")
    for (line,) in conn.execute(f"EXPLAIN ANALYZE {QUERY}", (77,)):
        print("   ", line)

    # As json it becomes Python objects, to look things up in.
    (plan,) = conn.execute(f"EXPLAIN (ANALYZE, FORMAT json) {QUERY}", (77,)).fetchone()
    print("rows:", plan[0]["Plan"]["Actual Rows"], "in", plan[0]["Execution Time"], "ms")
