"""Composite types and records, against psycopg."""

from __future__ import annotations

import gc
import struct
import sys
from collections import namedtuple
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import _howdah, adapt, adapters, errors
from howdah.types import TypeInfo, composite
from oracle import BINARY, TEXT, check_load, outcome, psycopg

theirs = pytest.importorskip("psycopg.types.composite")

RECORD, RECORD_ARRAY, INT2, INT4, TEXT_OID, BOOL, FLOAT8, INT4_ARRAY = 2249, 2287, 21, 23, 25, 16, 701, 1007
PAIR, OUTER = 70000, 70010

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
fields = st.text('a,"\\() \t', max_size=8) | texts


def quoted(field: str | None) -> str:
    return "" if field is None else '"' + field.replace("\\", "\\\\").replace('"', '""') + '"'


def written(values: Any) -> bytes:
    """As the server might write it, with every field in quotes."""
    return f"({','.join(map(quoted, values))})".encode()


def sent(*values: tuple[int, bytes | None]) -> bytes:
    """As record_send() writes it."""
    data = struct.pack("!i", len(values))
    for oid, value in values:
        data += struct.pack("!Ii", oid, -1 if value is None else len(value)) + (value or b"")
    return data


def int4(n: int) -> tuple[int, bytes]:
    return INT4, struct.pack("!i", n)


# ---- records


@given(st.lists(fields | st.none(), min_size=1, max_size=6).filter(lambda values: values != [None]))
def test_text(values: list[str | None]) -> None:
    assert _howdah.load(RECORD, TEXT, written(values)) == tuple(values)
    check_load(RECORD, TEXT, written(values))


@pytest.mark.parametrize(
    "data",
    [
        b"()",
        b"(,)",
        b"(,,)",
        b"(a)",
        b'("")',
        b"(1,,x)",
        b"(a b,NULL)",
        b'("a""b","c\\\\d")',
        b'("(1,""x y"")")',
        b"([)",
    ],
)
def test_what_a_server_writes(data: bytes) -> None:
    check_load(RECORD, TEXT, data)


def test_a_null_alone() -> None:
    """The server writes the same for a record without fields."""
    assert _howdah.load(RECORD, TEXT, b"()") == ()


def test_array() -> None:
    data = b'{"(1,\\"a b\\")",NULL,"()"}'
    assert _howdah.load(RECORD_ARRAY, TEXT, data) == [("1", "a b"), None, ()]
    check_load(RECORD_ARRAY, TEXT, data)


def test_binary() -> None:
    for data, value in [
        (sent(), ()),
        (sent(int4(5), (TEXT_OID, b"x"), (INT4, None)), (5, "x", None)),
        (sent((99999, b"x"), (RECORD, sent(int4(1)))), (b"x", (1,))),
        (sent((INT4_ARRAY, struct.pack("!iiIiiii", 1, 0, INT4, 1, 1, 4, 7))), ([7],)),
    ]:
        assert _howdah.load(RECORD, BINARY, data) == value
        check_load(RECORD, BINARY, data)


@pytest.mark.parametrize(
    "data", [b"", b"(", b")", b"a", b"(a", b"(a)x", b"(a))", b'("a)', b'("a"', b"(a\\", b" (a)", b'(a"b)']
)
def test_malformed_text(data: bytes) -> None:
    with pytest.raises(errors.DataError):
        _howdah.load(RECORD, TEXT, data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0",
        struct.pack("!i", -1),
        struct.pack("!i", 1),
        struct.pack("!i", 2**30) + sent(int4(1)),
        sent(int4(1))[:-1],
        sent(int4(1)) + b"\0",
        struct.pack("!iIi", 1, INT4, -2),
        struct.pack("!iIi", 1, INT4, 2**31 - 1),
        sent((INT4, b"abc")),
    ],
)
def test_malformed_binary(data: bytes) -> None:
    with pytest.raises(errors.DataError):
        _howdah.load(RECORD, BINARY, data)


def nested(depth: int, innermost: bytes = b"") -> bytes:
    data = innermost or sent()
    for _ in range(depth):
        data = sent((RECORD, data))
    return data


