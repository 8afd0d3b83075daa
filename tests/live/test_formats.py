"""Where nobody asks for a format howdah chooses one per column: every value must be what text gives, and what psycopg
gives, under any DateStyle, IntervalStyle, TimeZone and extra_float_digits."""

from __future__ import annotations

import pytest

DATE_STYLES = ["ISO, MDY", "ISO, DMY", "German, DMY", "SQL, DMY", "SQL, MDY", "Postgres, DMY", "Postgres, MDY"]
INTERVAL_STYLES = ["postgres_verbose", "sql_standard", "iso_8601"]
ZONES = ["UTC", "Etc/UTC", "Europe/Rome", "America/Chicago", "Asia/Calcutta", "Australia/Lord_Howe", "-02:00"]

DATES = """
    select d::date, array[d::date, null]
    from generate_series('0001-01-01'::timestamp, '9999-12-31', '77777 days') d
"""
TIMESTAMPS = """
    select t, t + '0.5 s', array[t]
    from generate_series('0001-01-03'::timestamp, '9999-12-29', '7777 days 03:04:05.678901') t
"""
TIMESTAMPTZS = """
    select t, array[t] from generate_series('0001-01-03'::timestamptz, '9999-12-29', '7777 days 03:04:05.678901') t
    union all
    select t, array[t] from generate_series('2023-03-25 12:00+00'::timestamptz, '2023-03-26 12:00+00', '20 min') t
    union all
    select t, array[t] from generate_series('2023-10-28 12:00+00'::timestamptz, '2023-10-29 12:00+00', '20 min') t
    order by 1
"""
TIMES = """
    select t::time, (t::time::text || '+01:02:03')::timetz, (t::time::text || '-15:59')::timetz, array[t::time]
    from generate_series('2000-01-01'::timestamp, '2000-01-01 23:59', '7 min 1.001 s') t
"""
INTERVALS = """
    select make_interval(y, m, 0, d, hours, 0, s), array[make_interval(y, m, 0, d, hours, 0, s)]
    from unnest(array[0, 1, -1, 100]) y, unnest(array[0, 1, -11]) m, unnest(array[0, 1, -40]) d,
        unnest(array[0, 5, -500]) hours, unnest(array[0, 1.5, -0.000001]) s
"""
NUMBERS = """
    select x::int2, x::int4, x::int8, x::oid, x::float4, x::float8, x::numeric, x::numeric(10, 2),
        array[x::int2], array[x::float4 / 3, null], array[x::float8 / 3], array[x::numeric / 3]
    from generate_series(0, 32767, 1111) x
"""
FLOATS = """
    select x::float4, x::float8, array[x::float4, x::float4], array[x::float8]
    from unnest(array['1.1', '0.1', '1e30', '3.4028235e38', '1e-45', '-0', 'nan', 'inf', '-inf', '16777216']) x
"""
NUMERICS = """
    select x::numeric, array[x::numeric]
    from unnest(array['0', '0.000', '-0.10', 'NaN', 'Infinity', '-Infinity', '1e1000', '1e-1000', '10000', '0.0001',
        '123456789.123456789', '99999999999999999999.9999']) x
"""
OTHERS = r"""
    select true, 'text'::text, 'v'::varchar, 'b'::bpchar(3), 'n'::name, 'c'::"char", '\x00ff'::bytea,
        '12345678-1234-5678-1234-567812345678'::uuid, '{"a": [1, "x", null, 1.5]}'::json, '[{"a": 1}]'::jsonb,
        array[true, null], array['a', 'b c', 'NULL', null, '', '{', '"', '\', 'a,b', 'è€']::text[],
        array['b']::bpchar[],
        array['\x00ff'::bytea], array['12345678-1234-5678-1234-567812345678'::uuid], array['{"a": "\""}'::jsonb],
        '{}'::int[], '{{1,2},{3,NULL}}'::int[], '[2:4]={1,2,3}'::int[], '{{{{{{1}}}}}}'::int[],
        array['(1,1),(0,0)'::box, '(3,3),(2,2)'], array['(1,2)'::point], array['pg_class'::regclass], null
"""


def sketch(value):
    """With the types, and all that repr() tells; the zone of a datetime by what it does."""
    if isinstance(value, (list, tuple)):
        return [sketch(item) for item in value]
    return type(value), repr(value)


@pytest.fixture
def theirs(pg, dsn):
    """psycopg's connection to the same server."""
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(dsn, autocommit=True) as conn:
        yield conn


def configure(conns, settings):
    for conn in conns:
        for name, value in settings.items():
            conn.execute("select set_config(%s, %s, false)", [name, value])


def check_binary(auto, theirs, query, **settings):
    configure((auto, theirs), settings)
    want = sketch(theirs.cursor(binary=True).execute(query).fetchall())
    assert sketch(auto.cursor(binary=True).execute(query).fetchall()) == want


