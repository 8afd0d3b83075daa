"""Dates and times, both ways: date, time, timetz, timestamp, timestamptz."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

DATES = [date.min, date.max, date(2000, 1, 1), date(1999, 12, 31), date(1970, 1, 1), date(2024, 2, 29)]
TIMES = [time.min, time.max, time(12), time(1, 2, 3, 4), time(23, 59, 59, 999999), time(0, 0, 0, 1)]
MOMENTS = [
    datetime.min,
    datetime.max,
    datetime(2000, 1, 1),
    datetime(1999, 12, 31, 23, 59, 59, 999999),
    datetime(1969, 7, 20, 20, 17, 40, 1),
    datetime(2024, 2, 29, 12, 30),
]
ZONES = ["UTC", "Europe/Rome", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe"]
DATE_STYLES = ["ISO, DMY", "German, DMY", "SQL, DMY", "SQL, MDY", "Postgres, DMY", "Postgres, MDY"]


def offset(**kwargs):
    return timezone(timedelta(**kwargs))


# ---- date


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
@pytest.mark.parametrize("value", DATES, ids=str)
def test_date(cur, always, value, placeholder):
    found, text, kind = always(
        cur, f"select {placeholder}, {placeholder}::text, pg_typeof({placeholder})::text", [value] * 3
    )
    assert (found, text, kind) == (value, value.isoformat(), "date")
    assert type(found) is date


@pytest.mark.parametrize("style", DATE_STYLES)
def test_date_under_other_styles(auto, always, style):
    auto.execute(f"set datestyle to '{style}'")
    for cur in (auto.cursor(), auto.cursor(binary=True)):
        assert always(cur, "select %s, %t::date, %b::date", [DATES[5]] * 3) == (DATES[5],) * 3
        assert always(cur, "select '2001-02-03'::date, '0001-01-01'::date") == (date(2001, 2, 3), date.min)


@pytest.mark.howdah_only  # psycopg's cursors keep what they saw first
def test_style_changes_under_a_prepared_statement(auto):
    """Each result is read in the style in which it was written, the ones fetched later too."""
    cur = auto.cursor()
    earlier = []
    for style in DATE_STYLES * 3:
        auto.execute(f"set datestyle to '{style}'")
        assert cur.execute("select %s::date", [DATES[5]]).fetchone() == (DATES[5],)
        earlier.append(auto.execute("select '2001-02-03'::date", binary=False))
    assert {c.fetchone() for c in earlier} == {(date(2001, 2, 3),)}


@pytest.mark.parametrize("text", ["infinity", "-infinity", "10000-01-01", "0001-01-01 BC", "5874897-12-31"])
def test_date_beyond_python(pg, cur, text):
    for _ in range(8):
        cur.execute(f"select '{text}'::date")
        with pytest.raises(pg.DataError):
            cur.fetchone()
    assert cur.execute("select '2001-02-03'::date").fetchone() == (date(2001, 2, 3),)


@pytest.mark.parametrize("text", ["2021-02-30", "not a date", "2021-13-01"])
def test_malformed_date(pg, cur, text):
    with pytest.raises(pg.DataError):
        cur.execute("select %s::date", [text])
    assert cur.execute("select 1").fetchone() == (1,)


def test_every_day_of_four_years(cur):
    cur.execute("select d::date, d::date::text from generate_series('2023-01-01'::date, '2026-12-31', '1 day') d")
    rows = cur.fetchall()
    assert len(rows) == 365 * 4 + 1
    assert all(found.isoformat() == text for found, text in rows)


# ---- time, timetz


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
@pytest.mark.parametrize("value", TIMES, ids=str)
def test_time(cur, always, value, placeholder):
    found, same, kind = always(
        cur, f"select {placeholder}, {placeholder} = '{value}'::time, pg_typeof({placeholder})::text", [value] * 3
    )
    assert (found, same, kind) == (value, True, "time without time zone")
    assert type(found) is time


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
@pytest.mark.parametrize("minutes", [0, 60, -60, 330, -210, 15 * 60 + 59, -15 * 60 - 59])
def test_timetz(cur, always, minutes, placeholder):
    value = time(1, 2, 3, 4, tzinfo=offset(minutes=minutes))
    found, same, kind = always(
        cur, f"select {placeholder}, {placeholder} = '{value}'::timetz, pg_typeof({placeholder})::text", [value] * 3
    )
    assert (found, same, kind) == (value, True, "time with time zone")
    assert found.utcoffset() == value.utcoffset()


def test_timetz_with_seconds_in_its_offset(cur, always):
    (found,) = always(cur, "select '12:00+01:02:03'::timetz")
    assert found.utcoffset() == timedelta(hours=1, minutes=2, seconds=3)


def test_midnight_at_the_end_of_the_day(pg, cur):
    """24:00 is a time to the server and none to Python."""
    for kind in ("time", "timetz"):
        for _ in range(8):
            cur.execute(f"select '24:00'::{kind}")
            with pytest.raises(pg.DataError):
                cur.fetchone()
        assert cur.execute("select '23:59'::time").fetchone() == (time(23, 59),)


def test_time_in_a_zone_without_a_date(pg, cur):
    """The offset of such a time is not known: it cannot be sent."""
    with pytest.raises(pg.DataError):
        cur.execute("select %s", [time(12, tzinfo=ZoneInfo("Europe/Rome"))])
    assert cur.execute("select %s", [time(12)]).fetchone() == (time(12),)


# ---- timestamp


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
@pytest.mark.parametrize("value", MOMENTS, ids=str)
def test_timestamp(cur, always, value, placeholder):
    found, same, kind = always(
        cur,
        f"select {placeholder}, {placeholder} = '{value}'::timestamp, pg_typeof({placeholder})::text",
        [value] * 3,
    )
    assert (found, same, kind) == (value, True, "timestamp without time zone")
    assert type(found) is datetime
    assert found.tzinfo is None


@pytest.mark.parametrize("style", DATE_STYLES)
def test_timestamp_under_other_styles(auto, always, style):
    auto.execute(f"set datestyle to '{style}'")
    for cur in (auto.cursor(), auto.cursor(binary=True)):
        for value in MOMENTS:
            assert always(cur, "select %s, %t::timestamp, %b::timestamp", [value] * 3) == (value,) * 3


@pytest.mark.parametrize("text", ["infinity", "-infinity", "10000-01-01", "0001-12-31 BC"])
@pytest.mark.parametrize("kind", ["timestamp", "timestamptz"])
def test_timestamp_beyond_python(pg, cur, kind, text):
    for _ in range(8):
        cur.execute(f"select '{text}'::{kind}")
        with pytest.raises(pg.DataError):
            cur.fetchone()
    assert cur.execute("select '2001-02-03'::timestamp").fetchone() == (datetime(2001, 2, 3),)


def test_precision_of_a_timestamp(cur, always):
    row = always(cur, "select '2001-02-03 04:05:06.789012'::timestamp(0), '2001-02-03 04:05:06.789012'::timestamp(3)")
    assert row == (datetime(2001, 2, 3, 4, 5, 7), datetime(2001, 2, 3, 4, 5, 6, 789000))


# ---- timestamptz


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
@pytest.mark.parametrize("zone", ZONES)
def test_timestamptz(auto, always, zone, placeholder):
    """What comes back is the same moment, in the zone of the session."""
    auto.execute(f"set timezone to '{zone}'")
    values = [
        datetime(2024, 1, 15, 12, tzinfo=timezone.utc),
        datetime(2024, 7, 15, 12, 34, 56, 789012, tzinfo=offset(hours=-3, minutes=-30)),
        datetime(1890, 1, 1, tzinfo=ZoneInfo("America/New_York")),
        datetime(2500, 7, 1, tzinfo=ZoneInfo("Europe/Rome")),
    ]
    for cur in (auto.cursor(), auto.cursor(binary=True)):
        for value in values:
            found, kind, same = always(
                cur,
                f"select {placeholder}, pg_typeof({placeholder})::text, {placeholder} = '{value}'::timestamptz",
                [value] * 3,
            )
            assert (found, kind, same) == (value, "timestamp with time zone", True)
            assert str(found.tzinfo) == zone


@pytest.mark.parametrize("zone", ["Europe/Rome", "America/St_Johns", "Australia/Lord_Howe"])
def test_hours_that_come_twice(auto, zone):
    """Around the end of summer time: fold, offset and moment are those of the zone."""
    auto.execute(f"set timezone to '{zone}'")
    for month in (3, 4, 10, 11):
        for binary in (False, True):
            query = f"""
                select t, extract(epoch from t)::float8, extract(timezone from t)::int
                from generate_series('2023-{month}-01 00:00+00'::timestamptz, '2023-{month}-30', '15 min') t
            """
            for found, epoch, seconds in auto.execute(query, binary=binary):
                assert found.timestamp() == epoch
                assert found.utcoffset() == timedelta(seconds=seconds)


@pytest.mark.howdah_only  # psycopg's cursors keep what they saw first
def test_zone_changes_under_a_prepared_statement(auto):
    cur = auto.cursor()
    moment = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
    earlier = []
    for zone in ZONES * 3:
        auto.execute(f"set timezone to '{zone}'")
        (found,) = cur.execute("select %s", [moment]).fetchone()
        assert (found, str(found.tzinfo)) == (moment, zone)
        earlier.append((zone, auto.execute("select '2024-07-01 12:00+00'::timestamptz")))
    for zone, c in earlier:
        (found,) = c.fetchone()
        assert (found, str(found.tzinfo)) == (moment, zone)


@pytest.mark.parametrize("zone", ["-02:30", "+05:45", "<+03>-03", "PST8PDT"])
def test_zones_without_a_place(auto, always, zone):
    auto.execute("select set_config('timezone', %s, false)", [zone])
    moment = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
    for cur in (auto.cursor(), auto.cursor(binary=True)):
        assert always(cur, "select %s", [moment]) == (moment,)


def test_aware_and_naive_in_turn(cur):
    naive = datetime(2024, 7, 1, 12)
    aware = naive.replace(tzinfo=timezone.utc)
    for value in [naive, aware, None, aware, naive] * 4:
        (found,) = cur.execute("select %s", [value]).fetchone() if value else (None,)
        assert (found, found and found.tzinfo is None) == (value, value and value.tzinfo is None)


def test_first_and_last_moment_with_zone(pg, auto, always):
    """In UTC all of Python's years fit; in other zones the very ends do not."""
    auto.execute("set timezone to 'UTC'")
    ends = [datetime.min.replace(tzinfo=timezone.utc), datetime.max.replace(tzinfo=timezone.utc)]
    for cur in (auto.cursor(), auto.cursor(binary=True)):
        for value in ends:
            assert always(cur, "select %s", [value]) == (value,)
    auto.execute("set timezone to 'Asia/Tokyo'")
    with pytest.raises(pg.DataError):
        auto.execute("select '9999-12-31 23:59:59+00'::timestamptz").fetchone()
    assert auto.execute("select 1").fetchone() == (1,)


