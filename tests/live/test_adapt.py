"""Adapters of one's own: registered globally, on a connection, on a cursor; in Python, and derived from ours."""

from __future__ import annotations

import datetime as dt
import gc
import sys
from decimal import Decimal

import pytest


@pytest.fixture
def adapt(module):
    return module("adapt")


@pytest.fixture
def binary(pg):
    return pg.pq.Format.BINARY


@pytest.fixture
def cur(conn):
    return conn.cursor()


class Thing:
    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return isinstance(other, Thing) and other.value == self.value

    def __hash__(self):
        return hash(self.value)


def dumper(adapt, suffix=b"", **attributes):
    def dump(self, obj):
        return (obj.value if isinstance(obj, Thing) else str(obj)).encode() + suffix

    return type("ThingDumper", (adapt.Dumper,), {"dump": dump, **attributes})


def loader(adapt, mark="", **attributes):
    return type("Marking", (adapt.Loader,), {"load": lambda self, data: bytes(data).decode() + mark, **attributes})


def value(cur, query, params=None, **options):
    return cur.execute(query, params, **options).fetchone()[0]


class TestDumpers:
    def test_none_registered(self, pg, cur):
        with pytest.raises(
            pg.ProgrammingError, match=r"cannot adapt type 'Thing' using placeholder '%s' \(format: AUTO\)"
        ):
            cur.execute("select %s", [Thing("x")])

    @pytest.mark.parametrize("on", ["connection", "cursor"])
    def test_registered(self, adapt, conn, on):
        cur = conn.cursor()
        (conn if on == "connection" else cur).adapters.register_dumper(Thing, dumper(adapt))
        if on == "connection":
            cur = conn.cursor()
        assert value(cur, "select %s", [Thing("hello")]) == "hello"
        assert value(cur, "select %(a)s || %(b)s", {"a": Thing("x"), "b": Thing("y")}) == "xy"

    def test_registered_globally(self, pg, adapt, dsn):
        before = adapt.AdaptersMap(pg.adapters)
        pg.adapters.register_dumper(Thing, dumper(adapt))
        try:
            with pg.connect(dsn) as conn:
                assert value(conn, "select %s", [Thing("global")]) == "global"
        finally:
            for name in ("_snapshot", "_dumpers"):  # ours, and psycopg's
                if hasattr(before, name):
                    setattr(pg.adapters, name, getattr(before, name))

    def test_scopes_are_independent(self, adapt, conn):
        conn.adapters.register_dumper(str, dumper(adapt, b"-conn"))
        cur = conn.cursor()
        earlier = conn.cursor()
        cur.adapters.register_dumper(str, dumper(adapt, b"-cur"))
        assert value(cur, "select %s", ["a"]) == "a-cur"
        assert value(conn.cursor(), "select %s", ["a"]) == "a-conn"
        assert value(earlier, "select %s", ["a"]) == "a-conn"
        assert value(cur, "select %s", ["a"]) == "a-cur"

    def test_registered_after_the_cursor_was_made(self, adapt, conn):
        cur = conn.cursor()
        conn.adapters.register_dumper(str, dumper(adapt, b"-conn"))
        assert value(cur, "select %s", ["a"]) == "a"

    def test_by_name(self, adapt, cur):
        cur.adapters.register_dumper(f"{Thing.__module__}.{Thing.__qualname__}", dumper(adapt))
        assert value(cur, "select %s", [Thing("named")]) == "named"

    def test_for_subclasses(self, adapt, cur):
        class Special(Thing):
            pass

        cur.adapters.register_dumper(Thing, dumper(adapt, b"-thing"))
        assert value(cur, "select %s", [Special("a")]) == "a-thing"
        cur = cur.connection.cursor()
        cur.adapters.register_dumper(Special, dumper(adapt, b"-special"))
        assert value(cur, "select %s", [Special("a")]) == "a-special"

    def test_null(self, adapt, cur):
        cur.adapters.register_dumper(Thing, type("D", (adapt.Dumper,), {"dump": lambda self, obj: None}))
        assert value(cur, "select %s::text", [Thing("x")]) is None

    def test_last_registered_is_automatic(self, adapt, binary, cur):
        cur.adapters.register_dumper(Thing, dumper(adapt, b"-text", oid=25))
        cur.adapters.register_dumper(Thing, dumper(adapt, b"-binary", oid=25, format=binary))
        assert value(cur, "select %s", [Thing("a")]) == "a-binary"
        assert value(cur, "select %t", [Thing("a")]) == "a-text"
        assert value(cur, "select %b", [Thing("a")]) == "a-binary"

    def test_oid(self, adapt, cur):
        cur.adapters.register_dumper(Thing, dumper(adapt, oid=23))
        assert value(cur, "select pg_typeof(%s)::text", [Thing("1")]) == "integer"

    def test_lists(self, adapt, cur):
        cur.adapters.register_dumper(Thing, dumper(adapt, oid=23))
        assert value(cur, "select %s", [[Thing("1"), None, Thing("2")]]) == [1, None, 2]
        assert value(cur, "select pg_typeof(%s)::text", [[Thing("1")]]) == "integer[]"

    def test_upgrade(self, adapt, cur):
        """Ints beyond 100 are sent by a dumper of their own."""

        class Large(adapt.Dumper):
            oid = 1700

            def dump(self, obj):
                return str(obj).encode()

        class Small(adapt.Dumper):
            oid = 21

            def dump(self, obj):
                return str(obj).encode()

            def get_key(self, obj, format):
                return "large" if obj > 100 else self.cls

            def upgrade(self, obj, format):
                return Large(self.cls) if obj > 100 else self

        cur.adapters.register_dumper(int, Small)
        assert value(cur, "select pg_typeof(%s)::text", [7]) == "smallint"
        assert value(cur, "select pg_typeof(%s)::text", [700]) == "numeric"
        assert value(cur, "select pg_typeof(%s)::text", [8]) == "smallint"

    def test_derived_from_a_built_in_one(self, module, cur):
        base = module("types.string").StrDumper

        class Upper(base):
            def dump(self, obj):
                return super().dump(obj.upper())

        cur.adapters.register_dumper(str, Upper)
        assert value(cur, "select %s", ["abc"]) == "ABC"
        assert value(cur, "select pg_typeof(%s)::text", ["abc"]) == "text"

    def test_built_in_one_for_another_class(self, module, cur):
        json = module("types.json")
        cur.adapters.register_dumper(dict, json.JsonbDumper)
        assert value(cur, "select %s", [{"a": [1]}]) == {"a": [1]}
        assert value(cur, "select pg_typeof(%s)::text", [{}]) == "jsonb"

    def test_built_in_one_with_another_oid(self, module, cur):
        cur.adapters.register_dumper(str, module("types.string").StrDumper)
        assert value(cur, "select pg_typeof(%s)::text", ["abc"]) == "text"

    def test_what_it_raises(self, adapt, conn):
        def dump(self, obj):
            raise ZeroDivisionError

        cur = conn.cursor()
        cur.adapters.register_dumper(Thing, type("D", (adapt.Dumper,), {"dump": dump}))
        with pytest.raises(ZeroDivisionError):
            cur.execute("select %s", [Thing("x")])
        assert value(cur, "select 1") == 1

    def test_context(self, adapt, conn):
        seen = []

        class Curious(adapt.Dumper):
            def __init__(self, cls, context=None):
                super().__init__(cls, context)
                seen.append((cls, self.connection, context.adapters, context.connection))

            def dump(self, obj):
                return obj.value.encode()

        cur = conn.cursor()
        cur.adapters.register_dumper(Thing, Curious)
        cur.execute("select %s, %s", [Thing("a"), Thing("b")])
        assert seen == [(Thing, conn, cur.adapters, conn)]

    def test_executemany(self, adapt, cur):
        cur.execute("create temp table things (t text)")
        cur.adapters.register_dumper(Thing, dumper(adapt, b"!"))
        cur.executemany("insert into things values (%s)", [[Thing("a")], [None], ["b"], [Thing("c")]])
        assert cur.execute("select * from things").fetchall() == [("a!",), (None,), ("b",), ("c!",)]

    def test_bad_class(self, pg):
        with pytest.raises(TypeError, match="dumpers should be registered on classes"):
            pg.adapters.register_dumper(10, object)


