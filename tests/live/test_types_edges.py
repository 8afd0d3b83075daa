"""Values that Python's datetime cannot hold, from a server and back, as adapters.configure() has them."""

from __future__ import annotations

import datetime as dt

import pytest

from howdah.types.datetime import INFINITY, NEGATIVE_INFINITY, Interval

pytestmark = pytest.mark.howdah_only

UTC = dt.timezone.utc
EVERYTHING = {"infinity": "marker", "out_of_range": "text", "interval": "exact"}

# expression, type, and the value where everything is asked for
EDGES = [
    ("'infinity'", "date", INFINITY),
    ("'-infinity'", "date", NEGATIVE_INFINITY),
    ("'infinity'", "timestamp", INFINITY),
    ("'-infinity'", "timestamp", NEGATIVE_INFINITY),
    ("'infinity'", "timestamptz", INFINITY),
    ("'-infinity'", "timestamptz", NEGATIVE_INFINITY),
    ("'0044-03-15 BC'", "date", "0044-03-15 BC"),
    ("'4714-11-24 BC'", "date", "4714-11-24 BC"),
    ("'10000-01-01'", "date", "10000-01-01"),
    ("'5874897-12-31'", "date", "5874897-12-31"),
    ("'0044-03-15 12:34:56.5 BC'", "timestamp", "0044-03-15 12:34:56.5 BC"),
    ("'294276-12-31 23:59:59.999999'", "timestamp", "294276-12-31 23:59:59.999999"),
    ("'0044-03-15 12:34:56+00 BC'", "timestamptz", "0044-03-15 12:34:56+00 BC"),
    ("'10000-01-01 00:00:00+00'", "timestamptz", "10000-01-01 00:00:00+00"),
    ("'24:00'", "time", "24:00:00"),
    ("'24:00+05:30'", "timetz", "24:00:00+05:30"),
    ("'1 year 2 mons -3 days 04:05:06.789'", "interval", Interval(14, -3, 14706789000)),
    ("'178000000 years'", "interval", Interval(12 * 178000000)),
    ("'-9223372036854775808 us'", "interval", Interval(0, 0, -(2**63))),
]
IDS = [f"{type} {expression}" for expression, type, _ in EDGES]

DATE_STYLES = ["ISO, MDY", "German, DMY", "SQL, DMY", "SQL, MDY", "Postgres, DMY", "Postgres, MDY"]
INTERVAL_STYLES = ["postgres", "postgres_verbose", "sql_standard", "iso_8601"]


@pytest.fixture
def settled(auto):
    auto.execute("set timezone to 'UTC'")
    return auto


@pytest.mark.parametrize(("expression", "type", "value"), EDGES, ids=IDS)
@pytest.mark.parametrize("binary", [False, True])
def test_refused_by_default(pg, settled, binary, expression, type, value):
    cur = settled.cursor(binary=binary)
    for _ in range(7):
        cur.execute(f"select {expression}::{type}")
        if type == "interval" and expression != "'178000000 years'":
            assert isinstance(cur.fetchone()[0], dt.timedelta)
        else:
            with pytest.raises(pg.DataError):
                cur.fetchone()


@pytest.mark.parametrize(("expression", "type", "value"), EDGES, ids=IDS)
@pytest.mark.parametrize("binary", [False, True])
def test_everything(settled, always, binary, expression, type, value):
    cur = settled.cursor(binary=binary)
    cur.adapters.configure(**EVERYTHING)
    query = f"select {expression}::{type}, array[[{expression}::{type}, null]]"
    assert always(cur, query) == (value, [[value, None]])


@pytest.mark.parametrize("style", DATE_STYLES)
@pytest.mark.parametrize("binary", [False, True])
def test_under_every_date_style(settled, always, binary, style):
    settled.execute(f"set datestyle to '{style}'")
    cur = settled.cursor(binary=binary)
    cur.adapters.configure(**EVERYTHING)
    for expression, type, value in EDGES:
        if type != "timestamptz" or binary or style.startswith("ISO"):  # not read from text, as in psycopg
            assert always(cur, f"select {expression}::{type}") == (value,)