def test_subclass_of_datetime(cur, always):
    class Moment(datetime):
        pass

    value = Moment(2020, 1, 2, 3, 4, 5)
    (found,) = always(cur, "select %s", [value])
    assert (found, type(found)) == (value, datetime)


def test_null_dates(cur):
    kinds = ["date", "time", "timetz", "timestamp", "timestamptz"]
    for _ in range(8):
        row = cur.execute("select " + ", ".join(f"null::{kind}, %s::{kind}" for kind in kinds), [None] * 5).fetchone()
        assert row == (None,) * 10


def test_constructors_of_the_dbapi(pg, cur, always):
    values = [pg.Date(2002, 12, 25), pg.Time(13, 45, 30), pg.Timestamp(2002, 12, 25, 13, 45, 30)]
    assert always(cur, "select %s, %s, %s", values) == tuple(values)


def test_dates_in_a_table(auto):
    auto.execute("create temp table t (d date, t time, z timetz, m timestamp, mz timestamptz)")
    cur = auto.cursor()
    row = (
        DATES[5],
        TIMES[3],
        TIMES[3].replace(tzinfo=offset(hours=2)),
        MOMENTS[4],
        MOMENTS[4].astimezone(timezone.utc),
    )
    cur.executemany("insert into t values (%s, %s, %s, %s, %s)", [row] * 10)
    assert cur.execute("select * from t").fetchall() == [row] * 10


def test_str_for_a_date(cur, always):
    """A str takes the type that the statement wants."""
    row = always(
        cur, "select %s::date, %s::date + 1, %s::timestamp", ["2001-02-03", "2001-02-03", "2001-02-03 04:05"]
    )
    assert row == (date(2001, 2, 3), date(2001, 2, 4), datetime(2001, 2, 3, 4, 5))
