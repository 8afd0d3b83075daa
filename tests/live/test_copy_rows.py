"""copy_rows(): rows of any kind into a table."""

from __future__ import annotations

import asyncio
import collections
import datetime as dt
import decimal
import enum
import types
import uuid
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

pytestmark = pytest.mark.howdah_only

D = decimal.Decimal
Named = collections.namedtuple("Named", "b a")


@dataclass
class Item:
    kind: ClassVar[str] = "item"
    a: int
    b: str = "one"
    hidden: int = field(default=1, init=False, repr=False)


@dataclass(slots=True)
class Slots:
    b: str
    a: int


class Copier:
    """copy_rows() on a connection of either kind."""

    def __init__(self, pg, dsn, runner):
        self.pg, self.loop = pg, runner
        self.conn = pg.connect(dsn) if runner is None else self.wait(pg.AsyncConnection.connect(dsn))

    def wait(self, started):
        return started if self.loop is None else self.loop.run_until_complete(started)

    def __call__(self, *args, **options):
        return self.wait(self.pg.copy_rows(self.conn, *args, **options))

    def query(self, sql):
        cur = self.wait(self.conn.execute(sql))
        return self.wait(cur.fetchall()) if cur.description else None


@pytest.fixture(params=["blocking", "asyncio"])
def copy(request, pg, dsn):
    loop = asyncio.new_event_loop() if request.param == "asyncio" else None
    copy = Copier(pg, dsn, loop)
    copy.query("create temp table t (a int, b text, hidden int)")
    yield copy
    copy.wait(copy.conn.close())
    if loop is not None:
        loop.close()


ROWS = {
    "tuples": ([(1, "one", 1), (2, None, 1)], None),
    "lists and tuples": ([["one", 1], (None, 2)], ["b", "a"]),
    "mappings": ([{"a": 1, "b": "one"}, {"b": None, "a": 2}], None),
    "mappings with more": ([{"a": 1, "b": "one", "c": 3}, types.MappingProxyType({"b": None, "a": 2})], ("a", "b")),
    "named tuples": ([Named("one", 1), Named(None, 2)], None),
    "dataclasses": ([Item(1), Item(2, None)], None),
    "slots": ([Slots("one", 1), Slots(None, 2)], None),
    "objects": ([types.SimpleNamespace(a=1, b="one"), Slots(None, 2)], ["a", "b"]),
    "a generator": ((row for row in [(1, "one"), (2, None)]), ["a", "b"]),
}


@pytest.mark.parametrize("kind", ROWS)
def test_kinds_of_rows(copy, kind):
    rows, columns = ROWS[kind]
    if not isinstance(rows, list):
        rows = iter([(1, "one"), (2, None)])
    assert copy("t", rows, columns) == 2
    assert copy.query("select a, b from t") == [(1, "one"), (2, None)]


@pytest.mark.parametrize("kind", ["dicts", "objects", "tuples"])
def test_one_column(copy, kind):
    make = {"dicts": lambda n: {"a": n}, "objects": Item, "tuples": lambda n: (n,)}[kind]
    assert copy("t", map(make, range(3)), ["a"]) == 3
    assert copy.query("select * from t") == [(0, None, None), (1, None, None), (2, None, None)]


def test_attrs_and_msgspec(copy):
    rows = []
    for package, make in (("attr", lambda m: m.make_class("C", ["b", "a"])), ("msgspec", struct)):
        try:
            rows.append(make(__import__(package))(b="one", a=1))
        except ImportError:
            continue
    for row in rows:
        assert copy("t", [row]) == 1
    assert copy.query("select a, b from t") == [(1, "one")] * len(rows)


def struct(module):
    return module.defstruct("S", [("b", str), ("a", int)])


def test_no_rows(copy):
    assert copy("nonsense", []) == 0
    assert copy("nonsense", iter(()), upsert=["a"]) == 0


