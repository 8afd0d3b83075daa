"""Two drivers take the same walk, and all that differs is told."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random
from typing import Any

import psycopg

import howdah
from replay.blocking import blocking
from walks import player
from walks.steps import Step, Walk

BLOCKING: Any = blocking(player.__file__, Raised=player.Raised)["Player"]
Dsns = tuple[str, str]  # of psycopg's database and of howdah's
PATIENCE = 60  # seconds for a step, behind which it hangs


class Hangs(BaseException):
    """A step does not end."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    def handler(*args: Any) -> None:
        raise Hangs

    before = signal.signal(signal.SIGALRM, handler)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *timer)


class Parted(Exception):
    """From here on the two sides are in different states, which is known."""


MAKING = ("executemany", "copy_in", "copy_out")  # whose cursor shows in psycopg what came before an error


class Pair:
    """The same walk on psycopg and on howdah, blocking or, given an event loop, under asyncio."""

    def __init__(self, dsns: Dsns, loop: asyncio.AbstractEventLoop | None = None) -> None:
        modules = zip((psycopg, howdah), dsns, strict=True)
        self.sides = [player.Player(m, dsn, "Async") if loop else BLOCKING(m, dsn) for m, dsn in modules]
        self.loop = loop
        self.vague: set[str] = set()  # cursors that show, in one of the drivers, what there was before an error
        self.first: dict[str, list[Any]] = {}  # what a pipeline's statements since its last Sync have raised, first

    def do(self, function: Any, *args: Any) -> Any:
        with limited(PATIENCE):
            return self.loop.run_until_complete(function(*args)) if self.loop else function(*args)

    def one(self, side: Any, step: Step) -> Any:
        try:
            return self.do(side.play, step)
        except Hangs:
            return "hangs"

    def both(self, question: Any) -> bool:
        return all(question(side) for side in self.sides)

    def difference(self, step: Step) -> Any:
        """What differs behind this step, or None; raises `Parted` where they part on purpose, or psycopg errs."""
        what, name, *rest = step
        piped = self.sides[0].piped(name)
        state = self.sides[0].status(self.sides[0].conns[name]) if what != "connect" else ""
        left, right = (self.one(side, step) for side in self.sides)
        if left == right == player.SKIPPED:
            return None
        lost = self.both(lambda side: side.conns[name].closed)
        failed = isinstance(left, player.Raised), isinstance(right, player.Raised)
        if (failed[0] and left.name == "InternalError") or (self.sides[0].conns[name].broken and not lost):
            raise Parted("psycopg's connection is of no use any more")
        if what == "enter" and all(failed) and state == "INERROR":
            raise Parted("psycopg may have rolled back to the savepoint of a block that failed before")
        if failed[0] and left.name == "OperationalError" and not left.sqlstate and not lost:
            raise Parted("psycopg takes an error of a Sync for a loss of the connection")
        if all(failed) and not left.sqlstate and (right.sqlstate == "23503" or what == "stream"):
            raise Parted("psycopg does not expect this error there")
        if failed[0] and left.name == "PipelineAborted" and what in ("enter", "leave") and not failed[1]:
            raise Parted("psycopg begins and ends no block behind an error")
        if piped and what in player.READING and all(failed) and left.sqlstate and not right.sqlstate:
            raise Parted("where there is nothing to fetch psycopg waits for the others' errors")
        if failed[1] and right.sqlstate == "0A000" and "cached plan" in right.message:
            raise Parted("a statement is prepared anew only where nothing else of its transaction would be lost")
        if all(failed) and right.sqlstate == "34000":
            raise Parted("psycopg closes a cursor on the server later on, though a fetch has found it gone")
        if piped and what == "enter" and failed[0] and left.sqlstate == "25001":
            raise Parted("psycopg puts executemany() and the block behind it in one transaction")
        if lost and what in ("leave", *player.READING):
            return None  # where the connection is gone psycopg's blocks end well, and its cursors keep what they had
        if all(failed) and (
            lost or (what == "executemany" and rest[-1]) or {left.sqlstate, right.sqlstate} == {"34000", "25P02"}
        ):
            left = right = (
                None  # by whom a loss is told depends on who sees it first; psycopg asks for the portal first
            )
        if piped:
            first = self.first.setdefault(name, [None, None])
            for i, outcome in enumerate((left, right)):
                if isinstance(outcome, player.Raised) and (outcome.sqlstate or outcome.name == "PipelineAborted"):
                    first[i] = first[i] or outcome[:3]
            if what in ("sync", "leave", "enter", "enter_pipeline"):
                del self.first[name]
                told = what != "leave" or rest == ["well"] or all(first)  # else the block's own error goes before
                if (
                    first[0] != first[1]
                    and told
                    and not lost
                    and "PipelineAborted" not in (f and f[0] for f in first)
                ):
                    return ("of the pipeline", *first)
                left = right = None
            elif any(failed) or any(first):
                left = right = None
        cursor = f"{name}{rest[0]}" if rest else ""
        if what in ("execute", "executemany", "cursor", "stream", "copy_in", "copy_out"):
            self.vague.discard(cursor)
        on_server = rest and self.sides[0].on_server(name, rest[0])
        if (what in MAKING and (any(failed) or on_server)) or (on_server and any(failed)):
            self.vague.add(cursor)
        if left != right and cursor not in self.vague - ({cursor} if what in MAKING else set()):
            return ("outcome", left, right)
        if piped or self.sides[0].piped(name):
            return None
        seen = [side.seen() for side in self.sides]
        closed = [name for name, conn in self.sides[0].conns.items() if conn.closed]
        gone = {f"{name}{i}" for name in closed for i in range(3)}  # psycopg's cursors keep there what they had
        gone |= {f"notices of {name}" for name in closed}  # the server's last words
        keys = sorted({*seen[0], *seen[1]} - self.vague - gone)
        differing = [
            (key, seen[0].get(key), seen[1].get(key)) for key in keys if seen[0].get(key) != seen[1].get(key)
        ]
        return ("state", differing) if differing else None

    def close(self) -> None:
        for side in self.sides:
            with suppress(Hangs):
                self.do(side.finish)


