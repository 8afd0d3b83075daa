"""A program that logs in as a role which may do what the program needs, and nothing else.

python examples/least_privilege.py [CONNECTION STRING]

With a database of your own it needs the right to create roles.
"""

import secrets
import sys

import howdah as psycopg
from howdah import sql
from howdah.server import start

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn

ROLE = sql.Identifier("lesson_web_shop")
password = secrets.token_urlsafe()

# What an administrator does, once.
admin = psycopg.connect(dsn, autocommit=True)
admin.execute("CREATE SCHEMA lesson_shop")
admin.execute("CREATE TABLE lesson_shop.orders (id serial, customer text, card text)")
admin.execute("INSERT INTO lesson_shop.orders (customer, card) VALUES ('ada', '5105 1051 0510 5100')")
# CREATE takes no parameters: the pieces are put into the text, quoted as what they are.
admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(ROLE, sql.Literal(password)))
admin.execute(sql.SQL("GRANT USAGE ON SCHEMA lesson_shop TO {}").format(ROLE))
admin.execute(sql.SQL("GRANT SELECT (id, customer), INSERT ON lesson_shop.orders TO {}").format(ROLE))
admin.execute(sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA lesson_shop TO {}").format(ROLE))

# What the program may do, and what it may not even if somebody talks it into trying.
attempts = [
    "INSERT INTO lesson_shop.orders (customer, card) VALUES ('bob', '4111 1111 1111 1111')",
    "SELECT id, customer FROM lesson_shop.orders",
    "SELECT card FROM lesson_shop.orders",
    "DELETE FROM lesson_shop.orders",
    "DROP TABLE lesson_shop.orders",
    "CREATE TABLE lesson_shop.mine ()",
    "COPY (SELECT 1) TO PROGRAM 'cat'",
]
with psycopg.connect(dsn, user="lesson_web_shop", password=password, autocommit=True) as conn:
    for query in attempts:
        try:
            cur = conn.execute(query)
            print("done:   ", query, "->", cur.fetchall() if cur.description else cur.statusmessage)
        except psycopg.errors.InsufficientPrivilege as error:
            print("refused:", query, "->", error.diag.message_primary)

admin.execute("DROP SCHEMA lesson_shop CASCADE")
admin.execute(sql.SQL("DROP ROLE {}").format(ROLE))
admin.close()