def test_deep() -> None:
    value = _howdah.load(RECORD, BINARY, nested(99))
    for _ in range(99):
        (value,) = value
    assert value == ()
    for depth in (100, 5_000):
        with pytest.raises(errors.DataError, match="nested more than 100 deep"):
            _howdah.load(RECORD, BINARY, nested(depth))


def test_deep_through_arrays() -> None:
    data = sent()
    for _ in range(1000):
        array = struct.pack("!iiIiii", 1, 0, RECORD, 1, 1, len(data)) + data
        data = sent((RECORD_ARRAY, array))
    with pytest.raises(errors.DataError, match="nested"):
        _howdah.load(RECORD, BINARY, data)


@given(st.binary(max_size=40) | st.text('(),"\\ a', max_size=12).map(str.encode), st.sampled_from([TEXT, BINARY]))
def test_any_bytes_are_a_tuple_or_an_error(data: bytes, format: int) -> None:
    value = outcome(_howdah.load, RECORD, format, data)
    assert value == "DataError" or value[0] is tuple


# ---- tuples as parameters

values = st.none() | st.integers() | fields | st.booleans() | st.floats() | st.dates()


@given(
    st.recursive(
        st.lists(values, max_size=4).map(tuple), lambda inner: st.lists(inner | values, max_size=3).map(tuple)
    )
)
def test_dump(value: tuple[Any, ...]) -> None:
    for format in "st":
        dumper = psycopg.adapt.Transformer().get_dumper(value, psycopg.adapt.PyFormat(format))
        assert _howdah.dump(value, format) == (dumper.oid, dumper.format, dumper.dump(value))
    with pytest.raises(errors.ProgrammingError, match="cannot adapt type 'tuple' using placeholder '%b'"):
        _howdah.dump(value, "b")


@given(st.lists(fields | st.none(), min_size=1).filter(lambda values: values != [None]))
def test_there_and_back(values: list[str | None]) -> None:
    _, format, data = _howdah.dump(tuple(values), "t")
    assert _howdah.load(RECORD, format, data) == tuple(values)


def test_a_tuple_within_itself() -> None:
    loop: list[Any] = [1]
    loop.append((loop,))
    with pytest.raises((errors.DataError, RecursionError)):
        _howdah.dump((loop,), "t")


# ---- registered types


class Registered:
    """A composite type registered with us and with psycopg in the same way."""

    def __init__(self, **kwargs: Any) -> None:
        self.ours = adapt.AdaptersMap(adapters)
        self.theirs = psycopg.adapt.AdaptersMap(psycopg.adapters)
        self.infos = self.register("pair", PAIR, {"x": INT4, "y": TEXT_OID}, **kwargs)

    def register(self, name: str, oid: int, fields: dict[str, int], **kwargs: Any) -> tuple[Any, Any]:
        infos = tuple(
            module.CompositeInfo(name, oid, oid + 1, field_names=list(fields), field_types=list(fields.values()))
            for module in (composite, theirs)
        )
        composite.register_composite(infos[0], self.ours, **kwargs)
        theirs.register_composite(infos[1], self.theirs, **kwargs)
        return infos

    def load(self, oid: int, format: int, data: bytes) -> Any:
        value = adapt.Transformer(self.ours).get_loader(oid, adapt.Format(format)).load(data)
        wanted = psycopg.adapt.Transformer(self.theirs).get_loader(oid, psycopg.pq.Format(format)).load(data)
        assert repr(value) == repr(wanted)
        return value

    def dump(self, obj: Any, format: str) -> Any:
        """Ours; `obj` may be two, for the classes differ."""
        mine, other = obj if isinstance(obj, Both) else (obj, obj)
        dumper = adapt.Transformer(self.ours).get_dumper(mine, adapt.PyFormat(format))
        wanted = psycopg.adapt.Transformer(self.theirs).get_dumper(other, psycopg.adapt.PyFormat(format))
        data = dumper.dump(mine)
        assert (dumper.oid, dumper.format, data) == (wanted.oid, wanted.format, wanted.dump(other))
        return data


class Both(tuple[Any, ...]):
    """One object of ours and one of psycopg's."""


