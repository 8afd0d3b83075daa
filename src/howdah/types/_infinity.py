"""What stands for PostgreSQL's infinity where `adapters.configure(infinity="marker")` asks for it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any


class Infinity:
    """Later than every date and datetime and longer than every timedelta, or earlier and shorter.

    There are two instances, `INFINITY` and `NEGATIVE_INFINITY`; copies and pickles are the very same. Sent as a
    parameter they are 'infinity' and '-infinity' of whatever type the server expects there (PostgreSQL
    documentation, 8.5.1.4).
    """

    __slots__ = ("_name", "_sign")
    __module__ = "howdah.types.datetime"

    def __init__(self, name: str, sign: int):
        self._name = name
        self._sign = sign

    def __lt__(self, other: Any) -> bool:
        if isinstance(other, Infinity):
            return self._sign < other._sign
        return self._sign < 0 if isinstance(other, date | timedelta) else NotImplemented

    def __gt__(self, other: Any) -> bool:
        if isinstance(other, Infinity):
            return self._sign > other._sign
        return self._sign > 0 if isinstance(other, date | timedelta) else NotImplemented

    def __le__(self, other: Any) -> bool:
        return True if self is other else self.__lt__(other)

    def __ge__(self, other: Any) -> bool:
        return True if self is other else self.__gt__(other)

    def __repr__(self) -> str:
        return self._name

    def __str__(self) -> str:
        return "infinity" if self._sign > 0 else "-infinity"

    def __reduce__(self) -> str:
        return self._name


INFINITY = Infinity("INFINITY", 1)
NEGATIVE_INFINITY = Infinity("NEGATIVE_INFINITY", -1)
