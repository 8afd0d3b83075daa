"""date, against psycopg."""

from __future__ import annotations

import datetime as dt
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import _howdah, errors
from oracle import BINARY, TEXT, Settings, check_datetime_load, check_dump, check_load, outcome

DATE = 1082
EPOCH = dt.date(2000, 1, 1)

STYLES = {
    "ISO, MDY": "%Y-%m-%d",
    "ISO, DMY": "%Y-%m-%d",
    "German, DMY": "%d.%m.%Y",
    "SQL, DMY": "%d/%m/%Y",
    "SQL, MDY": "%m/%d/%Y",
    "SQL, YMD": "%m/%d/%Y",
    "Postgres, DMY": "%d-%m-%Y",
    "Postgres, MDY": "%m-%d-%Y",
}


def written(day: dt.date, style: str) -> str:
    return (
        STYLES[style].replace("%Y", f"{day.year:04}").replace("%m", f"{day.month:02}").replace("%d", f"{day.day:02}")
    )


@given(st.integers(-(2**31), 2**31 - 1) | st.integers(-740000, -720000) | st.integers(2900000, 2930000))
def test_binary(days: int) -> None:
    check_load(DATE, BINARY, struct.pack("!i", days))


@given(st.dates(), st.sampled_from(list(STYLES)))
def test_text(day: dt.date, style: str) -> None:
    data = written(day, style).encode()
    assert _howdah.load(DATE, TEXT, data, date_style=style) == day
    check_datetime_load("DateLoader", DATE, TEXT, data, Settings(date_style=style))


@given(st.dates())
def test_binary_gives_what_text_gives(day: dt.date) -> None:
    data = struct.pack("!i", (day - EPOCH).days)
    assert outcome(_howdah.load, DATE, BINARY, data) == outcome(_howdah.load, DATE, TEXT, str(day).encode())


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("infinity", "date too large"),
        ("-infinity", "date too small"),
        ("10000-01-01", "date too large"),
        ("0044-03-15 BC", "date too small"),
    ],
)
def test_beyond_the_calendar(text: str, message: str, style: str) -> None:
    if text[0].isdigit():
        year, month, rest = text.split("-")
        day, *era = rest.split()
        fields = {"%Y": year, "%m": month, "%d": day}
        text = STYLES[style]
        for field, value in fields.items():
            text = text.replace(field, value)
        text = " ".join([text, *era])
    with pytest.raises(errors.DataError, match=message):
        _howdah.load(DATE, TEXT, text.encode(), date_style=style)


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\0", b"\0\0\0\0\0"])
def test_malformed_binary(data: bytes) -> None:
    with pytest.raises(errors.DataError):
        _howdah.load(DATE, BINARY, data)


@given(st.binary(max_size=24) | st.text("0123456789-./ BCinfty", max_size=16).map(str.encode))
def test_any_text_is_a_date_or_an_error(data: bytes) -> None:
    value = outcome(_howdah.load, DATE, TEXT, data)
    assert value == "DataError" or value[0] is dt.date


@given(st.dates())
def test_dump(day: dt.date) -> None:
    check_dump(day)


def test_dump_of_a_subclass() -> None:
    class Day(dt.date):
        def __str__(self) -> str:
            return "tomorrow"

    check_dump(Day(2020, 2, 29))