def both(infos: tuple[Any, Any], *values: Any) -> Both:
    return Both(
        info.python_type(*[value[i] if isinstance(value, Both) else value for value in values])
        for i, info in enumerate(infos)
    )


@pytest.fixture
def pair() -> Registered:
    return Registered()


def test_namedtuple(pair: Registered) -> None:
    info = pair.infos[0]
    assert issubclass(info.python_type, tuple)
    assert info.python_type._fields == ("x", "y")
    for format, data in [(TEXT, b'(1,"a b")'), (BINARY, sent(int4(1), (TEXT_OID, b"a b")))]:
        value = pair.load(PAIR, format, data)
        assert type(value) is info.python_type
        assert value == (1, "a b")
    assert pair.load(PAIR, TEXT, b"(,)") == (None, None)
    assert pair.load(PAIR, BINARY, sent((INT4, None), (TEXT_OID, None))) == (None, None)
    assert pair.load(PAIR + 1, TEXT, b'{"(1,a)",NULL}') == [(1, "a"), None]


def test_names_that_are_no_identifiers(pair: Registered) -> None:
    info, other = pair.register("my type", 71000, {"a b": INT4, "1x": INT4, "_u": INT4, "é-": INT4})
    assert info.python_type.__name__ == other.python_type.__name__ == "my_type"
    assert info.python_type._fields == other.python_type._fields
    for names in ({"class": INT4}, {"a b": INT4, "a-b": INT4}):
        bad = composite.CompositeInfo("t", 71000, 0, field_names=list(names), field_types=[INT4] * len(names))
        with pytest.raises(errors.DataError):
            composite.register_composite(bad, pair.ours)


def test_dumpers(pair: Registered) -> None:
    value = both(pair.infos, None, 'a"b, ')
    assert pair.dump(value, "s") == b'(,"a""b, ")'
    assert pair.dump(value, "t") == b'(,"a""b, ")'
    assert pair.dump(both(pair.infos, None, None), "b") == sent((INT4, None), (TEXT_OID, None))
    row = both(pair.register("flags", 71000, {"f": BOOL, "d": FLOAT8}), True, 1.5)
    assert pair.dump(row, "b") == sent((BOOL, b"\1"), (FLOAT8, struct.pack("!d", 1.5)))


def test_nested(pair: Registered) -> None:
    infos = pair.register("outer", OUTER, {"p": PAIR, "ps": PAIR + 1, "n": INT4_ARRAY})
    inner = sent(int4(1), (TEXT_OID, b"("))
    array = struct.pack("!iiIiii", 1, 0, PAIR, 1, 1, len(inner)) + inner
    value = pair.load(OUTER, TEXT, b'("(1,""("")","{""(1,\\\\""(\\\\"")""}","{1,NULL}")')
    assert value == ((1, "("), [(1, "(")], [1, None])
    assert type(value.p) is type(value.ps[0]) is pair.infos[0].python_type
    ints = struct.pack("!iiIiiii", 1, 0, INT4, 1, 1, 4, 7)
    value = pair.load(OUTER, BINARY, sent((PAIR, inner), (PAIR + 1, array), (INT4_ARRAY, ints)))
    assert value == ((1, "("), [(1, "(")], [7])
    obj = both(infos, both(pair.infos, 1, "("), None, [1, None])
    assert pair.dump(obj, "t") == b'("(1,""("")",,"{1,NULL}")'


def test_record_of_registered(pair: Registered) -> None:
    value = pair.load(RECORD, BINARY, sent((PAIR, sent(int4(1), (TEXT_OID, b"a")))))
    assert type(value[0]) is pair.infos[0].python_type


def test_one_field_that_is_null(pair: Registered) -> None:
    """psycopg fails there."""
    info = composite.CompositeInfo("one", 71000, 0, field_names=["x"], field_types=[INT4])
    composite.register_composite(info, pair.ours)
    assert adapt.Transformer(pair.ours).get_loader(71000, adapt.Format.TEXT).load(b"()") == (None,)


def test_no_fields(pair: Registered) -> None:
    pair.register("none", 71000, {})
    assert pair.load(71000, TEXT, b"()") == pair.load(71000, BINARY, sent()) == ()


