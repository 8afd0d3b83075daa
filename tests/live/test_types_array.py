"""Arrays, both ways, of every type."""

from __future__ import annotations

import math
import uuid
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

UTC = timezone.utc

LISTS = {
    "bool": [True, False, None],
    "int2": [1, -(2**15), None],
    "int4": [1, 2**31 - 1, -(2**31)],
    "int8": [1, 2**63 - 1, None],
    "float4": [1.5, math.inf, None],
    "float8": [0.1, 5e-324, -math.inf],
    "numeric": [Decimal("1.00"), Decimal("-1e-20"), None, Decimal("Infinity")],
    "text": ["", "a", None, "NULL", "null", "{", "}", ",", '"', "\\", " x ", "è€", "it's\nso"],
    "varchar": ["a,b", None, "c d"],
    "name": ["n", "with space"],
    "bytea": [b"", b"\0\xff", None, b"\\", b'"'],
    "uuid": [uuid.UUID(int=0), None, uuid.UUID(int=2**128 - 1)],
    "date": [date.min, None, date.max],
    "time": [time.min, None, time(1, 2, 3, 4)],
    "timetz": [time(1, 2, tzinfo=UTC), None, time(1, 2, tzinfo=timezone(timedelta(hours=-5)))],
    "timestamp": [datetime.min, None, datetime(2020, 1, 2, 3, 4, 5, 6)],
    "timestamptz": [datetime(2020, 1, 2, 3, 4, 5, 6, UTC), None],
    "interval": [timedelta(0), None, timedelta(days=-3, microseconds=7)],
}


@pytest.fixture(params=LISTS)
def kind(request):
    return request.param


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
def test_list(cur, always, kind, placeholder):
    cur.connection.execute("set timezone to 'UTC'")
    value = LISTS[kind]
    (found, size) = always(
        cur, f"select {placeholder}::{kind}[], cardinality({placeholder}::{kind}[])", [value, value]
    )
    assert (found, size) == (value, len(value))
    assert [type(item) for item in found] == [type(item) for item in value]


def test_items_as_the_server_sees_them(cur, kind):
    value = LISTS[kind]
    cur.execute(f"select x is not distinct from y from unnest(%s::{kind}[]) with ordinality a(x, i) "
                f"join unnest(%s::{kind}[]) with ordinality b(y, i) using (i)", [value, value])  # fmt: skip
    assert cur.fetchall() == [(True,)] * len(value)
    for item in value:
        assert cur.execute(f"select %s::{kind} = any(%s::{kind}[])", [item, value]).fetchone() == (
            None if item is None else True,
        )


def test_nested(cur, always, kind):
    value = LISTS[kind][:2]
    nested = [[list(value), list(value)], [list(value), list(value)]]
    assert always(cur, f"select %s::{kind}[], array_ndims(%s::{kind}[])", [nested, nested]) == (nested, 3)


def test_empty_and_null(cur, always, kind):
    row = always(cur, f"select '{{}}'::{kind}[], %s::{kind}[], %s::{kind}[], null::{kind}[], %s::{kind}[]",
                 [[], None, [None]])  # fmt: skip
    assert row == ([], [], None, None, [None])


def test_empty_nested(cur, always):
    """The server has one empty array, of no dimension."""
    for value in ([[]], [[], []], [[[]]]):
        assert always(cur, "select %s::int[]", [value]) == ([],)


def test_type_of_a_list(cur):
    """The type that the items need, the widest of the numbers."""
    for value, name in [
        ([1, 2], "smallint[]"),
        ([1, None, 70_000], "integer[]"),
        ([70_000, 1], "integer[]"),
        ([1, 2**40], "bigint[]"),
        ([2**70, 1], "numeric[]"),
        ([1.5], "double precision[]"),
        ([Decimal(1)], "numeric[]"),
        ([True], "boolean[]"),
        ([b"x"], "bytea[]"),
        ([date.min], "date[]"),
        ([uuid.UUID(int=1)], "uuid[]"),
    ]:
        assert cur.execute("select pg_typeof(%s)::text, %s", [value, value]).fetchone() == (name, value)


def test_list_of_text_in_a_query(cur, always):
    assert always(cur, "select count(*) from pg_type where typname = any(%s)", [["int4", "text", "none such"]]) == (
        2,
    )


def test_seven_dimensions(pg, cur):
    """Six are the server's limit."""
    value = [[[[[[1]]]]]]
    assert cur.execute("select %s::int[]", [value]).fetchone() == (value,)
    with pytest.raises(pg.Error):
        cur.execute("select %s::int[]", [[value]])
    assert cur.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("value", [[[1], [2, 3]], [[1], 2], [[1], None], [[[1]], [2]]], ids=str)
def test_ragged(pg, cur, value):
    """Items of a dimension must be as long as each other."""
    for placeholder in ("%s", "%b", "%t"):
        with pytest.raises(pg.DataError):
            cur.execute(f"select {placeholder}::int[]", [value])
        assert cur.execute("select 1").fetchone() == (1,)


@pytest.mark.howdah_only
def test_list_behind_an_item(pg, cur):
    for placeholder in ("%s", "%b", "%t"):
        with pytest.raises(pg.DataError):
            cur.execute(f"select {placeholder}::int[]", [[1, [2]]])
        assert cur.execute("select 1").fetchone() == (1,)


@pytest.mark.howdah_only
def test_list_twice_in_a_list(cur, always):
    inner = [1, 2]
    assert always(cur, "select %s", [[inner, inner]]) == ([inner, inner],)


