"""Text of clients whose encoding is not UTF-8, and what holds it: arrays and records."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import _howdah, errors
from howdah.adapt import Transformer
from howdah.types.composite import TupleDumper
from oracle import BINARY, TEXT

TEXT_OID, NAME, VARCHAR, BPCHAR, JSON, JSONB, XML, RECORD = 25, 19, 1043, 1042, 114, 3802, 142, 2249
TEXT_ARRAY, RECORD_ARRAY, JSON_ARRAY = 1009, 2287, 199

# The server's name, Python's codec, and letters of which one may end in the byte of a backslash, a brace or a bar.
ENCODINGS = {
    "UTF8": ("utf-8", "é表能ソ功許誠乗가😀"),
    "LATIN1": ("iso8859-1", "éüÿ\xa0"),
    "LATIN9": ("iso8859-15", "€é"),
    "WIN1251": ("cp1251", "Привет"),
    "KOI8R": ("koi8-r", "Привет"),
    "EUC_JP": ("euc_jp", "表能ソｱ"),
    "SJIS": ("shift_jis", "表能ソ十予構ボｱ"),
    "BIG5": ("big5", "功許蓋育"),
    "GBK": ("gbk", "誠乗乚亅亖亇"),
    "GB18030": ("gb18030", "誠乗乚𠀀é"),
    "UHC": ("cp949", "갂가힝"),
    "JOHAB": ("johab", "가힝뒈"),
    "EUC_KR": ("euc_kr", "가힝"),
}
SPECIAL = "\\\"'{}()[],; \tNULLab"

encodings = st.sampled_from(sorted(ENCODINGS))


def strings(encoding: str) -> st.SearchStrategy[str]:
    return st.text(ENCODINGS[encoding][1] + SPECIAL, max_size=8)


def nested(encoding: str) -> st.SearchStrategy[Any]:
    items = strings(encoding) | st.none()
    return st.lists(items, min_size=1, max_size=4) | st.lists(st.lists(items, min_size=2, max_size=2), min_size=1)


texts = encodings.flatmap(lambda encoding: st.tuples(st.just(encoding), strings(encoding)))
arrays = encodings.flatmap(lambda encoding: st.tuples(st.just(encoding), nested(encoding)))


@given(texts)
def test_text(case: tuple[str, str]) -> None:
    encoding, value = case
    data = value.encode(ENCODINGS[encoding][0])
    for oid in (TEXT_OID, NAME, VARCHAR, BPCHAR, XML, 0):
        assert _howdah.load(oid, TEXT, data, encoding=encoding) == value
    for oid in (TEXT_OID, NAME, VARCHAR, BPCHAR):
        assert _howdah.load(oid, BINARY, data, encoding=encoding) == value
    for format in "stb":
        dumped = _howdah.dump(value, format, encoding=encoding)[2]
        assert dumped == data


@given(texts)
def test_json(case: tuple[str, str]) -> None:
    encoding, value = case
    data = json.dumps({value: [value]}, ensure_ascii=False).encode(ENCODINGS[encoding][0])
    for oid in (JSON, JSONB):
        assert _howdah.load(oid, TEXT, data, encoding=encoding) == {value: [value]}
    assert _howdah.load(JSON, BINARY, data, encoding=encoding) == {value: [value]}
    assert _howdah.load(JSONB, BINARY, b"\1" + data, encoding=encoding) == {value: [value]}


@given(arrays)
def test_arrays(case: tuple[str, list[Any]]) -> None:
    """What is sent means the same once the server has it in its own encoding."""
    encoding, value = case
    codec = ENCODINGS[encoding][0]
    data = _howdah.dump(value, "t", encoding=encoding)[2]
    assert data is not None
    assert _howdah.load(TEXT_ARRAY, TEXT, data.decode(codec).encode()) == value
    assert _howdah.load(TEXT_ARRAY, TEXT, data, encoding=encoding) == value
    _, format, binary = _howdah.dump(value, "b", encoding=encoding)
    if format == BINARY:
        assert binary is not None
        assert _howdah.load(TEXT_ARRAY, BINARY, binary, encoding=encoding) == value


@given(arrays)
def test_arrays_of_json(case: tuple[str, list[Any]]) -> None:
    encoding, value = case
    codec = ENCODINGS[encoding][0]
    written = _howdah.dump([json.dumps(value, ensure_ascii=False)], "t")[2]
    assert written is not None
    assert _howdah.load(JSON_ARRAY, TEXT, written.decode().encode(codec), encoding=encoding) == [value]


@given(encodings.flatmap(lambda encoding: st.tuples(st.just(encoding), st.lists(strings(encoding), min_size=1))))
def test_records(case: tuple[str, list[str]]) -> None:
    encoding, value = case
    codec = ENCODINGS[encoding][0]
    written = bytes(TupleDumper(tuple, Transformer()).dump(tuple(value)) or b"")
    data = written.decode().encode(codec)
    assert _howdah.load(RECORD, TEXT, data, encoding=encoding) == tuple(value)
    array = _howdah.dump([written.decode()], "t")[2]
    assert array is not None
    assert _howdah.load(RECORD_ARRAY, TEXT, array.decode().encode(codec), encoding=encoding) == [tuple(value)]


@pytest.mark.parametrize("encoding", ["SJIS", "BIG5", "GBK", "GB18030", "UHC", "JOHAB", "SHIFT_JIS_2004", "EUC_JP"])
@given(data=st.binary(max_size=20))
def test_any_bytes_are_a_list_or_an_error(encoding: str, data: bytes) -> None:
    for oid in (TEXT_ARRAY, RECORD_ARRAY, RECORD):
        try:
            assert isinstance(_howdah.load(oid, TEXT, b"{" + data, encoding=encoding), list)
        except (errors.DataError, UnicodeDecodeError):
            pass


@pytest.mark.parametrize("encoding", [e for e in ENCODINGS if e not in ("UTF8", "GB18030")])
def test_what_the_encoding_lacks(encoding: str) -> None:
    for value in ("😀", ["😀"], ["a", "😀"]):
        for format in "st":
            with pytest.raises(UnicodeEncodeError):
                _howdah.dump(value, format, encoding=encoding)


@pytest.mark.parametrize("format", [TEXT, BINARY])
def test_sql_ascii_gives_bytes(format: int) -> None:
    data = b"\xe9\x95\\"
    for oid in (TEXT_OID, NAME, VARCHAR, BPCHAR):
        assert _howdah.load(oid, format, data, encoding="SQL_ASCII") == data
    assert _howdah.load(XML, TEXT, data, encoding="SQL_ASCII") == data


def test_sql_ascii_in_arrays() -> None:
    assert _howdah.load(TEXT_ARRAY, TEXT, b'{"\xe9\\"",b,NULL}', encoding="SQL_ASCII") == [b'\xe9"', b"b", None]
    assert _howdah.load(RECORD, TEXT, b"(\xe9,)", encoding="SQL_ASCII") == (b"\xe9", None)
    # str is sent in UTF-8, as psycopg sends it
    assert _howdah.dump("é", encoding="SQL_ASCII")[2] == "é".encode()
    assert _howdah.dump(["é"], encoding="SQL_ASCII")[2] == "{é}".encode()
