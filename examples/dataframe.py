"""Read the result of a query into a pandas DataFrame.

python examples/dataframe.py [CONNECTION STRING]
"""

import sys
import warnings

import pandas as pd

import howdah as psycopg
from howdah.server import start

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn

# pandas warns of every connection that it doesn't know by name. Any DB-API connection works.
warnings.filterwarnings("ignore", message="pandas only supports SQLAlchemy")

with psycopg.connect(dsn) as conn:
    conn.execute("CREATE TEMP TABLE sales (region text, month int, amount float8)")
    conn.cursor().executemany(
        "INSERT INTO sales VALUES (%s, %s, %s)",
        [(region, month, month * rate) for region, rate in (("north", 10.0), ("south", 12.5)) for month in (1, 2, 3)],
    )

    frame = pd.read_sql("SELECT * FROM sales WHERE month >= %(first)s", conn, params={"first": 2})
    print(frame)
    print(frame.pivot_table(index="region", columns="month", values="amount", aggfunc="sum"))

    # The same without read_sql, for a query of your own cursor.
    cur = conn.execute("SELECT region, sum(amount) FROM sales GROUP BY region ORDER BY region")
    totals = pd.DataFrame(cur.fetchall(), columns=[column.name for column in cur.description])
    print(totals)
