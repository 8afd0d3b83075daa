"""Ranges, both ways."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

UTC = dt.timezone.utc
PLACEHOLDERS = ["%s", "%b", "%t"]

# Arguments of ranges, as the server gives them back.
SAMPLES = {
    "int4range": ("Int4Range", [(1, 5), (-(2**31), 2**31 - 1), (None, 5), (1, None), (None, None)]),
    "int8range": ("Int8Range", [(1, 5), (-(2**63), 2**63 - 1), (None, 5)]),
    "numrange": ("NumericRange", [(Decimal("1.50"), Decimal(2), "(]"), (None, Decimal("-1")), (Decimal(0), None)]),
    "daterange": (
        "DateRange",
        [(dt.date(2020, 1, 2), dt.date(2021, 1, 1)), (dt.date.min, None), (None, dt.date.max)],
    ),
    "tsrange": (
        "TimestampRange",
        [(dt.datetime(2020, 1, 2, 3, 4, 5, 6), None), (dt.datetime.min, dt.datetime.max, "[]")],
    ),
    "tstzrange": (
        "TimestamptzRange",
        [(dt.datetime(2020, 1, 2, 3, 4, 5, 6, UTC), None), (None, dt.datetime(1, 1, 3, tzinfo=UTC))],
    ),
}


@pytest.fixture
def ranges(module):
    return module("types.range")


@pytest.fixture(params=SAMPLES)
def kind(request):
    return request.param


@pytest.fixture
def values(ranges, kind):
    name, samples = SAMPLES[kind]
    cls = getattr(ranges, name)
    return [*(cls(*args) for args in samples), cls(empty=True)]


@pytest.fixture(scope="module")
def schema(pg, dsn):
    with pg.connect(dsn, autocommit=True) as conn:
        conn.execute("create schema rang")
        conn.execute('create type rang.texts as range (subtype = text, collation = "C")')
        conn.execute('create type rang."Odd name" as range (subtype = float8)')
        conn.execute("create type rang.pair as (x int4, y text)")
        conn.execute("create type rang.pairs as range (subtype = rang.pair)")
        yield "rang"
        conn.execute("drop schema rang cascade")


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_wrapper(cur, always, ranges, kind, values, placeholder):
    cur.connection.execute("set timezone to 'UTC'")
    for value in values:
        (found, known, same) = always(
            cur, f"select {placeholder}, pg_typeof({placeholder})::text, {placeholder}::text::{kind} = {placeholder}",
            [value] * 4,
        )  # fmt: skip
        assert (found, known, same) == (value, kind, True)
        assert type(found) is ranges.Range
        assert type(found.lower) is type(value.lower)


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_plain(cur, always, ranges, kind, values, placeholder):
    """Whose type the bounds tell, or the place."""
    cur.connection.execute("set timezone to 'UTC'")
    for value in values:
        plain = ranges.Range(value.lower, value.upper, value.bounds or "[)", empty=value.isempty)
        assert always(cur, f"select {placeholder}::{kind}", [plain]) == (value,)


@pytest.mark.parametrize("placeholder", ["%s", "%t"])
def test_array(cur, always, kind, values, placeholder):
    cur.connection.execute("set timezone to 'UTC'")
    value = [*values, None]
    (found, known) = always(cur, f"select {placeholder}, pg_typeof({placeholder})::text", [value, value])
    assert (found, known) == (value, f"{kind}[]")
    assert always(cur, f"select {placeholder}::{kind}[]", [[[value[0]], [value[1]]]]) == ([[value[0]], [value[1]]],)


def test_array_in_binary(cur, always, kind, values):
    cur.connection.execute("set timezone to 'UTC'")
    assert always(cur, "select %b", [[*values, None]]) == ([*values, None],)


def test_null(cur, always, kind):
    assert always(cur, f"select null::{kind}, %s::{kind}, array[null::{kind}]", [None]) == (None, None, [None])


def test_canonical(cur, ranges):
    """Discrete ranges come in one form."""
    Range = ranges.Range
    cur.execute("select %s, '[1,1]'::int4range, '(1,2)'::int4range", [ranges.Int4Range(1, 5, "[]")])
    assert cur.fetchone() == (Range(1, 6), Range(1, 2), Range(empty=True))


def test_bounds(cur, always, ranges):
    for bounds in ("[)", "(]", "()", "[]"):
        (found,) = always(cur, f"select numrange(1, 2, '{bounds}')")
        assert found == ranges.Range(Decimal(1), Decimal(2), bounds)


def test_operators(cur, ranges):
    Range = ranges.Range
    cur.execute("select i from generate_series(1, 10) i where %s::int4range @> i", [Range(3, 5, "[]")])
    assert [i for (i,) in cur] == [3, 4, 5]
    cur.execute("select %s && int8range(5, 10), %s * int8range(5, 10)", [ranges.Int8Range(1, 6)] * 2)
    assert cur.fetchone() == (True, Range(5, 6))
    january = Range(dt.date(2020, 1, 1), dt.date(2020, 2, 1))
    assert cur.execute("select %s @> date '2020-01-15'", [january]).fetchone() == (True,)


def test_bound_beyond_python(pg, cur):
    for kind in ("daterange", "tsrange", "tstzrange"):
        for _ in range(7):
            cur.execute(f"select '[2020-01-01, infinity)'::{kind}")
            with pytest.raises(pg.DataError):
                cur.fetchone()
    assert cur.execute("select '[1,2)'::int4range is null").fetchone() == (False,)


@pytest.mark.parametrize("style", ["ISO", "SQL, DMY", "German", "Postgres, MDY"])
def test_date_style(auto, always, ranges, style):
    auto.execute(f"set datestyle to '{style}'")
    auto.execute("set timezone to 'UTC'")
    value = ranges.Range(dt.date(2020, 1, 2), dt.date(2021, 1, 3))
    times = ranges.Range(dt.datetime(2020, 1, 2, 3, 4, 5), dt.datetime(2021, 1, 3))
    query = "select daterange(%s::date, %s::date), tsrange(%s::timestamp, %s::timestamp)"
    for binary in (False, True):
        row = always(auto.cursor(binary=binary), query, [value.lower, value.upper, times.lower, times.upper])
        assert row == (value, times)


def test_wrong_order(pg, cur, ranges):
    with pytest.raises(pg.DataError):
        cur.execute("select %s", [ranges.Int4Range(5, 1)])
    assert cur.execute("select 1").fetchone() == (1,)


# ---- range types of one's own


def test_fetch(auto, ranges, schema):
    info = ranges.RangeInfo.fetch(auto, f"{schema}.texts")
    assert (info.name, info.subtype_oid, info.regtype) == ("texts", 25, f"{schema}.texts")
    assert info.oid
    assert info.array_oid
    info = ranges.RangeInfo.fetch(auto, f'{schema}."Odd name"')
    assert (info.name, info.subtype_oid) == ("Odd name", 701)
    assert ranges.RangeInfo.fetch(auto, "there_is_none") is None
    assert ranges.RangeInfo.fetch(auto, "int4") is None
    assert ranges.RangeInfo.fetch(auto, "int4range").oid == 3904


async def test_fetch_async(aconn, ranges, schema):
    assert (await ranges.RangeInfo.fetch(aconn, f"{schema}.texts")).subtype_oid == 25


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_registered(cur, always, ranges, schema, placeholder):
    Range = ranges.Range
    ranges.register_range(ranges.RangeInfo.fetch(cur.connection, f"{schema}.texts"), cur)
    for value in [Range("a", "b"), Range("", 'q"\\ (,)[]'), Range(None, "x", "(]"), Range(" ", None)]:
        (found, kind) = always(cur, f"select {placeholder}, pg_typeof({placeholder})::text", [value, value])
        assert (found, kind) == (value, f"{schema}.texts")
    value = [Range("a", "b"), Range("c", None), None]
    assert always(cur, f"select {placeholder}", [value]) == (value,)


def test_floats(cur, always, ranges, schema):
    ranges.register_range(ranges.RangeInfo.fetch(cur.connection, f'{schema}."Odd name"'), cur)
    value = ranges.Range(0.1, 2.5)
    for placeholder in PLACEHOLDERS:
        (found, kind) = always(cur, f"select {placeholder}, pg_typeof({placeholder})::text", [value, value])
        assert (found, kind) == (value, f'{schema}."Odd name"')


def test_range_of_composites(cur, always, module, ranges, schema):
    """Quoted twice."""
    composite = module("types.composite")
    conn = cur.connection
    pair = composite.CompositeInfo.fetch(conn, f"{schema}.pair")
    composite.register_composite(pair, cur)
    ranges.register_range(ranges.RangeInfo.fetch(conn, f"{schema}.pairs"), cur)
    Pair = pair.python_type
    for value in [ranges.Range(Pair(1, 'a "b'), Pair(2, "c\\,")), ranges.Range(Pair(1, None), None)]:
        for placeholder in PLACEHOLDERS:
            (found, kind) = always(cur, f"select {placeholder}, pg_typeof({placeholder})::text", [value, value])
            assert (found, kind) == (value, f"{schema}.pairs")
            assert type(found.lower) is Pair


def test_not_registered(auto, schema):
    assert auto.execute(f"select '[a,b)'::{schema}.texts").fetchone() == ("[a,b)",)


def test_loader_of_the_bounds(cur, always, module, ranges):
    """What is registered for the bounds' type counts."""
    adapt, pq = module("adapt"), module("pq")

    class Text(adapt.Loader):
        def load(self, data):
            return "text " + bytes(data).decode()

    class Binary(adapt.Loader):
        format = pq.Format.BINARY

        def load(self, data):
            return f"text {int.from_bytes(data, 'big')}"

    cur.adapters.register_loader("int4", Text)
    cur.adapters.register_loader("int4", Binary)
    assert always(cur, "select int4range(1, 2)") == (ranges.Range("text 1", "text 2"),)


def test_executemany(auto, ranges):
    auto.execute("create temp table booking (id int, during daterange, at tstzrange)")
    day = dt.date(2020, 1, 1)
    rows = [(i, ranges.Range(day, day + dt.timedelta(i)), None) for i in range(1, 50)]
    auto.cursor().executemany("insert into booking values (%s, %s, %s)", rows)
    assert auto.execute("select * from booking order by id").fetchall() == rows


async def test_async(aauto, ranges):
    value = ranges.Int4Range(1, 5)
    for binary in (False, True):
        cur = aauto.cursor(binary=binary)
        for placeholder in PLACEHOLDERS:
            await cur.execute(f"select {placeholder}, {placeholder}, %s", [value, [value, None], None])
            assert await cur.fetchone() == (value, [value, None], None)


def test_no_info(auto, ranges):
    with pytest.raises(TypeError, match="range"):
        ranges.register_range(ranges.RangeInfo.fetch(auto, "there_is_none"), auto)
