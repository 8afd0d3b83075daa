"""interval, both ways."""

from __future__ import annotations

from datetime import timedelta

import pytest

SAMPLES = [
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(microseconds=-1),
    timedelta(days=1),
    timedelta(days=-1),
    timedelta(days=-1, seconds=1),
    timedelta(hours=25, minutes=61, seconds=61),
    timedelta(days=400, hours=-5, microseconds=999_999),
    timedelta(days=999_999_999),
    timedelta(days=-999_999_999),
    timedelta(weeks=-3, seconds=0.5),
]


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
@pytest.mark.parametrize("value", SAMPLES, ids=str)
def test_round_trip(cur, always, value, placeholder):
    found, kind = always(cur, f"select {placeholder}, pg_typeof({placeholder})::text", [value] * 2)
    assert (found, kind) == (value, "interval")
    assert type(found) is timedelta


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
def test_as_the_server_reads_it(cur, placeholder):
    value = timedelta(days=3, hours=-4, microseconds=5)
    (text,) = cur.execute(f"select {placeholder}::text", [value]).fetchone()
    assert text == "2 days 20:00:00.000005"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 year", timedelta(days=365)),
        ("1 month", timedelta(days=30)),
        ("-1 month", timedelta(days=-30)),
        ("1 year 2 months 3 days 04:05:06.7", timedelta(days=365 + 60 + 3, hours=4, minutes=5, seconds=6.7)),
        ("-1 year -2 months -3 days -04:05:06", timedelta(days=-428, hours=-4, minutes=-5, seconds=-6)),
        ("13 months -1 day +00:00:01", timedelta(days=365 + 30 - 1, seconds=1)),
        ("-1 day +00:00:00.000001", timedelta(days=-1, microseconds=1)),
        ("1 day -00:00:00.000001", timedelta(days=1, microseconds=-1)),
        ("100:00:00", timedelta(hours=100)),
    ],
)
def test_months_and_years_in_days(cur, always, text, expected):
    assert always(cur, f"select '{text}'::interval") == (expected,)


@pytest.mark.parametrize("style", ["sql_standard", "postgres_verbose", "iso_8601"])
def test_parameters_under_other_styles(auto, style):
    """What is sent means the same however the server likes to write intervals."""
    auto.execute(f"set intervalstyle to '{style}'")
    for value in SAMPLES:
        for placeholder in ("%s", "%b", "%t"):
            query = f"select extract(epoch from {placeholder}::interval)::numeric * 1000000"
            (found,) = auto.execute(query, [value]).fetchone()
            assert found == value // timedelta(microseconds=1)


@pytest.mark.parametrize("style", ["sql_standard", "postgres_verbose", "iso_8601"])
def test_binary_under_other_styles(auto, always, style):
    auto.execute(f"set intervalstyle to '{style}'")
    for value in SAMPLES:
        assert always(auto.cursor(binary=True), "select %s", [value]) == (value,)


def test_beyond_a_timedelta(pg, cur):
    """178,000,000 years are an interval and no timedelta."""
    for text in ("170000000 years", "-170000000 years"):
        for _ in range(8):
            cur.execute(f"select '{text}'::interval")
            with pytest.raises((pg.DataError, OverflowError)):
                cur.fetchone()
        assert cur.execute("select '1 day'::interval").fetchone() == (timedelta(1),)


def test_null_interval(cur):
    for value in [None, SAMPLES[6], None, SAMPLES[7]] * 4:
        assert cur.execute("select %s::interval, null::interval", [value]).fetchone() == (value, None)


def test_malformed_interval(pg, cur):
    with pytest.raises(pg.DataError):
        cur.execute("select %s::interval", ["1 elephant"])
    assert cur.execute("select %s::interval", ["1 day"]).fetchone() == (timedelta(1),)


def test_subclass_of_timedelta(cur, always):
    class Wait(timedelta):
        pass

    (found,) = always(cur, "select %s", [Wait(seconds=5)])
    assert (found, type(found)) == (timedelta(seconds=5), timedelta)


def test_arithmetic_with_dates(cur, always):
    assert always(cur, "select ('2024-03-31'::timestamp - %s)::date::text", [timedelta(days=31)]) == ("2024-02-29",)
