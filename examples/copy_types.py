"""COPY: the fastest way for many rows into a table and out of it, with the types of their columns.

python examples/copy_types.py [CONNECTION STRING]
"""

import sys
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import howdah as psycopg
from howdah.server import start

# Your own database, or a throw-away one that lives as long as this script.
dsn = sys.argv[1] if sys.argv[1:] else start().dsn

noon = datetime(2024, 2, 29, 12, tzinfo=timezone.utc)
measured = [
    (UUID(int=n), noon + timedelta(minutes=n), Decimal(n) / 4, [n, -n], "tab \t and \\ are no trouble")
    for n in range(50_000)
]

with psycopg.connect(dsn) as conn, conn.cursor() as cur:
    cur.execute("SET timezone = 'UTC'")
    cur.execute("CREATE TEMP TABLE measured (id uuid, at timestamptz, value numeric, pair int[], remark text)")

    # Python values in, one row after the other.
    with cur.copy("COPY measured FROM STDIN") as copy:
        for row in measured:
            copy.write_row(row)
    print(cur.statusmessage)

    # In binary the server converts nothing, so the types have to be exact: an int alone could become int2 or int8.
    with cur.copy("COPY measured FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["uuid", "timestamptz", "numeric", "int4[]", "text"])
        for row in measured:
            copy.write_row(row)
    print(cur.statusmessage)

    # Out again. COPY does not say of which types its columns are: without set_types() they are strings.
    with cur.copy("COPY (SELECT id, at, value, pair FROM measured LIMIT 2) TO STDOUT") as copy:
        print(next(copy.rows()))
    with cur.copy("COPY (SELECT id, at, value, pair FROM measured LIMIT 2) TO STDOUT") as copy:
        copy.set_types(["uuid", "timestamptz", "numeric", "int4[]"])
        print(next(copy.rows()))

    # As it travels, for a file or another server: blocks of bytes.
    with cur.copy("COPY measured TO STDOUT (FORMAT csv)") as copy:
        print("bytes of CSV:", sum(len(block) for block in copy))

    # An exception in the block cancels the COPY: none of its rows stays.
    try:
        with conn.transaction(), cur.copy("COPY measured (at) FROM STDIN") as copy:
            copy.write_row([date(2024, 3, 1)])
            raise RuntimeError("out of peanuts")
    except RuntimeError as error:
        print("cancelled:", error)
    print("rows:", cur.execute("SELECT count(*) FROM measured").fetchone()[0])
