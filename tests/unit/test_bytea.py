"""bytea, against psycopg where it is as strict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import _howdah, errors
from oracle import BINARY, TEXT, check_load, outcome

BYTEA = 17


def escape_format(value: bytes) -> bytes:
    """As the server writes it under bytea_output = escape."""
    return b"".join(
        b"\\\\" if byte == 0x5C else bytes([byte]) if 0x20 <= byte < 0x7F else b"\\%03o" % byte for byte in value
    )


@given(st.binary(max_size=300))
def test_load(value: bytes) -> None:
    for text in (b"\\x" + value.hex().encode(), escape_format(value)):
        assert _howdah.load(BYTEA, TEXT, text) == value
        check_load(BYTEA, TEXT, text)
    check_load(BYTEA, BINARY, value)


@given(st.binary(max_size=300), st.sampled_from([bytes, bytearray, memoryview]))
def test_dump(value: bytes, make: type) -> None:
    assert _howdah.dump(make(value)) == (BYTEA, BINARY, value)
    assert _howdah.dump(make(value), "b") == (BYTEA, BINARY, value)
    assert _howdah.dump(make(value), "t") == (BYTEA, TEXT, b"\\x" + value.hex().encode())


def test_dump_a_view_with_gaps() -> None:
    view = memoryview(b"a1b2c3")[::2]
    assert _howdah.dump(view) == (BYTEA, BINARY, b"abc")
    assert _howdah.dump(view, "t") == (BYTEA, TEXT, b"\\x616263")


def test_dump_a_released_view() -> None:
    view = memoryview(b"abc")
    view.release()
    for format in "stb":
        with pytest.raises(ValueError, match="released"):
            _howdah.dump(view, format)


@pytest.mark.parametrize("data", [b"\\x0", b"\\xzz", b"\\x 0", b"\\", b"a\\1", b"\\400", b"\\a"])
def test_malformed(data: bytes) -> None:
    with pytest.raises(errors.DataError, match="can't parse bytea"):
        _howdah.load(BYTEA, TEXT, data)


@given(st.binary(max_size=24) | st.text("\\x0123456789af", max_size=24).map(str.encode))
def test_any_text_is_bytes_or_an_error(data: bytes) -> None:
    value = outcome(_howdah.load, BYTEA, TEXT, data)
    assert value == "DataError" or value[0] is bytes
