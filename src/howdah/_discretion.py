"""Errors of connecting must not take passwords along: in the variables of the frames that they have passed."""

from __future__ import annotations

import sys
from types import CodeType, TracebackType

# Functions that call the user's own, whose frames are the user's business and worth seeing.
callers: set[CodeType] = set()


def under_way() -> BaseException | None:
    """The exception that is being handled: what is raised now has it as its context."""
    return sys.exc_info()[1]


def discreet(error: BaseException, before: BaseException | None) -> None:
    """Take the frames of howdah from an exception and from what led to it, as far as that is not from `before`.

    What a function of the user's has raised keeps the frames of that function. A context that nobody would see goes,
    too: it may be about the very string that has the password.
    """
    seen, left = {id(before)}, [error]
    while left:
        this = left.pop()
        if id(this) in seen:
            continue
        seen.add(id(this))
        this.__traceback__ = _of_the_user(this.__traceback__)
        if this.__suppress_context__ and this.__context__ is not before:
            this.__context__ = None
        left += [other for other in (this.__cause__, this.__context__) if other is not None]


def _of_the_user(traceback: TracebackType | None) -> TracebackType | None:
    while traceback is not None:
        if traceback.tb_frame.f_code in callers:
            return traceback.tb_next
        traceback = traceback.tb_next
    return None
