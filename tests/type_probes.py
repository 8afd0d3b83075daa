"""A value of every type, and what is a faithful Python value of it; for tests/types and tools/type_matrix.py.

A driver may have its own classes (a range, a point), so values are compared as `sketch()` draws them: the same for
every driver's, and with everything in it that must not be lost.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

# No database has them of itself. vector and xml are left out where the server lacks them.
EXTENSIONS = ["hstore", "citext", "ltree", "cube", "seg", "isn", "intarray", "vector"]

SETUP = """
drop schema if exists probes cascade;
create schema probes;
set search_path = probes, public;
create type mood as enum ('ok', 'sad');
create type pt as (x int, s text);
create domain pos as int check (value > 0);
create type segment as (a pt, b pt, tags text[]);
create domain ints as int[];
create domain place as pt;
create domain feeling as mood;
create type textrange as range (subtype = text, collation = "C");
create type moodrange as range (subtype = mood);
"""

UTC = dt.timezone.utc


@dataclass(frozen=True)
class Own:
    """An object of a driver's own class, for which str() gives PostgreSQL's text."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Probe:
    """An expression, the values that are faithful, and what has its parts as PostgreSQL writes them.

    The server's own ``::text`` is one of those, and need not be named.
    """

    name: str
    sql: str
    values: tuple[Any, ...]
    texts: tuple[Any, ...] = ()
    more: bool = False  # beyond the types in everyday use


def sketch(value: Any) -> Any:
    """What a value is, without regard for which driver's class holds it."""
    if value is None or isinstance(value, (bool, str, float, Decimal, UUID)):
        return (type(value).__name__, repr(value)) if not isinstance(value, Enum) else ("str", repr(value.value))
    if isinstance(value, Enum):
        return ("str", repr(value.value if isinstance(value.value, str) else value.name))
    if isinstance(value, int):
        return ("int", repr(int(value)))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return ("bytes", bytes(value).hex())
    if isinstance(value, dt.datetime):
        return ("datetime", value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat())
    if isinstance(value, (dt.date, dt.time)):
        return (type(value).__name__, value.isoformat())
    if isinstance(value, dt.timedelta):
        return ("timedelta", value.days, value.seconds, value.microseconds)
    if isinstance(value, _ADDRESSES):
        return ("address", str(value))
    if all(hasattr(value, name) for name in ("lower_inc", "upper_inc", "isempty")):
        if value.isempty:
            return ("range", "empty")
        ends = "[" if value.lower_inc else "(", "]" if value.upper_inc else ")"
        return ("range", sketch(value.lower), sketch(value.upper), "".join(ends))
    return _sketch_of_parts(value)


_ADDRESSES = (
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
)


def _sketch_of_parts(value: Any) -> Any:
    cls = f"{type(value).__module__.split('.')[0]}.{type(value).__name__}"
    if cls.endswith(".Multirange"):
        return ("list", *map(sketch, value))
    if cls == "asyncpg.BitString":
        return sketch(value.as_string().replace(" ", ""))
    if cls == "asyncpg.Path":
        return sketch((value.is_closed, tuple(value.points)))
    if cls == "asyncpg.Circle":
        return ("tuple", sketch(tuple(value.center)), sketch(value.radius))
    if isinstance(value, Own) or cls in ("howdah.Infinity", "howdah.Interval"):
        return ("own", str(value))
    if isinstance(value, dict):
        return ("dict", *sorted((key, sketch(item)) for key, item in value.items()))
    if isinstance(value, list):
        return ("list", *map(sketch, value))
    try:
        return ("tuple", *map(sketch, value))  # named tuples, records, points
    except TypeError:
        return (cls, str(value))


def judge(probe: Probe, text: str | None, value: Any) -> str:
    """`text`: the server's own, of ``probe.sql::text``. One of:

    faithful; text: as PostgreSQL writes it, for the caller to read; raw: the bytes of the protocol; wrong.
    """
    drawn = sketch(value)
    if any(drawn == sketch(faithful) for faithful in probe.values):
        return "faithful"
    if (isinstance(value, str) and value == text) or any(drawn == sketch(written) for written in probe.texts):
        return "text"
    return "raw" if _has_bytes(value) else "wrong"


