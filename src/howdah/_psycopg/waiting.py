"""What psycopg's wait functions speak of. Howdah waits in C: the functions themselves are not here."""

from __future__ import annotations

from enum import IntEnum


class Wait(IntEnum):
    """What is waited for."""

    R = 1
    W = 2
    RW = 3


class Ready(IntEnum):
    """What a socket became ready for."""

    NONE = 0
    R = 1
    W = 2
    RW = 3
