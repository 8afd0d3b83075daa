"""Types of the server's own, learned from its catalogue by connections that ask for it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from ipaddress import IPv4Address

import pytest

from howdah import _discovery
from howdah.types.multirange import Multirange
from howdah.types.range import Range

pytestmark = pytest.mark.howdah_only

SETUP = """
    drop schema if exists found cascade;
    create schema found;
    create type found.mood as enum ('ok', 'sad', 'so-so');
    create domain found.positive as int check (value > 0);
    create domain found.moods as found.mood[];
    create type found.point3 as (x int, "Y y" numeric, label text);
    create type found.nested as (head found.point3, tail found.point3[], mood found.mood, day date, at inet);
    create type found.span as range (subtype = float8);
    create table found.a_table (id int, m found.mood, p found.positive);
    create type found."Odd name" as enum ('x');
"""


@pytest.fixture(scope="module", autouse=True)
def types(pg, dsn):
    with pg.connect(dsn, autocommit=True) as conn:
        conn.execute(SETUP)


@pytest.fixture(params=[False, True], ids=["text", "binary"])
def binary(request):
    return request.param


@pytest.fixture
def conn(pg, dsn):
    _discovery._servers.clear()
    with pg.connect(dsn, discover_types=True) as conn:
        yield conn


def value(conn, query, params=None, **options):
    return conn.execute(query, params, **options).fetchone()[0]


VALUES = [
    ("'sad'::found.mood", "sad"),
    ("array['ok', null, 'so-so']::found.mood[]", ["ok", None, "so-so"]),
    ("'x'::found.\"Odd name\"", "x"),
    ("5::found.positive", 5),
    ("array[5, null]::found.positive[]", [5, None]),
    ("array['ok']::found.moods", ["ok"]),
    ("row(1, 2.5, 'a, b')::found.point3", (1, Decimal("2.5"), "a, b")),
    ("array[row(1, null, null)::found.point3, null]", [(1, None, None), None]),
    (
        "row(row(1, 2, 'x'), array[row(3, 4, 'y'), null]::found.point3[], 'ok', '2020-01-01', '10.0.0.1')"
        "::found.nested",
        (
            (1, Decimal(2), "x"),
            [(3, Decimal(4), "y"), None],
            "ok",
            dt.date(2020, 1, 1),
            IPv4Address("10.0.0.1"),
        ),
    ),
    ("'[1.5,2.5)'::found.span", Range(1.5, 2.5)),
    ("array['empty'::found.span]", [Range(empty=True)]),
    ("'{[1,2),[3,4)}'::found.span_multirange", Multirange([Range(1.0, 2.0), Range(3.0, 4.0)])),
    ("(1, 'ok', 3)::found.a_table", (1, "ok", 3)),
    ("array[(1, 'ok', 3)::found.a_table]", [(1, "ok", 3)]),
]


@pytest.mark.parametrize(("expression", "expected"), VALUES)
def test_values(conn, binary, expression, expected):
    cur = conn.cursor(binary=binary)
    for _ in range(7):  # beyond prepare_threshold, where formats are chosen by column
        got = value(cur, f"select {expression}")
        assert got == expected
        assert type(got) is type(expected) or isinstance(got, tuple)


@pytest.mark.parametrize(("expression", "expected"), VALUES)
async def test_values_async(pg, dsn, binary, expression, expected):
    async with await pg.AsyncConnection.connect(dsn, discover_types=True) as conn:
        cur = conn.cursor(binary=binary)
        await cur.execute(f"select {expression}")
        assert await cur.fetchone() == (expected,)


def test_names_of_fields(conn):
    point = value(conn, "select row(1, 2.5, 'a')::found.point3")
    assert (point.x, point.label) == (1, "a")
    assert value(conn, "select (%s).x", [point]) == 1


def test_not_unless_asked_for(pg, dsn):
    with pg.connect(dsn) as conn:
        assert value(conn, "select row(1, 2.5, 'a')::found.point3") == "(1,2.5,a)"


def test_all_results(conn):
    cur = conn.execute(
        "select 'ok'::found.mood; select row(1, 2, '')::found.point3; select array['ok']::found.mood[]"
    )
    assert [result.fetchone()[0] for result in cur.results()] == ["ok", (1, Decimal(2), ""), ["ok"]]


def test_executemany(conn):
    cur = conn.cursor()
    cur.executemany("select row(%s, 1, '')::found.point3", [[1], [2]], returning=True)
    assert [result.fetchone()[0].x for result in cur.results()] == [1, 2]


def test_asked_once_per_server(pg, dsn, conn):
    def queries(conn):
        asked = []
        learn = conn._discovery.learn

        def listening(cursor):
            answer = None
            learning = learn(cursor)
            try:
                while True:
                    question = learning.send(answer)
                    asked.append(question[0])
                    answer = yield question
            except StopIteration:
                pass

        conn._discovery.learn = listening
        return asked

    first = queries(conn)
    assert value(conn, "select row(1, 2, '')::found.point3").x == 1
    assert first == [_discovery.IDENTITY, conn._discovery._query]
    assert value(conn, "select array[row(1, 2, '')::found.point3]")[0].x == 1
    assert len(first) == 2
    with pg.connect(dsn, discover_types=True) as another:
        second = queries(another)
        assert value(another, "select row(1, 2, '')::found.point3").x == 1
        assert second == [_discovery.IDENTITY]


def test_cursors_that_were_there_before(conn):
    early, late = conn.cursor(), conn.cursor()
    assert value(late, "select row(1, 2, '')::found.point3").x == 1
    assert value(early, "select row(2, 2, '')::found.point3").x == 2


def test_cursors_with_adapters_of_their_own(conn):
    from howdah.adapt import Loader

    class Text(Loader):
        def load(self, data):
            return bytes(data).decode()

    cur = conn.cursor()
    cur.adapters.register_loader("int4", Text)
    assert cur.execute("select 1, row(1, 2, '')::found.point3").fetchone() == ("1", ("1", Decimal(2), ""))
    assert value(conn, "select row(1, 2, '')::found.point3").x == 1


def test_what_the_user_registered_stays(conn):
    from howdah.types.enum import EnumInfo, register_enum

    info = EnumInfo.fetch(conn, "found.mood")
    register_enum(info, conn)
    mood = value(conn, "select 'sad'::found.mood")
    assert mood is info.enum.sad
    assert value(conn, "select row(null, null, 'ok', null, null)::found.nested").mood is info.enum.ok


@pytest.mark.parametrize("by", ["itself", "another"])
def test_altered(pg, dsn, conn, by):
    conn.autocommit = True
    conn.execute("drop type if exists found.changing; create type found.changing as (a int)")
    assert value(conn, "select row(1)::found.changing") == (1,)
    if by == "itself":
        conn.execute("alter type found.changing add attribute b text")
    else:
        with pg.connect(dsn, autocommit=True) as another:
            another.execute("alter type found.changing add attribute b text")
        with pytest.raises(pg.DataError, match="has changed on the server"):
            value(conn, "select row(1, 'x')::found.changing")
    changed = value(conn, "select row(1, 'x')::found.changing")
    assert changed == (1, "x")
    assert changed.b == "x"


def test_made_anew(conn):
    conn.autocommit = True
    for labels in ("('a')", "('b')"):
        conn.execute(f"drop type if exists found.brief cascade; create type found.brief as enum {labels}")
        assert value(conn, f"select '{labels[2]}'::found.brief") == labels[2]


def test_hstore(conn):
    conn.execute("create extension if not exists hstore schema found")
    assert value(conn, "select 'a=>1, b=>NULL'::found.hstore") == {"a": "1", "b": None}
    conn.rollback()


def test_in_a_transaction(conn):
    conn.execute("create temp table t (m found.mood)")
    conn.execute("insert into t values ('ok')")
    assert value(conn, "select m from t") == "ok"
    conn.rollback()
    assert conn.info.transaction_status.name == "IDLE"


def test_extension_types(conn, binary):
    """Base types that nothing is known of are text, also where binary was asked for."""
    conn.execute("create extension if not exists citext schema found")
    conn.execute("create extension if not exists ltree schema found")
    cur = conn.cursor(binary=binary)
    cur.execute("select 'Ab'::found.citext, 'a.b'::found.ltree, array['x']::found.citext[], '(1,2)'::point")
    assert cur.fetchone() == ("Ab", "a.b", ["x"], "(1,2)")
    conn.rollback()
