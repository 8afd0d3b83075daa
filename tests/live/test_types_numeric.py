"""Numbers, both ways: int2, int4, int8, oid, float4, float8, numeric."""

from __future__ import annotations

import math
from decimal import Decimal
from enum import IntEnum

import pytest

INTEGER_ENDS = {
    "int2": (-(2**15), 2**15 - 1),
    "int4": (-(2**31), 2**31 - 1),
    "int8": (-(2**63), 2**63 - 1),
    "oid": (0, 2**32 - 1),
}

# fmt: off
NUMERICS = [
    "0", "0.0", "0.000", "1", "-1", "10", "100", "1000", "10000", "100000000", "1.0", "1.10", "0.1", "0.01",
    "0.0001", "0.00001", "0.10000", "-0.0000001", "9999", "99990000", "123456789.987654321",
    "-123456789012345678901234567890.123456789", "1E+30", "1E-30", "1e1000", "-1e-1000", "9999.9999",
    "0.99999999",
]
# fmt: on


@pytest.mark.parametrize("name", INTEGER_ENDS)
def test_integer_ends_from_the_server(cur, always, name):
    low, high = INTEGER_ENDS[name]
    row = always(cur, f"select '{low}'::{name}, '{high}'::{name}, '0'::{name}, null::{name}")
    assert row == (low, high, 0, None)
    assert [type(value) for value in row[:3]] == [int] * 3


@pytest.mark.parametrize("name", INTEGER_ENDS)
def test_integer_ends_from_the_client(cur, always, name):
    for value in INTEGER_ENDS[name]:
        assert always(cur, f"select %s::{name}, (%s::{name})::text", [value, value]) == (value, str(value))


@pytest.mark.parametrize("name", ["int2", "int4", "int8"])
def test_integer_too_large_for_its_column(pg, cur, name):
    for value in (INTEGER_ENDS[name][0] - 1, INTEGER_ENDS[name][1] + 1):
        with pytest.raises(pg.errors.NumericValueOutOfRange):
            cur.execute(f"select %s::{name}", [value])
    assert cur.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
@pytest.mark.parametrize("bits", [0, 1, 7, 14, 15, 16, 30, 31, 32, 62, 63, 64, 65, 127, 1000])
def test_smallest_type_for_an_integer(cur, bits, placeholder):
    """Around each power of two, of both signs."""
    sizes = [(15, "smallint"), (31, "integer"), (63, "bigint")]
    for value in {sign * 2**bits + step for sign in (1, -1) for step in (-1, 0, 1)}:
        expected = next((name for size, name in sizes if -(2**size) <= value < 2**size), "numeric")
        found, text = cur.execute(
            f"select pg_typeof({placeholder})::text, {placeholder}::text", [value, value]
        ).fetchone()
        assert (found, text) == (expected, str(value))


def test_integer_beyond_int8_becomes_numeric(cur, always):
    value = 2**63
    (found,) = always(cur, "select %s", [value])
    assert found == value
    assert type(found) is Decimal


def test_type_of_an_integer_changes_between_executions(cur):
    """The same query, prepared, with values that need another type each time."""
    for value in [1, 70_000, 2**40, 2**70, 1, 2**40, -1] * 4:
        assert cur.execute("select %s", [value]).fetchone() == (value,)
        assert cur.execute("select %s + 1", [value]).fetchone() == (value + 1,)


def test_int_enum(cur, always):
    class Level(IntEnum):
        LOW = 1
        HIGH = 100_000

    assert always(cur, "select %s, %s", [Level.LOW, Level.HIGH]) == (1, 100_000)


def test_subclass_of_int(cur, always):
    class Number(int):
        def __str__(self):
            return "seven"

        __repr__ = __str__

    row = always(cur, "select %s, %s", [Number(7), Number(2**40)])
    assert row == (7, 2**40)
    assert type(row[0]) is int


def test_oid_of_an_object(cur, always):
    (oid, name) = always(cur, "select 'int4'::regtype::oid, 'int4'::regtype::text")
    assert (oid, name) == (23, "integer")


def test_int_as_a_parameter_of_a_function(cur, always):
    """A small integer must still fit a function of int4 or int8."""
    assert always(cur, "select repeat('x', %s), factorial(%s)::int8", [3, 5]) == ("xxx", 120)


