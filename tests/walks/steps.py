"""Which steps a walk consists of: plain values, so that any of them can be left out of it.

A step is (what, connection, *arguments). Its arguments don't depend on what came out of those before, hence any part
of a walk is a walk. What psycopg would wait for without end is left out: statements within a COPY or a stream.
"""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from random import Random
from typing import Any

Step = tuple[Any, ...]

ROOT = "select i as a, 'row ' || i as b, i * 1.5 as c"
UTC = dt.timezone.utc

LATE = "select case i when 4 then 'infinity' else '2024-01-01' end::date as a from generate_series(1, 6) i"

VALUES = [
    None,
    True,
    False,
    0,
    1,
    -7,
    40_000,
    2**40,
    1.5,
    -0.25,
    "",
    "text",
    "it's",
    "üñ",
    b"\x00\xff",
    [1, 2, None],
    ["a", None],
    decimal.Decimal("12.340"),
    dt.date(2024, 2, 29),
    dt.datetime(2024, 2, 29, 12, 34, 56, 789, UTC),
    dt.datetime(2024, 1, 1),
    dt.time(12, 30),
    dt.timedelta(days=-1, seconds=5),
    uuid.UUID(int=5),
    [[1, 2], [3, 4]],
    [],
    "x" * 3000,
]
CASTS = [
    "int",
    "text",
    "int8",
    "numeric",
    "float8",
    "bool",
    "date",
    "bytea",
    "int[]",
    "text[]",
    "json",
    "jsonb",
    "uuid",
]
COLUMNS = [
    "12::int2",
    "2.50::numeric",
    "1.5::float4",
    "'NaN'::float8",
    "null::int",
    "'2020-02-29'::date",
    "'12:34:56.789'::time",
    "'2020-02-29 12:34:56+00'::timestamptz",
    "'1 day 2 hours'::interval",
    "'{\"a\": [1, null]}'::jsonb",
    "'{1,2,NULL}'::int[]",
    "'\\x00ff'::bytea",
    "'{{a,b},{c,d}}'::text[]",
    "'10.0.0.0/8'::cidr",
    "int4range(1, 5)",
    "row(1, 'x')",
    "true",
    "'c'::\"char\"",
    "'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'::uuid",
    "'n'::name",
    "5::oid",
    "repeat('y', 5000)",
    "'{[1,3),[5,7)}'::int4multirange",
]

# What is executed without parameters.
PLAIN = [
    "",
    ";",
    "-- nothing",
    "select",
    "select 1 as a",
    f"{ROOT} from generate_series(1, 3) i",
    f"{ROOT} from generate_series(1, 300) i",
    f"{ROOT} from generate_series(1, 0) i",
    "select * from walk order by id",
    'select 1 as a, 2 as a, 3 as "b c", 4',
    "select 1 as a; select 2 as b, 'x' as c",
    "select 1 as a; select 1/0 as b; select 3 as c",
    "select 1 as a; ; create temp table if not exists gone (x int)",
    "insert into walk values (100, 'p') on conflict do nothing; table walk; delete from walk where id = 100",
    "selec",
    "select 1/0 as a",
    "select 1/(5 - i) as a from generate_series(1, 10) i",
    "select * from not_there",
    "select 'infinity'::date as a",
    LATE,
    "begin",
    "commit",
    "rollback",
    "savepoint s",
    "release s",
    "rollback to s",
    "begin; select 1 as a; commit",
    "begin; select 1/0",
    "commit and chain",
    "set transaction read only",
    "start transaction isolation level serializable",
    "truncate walk",
    "delete from walk",
    "update walk set note = 'u' where id < 5 returning *",
    "update walk set note = 'u'",
    "alter table walk add column if not exists extra int default 5",
    "alter table walk drop column if exists extra",
    "alter table walk alter column note type varchar(50)",
    "alter table walk alter column note type text",
    "create temp table if not exists passing as select 1 as x",
    "drop table if exists passing",
    "select * from passing",
    "create table clash (x int)",
    "drop table clash",
    "discard all",
    "deallocate all",
    "discard temp",
    "reset all",
    "prepare p as select 5 as five",
    "execute p",
    "deallocate p",
    "declare k scroll cursor for select i as a from generate_series(1, 9) i",
    "fetch 3 from k",
    "move 2 in k",
    "close k",
    "fetch backward 2 from k",
    "insert into child values (1)",
    "set constraints all immediate",
    "set constraints all deferred",
    "do $$ begin raise notice 'here'; end $$",
    "do $$ begin raise exception 'there' using errcode = 'U0001'; end $$",
    "call ends()",
    "select 1 as a where false",
    "values (1, 'v'), (2, 'w')",
    "table walk",
    "show search_path",
    "explain (costs off) select 1",
    "vacuum walk",
    "lock table walk",
    "set application_name = 'walk'",
    "show application_name",
    "select 100 % 7 as a",
    "with w as (insert into walk values (200, 'cte') on conflict do nothing returning id) select * from w",
    "set session characteristics as transaction read only",
    "set session characteristics as transaction read write",
]