@pytest.mark.parametrize(
    ("format", "data"),
    [
        (TEXT, b"()"),
        (TEXT, b"(1)"),
        (TEXT, b"(1,2,3)"),
        (TEXT, b"(x,y)"),
        (TEXT, b"(1,2"),
        (BINARY, sent(int4(1))),
        (BINARY, sent(int4(1), int4(1), int4(1))),
        (BINARY, sent((INT4, b"abc"), int4(1))),
        (BINARY, sent(int4(1), int4(1)) + b"\0"),
        (BINARY, b""),
    ],
)
def test_malformed(pair: Registered, format: int, data: bytes) -> None:
    with pytest.raises(errors.DataError):
        adapt.Transformer(pair.ours).get_loader(PAIR, adapt.Format(format)).load(data)


def test_a_field_changed_its_type(pair: Registered) -> None:
    """Binary names the types of the fields: what was registered once doesn't hold against that."""
    data = sent((INT2, b"\0\7"), (TEXT_OID, b"a"))
    assert adapt.Transformer(pair.ours).get_loader(PAIR, adapt.Format.BINARY).load(data) == (7, "a")


def test_a_type_that_contains_itself(pair: Registered) -> None:
    """None can; but who registers one by hand must not crash."""
    info = composite.CompositeInfo("loop", 71000, 0, field_names=["x"], field_types=[71000])
    composite.register_composite(info, pair.ours)
    tx = adapt.Transformer(pair.ours)
    with pytest.raises(errors.DataError):
        tx.get_loader(71000, adapt.Format.TEXT).load(b"(" * 100_000 + b")" * 100_000)
    with pytest.raises(errors.DataError):
        tx.get_loader(71000, adapt.Format.BINARY).load(
            nested(1000).replace(struct.pack("!I", RECORD), struct.pack("!I", 71000))
        )


class Point:
    def __init__(self, x: Any, y: Any) -> None:
        self.x, self.y = x, y

    def __repr__(self) -> str:
        return f"Point({self.x!r}, {self.y!r})"


def test_factory(caplog: pytest.LogCaptureFixture) -> None:
    registered = Registered(factory=Point)
    assert "make_sequence" in caplog.text
    assert registered.infos[0].python_type is Point
    assert repr(registered.load(PAIR, TEXT, b"(1,a)")) == "Point(1, 'a')"
    assert repr(registered.load(PAIR, BINARY, sent(int4(1), (TEXT_OID, b"a")))) == "Point(1, 'a')"
    for format in "stb":
        with pytest.raises(TypeError, match="make_sequence"):
            adapt.Transformer(registered.ours).get_dumper(Point(1, 2), adapt.PyFormat(format)).dump(Point(1, 2))


def test_a_function_as_factory() -> None:
    def make(x: int, y: str) -> list[Any]:
        return [x, y]

    registered = Registered(factory=make)
    assert registered.infos[0].python_type is None
    assert registered.load(PAIR, TEXT, b"(1,a)") == [1, "a"]


def test_make_object_and_make_sequence() -> None:
    seen: list[Any] = []

    def make_object(values: Any, info: Any) -> dict[str, Any]:
        seen.append(type(values))
        return dict(zip(info.field_names, values, strict=True))

    def make_sequence(obj: dict[str, Any], info: Any) -> list[Any]:
        return [obj[name] for name in info.field_names]

    registered = Registered(factory=dict, make_object=make_object, make_sequence=make_sequence)
    assert registered.load(PAIR, TEXT, b"(1,a)") == {"x": 1, "y": "a"}
    assert registered.load(PAIR, BINARY, sent(int4(1), (TEXT_OID, b"a"))) == {"x": 1, "y": "a"}
    assert set(seen) == {tuple}
    assert registered.dump({"x": 1, "y": "a"}, "s") == b"(1,a)"
    assert registered.dump({"x": None, "y": "a"}, "b") == sent((INT4, None), (TEXT_OID, b"a"))


def test_what_a_factory_raises() -> None:
    def make(*values: Any) -> Any:
        raise ZeroDivisionError

    registered = Registered()
    composite.register_composite(registered.infos[0], registered.ours, factory=make)
    with pytest.raises(ZeroDivisionError):
        adapt.Transformer(registered.ours).get_loader(PAIR, adapt.Format.TEXT).load(b"(1,a)")