class TestLoaders:
    def test_registered(self, adapt, conn):
        conn.adapters.register_loader("int4", loader(adapt, "-conn"))
        cur = conn.cursor()
        assert cur.execute("select 1::int4, 1::int8, 'x'::text").fetchone() == ("1-conn", 1, "x")
        cur.adapters.register_loader(23, loader(adapt, "-cur"))
        assert value(cur, "select 1::int4") == "1-cur"
        assert value(conn.cursor(), "select 1::int4") == "1-conn"

    def test_text_loader_makes_text_of_the_column(self, adapt, conn):
        """Also when the statement is prepared, and formats are chosen by column."""
        cur = conn.cursor()
        cur.adapters.register_loader("timestamptz", loader(adapt))
        for _ in range(8):
            row = cur.execute("select '2020-01-01 00:00+00'::timestamptz, 5, 'x'", prepare=True).fetchone()
            assert row[0].startswith("20")
            assert row[1:] == (5, "x")

    def test_binary(self, adapt, binary, conn):
        cur = conn.cursor(binary=True)
        cur.adapters.register_loader(
            "int4", type("L", (adapt.Loader,), {"load": lambda s, d: bytes(d), "format": binary})
        )
        assert value(cur, "select 258::int4") == b"\x00\x00\x01\x02"
        assert value(conn.cursor(), "select 258::int4") == 258

    def test_arrays(self, adapt, conn):
        cur = conn.cursor()
        cur.adapters.register_loader("int4", loader(adapt, "!"))
        for _ in range(8):
            assert value(cur, "select array[1,null,2]::int4[]") == ["1!", None, "2!"]

    def test_binary_arrays(self, adapt, binary, conn):
        cur = conn.cursor(binary=True)
        cur.adapters.register_loader(
            "int4", type("L", (adapt.Loader,), {"load": lambda s, d: bytes(d), "format": binary})
        )
        assert value(cur, "select array[1,null]::int4[]") == [b"\0\0\0\x01", None]

    def test_derived_from_a_built_in_one(self, module, cur):
        class Dated(module("types.datetime").DateLoader):
            def load(self, data):
                return super().load(data) + dt.timedelta(days=1)

        class Absolute(module("types.numeric").NumericLoader):
            def load(self, data):
                return abs(super().load(data))

        cur.adapters.register_loader("date", Dated)
        cur.adapters.register_loader("numeric", Absolute)
        assert cur.execute("select '2020-02-28'::date, -1.5::numeric").fetchone() == (
            dt.date(2020, 2, 29),
            Decimal("1.5"),
        )

    def test_built_in_one_for_another_type(self, module, cur):
        cur.adapters.register_loader("jsonb", module("types.string").TextLoader)
        cur.adapters.register_loader("numeric", module("types.numeric").FloatLoader)
        for _ in range(8):
            assert cur.execute("select '{\"a\": 1}'::jsonb, 1.5::numeric").fetchone() == ('{"a": 1}', 1.5)

    def test_one_instance_for_all_rows(self, adapt, conn):
        made = []

        class Counting(adapt.Loader):
            def __init__(self, oid, context=None):
                super().__init__(oid, context)
                made.append((oid, self.connection, context.connection))

            def load(self, data):
                return int(data)

        cur = conn.cursor()
        cur.adapters.register_loader("int4", Counting)
        assert cur.execute("select g from generate_series(1, 50) g").fetchall() == [(n,) for n in range(1, 51)]
        assert made == [(23, conn, conn)]

    def test_what_it_raises(self, adapt, cur):
        def load(self, data):
            raise ZeroDivisionError

        cur.adapters.register_loader("int4", type("L", (adapt.Loader,), {"load": load}))
        cur.execute("select 1")
        with pytest.raises(ZeroDivisionError):
            cur.fetchone()
        assert value(cur, "select 'x'") == "x"

    def test_the_same_statement_with_and_without(self, adapt, conn):
        plain, marked = conn.cursor(), conn.cursor()
        marked.adapters.register_loader("int4", loader(adapt, "!"))
        for _ in range(8):
            assert value(plain, "select %s::int4", [1]) == 1
            assert value(marked, "select %s::int4", [1]) == "1!"

    def test_put_back(self, adapt, module, conn):
        cur = conn.cursor()
        cur.adapters.register_loader("int4", loader(adapt, "!"))
        assert value(cur, "select 1::int4") == "1!"
        cur.adapters.register_loader("int4", module("types.numeric").IntLoader)
        assert value(cur, "select 1::int4") == 1

    @pytest.mark.howdah_only
    def test_other_columns_stay_in_c(self, adapt, cur):
        """Nothing but the one loader is called through Python, once per row."""
        cur.adapters.register_loader("int4", loader(adapt, "!"))
        query = "select g::int8, g::int4, 'x', 1.5::numeric, now(), true from generate_series(1, 500) g"
        cur.execute(query).fetchone()  # makes the instance
        calls = []
        cur.execute(query)
        gc.disable()  # whose finalizers would be called, too
        sys.setprofile(lambda frame, event, arg: calls.append((event, frame.f_code.co_name)))
        try:
            cur.fetchall()
        finally:
            sys.setprofile(None)
            gc.enable()
        assert [name for event, name in calls if event == "call"] == ["<lambda>"] * 500

    def test_of_unknown_types(self, adapt, cur):
        cur.adapters.register_loader(0, loader(adapt, "?"))
        assert value(cur, "select '(1,2)'::point") in ("(1,2)?", "(1,2)")

    def test_unknown_name(self, conn, adapt):
        with pytest.raises(KeyError):
            conn.adapters.register_loader("nosuchtype", loader(adapt))