def test_progress(copy):
    seen = []
    assert copy("t", ((i, "x") for i in range(25_000)), ["a", "b"], progress=seen.append) == 25_000
    assert seen == [10_000, 20_000, 25_000]
    assert copy("t", ((i, "x" * 100) for i in range(10_000)), ["a", "b"], progress=seen.append) == 10_000
    assert seen[3:] == [10_000, 10_000]
    assert copy.query("select count(*), sum(a) from t") == [(35_000, 25_000 * 24_999 // 2 + 10_000 * 9_999 // 2)]


def test_progress_that_fails_copies_nothing(copy):
    with pytest.raises(ZeroDivisionError):
        copy("t", ((i, "x") for i in range(25_000)), ["a", "b"], progress=lambda n: 1 / 0)
    copy.wait(copy.conn.rollback())
    assert copy.query("select 1") == [(1,)]


def test_rows_that_fail_copy_nothing(pg, auto):
    def rows():
        yield 1, "x"
        raise LookupError("no more")

    auto.execute("create temp table t (a int, b text)")
    for upsert in (None, ["a"]):
        with pytest.raises(LookupError, match="no more"):
            pg.copy_rows(auto, "t", rows(), upsert=upsert)
        assert auto.execute("select * from t").fetchall() == []


class Colour(enum.Enum):
    RED = 1


UTC = dt.timezone.utc
VALUES = {
    "smallint": ([-(2**15), None, True], [b"1", "5", 1.5, 2**15]),
    "int": ([2**31 - 1], [2**31]),
    "bigint": ([2**63 - 1], [2**63]),
    "oid": ([2**32 - 1], [-1]),
    "numeric(12, 2)": ([1, D("2.5"), D("NaN")], ["1", 2**40]),
    "float8": ([1.5, 2, float("inf")], ["1.5"]),
    "float4": ([0.1], ["1.5"]),
    "bool": ([True, False], []),
    "text": (["x", "", "\\N\t"], [5, b"x"]),
    "varchar(3)": (["abc"], ["abcd"]),
    "char(3)": (["ab"], ["abcd", 5]),
    "name": (["x"], []),
    "bytea": ([b"\0\\", bytearray(b"x")], ["x"]),
    "date": ([dt.date(2024, 2, 29)], ["2024-02-29"]),
    "time": ([dt.time(1, 2, 3)], [dt.time(1, tzinfo=UTC)]),
    "timetz": ([dt.time(1, tzinfo=UTC)], [dt.time(1)]),
    "timestamp": ([dt.datetime(2024, 2, 29, 12)], [dt.datetime(2024, 2, 29, tzinfo=UTC), dt.date(2024, 2, 29)]),
    "timestamptz": ([dt.datetime(2024, 2, 29, tzinfo=UTC)], [dt.datetime(2024, 2, 29)]),
    "timestamptz[]": ([[dt.datetime(2024, 2, 29, tzinfo=UTC)]], [[dt.datetime(2024, 2, 29)]]),
    "interval": ([dt.timedelta(days=1, microseconds=1)], []),
    "uuid": ([uuid.UUID(int=5)], ["00000000-0000-0000-0000-000000000005"]),
    "json": ([{"a": [1, None]}, [1], "text", 5, None], [object()]),
    "jsonb": ([{"a": [1, None]}, "text"], []),
    "int[]": ([[1, None], [[1], [2]], []], [["x"]]),
    "text[]": ([["a", 'b"', None]], []),
    "jsonb[]": ([[{"a": 1}]], []),
    "positive": ([5, None], [0, "5"]),
    "positives": ([[5]], [[0]]),
    "colour": (["RED", None], ["BLUE"]),
    # nothing dumps to these in binary
    "bit(3)": (["101"], ["1011"]),
    "money": (["1.50"], ["x"]),
    "point": (["(1,2)"], ["x"]),
    "pair": ([(1, "x, y"), "(1,z)", None], [(1, 2, 3)]),
    "colour[]": ([["RED"], [Colour.RED], "{RED}"], [["BLUE"]]),
}


@pytest.mark.parametrize("type_name", VALUES)
def test_values_of_a_type(copy, type_name):
    copy.query("create domain pg_temp.positive as bigint check (value > 0)")
    copy.query("create domain pg_temp.positives as pg_temp.positive[]")
    copy.query("create type pg_temp.pair as (a int, b text)")
    copy.query("create type pg_temp.colour as enum ('RED')")
    copy.query("set timezone to 'Asia/Tokyo'")
    copy.query(f"create temp table v (n int, x {type_name}, y {type_name})")
    good, bad = VALUES[type_name]
    copy("v", [(i, value, None) for i, value in enumerate(good)])
    for i, value in enumerate(good):
        literal = type_name.startswith("json") and value is not None
        value = copy.pg.types.json.Json(value) if literal and type_name[-2:] != "[]" else value
        value = [copy.pg.types.json.Json(item) for item in value] if type_name == "jsonb[]" else value
        text = copy.pg.sql.Literal(value).as_string(copy.conn)
        if value is True:
            text = "1" if type_name == "smallint" else text
        cast = f"::text::{type_name}" if isinstance(value, str) else f"::{type_name}"
        copy.query(f"update v set y = ({text}){cast} where n = {i}")
    assert copy.query("select x::text from v order by n") == copy.query("select y::text from v order by n")
    copy.wait(copy.conn.commit())
    for value in bad:
        with pytest.raises((copy.pg.Error, TypeError, AttributeError)):
            copy("v", [(9, value, None)])
        copy.wait(copy.conn.rollback())
    assert copy.query("select count(*) from v") == [(len(good),)]
    copy.query(
        "drop table v; drop domain pg_temp.positives, pg_temp.positive; drop type pg_temp.pair, pg_temp.colour"
    )
    copy.wait(copy.conn.commit())


def test_text_takes_what_the_server_reads(copy):
    copy.query("create temp table v (a int, b date, c jsonb, d numeric)")
    copy("v", [("1", "2024-02-29", {"x": 1}, 1.5), (2, dt.date(2024, 3, 1), None, "2.5")], binary=False)
    rows = [(1, dt.date(2024, 2, 29), {"x": 1}, D("1.5")), (2, dt.date(2024, 3, 1), None, D("2.5"))]
    assert copy.query("select * from v") == rows


def test_binary_or_nothing(pg, copy):
    copy.query("create temp table v (a money)")
    with pytest.raises(pg.ProgrammingError, match="binary"):
        copy("v", [("1",)], binary=True)


def test_names_of_tables_and_columns(pg, copy):
    copy.query('create schema "s %s"')
    copy.query(
        'create table "s %s"."Table ""1""" ("a b" int, "%s" int generated always as ("a b" * 2) stored, c int)'
    )
    name = pg.sql.Identifier("s %s", 'Table "1"')
    assert copy(name, [(1, 2)]) == 1
    assert copy('"s %s"."Table ""1"""', [{"c": 3, "a b": 4}]) == 1
    assert copy.query('select * from "s %s"."Table ""1"""') == [(1, 2, 2), (4, 8, 3)]


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ([(1,)], ["nope"]),
        ([(1, "x")], ["a", "a"]),
        ([{"a": 1, "nope": 2}], None),
        ([{"a": 1, "b": 2}, {"a": 1, "b": 2, "hidden": 3}], None),
        ([{"a": 1, "b": 2}, {"a": 1}], None),
        ([{"a": 1, "b": 2}, {"a": 1}], ["a", "b"]),
        ([(1, "x"), (2,)], ["a", "b"]),
        ([(1, "x"), {"a": 1, "b": 2}], ["a", "b"]),
        ([(1, "x"), "ab"], ["a", "b"]),
        ([object()], None),
        ([object()], ["a"]),
        ([(1, "x"), 5], ["a", "b"]),
    ],
    ids=repr,
)
def test_rows_that_do_not_fit(pg, copy, rows, columns):
    copy.wait(copy.conn.commit())
    with pytest.raises((pg.Error, TypeError, KeyError, AttributeError)):
        copy("t", rows, columns)
    copy.wait(copy.conn.rollback())
    assert copy.query("select count(*) from t") == [(0,)]