def generated(seed: int, count: int) -> list[Step]:
    return Walk(Random(seed)).steps(count)


def reset(dsns: Dsns) -> None:
    """Both databases as they are at the beginning of a walk."""
    for dsn in dsns:
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(player.OTHERS)
            conn.execute(player.TABLES)


def walked(dsns: Dsns, steps: list[Step], loop: asyncio.AbstractEventLoop | None = None) -> Any:
    """The number of the step behind which the drivers differ, and how; or None."""
    reset(dsns)
    pair = Pair(dsns, loop)
    try:
        for number, step in enumerate(steps):
            if found := pair.difference(step):
                return number, found
    except Parted:
        pass
    finally:
        pair.close()
    return None


def shortest(dsns: Dsns, steps: list[Step], loop: asyncio.AbstractEventLoop | None = None) -> list[Step]:
    """Without the steps that the difference doesn't need."""
    found = walked(dsns, steps, loop)
    if found is None:
        return steps  # it has not come about again
    steps = steps[: found[0] + 1]
    size = len(steps) // 2
    while size:
        start = 0
        while start < len(steps):
            fewer = steps[:start] + steps[start + size :]
            try:
                again = walked(dsns, fewer, loop)
            except KeyError:  # a connection that isn't there
                again = None
            if again and again[1] == found[1]:
                steps = fewer[: again[0] + 1]
            else:
                start += size
        size //= 2
    return steps


def told(dsns: Dsns, steps: list[Step], loop: asyncio.AbstractEventLoop | None = None) -> str | None:
    """How the drivers differ on this walk, in the fewest steps; None if they don't."""
    found = walked(dsns, steps, loop)
    if found is None:
        return None
    fewest = shortest(dsns, steps, loop)
    return "\n".join([repr(found[1]), *map(repr, fewest)])