@pytest.mark.parametrize("name", ["float4", "float8"])
def test_special_floats_from_the_server(cur, always, name):
    nan, plus, minus, zero = always(
        cur, f"select 'nan'::{name}, 'infinity'::{name}, '-infinity'::{name}, '-0'::{name}"
    )
    assert math.isnan(nan)
    assert (plus, minus) == (math.inf, -math.inf)
    assert math.copysign(1, zero) == -1
    assert {type(value) for value in (nan, plus, minus, zero)} == {float}


@pytest.mark.parametrize("name", ["float4", "float8"])
def test_special_floats_from_the_client(cur, always, name):
    values = [math.nan, math.inf, -math.inf, -0.0, 0.0]
    row = always(cur, "select " + ", ".join(f"(%s::{name})::text" for _ in values), values)
    assert row == ("NaN", "Infinity", "-Infinity", "-0", "0")


def test_ends_of_float8(cur, always):
    values = [5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -1.7976931348623157e308, 0.1, 1 / 3, 2.0**53]
    row = always(cur, "select " + ", ".join("%s" for _ in values), values)
    assert row == tuple(values)
    assert {type(value) for value in row} == {float}


def test_ends_of_float8_from_the_server(cur, always):
    assert always(cur, "select '4.9e-324'::float8, '1.7976931348623157e308'::float8, 1e22::float8, 1e23::float8") == (
        5e-324,
        1.7976931348623157e308,
        1e22,
        1e23,
    )


@pytest.mark.howdah_only
def test_float4_is_the_shortest_that_the_server_writes(cur, always):
    """1.1::float4 is 1.10000002384185791015625 exactly, and 1.1 to people."""
    assert always(
        cur, "select 1.1::float4, 0.3::float4, '3.4028235e38'::float4, '1e-45'::float4, 16777216::float4"
    ) == (
        1.1,
        0.3,
        3.4028235e38,
        1e-45,
        16777216.0,
    )


def test_type_of_a_float(cur, always):
    assert always(cur, "select pg_typeof(%s)::text, %s", [1.5, 2.0]) == ("double precision", 2.0)


def test_float_out_of_range_of_float4(pg, cur):
    with pytest.raises(pg.errors.NumericValueOutOfRange):
        cur.execute("select %s::float4", [1e300])
    assert cur.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("digits", [1, 2, 3])
def test_extra_float_digits(auto, always, digits):
    """Every digit comes, however the values travel. (Zero and less round in text alone: see test_formats.)"""
    auto.execute(f"set extra_float_digits to {digits}")
    wanted = auto.execute("select (1/3::float8)::text, (1/3::float4)::text").fetchone()
    found = always(auto.cursor(), "select 1/3::float8, 1/3::float4")
    assert found == tuple(float(text) for text in wanted)


@pytest.mark.parametrize("text", NUMERICS)
def test_numeric_from_the_server(cur, always, text):
    (value, shown) = always(cur, f"select '{text}'::numeric, ('{text}'::numeric)::text")
    assert type(value) is Decimal
    assert format(value, "f") == shown


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
@pytest.mark.parametrize("text", NUMERICS)
def test_numeric_from_the_client(cur, text, placeholder):
    value = Decimal(text)
    (kind, shown) = cur.execute(
        f"select pg_typeof({placeholder})::text, {placeholder}::text", [value, value]
    ).fetchone()
    assert kind == "numeric"
    assert shown == format(value, "f")


def test_numeric_round_trip_keeps_the_scale(cur, always):
    values = [Decimal("1.00"), Decimal("0.000"), Decimal("-5.50"), Decimal("100")]
    row = always(cur, "select %s, %s, %s, %s", values)
    assert [str(value) for value in row] == [str(value) for value in values]


def test_numeric_of_many_digits(cur, always):
    value = Decimal("1234567890" * 300 + "." + "0987654321" * 100)
    assert always(cur, "select %s", [value]) == (value,)


def test_numeric_negative_scale(cur, always):
    """1E+5 has no digits behind the point, and neither has what comes back."""
    (value,) = always(cur, "select %s", [Decimal("1E+5")])
    assert value == 100_000
    assert value.as_tuple().exponent == 0


def test_special_numerics_from_the_server(cur, always):
    nan, plus, minus = always(cur, "select 'nan'::numeric, 'infinity'::numeric, '-infinity'::numeric")
    assert nan.is_nan()
    assert (plus, minus) == (Decimal("Infinity"), Decimal("-Infinity"))
    assert {type(value) for value in (nan, plus, minus)} == {Decimal}


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
def test_special_numerics_from_the_client(cur, placeholder):
    values = [Decimal(text) for text in ("NaN", "sNaN", "Infinity", "-Infinity")]
    row = cur.execute("select " + ", ".join(f"({placeholder}::numeric)::text" for _ in values), values).fetchone()
    assert row == ("NaN", "NaN", "Infinity", "-Infinity")


