"""pandas' read_sql and to_sql: tables into DataFrames and back.

python examples/read_sql.py [CONNECTION STRING]

It needs pandas and SQLAlchemy: pip install pandas sqlalchemy
"""

import sys

import pandas as pd
import sqlalchemy as sa

import howdah
from howdah.server import start

# SQLAlchemy imports psycopg when an engine is made. From here on that is howdah.
howdah.install_as_psycopg()

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn

# Usually the URL says it all: postgresql+psycopg://ada@localhost/shop
engine = sa.create_engine("postgresql+psycopg://", creator=lambda: howdah.connect(dsn))

days = pd.date_range("2024-02-27", periods=5)
weather = pd.DataFrame({"day": days, "town": ["Pune", "Agra"] * 2 + ["Pune"], "mm": [0.0, 1.5, None, 3.25, 8.0]})

# To write, pandas needs SQLAlchemy's connection. The block is a transaction.
with engine.begin() as conn:
    rows = weather.to_sql("lesson_weather", conn, index=False)
    print("rows written:", rows)

    query = sa.text("SELECT * FROM lesson_weather WHERE town = :town ORDER BY day")
    frame = pd.read_sql(query, conn, params={"town": "Pune"}, index_col="day", parse_dates=["day"])
    print(frame)

    # A large result comes in pieces. Each is a DataFrame.
    pieces = pd.read_sql("SELECT generate_series(1, 250000) AS n", conn, chunksize=100_000)
    print("sum of the pieces:", sum(piece["n"].sum() for piece in pieces))

    conn.execute(sa.text("DROP TABLE lesson_weather"))
engine.dispose()
