"""Who has borrowed which connection: for the report of what does not come back."""

from __future__ import annotations

import asyncio
import linecache
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from types import FrameType
from typing import Any

__all__ = ["Lent", "Loans"]

FRAMES = 5  # how many of the program's functions a loan names
NOT_THE_PROGRAM = {"howdah", "contextlib"}


@dataclass
class Lent:
    """A connection is with somebody."""

    since: float  # seconds of monotonic()
    borrower: str  # thread or task, and functions, the innermost first
    reported: bool = False

    def __str__(self) -> str:
        return f"lent for {monotonic() - self.since:.1f} sec to {self.borrower}"


class Loans:
    """The loans of a pool, by connection."""

    def __init__(self) -> None:
        self._loans: dict[int, Lent] = {}  # by id(): weak references don't outlive the beginning of the end

    def begin(self, conn: Any) -> None:
        """The caller outside of howdah borrows a connection."""
        self._loans[id(conn)] = Lent(monotonic(), _borrower())

    def end(self, conn: Any) -> Lent | None:
        """It is back, or lost."""
        return self._loans.pop(id(conn), None)

    def oldest(self) -> Lent | None:
        """What has been lent for longest."""
        return min(list(self._loans.values()), key=lambda loan: loan.since, default=None)

    def due(self, seconds: float) -> list[Lent]:
        """What has been lent for so long, each only once."""
        limit = monotonic() - seconds
        found = [loan for loan in list(self._loans.values()) if loan.since <= limit and not loan.reported]
        for loan in found:
            loan.reported = True
        return found


def _borrower() -> str:
    frame: FrameType | None = sys._getframe(1)  # not this one, lest it keep itself
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] in NOT_THE_PROGRAM:
        frame = frame.f_back
    places: list[str] = []
    while frame is not None and len(places) < FRAMES:
        code = frame.f_code
        line = linecache.getline(code.co_filename, frame.f_lineno, frame.f_globals).strip()
        places.append(f"{code.co_filename}:{frame.f_lineno} in {code.co_name} ({line})")
        frame = frame.f_back
    who = threading.current_thread().name
    with suppress(RuntimeError):  # there is no event loop
        if task := asyncio.current_task():
            who = task.get_name()
    return f"{who!r}, at {', from '.join(places)}"
