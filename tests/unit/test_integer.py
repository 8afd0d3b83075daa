"""int2, int4, int8 and oid, against psycopg."""

from __future__ import annotations

import enum
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import _howdah, errors
from oracle import BINARY, TEXT, check_dump, check_load, outcome

INT2, INT4, INT8, OID, NUMERIC = 21, 23, 20, 26, 1700
LAYOUT = {INT2: "!h", INT4: "!i", INT8: "!q", OID: "!I"}
BITS = {INT2: 16, INT4: 32, INT8: 64}

# Of every length, and around the ends of the types.
integers = st.integers(0, 70).flatmap(lambda bits: st.integers(-(2**bits) - 2, 2**bits + 2))


def in_range(oid: int, value: int) -> bool:
    return 0 <= value < 2**32 if oid == OID else -(2 ** (BITS[oid] - 1)) <= value < 2 ** (BITS[oid] - 1)


@given(st.sampled_from(list(LAYOUT)), integers)
def test_load(oid: int, value: int) -> None:
    if in_range(oid, value):
        text, binary = str(value).encode(), struct.pack(LAYOUT[oid], value)
        check_load(oid, TEXT, text)
        check_load(oid, BINARY, binary)
        assert outcome(_howdah.load, oid, TEXT, text) == outcome(_howdah.load, oid, BINARY, binary)


@given(integers)
def test_dump(value: int) -> None:
    oid, format, data = _howdah.dump(value)
    if in_range(INT8, value):
        check_dump(value)
        assert oid == next(o for o in (INT2, INT4, INT8) if in_range(o, value))
    else:
        assert (oid, format) == (NUMERIC, BINARY)
        assert int(_howdah.load(oid, format, data)) == value
    assert _howdah.dump(value, "t") == (oid, TEXT, str(value).encode())


def test_dump_far_beyond_int8() -> None:
    """More digits than str() of an int writes."""
    value = 7 * 10**131000 + 12345
    oid, format, data = _howdah.dump(value)
    number = _howdah.load(oid, format, data)
    assert number.as_tuple().digits[0] == 7
    assert number - 7 * type(number)(10) ** 131000 in (12345, 0)  # within the precision of the context
    assert _howdah.dump(value, "t")[2].endswith(b"012345")
    with pytest.raises(errors.DataError, match="more digits"):
        _howdah.dump(10**131072)


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2**40


class Number(int):
    def __str__(self) -> str:
        return "a number"


@pytest.mark.parametrize("value", [Level.LOW, Level.HIGH, Number(5), Number(-(2**31))])
def test_dump_subclass(value: int) -> None:
    check_dump(value)


def test_dump_subclass_beyond_int8() -> None:
    assert _howdah.dump(Number(2**64), "t") == (NUMERIC, TEXT, b"18446744073709551616")


@pytest.mark.parametrize("oid", LAYOUT)
@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 7, 8, 9])
def test_binary_of_another_length(oid: int, length: int) -> None:
    if length != struct.calcsize(LAYOUT[oid]):
        with pytest.raises(errors.DataError, match="can't parse"):
            _howdah.load(oid, BINARY, bytes(length))


@given(st.binary(max_size=24) | st.text("0123456789+-_. ex", max_size=24).map(str.encode))
def test_any_text_is_an_int_or_an_error(data: bytes) -> None:
    value = outcome(_howdah.load, INT8, TEXT, data)
    assert value == "DataError" or value == (int, str(int(data)))


def test_error_quotes_the_bytes_shortened() -> None:
    with pytest.raises(errors.DataError, match=r"^can't parse integer b'x{100}'\.\.\.$"):
        _howdah.load(INT4, TEXT, b"x" * 1000)
