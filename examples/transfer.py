"""Move money between two accounts: all of it happens, or nothing.

python examples/transfer.py [CONNECTION STRING]
"""

import sys

import howdah as psycopg
from howdah.server import start

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn


def transfer(conn, source, target, amount):
    # The block is a transaction: committed at its end, rolled back if an exception leaves it.
    with conn.transaction():
        conn.execute("UPDATE accounts SET balance = balance + %s WHERE owner = %s", (amount, target))
        conn.execute("UPDATE accounts SET balance = balance - %s WHERE owner = %s", (amount, source))


def balances(conn):
    return conn.execute("SELECT owner, balance FROM accounts ORDER BY owner").fetchall()


# With autocommit, what is outside of a transaction() block is final at once.
with psycopg.connect(dsn, autocommit=True) as conn:
    conn.execute("CREATE TEMP TABLE accounts (owner text PRIMARY KEY, balance int CHECK (balance >= 0))")
    conn.execute("INSERT INTO accounts VALUES ('ada', 100), ('bob', 20)")

    transfer(conn, "ada", "bob", 30)
    print("After 30 from ada to bob:", balances(conn))

    # Bob gets the money first, then ada turns out not to have it. The first UPDATE is undone as well.
    try:
        transfer(conn, "ada", "bob", 1000)
    except psycopg.errors.CheckViolation as error:
        print("Refused:", error.diag.message_primary)
    print("After 1000 that failed: ", balances(conn))
