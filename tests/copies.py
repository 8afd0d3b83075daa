"""What the tests of COPY share."""

from __future__ import annotations

import pytest

ROWS = [(1, "one"), (2, None), (None, "tab\tline\nback\\slash"), (4, ""), (5, "\\N"), (6, "\\."), (7, "é€\U0001f600")]
IN, IN_BINARY = "copy t from stdin", "copy t from stdin (format binary)"
OUT = "copy (select g, 'x' || g from generate_series(1, 5) g) to stdout"
MANY = "copy (select g, repeat('x', 1000) from generate_series(1, 20000) g) to stdout"
ENDLESS = "copy (select n, repeat('x', 1000) from generate_series(1, 1000) n, generate_series(1, 100000)) to stdout"
FORMATS = ["text", "binary"]
BREAKS_PSYCOPG = pytest.mark.howdah_only  # its connection is of no use afterwards


def rows_of(conn, order="a"):
    return conn.execute(f"select a, b from t order by {order}").fetchall()


def usable(conn):
    assert conn.execute("select 'mine', %s::int", [5]).fetchone() == ("mine", 5)


def write_rows(conn, rows=ROWS, format="text", types=("int4", "text")):
    cur = conn.cursor()
    with cur.copy(f"copy t from stdin (format {format})") as copy:
        if types:
            copy.set_types(types)
        for row in rows:
            copy.write_row(row)
    return cur