def check(auto, theirs, query, **settings):
    """In text, and in what howdah chooses once it knows the columns of a prepared statement."""
    configure((auto, theirs), settings)
    want = sketch(theirs.execute(query).fetchall())
    assert sketch(auto.execute(query, binary=False).fetchall()) == want
    for _ in range(3):
        assert sketch(auto.execute(query, prepare=True).fetchall()) == want


def check_not_implemented(auto, theirs, query):
    """The style has no reader of text: the same statement must not fail now and work later."""
    for conn in (theirs, auto, auto):
        with pytest.raises(NotImplementedError):
            conn.execute(query, prepare=True).fetchall()
    assert auto.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("style", DATE_STYLES)
def test_dates(auto, theirs, style):
    check_binary(auto, theirs, DATES, datestyle=style)
    check(auto, theirs, DATES)


@pytest.mark.parametrize("style", DATE_STYLES)
def test_timestamps(auto, theirs, style):
    check_binary(auto, theirs, TIMESTAMPS, datestyle=style)
    check(auto, theirs, TIMESTAMPS)


@pytest.mark.parametrize("zone", ZONES)
def test_timestamps_with_zone(auto, theirs, zone):
    check_binary(auto, theirs, TIMESTAMPTZS, timezone=zone)
    check(auto, theirs, TIMESTAMPTZS)


@pytest.mark.parametrize("style", ["German, DMY", "SQL, DMY", "Postgres, MDY"])
def test_timestamps_with_zone_under_other_styles(auto, theirs, style):
    check_binary(auto, theirs, TIMESTAMPTZS, datestyle=style)
    check_not_implemented(auto, theirs, TIMESTAMPTZS)


@pytest.mark.parametrize("style", DATE_STYLES)
def test_times(auto, theirs, style):
    check_binary(auto, theirs, TIMES, datestyle=style)
    check(auto, theirs, TIMES)


def test_intervals(auto, theirs):
    check_binary(auto, theirs, INTERVALS)
    check(auto, theirs, INTERVALS)


@pytest.mark.parametrize("style", INTERVAL_STYLES)
def test_intervals_under_other_styles(auto, theirs, style):
    check_binary(auto, theirs, INTERVALS, intervalstyle=style)
    check_not_implemented(auto, theirs, INTERVALS)


def test_numbers(auto, theirs):
    check(auto, theirs, NUMBERS)


@pytest.mark.parametrize("digits", ["1", "3"])
def test_floats(auto, theirs, digits):
    check(auto, theirs, FLOATS, extra_float_digits=digits)


@pytest.mark.howdah_only
@pytest.mark.parametrize("digits", ["-15", "0"])
def test_rounded_floats(auto, theirs, digits):
    """The server does not report the setting; in binary nothing is rounded."""
    whole = sketch(theirs.execute(FLOATS).fetchall())
    configure((auto, theirs), {"extra_float_digits": digits})
    assert sketch(auto.execute(FLOATS, binary=False).fetchall()) == sketch(theirs.execute(FLOATS).fetchall())
    auto.execute(FLOATS, prepare=True)
    assert sketch(auto.execute(FLOATS, prepare=True).fetchall()) == whole


def test_numerics(auto, theirs):
    check(auto, theirs, NUMERICS)


def test_everything_else(auto, theirs):
    check(auto, theirs, OTHERS)


@pytest.mark.parametrize(
    "query", [DATES, TIMESTAMPS, TIMESTAMPTZS, INTERVALS], ids=["date", "timestamp", "tz", "interval"]
)
def test_an_earlier_result_keeps_its_settings(auto, query):
    """The rows were written under the settings of their time."""
    want = auto.execute(query, binary=False).fetchall()
    cur = auto.execute(query, binary=False)
    auto.execute("set datestyle to 'Postgres, DMY'; set intervalstyle to 'iso_8601'; set timezone to 'Asia/Tokyo'")
    assert sketch(cur.fetchall()) == sketch(want)


@pytest.mark.parametrize("text", ["infinity", "-infinity"])
@pytest.mark.parametrize("type", ["date", "timestamp", "timestamptz"])
def test_infinity(pg, cur, type, text):
    cur.execute(f"select '{text}'::{type}")
    with pytest.raises(pg.DataError, match="too large" if text == "infinity" else "too small"):
        cur.fetchone()
    assert cur.execute("select 1").fetchone() == (1,)


@pytest.mark.howdah_only
@pytest.mark.parametrize("text", ["infinity", "-infinity"])
def test_infinite_intervals(pg, cur, text):
    if cur.connection.info.server_version < 170000:
        pytest.skip("intervals are finite before PostgreSQL 17")
    cur.execute(f"select '{text}'::interval")
    with pytest.raises(pg.DataError):
        cur.fetchone()
    assert cur.execute("select 1").fetchone() == (1,)
