"""PostgreSQL's interval with its three fields apart: timedelta has no months."""

from __future__ import annotations

import datetime as dt

from .. import _howdah
from .._frozen import Frozen


class Interval(Frozen):
    """An interval as PostgreSQL holds it (documentation, 8.5.4): months, days and microseconds.

    No field turns into another, as a month has no fixed number of days, nor a day of hours; so two intervals are
    equal where all three are, and none is longer than another. `str()` is PostgreSQL's: '1 year 2 mons -3 days'.
    Both infinities are intervals: all fields at their maximum, or minimum.

    Sending one raises `DataError` where months or days exceed 32 bits or microseconds 64.
    """

    __module__ = "howdah.types.datetime"

    __slots__ = __match_args__ = ("months", "days", "microseconds")

    months: int
    days: int
    microseconds: int

    def __init__(self, months: int = 0, days: int = 0, microseconds: int = 0):
        assign = object.__setattr__
        assign(self, "months", months)
        assign(self, "days", days)
        assign(self, "microseconds", microseconds)

    def __str__(self) -> str:
        return _howdah.show_interval(self.months, self.days, self.microseconds)

    def timedelta(self) -> dt.timedelta:
        """The same as a timedelta. Raises ValueError for an interval with months, OverflowError for one too long."""
        if self.months:
            raise ValueError(f"an interval with months has no fixed length: {self}")
        return dt.timedelta(self.days, 0, self.microseconds)
