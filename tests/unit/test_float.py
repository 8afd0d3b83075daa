"""float4 and float8, against psycopg and, for the text of a float4, against numbers as short as they can be."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import _howdah, errors
from oracle import BINARY, TEXT, check_dump, check_load, outcome

FLOAT4, FLOAT8 = 700, 701


def as_the_server_writes(value: float) -> bytes:
    if math.isnan(value):
        return b"NaN"
    if math.isinf(value):
        return b"Infinity" if value > 0 else b"-Infinity"
    return repr(value).removesuffix(".0").encode()


@given(st.floats())
def test_float8(value: float) -> None:
    text, binary = as_the_server_writes(value), struct.pack("!d", value)
    check_load(FLOAT8, TEXT, text)
    check_load(FLOAT8, BINARY, binary)
    assert outcome(_howdah.load, FLOAT8, TEXT, text) == outcome(_howdah.load, FLOAT8, BINARY, binary)


@given(
    st.from_regex(r"-?([0-9]{1,20}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][+-]?[0-9]{1,4})?", fullmatch=True).filter(
        str.isascii
    )
)
def test_text_is_rounded_correctly(text: str) -> None:
    value = float(text)
    if math.isinf(value):
        with pytest.raises(errors.DataError):
            _howdah.load(FLOAT8, TEXT, text.encode())
        return
    assert repr(_howdah.load(FLOAT8, TEXT, text.encode())) == repr(value)


@given(st.floats(width=32))
def test_float4_binary_is_the_shortest_number(value: float) -> None:
    loaded = _howdah.load(FLOAT4, BINARY, struct.pack("!f", value))
    if math.isnan(value) or math.isinf(value):
        assert repr(loaded) == repr(value)
        return
    assert struct.pack("!f", loaded) == struct.pack("!f", value)
    digits = len(f"{loaded!r}e".partition("e")[0].removesuffix(".0").replace(".", "").strip("-0"))
    assert digits <= 9
    assert not any(float(f"{value:.{n}e}") == loaded for n in range(digits - 1) if value)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-999999, max_value=999999, places=3))
def test_float4_of_up_to_six_digits_comes_back(value: object) -> None:
    six = float(f"{value:.6g}")
    assert _howdah.load(FLOAT4, BINARY, struct.pack("!f", six)) == six
    assert _howdah.load(FLOAT4, TEXT, repr(six).encode()) == six


@given(st.floats())
def test_dump(value: float) -> None:
    check_dump(value)


class Metres(float):
    def __repr__(self) -> str:
        return "metres"


def test_dump_subclass() -> None:
    assert _howdah.dump(Metres(1.5), "t") == (FLOAT8, TEXT, b"1.5")
    assert _howdah.dump(Metres(1.5)) == _howdah.dump(1.5)


@pytest.mark.parametrize("oid", [FLOAT4, FLOAT8])
@pytest.mark.parametrize("length", [0, 1, 3, 5, 7, 9, 16])
def test_binary_of_another_length(oid: int, length: int) -> None:
    with pytest.raises(errors.DataError, match="can't parse"):
        _howdah.load(oid, BINARY, bytes(length))


@given(st.binary(max_size=24) | st.text("0123456789+-_. eNaInfity", max_size=24).map(str.encode))
def test_any_text_is_a_float_or_an_error(data: bytes) -> None:
    value = outcome(_howdah.load, FLOAT8, TEXT, data)
    assert value == "DataError" or value == (float, repr(float(data)))


@given(
    st.floats() | st.decimals(-(10**16), 10**16, allow_nan=False).map(float) | st.integers(-(2**70), 2**70).map(float)
)
def test_text_is_as_short_as_can_be(value: float) -> None:
    assert _howdah.dump(value, "t")[2] == repr(value).encode()
