"""Multiranges, against psycopg."""

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
from howdah.types import multirange as ours
from howdah.types import numeric
from howdah.types import range as ranges
from howdah.types.multirange import Int4Multirange, Multirange, MultirangeInfo, register_multirange
from howdah.types.range import Range
from oracle import BINARY, TEXT, check_load_alike, outcome, psycopg, psycopg_in_c

theirs = pytest.importorskip("psycopg.types.multirange")
their_ranges = pytest.importorskip("psycopg.types.range")

INT4, NUM, TS, TSTZ, DATE, INT8 = 4451, 4532, 4533, 4534, 4535, 4536
INT4_ARRAY, TEXT_OID, TEXTRANGE, TEXTMULTIRANGE = 6150, 25, 70000, 70010
UTC = dt.timezone.utc


def parts(items: st.SearchStrategy[Any]) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """Arguments of ranges."""
    bounds = st.sampled_from(["[)", "(]", "()", "[]"])
    args = st.tuples(items | st.none(), items | st.none(), bounds) | st.just((None, None, "[)", True))
    return st.lists(args, max_size=3)


def both(args: list[tuple[Any, ...]], name: str = "Multirange") -> tuple[Any, Any]:
    return (
        getattr(ours, name)([Range(*arg) for arg in args]),
        getattr(theirs, name)([their_ranges.Range(*arg) for arg in args]),
    )


# ---- the class


@given(parts(st.integers()))
def test_shown(args: list[tuple[Any, ...]]) -> None:
    mine, other = both(args)
    assert (repr(mine), str(mine), bool(mine), len(mine)) == (repr(other), str(other), bool(other), len(other))
    mine, other = both(args, "Int4Multirange")
    assert repr(mine) == repr(other)


@given(parts(st.integers(0, 2)), parts(st.integers(0, 2)))
def test_comparing(a: list[tuple[Any, ...]], b: list[tuple[Any, ...]]) -> None:
    mine, other = both(a), both(b)
    for op in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge):
        assert op(mine[0], other[0]) == op(mine[1], other[1]), op


