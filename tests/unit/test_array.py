"""Arrays, against psycopg."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterator
from decimal import Decimal
from math import prod
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from howdah import _howdah, adapters, errors
from howdah.adapt import AdaptersMap, Dumper, PyFormat, Transformer
from howdah.pq import Format
from howdah.types import numeric
from oracle import BINARY, TEXT, check_dump, check_load, outcome, psycopg, psycopg_in_c, their_dump

BOOL, INT2, INT4, INT8, TEXT_OID, FLOAT8, DATE, BOX = 16, 21, 23, 20, 25, 701, 1082, 603
TEXT_ARRAY, INT4_ARRAY, BOX_ARRAY = 1009, 1007, 1020


def quoted(item: str) -> str:
    return '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(value: Any, delimiter: str = ",") -> str:
    """As the server might write it, with every element in quotes."""
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return "{" + delimiter.join(written(item, delimiter) for item in value) + "}"
    return quoted(str(value))


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def sent(value: list[Any], oid: int, items: dict[Any, bytes], lower: int = 1) -> bytes:
    """As array_send() writes it."""
    dims = []
    inner: Any = value
    while isinstance(inner, list):
        dims.append(len(inner))
        inner = inner[0]
    data = struct.pack("!iiI", len(dims), None in list(leaves(value)), oid)
    data += b"".join(struct.pack("!ii", n, lower) for n in dims)
    for item in leaves(value):
        data += b"\xff\xff\xff\xff" if item is None else struct.pack("!i", len(items[item])) + items[item]
    return data


@st.composite
def boxes(draw: Any, elements: Any) -> list[Any]:
    """A list of one to six dimensions with equally long rows, some elements None."""
    dims = draw(st.lists(st.sampled_from([1, 1, 2, 3]), min_size=1, max_size=6).filter(lambda dims: prod(dims) <= 24))
    shape: Any = elements | st.none()
    for n in reversed(dims):
        shape = st.lists(shape, min_size=n, max_size=n)
    return draw(shape)


# ---- load


@given(boxes(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)))
def test_text(value: list[Any]) -> None:
    data = written(value).encode()
    assert _howdah.load(TEXT_ARRAY, TEXT, data) == value
    check_load(TEXT_ARRAY, TEXT, data)


@given(boxes(st.integers(-(2**31), 2**31 - 1)))
def test_ints(value: list[Any]) -> None:
    text = written(value).replace('"', "").encode()
    assert _howdah.load(INT4_ARRAY, TEXT, text) == value
    check_load(INT4_ARRAY, TEXT, text)
    binary = sent(value, INT4, {item: struct.pack("!i", item) for item in leaves(value) if item is not None})
    assert _howdah.load(INT4_ARRAY, BINARY, binary) == value
    check_load(INT4_ARRAY, BINARY, binary)


@pytest.mark.parametrize(
    ("oid", "data"),
    [
        (INT4_ARRAY, b"{}"),
        (INT4_ARRAY, b"[2:4]={1,2,NULL}"),
        (INT4_ARRAY, b"[-1:0][5:5]={{1},{2}}"),
        (TEXT_ARRAY, b'{a,NULL,"NULL",null,"","a b","a,b","{}"}'),
        (TEXT_ARRAY, b'{"a\\"b","c\\\\d","\\e"}'),
        (TEXT_ARRAY, '{è,"è è"}'.encode()),
        (BOX_ARRAY, b"{(1,1),(0,0);(3,3),(2,2)}"),
        (1182, b"{2020-01-01,NULL}"),
        (1185, b'{"2020-01-01 00:00:00+00"}'),
        (1115, b'{"2020-01-01 00:00:00"}'),
        pytest.param(1187, b'{"1 day 00:00:01"}', marks=psycopg_in_c),
        (1183, b"{12:00:00}"),
        (1270, b"{12:00:00+01}"),
        (1000, b"{t,f}"),
        (1001, b'{"\\\\x0102"}'),
        (1002, b"{a}"),
        (1003, b"{a}"),
        (1005, b"{1}"),
        (1014, b'{"a "}'),
        (1015, b"{a}"),
        (1016, b"{1}"),
        (1021, b"{1.5}"),
        (1022, b"{NaN,-0}"),
        (1028, b"{4294967295}"),
        (1231, b"{1.10,NaN}"),
        (2951, b"{12345678-1234-5678-1234-567812345678}"),
        (199, b'{"{\\"a\\": 1}",null}'),
        (3807, b"{1,2}"),
        (1017, b'{"(1,2)"}'),
        (1263, b"{a}"),
        (143, b"{<a/>}"),
        (2211, b"{int4}"),
        (99999, b"{1,2}"),
    ],
)
def test_what_a_server_writes(oid: int, data: bytes) -> None:
    check_load(oid, TEXT, data)


def test_every_array_that_psycopg_knows() -> None:
    for info in psycopg.adapters.types:
        if not info.array_oid:
            continue
        item = _howdah.load(info.array_oid, TEXT, b"{NULL}")
        assert item == [None], info.name


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"}",
        b"{1",
        b"1",
        b"{1}x",
        b"{1}}",
        b"{1,}",
        b"{,1}",
        b'{"1}',
        b"{{{{{{{1}}}}}}}",
        b"[1:2",
        b"{1}{2}",
        b"{x}",
    ],
)
def test_malformed_text(data: bytes) -> None:
    with pytest.raises(errors.DataError):
        _howdah.load(INT4_ARRAY, TEXT, data)


def header(ndim: int, oid: int, *dims: int) -> bytes:
    return struct.pack("!iiI", ndim, 0, oid) + b"".join(struct.pack("!Ii", n, 1) for n in dims)


ONE = struct.pack("!ii", 4, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 11,
        header(-1, INT4),
        header(7, INT4, *[1] * 7) + ONE,
        header(2**31 - 1, INT4),
        header(1, INT4),
        header(1, INT4, 2) + ONE,
        header(1, INT4, 1) + ONE + b"\0",
        header(1, INT4, 1) + ONE[:-1],
        header(1, INT4, 1) + struct.pack("!i", -2),
        header(1, INT4, 2**31 - 1) + ONE,
        header(1, INT4, 2**32 - 1) + ONE,
        header(6, INT4, *[2**16] * 6) + ONE,
        header(2, INT4, 2**31, 2) + ONE * 4,
        header(1, INT4_ARRAY, 1) + struct.pack("!i", 12) + header(0, INT4),
        header(0, INT4) + b"\0",
    ],
)
def test_malformed_binary(data: bytes) -> None:
    with pytest.raises(errors.DataError):
        _howdah.load(INT4_ARRAY, BINARY, data)


def test_empty_binary() -> None:
    check_load(INT4_ARRAY, BINARY, header(0, INT4))
    check_load(INT4_ARRAY, BINARY, header(1, INT4, 0))
    assert _howdah.load(INT4_ARRAY, BINARY, header(2, INT4, 2**31 - 1, 0)) == []


def test_elements_of_an_unknown_type() -> None:
    check_load(99999, BINARY, header(1, 88888, 1) + ONE)
    check_load(INT4_ARRAY, BINARY, header(1, 88888, 1) + ONE)


def test_a_bad_element() -> None:
    with pytest.raises(errors.DataError):
        _howdah.load(1182, BINARY, header(1, DATE, 2) + struct.pack("!ii", 4, 0) + struct.pack("!ii", 4, 2**31 - 1))
    with pytest.raises(errors.DataError):
        _howdah.load(1182, TEXT, b"{2000-01-01,infinity}")


@given(
    st.binary(max_size=40) | st.text('{},"\\ 1aNUL[]:=', max_size=20).map(str.encode), st.sampled_from([TEXT, BINARY])
)
def test_any_bytes_are_a_list_or_an_error(data: bytes, format: int) -> None:
    value = outcome(_howdah.load, INT4_ARRAY, format, data)
    assert value == "DataError" or value[0] is list


# ---- dump

scalars = [
    st.integers(-(2**15), 2**15 - 1),
    st.integers(-(2**33), 2**33),
    st.booleans(),
    st.floats(),
    st.decimals().filter(lambda d: not d.is_nan()),
    st.text(st.characters(min_codepoint=1, max_codepoint=0x7FF), max_size=8),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.datetimes(timezones=st.just(dt.timezone.utc)),
    st.timedeltas(),
    st.uuids(),
]


@pytest.mark.parametrize("elements", scalars, ids=str)
def test_dump(elements: st.SearchStrategy[Any]) -> None:
    @settings(max_examples=30)
    @given(boxes(elements))
    def check(value: list[Any]) -> None:
        check_dump(value)

    check()


@pytest.mark.parametrize(
    "value",
    [
        [],
        [[]],
        [[], []],
        [None],
        [None, None],
        [[None], [None]],
        [1],
        [1, 40000],
        [1, -40000, None],
        [-32768, 32767],
        [-32769],
        [2**31 - 1, -(2**31)],
        [2**31],
        [2**63 - 1, -(2**63)],
        [2**63],
        [-(2**63) - 1, 5],
        [[1, 2], [3, 4]],
        [[1], [2, 3]],
        [[1, 2], 3],
        [[1], []],
        [[], [1]],
        [[[1]], [2]],
        [1, "a"],
        [1, 1.5],
        [True, 1],
        [Decimal(1), 1],
        [b"a", "a"],
        ["a", None, "NULL", "null", "", " ", "a,b", 'a"b', "a\\b", "{", "}", "è"],
        [dt.date(2020, 1, 1), dt.datetime(2020, 1, 1)],
        [UUID(int=1), None],
        [object()],
        [1, object()],
        [(1, 2), object()],
    ],
    ids=str,
)
def test_shapes_and_mixtures(value: list[Any]) -> None:
    check_dump(value)


class Number(int):
    pass


class Name(str):
    __slots__ = ()


def test_subclasses() -> None:
    class Names(list):  # type: ignore[type-arg]
        pass

    check_dump([Number(1), Number(70000)])
    # psycopg looks at the last one only
    assert _howdah.dump([Number(70000), Number(1)], "b") == _howdah.dump([70000, 1], "b")
    check_dump([1, Number(1)])
    check_dump([70000, Number(1)])
    check_dump(["a", Name("b"), "c"])
    check_dump(Names(["a"]))


def test_a_list_met_twice_is_no_loop() -> None:
    """psycopg refuses it."""
    row = [1]
    assert _howdah.dump([row, row], "t")[2] == b"{{1},{1}}"


@given(boxes(st.integers(-(2**70), 2**70) | st.just(2**63)))
def test_big_ints(value: list[Any]) -> None:
    """psycopg writes a numeric with zeros that the server leaves out."""
    for format in "stb":
        oid, wire, data = _howdah.dump(value, format)
        theirs = their_dump(value, format)
        assert (oid, wire) == theirs[:2]
        if oid:
            assert _howdah.load(oid, wire, data) == _howdah.load(oid, wire, theirs[2]) == value


@pytest.mark.parametrize("value", [[b"", None, b"a\0b"], [[b"NULL"]]])
def test_bytes(value: list[Any]) -> None:
    """In text psycopg asks libpq, which writes another text without a connection."""
    assert _howdah.dump(value, "b") == their_dump(value, "b")
    for format in "st":
        oid, wire, data = _howdah.dump(value, format)
        assert (oid, wire) == their_dump(value, format)[:2]
        assert _howdah.load(oid, wire, data) == value


def test_a_list_inside_after_an_element() -> None:
    """psycopg hands the list to the dumper of ints, and raises TypeError."""
    assert _howdah.dump([1, [2]], "t") == their_dump([1, [2]], "t")
    with pytest.raises(errors.DataError, match="inconsistent depths"):
        _howdah.dump([1, [2]], "b")


@pytest.mark.parametrize("format", "stb")
def test_a_loop(format: str) -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    with pytest.raises(errors.DataError, match="recursive"):
        _howdah.dump(loop, format)
    with pytest.raises(errors.DataError, match="nested more than 6 deep"):
        _howdah.dump([[[[[[[1]]]]]]], format)


def test_datetimes_with_and_without_zone() -> None:
    both = [dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)]
    for value in (both, both[::-1]):
        assert _howdah.dump(value, "t") == their_dump(value, "t")
        with pytest.raises(errors.DataError, match="different"):
            _howdah.dump(value, "b")


@pytest.mark.parametrize("format", "tb")
@given(boxes(st.text(max_size=5).filter(lambda s: "\0" not in s)))
def test_there_and_back(format: str, value: list[Any]) -> None:
    _oid, wire, data = _howdah.dump(value, format)
    assert _howdah.load(TEXT_ARRAY, wire, data) == value


def test_a_list_that_changes_while_it_is_dumped() -> None:
    value: list[Any] = []

    class Sly(dt.date):
        def __str__(self) -> str:
            value.clear()
            return "2020-01-01"

    value.extend([Sly(2020, 1, 1), Sly(2020, 1, 2)])
    outcome(_howdah.dump, value, "t")
    assert value == []


# ---- dumpers by the type of the array


def dumped_by_oid(adapters: Any, transformer: Any, oid: int, format: int, value: list[Any]) -> Any:
    dumper = adapters.get_dumper_by_oid(oid, format)(list, transformer)
    assert dumper.oid == oid
    assert dumper.upgrade(value, None) is dumper
    return dumper.dump(value)


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        (INT4_ARRAY, [1, None, -(2**31)]),
        (INT4_ARRAY, []),
        (INT4_ARRAY, [None]),
        (INT4_ARRAY, [[1, 2], [None, 3]]),
        (INT4_ARRAY, [[[[[[1]]]]]]),
        (1005, [1]),
        (1016, [1, 2**40]),
        (1231, [1, Decimal("1.5")]),
        (1022, [1.5, 2]),
        (TEXT_ARRAY, ["a", "b c", "", "null", None, 'q"\\', "{,}"]),
        (1182, [dt.date(2020, 1, 1)]),
        (1000, [True, None]),
    ],
)
def test_dump_by_oid(oid: int, value: list[Any]) -> None:
    theirs = dumped_by_oid(psycopg.adapters, psycopg.adapt.Transformer(), oid, BINARY, value)
    if oid != 1231:  # psycopg writes a numeric with zeros that the server leaves out
        assert dumped_by_oid(adapters, Transformer(), oid, BINARY, value) == theirs
    for format in (TEXT, BINARY):
        data = dumped_by_oid(adapters, Transformer(), oid, format, value)
        assert _howdah.load(oid, format, data) == value


@pytest.mark.parametrize("value", [[1, [2]], [[1], [2, 3]], [[1], [[2]]], [[]], [[], []], [[[[[[[1]]]]]]]])
def test_dump_by_oid_of_what_is_no_array(value: list[Any]) -> None:
    with pytest.raises(errors.DataError):
        dumped_by_oid(adapters, Transformer(), INT4_ARRAY, BINARY, value)


def test_dump_by_oid_of_a_loop() -> None:
    loop: list[Any] = []
    loop.append(loop)
    for format in (TEXT, BINARY):
        with pytest.raises(errors.DataError, match="recursive"):
            dumped_by_oid(adapters, Transformer(), INT4_ARRAY, format, loop)


def test_dump_by_oid_with_another_delimiter() -> None:
    dumper = adapters.get_dumper_by_oid(BOX_ARRAY, Format.TEXT)
    assert dumper.delimiter == psycopg.adapters.get_dumper_by_oid(BOX_ARRAY, TEXT).delimiter == b";"  # type: ignore[attr-defined]


# ---- elements with a dumper of one's own


class Prefixed(Dumper):
    def dump(self, obj: Any) -> bytes:
        return b"9%d" % obj


class Nullable(Dumper):
    def dump(self, obj: Any) -> bytes | None:
        return str(obj).encode() if obj else None


class NullableBinary(Nullable):
    format = Format.BINARY
    oid = TEXT_OID


def test_dumper_of_the_elements() -> None:
    context = AdaptersMap(adapters)
    context.register_dumper(int, Prefixed)
    for format in (PyFormat.AUTO, PyFormat.TEXT):
        dumper = Transformer(context).get_dumper([1, None], format)
        assert (dumper.oid, dumper.dump([1, None])) == (0, b"{91,NULL}")


def test_an_element_dumped_as_null() -> None:
    context = AdaptersMap(adapters)
    context.register_dumper(str, Nullable)
    context.register_dumper(str, NullableBinary)
    tx = Transformer(context)
    for format in PyFormat:
        dumper = tx.get_dumper(["a", ""], format)
        assert _howdah.load(TEXT_ARRAY, dumper.format, dumper.dump(["a", ""])) == ["a", None]
        if dumper.format == Format.BINARY:
            assert dumper.dump(["a", ""])[4:8] == b"\0\0\0\1"  # type: ignore[index]


@pytest.mark.parametrize("name", ["Int2", "Int4", "Int8", "IntNumeric", "Oid"])
def test_classes_of_numbers(name: str) -> None:
    ours = getattr(numeric, name)
    theirs = getattr(pytest.importorskip("psycopg.types.numeric"), name)
    for format in "stb":
        mine = _howdah.dump([ours(1), None], format)
        if (name, format) == ("IntNumeric", "b"):
            assert mine[:2] == (1231, BINARY)  # psycopg sends int2[]
        else:
            assert mine == their_dump([theirs(1), None], format), format
