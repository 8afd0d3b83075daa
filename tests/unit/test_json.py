"""json and jsonb, against psycopg and the json module."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracle
from howdah import _howdah, errors
from howdah.types.json import Json, Jsonb
from oracle import BINARY, TEXT, check_load

JSON, JSONB = 114, 3802

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values, st.booleans(), st.sampled_from(["", " ", "\n", "\t \r\n"]), st.sampled_from(["", " ", "\n\n"]))
def test_load(value: Any, ascii: bool, before: str, after: str) -> None:
    text = f"{before}{json.dumps(value, ensure_ascii=ascii)}{after}".encode("utf-8", "surrogatepass")
    for oid, format, data in [
        (JSON, TEXT, text),
        (JSON, BINARY, text),
        (JSONB, TEXT, text),
        (JSONB, BINARY, b"\1" + text),
    ]:
        assert _howdah.load(oid, format, data) == value
        check_load(oid, format, data)


@pytest.mark.parametrize("text", ["NaN", "-Infinity", '"\\ud800"', '{"a": 1, "a": 2}', "1E400", "-0", "1.0", '""'])
def test_load_odd(text: str) -> None:
    check_load(JSON, TEXT, text.encode())


def test_load_in_another_encoding() -> None:
    assert _howdah.load(JSON, TEXT, '["é"]'.encode("latin-1"), encoding="LATIN1") == ["é"]
    assert _howdah.load(JSON, TEXT, '["é"]'.encode(), encoding="SQL_ASCII") == ["é"]


@pytest.mark.parametrize("data", [b"", b" ", b"{", b"[1,]", b"nul", b"1 2", b"'a'", b'"a', b"[1]]"])
def test_malformed(data: bytes) -> None:
    with pytest.raises(errors.DataError, match="can't parse json b") as caught:
        _howdah.load(JSON, TEXT, data)
    assert isinstance(caught.value.__cause__, json.JSONDecodeError)


@pytest.mark.parametrize("data", [b"", b"\2{}", b"{}"])
def test_version_of_jsonb(data: bytes) -> None:
    with pytest.raises(errors.DataError, match="can't parse jsonb b"):
        _howdah.load(JSONB, BINARY, data)


def test_too_deep() -> None:
    with pytest.raises(RecursionError):
        _howdah.load(JSON, TEXT, b"[" * 200_000 + b"]" * 200_000)


def theirs(wrapper: Any) -> Any:
    from psycopg.types import json as their_json

    return getattr(their_json, type(wrapper).__name__)(wrapper.obj, wrapper.dumps)


@given(st.sampled_from([Json, Jsonb]), values, st.sampled_from([None, lambda obj: b"[5]", lambda obj: '"é"']))
def test_dump(wrapper: Any, value: Any, dumps: Any) -> None:
    ours = wrapper(value, dumps)
    for format in "stb":
        assert _howdah.dump(ours, format) == oracle.their_dump(theirs(ours), format)


class Document(Json):
    pass


def test_dump_subclass() -> None:
    assert _howdah.dump(Document([1])) == (JSON, TEXT, b"[1]")


def test_what_dumps_raises_is_raised() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        _howdah.dump(Json(object()))
    with pytest.raises(ZeroDivisionError):
        _howdah.dump(Jsonb(1, dumps=lambda obj: 1 // 0))


def test_what_dumps_returns_is_text_or_bytes() -> None:
    with pytest.raises(TypeError):
        _howdah.dump(Json(1, dumps=lambda obj: 5))  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize("value", [{"a": 1}, list(range(100)), "x" * 34, "x" * 38, "x" * 39])
@pytest.mark.parametrize("wrapper", [Json, Jsonb])
def test_repr(wrapper: Any, value: Any) -> None:
    assert repr(wrapper(value)) == repr(theirs(wrapper(value)))


def test_register_json_takes_classes() -> None:
    with pytest.raises(TypeError, match="takes a class"):
        _howdah.register_json(5)  # type: ignore[arg-type]