# What is executed with parameters, and how many numbers, small ones, it takes.
NUMBERED = [
    (f"{ROOT} from generate_series(1, %s::int) i", 1),
    ("select %s::int as a", 1),
    ("select 10 / %s as a", 1),
    ("select %s::int + %s::int as a", 2),
    ("insert into walk values (%s, 'one')", 1),
    ("insert into walk values (%s, 'many') returning id", 1),
    ("delete from walk where id = %s", 1),
    ("update walk set note = note || '!' where id <= %s returning id, note", 1),
    ("select * from walk where id > %s order by id", 1),
    ("insert into child values (%s)", 1),
    ("select %s::text as a, %s::text as b", 2),
    ("select 1/(%s - i) as a from generate_series(1, 4) i", 1),
    ("select case i when %s then 'infinity' else '2024-01-01' end::date as a from generate_series(1, 3) i", 1),
    ("insert into walk select i, 'r' from generate_series(%s::int, %s::int) i returning *", 2),
    ("select extra from walk where id < %s", 1),
    ("insert into walk values (%s, 'c') on conflict (id) do update set note = excluded.note returning *", 1),
    ("select pg_notify('walk', %s::text)", 1),
]

# How parameters can be wrong, none of which reaches the server.
WRONG = [
    ("select %s", []),
    ("select %s", [1, 2]),
    ("select %(a)s", {}),
    ("select %(a)s", [1]),
    ("select %s", {"a": 1}),
    ("select %s, %(a)s", [1]),
    ("select %x", [1]),
    ("select %s", [object]),
    ("select 1", [1]),
    ("select %(a", {"a": 1}),
    ("select %s", "text"),
    ("select %s", 5),
]

FACTORIES = [
    "tuple_row",
    "dict_row",
    "namedtuple_row",
    "scalar_row",
    "kwargs",
    "args",
    "failing",
    "failing_late",
    "class_row",
]
KINDS = ["Cursor"] * 6 + [
    "ClientCursor",
    "RawCursor",
    "ServerCursor",
    "ServerCursor",
    "held",
    "scrollable",
    "forward",
]
ENDINGS = ["well"] * 5 + ["error", "error", "rollback"]


