"""uuid, against psycopg."""

from __future__ import annotations

import copy
import pickle
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import _howdah, errors
from oracle import BINARY, TEXT, check_dump, check_load, outcome

UUID = 2950


@given(st.uuids())
def test_load(value: uuid.UUID) -> None:
    check_load(UUID, TEXT, str(value).encode())
    check_load(UUID, BINARY, value.bytes)
    assert _howdah.load(UUID, TEXT, value.hex.upper().encode()) == value


@given(st.uuids())
def test_what_is_loaded_is_a_whole_uuid(value: uuid.UUID) -> None:
    loaded = _howdah.load(UUID, BINARY, value.bytes)
    assert type(loaded) is uuid.UUID
    assert loaded == value
    assert hash(loaded) == hash(value)
    assert (str(loaded), loaded.bytes, loaded.fields, loaded.version) == (
        str(value),
        value.bytes,
        value.fields,
        value.version,
    )
    assert loaded.is_safe is uuid.SafeUUID.unknown
    assert pickle.loads(pickle.dumps(loaded)) == copy.deepcopy(loaded) == value
    with pytest.raises(TypeError, match="immutable"):
        loaded.int = 5


@given(st.uuids())
def test_dump(value: uuid.UUID) -> None:
    check_dump(value)


class Key(uuid.UUID):
    pass


def test_dump_subclass() -> None:
    check_dump(Key(int=5))


@pytest.mark.parametrize("data", [b"", b"\0" * 15, b"\0" * 17])
def test_malformed_binary(data: bytes) -> None:
    with pytest.raises(errors.DataError, match="can't parse uuid"):
        _howdah.load(UUID, BINARY, data)


@given(st.binary(max_size=40) | st.text("0123456789abcdefABCDEF-{}g", min_size=30, max_size=40).map(str.encode))
def test_any_text_is_a_uuid_or_an_error(data: bytes) -> None:
    value = outcome(_howdah.load, UUID, TEXT, data)
    assert value == "DataError" or value == (uuid.UUID, repr(uuid.UUID(data.decode())))