@pytest.mark.howdah_only
class TestLater:
    """A registration counts for results that are there already."""

    def test_registered_after_execute(self, adapt, conn):
        cur = conn.cursor()
        cur.execute("select 1::int4 from generate_series(1, 2)")
        assert cur.fetchone() == (1,)
        cur.adapters.register_loader("int4", loader(adapt, "!"))
        assert cur.fetchone() == ("1!",)

    def test_registered_while_decoding(self, adapt, conn):
        cur = conn.cursor()

        class Busy(adapt.Loader):
            def load(self, data):
                cur.adapters.register_loader("int8", loader(adapt, "!"))
                cur.execute("select 5")
                return int(data)

        cur.adapters.register_loader("int4", Busy)
        rows = cur.execute("select 1::int4, 2::int8 from generate_series(1, 3)").fetchall()
        assert rows == [(1, 2)] * 3
        assert cur.execute("select 3::int8").fetchone() == ("3!",)

    @pytest.mark.howdah_only
    def test_registered_while_a_loader_is_made(self, adapt, conn):
        """What kept the loaders until then is nobody's any more, but for the one that is being made."""
        cur = conn.cursor()
        found = []

        class Registering(adapt.Loader):
            def __init__(self, oid, context):
                if not found:
                    found.append(None)
                    cur.adapters.register_loader("text", loader(adapt, "!"))
                    cur.scroll(0, "absolute")
                    found.append(cur.fetchone())
                    gc.collect()

            def load(self, data):
                return int(data)

        cur.adapters.register_loader("int4", Registering)
        cur.execute("select i, 'x' from generate_series(1, 3) i")
        assert cur.fetchone() == (1, "x")
        assert found[1] == (1, "x!")
        assert cur.fetchall() == [(2, "x!"), (3, "x!")]


