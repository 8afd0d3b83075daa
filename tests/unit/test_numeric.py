"""numeric, against psycopg."""

from __future__ import annotations

import struct
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import _howdah, errors
from oracle import BINARY, TEXT, check_dump, check_load, outcome, their_dump

NUMERIC = 1700

finite = st.decimals(allow_nan=False, allow_infinity=False) | st.builds(
    lambda sign, digits, exponent: Decimal((sign, digits, exponent)),
    st.integers(0, 1),
    st.lists(st.integers(0, 9), max_size=80).map(tuple),
    st.integers(-100, 100),
)


def server_text(value: Decimal) -> bytes:
    """As numeric_out() writes it: no exponent, no negative zero."""
    return f"{value if value else abs(value):f}".encode()


@given(finite)
def test_text(value: Decimal) -> None:
    with localcontext() as context:
        context.prec = 500
        text = server_text(value)
    check_load(NUMERIC, TEXT, text)


@given(finite)
def test_binary_gives_what_text_gives(value: Decimal) -> None:
    with localcontext() as context:
        context.prec = 500
        text = server_text(value)
    binary = _howdah.dump(value, "b")[2]
    assert binary is not None
    check_load(NUMERIC, BINARY, binary)
    assert outcome(_howdah.load, NUMERIC, BINARY, binary) == outcome(_howdah.load, NUMERIC, TEXT, text)


@given(finite)
def test_dump(value: Decimal) -> None:
    check_dump(value)


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "-0.00", "0E+5"])
def test_dump_special(text: str) -> None:
    check_dump(Decimal(text))


@pytest.mark.parametrize("text", ["-NaN", "NaN123", "-sNaN5"])
def test_dump_adorned_nan(text: str) -> None:
    """psycopg sends them as they are, which the server refuses."""
    for format in "stb":
        assert _howdah.dump(Decimal(text), format) == _howdah.dump(Decimal("NaN"), format)


@pytest.mark.parametrize(("text", "sign"), [("NaN", 0xC000), ("Infinity", 0xD000), ("-Infinity", 0xF000)])
def test_load_special(text: str, sign: int) -> None:
    check_load(NUMERIC, TEXT, text.encode())
    check_load(NUMERIC, BINARY, struct.pack("!HhHH", 0, 0, sign, 0))
    assert repr(_howdah.load(NUMERIC, BINARY, struct.pack("!HhHH", 0, 0, sign, 0))) == f"Decimal('{text}')"


def test_the_precision_of_the_context_is_not_asked() -> None:
    with localcontext() as context:
        context.prec = 3
        text = b"123456789.123456789"
        value = _howdah.load(NUMERIC, TEXT, text)
        assert str(value).encode() == text
        assert _howdah.dump(value)[2] == text
        assert str(_howdah.load(NUMERIC, BINARY, _howdah.dump(value, "b")[2])).encode() == text


def test_small_exponent_letter() -> None:
    with localcontext() as context:
        context.capitals = 0
        assert _howdah.dump(Decimal("1E+20"), "b") == their_dump(Decimal("1E+20"), "b")


class Money(Decimal):
    def __str__(self) -> str:
        return "money"


def test_dump_subclass() -> None:
    assert _howdah.dump(Money("1.50"), "b") == _howdah.dump(Decimal("1.50"), "b")
    assert _howdah.dump(Money("1.50")) == (NUMERIC, TEXT, b"1.50")


@pytest.mark.parametrize("text", ["1E+131072", "1E-16384", "0E-16384", "1E+999999999", "1E-999999999"])
def test_beyond_the_type(text: str) -> None:
    with pytest.raises(errors.DataError, match="more digits than"):
        _howdah.dump(Decimal(text), "b")


@pytest.mark.parametrize("text", ["1E+131071", "1E-16383", "-9.9E+131071"])
def test_ends_of_the_type(text: str) -> None:
    assert _howdah.load(NUMERIC, BINARY, _howdah.dump(Decimal(text), "b")[2]) == Decimal(text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 7,
        b"\0" * 9,
        struct.pack("!HhHH", 1, 0, 0, 0),
        struct.pack("!HhHH", 0xFFFF, 0, 0, 0) + b"\0\1",
        struct.pack("!HhHHH", 1, 0, 0, 0, 10000),
        struct.pack("!HhHHH", 1, 0, 0x2000, 0, 1),
        struct.pack("!HhHHH", 1, 0, 0, 0x4000, 1),
    ],
)
def test_malformed_binary(data: bytes) -> None:
    with pytest.raises(errors.DataError, match="can't parse numeric"):
        _howdah.load(NUMERIC, BINARY, data)


@given(st.binary(max_size=24) | st.text("0123456789+-_. eENaInfity", max_size=24).map(str.encode))
def test_any_text_is_a_number_or_an_error(data: bytes) -> None:
    value = outcome(_howdah.load, NUMERIC, TEXT, data)
    assert value == "DataError" or value == (Decimal, repr(Decimal(data.decode())))


@given(st.binary(min_size=8, max_size=40))
def test_any_binary_is_a_number_or_an_error(data: bytes) -> None:
    value = outcome(_howdah.load, NUMERIC, BINARY, data)
    assert value == "DataError" or value[0] is Decimal
