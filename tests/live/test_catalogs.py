"""PostgreSQL's own tables: rows with dozens of columns of many types, NULLs and arrays among them."""

from __future__ import annotations

import pytest

TABLES = [
    "pg_aggregate", "pg_am", "pg_attribute", "pg_authid", "pg_class", "pg_collation", "pg_constraint", "pg_database",
    "pg_index", "pg_namespace", "pg_opclass", "pg_operator", "pg_proc", "pg_rewrite", "pg_settings", "pg_stats",
    "pg_trigger", "pg_ts_dict", "pg_type", "information_schema.columns",
]  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_same_rows_however_often(auto, table):
    """From the sixth execution on, the statement is prepared and its columns may come in another format."""
    query = f"select * from {table} t order by t::text limit 200"
    first = auto.execute(query).fetchall()
    for _ in range(7):
        again = auto.execute(query).fetchall()
        assert again == first
        assert [[type(value) for value in row] for row in again] == [[type(value) for value in row] for row in first]


@pytest.mark.parametrize("table", ["pg_class", "pg_type", "pg_attribute", "pg_proc"])
def test_as_json_says(auto, table):
    """The server turns the same rows into JSON: names, numbers and booleans must agree."""
    query = f"select row_to_json(t), t.* from {table} t order by oid limit 200"
    if table == "pg_attribute":
        query = query.replace("oid", "attrelid, attnum")
    cur = auto.execute(query)
    names = [column.name for column in cur.description][1:]
    for said, *row in cur:
        for name, value in zip(names, row, strict=True):
            if isinstance(value, (bool, int)) or value is None:
                assert str(said[name]) == str(value), name


@pytest.mark.parametrize("factory", ["tuple_row", "dict_row", "namedtuple_row"])
def test_by_every_row_factory(pg, auto, factory):
    make = getattr(pg.rows, factory)
    for _ in range(7):
        rows = auto.cursor(row_factory=make).execute("select * from pg_type order by oid").fetchall()
        assert len(rows) > 300
        first = rows[0]
        name = first["typname"] if factory == "dict_row" else first[1]
        assert name == "bool"


async def test_async_same_rows_however_often(aauto):
    query = "select * from pg_type order by oid"
    first = await (await aauto.execute(query)).fetchall()
    for _ in range(7):
        assert await (await aauto.execute(query)).fetchall() == first