def test_compared_with_something_else() -> None:
    value = Multirange([Range(1, 2)])
    assert value != [Range(1, 2)]
    assert (value == 5) is False
    assert value == Int4Multirange([Range(1, 2)])
    for op in (operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(TypeError):
            op(value, [Range(1, 2)])
    with pytest.raises(TypeError, match="unhashable"):
        hash(value)


def test_a_sequence_that_changes() -> None:
    a, b, c = Range(1, 2), Range(3, 4), Range(5, 6)
    value = Multirange(range for range in (a, b))
    value.append(c)
    assert list(value) == [a, b, c]
    assert value[0] is a
    assert value[-1] is c
    assert type(value[1:]) is Multirange
    assert value[1:] == Multirange([b, c])
    value[0] = c
    value[1:] = [a]
    value.insert(1, b)
    assert list(value) == [c, b, a]
    del value[0]
    del value[:1]
    assert list(value) == [a]
    value.extend([b, c])
    value += [b]
    assert value.pop() == b
    value.remove(b)
    value.reverse()
    assert list(value) == [c, a]
    assert c in value
    assert value.index(a) == 1
    value.clear()
    assert not value
    with pytest.raises(IndexError):
        assert value[0]


def test_only_ranges() -> None:
    value = Multirange([Range(1, 2)])
    for change in (
        lambda: Multirange([1]),  # type: ignore[list-item]
        lambda: value.append(5),  # type: ignore[arg-type]
        lambda: value.insert(0, (1, 2)),  # type: ignore[arg-type]
        lambda: value.extend(["[1,2)"]),  # type: ignore[list-item]
        lambda: operator.setitem(value, 0, None),  # type: ignore[call-overload]
        lambda: operator.setitem(value, slice(0, 1), [5]),  # type: ignore[call-overload]
        lambda: operator.setitem(value, slice(0, 1), 5),  # type: ignore[call-overload]
        lambda: Multirange(5),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError):
            change()
    assert value == Multirange([Range(1, 2)])


@given(parts(st.integers()))
def test_copies(args: list[tuple[Any, ...]]) -> None:
    value = both(args, "Int4Multirange")[0]
    for found in [
        *[pickle.loads(pickle.dumps(value, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)],
        copy.copy(value),
        copy.deepcopy(value),
    ]:
        assert type(found) is Int4Multirange
        assert found == value


# ---- loading

FAMILIES = {
    "Int4Multirange": (INT4, st.integers(-(2**31), 2**31 - 1)),
    "Int8Multirange": (INT8, st.integers(-(2**63), 2**63 - 1)),
    "NumericMultirange": (NUM, st.decimals(allow_nan=False)),
    "DateMultirange": (DATE, st.dates()),
    "TimestampMultirange": (TS, st.datetimes()),
    "TimestamptzMultirange": (
        TSTZ,
        st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9999, 1, 1), timezones=st.just(UTC)),
    ),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_there_and_back(name: str) -> None:
    oid, items = FAMILIES[name]

    @given(parts(items))
    def check(args: list[tuple[Any, ...]]) -> None:
        value, other = both(args, name)
        for format in "tb":
            found_oid, wire, data = _howdah.dump(value, format)
            dumper = psycopg.adapt.Transformer().get_dumper(other, psycopg.adapt.PyFormat(format))
            assert (found_oid, wire) == (oid, dumper.format) == (dumper.oid, "tb".index(format))
            if name != "NumericMultirange":  # psycopg writes a numeric with zeros that the server leaves out
                assert data == dumper.dump(other)
            assert _howdah.load(oid, wire, data) == value
            if format == "b" or all(value):  # psycopg doesn't read an empty range there; the server writes none
                check_load_alike(oid, wire, data)
        assert _howdah.dump(value, "s")[:2] == (oid, BINARY)

    check()


@pytest.mark.parametrize(
    ("oid", "data"),
    [
        (INT4, b"{}"),
        (INT4, b"{[1,2)}"),
        (INT4, b"{(,2),[5,6),[9,)}"),
        (NUM, b"{(,1.5],[3,NaN)}"),
        (TS, b'{["2020-01-01 00:00:00","2021-01-01 00:00:00.5")}'),
        (TSTZ, b'{["2020-01-01 00:00:00+00",)}'),
        (DATE, b"{[2020-01-01,infinity)}"),
        (INT8, b"{[-9223372036854775808,9223372036854775807)}"),
        (INT4_ARRAY, b'{"{[1,2),[3,4)}","{}",NULL}'),
    ],
)
def test_what_a_server_writes(oid: int, data: bytes) -> None:
    check_load_alike(oid, TEXT, data)


def int4(n: int) -> bytes:
    return struct.pack("!ii", 4, n)


def sent(*ranges: bytes) -> bytes:
    return struct.pack("!i", len(ranges)) + b"".join(struct.pack("!i", len(range)) + range for range in ranges)


WHOLE = b"\2" + int4(1) + int4(2)


@pytest.mark.parametrize("data", [sent(), sent(WHOLE), sent(b"\x18"), sent(WHOLE, b"\x12" + int4(5))])
def test_binary(data: bytes) -> None:
    check_load_alike(INT4, BINARY, data)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"}", b"[1,2)", b"{[1,2)", b"{[1,2)}x", b"{[1,2)[3,4)}", b"{,}", b"{[1,2),}", b"{x}", b"{[a,b)}",
        b'{["1,2)}', b"{{[1,2)}}", b"{ [1,2)}",
    ],
)  # fmt: skip
def test_malformed_text(data: bytes) -> None:
    with pytest.raises(errors.DataError):
        _howdah.load(INT4, TEXT, data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0",
        struct.pack("!i", -1),
        struct.pack("!i", 1),
        struct.pack("!i", 2**28) + sent(WHOLE),
        sent(WHOLE)[:-1],
        sent(WHOLE) + b"\0",
        sent(WHOLE + b"\0"),
        sent(b""),
        sent(b"\2\0\0\0\0" + int4(1)),
        struct.pack("!ii", 1, -1) + WHOLE,
    ],
)
def test_malformed_binary(data: bytes) -> None:
    with pytest.raises(errors.DataError):
        _howdah.load(INT4, BINARY, data)


@given(
    st.binary(max_size=24) | st.text('{[()],"\\ 1empty}', max_size=12).map(str.encode),
    st.sampled_from([TEXT, BINARY]),
)
def test_any_bytes_are_a_multirange_or_an_error(data: bytes, format: int) -> None:
    value = outcome(_howdah.load, INT4, format, data)
    assert value == "DataError" or value[0] is Multirange


# ---- dumping plain multiranges


@pytest.mark.parametrize(
    "args",
    [
        [],
        [(1, 2), (5, 6)],
        [(None, None, "[)", True), (2**40, None)],
        [(Decimal("1.5"), None)],
        [(None, None)],
        [(dt.date(2020, 1, 1), None), (None, None)],
        [(dt.datetime(2020, 1, 1), None)],
        [(None, dt.datetime(2020, 1, 1, tzinfo=UTC))],
        [("a", "b c"), ("}", "[")],
        pytest.param([(1.5, 2)], marks=psycopg_in_c),
    ],
)
def test_dump(args: list[tuple[Any, ...]]) -> None:
    mine, other = both(args)
    for format in "stb":
        dumper = psycopg.adapt.Transformer().get_dumper(other, psycopg.adapt.PyFormat(format))
        assert _howdah.dump(mine, format) == (dumper.oid, dumper.format, dumper.dump(other)), format
        if format != "b":
            dumper = psycopg.adapt.Transformer().get_dumper([other], psycopg.adapt.PyFormat(format))
            assert _howdah.dump([mine], format) == (dumper.oid, dumper.format, dumper.dump([other]))
    assert adapt.Transformer().as_literal(mine) == psycopg.adapt.Transformer().as_literal(other)


