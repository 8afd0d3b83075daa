"""How an adapter is found: by class, by base class, what happens where there is none, and how it is registered."""

from __future__ import annotations

from typing import Any

import pytest

import howdah
from howdah import _howdah, errors
from howdah.adapt import AdaptersMap, Dumper, Loader
from howdah.types.numeric import IntBinaryDumper, IntLoader
from oracle import their_dump


class Outer:
    class Plain:
        pass


class Decimal:
    """Not the one of the decimal module."""


@pytest.mark.parametrize("value", [object(), {}, Outer.Plain(), Decimal(), 1j, range(3), type])
def test_no_adapter(value: Any) -> None:
    for format in "stb":
        with pytest.raises(Exception, match="cannot adapt type") as theirs:
            their_dump(value, format)
        with pytest.raises(errors.ProgrammingError) as ours:
            _howdah.dump(value, format)
        assert str(ours.value) == str(theirs.value)


def test_none() -> None:
    for format in "stb":
        assert _howdah.dump(None, format) == (0, 0, None)


def test_the_nearest_base_counts() -> None:
    class Both(Outer.Plain, bytearray):
        pass

    assert _howdah.dump(Both(b"x")) == (17, 1, b"x")


def test_a_class_that_hides_its_module() -> None:
    class UUID:
        __module__ = 5  # type: ignore[assignment]

    with pytest.raises(errors.ProgrammingError):
        _howdah.dump(UUID())


def test_a_class_whose_module_raises() -> None:
    class Meta(type):
        @property
        def __module__(cls) -> str:  # type: ignore[override]
            raise ZeroDivisionError

    UUID = Meta("UUID", (), {})
    with pytest.raises(ZeroDivisionError):
        _howdah.dump(UUID())


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (16,),
        (16, 0),
        (16, 0, "text"),
        ("16", 0, b""),
        (16, 0, b"t", 5),
        (-1, 0, b"t"),
        (2**32, 0, b"t"),
        (16, 2, b"t"),
    ],
)
def test_bad_arguments_of_load(arguments: tuple[Any, ...]) -> None:
    with pytest.raises((TypeError, OverflowError, ValueError)):
        _howdah.load(*arguments)


@pytest.mark.parametrize("format", ["", "x", "st", 5])
def test_bad_format_of_dump(format: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        _howdah.dump(1, format)


class PlainLoader(Loader):
    def load(self, data: Any) -> Any:
        return data


class PlainDumper(Dumper):
    def dump(self, obj: Any) -> bytes:
        return b"plain"


def tables(adapters: AdaptersMap) -> list[int]:
    """Which dictionaries it has."""
    snapshot = adapters._snapshot
    return list(map(id, [snapshot.overlay, *snapshot.dumpers, snapshot.rest.built_in, *snapshot.rest.dumpers_by_oid]))


@pytest.mark.parametrize(
    ("register", "copied"),
    [
        (lambda adapters: adapters.register_loader(23, PlainLoader), [0]),
        (lambda adapters: adapters.register_loader("text", PlainLoader), [0]),
        (lambda adapters: adapters.register_dumper(Decimal, PlainDumper), [1, 2]),
        (lambda adapters: adapters.register_dumper(Decimal, IntBinaryDumper), [1, 3]),
        (lambda adapters: adapters.register_dumper(None, type("Typed", (PlainDumper,), {"oid": 25})), [5]),
        (lambda adapters: adapters.configure(infinity="clamp"), []),
    ],
)
def test_a_registration_copies_what_it_changes(register: Any, copied: list[int]) -> None:
    own = AdaptersMap(howdah.adapters)
    assert tables(own) == tables(howdah.adapters)
    before = own._snapshot  # held: nothing new can have the address of what was there
    register(own)
    assert [
        i for i, (old, new) in enumerate(zip(tables(howdah.adapters), tables(own), strict=True)) if old != new
    ] == copied
    assert howdah.adapters._snapshot is before is not own._snapshot


def test_a_built_in_loader_takes_the_place_of_another() -> None:
    own = AdaptersMap(howdah.adapters)
    own.register_loader(23, PlainLoader)
    own.register_loader(23, IntLoader)
    assert own.get_loader(23, howdah.pq.Format.TEXT) is IntLoader
    assert own._snapshot.overlay == {}


def test_private_tables_can_be_replaced() -> None:
    """As programs do that take back what they have registered."""
    text = howdah.pq.Format.TEXT
    own = AdaptersMap(howdah.adapters)
    before = own._dumpers, own._dumpers_by_oid, own._loaders
    own.register_loader(23, PlainLoader)
    own.register_dumper(Decimal, type("Typed", (PlainDumper,), {"oid": 23}))
    assert own._loaders[text][23] is PlainLoader
    own._dumpers, own._dumpers_by_oid, own._loaders = before
    assert (own._dumpers, own._dumpers_by_oid, own._loaders) == before
    assert own.get_loader(23, text) is IntLoader


@pytest.mark.parametrize(
    "parts",
    [
        {"overlay": 5},
        {"dumpers": ({}, {})},
        {"dumpers": [{}, {}, {}]},
        {"dumpers": ({}, {}, None)},
        {"edges": ("error",)},
        {"edges": (1, 2, 3)},
        {"nothing": 1},
    ],
)
def test_bad_parts_of_a_snapshot(parts: Any) -> None:
    with pytest.raises(TypeError):
        howdah.adapters._snapshot.replace(**parts)
