"""What a malicious visitor types, and why it does no harm.

python examples/injection.py [CONNECTION STRING]
"""

import sys

import howdah as psycopg
from howdah.server import start

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn

typed = "nobody' OR true; DROP TABLE users; --"

with psycopg.connect(dsn) as conn:
    conn.execute("CREATE TEMP TABLE users (name text, secret text)")
    conn.execute("INSERT INTO users VALUES ('ada', 'likes tea'), ('bob', 'is afraid of cats')")

    # NEVER make a query out of pieces like this. We only print it:
    print(f"SELECT secret FROM users WHERE name = '{typed}'")

    # As a parameter it's a value and nothing else: a strange name, which no user has.
    rows = conn.execute("SELECT secret FROM users WHERE name = %s", (typed,)).fetchall()
    print("found:", rows)

    # It can even be stored, and comes back as it was.
    conn.execute("INSERT INTO users VALUES (%s, %s)", (typed, "none"))
    names = [name for (name,) in conn.execute("SELECT name FROM users ORDER BY name")]
    print("users:", names)
