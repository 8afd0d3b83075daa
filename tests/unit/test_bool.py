"""bool, against psycopg."""

from __future__ import annotations

import pytest

from howdah import _howdah, errors
from oracle import BINARY, TEXT, check_dump, check_load

BOOL = 16


@pytest.mark.parametrize("value", [True, False])
def test_load(value: bool) -> None:
    check_load(BOOL, TEXT, b"t" if value else b"f")
    check_load(BOOL, BINARY, bytes([value]))
    assert _howdah.load(BOOL, BINARY, bytes([value])) is value


@pytest.mark.parametrize("value", [True, False])
def test_dump(value: bool) -> None:
    check_dump(value)


@pytest.mark.parametrize(
    ("format", "data"),
    [(TEXT, b""), (TEXT, b"x"), (TEXT, b"true"), (TEXT, b"T"), (BINARY, b""), (BINARY, b"\1\1")],
)
def test_malformed(format: int, data: bytes) -> None:
    with pytest.raises(errors.DataError, match="can't parse bool"):
        _howdah.load(BOOL, format, data)
