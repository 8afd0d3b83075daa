"""timestamp and timestamptz, against psycopg."""

from __future__ import annotations

import datetime as dt
import struct
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from howdah import _howdah, errors
from oracle import BINARY, TEXT, Settings, check_datetime_load, check_dump, check_load, outcome

TIMESTAMP, TIMESTAMPTZ = 1114, 1184
EPOCH = dt.datetime(2000, 1, 1)
FIRST = (dt.datetime.min - EPOCH) // dt.timedelta(microseconds=1)
LAST = (dt.datetime.max - EPOCH) // dt.timedelta(microseconds=1)

STYLES = ["ISO, MDY", "ISO, DMY", "German, DMY", "SQL, DMY", "SQL, MDY", "Postgres, DMY", "Postgres, MDY"]
ZONES = [
    None,
    "UTC",
    "Etc/UTC",
    "Etc/GMT+5",
    "Europe/Rome",
    "America/Chicago",
    "Asia/Tokyo",
    "Asia/Calcutta",
    "Australia/Lord_Howe",
    "Africa/Monrovia",
    "America/St_Johns",
    "<-02>+02",
    "NoSuch/Zone",
]

any_micros = (
    st.integers(-(2**63), 2**63 - 1)
    | st.integers(FIRST, LAST)
    | st.integers(-3 * 86400 * 10**6, 3 * 86400 * 10**6).map(lambda d: FIRST + d)
    | st.integers(-3 * 86400 * 10**6, 3 * 86400 * 10**6).map(lambda d: LAST + d)
)


def written(t: dt.datetime, style: str) -> str:
    clock = t.strftime("%H:%M:%S")
    if t.microsecond:
        clock += f".{t.microsecond:06}".rstrip("0")
    year, month, day = f"{t.year:04}", f"{t.month:02}", f"{t.day:02}"
    month_name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][t.month - 1]
    weekday = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][t.weekday()]
    return {
        "ISO, MDY": f"{year}-{month}-{day} {clock}",
        "ISO, DMY": f"{year}-{month}-{day} {clock}",
        "German, DMY": f"{day}.{month}.{year} {clock}",
        "SQL, DMY": f"{day}/{month}/{year} {clock}",
        "SQL, MDY": f"{month}/{day}/{year} {clock}",
        "Postgres, DMY": f"{weekday} {day} {month_name} {clock} {year}",
        "Postgres, MDY": f"{weekday} {month_name} {day} {clock} {year}",
    }[style]


def written_offset(seconds: int) -> str:
    text = f"{'-' if seconds < 0 else '+'}{abs(seconds) // 3600:02}"
    if seconds % 3600:
        text += f":{abs(seconds) // 60 % 60:02}"
    if seconds % 60:
        text += f":{abs(seconds) % 60:02}"
    return text


# ---- timestamp


@given(any_micros)
def test_binary(micros: int) -> None:
    check_load(TIMESTAMP, BINARY, struct.pack("!q", micros))


@given(st.datetimes(), st.sampled_from(STYLES))
def test_text(t: dt.datetime, style: str) -> None:
    data = written(t, style).encode()
    assert _howdah.load(TIMESTAMP, TEXT, data, date_style=style) == t
    check_datetime_load("TimestampLoader", TIMESTAMP, TEXT, data, Settings(date_style=style))


@pytest.mark.parametrize(
    ("style", "text", "message"),
    [
        ("ISO, MDY", "infinity", "timestamp too large"),
        ("German, DMY", "-infinity", "timestamp too small"),
        ("ISO, MDY", "10000-01-01 00:00:00", "timestamp too large"),
        ("SQL, MDY", "01/01/10000 00:00:00", "timestamp too large"),
        ("Postgres, MDY", "Sat Jan 01 00:00:00 10000", "timestamp too large"),
        ("ISO, MDY", "0044-03-15 12:00:00 BC", "timestamp too small"),
        ("Postgres, DMY", "Fri 15 Mar 12:00:00 0044 BC", "timestamp too small"),
    ],
)
def test_beyond_the_calendar(style: str, text: str, message: str) -> None:
    with pytest.raises(errors.DataError, match=message):
        _howdah.load(TIMESTAMP, TEXT, text.encode(), date_style=style)


# ---- timestamptz


@pytest.mark.parametrize("zone", ZONES)
@given(micros=any_micros)
def test_binary_with_zone(zone: str | None, micros: int) -> None:
    data = struct.pack("!q", micros)
    check_datetime_load("TimestamptzBinaryLoader", TIMESTAMPTZ, BINARY, data, Settings(timezone=zone))


@pytest.mark.parametrize("zone", ZONES)
@given(t=st.datetimes(), offset=st.integers(-57599, 57599))
@example(dt.datetime.max, -1)
@example(dt.datetime.max, 1)
@example(dt.datetime.min, 1)
@example(dt.datetime.min, -1)
def test_text_with_zone(zone: str | None, t: dt.datetime, offset: int) -> None:
    data = (written(t, "ISO, MDY") + written_offset(offset)).encode()
    check_datetime_load("TimestamptzLoader", TIMESTAMPTZ, TEXT, data, Settings(timezone=zone))


