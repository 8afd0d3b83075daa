"""What describes connection parameters, columns and notifications (psycopg 3, `psycopg.pq.misc`)."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ConninfoOption", "PGnotify", "PGresAttDesc", "strip_severity", "version_pretty"]


class PGnotify(NamedTuple):
    """A notification."""

    relname: bytes
    be_pid: int
    extra: bytes


class ConninfoOption(NamedTuple):
    """A connection parameter: its name, environment variable, built-in default, and value."""

    keyword: bytes
    envvar: bytes | None
    compiled: bytes | None
    val: bytes | None
    label: bytes
    dispchar: bytes
    dispsize: int


class PGresAttDesc(NamedTuple):
    """A column of a result (PostgreSQL documentation, 54.7, RowDescription)."""

    name: bytes
    tableid: int
    columnid: int
    format: int
    typid: int
    typlen: int
    atttypmod: int


def version_pretty(version: int) -> str:
    """A version number as people write it: 180006 is 18.6, 90624 is 9.6.24."""
    major, rest = divmod(version, 10000)
    if major >= 10:
        return f"{major}.{rest}"
    return f"{major}.{rest // 100}.{rest % 100}"


def strip_severity(message: str) -> str:
    """A message without the severity that libpq puts in front of it, in whatever language."""
    head, colon, rest = message.partition(":  ")
    return rest.lstrip() if colon and head.isalpha() else message
