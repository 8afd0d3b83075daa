"""Ranges, against psycopg."""

from __future__ import annotations

import copy
import datetime as dt
import gc
import operator
import pickle
import struct
import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import _howdah, adapt, adapters, errors
from howdah.types import numeric
from howdah.types import range as ours
from howdah.types.range import Int4Range, Range, RangeInfo, register_range
from oracle import BINARY, TEXT, check_load_alike, outcome, psycopg, psycopg_in_c

theirs = pytest.importorskip("psycopg.types.range")

INT4RANGE, NUMRANGE, TSRANGE, TSTZRANGE, DATERANGE, INT8RANGE = 3904, 3906, 3908, 3910, 3912, 3926
INT4RANGE_ARRAY, TEXT_OID, TEXTRANGE = 3905, 25, 70000
UTC = dt.timezone.utc

bounds = st.sampled_from(["[)", "(]", "()", "[]"])


def arguments(items: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(items | st.none(), items | st.none(), bounds) | st.just((None, None, "[)", True))


ints = arguments(st.integers(-(2**31), 2**31 - 1))


def both(args: tuple[Any, ...], name: str = "Range") -> tuple[Any, Any]:
    return getattr(ours, name)(*args), getattr(theirs, name)(*args)


# ---- the class


@given(ints)
def test_attributes(args: tuple[Any, ...]) -> None:
    mine, other = both(args)
    for name in ("lower", "upper", "bounds", "isempty", "lower_inf", "upper_inf", "lower_inc", "upper_inc"):
        assert getattr(mine, name) == getattr(other, name), name
    assert (repr(mine), str(mine), bool(mine)) == (repr(other), str(other), bool(other))
    assert repr(Int4Range(*args)) == repr(theirs.Int4Range(*args))


@given(arguments(st.integers(0, 3)), arguments(st.integers(0, 3)))
def test_comparing(a: tuple[Any, ...], b: tuple[Any, ...]) -> None:
    mine, other = both(a), both(b)
    for op in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge):
        assert op(mine[0], other[0]) == op(mine[1], other[1]), op
    assert (hash(mine[0]) == hash(other[0])) == (mine[0] == other[0])


@given(arguments(st.integers(0, 5)), st.integers(-1, 6))
def test_contains(args: tuple[Any, ...], x: int) -> None:
    mine, other = both(args)
    assert (x in mine) == (x in other)


@pytest.mark.parametrize("bounds", ["", "[", "[}", "][", "[)x", None, 5])
def test_bad_bounds(bounds: Any) -> None:
    for cls in (Range, theirs.Range):
        with pytest.raises(ValueError, match="bound flags not valid"):
            cls(1, 2, bounds)