def test_classes_of_integers() -> None:
    value = Multirange([Range(numeric.Int8(1), None)])
    assert _howdah.dump(value, "s") == (INT8, TEXT, b"{[1,)}")
    assert _howdah.dump(value, "b")[:2] == (INT8, BINARY)


def test_bounds_that_cannot_be_sent() -> None:
    for value, error in [
        (Multirange([Range(object(), None)]), errors.ProgrammingError),
        (Int4Multirange([Range("a", None)]), TypeError),  # type: ignore[list-item]
        (Int4Multirange([Range(2**40, None)]), errors.DataError),
    ]:
        with pytest.raises(error):
            _howdah.dump(value, "b")


# ---- multirange types of one's own


@pytest.fixture
def context() -> adapt.AdaptersMap:
    context = adapt.AdaptersMap(adapters)
    ranges.register_range(ranges.RangeInfo("textrange", TEXTRANGE, 0, subtype_oid=TEXT_OID), context)
    info = MultirangeInfo("texts", TEXTMULTIRANGE, TEXTMULTIRANGE + 1, range_oid=TEXTRANGE, subtype_oid=TEXT_OID)
    register_multirange(info, context)
    return context


def test_registered(context: adapt.AdaptersMap) -> None:
    value = Multirange([Range("a,}", 'b "c')])
    tx = adapt.Transformer(context)
    for format, wire in (("s", TEXT), ("t", TEXT), ("b", BINARY)):
        dumper = tx.get_dumper(value, adapt.PyFormat(format))
        assert (dumper.oid, dumper.format) == (TEXTMULTIRANGE, wire)
        data = dumper.dump(value)
        assert data is not None
        assert tx.get_loader(TEXTMULTIRANGE, adapt.Format(wire)).load(data) == value
    assert tx.get_loader(TEXTMULTIRANGE + 1, adapt.Format.TEXT).load(b'{"{[a,b)}","{}"}') == [
        Multirange([Range("a", "b")]),
        Multirange(),
    ]


def test_info(context: adapt.AdaptersMap) -> None:
    types = context.types
    info = types["texts"]
    assert types.get_by_subtype(MultirangeInfo, TEXT_OID) is types.get((MultirangeInfo, TEXTRANGE)) is info
    assert types.get_by_subtype(MultirangeInfo, "uuid") is None
    assert repr(info) == "<MultirangeInfo: texts (oid: 70010, array oid: 70011)>"
    for other in psycopg.adapters.types:
        if isinstance(other, theirs.MultirangeInfo):
            mine = adapters.types[other.name]
            assert isinstance(mine, MultirangeInfo)
            assert (mine.oid, mine.array_oid) == (other.oid, other.array_oid)
            assert (mine.range_oid, mine.subtype_oid) == (other.range_oid, other.subtype_oid)


def test_no_info() -> None:
    with pytest.raises(TypeError, match="multirange"):
        register_multirange(None)


def test_subclasses_of_the_built_in() -> None:
    class First(ours.Int4MultirangeLoader):
        def load(self, data: Any) -> Any:
            return super().load(data)[0]

    class Mine(ours.MultirangeBinaryLoader):
        subtype_oid = 23

    context = adapt.AdaptersMap(adapters)
    context.register_loader("int4multirange", First)
    context.register_loader(99999, Mine)
    tx = adapt.Transformer(context)
    assert tx.get_loader(INT4, adapt.Format.TEXT).load(b"{[2,4)}") == Range(2, 4)
    assert tx.get_loader(99999, adapt.Format.BINARY).load(sent(WHOLE)) == Multirange([Range(1, 2)])


def test_no_leak() -> None:
    cases = [
        (INT4, TEXT, b"{[1,2),[3,)}"),
        (INT4, TEXT, b"{[1,2),[x,)}"),
        (INT4, TEXT, b"{[1,2),"),
        (INT4, BINARY, sent(WHOLE, WHOLE)),
        (INT4, BINARY, sent(WHOLE, b"\2")),
        (INT4, BINARY, sent(WHOLE, b"\x12\0\0\0\0")),
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
