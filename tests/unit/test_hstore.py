"""hstore, against psycopg."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from howdah import errors
from howdah.types import hstore
from howdah.types.hstore import BaseHstoreBinaryDumper, BaseHstoreDumper, HstoreBinaryLoader, HstoreLoader
from oracle import outcome, psycopg

theirs = pytest.importorskip("psycopg.types.hstore")

strings = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.text(
    '"\\,=> \nNUL', max_size=6
)
hstores = st.dictionaries(strings, strings | st.none(), max_size=5)


def dump(module: Any, name: str, obj: Any) -> bytes:
    data = getattr(module, name)(dict).dump(obj)
    return bytes(data)


@pytest.mark.parametrize("name", ["BaseHstoreDumper", "BaseHstoreBinaryDumper"])
@given(hstores)
def test_dump(name: str, value: Any) -> None:
    assert dump(hstore, name, value) == dump(theirs, name, value)


@given(hstores)
@example({})
def test_load(value: Any) -> None:
    text = dump(theirs, "BaseHstoreDumper", value)
    binary = dump(theirs, "BaseHstoreBinaryDumper", value)
    for data in (text, text.replace(b'","', b'", "'), bytearray(text), memoryview(text)):
        assert HstoreLoader(0).load(data) == theirs.HstoreLoader(0).load(data)
    assert HstoreLoader(0).load(text) == HstoreBinaryLoader(0).load(binary) == value
    assert list(HstoreBinaryLoader(0).load(binary)) == list(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b'"a"=>"1", "b"=>"2"',
        b'"a" => "1" , "b"  =>\tNULL',
        b'"a"=>"NULL"',
        rb'"a\\"=>"\"", "b\"c"=>"x"',
        rb'"\a"=>"\b"',
        b'"a"=>"1", "a"=>"2"',
        "\"é\"=>\"\U0001f418\"".encode(),
    ],
)  # fmt: skip
def test_text(data: bytes) -> None:
    assert outcome(HstoreLoader(0).load, data) == outcome(theirs.HstoreLoader(0).load, data)


@pytest.mark.parametrize(
    "data",
    [
        b" ",
        b"a",
        b'"a"',
        b'"a"=>',
        b'"a"=>"',
        b'"a"=>b',
        b'"a"=>null',
        b'"a"=>"b" "c"=>"d"',
        b'x"a"=>"b"',
        b'"a"=>"b"x',
        b'"a"=>"b\\',
        b'NULL=>"b"',
    ],
)
def test_malformed_text(data: bytes) -> None:
    with pytest.raises(errors.DataError, match="can't parse hstore"):
        HstoreLoader(0).load(data)
    assert outcome(theirs.HstoreLoader(0).load, data) == "DataError"


PAIR = b"\0\0\0\1a\0\0\0\1b"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0",
        b"\0\0\0\0x",
        b"\0\0\0\1",
        b"\0\0\0\2" + PAIR,
        b"\0\0\0\1" + PAIR + b"x",
        b"\xff\xff\xff\xff" + PAIR,
        b"\x7f\xff\xff\xff" + PAIR,
        b"\0\0\0\1\xff\xff\xff\xff\0\0\0\1b",
        b"\0\0\0\1\0\0\0\1a\xff\xff\xff\xfe",
        b"\0\0\0\1\0\0\0\1a\0\0\0\2b",
        *((b"\0\0\0\1" + PAIR)[:n] for n in range(4, 14)),
    ],
)
def test_malformed_binary(data: bytes) -> None:
    with pytest.raises(errors.DataError, match="can't parse hstore"):
        HstoreBinaryLoader(0).load(data)


@pytest.mark.parametrize("loader", [HstoreLoader, HstoreBinaryLoader])
@pytest.mark.parametrize("data", [b'"\xff"=>"1"', b'"a"=>"\xff"', b"\0\0\0\1\0\0\0\1\xff\0\0\0\0"])
def test_not_in_the_encoding(loader: Any, data: bytes) -> None:
    assert outcome_of_any(loader(0).load, data) in ("UnicodeDecodeError", "DataError")
    if loader is (HstoreBinaryLoader if data[0] == 0 else HstoreLoader):
        with pytest.raises(UnicodeDecodeError):
            loader(0).load(data)


def outcome_of_any(function: Any, *args: Any) -> Any:
    try:
        return outcome(function, *args)
    except UnicodeDecodeError:
        return "UnicodeDecodeError"


@given(st.binary(max_size=30) | st.text('"\\=>,NUL ab', max_size=20).map(str.encode))
def test_any_bytes_are_a_value_or_an_error(data: bytes) -> None:
    """And a value only where psycopg has the same."""
    for name in ("HstoreLoader", "HstoreBinaryLoader"):
        value = outcome_of_any(getattr(hstore, name)(0).load, data)
        if value not in ("DataError", "UnicodeDecodeError"):
            assert value == outcome(getattr(theirs, name)(0).load, data)


@pytest.mark.parametrize("dumper", [BaseHstoreDumper, BaseHstoreBinaryDumper])
@pytest.mark.parametrize("value", [{1: "a"}, {"a": 1}, {None: "a"}, {"a": "b", "c": b"d"}, {"a": {}}], ids=str)
def test_dump_of_what_is_no_string(dumper: Any, value: Any) -> None:
    with pytest.raises(errors.DataError, match=r"hstore (keys|values) can only be strings"):
        dumper(dict).dump(value)


@pytest.mark.parametrize("dumper", [BaseHstoreDumper, BaseHstoreBinaryDumper])
def test_dump_of_what_is_no_dict(dumper: Any) -> None:
    with pytest.raises(TypeError):
        dumper(dict).dump([("a", "b")])
    with pytest.raises(UnicodeEncodeError):
        dumper(dict).dump({"a": "\ud800"})


def test_dump_of_nul() -> None:
    """Which no text of PostgreSQL holds."""
    for value in ({"a\0": "b"}, {"a": "\0"}):
        assert outcome(dump, hstore, "BaseHstoreDumper", value) == "DataError"
        assert outcome(dump, theirs, "BaseHstoreDumper", value) == "DataError"


def test_classes_are_psycopgs() -> None:
    for name in ("Hstore", "register_hstore", "BaseHstoreDumper", "BaseHstoreBinaryDumper"):
        assert hasattr(psycopg.types.hstore, name)
        assert hasattr(hstore, name)


def test_no_info() -> None:
    with pytest.raises(TypeError, match="'hstore' extension loaded"):
        hstore.register_hstore(None)  # type: ignore[arg-type]