class TestConfiguration:
    def test_maps_are_copies(self, adapt, pg):
        mine = adapt.AdaptersMap(pg.adapters)
        mine.register_loader("int4", loader(adapt))
        assert mine.get_loader(23, pg.pq.Format.TEXT).__name__ == "Marking"
        assert pg.adapters.get_loader(23, pg.pq.Format.TEXT).__name__ == "IntLoader"

    def test_context_of_connect(self, adapt, pg, dsn):
        mine = adapt.AdaptersMap(pg.adapters)
        mine.register_loader("int4", loader(adapt, "-mine"))
        with pg.connect(dsn, context=mine) as conn:
            assert value(conn, "select 1::int4") == "1-mine"
            conn.adapters.register_loader("int4", loader(adapt, "-conn"))
        with pg.connect(dsn, context=mine) as conn:
            assert value(conn, "select 1::int4") == "1-mine"

    def test_get_dumper(self, adapt, pg):
        assert pg.adapters.get_dumper(str, adapt.PyFormat.BINARY).__name__ == "StrBinaryDumper"
        with pytest.raises(pg.ProgrammingError, match="cannot adapt type 'Thing'"):
            pg.adapters.get_dumper(Thing, adapt.PyFormat.AUTO)
        assert pg.adapters.get_dumper_by_oid(25, pg.pq.Format.TEXT).__name__ == "StrDumper"
        with pytest.raises(pg.ProgrammingError, match=r"type point \(oid 600\) format TEXT"):
            pg.adapters.get_dumper_by_oid(600, pg.pq.Format.TEXT)

    def test_get_loader(self, pg):
        assert pg.adapters.get_loader(600, pg.pq.Format.TEXT) is None
        assert pg.adapters.get_loader(1007, pg.pq.Format.BINARY).__name__ == "ArrayBinaryLoader"

    def test_the_map_is_a_context(self, pg):
        assert pg.adapters.adapters is pg.adapters
        assert pg.adapters.connection is None