def test_mixed_types(pg, cur):
    with pytest.raises(pg.DataError):
        cur.execute("select %s", [[1, "a"]])
    with pytest.raises(pg.DataError):
        cur.execute("select %s", [[b"a", date.min]])
    assert cur.execute("select 1").fetchone() == (1,)


def test_list_within_itself(pg, cur):
    value: list = [1]
    value.append(value)
    with pytest.raises(pg.DataError):
        cur.execute("select %s", [value])
    assert cur.execute("select 1").fetchone() == (1,)


def test_item_that_cannot_be_sent(pg, cur):
    with pytest.raises(pg.ProgrammingError):
        cur.execute("select %s", [[object()]])
    with pytest.raises(pg.DataError):
        cur.execute("select %s::text[]", [["a", "b\0"]])
    assert cur.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
def test_item_beyond_python(pg, cur, kind):
    for _ in range(8):
        cur.execute(f"select array['2020-01-01', 'infinity']::{kind}[]")
        with pytest.raises(pg.DataError):
            cur.fetchone()
    assert cur.execute("select array[1]").fetchone() == ([1],)


def test_bounds_are_dropped(cur, always):
    """Arrays that start elsewhere than at one come as plain lists."""
    assert always(cur, "select '[3:5]={1,2,3}'::int[], '[0:1][-2:-1]={{1,2},{3,4}}'::int[]") == (
        [1, 2, 3],
        [[1, 2], [3, 4]],
    )


def test_other_delimiter(cur):
    """box is the one type whose items part at a semicolon."""
    (found,) = cur.execute("select array['(1,1),(0,0)'::box, '(3,3),(2,2)']", binary=False).fetchone()
    assert found == ["(1,1),(0,0)", "(3,3),(2,2)"]


def test_items_of_an_unknown_type(auto):
    auto.execute("create type pg_temp.colour as enum ('red', 'dark blue', 'NULL')")
    for _ in range(8):
        (found,) = auto.execute("select '{red, dark blue, \"NULL\", null}'::pg_temp.colour[]").fetchone()
        # Nobody told of the type: the server's text.
        assert found == '{red,"dark blue","NULL",NULL}'


def test_list_of_strings_for_another_type(cur, always):
    """Like a str alone, they take the type that the statement wants."""
    row = always(cur, "select %s::int[], %s::date[]", [["1", None], ["2020-01-02"]])
    assert row == ([1, None], [date(2020, 1, 2)])


def test_str_as_an_array(pg, cur, always):
    assert always(cur, "select %s::int[]", ["{1,NULL,3}"]) == ([1, None, 3],)
    for text in ("{1", "1}", "{{1},{2,3}}", "{1,,2}"):
        with pytest.raises(pg.errors.InvalidTextRepresentation):
            cur.execute("select %s::int[]", [text])
    assert cur.execute("select 1").fetchone() == (1,)


def test_large_list(cur):
    value = list(range(-50_000, 50_000))
    assert cur.execute("select %s", [value]).fetchone() == (value,)
    texts = [str(i) * (i % 50) for i in range(20_000)]
    assert cur.execute("select %s::text[]", [texts]).fetchone() == (texts,)


def test_rows_of_arrays(cur):
    cur.execute("select array(select g from generate_series(1, i) g) from generate_series(0, 300) i")
    assert [found for (found,) in cur] == [list(range(1, i + 1)) for i in range(301)]


def test_aggregates(cur, always):
    assert always(
        cur, "select array_agg(x order by x), array_agg(x) filter (where x > 9) from generate_series(1, 4) x"
    ) == (
        [1, 2, 3, 4],
        None,
    )


def test_list_of_changing_types(cur):
    """The same query with lists of another type each time, prepared or not."""
    for value in [[1], [2**40], [1.5], [True], [], [None], [b"x"], [1]] * 3:
        assert cur.execute("select %s", [value]).fetchone()[0] in (value, "{}", "{NULL}")


def test_tuple_is_no_array(pg, cur):
    """A tuple stands for a record."""
    with pytest.raises(pg.Error):
        cur.execute("select %s::int[]", [(1, 2)])
    assert cur.execute("select 1").fetchone() == (1,)


# ---- delimiters of elements with dumpers of one's own


class Box:
    def __init__(self, *corners):
        self.corners = corners


@pytest.fixture
def box_dumper(module):
    class BoxDumper(module("adapt").Dumper):
        oid = 603

        def dump(self, obj):
            return "({},{}),({},{})".format(*obj.corners).encode()

    return BoxDumper


@pytest.mark.parametrize("placeholder", ["%s", "%t"])
def test_boxes(conn, box_dumper, placeholder):
    conn.adapters.register_dumper(Box, box_dumper)
    boxes = [Box(1, 2, 3, 4), None, Box(5, 4, 3, 2)]
    (found,) = conn.execute(f"select {placeholder}::text", [boxes]).fetchone()
    assert found == "{(3,4),(1,2);NULL;(5,4),(3,2)}"


def test_boxes_of_a_registered_type(conn, box_dumper, module):
    conn.execute("create schema own")
    conn.execute("create type own.box2 as (a int)")
    info = module("types").TypeInfo.fetch(conn, "own.box2")
    info.delimiter = "|"
    info.register(conn)
    box_dumper.oid = info.oid
    conn.adapters.register_dumper(Box, box_dumper)
    tx = module("adapt").Transformer(conn)
    dumper = tx.get_dumper([Box(1, 2, 3, 4)], module("adapt").PyFormat.TEXT)
    data = dumper.dump([Box(1, 2, 3, 4), None])
    assert (dumper.oid, bytes(data)) == (info.array_oid, b"{(1,2),(3,4)|NULL}")
