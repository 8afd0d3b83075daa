"""interval, against psycopg."""

from __future__ import annotations

import datetime as dt
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import _howdah, errors
from oracle import BINARY, TEXT, Settings, check_datetime_load, check_dump, outcome, psycopg
from server_text import postgres

INTERVAL = 1186

int4 = st.integers(-(2**31), 2**31 - 1)
int8 = st.integers(-(2**63), 2**63 - 1)
plausible = st.tuples(st.integers(-1200, 1200), st.integers(-10000, 10000), st.integers(-(10**12), 10**12))


@given(st.tuples(int4, int4, int8) | plausible)
def test_binary(fields: tuple[int, int, int]) -> None:
    months, days, micros = fields
    data = struct.pack("!qii", micros, days, months)
    check_datetime_load("IntervalBinaryLoader", INTERVAL, BINARY, data, Settings())


@given(st.tuples(int4, int4, st.integers(-(10**17), 10**17)) | plausible)
def test_text(fields: tuple[int, int, int]) -> None:
    data = postgres(*fields).encode()
    check_datetime_load("IntervalLoader", INTERVAL, TEXT, data, Settings())


@given(st.tuples(int4, int4, int8) | plausible)
def test_binary_gives_what_text_gives(fields: tuple[int, int, int]) -> None:
    months, days, micros = fields
    binary = struct.pack("!qii", micros, days, months)
    text = postgres(*fields).encode()
    assert outcome(_howdah.load, INTERVAL, BINARY, binary) == outcome(_howdah.load, INTERVAL, TEXT, text)


@pytest.mark.parametrize("text", ["infinity", "-infinity"])
def test_infinity(text: str) -> None:
    """psycopg reads the texts as a timedelta of zero."""
    with pytest.raises(errors.DataError):
        _howdah.load(INTERVAL, TEXT, text.encode())


@pytest.mark.parametrize("style", ["sql_standard", "postgres_verbose", "iso_8601"])
def test_other_styles(style: str) -> None:
    check_datetime_load("IntervalLoader", INTERVAL, TEXT, b"1", Settings(interval_style=style))
    with pytest.raises(NotImplementedError):
        _howdah.load(INTERVAL, TEXT, b"1", interval_style=style)


@given(
    st.binary(max_size=20) | st.text("0123456789-+:. yearsmondi", max_size=24).map(str.encode),
    st.sampled_from([0, 1]),
)
def test_any_bytes_are_a_timedelta_or_an_error(data: bytes, format: int) -> None:
    value = outcome(_howdah.load, INTERVAL, format, data)
    assert value == "DataError" or value[0] is dt.timedelta


@given(st.timedeltas())
def test_dump(delta: dt.timedelta) -> None:
    check_dump(delta)


@given(st.timedeltas())
def test_sql_standard_wants_every_sign(delta: dt.timedelta) -> None:
    settings = Settings(interval_style="sql_standard")
    theirs = psycopg.types.datetime.TimedeltaDumper(dt.timedelta, settings.context).dump(delta)
    assert _howdah.dump(delta, "t", interval_style="sql_standard") == (INTERVAL, TEXT, bytes(theirs))
