"""Read rows with a cursor and a parameter.

python examples/select_rows.py [CONNECTION STRING]
"""

import sys

import howdah as psycopg
from howdah.server import start

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn

with psycopg.connect(dsn) as conn:
    conn.execute("CREATE TEMP TABLE users (id int PRIMARY KEY, name text, is_active bool)")
    conn.execute("INSERT INTO users VALUES (1, 'Ada', true), (2, 'Bob', false), (3, 'Cleo', true)")

    with conn.cursor() as cur:
        # The value travels beside the query, never inside it, and needs no quotes around its %s.
        cur.execute("SELECT id, name FROM users WHERE is_active = %s ORDER BY id", (True,))

        # Each row is a tuple with one Python value per column.
        for user_id, name in cur.fetchall():
            print(user_id, name)

        # The cursor knows its columns, and how many rows there were.
        print("columns:", [column.name for column in cur.description])
        print("rows:", cur.rowcount)
