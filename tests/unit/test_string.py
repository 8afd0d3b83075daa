"""text, varchar, bpchar, name, "char" and what no adapter knows, against psycopg."""

from __future__ import annotations

import enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import _howdah, errors
from oracle import BINARY, TEXT, check_dump, check_load

OIDS = {"text": 25, "varchar": 1043, "bpchar": 1042, "name": 19, "char": 18}
UNKNOWN = 705

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
without_nul = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


@given(st.sampled_from(list(OIDS.values())), text)
def test_load(oid: int, value: str) -> None:
    for format in (TEXT, BINARY):
        check_load(oid, format, value.encode())
        assert _howdah.load(oid, format, value.encode()) == value


@given(st.sampled_from([0, UNKNOWN, 987654]), without_nul)
def test_load_unknown(oid: int, value: str) -> None:
    check_load(oid, TEXT, value.encode())
    assert _howdah.load(oid, TEXT, value.encode()) == value
    assert _howdah.load(oid, BINARY, value.encode()) == value.encode()


@given(without_nul)
def test_dump(value: str) -> None:
    check_dump(value)


class Name(str):
    def __str__(self) -> str:
        return "another"


class Colour(str, enum.Enum):
    RED = "red"


@pytest.mark.parametrize("value", [Name("one"), Colour.RED])
def test_dump_subclass(value: str) -> None:
    check_dump(value)


def test_nul() -> None:
    message = r"^PostgreSQL text fields cannot contain NUL \(0x00\) bytes$"
    for format in "st":
        with pytest.raises(errors.DataError, match=message):
            _howdah.dump("a\0b", format)
    assert _howdah.dump("a\0b", "b") == (25, BINARY, b"a\0b")  # which the server refuses


@pytest.mark.parametrize("format", ["s", "t", "b"])
def test_lone_surrogate(format: str) -> None:
    with pytest.raises(UnicodeEncodeError):
        _howdah.dump("\ud800", format)


@pytest.mark.parametrize("format", [TEXT, BINARY])
@pytest.mark.parametrize("data", [b"\xff", b"caf\xc3", b"\xed\xa0\x80"])
def test_not_in_the_encoding(format: int, data: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        _howdah.load(OIDS["text"], format, data)


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [("LATIN1", "latin-1"), ("WIN1252", "cp1252"), ("EUC_JP", "euc_jp"), ("KOI8R", "koi8-r"), ("UTF8", "utf-8")],
)
@given(value=without_nul)
def test_other_encodings(encoding: str, codec: str, value: str) -> None:
    data = value.encode(codec, "ignore")
    value = data.decode(codec)
    for format in (TEXT, BINARY):
        assert _howdah.load(OIDS["text"], format, data, encoding=encoding) == value
    assert _howdah.dump(value, encoding=encoding) == (0, TEXT, data)
    assert _howdah.dump(value, "b", encoding=encoding) == (25, BINARY, data)


def test_not_in_a_smaller_encoding() -> None:
    with pytest.raises(UnicodeEncodeError):
        _howdah.dump("€", encoding="LATIN1")


def test_sql_ascii_is_bytes() -> None:
    for oid in OIDS.values():
        for format in (TEXT, BINARY):
            assert _howdah.load(oid, format, b"\xff", encoding="SQL_ASCII") == b"\xff"
    assert _howdah.dump("é", encoding="SQL_ASCII") == (0, TEXT, "é".encode())


@given(st.binary(max_size=40))
def test_any_bytes_are_text_or_an_error(data: bytes) -> None:
    try:
        assert _howdah.load(OIDS["text"], TEXT, data) == data.decode()
    except UnicodeDecodeError:
        with pytest.raises(UnicodeDecodeError):
            data.decode()


def test_encoding_that_python_lacks() -> None:
    with pytest.raises(errors.NotSupportedError):
        _howdah.load(OIDS["text"], TEXT, b"", encoding="EUC_TW")
