"""Connection strings: ``key=value`` pairs and URIs, with libpq's grammar.

PostgreSQL documentation, "Connection Strings". No error repeats the string or a value of it, since any part of it may
belong to a password.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TypeAlias

from ._connect.options import OPTIONS
from ._discretion import discreet, under_way
from .errors import ProgrammingError

__all__ = ["conninfo_to_dict", "make_conninfo", "timeout_from_conninfo"]

ConnParam: TypeAlias = str | int | None
ConnDict: TypeAlias = dict[str, ConnParam]
ConnMapping: TypeAlias = Mapping[str, ConnParam]


def make_conninfo(conninfo: str = "", **kwargs: ConnParam) -> str:
    """One ``key=value`` string of a connection string and of parameters, which win; None ones are left out.

    Without parameters the string is checked and returned as it is. Raises `ProgrammingError` when it is malformed or
    a name is unknown.
    """
    before = under_way()
    try:
        if not kwargs:
            _parse(conninfo)
            return str(conninfo)
        return _written(_merged(conninfo, kwargs))
    except ProgrammingError as error:
        conninfo, kwargs = "", {}
        discreet(error, before)
        raise error


def conninfo_to_dict(conninfo: str = "", **kwargs: ConnParam) -> ConnDict:
    """The parameters of a connection string, and `kwargs`, which win; None ones are left out.

    Defaults and the environment play no part. Raises `ProgrammingError` when the string is malformed or has a name
    that is unknown.
    """
    before = under_way()
    try:
        return _merged(conninfo, kwargs)
    except ProgrammingError as error:
        conninfo, kwargs = "", {}
        discreet(error, before)
        raise error


def _merged(conninfo: str, kwargs: ConnDict) -> ConnDict:
    found = _parse(conninfo)
    params: ConnDict = {name: found[name] for name in OPTIONS if name in found}
    params.update({name: value for name, value in kwargs.items() if value is not None})
    return params


def _written(params: ConnDict) -> str:
    for name in params:
        if name not in OPTIONS:
            raise ProgrammingError(f'invalid connection option "{name}"')
    return " ".join(f"{name}={_quote(str(value))}" for name, value in params.items())


_DEFAULT_CONNECT_TIMEOUT = 130  # seconds: psycopg's


def timeout_from_conninfo(params: ConnDict) -> int:
    """How long psycopg would wait for a connection by these parameters, in seconds; `connect` has finer steps.

    Raises `ProgrammingError` for a ``connect_timeout`` that is no number.
    """
    value = params.get("connect_timeout") or os.environ.get("PGCONNECT_TIMEOUT") or 0
    try:
        timeout = int(float(value))
    except ValueError:
        raise ProgrammingError(f"bad value for connect_timeout: {value!r}") from None
    return max(timeout, 2) if timeout > 0 else _DEFAULT_CONNECT_TIMEOUT


def _quote(value: str) -> str:
    if "\0" in value:
        raise ProgrammingError("a connection parameter contains a NUL character")
    escaped = re.sub(r"([\\'])", r"\\\1", value)
    return f"'{escaped}'" if not value or re.search(r"\s", value) else escaped


def _check_name(name: str, what: str = "connection option") -> None:
    if name not in OPTIONS:
        # What stands where a name should be may be a piece of a password: only what is nearly a name is shown.
        from difflib import get_close_matches

        near = len(name) <= 30 and get_close_matches(name, OPTIONS, 1, 0.75)
        shown = f' "{name}": "{near[0]}" is one' if near else ""
        raise ProgrammingError(f"invalid {what}{shown}")


def _parse(conninfo: str) -> dict[str, str]:
    if "\0" in conninfo:
        raise ProgrammingError("the connection string contains a NUL character")
    try:
        conninfo.encode()
    except UnicodeEncodeError:
        raise ProgrammingError("the connection string contains a lone surrogate") from None
    for prefix in ("postgresql://", "postgres://"):
        if conninfo.startswith(prefix):
            return _parse_uri(conninfo[len(prefix) :])
    if re.match(r"[A-Za-z][A-Za-z0-9+.:-]*://", conninfo):
        raise ProgrammingError("a connection URI begins with postgresql:// or postgres://")
    return _parse_pairs(conninfo)


# ---- key=value

_SPACE = " \t\n\v\f\r"  # what isspace() knows
_NAME = rf"[{_SPACE}]*([^={_SPACE}]*)[{_SPACE}]*(=?)[{_SPACE}]*"
_QUOTED = r"'((?:\\.|[^\\'])*)'"
_PLAIN = rf"(?:\\.|\\$|[^\\{_SPACE}])*"


def _parse_pairs(text: str) -> dict[str, str]:
    # `re` keeps what it compiles, and there are programs that never come here.
    named, quotes, plainly = (re.compile(pattern, re.DOTALL) for pattern in (_NAME, _QUOTED, _PLAIN))
    params: dict[str, str] = {}
    at, end = len(text) - len(text.lstrip(_SPACE)), len(text)
    while at < end:
        match = named.match(text, at)
        assert match is not None  # every part may be empty
        name, equals = match.groups()
        if not equals:
            raise ProgrammingError(f'missing "=" in the connection string, after the name at character {at + 1}')
        at = match.end()
        if text.startswith("'", at):
            quoted = quotes.match(text, at)
            if quoted is None:
                raise ProgrammingError("unterminated quoted string in the connection string")
            value, at = quoted[1], quoted.end()
        else:
            plain = plainly.match(text, at)
            assert plain is not None
            value, at = plain[0], plain.end()
        _store(params, name, re.sub(r"\\(.?)", r"\1", value, flags=re.DOTALL))
        at = end - len(text[at:].lstrip(_SPACE))
    return params


def _store(params: dict[str, str], name: str, value: str, what: str = "connection option") -> None:
    if name == "requiressl":  # libpq's name for sslmode, before PostgreSQL 8
        name, value = "sslmode", "require" if value.startswith("1") else "prefer"
    _check_name(name, what)
    params[name] = value


# ---- postgresql://user:password@host:port,host:port/dbname?name=value&name=value


def _parse_uri(rest: str) -> dict[str, str]:
    params: dict[str, str] = {}

    credentials, at, behind = rest.partition("@")
    if at and "/" not in credentials:
        user, _, password = credentials.partition(":")
        for name, value in (("user", user), ("password", password)):
            if value:
                params[name] = _decode(value)
        rest = behind

    hosts: list[str] = []
    ports: list[str] = []
    while True:
        if rest.startswith("["):
            address, closed, rest = rest[1:].partition("]")
            if not closed:
                raise ProgrammingError('missing "]" after an IPv6 address in the connection URI')
            if not address:
                raise ProgrammingError("empty IPv6 address in the connection URI")
            if rest[:1] not in ("", ":", "/", "?", ","):
                raise ProgrammingError('unexpected character after "]" in the connection URI')
            hosts.append(address)
        else:
            host = re.match(r"[^:/?,]*", rest)
            assert host is not None
            hosts.append(host[0])
            rest = rest[host.end() :]
        port = re.match(r"(?::([^/?,]*))?", rest)
        assert port is not None
        ports.append(port[1] or "")
        rest = rest[port.end() :]
        if not rest.startswith(","):
            break
        rest = rest[1:]
    for name, values in (("host", hosts), ("port", ports)):
        if any(values) or len(values) > 1:
            params[name] = _decode(",".join(values))

    path, _, query = rest.partition("?")
    if len(path) > 1:
        params["dbname"] = _decode(path[1:])
    for pair in query.removesuffix("&").split("&") if query else ():
        keyword, equals, value = pair.partition("=")
        if not equals:
            raise ProgrammingError('missing "=" in a parameter of the connection URI')
        if "=" in value:
            raise ProgrammingError('one "=" too many in a parameter of the connection URI')
        keyword, value = _decode(keyword), _decode(value)
        if (keyword, value) == ("ssl", "true"):  # as JDBC writes it
            keyword, value = "sslmode", "require"
        _store(params, keyword, value, "URI query parameter")
    return params


def _decode(text: str) -> str:
    text = text.strip(" ")
    if " " in text:
        raise ProgrammingError("unexpected space in the connection URI: write it as %20")
    if "%" not in text:
        return text
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise ProgrammingError("invalid percent-encoded character in the connection URI")
    if "%00" in text:
        raise ProgrammingError("forbidden %00 in the connection URI")
    raw = re.sub(rb"%(..)", lambda match: bytes.fromhex(match[1].decode()), text.encode())
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise ProgrammingError("a percent-encoded part of the connection URI is not UTF-8") from None