@pytest.mark.parametrize("zone", ["Europe/Rome", "America/Chicago", "Australia/Lord_Howe", "Etc/UTC", "UTC"])
@given(t=st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1)))
def test_binary_gives_what_text_gives(zone: str, t: dt.datetime) -> None:
    local = t.replace(tzinfo=dt.timezone.utc).astimezone(ZoneInfo(zone))
    offset = local.utcoffset()
    assert offset is not None
    text = written(local.replace(tzinfo=None), "ISO, MDY") + written_offset(int(offset.total_seconds()))
    binary = struct.pack("!q", (t - EPOCH) // dt.timedelta(microseconds=1))
    from_text = outcome(_howdah.load, TIMESTAMPTZ, TEXT, text.encode(), timezone=zone)
    assert from_text == outcome(_howdah.load, TIMESTAMPTZ, BINARY, binary, timezone=zone)
    assert from_text[1].split(", tzinfo")[0] == repr(local).split(", tzinfo")[0]


def test_both_sides_of_a_fold() -> None:
    before = _howdah.load(TIMESTAMPTZ, TEXT, b"2023-10-29 02:30:00+02", timezone="Europe/Rome")
    after = _howdah.load(TIMESTAMPTZ, TEXT, b"2023-10-29 02:30:00+01", timezone="Europe/Rome")
    assert (before.fold, after.fold) == (0, 1)
    assert after.timestamp() - before.timestamp() == 3600


def test_zone_of_the_session() -> None:
    value = _howdah.load(TIMESTAMPTZ, TEXT, b"2000-01-01 00:00:00+00", timezone="Asia/Tokyo")
    assert value.tzinfo is ZoneInfo("Asia/Tokyo")
    assert _howdah.load(TIMESTAMPTZ, TEXT, b"2000-01-01 00:00:00+00", timezone="UTC").tzinfo is dt.timezone.utc


def test_an_unknown_zone_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        value = _howdah.load(TIMESTAMPTZ, TEXT, b"2000-01-01 01:00:00+01", timezone="Nowhere/Land")
        assert value.tzinfo is dt.timezone.utc
        assert value.hour == 0
    assert [r.getMessage() for r in caplog.records] == ["unknown PostgreSQL timezone: 'Nowhere/Land'; will use UTC"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("infinity", "timestamp too large"),
        ("-infinity", "timestamp too small"),
        ("10000-01-01 00:00:00+00", "timestamp too large"),
        ("1000-01-01 12:00:00+00 BC", "timestamp too small"),
    ],
)
@pytest.mark.parametrize("zone", ZONES)
def test_beyond_the_calendar_with_zone(zone: str | None, text: str, message: str) -> None:
    with pytest.raises(errors.DataError, match=message):
        _howdah.load(TIMESTAMPTZ, TEXT, text.encode(), timezone=zone)


@pytest.mark.parametrize("style", ["German, DMY", "SQL, DMY", "Postgres, MDY"])
def test_abbreviated_zones(style: str) -> None:
    data = b"01.01.2000 00:00:00 CET"
    check_datetime_load("TimestamptzLoader", TIMESTAMPTZ, TEXT, data, Settings(date_style=style))


@pytest.mark.parametrize("oid", [TIMESTAMP, TIMESTAMPTZ])
@given(
    data=st.binary(max_size=12) | st.text("0123456789-:.+ BC", max_size=32).map(str.encode),
    format=st.sampled_from([0, 1]),
)
def test_any_bytes_are_a_datetime_or_an_error(oid: int, format: int, data: bytes) -> None:
    value = outcome(_howdah.load, oid, format, data)
    assert value == "DataError" or value[0] is dt.datetime


# ---- dump


@given(st.datetimes(timezones=st.none() | st.timezones(), allow_imaginary=True))
def test_dump(t: dt.datetime) -> None:
    check_dump(t)


@given(st.datetimes(timezones=st.timedeltas(dt.timedelta(hours=-23), dt.timedelta(hours=23)).map(dt.timezone)))
def test_dump_of_any_offset(t: dt.datetime) -> None:
    check_dump(t)


def test_dump_of_a_subclass() -> None:
    class Instant(dt.datetime):
        def __str__(self) -> str:
            return "yesterday"

    check_dump(Instant(2020, 2, 29, 1, 2, 3, 4))
    check_dump(Instant(2020, 2, 29, 1, 2, 3, 4, dt.timezone.utc))


def test_dump_of_pandas() -> None:
    pd = pytest.importorskip("pandas")
    check_dump(pd.Timestamp("2020-01-01 00:00:00.000001"))
    check_dump(pd.Timestamp("2020-07-01 00:00", tz="Europe/Rome"))
    # not a moment at all; psycopg sends noise
    with pytest.raises(errors.DataError, match="NaT"):
        _howdah.dump(pd.NaT)


def test_a_zone_without_offset() -> None:
    class Nowhere(dt.tzinfo):
        def utcoffset(self, when: dt.datetime | None) -> None:
            return None

    with pytest.raises(errors.DataError, match="cannot calculate the offset"):
        _howdah.dump(dt.datetime(2020, 1, 1, tzinfo=Nowhere()), "b")