@pytest.mark.howdah_only
@pytest.mark.parametrize("text", ["-NaN", "-sNaN", "NaN123"])
def test_numeric_knows_one_nan(cur, always, text):
    """The server has no sign of NaN and no payload."""
    assert always(cur, "select (%s::numeric)::text", [Decimal(text)]) == ("NaN",)


def test_numeric_of_a_scale(cur, always):
    assert [
        str(value) for value in always(cur, "select 1.005::numeric(10, 2), 1234::numeric(6, -2), null::numeric")
    ] == [
        "1.01",
        "1200",
        "None",
    ]


def test_numeric_out_of_range(pg, cur):
    with pytest.raises(pg.errors.NumericValueOutOfRange):
        cur.execute("select %s::numeric(4, 2)", [Decimal("100")])
    assert cur.execute("select 1").fetchone() == (1,)


def test_numbers_into_a_table(auto, always):
    """Columns of each type take ints where they fit, and give back what they are."""
    auto.execute("create temp table n (a int2, b int4, c int8, d float4, e float8, f numeric, g oid)")
    cur = auto.cursor()
    for _ in range(7):
        cur.execute("insert into n values (%s, %s, %s, %s, %s, %s, %s)", [1, 2, 3, 4, 5.5, Decimal("6.60"), 7])
        cur.execute("insert into n values (%s, %s, %s, %s, %s, %s, %s)", [None] * 7)
    rows = cur.execute("select * from n").fetchall()
    assert rows == [(1, 2, 3, 4.0, 5.5, Decimal("6.60"), 7), (None,) * 7] * 7
    assert [type(value) for value in rows[0]] == [int, int, int, float, float, Decimal, int]


def test_null_numbers(cur, always):
    """NULL as a parameter, where the statement says the type, and between values."""
    for value in [1, None, 2, None, None, 3] * 3:
        assert cur.execute("select %s::int4, %s::numeric, %s::float8", [value] * 3).fetchone() == (value,) * 3


# ---- wrappers

WRAPPERS = {
    "Int2": "smallint",
    "Int4": "integer",
    "Int8": "bigint",
    "IntNumeric": "numeric",
    "Oid": "oid",
    "Float4": "real",
    "Float8": "double precision",
}


@pytest.fixture
def numeric(module):
    return module("types.numeric")


@pytest.mark.parametrize("placeholder", ["%s", "%t", "%b"])
@pytest.mark.parametrize("name", WRAPPERS)
def test_wrappers_say_their_type(pg, cur, numeric, name, placeholder):
    if pg.__name__ == "psycopg" and (name, placeholder) == ("IntNumeric", "%b"):
        pytest.skip("psycopg sends an int2")
    value = getattr(numeric, name)(42)
    query = f"select pg_typeof({placeholder})::text, {placeholder}, pg_typeof({placeholder})::text"
    assert cur.execute(query, [value, value, [value, None]]).fetchone() == (WRAPPERS[name], 42, WRAPPERS[name] + "[]")


@pytest.mark.parametrize("name", WRAPPERS)
async def test_wrappers_say_their_type_async(aconn, numeric, name):
    value = getattr(numeric, name)(42)
    cur = await aconn.execute("select pg_typeof(%s)::text, %s", [value, value])
    assert await cur.fetchone() == (WRAPPERS[name], 42)


@pytest.mark.parametrize("name", ["Int2", "Int4", "Int8", "Oid", "Float4"])
def test_wrapped_number_out_of_range(pg, cur, numeric, name):
    value = getattr(numeric, name)(10**60)
    for placeholder in ("%s", "%t", "%b") if pg.__name__ == "howdah" else ("%t",):
        with pytest.raises(pg.DataError):
            cur.execute(f"select {placeholder}", [value])
    assert cur.execute("select 1").fetchone() == (1,)


def test_overloaded_functions(cur, numeric):
    cur.execute("create function pg_temp.kind(int) returns text return 'int'")
    cur.execute("create function pg_temp.kind(float8) returns text return 'float'")
    assert cur.execute("select pg_temp.kind(%s)", [numeric.Int4(5)]).fetchone() == ("int",)
    assert cur.execute("select pg_temp.kind(%s)", [numeric.Float8(5)]).fetchone() == ("float",)
