"""Int2, Int4, Int8, IntNumeric, Oid, Float4, Float8 and the adapters of numbers by class, beside psycopg's."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import howdah
from howdah import errors
from howdah.adapt import PyFormat, Transformer
from howdah.pq import Format
from howdah.types import numeric
from oracle import psycopg

theirs = psycopg.types.numeric

INTS = ["Int2", "Int4", "Int8", "IntNumeric", "Oid"]
FLOATS = ["Float4", "Float8"]
BOUNDS = {
    "Int2": (-(2**15), 2**15 - 1),
    "Int4": (-(2**31), 2**31 - 1),
    "Int8": (-(2**63), 2**63 - 1),
    "Oid": (0, 2**32 - 1),
}

integers = st.integers(0, 70).flatmap(lambda bits: st.integers(-(2**bits) - 2, 2**bits + 2))


# ---- the classes


@pytest.mark.parametrize("name", INTS + FLOATS)
@pytest.mark.parametrize("value", [0, 1, -1, 1.5, "7", 2**70, True])
def test_made_as_psycopgs(name, value):
    ours, other = getattr(numeric, name)(value), getattr(theirs, name)(value)
    assert ours == other
    assert (repr(ours), str(ours), f"{ours}", hash(ours)) == (repr(other), str(other), f"{other}", hash(other))
    assert type(ours).__bases__ == type(other).__bases__
    assert type(ours).__module__ == "howdah.types.numeric"
    assert not hasattr(ours, "__dict__")


@pytest.mark.parametrize("name", INTS + FLOATS)
@pytest.mark.parametrize("arguments", [(), (None,), ("x",), ("7", 10)])
def test_refused(name, arguments):
    for module in (numeric, theirs):
        with pytest.raises((TypeError, ValueError)):
            getattr(module, name)(*arguments)


@pytest.mark.parametrize("name", INTS + FLOATS)
def test_copies(name):
    value = getattr(numeric, name)(5)
    for again in (copy.copy(value), copy.deepcopy(value), *(pickle.loads(pickle.dumps(value, p)) for p in range(6))):
        assert (type(again), again) == (type(value), value)


@pytest.mark.parametrize("name", INTS + FLOATS)
def test_calculating_gives_plain_numbers(name):
    assert type(getattr(numeric, name)(5) + 1) in (int, float)


# ---- values and formats


def ours_dumped(obj, format):
    dumper = Transformer().get_dumper(obj, PyFormat(format))
    return type(dumper).__name__, dumper.oid, int(dumper.format), bytes(dumper.dump(obj))


def theirs_dumped(obj, format):
    dumper = psycopg.adapt.Transformer().get_dumper(obj, psycopg.adapt.PyFormat(format))
    return type(dumper).__name__, dumper.oid, int(dumper.format), bytes(dumper.dump(obj))


def check(name, value):
    for format in "stb":
        ours = ours_dumped(getattr(numeric, name)(value), format)
        assert ours == theirs_dumped(getattr(theirs, name)(value), format)
        assert howdah._howdah.dump(getattr(numeric, name)(value), format) == ours[1:]


@given(st.sampled_from(list(BOUNDS)), integers)
def test_integers(name, value):
    low, high = BOUNDS[name]
    if low <= value <= high:
        check(name, value)
        return
    assert ours_dumped(getattr(numeric, name)(value), "t") == theirs_dumped(getattr(theirs, name)(value), "t")
    for format in "sb":
        with pytest.raises(errors.DataError, match=f"integer out of range for {name.lower()}"):
            ours_dumped(getattr(numeric, name)(value), format)


@given(integers)
def test_numeric_integers(value):
    ours, other = numeric.IntNumeric(value), theirs.IntNumeric(value)
    assert ours_dumped(ours, "s") == ours_dumped(ours, "t") == theirs_dumped(other, "t")
    name, oid, format, data = ours_dumped(ours, "b")
    assert (name, oid, format) == ("IntNumericBinaryDumper", 1700, 1)
    # psycopg keeps zeros at the ends, so that the bytes may differ
    assert psycopg.types.numeric.NumericBinaryLoader(1700).load(data) == value


@given(st.floats())
def test_float8(value):
    check("Float8", value)


@given(st.floats(width=32) | st.floats(-3.4e38, 3.4e38))
def test_float4(value):
    if value == 0 or not abs(value) < 1e-45:
        check("Float4", value)


@pytest.mark.parametrize("value", [1e300, -3.5e38, 1e-300])
def test_float4_out_of_range(value):
    for format in "sb":
        with pytest.raises(errors.DataError, match="number out of range for float4"):
            ours_dumped(numeric.Float4(value), format)


@given(integers)
def test_plain_integers(value):
    for format in "stb":
        if format == "t" or abs(value) < 2**63:
            assert ours_dumped(value, format) == theirs_dumped(value, format)


# ---- the adapters by class


def classes(module):
    return {
        name: cls
        for name, cls in vars(module).items()
        if inspect.isclass(cls) and cls.__module__ == module.__name__ and name.endswith(("Dumper", "Loader"))
    }


@pytest.mark.parametrize("name", [name for name in classes(theirs) if not name.startswith("_")])
def test_classes_of_psycopgs(name):
    ours, other = getattr(numeric, name), getattr(theirs, name)
    assert ours.format == other.format
    assert getattr(ours, "oid", None) == getattr(other, "oid", None)


@pytest.mark.parametrize("oid", [20, 21, 23, 26, 700, 701, 1700])
@pytest.mark.parametrize("format", [0, 1])
def test_by_oid(oid, format):
    ours = howdah.adapters.get_dumper_by_oid(oid, Format(format))
    assert ours.__name__ == psycopg.adapters.get_dumper_by_oid(oid, psycopg.pq.Format(format)).__name__
    ours = howdah.adapters.get_loader(oid, Format(format))
    assert ours.__name__ == psycopg.adapters.get_loader(oid, psycopg.pq.Format(format)).__name__


QUOTED = [
    ("Int2", -5), ("Int4", 5), ("Int8", -(2**40)), ("IntNumeric", -(2**80)), ("Oid", 5), ("Float4", -0.5),
    ("Float4", "-inf"), ("Float8", "nan"), ("Float8", "inf"), ("Float8", 1e300),
]  # fmt: skip
PLAIN = [
    5,
    -5,
    2**80,
    1.5,
    -0.0,
    math.inf,
    -math.inf,
    math.nan,
    Decimal("-1.5"),
    Decimal("NaN"),
    Decimal("-Infinity"),
]


@pytest.mark.parametrize(("name", "value"), QUOTED)
def test_quoted_wrappers(name, value):
    quote_as_psycopg(getattr(numeric, name)(value), getattr(theirs, name)(value))


@pytest.mark.parametrize("value", PLAIN)
def test_quoted(value):
    quote_as_psycopg(value, value)


def quote_as_psycopg(ours, other):
    quoted = Transformer().get_dumper(ours, PyFormat.TEXT).quote(ours)
    assert quoted == psycopg.adapt.Transformer().get_dumper(other, psycopg.adapt.PyFormat.TEXT).quote(other)
    assert Transformer().as_literal(ours) == psycopg.adapt.Transformer().as_literal(other)


@pytest.mark.parametrize(("binary", "prefix"), [(False, ""), (True, "Binary")], ids=["text", "binary"])
@pytest.mark.parametrize("value", [0, 2**15 - 1, 2**15, -(2**31), 2**31, 2**63 - 1, 2**63])
def test_int_dumper_dispatches(binary, prefix, value):
    format = PyFormat.BINARY if binary else PyFormat.TEXT
    for module in (numeric, theirs):
        dumper = getattr(module, f"Int{prefix}Dumper")(int)
        key = dumper.get_key(value, format)
        upgraded = dumper.upgrade(value, format)
        assert key is upgraded.cls
        assert type(upgraded).__name__ == f"{key.__name__}{prefix}Dumper"
    assert (
        numeric.IntDumper(int).get_key(value, format).__name__ == theirs.IntDumper(int).get_key(value, None).__name__
    )


@pytest.mark.parametrize("value", [5, -3, 2**70, Decimal("1.5"), Decimal("-Infinity"), numeric.Int4(7)])
def test_numeric_dumpers_take_both(value):
    for name in ("NumericDumper", "NumericBinaryDumper"):
        ours, other = getattr(numeric, name)(type(value)), getattr(theirs, name)(type(value))
        assert bytes(ours.dump(value)) == bytes(other.dump(value))


@pytest.mark.parametrize("value", [1.5, "x", None, [1]])
def test_numeric_dumpers_take_nothing_else(value):
    for module in (numeric, theirs):
        for name in ("NumericDumper", "NumericBinaryDumper"):
            with pytest.raises(TypeError):
                getattr(module, name)(type(value)).dump(value)


# ---- of any class


FAMILIES = "int float numeric date time datetime timedelta list uuid bool str bytea".split()
CORES = [f"{family}_{format}" for family in FAMILIES for format in ("text", "binary")]
CORES += ["int2_binary", "int4_binary", "int8_binary", "oid_binary", "float4_binary"]


class Odd:
    """Fits no dumper."""

    def __bool__(self):
        raise ValueError("neither")


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("obj", [Odd(), Odd, None, 1, "text", 1.5, b"x", [Odd()], {}], ids=lambda o: type(o).__name__)
def test_a_dumper_may_meet_any_object(core, obj):
    """As when a class is registered for a Dumper that was made for another."""
    dumper = howdah._howdah.dumper_core(core)
    try:
        data = dumper.dump(obj, Transformer())[2]
    except (TypeError, ValueError, AttributeError, errors.Error):
        return
    assert isinstance(data, bytes)


def test_an_index_is_enough():
    class Number:
        def __index__(self):
            return 2**70

    assert howdah._howdah.dumper_core("int_text").dump(Number(), Transformer()) == (0x6A4, 0, str(2**70).encode())
    with pytest.raises(TypeError, match="cannot dump str as date"):
        howdah._howdah.dumper_core("date_binary").dump("x", Transformer())
