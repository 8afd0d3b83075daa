"""Enums, against psycopg."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import _howdah, adapters, errors, postgres
from howdah.adapt import AdaptersMap, PyFormat, Transformer
from howdah.types.enum import EnumBinaryDumper, EnumDumper, EnumInfo, register_enum
from oracle import BINARY, TEXT, check_dump, outcome, psycopg

theirs = pytest.importorskip("psycopg.types.enum")

OID, ARRAY_OID = 99_000, 99_001


class Plain(enum.Enum):
    FOO = 1
    BAR = "two"
    BAZ = None


class Word(str, enum.Enum):
    FOO = "foo"
    BAR = "bar"


class Number(enum.IntEnum):
    FOO = 1
    BAR = 70_000


class Bits(enum.Flag):
    FOO = 1
    BAR = 2


class Aliased(enum.Enum):
    FOO = 1
    BAR = 1  # noqa: PIE796
    QUX = 2


Spoken = enum.Enum("Spoken", {"X\xe0": 1, "foo,bar": 2, 'a "b" \\': 3})


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """What a test registers for everybody goes with it."""
    snapshot, known = adapters._snapshot, postgres.types._registry
    postgres.types._own_state = False
    yield
    adapters._snapshot = snapshot
    postgres.types._registry = known


@pytest.mark.parametrize("cls", [Plain, Word, Number, Bits, Aliased, Spoken])
def test_not_registered(cls: Any) -> None:
    for member in cls:
        check_dump(member)
    check_dump(list(cls))
    check_dump([None, *cls])


CASES: list[tuple[Any, list[str], Any]] = [
    (Plain, ["FOO", "BAR", "BAZ"], None),
    (Plain, ["FOO", "other"], None),
    (Plain, ["one", "two", "three"], {Plain.FOO: "one", Plain.BAR: "two", Plain.BAZ: "three"}),
    (Plain, ["one", "two", "BAZ"], [(Plain.FOO, "one"), (Plain.BAR, "two")]),
    (Plain, ["FOO", "BAR", "BAZ"], {Plain.FOO: "BAR", Plain.BAR: "FOO"}),
    (Plain, ["FOO", "BAR", "BAZ"], [(Plain.FOO, "BAR"), (Plain.FOO, "BAZ")]),
    (Plain, ["BAZ"], {Plain.FOO: "BAZ", Plain.BAR: "BAZ", Plain.BAZ: "BAZ"}),
    (Word, ["FOO", "BAR"], None),
    (Word, ["foo", "bar"], {member: member.value for member in Word}),
    (Number, ["FOO", "BAR"], None),
    (Bits, ["FOO", "BAR"], None),
    (Aliased, ["FOO", "BAR", "QUX"], None),
    (Spoken, list(Spoken.__members__), None),
    (None, ["FOO", "BAR", "with space", "é"], None),
]


def registered(cls: Any, labels: list[str], mapping: Any) -> tuple[Any, Any]:
    """Ours and theirs: each a Transformer of a map in which the enum is registered, and the enum."""
    made = []
    for module, base, info, register in (
        (None, adapters, EnumInfo, register_enum),
        (psycopg, psycopg.adapters, theirs.EnumInfo, theirs.register_enum),
    ):
        map = (AdaptersMap if module is None else psycopg.adapt.AdaptersMap)(base)
        described = info("mood", OID, ARRAY_OID, labels)
        register(described, map, cls, mapping=mapping)
        made.append(((Transformer if module is None else psycopg.adapt.Transformer)(map), described.enum))
    return made[0], made[1]


@pytest.mark.parametrize(("cls", "labels", "mapping"), CASES)
def test_registered(cls: Any, labels: list[str], mapping: Any) -> None:
    (ours, our_enum), (their, their_enum) = registered(cls, labels, mapping)
    assert list(our_enum.__members__) == list(their_enum.__members__)
    assert [m.value for m in our_enum] == [m.value for m in their_enum]
    for label in [*labels, *our_enum.__members__, "none such"]:
        for format in (TEXT, BINARY):
            loaded = outcome(ours.get_loader(OID, format).load, label.encode())
            wanted = outcome(their.get_loader(OID, psycopg.pq.Format(format)).load, label.encode())
            # the class that was made is another one, of the same looks
            assert loaded[-1] == wanted[-1] if cls is None else loaded == wanted
    for name in our_enum.__members__:
        for format in "stb":
            dumper = ours.get_dumper(our_enum[name], PyFormat(format))
            wanted = their.get_dumper(their_enum[name], psycopg.adapt.PyFormat(format))
            assert (dumper.oid, dumper.format) == (wanted.oid, wanted.format)
            assert dumper.dump(our_enum[name]) == wanted.dump(their_enum[name])
            assert dumper.quote(our_enum[name]) == wanted.quote(their_enum[name])


def test_errors_are_psycopgs() -> None:
    (ours, _), (their, _) = registered(Plain, ["FOO"], None)
    for label in (b"BAR", b"", b"\xff", b"\xe8x", b"it's"):
        for format in (TEXT, BINARY):
            with pytest.raises(errors.DataError) as ex:
                ours.get_loader(OID, format).load(label)
            with pytest.raises(psycopg.DataError) as wanted:
                their.get_loader(OID, psycopg.pq.Format(format)).load(label)
            assert str(ex.value) == str(wanted.value)
    with pytest.raises(TypeError) as ours_none:
        register_enum(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError) as theirs_none:
        theirs.register_enum(None)
    assert str(ours_none.value) == str(theirs_none.value)


@given(st.binary(max_size=10))
def test_any_bytes_are_a_member_or_an_error(data: bytes) -> None:
    (ours, _), _ = registered(Plain, ["FOO", "BAR"], None)
    for format in (TEXT, BINARY):
        assert outcome(ours.get_loader(OID, format).load, data) == "DataError"


def test_registered_for_everybody() -> None:
    register_enum(EnumInfo("mood", OID, ARRAY_OID, ["FOO", "BAR", "BAZ"]), None, Plain)
    assert _howdah.load(OID, TEXT, b"FOO") is Plain.FOO
    assert _howdah.load(OID, BINARY, b"BAR") is Plain.BAR
    assert _howdah.load(ARRAY_OID, TEXT, b"{{FOO,NULL},{BAR,BAZ}}") == [[Plain.FOO, None], [Plain.BAR, Plain.BAZ]]
    with pytest.raises(errors.DataError, match="bad member for enum Plain: 'x'"):
        _howdah.load(ARRAY_OID, TEXT, b"{FOO,x}")
    for format in "stb":
        oid, as_format, data = _howdah.dump([Plain.FOO, None, Plain.BAR], format)
        assert oid == ARRAY_OID
        assert _howdah.load(oid, as_format, data) == [Plain.FOO, None, Plain.BAR]


def test_made_enum_is_made_once() -> None:
    first, second = (EnumInfo("mood", OID, ARRAY_OID, ["FOO", "BAR"]) for _ in range(2))
    register_enum(first, AdaptersMap(adapters))
    register_enum(second, AdaptersMap(adapters))
    assert first.enum is second.enum
    assert first.enum is not None
    assert (first.enum.__name__, first.enum.__module__) == ("Mood", "howdah.types.enum")


def test_member_without_label() -> None:
    (ours, _), _ = registered(Bits, ["FOO", "BAR"], None)
    with pytest.raises(errors.DataError, match="no label for"):
        ours.get_dumper(Bits.FOO, PyFormat.TEXT).dump(Bits.FOO | Bits.BAR)
    if Bits(0).name is None:
        with pytest.raises(errors.DataError, match="no name for"):
            EnumDumper(Bits).dump(Bits(0))


def test_classes_can_be_derived_from() -> None:
    class Lower(EnumDumper):
        def dump(self, obj: Any) -> Any:
            data = super().dump(obj)
            assert data is not None
            return bytes(data).lower()

    map = AdaptersMap(adapters)
    map.register_dumper(Plain, Lower)
    assert Transformer(map).get_dumper(Plain.FOO, PyFormat.TEXT).dump(Plain.FOO) == b"foo"
    assert EnumBinaryDumper(Plain).dump(Plain.BAR) == b"BAR"


def test_cores_without_data() -> None:
    """Which only a caller of _howdah makes."""
    for name in ("enum_text", "enum_binary"):
        for data in (None, 5, {}, {None: 5}):
            with pytest.raises((errors.DataError, AttributeError)):
                _howdah.loader_core(name, data=data).load(b"FOO", Transformer())
        for data in (5, {}, {Plain.FOO: 5}):
            with pytest.raises(errors.DataError):
                _howdah.dumper_core(name, data=data).dump(Plain.FOO, Transformer())
