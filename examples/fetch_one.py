"""Look up one customer by id.

python examples/fetch_one.py [CONNECTION STRING]
"""

import sys
from datetime import date
from decimal import Decimal

import howdah as psycopg
from howdah.rows import dict_row
from howdah.server import start

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn

with psycopg.connect(dsn) as conn:
    conn.execute("CREATE TEMP TABLE customers (id int PRIMARY KEY, name text, balance numeric(10, 2), since date)")
    conn.execute("INSERT INTO customers VALUES (%s, %s, %s, %s)", (42, "Ada", Decimal("1024.50"), date(2024, 2, 29)))

    # conn.execute() makes a cursor, executes on it and returns it. fetchone() gives the row, or None.
    row = conn.execute("SELECT name, balance, since FROM customers WHERE id = %s", (42,)).fetchone()
    name, balance, since = row
    print(f"{name} has {balance} since {since:%d %B %Y}")

    row = conn.execute("SELECT name FROM customers WHERE id = %s", (43,)).fetchone()
    print("Customer 43:", row)

    # Parameters may have names, and rows may be dictionaries.
    cur = conn.cursor(row_factory=dict_row)
    print(cur.execute("SELECT * FROM customers WHERE id = %(id)s", {"id": 42}).fetchone())
