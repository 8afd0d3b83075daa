"""Connect to a database, by a connection string and by a URI.

python examples/connect.py [CONNECTION STRING]
"""

import sys

import howdah as psycopg
from howdah.server import start

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn

# A role to log in as, for this lesson.
admin = psycopg.connect(dsn, autocommit=True)
admin.execute("CREATE ROLE anna LOGIN PASSWORD 'wonderland'")
host, port, dbname = admin.info.host, admin.info.port, admin.info.dbname

# 1. The connection string has one name=value pair after the other.
conn = psycopg.connect(f"host={host} port={port} dbname={dbname} user=anna password=wonderland")
print("By string:", conn.execute("SELECT current_user").fetchone())
conn.close()

# 2. The same as a URI. In a `with` block the connection is closed at the end, and what was done is committed.
with psycopg.connect(f"postgresql://anna:wonderland@{host}:{port}/{dbname}") as conn:
    print("By URI:", conn.execute("SELECT current_user").fetchone())

# 3. The same as arguments, which also override what a string says.
with psycopg.connect(dsn, user="anna", password="wonderland", connect_timeout=5) as conn:
    print("By arguments:", conn.execute("SELECT current_user").fetchone())

# What goes wrong is an OperationalError, here because nothing listens on port 1.
try:
    psycopg.connect(f"host={host} port=1 dbname={dbname} user=anna password=wonderland")
except psycopg.OperationalError as error:
    print("Refused:", str(error).splitlines()[0])

admin.execute("DROP ROLE anna")
admin.close()
