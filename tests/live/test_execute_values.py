"""execute_values(): many rows by one statement."""

from __future__ import annotations

import asyncio
import datetime as dt
import decimal
import enum
import inspect
import uuid

import pytest

pytestmark = pytest.mark.howdah_only

D = decimal.Decimal


@pytest.fixture(params=["blocking", "asyncio"])
def run(request, pg, dsn):
    """execute_values() on a cursor of either kind, within a transaction that goes on, and a way to look at tables."""
    if request.param == "blocking":
        with pg.connect(dsn) as conn:
            conn.execute("create temp table t (id serial, a int, b text) on commit preserve rows")
            cur = conn.cursor()

            def values(*args, **options):
                return pg.execute_values(cur, *args, **options)

            def query(sql):
                done = conn.execute(sql)
                return done.fetchall() if done.description else None

            values.query = query
            values.cur = cur
            yield values
            conn.rollback()
        return
    with asyncio.Runner() if hasattr(asyncio, "Runner") else Loop() as runner:
        conn = runner.run(pg.AsyncConnection.connect(dsn))
        cur = conn.cursor()

        async def query(sql):
            done = await conn.execute(sql)
            return await done.fetchall() if done.description else None

        runner.run(query("create temp table t (id serial, a int, b text) on commit preserve rows"))

        def values(*args, **options):
            started = pg.execute_values(cur, *args, **options)
            assert inspect.iscoroutine(started)
            return runner.run(wait(started))

        values.query = lambda sql: runner.run(query(sql))
        values.cur = cur
        yield values
        runner.run(conn.close())


async def wait(awaitable):
    return await awaitable


class Loop:
    """asyncio.Runner came with Python 3.11."""

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.run = self.loop.run_until_complete
        return self

    def __exit__(self, *_):
        self.loop.close()


def test_rows_are_inserted_in_their_order(run):
    rows = [(i * 7 % 1000, f"row {i}") for i in range(1000)]
    returned = run("insert into t (a, b) values %s returning id, a, b", rows, fetch=True)
    assert returned == [(i + 1, *row) for i, row in enumerate(rows)]
    assert run.cur.rowcount == 1000


def test_without_fetch_the_cursor_has_the_result(run):
    assert run("insert into t (a, b) values %s returning a", [(1, "x"), (2, "y")]) is None
    assert run.cur.description[0].name == "a"
    assert run.cur.rowcount == 2
    assert run("insert into t (a, b) values %s", [(3, "z")]) is None
    assert run.query("select a, b from t order by id") == [(1, "x"), (2, "y"), (3, "z")]


def test_nothing_to_insert(run):
    assert run("insert into nonsense values %s", []) is None
    assert run("insert into nonsense values %s", iter(()), fetch=True) == []


def test_pages(run):
    rows = ((i, None) for i in range(10))
    returned = run("insert into t (a, b) values %s returning a", rows, page_size=3, fetch=True)
    assert returned == [(i,) for i in range(10)]
    assert run.cur.rowcount == 1


def test_template(run):
    run("insert into t (b, a) values %s", [(1, "x"), (2, "y")], " ( %s::int + 40 || '%s%%', length(%s) ) ")
    assert run.query("select a, b from t order by id") == [(1, "41%s%"), (1, "42%s%")]


def test_template_with_names(run):
    rows = [{"a": 1, "b": "x", "c": "left out"}, {"b": None, "a": 2}]
    run("insert into t (a, b) values %s", rows, "(%(a)s, coalesce(%(b)s, 'row ' || %(a)s::text))")
    assert run.query("select a, b from t order by id") == [(1, "x"), (2, "row 2")]


def test_update_from_values(run):
    run("insert into t (a, b) values %s", [(i, "old") for i in range(4)])
    run("update t set b = v.b from (values %s) as v (a, b) where t.a = v.a", [(1, "one"), (2, "two")])
    assert run.query("select a, b from t order by id") == [(0, "old"), (1, "one"), (2, "two"), (3, "old")]


