"""The families of types for tests/types: generated values, and where howdah differs on purpose.

A value is generated without regard for a driver: `Made` stands for an object of a class that each driver has its own
of, and `build()` makes it.
"""

from __future__ import annotations

import datetime as dt
import enum
import importlib
import ipaddress
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# For each family and test: few in CI, since each is asked for on many roads.
examples = settings(
    max_examples=int(os.environ.get("HOWDAH_TEST_EXAMPLES", "30")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

SETUP = """
create extension if not exists hstore;
create type mood as enum ('ok', 'sad', 'a "b", (c)');
create type other_mood as enum ('ok', 'sad', 'a "b", (c)');
create type pt as (x int4, s text);
create type segment as (a pt, b pt, tags text[], at timestamptz);
create domain pos as int4 check (value > 0);
create domain ints as int4[];
create type textrange as range (subtype = text, collation = "C");
"""


@dataclass(frozen=True)
class Made:
    """An object of a driver's own class, as "types.range.Range", made of these arguments."""

    cls: str
    args: tuple[Any, ...]


def build(pg: str, value: Any) -> Any:
    """The value with the objects of a driver in it."""
    if isinstance(value, Made):
        module, _, name = value.cls.rpartition(".")
        return getattr(importlib.import_module(f"{pg}.{module}"), name)(*build(pg, value.args))
    if isinstance(value, (list, tuple)):
        return type(value)(build(pg, item) for item in value)
    return value


@dataclass(frozen=True)
class Family:
    """Values that are passed as parameters of a type.

    `formats` are the placeholders that take it; `expected` gives what comes back where that is not the value itself,
    None where only psycopg knows; `differs` has the formats in which howdah's value is another than psycopg's.
    """

    name: str
    type: str
    values: st.SearchStrategy[Any]
    formats: str = "stb"
    expected: Callable[[Any], Any] | None = field(default=lambda value: value)
    differs: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Literals:
    """Values that have no dumper, or more forms than it gives: texts, cast by the server."""

    name: str
    type: str
    texts: st.SearchStrategy[str]
    differs: frozenset[str] = frozenset()


def arrays(items: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Lists of any depth that are arrays: all of one length at each depth, NULLs among the items."""
    items = st.none() | items

    def of_shape(shape: list[int]) -> st.SearchStrategy[Any]:
        nested = items
        for n in shape:
            nested = st.lists(nested, min_size=n, max_size=n)
        return nested

    # PostgreSQL has six dimensions.
    shapes = st.lists(st.integers(1, 3), min_size=1, max_size=3) | st.lists(st.integers(1, 2), min_size=4, max_size=6)
    return st.just([]) | st.lists(items, max_size=5) | shapes.flatmap(of_shape)


# PostgreSQL's own limits are further out, which the probes and the unit tests see to.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.text(
    "ab ,\"'\\{}()[]NULL\t\n=>;é😀", max_size=12
)
OFFSETS = st.integers(-15 * 3600 + 1, 15 * 3600 - 1).map(lambda s: dt.timezone(dt.timedelta(seconds=s)))
DATES = st.dates()
TIMESTAMPS = st.datetimes()
AWARE = st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 12, 31), timezones=st.just(dt.timezone.utc) | OFFSETS)
# What timedelta holds as days and less; months are not among it.
INTERVALS = st.timedeltas(dt.timedelta(days=-(10**6)), dt.timedelta(days=10**6))
FINITE = st.decimals(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda items: st.lists(items, max_size=3) | st.dictionaries(TEXTS, items, max_size=3),
    max_leaves=8,
)
FLOAT4 = st.floats(width=32).map(lambda x: float(f"{x:.6g}")).filter(lambda x: x == 0 or abs(x) > 1e-30)
V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6).filter(lambda ip: ip.scope_id is None)


def interface(address: Any, bits: int) -> Any:
    return ipaddress.ip_interface((address, bits))


def network(address: Any, bits: int) -> Any:
    return ipaddress.ip_network((address, bits), strict=False)


INTERFACES = st.builds(interface, V4, st.integers(0, 31)) | st.builds(interface, V6, st.integers(0, 127))
NETWORKS = st.builds(network, V4, st.integers(0, 32)) | st.builds(network, V6, st.integers(0, 128))


def numeric(value: Decimal) -> Decimal:
    """PostgreSQL has one zero, and no exponents: 1E+2 comes back as 100."""
    if not value.is_finite():
        return value
    value = value.copy_abs() if value == 0 else value
    return Decimal(format(value, "f"))


def ranges(cls: str, items: st.SearchStrategy[Any]) -> st.SearchStrategy[Made]:
    """Ranges with their ends in order."""

    def ordered(ends: tuple[Any, Any], bounds: str) -> Made:
        low, high = ends
        if low is not None and high is not None and high < low:
            low, high = high, low
        return Made(cls, (low, high, bounds))

    ends = st.tuples(st.none() | items, st.none() | items)
    empty = st.just(Made(cls, (None, None, "[)", True)))
    return st.builds(ordered, ends, st.sampled_from(["[)", "(]", "[]", "()"])) | empty


def multiranges(cls: str, items: st.SearchStrategy[Any]) -> st.SearchStrategy[Made]:
    return st.lists(ranges("types.range.Range", items), max_size=3).map(lambda parts: Made(cls, (parts,)))


class Level(enum.IntEnum):
    """No enum of the server's."""

    LOW = -1
    HIGH = 7


Mood = enum.Enum("Mood", {label: label for label in ("ok", "sad", 'a "b", (c)')})  # type: ignore[misc]

INT2 = st.integers(-(2**15), 2**15 - 1)
INT4 = st.integers(-(2**31), 2**31 - 1)
INT8 = st.integers(-(2**63), 2**63 - 1)
NUMERICS = FINITE.filter(lambda x: -16000 < x.adjusted() < 16000)
FEW_DIGITS = st.decimals(-(10**6), 10**6, places=2)
# Not so far out that a canonical range's upper end, the day after, is no date.
DAYS = st.dates(max_value=dt.date(9999, 12, 30))
SMALL = st.integers(-(2**31) + 1, 2**31 - 2)
BIG = st.integers(-(2**63) + 1, 2**63 - 2)
PAIRS = st.tuples(st.none() | INT4, st.none() | TEXTS)

FAMILIES = [
    Family("bool", "bool", st.booleans()),
    Family("int2", "int2", INT2),
    Family("int4", "int4", INT4),
    Family("int8", "int8", INT8),
    Family("oid", "oid", st.integers(0, 2**31 - 1)),
    *[
        Family(
            f"{cls} wrapper", type, values.map(lambda n, cls=cls: Made(f"types.numeric.{cls}", (n,))), expected=None
        )
        for cls, type, values in (
            ("Int2", "int4", INT2),
            ("Int4", "int8", INT4),
            ("Int8", "int8", INT8),
            ("Oid", "oid", INT2.map(abs)),
            ("Float8", "float8", st.floats()),
        )
    ],
    # Not in binary, where psycopg sends 32768 as -32768.
    Family(
        "IntNumeric wrapper",
        "numeric",
        st.integers().map(lambda n: Made("types.numeric.IntNumeric", (n,))),
        "st",
        expected=None,
    ),
    Family("Float4 wrapper", "float8", FLOAT4.map(lambda x: Made("types.numeric.Float4", (x,))), expected=None),
    Family("numpy int", "int8", INT4.map(np.int32), expected=int),
    Family("numpy unsigned", "int8", st.integers(0, 2**32 - 1).map(np.uint32), expected=int),
    Family("numpy float", "float8", st.floats().map(np.float64), expected=float),
    Family("numpy bool", "bool", st.booleans().map(np.bool_), expected=bool),
    Family("int enum", "int4", st.sampled_from(Level), expected=int),
    Family("enum as text", "text", st.sampled_from(Mood), expected=None),
    Family("float4", "float4", FLOAT4, differs=frozenset(["binary"])),
    Family("float8", "float8", st.floats()),
    Family("numeric", "numeric", NUMERICS, expected=numeric),
    Family(
        "numeric special", "numeric", st.sampled_from([Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity")])
    ),
    Family("text", "text", TEXTS),
    Family("varchar", "varchar", TEXTS),
    Family("name", "name", st.text("ab ,\"'\\{}", max_size=20)),
    Family("bytea", "bytea", st.binary(max_size=20)),
    Family("uuid", "uuid", st.uuids()),
    Family("date", "date", DATES),
    Family("time", "time", st.times()),
    Family("timetz", "timetz", st.times(timezones=OFFSETS)),
    Family("timestamp", "timestamp", TIMESTAMPS),
    Family("timestamptz", "timestamptz", AWARE),
    Family("interval", "interval", INTERVALS),
    Family("json", "json", JSON.map(lambda x: Made("types.json.Json", (x,))), expected=lambda made: made.args[0]),
    Family("jsonb", "jsonb", JSON.map(lambda x: Made("types.json.Jsonb", (x,))), expected=None),
    Family("inet", "inet", INTERFACES),
    Family("inet of hosts", "inet", V4 | V6),
    Family("cidr", "cidr", NETWORKS),
    Family("enum", "mood", st.sampled_from(Mood)),
    Family("composite", "pt", PAIRS, "st"),
    Family(
        "composite nested",
        "segment",
        st.tuples(
            st.none() | PAIRS,
            st.none() | PAIRS,
            st.none() | st.lists(st.none() | TEXTS, min_size=1, max_size=3),
            AWARE,
        ),
        "st",
    ),
    Family("hstore", "hstore", st.dictionaries(TEXTS, st.none() | TEXTS, max_size=4), "st"),
    Family("int4range", "int4range", ranges("types.range.Int4Range", SMALL), expected=None),
    Family("int8range", "int8range", ranges("types.range.Int8Range", BIG), expected=None),
    Family("numrange", "numrange", ranges("types.range.NumericRange", FEW_DIGITS), expected=None),
    Family("daterange", "daterange", ranges("types.range.DateRange", DAYS), expected=None),
    Family("tsrange", "tsrange", ranges("types.range.TimestampRange", TIMESTAMPS), expected=None),
    Family("tstzrange", "tstzrange", ranges("types.range.TimestamptzRange", AWARE), expected=None),
    Family(
        "textrange",
        "textrange",
        ranges("types.range.Range", st.text('ab ,"\\()[]é', max_size=4)),
        "st",
        expected=None,
    ),
    Family(
        "int4multirange",
        "int4multirange",
        multiranges("types.multirange.Int4Multirange", SMALL),
        expected=None,
    ),
    Family(
        "int8multirange",
        "int8multirange",
        multiranges("types.multirange.Int8Multirange", BIG),
        expected=None,
    ),
    Family(
        "nummultirange",
        "nummultirange",
        multiranges("types.multirange.NumericMultirange", FEW_DIGITS),
        expected=None,
    ),
    Family(
        "datemultirange",
        "datemultirange",
        multiranges("types.multirange.DateMultirange", DAYS),
        expected=None,
    ),
    Family(
        "tsmultirange",
        "tsmultirange",
        multiranges("types.multirange.TimestampMultirange", TIMESTAMPS),
        expected=None,
    ),
    Family(
        "tstzmultirange",
        "tstzmultirange",
        multiranges("types.multirange.TimestamptzMultirange", AWARE),
        expected=None,
    ),
    Family(
        "textmultirange",
        "textmultirange",
        multiranges("types.multirange.Multirange", st.text('ab ,"\\()[]{}é', max_size=4)),
        "st",
        expected=None,
    ),
]

FLOATS = st.floats(-1e6, 1e6, width=32).map(lambda x: x + 0.0)
POINTS = st.builds("({},{})".format, FLOATS, FLOATS)
TWO_POINTS = st.builds("{},{}".format, POINTS, POINTS)
BITS = st.text("01", min_size=1, max_size=20)
WORDS = st.text("abcdefg", min_size=1, max_size=5)
LSN = st.builds("{:X}/{:X}".format, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
MAC = st.binary(min_size=6, max_size=6).map(lambda b: b.hex(":"))
MAC8 = st.binary(min_size=8, max_size=8).map(lambda b: b.hex(":"))
LABELS = st.sampled_from(["ok", "sad", 'a "b", (c)'])

LITERALS = [
    Literals("point", "point", POINTS),
    Literals("box", "box", TWO_POINTS),
    Literals("lseg", "lseg", TWO_POINTS),
    Literals("path", "path", st.builds("[{}]".format, TWO_POINTS) | TWO_POINTS),
    Literals("polygon", "polygon", TWO_POINTS),
    Literals("circle", "circle", st.builds("<{},{}>".format, POINTS, st.integers(0, 99))),
    Literals("line", "line", st.builds("{{1,{},{}}}".format, FLOATS, FLOATS)),
    Literals("bit", "bit(7)", st.text("01", min_size=7, max_size=7)),
    Literals("varbit", "varbit", BITS),
    Literals("money", "money", st.decimals(-(10**9), 10**9, places=2).map(str)),
    Literals("macaddr", "macaddr", MAC),
    Literals("macaddr8", "macaddr8", MAC8),
    Literals("tsvector", "tsvector", st.lists(WORDS, max_size=4).map(" ".join)),
    Literals("tsquery", "tsquery", st.lists(WORDS, min_size=1, max_size=4).map(" & ".join)),
    Literals("pg_lsn", "pg_lsn", LSN),
    Literals("xid8", "xid8", st.integers(0, 2**64 - 1).map(str)),
    Literals("tid", "tid", st.builds("({},{})".format, st.integers(0, 2**32 - 1), st.integers(0, 2**16 - 1))),
    Literals("bpchar", "char(8)", st.text("ab é", max_size=8)),
    Literals('"char"', '"char"', st.sampled_from('abcXYZ01 {},"\\')),
    Literals("regtype", "regtype", st.sampled_from(["int4", "text[]", "timestamptz", "pt"])),
    Literals("jsonpath", "jsonpath", st.builds("$.{}[*]".format, WORDS)),
    Literals(
        "interval of months",
        "interval",
        st.builds("{} mons {} days {} secs".format, SMALL.map(lambda n: n // 400), st.integers(-9999, 9999), SMALL),
    ),
    Literals("numeric digits", "numeric", st.from_regex(r"-?[0-9]{1,40}(\.[0-9]{1,40})?", fullmatch=True)),
    Literals("float8 digits", "float8", st.floats(allow_nan=False).map(repr)),
    Literals("domain", "pos", st.integers(1, 2**31 - 1).map(str)),
    Literals("json spaced", "json", JSON.map(lambda x: json.dumps(x, indent=2))),
    Literals("enum unregistered", "other_mood", LABELS),
]
