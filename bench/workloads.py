"""The work that is measured, the same for every driver."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

# {0}, {1} stand for the placeholders of the driver's style.
QUERIES: dict[str, tuple[str, tuple[Any, ...]]] = {
    "one": ("select 1+1", ()),
    "pk": ("select id, name, balance, active, created from b_acc where id = {0}", (4242,)),
    "pg_type": (
        "select typname, typnamespace, typowner, typlen, typbyval, typcategory, typispreferred, typisdefined, "
        "typdelim, typrelid, typelem, typarray from pg_type where typtypmod = {0} and typisdefined = {1}",
        (-1, True),
    ),
    "series": ("select i from generate_series(1, {0}::int) as i", (1000,)),
    "bytes": ("select * from b_bytes", ()),
    "arrays": ("select * from b_arr", ()),
    "mixed": ("select * from b_mixed", ()),
    "accounts": ("select id, name, balance, active, created from b_acc where id <= {0}", (1000,)),
    "rows100k": (
        "select i, i*2 as b, i::float8 as c, 'abcdef' as d from generate_series(1, 100000) i",
        (),
    ),
}

# The seven queries of MagicStack's pgbench, and what they are here: each goes over CONNECTIONS connections at once.
PGBENCH = {
    "pgbench-pg_type": "pg_type",
    "pgbench-series": "series",
    "pgbench-large_object": "bytes",
    "pgbench-arrays": "arrays",
    "pgbench-copyfrom": "copy_rows",
    "pgbench-batch": "batch",
    "pgbench-oneplusone": "one",
}
CONNECTIONS = 10

# These are methods of the drivers that can do them.
OTHERS = {
    "objects": "1,000 rows x 5 as dataclasses",
    "slotted": "1,000 rows x 5 as dataclasses with slots",
    "batch": "insert 1,000 rows of 7 columns by executemany",
    "values": "insert 50,000 rows of 7 columns by one statement, with RETURNING (asyncpg: executemany, without)",
    "copy_rows": "insert 10,000 rows of 7 columns the driver's quickest way",
    "copy_many": "insert 50,000 rows of 7 columns the driver's quickest way",
    "copy": "insert 10,000 rows of 7 columns by binary COPY, row by row",
    "copy_text": "insert 10,000 rows of 7 columns by text COPY, row by row",
    "pipeline": "100 selects by key in one pipeline",
    "pool": "50 tasks with 20 selects by key each, over a pool of 10 (howdah-lane: on one connection)",
    "crowd": "200 threads or tasks with 5 times a connection from a pool of 10 and `select 1` each",
    "checkout": "100 times a connection from a pool of 10 and back, unused",
    "connect": "connect and close",
}
INSERTS = {"batch", "values", "copy_rows", "copy_many", "copy", "copy_text"}

TITLES = {
    "one": "`select 1+1`",
    "pk": "one row by key, 5 columns",
    "pg_type": "pg_type, about 600 rows x 12",
    "series": "1,000 ints",
    "bytes": "100 x 1,000 bytes",
    "arrays": "100 x int[100]",
    "mixed": "1,000 rows x 10 mixed types",
    "accounts": "1,000 rows x 5",
    "rows100k": "100,000 rows x 4",
    **OTHERS,
    **{name: f"pgbench's {name[8:]}, {CONNECTIONS} connections" for name in PGBENCH},
}

SETUP = """
drop table if exists b_acc, b_bytes, b_arr, b_mixed, b_ins;

create table b_acc (id int primary key, name text, balance numeric(12,2), active bool, created timestamptz);
insert into b_acc
select i, 'name ' || i, i * 1.25, i % 2 = 0, '2024-01-01'::timestamptz + i * interval '1 minute'
from generate_series(1, 10000) i;

create table b_bytes (b bytea);
insert into b_bytes select repeat('a', 1000)::bytea from generate_series(1, 100);

create table b_arr (a int[]);
insert into b_arr select (select array_agg(i) from generate_series(1, 100) s(i)) from generate_series(1, 100);

create table b_mixed (id int8, name text, price numeric(10,2), created timestamptz, day date, ok bool, ratio float8,
                      uid uuid, doc jsonb, note text);
insert into b_mixed
select i, 'product number ' || i, i * 3.17, '2024-01-01'::timestamptz + i * interval '61 second',
       '2024-01-01'::date + i, i % 3 = 0, i / 7.0, md5(i::text)::uuid, jsonb_build_object('a', i, 'b', 'x' || i),
       case when i % 5 = 0 then null else 'note ' || i end
from generate_series(1, 1000) i;

create table b_ins (a int, b int, c int, d text, e float, f int, g text);
analyze b_acc, b_bytes, b_arr, b_mixed;
"""

ROW = (10, 11, 10, "TESTTESTTEST", 10.333, 12341234, "123412341234")
ROW_TYPES = ["int4", "int4", "int4", "text", "float8", "int4", "text"]
INSERT_FORMATTED = "insert into b_ins values (%s, %s, %s, %s, %s, %s, %s)"
INSERT_NUMBERED = "insert into b_ins values ($1, $2, $3, $4, $5, $6, $7)"
INSERT_RETURNING = "insert into b_ins values %s returning a"
BATCH = [ROW] * 1000
COPIED = [ROW] * 10000
MANY = [ROW] * 50000
TASKS, READS, POOL = 50, 20, 10
CROWD, TURNS = 200, 5
CHECKOUTS = 100
PIPELINED = 100


@dataclass
class Account:
    id: int
    name: str
    balance: Any
    active: bool
    created: Any


@dataclass(slots=True)
class SlottedAccount:
    id: int
    name: str
    balance: Any
    active: bool
    created: Any


@cache
def numbered(key: str) -> tuple[str, tuple[Any, ...]]:
    """The query with PostgreSQL's own placeholders."""
    sql, args = QUERIES[key]
    return sql.format("$1", "$2"), args


@cache
def formatted(key: str) -> tuple[str, tuple[Any, ...]]:
    """The query with the DB-API's ``format`` placeholders."""
    sql, args = QUERIES[key]
    return sql.format("%s", "%s"), args
