"""What a hostile, or a broken, server could say: a recorded conversation with one or two of its messages spoiled."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from servers.fake import error, notice, parameter_status

Turns = list[tuple[int, bytes]]

EDGES = (-(2**31), -2, -1, 0, 1, 3, 4, 5, 2**15, 2**16, 2**24, 2**30, 2**31 - 1)
KINDS = b"123ACDEGHIKNRSTVWZcdnstv\0\xff"
STRANGE = (
    error("57P01", "terminated"),
    error("22012", "unasked", severity="ERROR"),
    b"E\0\0\0\5\0",
    b"E\0\0\0\4",
    notice("unasked"),
    parameter_status("client_encoding", "LATIN1"),
    parameter_status("client_encoding", "no such encoding"),
    parameter_status("TimeZone", "Mars/Phobos"),
    b"S\0\0\0\5x",
    b"A\0\0\0\5x",
    b"Z\0\0\0\5I",
    b"Z\0\0\0\5X",
    b"R\0\0\0\x08\0\0\0\0",
    b"R\0\0\0\x08\0\0\0\x03",
    b"K\0\0\0\x0c\0\0\0\1\0\0\0\1",
    b"G\0\0\0\7\0\0\0",
    b"H\0\0\0\7\0\0\0",
    b"W\0\0\0\7\0\0\0",
    b"d\0\0\0\5x",
    b"c\0\0\0\4",
    b"s\0\0\0\4",
    b"1\0\0\0\4",
    b"2\0\0\0\4",
    b"3\0\0\0\4",
    b"n\0\0\0\4",
    b"I\0\0\0\4",
    b"t\0\0\0\6\xff\xff",
    b"T\0\0\0\6\0\0",
    b"T\0\0\0\6\xff\xff",
    b"D\0\0\0\6\0\0",
    b"D\0\0\0\6\xff\xff",
    b"D\0\0\0\x0a\0\1\x7f\xff\xff\xff",
    b"C\0\0\0\4",
    b"C\0\0\0\x0eSELECT 99",
    b"V\0\0\0\x08\x7f\xff\xff\xff",
    b"v\0\0\0\x0c\0\3\0\2\xff\xff\xff\xff",
)


def omit(turns: Turns, at: int, rng: random.Random) -> None:
    del turns[at]


def repeat(turns: Turns, at: int, rng: random.Random) -> None:
    turns.insert(at, turns[at])


def exchange(turns: Turns, at: int, rng: random.Random) -> None:
    if at + 1 < len(turns):
        (need, one), (need_other, other) = turns[at : at + 2]
        turns[at : at + 2] = [(need, other), (need_other, one)]


def rename(turns: Turns, at: int, rng: random.Random) -> None:
    need, data = turns[at]
    turns[at] = need, bytes([rng.choice(KINDS)]) + data[1:]


def lie_about_length(turns: Turns, at: int, rng: random.Random) -> None:
    need, data = turns[at]
    (length,) = struct.unpack_from("!i", data, 1)
    lie = rng.choice([*EDGES, length - 1, length + 1, length + 5])
    turns[at] = need, data[:1] + struct.pack("!i", lie) + data[5:]


def shorten(turns: Turns, at: int, rng: random.Random) -> None:
    """The body ends early, and the length says so."""
    need, data = turns[at]
    body = data[5 : 5 + rng.randrange(max(len(data) - 5, 1))]
    turns[at] = need, data[:1] + struct.pack("!i", len(body) + 4) + body


def lengthen(turns: Turns, at: int, rng: random.Random) -> None:
    need, data = turns[at]
    body = data[5:] + rng.randbytes(rng.randrange(1, 9))
    turns[at] = need, data[:1] + struct.pack("!i", len(body) + 4) + body


def spoil_an_integer(turns: Turns, at: int, rng: random.Random) -> None:
    """A count, a length or an oid within the body."""
    need, data = turns[at]
    body = bytearray(data[5:])
    if len(body) >= 2:
        size = rng.choice([2, 4]) if len(body) >= 4 else 2
        value = rng.choice(EDGES) & (1 << 8 * size) - 1
        struct.pack_into("!H" if size == 2 else "!I", body, rng.randrange(len(body) - size + 1), value)
    turns[at] = need, data[:5] + bytes(body)


def spoil_a_byte(turns: Turns, at: int, rng: random.Random) -> None:
    need, data = turns[at]
    body = bytearray(data[5:])
    if body:
        body[rng.randrange(len(body))] = rng.choice([0, 1, 0x27, 0x5C, 0x7F, 0x80, 0xC0, 0xFF])
    turns[at] = need, data[:5] + bytes(body)


def interject(turns: Turns, at: int, rng: random.Random) -> None:
    """Something unasked."""
    turns.insert(at, (turns[at][0], rng.choice(STRANGE)))


def babble(turns: Turns, at: int, rng: random.Random) -> None:
    turns.insert(at, (turns[at][0], rng.randbytes(rng.randrange(1, 200))))


def speak_early(turns: Turns, at: int, rng: random.Random) -> None:
    """The answer comes before the question."""
    turns[at:] = [(turns[at][0], data) for _, data in turns[at:]]


WAYS: tuple[Callable[[Turns, int, random.Random], None], ...] = (
    omit,
    repeat,
    exchange,
    rename,
    lie_about_length,
    shorten,
    lengthen,
    spoil_an_integer,
    spoil_a_byte,
    interject,
    babble,
    speak_early,
)

# Of these a client can see neither that they happened nor what was meant: a row is what the server says it is.
MAY_FORGE_ROWS = {spoil_a_byte, spoil_an_integer, interject, babble, rename}


def spoiled(turns: Turns, seed: int) -> tuple[tuple[tuple[int, bytes], ...], str, bool]:
    """The turns (one message each) spoiled in one or two places: how, and whether rows may be forged by it."""
    rng = random.Random(seed)
    turns = list(turns)
    told, forged = [], False
    for _ in range(rng.choice([1, 1, 2])):
        way, at = rng.choice(WAYS), rng.randrange(len(turns))
        told.append(f"{way.__name__} at message {at} of type {turns[at][1][:1]!r}")
        forged |= way in MAY_FORGE_ROWS
        way(turns, at, rng)
        if not turns:
            break
    return tuple(turns), ", ".join(told), forged
