"""Bytes that no server sends, on every loader: they give a value or an error of the documented kinds, never a crash.

Says most under `make asan`. HOWDAH_FUZZ_RUNS=100000 tries so many inputs on each loader and format.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import random
import re
import struct
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

import howdah.types
from howdah import DataError, _howdah
from howdah.adapt import AdaptersMap, CoreLoader, Transformer
from howdah.pq import Format
from howdah.types.composite import CompositeInfo, register_composite
from howdah.types.enum import EnumInfo, register_enum

ROOT = Path(__file__).resolve().parents[2]
RUNS = int(os.environ.get("HOWDAH_FUZZ_RUNS", "200"))
TEXT, BINARY = 0, 1

Load = Callable[[bytes], Any]

# What the core's fuzz target reads is a byte for the family, one for the settings, and a value.
VALUES = [path.read_bytes()[2:] for path in sorted((ROOT / "fuzz/corpus/types").iterdir())]
WORDS = [b"", b"NULL", b"infinity", b"-infinity", b" BC", b"NaN", b"{", b"}", b'"', b"\\", b",", b"=>", b"(", b")"]
WORDS += [struct.pack("!i", n) for n in (-2, -1, 0, 1, 2, 0x7FFFFFFF, -0x80000000, 23, 25, 1007, 2249, 3904)]
TYPE = re.compile(r"^TYPE\((\d+), (\d+),", re.MULTILINE)


def mutated(random: random.Random) -> bytes:
    """A value of any family, changed in a few places."""
    value = bytearray(random.choice(VALUES)[:200])
    for _ in range(random.randrange(4)):
        start, end = sorted((random.randint(0, len(value)), random.randint(0, len(value))))
        match random.randrange(6):
            case 0:
                value[start : start + 1] = bytes([random.randrange(256)])
            case 1:
                value[start:start] = random.choice(WORDS)
            case 2:
                value[start : start + 4] = random.choice(WORDS)
            case 3:
                del value[start:end]
            case 4:
                value[start:start] = value[start:end]
            case 5:
                value[start:] = random.choice(VALUES)[:200]
    return bytes(value)


def as_array(value: bytes, oid: int, format: int) -> bytes:
    """An array of the value, NULL, and the value."""
    if format == TEXT:
        quoted = value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        return b'{"%b",NULL,"%b"}' % (quoted, quoted)
    item = struct.pack("!i", len(value)) + value
    return struct.pack("!5i", 1, 1, oid, 3, 1) + item + struct.pack("!i", -1) + item


def as_record(value: bytes, oids: tuple[int, ...], format: int) -> bytes:
    """A record with the value in every field."""
    if format == TEXT:
        quoted = value.replace(b"\\", b"\\\\").replace(b'"', b'""')
        return b"(%b)" % b",".join([b'"%b"' % quoted] * len(oids))
    return struct.pack("!i", len(oids)) + b"".join(struct.pack("!ii", oid, len(value)) + value for oid in oids)


def check(load: Load, data: bytes) -> None:
    """As in psycopg text that is not in the client's encoding is the codec's error."""
    try:
        value = load(data)
    except (DataError, UnicodeDecodeError):
        return
    repr(value)


def built_in_types() -> list[tuple[int, int]]:
    """The oids of each type that has a loader of its own, and of its array."""
    return [(int(oid), int(array)) for oid, array in TYPE.findall((ROOT / "binding/load/types.def").read_text())]


@pytest.mark.parametrize("format", [TEXT, BINARY], ids=["text", "binary"])
@pytest.mark.parametrize(("oid", "array_oid"), built_in_types())
def test_built_in(oid: int, array_oid: int, format: int) -> None:
    source = random.Random(oid)
    for _ in range(RUNS):
        value = mutated(source)
        check(lambda data: _howdah.load(oid, format, data), value)
        check(lambda data: _howdah.load(array_oid, format, data), as_array(value, oid, format))
        check(lambda data: _howdah.load(array_oid, format, data), value)


@pytest.mark.parametrize("date_style", ["ISO, DMY", "German, DMY", "SQL, MDY", "Postgres, DMY"])
@pytest.mark.parametrize("interval_style", ["postgres", "postgres_verbose", "sql_standard", "iso_8601"])
def test_under_settings(date_style: str, interval_style: str) -> None:
    source = random.Random(date_style + interval_style)
    settings = {"date_style": date_style, "interval_style": interval_style, "timezone": "Europe/Rome"}
    for _ in range(RUNS):
        value = mutated(source)
        for oid in (1082, 1083, 1114, 1184, 1186, 1266):
            # As in psycopg some types are not read at all in some styles.
            with contextlib.suppress(DataError, NotImplementedError):
                _howdah.load(oid, TEXT, value, **settings)


@pytest.mark.parametrize("encoding", ["LATIN1", "SJIS", "EUC_JP", "SQL_ASCII"])
def test_in_an_encoding(encoding: str) -> None:
    source = random.Random(encoding)
    for _ in range(RUNS):
        value = mutated(source)
        for oid in (18, 19, 25, 114, 1009):
            check(lambda data, oid=oid: _howdah.load(oid, TEXT, data, encoding=encoding), value)


def classes() -> Iterator[type[CoreLoader]]:
    """The loaders that the package has in C, among them those that are registered for types of a user's own."""
    for module in pkgutil.iter_modules(howdah.types.__path__):
        with contextlib.suppress(ImportError):  # of a package that it is about
            importlib.import_module(f"howdah.types.{module.name}")
    todo = [CoreLoader]
    while todo:
        cls = todo.pop()
        todo += cls.__subclasses__()
        if "_core" in vars(cls) and cls.__module__.startswith("howdah."):
            yield cls