def test_values_of_a_with_and_alone(run):
    rows = [(1, "x"), (2, None)]
    assert run("with v (a, b) as (VALUES %s) select b, a from v order by a", rows, fetch=True) == [
        ("x", 1),
        (None, 2),
    ]
    assert run("values %s", rows, fetch=True) == rows


def test_on_conflict(run):
    run.query("create unique index on t (a)")
    run("insert into t (a, b) values %s on conflict do nothing", [(1, "x"), (1, "y")])
    upsert = "insert into t (a, b) values %s on conflict (a) do update set b = excluded.b returning a, b"
    assert run(upsert, [(2, "new"), (1, "changed")], fetch=True) == [(2, "new"), (1, "changed")]


def test_literals_with_percent_signs_stay(run):
    run("insert into t (a, b) values %s", [(1, "x")], "(%s, %s || '100%%' || '%s')")
    sql = "insert into t (a, b) values %s on conflict do nothing returning b || '%s' || '%%', 7 %% 4"
    assert run(sql, [(2, "a%b")], fetch=True) == [("a%b%s%", 3)]
    assert run.query("select b from t order by id") == [("x100%%s",), ("a%b",)]


class Colour(enum.Enum):
    RED = 1


VALUES = {
    "smallint": [1, -32768, None],
    "int": [1, 2**31 - 1, None],
    "bigint": [2**63 - 1, None],
    "oid": [2**32 - 1],
    "numeric(12, 2)": [1, D("2.50"), 3.25, None, D("NaN")],
    "float8": [1.5, 2, D("0.1"), float("inf"), None],
    "float4": [1.5],
    "bool": [True, False, None],
    "text": ["x", "NULL", 'a"b\\c{,}', "", None],
    "varchar(5)": ["12345"],
    "char(5)": ["abc", "12345"],
    "bit(3)": ["101"],
    "bytea": [b"\0\xff", bytearray(b"x"), None],
    "date": [dt.date(2024, 2, 29), "2024-03-01", dt.datetime(2024, 3, 2, 1, 2), None],
    "timestamptz": [dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), "2024-01-01 12:00+02"],
    "interval": [dt.timedelta(days=1, seconds=3), "2 mons"],
    "uuid": [uuid.UUID(int=5), str(uuid.UUID(int=6))],
    "int[]": [[1, 2], [], [[1, 2], [3, 4]], None],
    "text[]": [["a", None, "b,c"], None],
    "inet": ["127.0.0.1/8"],
    "jsonb": ['{"a": [1, "x"]}', None],
    "int4range": ["[1,5)"],
    "positive": [1, 2**40],
    "pair": [(1, "x"), "(2,y)", None],
    "pair[]": [[(1, "x"), (2, "a,b")], None],
    "colour": [Colour.RED, "RED"],
}


@pytest.mark.parametrize("type_name", VALUES)
def test_values_are_read_as_the_columns_are(pg, run, type_name):
    run.query("create domain pg_temp.positive as bigint check (value > 0)")
    run.query("create type pg_temp.pair as (a int, b text)")
    run.query("create type pg_temp.colour as enum ('RED')")
    run.query(f"create temp table v (n int generated always as identity, x {type_name}, many text) on commit drop")
    for column in (VALUES[type_name], *([value] for value in VALUES[type_name])):
        run.query("truncate v restart identity")
        run("insert into v (x, many) values %s", [(value, "rest") for value in column])
        ours = run.query("select x::text, many from v order by n")
        run.query("truncate v restart identity")
        for value in column:
            literal = pg.sql.Literal(value).as_string(run.cur)
            run.query(f"insert into v (x, many) values ({literal}, 'rest')")
        assert ours == run.query("select x::text, many from v order by n")


