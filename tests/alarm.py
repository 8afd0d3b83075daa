"""Calls that a signal handler interrupts."""

from __future__ import annotations

import dis
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


class Alarm(BaseException):
    """Like KeyboardInterrupt, no Exception."""


def interrupted(delay: float, function: Callable[[], object], interval: float = 0.0) -> None:
    """Call the function, and have Alarm raised in it after a while; and again, where there is an interval, 100 times.

    Not for ever: where the handler takes longer than the interval, nothing else would be done.
    """
    alarms = 0

    def handler(signum: int, frame: FrameType | None) -> None:
        nonlocal alarms
        alarms += 1
        if alarms == 100:
            signal.setitimer(signal.ITIMER_REAL, 0)
        while frame is not None:
            if frame.f_code.co_name in ("_warn_unawaited_coroutine", "unraisable_hook"):
                return  # where the interpreter reports, nothing can be raised
            if frame.f_code is attempt.__code__:
                raise Alarm
            frame = frame.f_back

    def attempt() -> None:
        function()

    handler_before = signal.signal(signal.SIGALRM, handler)
    timer_before = signal.setitimer(signal.ITIMER_REAL, delay, interval)
    try:
        attempt()
    except Alarm:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler_before)
        signal.setitimer(signal.ITIMER_REAL, *timer_before)  # that of pytest-timeout


# After these instructions the interpreter calls the handlers of signals.
HEEDED_AFTER = ("CALL", "RESUME", "JUMP_BACKWARD", "POP_JUMP_BACKWARD")


def interrupted_at(number: int, function: Callable[[], object], files: str) -> bool:
    """Call the function, and raise Alarm where a signal handler may do so for the `number`-th time in these files.

    False: there are not so many such places.
    """
    count = 0
    last: dict[FrameType, str] = {}

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal count
        if files not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and count < number:
            before = last.get(frame, "")
            last[frame] = dis.opname[frame.f_code.co_code[frame.f_lasti]]
            if before.startswith(HEEDED_AFTER):
                count += 1
                if count == number:
                    last.clear()
                    raise Alarm
        return trace

    trace_before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    except Alarm:
        pass
    finally:
        sys.settrace(trace_before)
    return count == number
