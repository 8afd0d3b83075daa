"""Insert many rows at once.

python examples/bulk_insert.py [CONNECTION STRING]
"""

import sys
import time

import howdah as psycopg
from howdah.server import start

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn

readings = [(n, f"sensor {n % 7}", n / 10) for n in range(20_000)]

with psycopg.connect(dsn) as conn, conn.cursor() as cur:
    cur.execute("CREATE TEMP TABLE readings (id int, sensor text, value float8)")

    # One by one: every row waits for the server's answer to the row before.
    began = time.perf_counter()
    for reading in readings[:2_000]:
        cur.execute("INSERT INTO readings VALUES (%s, %s, %s)", reading)
    slow = (time.perf_counter() - began) / 2_000

    # executemany() sends the rows without waiting in between.
    began = time.perf_counter()
    cur.executemany("INSERT INTO readings VALUES (%s, %s, %s)", readings[2_000:])
    fast = (time.perf_counter() - began) / 18_000

    cur.execute("SELECT count(*) FROM readings")
    print("rows:", cur.fetchone()[0])
    print(f"one by one {slow * 1e6:.0f} us a row, executemany {fast * 1e6:.0f} us")
