"""PostgreSQL's encodings and Python's codecs for them, by psycopg's functions."""

from __future__ import annotations

import codecs
import re

from ..conninfo import conninfo_to_dict
from ..errors import NotSupportedError

# PostgreSQL documentation, 23.3.1 "Supported Character Sets". Python has no EUC_TW and no MULE_INTERNAL.
_py_codecs = {
    "BIG5": "big5",
    "EUC_CN": "gb2312",
    "EUC_JIS_2004": "euc_jis_2004",
    "EUC_JP": "euc_jp",
    "EUC_KR": "euc_kr",
    "GB18030": "gb18030",
    "GBK": "gbk",
    "ISO_8859_5": "iso8859-5",
    "ISO_8859_6": "iso8859-6",
    "ISO_8859_7": "iso8859-7",
    "ISO_8859_8": "iso8859-8",
    "JOHAB": "johab",
    "KOI8R": "koi8-r",
    "KOI8U": "koi8-u",
    "LATIN1": "iso8859-1",
    "LATIN2": "iso8859-2",
    "LATIN3": "iso8859-3",
    "LATIN4": "iso8859-4",
    "LATIN5": "iso8859-9",
    "LATIN6": "iso8859-10",
    "LATIN7": "iso8859-13",
    "LATIN8": "iso8859-14",
    "LATIN9": "iso8859-15",
    "LATIN10": "iso8859-16",
    "SHIFT_JIS_2004": "shift_jis_2004",
    "SJIS": "shift_jis",
    "SQL_ASCII": "ascii",
    "UHC": "cp949",
    "UTF8": "utf-8",
    "WIN866": "cp866",
    "WIN874": "cp874",
    "WIN1250": "cp1250",
    "WIN1251": "cp1251",
    "WIN1252": "cp1252",
    "WIN1253": "cp1253",
    "WIN1254": "cp1254",
    "WIN1255": "cp1255",
    "WIN1256": "cp1256",
    "WIN1257": "cp1257",
    "WIN1258": "cp1258",
}


def _plain(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.upper())


_by_plain_name = {_plain(name): codec for name, codec in _py_codecs.items()}
_by_codec = {codec: name for name, codec in _py_codecs.items()}


def pg2pyenc(name: bytes) -> str:
    """The codec for an encoding of PostgreSQL's. Raises `NotSupportedError` where Python has none."""
    try:
        return _by_plain_name[_plain(name.decode())]
    except (KeyError, UnicodeDecodeError):
        raise NotSupportedError(f"codec not available in Python: {name!r}") from None


def py2pgenc(name: str) -> bytes:
    """PostgreSQL's name for a codec. Raises LookupError where it has none."""
    return _by_codec[codecs.lookup(name).name].encode()


def conninfo_encoding(conninfo: str) -> str:
    """The codec for the client_encoding of a connection string; UTF-8 where it has none that is known."""
    try:
        return pg2pyenc(str(conninfo_to_dict(conninfo).get("client_encoding") or "UTF8").encode())
    except NotSupportedError:
        return "utf-8"
