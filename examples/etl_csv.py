"""Extract, transform, load: a CSV file into a table, and a report out of it.

python examples/etl_csv.py [CONNECTION STRING]
"""

import csv
import io
import sys
from datetime import date
from decimal import Decimal

import howdah as psycopg
from howdah.server import start

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn

# Instead of open("orders.csv", newline=""), so that this file is all you need.
orders = io.StringIO("""\
order,day,customer,amount
1001,2024-05-01,Ada,19.90
1002,2024-05-01,bob,7.50
1003,2024-05-02,ADA,120.00
1004,2024-05-03,Cleo,
1005,2024-05-03,Bob,12.25
""")


def extract(file):
    yield from csv.DictReader(file)


def transform(lines):
    for line in lines:
        yield (
            int(line["order"]),
            date.fromisoformat(line["day"]),
            line["customer"].title(),
            Decimal(line["amount"]) if line["amount"] else None,  # None is NULL
        )


def load(conn, rows):
    with conn.cursor() as cur:
        cur.executemany("INSERT INTO orders VALUES (%s, %s, %s, %s)", rows)
        return cur.rowcount


# At the end of the block all is committed; had a line been malformed, nothing would have been.
with psycopg.connect(dsn) as conn:
    conn.execute("CREATE TEMP TABLE orders (id int PRIMARY KEY, day date, customer text, amount numeric(10, 2))")
    print("loaded:", load(conn, transform(extract(orders))))

    report = conn.execute("""
        SELECT customer, count(*), sum(amount), max(day)
        FROM orders
        GROUP BY customer
        ORDER BY sum(amount) DESC NULLS LAST
    """)
    for customer, n, total, last in report:
        print(f"{customer:6} {n} orders, {total if total is not None else 'no amount'}, last on {last}")