class Walk:
    """Makes steps at random, and knows which blocks are open, as far as that can be told without a server."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.open: dict[str, list[str]] = {"a": [], "b": []}
        self.busy = rng.choice(["a", "a", "ab"])
        self.style = rng.choice(["any", "any", "pipelines", "prepared", "transactions", "cursors", "copies"])
        if self.style == "pipelines":
            self.busy = "a"  # when a statement gets to the server, and locks something, is not told by the steps

    def steps(self, count: int) -> list[Step]:
        steps: list[Step] = []
        for name in self.busy:
            steps.append(("connect", name, self.rng.random() < 0.5, self.rng.choice([None, 0, 1, 2, 5])))
            steps.append(("cursor", name, 0, "Cursor", "tuple_row", self.rng.random() < 0.2))
        while len(steps) < count:
            steps.append(self.step(self.rng.choice(self.busy)))
        return steps

    def step(self, name: str) -> Step:
        makers = {
            "execute": 26,
            "numbered": 14,
            "value": 5,
            "column": 3,
            "wrong": 1,
            "many": 5,
            "fetch": 30,
            "cursor": 6,
            "copy_out": 3,
            "copy_in": 4,
            "stream": 4,
            "enter": 5,
            "leave": 5,
            "pipeline": 2,
            "unpipeline": 2,
            "sync": 2,
            "end": 5,
            "setting": 4,
            "factory": 2,
            "close": 2,
            "timeout": 0.2,
            "notifies": 1,
            "kill": 0.3,
            "close_connection": 0.2,
        }
        favoured = {
            "pipelines": {"pipeline": 8, "sync": 6, "unpipeline": 4},
            "prepared": {"numbered": 60, "many": 12},
            "transactions": {"enter": 15, "leave": 15, "end": 10},
            "cursors": {"cursor": 20, "fetch": 60},
            "copies": {"copy_in": 15, "copy_out": 15, "stream": 12},
        }
        makers.update(favoured.get(self.style, {}))
        if self.busy == "ab":
            makers["pipeline"] = 0
        what = self.rng.choices(list(makers), list(makers.values()))[0]
        return getattr(self, what)(name)

    # ---- queries

    def which(self) -> int:
        return self.rng.choice([0, 0, 0, 1, 2])

    def options(self) -> dict[str, Any]:
        return self.rng.choice(
            [{}, {}, {}, {}, {"prepare": True}, {"prepare": False}, {"binary": True}, {"binary": False}]
        )

    def execute(self, name: str) -> Step:
        return ("execute", name, self.which(), self.rng.choice(PLAIN), None, self.options())

    def numbered(self, name: str) -> Step:
        few = NUMBERED[:4] if self.style == "prepared" and self.rng.random() < 0.5 else NUMBERED
        query, count = self.rng.choice(few)
        return ("execute", name, self.which(), query, [self.rng.randrange(8) for _ in range(count)], self.options())

    def value(self, name: str) -> Step:
        value = self.rng.choice(VALUES)
        cast = self.rng.choice(["", f"::{self.rng.choice(CASTS)}"])
        how = self.rng.choice(["%s", "%s", "%b", "%t"])
        if self.rng.random() < 0.3:
            return ("execute", name, self.which(), f"select %(v)s{cast} as a, 'b' as b", {"v": value}, self.options())
        return ("execute", name, self.which(), f"select {how}{cast} as a", [value], self.options())

    def column(self, name: str) -> Step:
        columns = [
            f"{column} as c{i}" for i, column in enumerate(self.rng.choices(COLUMNS, k=self.rng.randrange(1, 6)))
        ]
        rows = self.rng.choice([1, 1, 4])
        return (
            "execute",
            name,
            self.which(),
            f"select {', '.join(columns)} from generate_series(1, {rows})",
            None,
            self.options(),
        )

    def wrong(self, name: str) -> Step:
        query, params = self.rng.choice(WRONG)
        return ("wrong", name, self.which(), query, params)

    def many(self, name: str) -> Step:
        query, count = self.rng.choice(NUMBERED)
        rows = [[self.rng.randrange(12) for _ in range(count)] for _ in range(self.rng.choice([1, 2, 2, 5, 40]))]
        return (
            "executemany",
            name,
            self.which(),
            query,
            rows,
            self.rng.random() < 0.5,
            self.rng.choice([None] * 6 + [1]),
        )

    def fetch(self, name: str) -> Step:
        rng = self.rng
        step = rng.choice(
            [("fetchone",)] * 4
            + [("fetchall",)] * 3
            + [("fetchmany", rng.choice([None, 0, 1, 3, 100]))] * 2
            + [
                ("scroll", rng.choice([-1, 1, 2, 0, -3]), "relative"),
                ("scroll", rng.choice([0, 1, 2, 5]), "absolute"),
            ]
            + [
                ("iterate", rng.choice([0, 1, 2, 1000])),
                ("nextset",),
                ("nextset",),
                ("results",),
                ("set_result", rng.choice([0, 1, -1, 2])),
            ]
        )
        return (step[0], name, self.which(), *step[1:])

    def cursor(self, name: str) -> Step:
        rng = self.rng
        return (
            "cursor",
            name,
            self.which(),
            rng.choice(KINDS),
            rng.choice([*FACTORIES[:4], *FACTORIES]),
            rng.random() < 0.25,
        )

    def factory(self, name: str) -> Step:
        if self.rng.random() < 0.3:
            return ("connection_factory", name, self.rng.choice(FACTORIES))
        return ("row_factory", name, self.which(), self.rng.choice(FACTORIES))

    def close(self, name: str) -> Step:
        return ("close_cursor", name, self.which())

    def stream(self, name: str) -> Step:
        rng = self.rng
        query, params = rng.choice(
            [
                (f"{ROOT} from generate_series(1, 50) i", None),
                ("select 1/(30 - i) as a from generate_series(1, 60) i", None),
                ("select 1 as a; select 2 as b", None),
                ("selec", None),
                ("update walk set note = 's' returning *", None),
                ("delete from walk", None),
                ("select i as a from generate_series(1, %s) i", [5]),
                (
                    LATE,
                    None,
                ),
                ("table walk", None),
            ]
        )
        return (
            "stream",
            name,
            self.which(),
            query,
            params,
            rng.choice([1, 1, 3, 100]),
            rng.choice([0, 1, 5, 10_000]),
            rng.choice(["well", "well", "error"]),
        )

    def copy_out(self, name: str) -> Step:
        rng = self.rng
        query = rng.choice(
            [
                "copy (select i, 'text ' || i from generate_series(1, 40) i) to stdout",
                "copy walk to stdout",
                "copy (select 1/(20 - i) from generate_series(1, 30) i) to stdout",
                "copy not_there to stdout",
                "copy (select 1, null, 'a\tb', 2.5) to stdout (format binary)",
                "select 1",
                "copy (select i from generate_series(1, 3) i) to stdout (format csv)",
            ]
        )
        return (
            "copy_out",
            name,
            self.which(),
            query,
            rng.choice(["rows", "read_row", "read", "iterate"]),
            rng.choice([1, 3, 10_000, 10_000]),
        )

    def copy_in(self, name: str) -> Step:
        rng = self.rng
        count = rng.choice([0, 1, 3, 200])
        first = rng.randrange(1000, 1100)
        rows = [(first + i, rng.choice(["x", None, "a\tb\n\\", "longer " * 20])) for i in range(count)]
        if rng.random() < 0.2:
            rows.insert(
                rng.randrange(len(rows) + 1), rng.choice([("x", "y"), (1,), (1, 2, 3), (first, "again"), (object, 1)])
            )
        query = rng.choice(
            ["copy walk (id, note) from stdin"] * 4
            + [
                "copy walk (id, note) from stdin (format binary)",
                "copy not_there from stdin",
                "copy child from stdin",
            ]
        )
        return (
            "copy_in",
            name,
            self.which(),
            query,
            rows,
            rng.choice(["write_row", "write"]),
            rng.choice(["well"] * 5 + ["error"]),
        )

    # ---- blocks

    def enter(self, name: str) -> Step:
        rng = self.rng
        if len(self.open[name]) >= 4:
            return self.leave(name)
        self.open[name].append("transaction")
        return ("enter", name, rng.choice([None, None, None, "sp"]), rng.random() < 0.15)

    def leave(self, name: str) -> Step:
        if self.open[name]:
            self.open[name].pop()
        return ("leave", name, self.rng.choice(ENDINGS))

    def pipeline(self, name: str) -> Step:
        if len(self.open[name]) >= 4:
            return self.leave(name)
        self.open[name].append("pipeline")
        return ("enter_pipeline", name)

    def unpipeline(self, name: str) -> Step:
        return self.leave(name) if "pipeline" in self.open[name] else self.numbered(name)

    def sync(self, name: str) -> Step:
        return ("sync", name) if "pipeline" in self.open[name] else self.numbered(name)

    # ---- connections

    def end(self, name: str) -> Step:
        return (self.rng.choice(["commit", "rollback"]), name)

    def setting(self, name: str) -> Step:
        rng = self.rng
        attribute, value = rng.choice(
            [
                ("autocommit", True),
                ("autocommit", False),
                ("autocommit", True),
                ("autocommit", False),
                ("isolation_level", rng.choice([None, 2, 4])),
                ("read_only", rng.choice([None, None, True, False])),
                ("deferrable", rng.choice([None, True])),
                ("prepare_threshold", rng.choice([None, 0, 1, 5])),
                ("prepared_max", rng.choice([0, 1, 100, None])),
            ]
        )
        return ("set", name, attribute, value)

    def timeout(self, name: str) -> Step:
        return ("timeout", name, self.which())

    def notifies(self, name: str) -> Step:
        if self.busy == "ab":
            return self.numbered(name)  # when one connection hears of the other is not told by the steps
        if self.rng.random() < 0.7:
            return (
                "execute",
                name,
                self.which(),
                self.rng.choice(["listen walk", "unlisten *", "notify walk, 'n'", "notify walk, 'n'"]),
                None,
                {},
            )
        return ("notifies", name)

    def kill(self, name: str) -> Step:
        return ("kill", name)

    def close_connection(self, name: str) -> Step:
        return ("close", name)
