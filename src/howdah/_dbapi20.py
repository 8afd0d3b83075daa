"""Module globals, constructors and type objects of the DB-API (PEP 249)."""

from __future__ import annotations

from datetime import date, datetime, timezone
from datetime import time as time_
from typing import Any

apilevel = "2.0"
threadsafety = 2  # threads may share the module and connections
paramstyle = "pyformat"


class Binary:
    """Bytes to be sent as bytea."""

    __module__ = "howdah"

    def __init__(self, obj: Any):
        self.obj = obj

    def __repr__(self) -> str:
        shown = repr(self.obj)
        if len(shown) > 40:
            shown = f"{shown[:35]} ... ({len(self.obj)} bytes)"
        return f"{type(self).__name__}({shown})"


class DBAPITypeObject:
    """Compares equal to the type codes of its kind, in ``cursor.description``."""

    def __init__(self, name: str, oids: tuple[int, ...]):
        self.name = name
        self.values = oids

    def __repr__(self) -> str:
        return f"howdah.{self.name}"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, int):
            return other in self.values
        return other is self

    def __hash__(self) -> int:
        return hash(self.name)


BINARY = DBAPITypeObject("BINARY", (17,))
DATETIME = DBAPITypeObject("DATETIME", (1114, 1184, 1082, 1083, 1266, 1186))
NUMBER = DBAPITypeObject("NUMBER", (21, 23, 20, 700, 701, 1700))
ROWID = DBAPITypeObject("ROWID", (26,))
STRING = DBAPITypeObject("STRING", (25, 1042, 1043))


def Date(year: int, month: int, day: int) -> date:
    return date(year, month, day)


def DateFromTicks(ticks: float) -> date:
    return TimestampFromTicks(ticks).date()


def Time(hour: int, minute: int, second: int) -> time_:
    return time_(hour, minute, second)


def TimeFromTicks(ticks: float) -> time_:
    return TimestampFromTicks(ticks).time()


def Timestamp(year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime:
    return datetime(year, month, day, hour, minute, second)


def TimestampFromTicks(ticks: float) -> datetime:
    return datetime.fromtimestamp(ticks, timezone.utc).astimezone()