@pytest.mark.parametrize("type_name", ["varchar(3)", "char(3)", "bit(3)", "numeric(3, 2)", "smallint", "positive"])
def test_nothing_is_cut_to_fit(pg, run, type_name):
    run.query("create domain pg_temp.positive as bigint check (value > 0)")
    run.query(f"create temp table v (x {type_name}) on commit drop")
    value = {"smallint": 40000, "numeric(3, 2)": D("10.1"), "positive": 0}.get(type_name, "1010")
    with pytest.raises(pg.Error):
        run("insert into v values %s", [(value,)])


@pytest.mark.parametrize(
    ("sql", "rows", "options"),
    [
        ("insert into t (a, b) values (%s, %s)", [(1, "x")], {}),
        ("insert into t (a, b) values %s, %s", [(1, "x")], {}),
        ("insert into t (a, b) values %(a)s", [(1, "x")], {}),
        ("insert into t (a, b) values '%s'", [(1, "x")], {}),
        ("insert into t (a, b) select %s", [(1, "x")], {}),
        ("insert into t (a, b) values %s", [(1, "x"), (2,)], {}),
        ("insert into t (a, b) values %s", [(1, "x"), (2, "y", 3)], {}),
        ("insert into t (a, b) values %s", [()], {}),
        ("insert into t (a, b) values %s", [{"a": 1, "b": "x"}], {}),
        ("insert into t (a, b) values %s", [(1, "x")], {"template": "%s, %s"}),
        ("insert into t (a, b) values %s", [(1, "x")], {"template": "(1, 2)"}),
        ("insert into t (a, b) values %s", [(1, "x")], {"template": "(%s, %s, %s)"}),
        ("insert into t (a, b) values %s", [(object(), "x")], {}),
    ],
)
def test_what_does_not_fit_is_refused_before_it_is_sent(pg, run, sql, rows, options):
    with pytest.raises(pg.ProgrammingError) as caught:
        run(sql, rows, **options)
    assert caught.value.sqlstate is None
    assert run.query("select count(*) from t") == [(0,)]


def test_a_second_statement_is_not_executed(pg, run):
    with pytest.raises(pg.Error):
        run("insert into t (a, b) values %s; delete from t", [(1, "x")])


def test_an_error_leaves_nothing_behind(pg, auto):
    auto.execute("create temp table t (a int primary key)")
    cur = auto.cursor()
    with pytest.raises(pg.errors.UniqueViolation):
        pg.execute_values(cur, "insert into t values %s", [(1,), (2,), (1,)])
    assert auto.execute("select * from t").fetchall() == []
    pg.execute_values(cur, "insert into t values %s", [(1,), (2,)])
    assert auto.execute("select name from pg_prepared_statements where name like 'howdah%%'").fetchall() == []


def test_composed_query_and_row_factory(pg, auto):
    auto.execute('create temp table "odd name" (a int)')
    cur = auto.cursor(row_factory=pg.rows.scalar_row)
    query = pg.sql.SQL("insert into {} values %s returning a").format(pg.sql.Identifier("odd name"))
    assert pg.execute_values(cur, query, [(1,), (2,)], fetch=True) == [1, 2]


def test_client_cursor(pg, auto):
    auto.execute("create temp table t (a int, b text)")
    pg.execute_values(pg.ClientCursor(auto), "insert into t values %s", [(1, "it's"), (2, None)])
    assert auto.execute("select * from t").fetchall() == [(1, "it's"), (2, None)]


def test_within_a_pipeline(pg, auto):
    auto.execute("create temp table t (a int, b text)")
    with auto.pipeline():
        cur = auto.cursor()
        assert pg.execute_values(cur, "insert into t values %s returning a", [(1, "x"), (2, "y")], fetch=True) == [
            (1,),
            (2,),
        ]


def test_under_another_encoding(pg, dsn):
    with pg.connect(dsn, client_encoding="latin1") as conn:
        conn.execute("create temp table t (a text[])")
        pg.execute_values(conn.cursor(), "insert into t values %s", [(["é"],), ("{à}",)])
        assert conn.execute("select * from t").fetchall() == [(["é"],), (["à"],)]
