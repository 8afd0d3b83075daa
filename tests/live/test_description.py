"""Cursor.description and its Columns (DB-API's seven items, and psycopg's more)."""

from __future__ import annotations

import pickle

import pytest


def column(conn, expression):
    return conn.execute(f"select {expression}").description[0]


def test_none_before_execute(conn):
    assert conn.cursor().description is None


def test_none_without_rows(conn):
    assert conn.execute("create temp table t (x int)").description is None


def test_names_and_types(conn):
    description = conn.execute("select 1::int as one, 'x'::text as two").description
    assert [(c.name, c.type_code) for c in description] == [("one", 23), ("two", 25)]


def test_there_without_rows_in_the_result(conn):
    assert conn.execute("select 1 as x where false").description[0].name == "x"


def test_seven_items(pg, conn):
    col = column(conn, "1.5::numeric(10, 2) as x")
    assert isinstance(col, pg.Column)
    assert len(col) == 7
    assert tuple(col) == ("x", 1700, None, None, 10, 2, None)


def test_items_by_index(conn):
    col = column(conn, "1::int8 as x")
    assert (col[0], col[1], col[3]) == ("x", 20, 8)
    with pytest.raises(IndexError):
        col[7]


@pytest.mark.parametrize(
    ("expression", "display", "internal", "precision", "scale"),
    [
        ("1::int4", None, 4, None, None),
        ("1::float8", None, 8, None, None),
        ("''::text", None, None, None, None),
        ("''::varchar", None, None, None, None),
        ("''::varchar(42)", 42, None, None, None),
        ("''::char(3)", 3, None, None, None),
        ("''::name", None, 64, None, None),
        ("1::numeric", None, None, None, None),
        ("1::numeric(5)", None, None, 5, 0),
        ("1::numeric(10, -3)", None, None, 10, -3),
        ("now()", None, 8, None, None),
        ("now()::timestamptz(3)", None, 8, 3, None),
        ("'1:00'::time(0)", None, 8, 0, None),
        ("'1:00'::timetz(2)", None, 12, 2, None),
        ("'1 s'::interval", None, 16, None, None),
        ("'1 s'::interval(4)", None, 16, 4, None),
        ("'1 d'::interval day", None, 16, None, None),
        ("'{}'::varchar(10)[]", 10, None, None, None),
        ("'1'::bit(7)", 7, None, None, None),
    ],
)
def test_sizes(conn, expression, display, internal, precision, scale):
    col = column(conn, expression)
    assert (col.display_size, col.internal_size, col.precision, col.scale) == (display, internal, precision, scale)


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("1::int4", "int4"),
        ("1::int8", "int8"),
        ("true", "bool"),
        ("''::varchar(42)", "varchar(42)"),
        ("''::char(3)", "bpchar(3)"),
        ("1::numeric(10, 2)", "numeric(10,2)"),
        ("now()", "timestamptz"),
        ("array[1]", "int4[]"),
        ("'{}'::numeric(5, 1)[]", "numeric(5,1)[]"),
        ("'{}'::timestamp(3)[]", "timestamp(3)[]"),
        ("'{}'::varbit(3)[]", "varbit(3)[]"),
    ],
)
def test_type_names(conn, expression, shown):
    assert column(conn, expression).type_display == shown


@pytest.mark.howdah_only
def test_table_and_column(conn):
    conn.execute("create temp table t (x int, y text)")
    cur = conn.execute("select 1 as z, y, x, x + 1 from t")
    oid = conn.execute("select 't'::regclass::oid").fetchone()[0]
    assert [(c.table_oid, c.table_column) for c in cur.description] == [
        (None, None),
        (oid, 2),
        (oid, 1),
        (None, None),
    ]


def test_null_ok_is_unknown(conn):
    assert column(conn, "1 as x").null_ok is None


def test_same_name_twice(conn):
    assert [c.name for c in conn.execute("select 1 as x, 2 as x").description] == ["x", "x"]


def test_names_beyond_ascii(conn):
    assert column(conn, '1 as "naïve €"').name == "naïve €"


def test_unnamed(conn):
    assert column(conn, "1").name == "?column?"


def test_type_unknown_to_the_registry(conn):
    conn.execute("create type pg_temp.mood as enum ('sad', 'ok')")
    col = column(conn, "'ok'::pg_temp.mood as m")
    oid = conn.execute("select 'pg_temp.mood'::regtype::oid").fetchone()[0]
    assert (col.name, col.type_code) == ("m", oid)


def test_repr(conn):
    assert "x" in repr(column(conn, "1::int4 as x"))
    assert "int4" in repr(column(conn, "1::int4 as x"))


def test_pickled(conn):
    description = conn.execute("select 1::int4 as x, 2.5::numeric(4, 1) as y").description
    again = pickle.loads(pickle.dumps(description))
    assert [tuple(c) for c in again] == [tuple(c) for c in description]
    assert [c.type_display for c in again] == [c.type_display for c in description]


def test_compares_with_dbapi_types(pg, conn):
    description = conn.execute("select 1, 'x'::text, '\\x'::bytea, now(), 1.5, 1::oid").description
    kinds = [pg.NUMBER, pg.STRING, pg.BINARY, pg.DATETIME, pg.NUMBER, pg.ROWID]
    assert all(col.type_code == kind for col, kind in zip(description, kinds, strict=True))
    assert description[0].type_code != pg.STRING


def test_follows_nextset(conn):
    cur = conn.execute("select 1 as one; select 'x' as two")
    assert cur.description[0].name == "one"
    cur.nextset()
    assert cur.description[0].name == "two"


def test_stays_after_close_of_the_connection(pg, dsn):
    with pg.connect(dsn) as conn:
        cur = conn.execute("select 1 as x")
    assert cur.description[0].name == "x"


async def test_async_description(aconn):
    cur = await aconn.execute("select 1::int8 as x")
    assert [tuple(c) for c in cur.description] == [("x", 20, None, 8, None, None, None)]