class TestTransformer:
    @pytest.mark.parametrize(
        ("obj", "format", "oid", "data"),
        [
            ("abc", "TEXT", 0, b"abc"),
            ("abc", "BINARY", 25, b"abc"),
            (True, "AUTO", 16, b"\x01"),
            (dt.date(2020, 1, 1), "TEXT", 1082, b"2020-01-01"),
            (dt.datetime(2020, 1, 1), "TEXT", 1114, b"2020-01-01 00:00:00"),
            (dt.time(1, 2, tzinfo=dt.timezone.utc), "TEXT", 1266, b"01:02:00+00:00"),
            ([1, 2], "TEXT", 1005, b"{1,2}"),
            ([dt.date(2020, 1, 1)], "TEXT", 1182, b"{2020-01-01}"),
        ],
    )
    def test_dump(self, adapt, obj, format, oid, data):
        dumper = adapt.Transformer().get_dumper(obj, adapt.PyFormat[format])
        assert dumper.oid == oid
        assert bytes(dumper.dump(obj)) == data

    @pytest.mark.parametrize(
        ("obj", "literal"),
        [
            ("it's", b"'it''s'"),
            ("a\\b", b" E'a\\\\b'"),
            (True, b"true"),
            (None, b"NULL"),
            (dt.date(2020, 1, 1), b"'2020-01-01'::date"),
            (dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc), b"'2020-01-01 00:00:00+00:00'::timestamptz"),
            (["a", "b"], b"'{a,b}'"),
            ([dt.date(2020, 1, 1)], b"'{2020-01-01}'::date[]"),
        ],
    )
    def test_literal(self, adapt, obj, literal):
        assert adapt.Transformer().as_literal(obj) == literal

    def test_sequences(self, adapt, pg):
        tx = adapt.Transformer()
        F = adapt.PyFormat
        assert [
            bytes(d) if d is not None else d for d in tx.dump_sequence(["a", None, True], [F.AUTO, F.TEXT, F.TEXT])
        ] == [
            b"a",
            None,
            b"t",
        ]
        assert tx.types == (0, 0, 16)
        tx.set_loader_types([23, 25, 1007], pg.pq.Format.TEXT)
        assert tx.load_sequence([b"1", None, b"{1,2}"]) == (1, None, [1, 2])

    def test_rows(self, adapt, pg, conn):
        cur = conn.execute("select g, null, 'x' from generate_series(1, 3) g", binary=True)
        tx = adapt.Transformer(cur)
        tx.set_pgresult(cur.pgresult)
        assert tx.load_row(1, tuple) == (2, None, "x")
        with pytest.raises(pg.InterfaceError):
            tx.load_row(3, tuple)
        assert tx.load_rows(1, 3, list) == [[2, None, "x"], [3, None, "x"]]
        with pytest.raises(pg.InterfaceError):
            tx.load_rows(0, 4, tuple)
        with pytest.raises(pg.InterfaceError):
            adapt.Transformer().load_rows(0, 1, tuple)

    def test_from_context(self, adapt, conn):
        tx = adapt.Transformer(conn)
        assert tx.connection is conn
        assert adapt.Transformer.from_context(tx) is tx
        assert tx.encoding == "utf-8"


