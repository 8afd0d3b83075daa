"""time and timetz, against psycopg."""

from __future__ import annotations

import datetime as dt
import struct
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import _howdah, errors
from oracle import BINARY, TEXT, check_dump, check_load, outcome

TIME, TIMETZ = 1083, 1266
DAY = 86400 * 10**6

offsets = st.integers(-86399, 86399).map(lambda s: dt.timezone(dt.timedelta(seconds=s)))


def written(t: dt.time) -> str:
    """As the server writes it: no zeros at the end of the fraction, nor of the offset."""
    text = t.strftime("%H:%M:%S")
    if t.microsecond:
        text += f".{t.microsecond:06}".rstrip("0")
    offset = t.utcoffset()
    if offset is not None:
        seconds = int(abs(offset).total_seconds())
        text += "-" if offset < dt.timedelta(0) else "+"
        text += f"{seconds // 3600:02}"
        if seconds % 3600:
            text += f":{seconds // 60 % 60:02}"
        if seconds % 60:
            text += f":{seconds % 60:02}"
    return text


@given(st.integers(0, DAY))
def test_binary(micros: int) -> None:
    check_load(TIME, BINARY, struct.pack("!q", micros))


@given(st.integers(0, DAY), st.integers(-86399, 86399))
def test_binary_with_zone(micros: int, west: int) -> None:
    check_load(TIMETZ, BINARY, struct.pack("!qi", micros, west))


@given(st.times())
def test_text(t: dt.time) -> None:
    check_load(TIME, TEXT, written(t).encode())
    assert _howdah.load(TIME, TEXT, written(t).encode()) == t


@given(st.times(timezones=offsets))
def test_text_with_zone(t: dt.time) -> None:
    check_load(TIMETZ, TEXT, written(t).encode())
    assert repr(_howdah.load(TIMETZ, TEXT, written(t).encode())) == repr(t.replace(fold=0))


@pytest.mark.parametrize(
    ("oid", "format", "data"),
    [
        (TIME, TEXT, b"24:00:00"),
        (TIME, BINARY, struct.pack("!q", DAY)),
        (TIMETZ, TEXT, b"24:00:00+00"),
        (TIMETZ, BINARY, struct.pack("!qi", DAY, 0)),
    ],
)
def test_midnight_at_the_end_of_a_day(oid: int, format: int, data: bytes) -> None:
    with pytest.raises(errors.DataError, match="24"):
        _howdah.load(oid, format, data)


@pytest.mark.parametrize("oid", [TIME, TIMETZ])
@given(
    data=st.binary(max_size=16) | st.text("0123456789:.+-", max_size=24).map(str.encode),
    format=st.sampled_from([0, 1]),
)
def test_any_bytes_are_a_time_or_an_error(oid: int, format: int, data: bytes) -> None:
    value = outcome(_howdah.load, oid, format, data)
    assert value == "DataError" or value[0] is dt.time


@given(st.times(timezones=st.none() | offsets))
def test_dump(t: dt.time) -> None:
    check_dump(t)


def test_dump_of_an_offset_with_microseconds() -> None:
    check_dump(dt.time(1, 2, tzinfo=dt.timezone(dt.timedelta(microseconds=1))))
    check_dump(dt.time(1, 2, tzinfo=dt.timezone(dt.timedelta(microseconds=-1))))


def test_dump_of_a_subclass() -> None:
    class Time(dt.time):
        pass

    check_dump(Time(1, 2, 3, 4))
    check_dump(Time(1, 2, 3, 4, dt.timezone.utc))


@pytest.mark.parametrize("format", "stb")
def test_a_zone_that_needs_a_date(format: str) -> None:
    with pytest.raises(errors.DataError, match="Europe/Rome"):
        _howdah.dump(dt.time(12, tzinfo=ZoneInfo("Europe/Rome")), format)


@pytest.mark.parametrize("format", "stb")
def test_a_zone_that_lies(format: str) -> None:
    class Far(dt.tzinfo):
        def utcoffset(self, when: dt.datetime | None) -> dt.timedelta:
            return dt.timedelta(hours=25)

    with pytest.raises(ValueError, match="offset must be"):
        _howdah.dump(dt.time(12, tzinfo=Far()), format)