@pytest.mark.parametrize("style", INTERVAL_STYLES)
@pytest.mark.parametrize("binary", [False, True])
def test_exact_under_every_interval_style(settled, always, binary, style):
    settled.execute(f"set intervalstyle to '{style}'")
    cur = settled.cursor(binary=binary)
    cur.adapters.configure(interval="exact")
    for years in (0, 1, -3):
        for months in (0, 1, -5, 11):
            for days in (0, 1, -40):
                for clock in ("0:00", "05:06:07.5", "-00:00:00.000001", "-1000:00:01"):
                    (value, text) = cur.execute(
                        "select i, i::text from (select (make_interval(%s, %s, 0, %s) + %s::interval) i) x",
                        [years, months, days, clock],
                    ).fetchone()
                    assert (value.months, value.days) == (12 * years + months, days)
                    if style == "postgres":
                        assert str(value) == text
                    for placeholder in ("%s", "%b", "%t"):
                        cur.execute(
                            f"select {placeholder} = %s and {placeholder}::text = %s", [value, value, value, text]
                        )
                        # what is equal by = may differ in its fields
                        assert cur.fetchone() == (True,)


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
@pytest.mark.parametrize(
    "value",
    [
        Interval(2**31 - 1, 2**31 - 1, 2**63 - 2),
        Interval(-(2**31), -(2**31), -(2**63) + 1),
        Interval(0, 0, -(2**63)),
        Interval(-1, 1, -1),
        Interval(),
    ],
    ids=str,
)
def test_any_interval_comes_back(settled, placeholder, value):
    settled.adapters.configure(interval="exact")
    for style in INTERVAL_STYLES:
        settled.execute(f"set intervalstyle to '{style}'")
        assert settled.execute(
            f"select {placeholder}, pg_typeof({placeholder})::text", [value, value]
        ).fetchone() == (
            value,
            "interval",
        )
        found = settled.execute(f"select {placeholder}", [[value, None]]).fetchone()
        assert found == ([value, None],)


@pytest.mark.parametrize("sign", [1, -1])
def test_infinite_intervals(settled, always, sign):
    if settled.info.server_version < 170000:
        pytest.skip("the server has no infinite intervals")
    text = "infinity" if sign > 0 else "-infinity"
    query = f"select '{text}'::interval"
    for binary in (False, True):
        cur = settled.cursor(binary=binary)
        cur.adapters.configure(infinity="clamp")
        assert always(cur, query) == (dt.timedelta.max if sign > 0 else dt.timedelta.min,)
        cur.adapters.configure(infinity="marker")
        assert always(cur, query) == (INFINITY if sign > 0 else NEGATIVE_INFINITY,)
        cur.adapters.configure(interval="exact")
        for style in INTERVAL_STYLES:
            settled.execute(f"set intervalstyle to '{style}'")
            (value,) = always(cur, query)
            assert str(value) == text
            for placeholder in ("%s", "%b", "%t"):
                assert settled.execute(f"select {placeholder}::text", [value]).fetchone() == (text,)