def test_upsert(copy):
    copy.query("create temp table u (id int primary key, a varchar(5), b int default 7, c int)")
    copy.query("insert into u values (1, 'old', 1, 1), (2, 'old', 2, 2)")
    for names in (["one", "three"], ["uno", "tres"]):
        rows = [{"id": 1, "a": names[0], "c": None}, {"id": 3, "a": names[1], "c": 3}]
        assert copy("u", rows, upsert=["id"]) == 2
        expected = [(1, names[0], 1, None), (2, "old", 2, 2), (3, names[1], 7, 3)]
        assert copy.query("select * from u order by id") == expected
    assert copy("u", [(3,), (4,)], ["id"], upsert=["id"]) == 1  # nothing to update
    assert copy.query("select count(*) from u") == [(4,)]


def test_upsert_into_an_identity(copy):
    copy.query("create temp table u (id int generated always as identity primary key, a text)")
    assert copy("u", [(5, "x")], upsert=["id"]) == 1
    assert copy("u", [(6, "y")]) == 1
    assert copy.query("select * from u") == [(5, "x"), (6, "y")]


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        ([(1, "x", 1)], {"upsert": ["a"]}),  # no unique index
        ([(1, "x", 1)], {"upsert": ["nope"]}),
        ([("x",)], {"upsert": ["a"], "columns": ["b"]}),
        ([(1, "x", 1), (1, "y", 1)], {"upsert": ["hidden"]}),  # twice the same row
    ],
)
def test_upsert_that_fails_does_nothing(pg, auto, rows, options):
    auto.execute("create temp table t (a int, b text, hidden int unique)")
    with pytest.raises(pg.ProgrammingError):
        pg.copy_rows(auto, "t", rows, **options)
    assert auto.execute("select count(*) from t").fetchone() == (0,)
    assert auto.info.transaction_status == pg.pq.TransactionStatus.IDLE


def test_rows_may_not_use_the_connection(pg, auto):
    auto.execute("create temp table t (a int)")
    with pytest.raises(pg.ProgrammingError):
        pg.copy_rows(auto, "t", (auto.execute("select 1").fetchone() for _ in range(3)))


async def test_other_tasks_have_their_turn(pg, aauto):
    await aauto.execute("create temp table t (a int)")
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(count())
    assert await pg.copy_rows(aauto, "t", ((i,) for i in range(50_000))) == 50_000
    task.cancel()
    assert turns >= 5


async def test_cancelled(pg, aauto):
    def rows():
        for i in range(10_000_000):
            if i == 30_000:
                task.cancel()
            yield (i,)

    await aauto.execute("create temp table t (a int)")
    task = asyncio.create_task(pg.copy_rows(aauto, "t", rows()))
    with pytest.raises(asyncio.CancelledError):
        await task
    cur = await aauto.execute("select count(*) from t")
    assert await cur.fetchone() == (0,)