@pytest.mark.parametrize("cls", sorted(set(classes()), key=lambda cls: cls.__qualname__))
def test_class(cls: type[CoreLoader]) -> None:
    source = random.Random(cls.__qualname__)
    load = cls(0, Transformer()).load
    for _ in range(RUNS):
        check(load, mutated(source))


class Context:
    """With a map of its own."""

    def __init__(self) -> None:
        self.adapters = AdaptersMap(howdah.adapters)
        self.connection = None


@pytest.mark.parametrize("format", [TEXT, BINARY], ids=["text", "binary"])
def test_enum(format: int) -> None:
    source = random.Random(format)
    context = Transformer(Context())
    register_enum(EnumInfo("mood", 99_000, 99_001, ["t", "NaN"]), context, Enum("Mood", ["t", "NaN"]))
    for oid in (99_000, 99_001):
        load = context.get_loader(oid, Format(format)).load
        for _ in range(RUNS):
            check(load, mutated(source))
            check(load, as_array(mutated(source), 99_000, format))


@pytest.mark.parametrize("format", [TEXT, BINARY], ids=["text", "binary"])
def test_composite(format: int) -> None:
    """One whose fields are another, and an array of that."""
    source = random.Random(format)
    context = Transformer(Context())
    inner = CompositeInfo("inner", 99_000, 99_001, field_names=["a", "b"], field_types=[23, 1082])
    outer = CompositeInfo("outer", 99_002, 99_003, field_names=["c", "d", "e"], field_types=[99_000, 99_001, 2249])
    for info in (inner, outer):
        register_composite(info, context)
    load = context.get_loader(99_002, Format(format)).load
    record = _howdah.loader_core(["record_text", "record_binary"][format])
    for _ in range(RUNS):
        value = mutated(source)
        within = as_record(as_record(value, (23, 1082), format), (99_000, 99_001, 2249), format)
        for data in (value, within, as_record(as_array(value, 23, format), (99_000, 99_001), format)):
            check(load, data)
            check(lambda data: record.load(data, context), data)