@pytest.mark.parametrize("kind", ["json", "jsonb"])
def test_json_functions(module, conn, kind):
    json = module("types.json")
    wrapper = json.Json if kind == "json" else json.Jsonb
    json.set_json_dumps(lambda obj: '{"dumped": true}', conn)
    json.set_json_loads(lambda data: ("loaded", bytes(data)), conn)
    for _ in range(8):
        got = conn.execute(f"select %s::{kind}", [wrapper([1])]).fetchone()[0]
        assert got[0] == "loaded"
        assert b"dumped" in got[1]
    cur = conn.cursor(binary=True)
    assert cur.execute(f"select %b::{kind}", [wrapper([1])]).fetchone()[0][0] == "loaded"
    json.set_json_loads(len, cur)
    assert cur.execute(f"select '[1]'::{kind}").fetchone() == (3,)
    assert conn.execute(f"select '[1]'::{kind}").fetchone()[0] == ("loaded", b"[1]")


async def test_async(adapt, aconn):
    aconn.adapters.register_loader("int4", loader(adapt, "!"))
    aconn.adapters.register_dumper(Thing, dumper(adapt))
    cur = await aconn.execute("select 1::int4, %s", [Thing("x")])
    assert await cur.fetchone() == ("1!", "x")
    cur = aconn.cursor()
    cur.adapters.register_loader("int4", loader(adapt, "?"))
    await cur.execute("select 1::int4 from generate_series(1, 2)")
    assert await cur.fetchall() == [("1?",), ("1?",)]


@pytest.mark.howdah_only  # psycopg's Transformer in C has no get_dumper_by_oid()
class TestListsByOid:
    """Lists dumped for a known array type, as COPY and composites do."""

    @pytest.mark.parametrize("value", [[], [1, None, 70000], [[1, 2], [3, None]], [None]])
    def test_binary(self, adapt, binary, conn, value):
        dumper = adapt.Transformer(conn).get_dumper_by_oid(1007, binary)
        assert dumper.oid == 1007
        tx = adapt.Transformer(conn)
        loaded = tx.get_loader(1007, binary).load(dumper.dump(value))
        assert loaded == value

    @pytest.mark.parametrize("value", [[[1], [2, 3]], [1, [2]], [[]]])
    def test_uneven(self, pg, adapt, binary, conn, value):
        with pytest.raises(pg.DataError):
            adapt.Transformer(conn).get_dumper_by_oid(1007, binary).dump(value)

    def test_recursive(self, pg, adapt):
        items = []
        items.append(items)
        with pytest.raises(pg.DataError):
            adapt.Transformer().get_dumper(items, adapt.PyFormat.TEXT)


class TestListItems:
    def test_dumped_as_null(self, adapt, conn):
        class EmptyIsNull(adapt.Dumper):
            oid = 25

            def dump(self, obj):
                return obj.encode() if obj else None

        class Binary(EmptyIsNull):
            format = 1

        cur = conn.cursor()
        cur.adapters.register_dumper(str, EmptyIsNull)
        assert value(cur, "select %s", [["a", "", "b"]]) == ["a", None, "b"]
        cur.adapters.register_dumper(str, Binary)
        assert value(cur, "select %b", [["a", "", "b"]]) == ["a", None, "b"]

    def test_ints_of_ones_own(self, adapt, conn):
        class Doubled(adapt.Dumper):
            oid = 23

            def dump(self, obj):
                return str(2 * obj).encode()

        cur = conn.cursor()
        cur.adapters.register_dumper(int, Doubled)
        assert value(cur, "select %s", [[1, [2]][:1]]) == [2]
        assert value(cur, "select %t", [[1, 2]]) == [2, 4]


def test_none_without_a_dumper(pg, adapt, module, dsn):
    mine = adapt.AdaptersMap(types=pg.adapters.types)
    mine.register_dumper(str, module("types.string").StrDumper)
    mine.register_loader("text", module("types.string").TextLoader)
    with pg.connect(dsn, context=mine) as conn:
        assert value(conn, "select %s", ["x"]) == "x"
        with pytest.raises(pg.ProgrammingError, match="NoneType"):
            conn.execute("select %s", [None])