def test_compared_with_something_else() -> None:
    assert Range(1, 2) != (1, 2)
    assert (Range(1, 2) == 5) is False
    for op in (operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(TypeError):
            op(Range(1, 2), 5)
        with pytest.raises(TypeError):
            op(Range(1, 2), Range("a", "b"))
    with pytest.raises(TypeError):
        assert "a" in Range(1, 2)


def test_immutable() -> None:
    for name in ("lower", "upper", "bounds", "other"):
        with pytest.raises(AttributeError):
            setattr(Range(1, 2), name, 5)


@given(ints)
def test_copies(args: tuple[Any, ...]) -> None:
    for cls in (Range, Int4Range):
        value = cls(*args)
        copies = [pickle.loads(pickle.dumps(value, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
        for found in [*copies, copy.copy(value), copy.deepcopy(value)]:
            assert type(found) is cls
            assert (found, repr(found)) == (value, repr(value))


def test_wrappers_equal_the_plain_one() -> None:
    assert Int4Range(1, 2) == Range(1, 2)
    assert hash(Int4Range(1, 2)) == hash(Range(1, 2))
    assert Range[int] is not None


# ---- loading

FAMILIES = {
    "Int4Range": (INT4RANGE, st.integers(-(2**31), 2**31 - 1)),
    "Int8Range": (INT8RANGE, st.integers(-(2**63), 2**63 - 1)),
    "NumericRange": (NUMRANGE, st.decimals(allow_nan=False)),
    "DateRange": (DATERANGE, st.dates()),
    "TimestampRange": (TSRANGE, st.datetimes()),
    "TimestamptzRange": (
        TSTZRANGE,
        st.datetimes(min_value=dt.datetime(2, 1, 1), max_value=dt.datetime(9999, 1, 1), timezones=st.just(UTC)),
    ),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_there_and_back(name: str) -> None:
    oid, items = FAMILIES[name]

    @given(arguments(items))
    def check(args: tuple[Any, ...]) -> None:
        value, other = both(args, name)
        for format in "tb":
            found_oid, wire, data = _howdah.dump(value, format)
            dumper = psycopg.adapt.Transformer().get_dumper(other, psycopg.adapt.PyFormat(format))
            assert (found_oid, wire) == (oid, dumper.format) == (dumper.oid, "tb".index(format))
            if name != "NumericRange":  # psycopg writes a numeric with zeros that the server leaves out
                assert data == dumper.dump(other)
            assert _howdah.load(oid, wire, data) == value
            check_load_alike(oid, wire, data)
        assert _howdah.dump(value, "s")[:2] == (oid, BINARY)

    check()


@pytest.mark.parametrize(
    ("oid", "data"),
    [
        (INT4RANGE, b"empty"),
        (INT4RANGE, b"(,)"),
        (INT4RANGE, b"[1,)"),
        (INT4RANGE, b"(,5]"),
        (INT4RANGE, b'["1","2")'),
        (NUMRANGE, b"[1.50,NaN]"),
        (TSRANGE, b'["2020-01-01 00:00:00","2021-01-01 00:00:00.5")'),
        (TSTZRANGE, b'["2020-01-01 00:00:00+00",)'),
        (DATERANGE, b"[2020-01-01,infinity)"),
        (INT8RANGE, b"[-9223372036854775808,9223372036854775807)"),
        (INT4RANGE_ARRAY, b'{"[1,2)",empty,NULL,"(,)"}'),
    ],
)
def test_what_a_server_writes(oid: int, data: bytes) -> None:
    check_load_alike(oid, TEXT, data)


def int4(n: int) -> bytes:
    return struct.pack("!ii", 4, n)


@pytest.mark.parametrize(
    "data",
    [
        b"\1",
        b"\2" + int4(1) + int4(2),
        b"\6" + int4(1) + int4(2),
        b"\x18",
        b"\x12" + int4(1),
        b"\x0c" + int4(2),
        b"\x1e",
    ],
)
def test_binary(data: bytes) -> None:
    check_load_alike(INT4RANGE, BINARY, data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"[",
        b"[1,2",
        b"1,2)",
        b"[1]",
        b"[1,2)x",
        b" [1,2)",
        b"[1,2,3)",
        b"[a,b)",
        b'["",)',
        b'["1,2)',
        b"EMPTY",
        b"emptyx",
    ],
)
def test_malformed_text(data: bytes) -> None:
    with pytest.raises(errors.DataError):
        _howdah.load(INT4RANGE, TEXT, data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\2",
        b"\2" + int4(1),
        b"\2" + int4(1) + int4(2)[:-1],
        b"\2" + int4(1) + int4(2) + b"\0",
        b"\1\0",
        b"\2\xff\xff\xff\xff" + int4(2),
        b"\2\x7f\xff\xff\xff" + int4(2),
        b"\2\0\0\0\3abc" + int4(2),
    ],
)
def test_malformed_binary(data: bytes) -> None:
    with pytest.raises(errors.DataError):
        _howdah.load(INT4RANGE, BINARY, data)


@given(
    st.binary(max_size=20) | st.text('[()],"\\ 1emptya', max_size=10).map(str.encode), st.sampled_from([TEXT, BINARY])
)
def test_any_bytes_are_a_range_or_an_error(data: bytes, format: int) -> None:
    value = outcome(_howdah.load, INT4RANGE, format, data)
    assert value == "DataError" or value[0] is Range


# ---- dumping plain ranges


@pytest.mark.parametrize(
    "args",
    [
        (1, 2),
        (1, 2**40),
        (2**70, None),
        (None, 2**40, "(]"),
        (1.5, 2.5),
        pytest.param((1.5, 2), marks=psycopg_in_c),
        (Decimal("1.5"), None),
        ("a", "b"),
        (' a,"\\', "[)"),
        ("", ""),
        (dt.date(2020, 1, 1), None, "(]"),
        (dt.datetime(2020, 1, 1), None),
        (None, dt.datetime(2020, 1, 1, tzinfo=UTC)),
        (dt.time(1), None),
        (True, False),
        ([1], [2]),
        (None, None),
        (None, None, "[)", True),
    ],
)
def test_dump(args: tuple[Any, ...]) -> None:
    mine, other = both(args)
    for format in "stb":
        dumper = psycopg.adapt.Transformer().get_dumper(other, psycopg.adapt.PyFormat(format))
        assert _howdah.dump(mine, format) == (dumper.oid, dumper.format, dumper.dump(other)), format
        if format != "b":
            dumper = psycopg.adapt.Transformer().get_dumper([other], psycopg.adapt.PyFormat(format))
            assert _howdah.dump([mine], format) == (dumper.oid, dumper.format, dumper.dump([other]))
    assert adapt.Transformer().as_literal(mine) == psycopg.adapt.Transformer().as_literal(other)


@given(arguments(st.text('ab ,"\\()[]\t', max_size=6)))
def test_dump_text(args: tuple[Any, ...]) -> None:
    mine, other = both(args)
    assert _howdah.dump(mine, "t")[2] == psycopg.adapt.Transformer().get_dumper(
        other, psycopg.adapt.PyFormat.TEXT
    ).dump(other)


def test_classes_of_integers() -> None:
    """Where there are ranges of the type, they are sent as that."""
    assert _howdah.dump(Range(numeric.Int8(1), None), "s") == (INT8RANGE, TEXT, b"[1,)")
    assert _howdah.dump(Range(numeric.Int8(1), None), "b")[:2] == (INT8RANGE, BINARY)
    assert _howdah.dump(Range(numeric.Int2(1), None), "b") == (0, TEXT, b"[1,)")


def test_a_class_of_ones_own() -> None:
    class Period(Range[dt.date]):
        pass

    for format, wire in (("s", TEXT), ("b", BINARY)):
        assert _howdah.dump(Period(dt.date(2020, 1, 1), None), format)[:2] == (DATERANGE, wire)
    assert _howdah.dump(Period(1, 2), "b") == (0, TEXT, b"[1,2)")


def test_bounds_that_cannot_be_sent() -> None:
    for value, error in [
        (Range(object(), None), errors.ProgrammingError),
        (Int4Range("a", None), TypeError),
        (Int4Range(2**40, None), errors.DataError),
    ]:
        with pytest.raises(error):
            _howdah.dump(value, "b")


# ---- range types of one's own


class Registered:
    def __init__(self, subtype_oid: int = TEXT_OID) -> None:
        self.ours = adapt.AdaptersMap(adapters)
        self.theirs = psycopg.adapt.AdaptersMap(psycopg.adapters)
        self.info = RangeInfo("textrange", TEXTRANGE, TEXTRANGE + 1, subtype_oid=subtype_oid)
        register_range(self.info, self.ours)
        theirs.register_range(
            theirs.RangeInfo("textrange", TEXTRANGE, TEXTRANGE + 1, subtype_oid=subtype_oid), self.theirs
        )
        self.tx = adapt.Transformer(self.ours)

    def load(self, oid: int, format: int, data: bytes) -> Any:
        value = self.tx.get_loader(oid, adapt.Format(format)).load(data)
        wanted = psycopg.adapt.Transformer(self.theirs).get_loader(oid, psycopg.pq.Format(format)).load(data)
        assert repr(value) == repr(wanted)
        return value


def test_registered() -> None:
    registered = Registered()
    assert registered.load(TEXTRANGE, TEXT, b'[a,"b ""c")') == Range("a", 'b "c')
    assert registered.load(TEXTRANGE, BINARY, b"\2\0\0\0\1a\0\0\0\1b") == Range("a", "b")
    assert registered.load(TEXTRANGE + 1, TEXT, b'{"[a,b)",empty}') == [Range("a", "b"), Range(empty=True)]
    for format in "stb":
        dumper = registered.tx.get_dumper(Range("a", "b"), adapt.PyFormat(format))
        wanted = psycopg.adapt.Transformer(registered.theirs).get_dumper(
            theirs.Range("a", "b"), psycopg.adapt.PyFormat(format)
        )
        assert (dumper.oid, dumper.format) == (wanted.oid, wanted.format)
        assert dumper.dump(Range("a", "b")) == wanted.dump(theirs.Range("a", "b"))


def test_info() -> None:
    registered = Registered()
    types = registered.ours.types
    assert types.get_by_subtype(RangeInfo, TEXT_OID) is types.get_by_subtype(RangeInfo, "text") is registered.info
    assert types.get_by_subtype(RangeInfo, "int4").oid == INT4RANGE  # type: ignore[union-attr]
    assert types.get_by_subtype(RangeInfo, "uuid") is None
    assert adapters.types.get_by_subtype(RangeInfo, TEXT_OID) is None
    assert repr(registered.info) == "<RangeInfo: textrange (oid: 70000, array oid: 70001)>"
    known = {info.name: info for info in psycopg.adapters.types if isinstance(info, theirs.RangeInfo)}
    for name, info in known.items():
        mine = adapters.types[name]
        assert isinstance(mine, RangeInfo)
        assert (mine.oid, mine.array_oid, mine.subtype_oid) == (info.oid, info.array_oid, info.subtype_oid)


def test_no_info() -> None:
    with pytest.raises(TypeError, match="range"):
        register_range(None)


def test_registered_again() -> None:
    first, second = Registered(), Registered()
    for format in adapt.Format:
        assert first.ours.get_loader(TEXTRANGE, format) is second.ours.get_loader(TEXTRANGE, format)


def test_a_range_of_itself() -> None:
    registered = Registered(subtype_oid=TEXTRANGE)
    with pytest.raises(errors.DataError):
        registered.tx.get_loader(TEXTRANGE, adapt.Format.TEXT).load(b"[" * 100_000 + b",)")
    data = b"\1"
    for _ in range(1000):
        data = b"\x12" + struct.pack("!i", len(data)) + data
    with pytest.raises(errors.DataError, match="nested"):
        registered.tx.get_loader(TEXTRANGE, adapt.Format.BINARY).load(data)


def test_subclasses_of_the_built_in() -> None:
    class Halved(ours.Int4RangeLoader):
        def load(self, data: Any) -> Any:
            value = super().load(data)
            return Range(value.lower // 2, value.upper // 2)

    class Mine(ours.RangeLoader):
        subtype_oid = 23

    class MineBinary(ours.RangeBinaryLoader):
        subtype_oid = 23

    context = adapt.AdaptersMap(adapters)
    context.register_loader("int4range", Halved)
    context.register_loader(99999, Mine)
    context.register_loader(99999, MineBinary)
    tx = adapt.Transformer(context)
    assert tx.get_loader(INT4RANGE, adapt.Format.TEXT).load(b"[2,4)") == Range(1, 2)
    assert tx.get_loader(INT4RANGE_ARRAY, adapt.Format.TEXT).load(b'{"[2,4)"}') == [Range(1, 2)]
    assert tx.get_loader(99999, adapt.Format.TEXT).load(b"[2,4)") == Range(2, 4)
    assert tx.get_loader(99999, adapt.Format.BINARY).load(b"\1") == Range(empty=True)


def test_no_leak() -> None:
    cases = [
        (INT4RANGE, TEXT, b"[1,2)"),
        (INT4RANGE, TEXT, b'["1",x)'),
        (INT4RANGE, TEXT, b"[1,2"),
        (INT4RANGE, BINARY, b"\2" + int4(1) + int4(2)),
        (INT4RANGE, BINARY, b"\2" + int4(1) + b"\0\0\0\0"),
        (TSRANGE, TEXT, b"[2020-01-01 00:00:00,infinity)"),
    ]

    def run() -> None:
        for case in cases:
            outcome(_howdah.load, *case)

    for _ in range(20):
        run()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(200):
        run()
    gc.collect()
    assert sys.getallocatedblocks() - before < 50


def test_a_list_with_an_empty_range() -> None:
    value = [Range(empty=True), Range(dt.date(2020, 1, 1), None)]
    for format in "stb":
        oid, wire, data = _howdah.dump(value, format)
        assert oid == 3913
        assert _howdah.load(oid, wire, data) == value