@pytest.mark.parametrize("marker", [INFINITY, NEGATIVE_INFINITY])
@pytest.mark.parametrize("type", ["date", "timestamp", "timestamptz"])
def test_markers_as_parameters(settled, type, marker):
    settled.adapters.configure(infinity="marker")
    for placeholder in ("%s", "%t"):
        query = f"select {placeholder}::{type}, {placeholder}::{type} = %s::text::{type}"
        assert settled.execute(query, [marker, marker, str(marker)]).fetchone() == (marker, True)
    settled.execute(f"create temp table t (v {type}, vs {type}[])")
    settled.execute("insert into t values (%s, %s)", [marker, [marker, None]])
    assert settled.execute("select v, vs from t").fetchone() == (marker, [marker, None])


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("date", dt.date(2020, 2, 29)),
        ("timestamp", dt.datetime(2020, 2, 29)),
        ("timestamptz", dt.datetime(2020, 2, 29, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
def test_markers_among_others(settled, placeholder, type, value):
    settled.adapters.configure(infinity="marker")
    values = [INFINITY, value, None, NEGATIVE_INFINITY]
    row = settled.execute(f"select {placeholder}, pg_typeof({placeholder})::text", [values, values]).fetchone()
    assert row[0] == values
    assert row[1].endswith("[]")


@pytest.mark.parametrize("zone", ["Europe/Rome", "America/St_Johns", "Asia/Tokyo", "UTC", "-02:30"])
def test_clamped_and_shown_in_other_zones(settled, always, zone):
    settled.execute(f"set timezone to '{zone}'")
    texts = settled.execute(
        "select '0044-03-15 12:00+00 BC'::timestamptz::text, '12000-07-01 12:00+00'::timestamptz::text"
    ).fetchone()
    for binary in (False, True):
        cur = settled.cursor(binary=binary)
        cur.adapters.configure(infinity="clamp", out_of_range="text")
        row = always(
            cur,
            "select '0044-03-15 12:00+00 BC'::timestamptz, '12000-07-01 12:00+00'::timestamptz,"
            " 'infinity'::timestamptz, '-infinity'::timestamptz",
        )
        if zone != "-02:30":  # a name that no time zone database has: in UTC
            assert row[:2] == texts
        assert row[2:] == (dt.datetime.max.replace(tzinfo=UTC), dt.datetime.min.replace(tzinfo=UTC))


def test_where_it_is_configured(pg, dsn, settled):
    """Copied on write: a cursor's options are its own, and those of a connection pass on to its cursors."""
    query = "select 'infinity'::date"
    before = settled.cursor()
    settled.adapters.configure(infinity="clamp")
    assert settled.execute(query).fetchone() == (dt.date.max,)
    cur = settled.cursor()
    cur.adapters.configure(infinity="marker")
    assert cur.execute(query).fetchone() == (INFINITY,)
    assert settled.execute(query).fetchone() == (dt.date.max,)
    with pytest.raises(pg.DataError):
        before.execute(query).fetchone()
    with pg.connect(dsn) as other, pytest.raises(pg.DataError):
        other.execute(query).fetchone()


def test_changed_between_execute_and_fetch(settled):
    cur = settled.execute("select 'infinity'::date from generate_series(1, 3)")
    cur.adapters.configure(infinity="clamp")
    assert cur.fetchone() == (dt.date.max,)
    cur.adapters.configure(infinity="marker")
    assert cur.fetchone() == (INFINITY,)


def test_options_stay_with_registrations(pg, settled, module):
    settled.adapters.configure(infinity="marker", interval="exact")
    settled.adapters.configure(out_of_range="text")
    settled.adapters.register_loader("date", module("types.datetime").DateLoader)
    settled.adapters.register_dumper(dt.date, module("types.datetime").DateDumper)
    row = settled.execute("select 'infinity'::date, '1 mon'::interval, '24:00'::time").fetchone()
    assert row == (INFINITY, Interval(1), "24:00:00")
    with pytest.raises(ValueError, match="bad value for interval: 'always'"):
        settled.adapters.configure(interval="always")


@pytest.mark.parametrize("binary", [False, True])
def test_inside_other_types(settled, always, module, binary):
    range_class, multirange = module("types.range").Range, module("types.multirange").Multirange
    settled.adapters.configure(**EVERYTHING)
    cur = settled.cursor(binary=binary)
    forever = range_class(dt.date(2024, 1, 1), INFINITY)
    assert always(cur, "select '[2024-01-01,infinity)'::daterange") == (forever,)
    assert dt.date(2030, 1, 1) in forever
    assert always(cur, "select '{[2024-01-01,infinity)}'::datemultirange") == (multirange([forever]),)
    assert always(cur, "select '[\"0044-03-15 BC\",)'::tsrange") == (range_class("0044-03-15 00:00:00 BC"),)
    for placeholder in ("%s", "%b", "%t"):
        assert always(cur, f"select {placeholder}::daterange", [forever]) == (forever,)
    settled.execute("create type pg_temp.span as (since date, length interval)")
    composite = module("types.composite")
    composite.register_composite(composite.CompositeInfo.fetch(settled, "span"), cur)
    (span,) = always(cur, "select ('-infinity', '1 mon')::pg_temp.span")
    assert span == (NEGATIVE_INFINITY, Interval(1))
    for placeholder in ("%s", "%b", "%t"):
        assert always(cur, f"select {placeholder}::pg_temp.span", [span]) == (span,)


def test_dumpers_of_a_type_take_them(settled):
    """As COPY does that was told the types of its columns."""
    tx = settled.cursor().adapters
    for oid, value in (
        (1082, INFINITY),
        (1114, INFINITY),
        (1184, NEGATIVE_INFINITY),
        (1186, INFINITY),
        (1186, Interval(1)),
    ):
        for format in (0, 1):
            assert tx.get_dumper_by_oid(oid, format)(type(value)).dump(value)


async def test_asyncio(aauto, pg):
    await aauto.execute("set timezone to 'UTC'")
    query = ", ".join(f"{expression}::{type}" for expression, type, _ in EDGES)
    with pytest.raises(pg.DataError):
        await (await aauto.execute(f"select {query}")).fetchone()
    aauto.adapters.configure(**EVERYTHING)
    for binary in (False, True):
        cur = aauto.cursor(binary=binary)
        for _ in range(7):
            await cur.execute(f"select {query}")
            assert await cur.fetchone() == tuple(value for _, _, value in EDGES)
    await cur.execute("select %s::date, %s", [INFINITY, Interval(1)])
    assert await cur.fetchone() == (INFINITY, Interval(1))
