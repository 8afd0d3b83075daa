"""How an adapter is found: by class, by base class, and what happens where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from howdah import _howdah, errors
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