def test_a_sequence_of_another_length(pair: Registered) -> None:
    """psycopg's C crashes."""
    dumper = pair.ours.get_dumper_by_oid(PAIR, adapt.Format.BINARY)(tuple, adapt.Transformer(pair.ours))
    for value in ((None,), (None, None, None)):
        with pytest.raises(errors.DataError, match="has 2 fields"):
            dumper.dump(value)


def test_no_info() -> None:
    with pytest.raises(TypeError, match="composite"):
        composite.register_composite(None)


def test_registered_again(pair: Registered) -> None:
    """The same classes, so that plans stay."""
    again = adapt.AdaptersMap(adapters)
    info = pair.infos[0]
    composite.register_composite(info, again)
    for format in adapt.Format:
        assert again.get_loader(PAIR, format) is pair.ours.get_loader(PAIR, format)
    for pyformat in adapt.PyFormat:
        assert again.get_dumper(info.python_type, pyformat) is pair.ours.get_dumper(info.python_type, pyformat)
    twin = composite.CompositeInfo("pair", PAIR, PAIR + 1, field_names=["x", "y"], field_types=[INT4, TEXT_OID])
    composite.register_composite(twin, again)
    assert twin.python_type is info.python_type


def test_info(pair: Registered) -> None:
    info, other = pair.infos
    assert repr(info) == repr(other)
    assert (info.field_names, info.field_types) == (other.field_names, other.field_types)
    assert isinstance(info, TypeInfo)
    assert pair.ours.types[PAIR] is pair.ours.types[PAIR + 1] is info


def test_subclasses_of_the_built_in() -> None:
    class Shouting(composite.RecordLoader):
        def load(self, data: Any) -> Any:
            return tuple(str(v).upper() for v in super().load(data))

    class Plain(composite.TupleDumper):
        def dump(self, obj: Any) -> Any:
            return b"<" + bytes(super().dump(obj) or b"") + b">"

    context = adapt.AdaptersMap(adapters)
    context.register_loader("record", Shouting)
    context.register_dumper(tuple, Plain)
    tx = adapt.Transformer(context)
    assert tx.get_loader(RECORD, adapt.Format.TEXT).load(b"(a,b)") == ("A", "B")
    assert tx.get_loader(RECORD_ARRAY, adapt.Format.TEXT).load(b'{"(a,b)"}') == [("A", "B")]
    assert tx.get_dumper((1,), adapt.PyFormat.TEXT).dump((1,)) == b"<(1)>"


def test_namedtuple_without_registration() -> None:
    row = namedtuple("row", "a b")(1, "x y")
    assert _howdah.dump(row, "s") == (0, TEXT, b'(1,"x y")')


@pytest.mark.parametrize("data", [None, 5, (), ((INT4,), tuple), ([INT4], tuple, None)])
def test_a_core_without_what_it_needs(data: Any) -> None:
    tx = adapt.Transformer()
    for name in ("composite_text", "composite_binary"):
        with pytest.raises(TypeError):
            _howdah.loader_core(name, data=data).load(b"(1)", tx)
    for oid in ("x", -1, 2**70):
        with pytest.raises((TypeError, OverflowError)):
            _howdah.loader_core("composite_text", data=((oid,), tuple, None)).load(b"(1)", tx)


def test_no_leak(pair: Registered) -> None:
    tx = adapt.Transformer(pair.ours)
    cases = [
        (PAIR, adapt.Format.TEXT, b"(1,a)"),
        (PAIR, adapt.Format.TEXT, b"(1,a"),
        (PAIR, adapt.Format.TEXT, b"(x,a)"),
        (PAIR, adapt.Format.BINARY, sent(int4(1), (TEXT_OID, b"a"))),
        (PAIR, adapt.Format.BINARY, sent(int4(1), (INT4, b"a"))),
        (RECORD, adapt.Format.BINARY, nested(101)),
    ]

    def run() -> None:
        for oid, format, data in cases:
            outcome(tx.get_loader(oid, format).load, data)

    for _ in range(20):
        run()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(200):
        run()
    gc.collect()
    assert sys.getallocatedblocks() - before < 50