def _has_bytes(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_has_bytes, value))
    return isinstance(value, (bytes, bytearray, memoryview))


def _at(*args: int, offset: int = 0) -> dt.datetime:
    return dt.datetime(*args, tzinfo=dt.timezone(dt.timedelta(hours=offset)))  # type: ignore[misc]


@dataclass(frozen=True)
class _Range:
    """Only to be sketched."""

    lower: Any
    upper: Any
    bounds: str = "[)"
    isempty: bool = False

    @property
    def lower_inc(self) -> bool:
        return self.bounds[0] == "["

    @property
    def upper_inc(self) -> bool:
        return self.bounds[1] == "]"


def _more(name: str, sql: str, *values: Any, texts: tuple[Any, ...] = ()) -> Probe:
    return Probe(name, sql, values, texts, more=True)


_UUID = "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid"
_EMPTY = _Range(None, None, isempty=True)
_JAN, _FEB = dt.date(2024, 1, 1), dt.date(2024, 2, 1)

# Without a value: the standard library has none, only a class of the driver's own or the text is faithful.
PROBES = [
    Probe("int8", "1::int8", (1,)),
    Probe("numeric", "1.50::numeric", (Decimal("1.50"),)),
    Probe("numeric NaN", "'NaN'::numeric", (Decimal("NaN"),)),
    Probe("float4", "1.5::float4", (1.5,)),
    Probe("bool", "true", (True,)),
    Probe("text", "'a'::text", ("a",)),
    Probe("bytea", "'\\x01ff'::bytea", (b"\x01\xff",)),
    Probe("uuid", _UUID, (UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),)),
    Probe("date", "'2024-02-03'::date", (dt.date(2024, 2, 3),)),
    Probe("date inf", "'infinity'::date", (Own("infinity"),)),
    Probe("date BC", "'0044-03-15 BC'::date", ()),
    Probe("ts", "'2024-02-03 04:05'::timestamp", (dt.datetime(2024, 2, 3, 4, 5),)),
    Probe("tstz inf", "'infinity'::timestamptz", (Own("infinity"),)),
    Probe("time", "'04:05'::time", (dt.time(4, 5),)),
    Probe("timetz", "'04:05+02'::timetz", (dt.time(4, 5, tzinfo=dt.timezone(dt.timedelta(hours=2))),)),
    Probe("time 24:00", "'24:00'::time", ()),
    Probe("interval mon", "'1 mon 2 days 03:00'::interval", (Own("1 mon 2 days 03:00:00"),)),
    Probe("json", """'{"a":1}'::json""", ({"a": 1},)),
    Probe("jsonb", """'{"a":1}'::jsonb""", ({"a": 1},)),
    Probe("int[]", "array[1,null,3]", ([1, None, 3],)),
    Probe("int[][]", "array[[1,2],[3,4]]", ([[1, 2], [3, 4]],)),
    Probe("text[]", "array['a','b']", (["a", "b"],)),
    Probe("enum", "'ok'::mood", ("ok",)),
    Probe("enum[]", "array['ok','sad']::mood[]", (["ok", "sad"],)),
    Probe("composite", "row(1,'a')::pt", ((1, "a"),)),
    Probe("composite[]", "array[row(1,'a')::pt]", ([(1, "a")],)),
    Probe("record", "row(1,'a'::text)", ((1, "a"),), (("1", "a"),)),
    Probe("domain", "5::pos", (5,)),
    Probe("int4range", "'[1,5)'::int4range", (_Range(1, 5),)),
    Probe("tstzrange", "'[2024-01-01,2024-02-01)'::tstzrange", (_Range(_at(2024, 1, 1), _at(2024, 2, 1)),)),
    Probe("int4multirange", "'{[1,3),[5,8)}'::int4multirange", ([_Range(1, 3), _Range(5, 8)],)),
    Probe("inet", "'10.0.0.1/24'::inet", (ipaddress.ip_interface("10.0.0.1/24"),)),
    Probe("cidr", "'10.0.0.0/24'::cidr", (ipaddress.ip_network("10.0.0.0/24"),)),
    Probe("macaddr", "'08:00:2b:01:02:03'::macaddr", ("08:00:2b:01:02:03",)),
    Probe("point", "'(1,2)'::point", ((1.0, 2.0),)),
    Probe("box", "'((1,2),(3,4))'::box", (((3.0, 4.0), (1.0, 2.0)),)),
    Probe("polygon", "'((1,2),(3,4))'::polygon", (((1.0, 2.0), (3.0, 4.0)),)),
    Probe("bit", "B'101'", ("101",)),
    Probe("varbit", "B'101'::varbit", ("101",)),
    Probe("money", "'1.5'::money", ("$1.50",)),
    Probe("xml", "'<a/>'::xml", ("<a/>",)),
    Probe("tsvector", "'a b'::tsvector", ("'a' 'b'",)),
    Probe("pg_lsn", "'0/10'::pg_lsn", ("0/10",), (16,)),
    Probe("void", "pg_sleep(0)", ("", None)),
    Probe("hstore", "'a=>1'::hstore", ({"a": "1"},)),
    Probe("citext", "'A'::citext", ("A",)),
    Probe("ltree", "'a.b'::ltree", ("a.b",)),
    Probe("oid", "1::oid", (1,)),
    Probe("regclass", "'pg_class'::regclass", ("pg_class",)),
    Probe("jsonpath", "'$.a'::jsonpath", ('$."a"',)),
    Probe("xid8", "'5'::xid8", ("5", 5)),
    Probe("name", "'x'::name", ("x",)),
    Probe("char", "'c'::\"char\"", ("c", b"c")),
    Probe("null", "null", (None,)),
    # numbers
    _more("int2 least", "'-32768'::int2", -32768),
    _more("int8 most", "9223372036854775807", 2**63 - 1),
    _more(
        "numeric of 40 digits",
        "1234567890123456789012345678901234567.890",
        Decimal("1234567890123456789012345678901234567.890"),
    ),
    _more("numeric 1e100", "1e100::numeric", Decimal(10**100), Decimal("1e100")),
    _more("numeric infinity", "'-Infinity'::numeric", Decimal("-Infinity")),
    _more("numeric(12,6)", "'-0.000001'::numeric(12,6)", Decimal("-0.000001")),
    _more("float4 1.1", "1.1::float4", 1.1, 1.100000023841858),
    _more("float8 least", "'5e-324'::float8", 5e-324),
    _more("float8 NaN", "'NaN'::float8", float("nan")),
    _more("float8 -inf", "'-Infinity'::float8", float("-inf")),
    _more("money[]", "array[1.5,-2]::money[]", ["$1.50", "-$2.00"]),
    # text
    _more("varchar(5)", "'aé'::varchar(5)", "aé"),
    _more("bpchar(3)", "'a'::char(3)", "a  "),
    _more("unknown", "'x'", "x"),
    _more("cstring", "'x'::cstring", "x"),
    _more("text not ASCII", "'naïve 😀 ソ'::text", "naïve 😀 ソ"),
    _more(
        "text[] quoted",
        """array['a"b', 'c,d', '', null, 'NULL', '{}', E'e\\\\']""",
        ['a"b', "c,d", "", None, "NULL", "{}", "e\\"],
    ),
    _more("name[]", "array['a','b']::name[]", ["a", "b"]),
    _more('"char"[]', "array['a','b']::\"char\"[]", ["a", "b"], [b"a", b"b"]),
    _more("bytea[]", "array['\\x00','\\xff5c']::bytea[]", [b"\x00", b"\xff\\"]),
    _more("citext[]", "array['A','b']::citext[]", ["A", "b"]),
    # dates and times
    _more("date first", "'0001-01-01'::date", dt.date.min),
    _more("date -inf", "'-infinity'::date", Own("-infinity")),
    _more("date 12024", "'12024-01-01'::date"),
    _more("date[] with inf", "array['2024-02-03','infinity']::date[]", [dt.date(2024, 2, 3), Own("infinity")]),
    _more(
        "date[] with BC",
        "array['2024-02-03','0044-03-15 BC']::date[]",
        texts=([dt.date(2024, 2, 3), "0044-03-15 BC"],),
    ),
    _more("ts microsecond", "'9999-12-31 23:59:59.999999'::timestamp", dt.datetime.max),
    _more("ts -inf", "'-infinity'::timestamp", Own("-infinity")),
    _more("ts BC", "'0044-03-15 12:00 BC'::timestamp"),
    _more("ts 12024", "'12024-01-01 12:00'::timestamp"),
    _more("tstz", "'2024-02-03 04:05+05:30'::timestamptz", dt.datetime(2024, 2, 2, 22, 35, tzinfo=UTC)),
    _more("tstz BC", "'0044-03-15 12:00+00 BC'::timestamptz"),
    _more("time microsecond", "'23:59:59.999999'::time", dt.time.max),
    _more("timetz 24:00", "'24:00+02'::timetz"),
    _more(
        "timetz seconds of offset",
        "'04:05+01:02:03'::timetz",
        dt.time(4, 5, tzinfo=dt.timezone(dt.timedelta(seconds=3723))),
    ),
    _more(
        "interval",
        "'-2 days 03:00:00.000001'::interval",
        dt.timedelta(days=-2, hours=3, microseconds=1),
        Own("-2 days +03:00:00.000001"),
    ),
    _more("interval year", "'1 year -3 mons'::interval", Own("9 mons")),
    _more("interval mixed", "'-1 mon 1 day -00:00:01'::interval", Own("-1 mons +1 day -00:00:01")),
    _more("interval inf", "'infinity'::interval", Own("infinity")),
    _more(
        "interval[]",
        "array['1 day','00:00:01']::interval[]",
        [dt.timedelta(1), dt.timedelta(seconds=1)],
        [Own("1 day"), Own("00:00:01")],
    ),
    # json
    _more("json null", "'null'::jsonb", None),
    _more("json numbers", "'[1e400, 0.1, 12345678901234567890]'::json", [float("inf"), 0.1, 12345678901234567890]),
    _more("json text", """'"a\\u00e9"'::jsonb""", "aé"),
    _more(
        "jsonb[]",
        """array['{"a": [1, "x"]}','null']::jsonb[]""",
        [{"a": [1, "x"]}, None],
        texts=(['{"a": [1, "x"]}', "null"],),
    ),
    # arrays
    _more("empty array", "'{}'::int[]", []),
    _more("int[][][]", "'{{{1},{2}},{{3},{NULL}}}'::int[]", [[[1], [2]], [[3], [None]]]),
    _more("bool[]", "array[true,null,false]", [True, None, False]),
    _more("uuid[]", f"array[{_UUID}]", [UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")]),
    _more("int2vector", "'1 2'::int2vector", [1, 2]),
    _more("oidvector", "'1 2'::oidvector", [1, 2]),
    _more(
        "box[]",
        "array['((1,2),(3,4))','((5,6),(7,8))']::box[]",
        ["(3,4),(1,2)", "(7,8),(5,6)"],
        [((3.0, 4.0), (1.0, 2.0)), ((7.0, 8.0), (5.0, 6.0))],
    ),
    # the network
    _more(
        "inet host",
        "'10.0.0.1'::inet",
        ipaddress.ip_address("10.0.0.1"),
        ipaddress.ip_interface("10.0.0.1"),
        texts=("10.0.0.1",),
    ),
    _more("inet of IPv6", "'2001:db8::1/64'::inet", ipaddress.ip_interface("2001:db8::1/64")),
    _more("cidr of IPv6", "'2001:db8::/32'::cidr", ipaddress.ip_network("2001:db8::/32")),
    _more("macaddr8", "'08:00:2b:01:02:03:04:05'::macaddr8", "08:00:2b:01:02:03:04:05"),
    _more(
        "inet[]",
        "array['10.0.0.1/8','::1']::inet[]",
        [ipaddress.ip_interface("10.0.0.1/8"), ipaddress.ip_address("::1")],
        [ipaddress.ip_interface("10.0.0.1/8"), ipaddress.ip_interface("::1")],
        texts=(["10.0.0.1/8", "::1"],),
    ),
    # geometry
    _more("line", "'{1,2,3}'::line", (1.0, 2.0, 3.0)),
    _more("lseg", "'[(1,2),(3,4)]'::lseg", ((1.0, 2.0), (3.0, 4.0))),
    _more("path closed", "'((1,2),(3,4))'::path", (True, ((1.0, 2.0), (3.0, 4.0)))),
    _more("path open", "'[(1,2),(3,4)]'::path", (False, ((1.0, 2.0), (3.0, 4.0)))),
    _more("circle", "'<(1,2),3>'::circle", ((1.0, 2.0), 3.0)),
    # bits, search, and what the server tells of itself
    _more("varbit of 9", "B'101010101'::varbit(20)", "101010101"),
    _more("varbit empty", "B''::varbit", ""),
    _more("bit[]", "array[B'10',B'01']", ["10", "01"]),
    _more("tsquery", "'a & !b'::tsquery", "'a' & !'b'"),
    _more("tsvector weighted", "'a:1A b:2,3C'::tsvector", "'a':1A 'b':2,3C"),
    _more("tid", "'(1,2)'::tid", "(1,2)", (1, 2)),
    _more("xid", "'5'::xid", "5", 5),
    _more("cid", "'5'::cid", "5", 5),
    _more("pg_snapshot", "'10:20:10,14'::pg_snapshot", "10:20:10,14", (10, 20, (10, 14))),
    _more("txid_snapshot", "'10:20:10,14'::txid_snapshot", "10:20:10,14", (10, 20, (10, 14))),
    _more("refcursor", "'c'::refcursor", "c"),
    _more("regproc", "'now'::regproc", "now"),
    _more("regprocedure", "'abs(int4)'::regprocedure", "abs(integer)"),
    _more("regoper", "'||/'::regoper", "||/"),
    _more("regoperator", "'+(int4,int4)'::regoperator", "+(integer,integer)"),
    _more("regtype", "'int4'::regtype", "integer"),
    _more("regrole", "'pg_monitor'::regrole", "pg_monitor"),
    _more("regnamespace", "'pg_catalog'::regnamespace", "pg_catalog"),
    _more("regconfig", "'english'::regconfig", "english"),
    _more("regdictionary", "'simple'::regdictionary", "simple"),
    _more("regcollation", "'\"C\"'::regcollation", '"C"'),
    _more("regclass[]", "array['pg_class','pg_type']::regclass[]", ["pg_class", "pg_type"]),
    _more("aclitem", "'pg_monitor=r/pg_monitor'::aclitem", "pg_monitor=r/pg_monitor"),
    _more("xml[]", "array['<a/>']::xml[]", ["<a/>"]),
    # ranges
    _more("int8range", "'[1,10000000000)'::int8range", _Range(1, 10**10)),
    _more("numrange", "'(1.5,2.50]'::numrange", _Range(Decimal("1.5"), Decimal("2.50"), "(]")),
    _more("daterange", "'[2024-01-01,2024-02-01)'::daterange", _Range(_JAN, _FEB)),
    _more(
        "tsrange",
        "'[2024-01-01,2024-02-01]'::tsrange",
        _Range(dt.datetime(2024, 1, 1), dt.datetime(2024, 2, 1), "[]"),
    ),
    _more("range empty", "'empty'::int4range", _EMPTY),
    _more("range unbounded", "'(,)'::int4range", _Range(None, None, "()")),
    _more("range half", "'[5,)'::int4range", _Range(5, None)),
    _more("daterange inf", "'[2024-01-01,infinity)'::daterange", _Range(_JAN, Own("infinity"))),
    _more("range of text", "textrange('a \"b', 'c,\\d', '[]')", _Range('a "b', "c,\\d", "[]")),
    _more("range of enum", "moodrange('ok','sad','[]')", _Range("ok", "sad", "[]")),
    _more(
        "int4range[]",
        "array['[1,3)','empty',null]::int4range[]",
        [_Range(1, 3), _EMPTY, None],
        texts=(["[1,3)", "empty", None],),
    ),
    _more("int8multirange", "'{[1,3)}'::int8multirange", [_Range(1, 3)]),
    _more(
        "nummultirange",
        "'{[1.5,3],(4,)}'::nummultirange",
        [_Range(Decimal("1.5"), Decimal("3"), "[]"), _Range(Decimal("4"), None, "()")],
    ),
    _more("datemultirange", "'{[2024-01-01,2024-02-01)}'::datemultirange", [_Range(_JAN, _FEB)]),
    _more(
        "tsmultirange",
        "'{[2024-01-01,2024-02-01)}'::tsmultirange",
        [_Range(dt.datetime(2024, 1, 1), dt.datetime(2024, 2, 1))],
    ),
    _more(
        "tstzmultirange", "'{[2024-01-01,2024-02-01)}'::tstzmultirange", [_Range(_at(2024, 1, 1), _at(2024, 2, 1))]
    ),
    _more("multirange empty", "'{}'::int4multirange", []),
    _more(
        "int4multirange[]",
        "array['{[1,3),[5,8)}']::int4multirange[]",
        [[_Range(1, 3), _Range(5, 8)]],
        texts=(["{[1,3),[5,8)}"],),
    ),
    # of the user's own, nested
    _more("composite with nulls", "row(null,null)::pt", (None, None)),
    _more("composite quoted", """row(-1,'a,"b" (\\)')::pt""", (-1, 'a,"b" (\\)')),
    _more("nested composite", "row(row(1,'a')::pt, null, array['x','y z'])::segment", ((1, "a"), None, ["x", "y z"])),
    _more(
        "record nested",
        "row(1, row(2.5::float8, null), array[1,2])",
        (1, (2.5, None), [1, 2]),
        texts=(("1", "(2.5,)", "{1,2}"),),
    ),
    _more("record[]", "array[row(1,'a'::text)]", [(1, "a")], texts=([("1", "a")],)),
    _more("domain over array", "array[1,2]::ints", [1, 2]),
    _more("domain over composite", "row(1,'a')::pt::place", (1, "a")),
    _more("domain over enum", "'sad'::feeling", "sad"),
    _more("domain[]", "array[5,6]::pos[]", [5, 6]),
    # extensions
    _more("hstore quoted", "hstore(array['a \"','b'], array['=>,\\', null])", {'a "': "=>,\\", "b": None}),
    _more("hstore[]", "array['a=>1','']::hstore[]", [{"a": "1"}, {}]),
    _more("lquery", "'a.*.b'::lquery", "a.*.b"),
    _more("ltxtquery", "'a & b'::ltxtquery", "a & b"),
    _more("ltree[]", "array['a.b','c']::ltree[]", ["a.b", "c"]),
    _more("cube", "'(1,2),(3,4)'::cube", "(1, 2),(3, 4)"),
    _more("seg", "'1.0 .. 2.5'::seg", "1.0 .. 2.5"),
    _more("isbn", "'978-0-393-04002-9'::isbn13", "978-0-393-04002-9"),
    _more("query_int", "'1&2'::query_int", "1 & 2"),
    _more("vector", "'[1,2.5]'::vector", "[1,2.5]"),
    _more("halfvec", "'[1,2.5]'::halfvec", "[1,2.5]"),
]
