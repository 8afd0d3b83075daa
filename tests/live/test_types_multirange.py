"""Multiranges, both ways."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

UTC = dt.timezone.utc
PLACEHOLDERS = ["%s", "%b", "%t"]

SAMPLES = {
    "int4multirange": ("Int4Multirange", [(1, 5), (7, None)]),
    "int8multirange": ("Int8Multirange", [(-(2**63), 5), (2**40, 2**63 - 1)]),
    "nummultirange": ("NumericMultirange", [(Decimal("1.50"), Decimal(2), "(]"), (Decimal(5), None)]),
    "datemultirange": ("DateMultirange", [(dt.date(2020, 1, 2), dt.date(2021, 1, 1)), (dt.date(2022, 1, 1), None)]),
    "tsmultirange": ("TimestampMultirange", [(None, dt.datetime(2020, 1, 2, 3, 4, 5, 6), "(]")]),
    "tstzmultirange": ("TimestamptzMultirange", [(dt.datetime(2020, 1, 2, 3, 4, 5, 6, UTC), None)]),
}


@pytest.fixture
def ranges(module):
    return module("types.range")


@pytest.fixture
def multiranges(module):
    return module("types.multirange")


@pytest.fixture(params=SAMPLES)
def kind(request):
    return request.param


@pytest.fixture
def values(ranges, multiranges, kind):
    name, args = SAMPLES[kind]
    cls = getattr(multiranges, name)
    return [cls([ranges.Range(*arg) for arg in args]), cls(), cls([ranges.Range(None, None)])]


@pytest.fixture(scope="module")
def schema(pg, dsn):
    with pg.connect(dsn, autocommit=True) as conn:
        conn.execute("create schema multi")
        conn.execute(
            'create type multi.texts as range (subtype = text, collation = "C", multirange_type_name = multi.many)'
        )
        yield "multi"
        conn.execute("drop schema multi cascade")


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_wrapper(cur, always, multiranges, kind, values, placeholder):
    cur.connection.execute("set timezone to 'UTC'")
    for value in values:
        (found, known, same) = always(
            cur, f"select {placeholder}, pg_typeof({placeholder})::text, {placeholder}::text::{kind} = {placeholder}",
            [value] * 4,
        )  # fmt: skip
        assert (found, known, same) == (value, kind, True)
        assert type(found) is multiranges.Multirange


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_plain(cur, always, multiranges, kind, values, placeholder):
    cur.connection.execute("set timezone to 'UTC'")
    for value in values:
        assert always(cur, f"select {placeholder}::{kind}", [multiranges.Multirange(value)]) == (value,)


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_array(cur, always, kind, values, placeholder):
    cur.connection.execute("set timezone to 'UTC'")
    value = [*values, None]
    (found, known) = always(cur, f"select {placeholder}, pg_typeof({placeholder})::text", [value, value])
    assert (found, known) == (value, f"{kind}[]")


def test_null(cur, always, kind):
    assert always(cur, f"select null::{kind}, %s::{kind}, array[null::{kind}]", [None]) == (None, None, [None])


def test_joined(cur, ranges, multiranges):
    """The server sorts and joins, and drops what is empty."""
    Range = ranges.Range
    value = multiranges.Int4Multirange([Range(5, 7), Range(1, 3), Range(empty=True), Range(3, 4, "[]")])
    assert cur.execute("select %s", [value]).fetchone() == (multiranges.Multirange([Range(1, 7)]),)


def test_operators(cur, ranges, multiranges):
    Range, Multirange = ranges.Range, multiranges.Multirange
    value = multiranges.Int4Multirange([Range(1, 3), Range(8, None)])
    cur.execute("select i from generate_series(1, 10) i where %s @> i", [value])
    assert [i for (i,) in cur] == [1, 2, 8, 9, 10]
    assert cur.execute("select %s + int4multirange(int4range(3, 8))", [value]).fetchone() == (
        Multirange([Range(1, None)]),
    )
    assert cur.execute("select range_agg(int4range(i, i + 1)) from unnest(array[1, 2, 5]) i").fetchone() == (
        Multirange([Range(1, 3), Range(5, 6)]),
    )


def test_bound_beyond_python(pg, cur):
    for _ in range(7):
        cur.execute("select '{[2020-01-01, infinity)}'::datemultirange")
        with pytest.raises(pg.DataError):
            cur.fetchone()
    assert cur.execute("select 1").fetchone() == (1,)


# ---- multirange types of one's own


def test_fetch(auto, multiranges, schema):
    info = multiranges.MultirangeInfo.fetch(auto, f"{schema}.many")
    assert (info.name, info.subtype_oid, info.regtype) == ("many", 25, f"{schema}.many")
    assert info.range_oid == auto.execute(f"select '{schema}.texts'::regtype::oid").fetchone()[0]
    assert info.array_oid
    assert multiranges.MultirangeInfo.fetch(auto, "there_is_none") is None
    assert multiranges.MultirangeInfo.fetch(auto, "int4range") is None
    assert multiranges.MultirangeInfo.fetch(auto, "int4multirange").oid == 4451


async def test_fetch_async(aconn, multiranges, schema):
    assert (await multiranges.MultirangeInfo.fetch(aconn, f"{schema}.many")).subtype_oid == 25


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_registered(cur, always, ranges, multiranges, schema, placeholder):
    Range, Multirange = ranges.Range, multiranges.Multirange
    multiranges.register_multirange(multiranges.MultirangeInfo.fetch(cur.connection, f"{schema}.many"), cur)
    for value in [
        Multirange([Range("a", "b"), Range("c", None)]),
        Multirange([Range("", 'q"\\ (,)[]'), Range("s}", "t")]),
    ]:
        (found, kind) = always(cur, f"select {placeholder}, pg_typeof({placeholder})::text", [value, value])
        assert (found, kind) == (value, f"{schema}.many")
        assert always(cur, f"select {placeholder}", [[value, None]]) == ([value, None],)


def test_not_registered(auto, schema):
    assert auto.execute(f"select '{{[a,b)}}'::{schema}.many").fetchone() == ("{[a,b)}",)


def test_in_a_record(auto, always, ranges, multiranges):
    row = always(auto.cursor(binary=True), "select row(1, '{[1,2)}'::int4multirange, int4range(1, 2))")
    Range = ranges.Range
    assert row == ((1, multiranges.Multirange([Range(1, 2)]), Range(1, 2)),)


async def test_async(aauto, ranges, multiranges):
    value = multiranges.Int4Multirange([ranges.Range(1, 5), ranges.Range(7, None)])
    for binary in (False, True):
        cur = aauto.cursor(binary=binary)
        for placeholder in PLACEHOLDERS:
            await cur.execute(f"select {placeholder}, {placeholder}, %s", [value, [value, None], None])
            assert await cur.fetchone() == (value, [value, None], None)


def test_no_info(auto, multiranges):
    with pytest.raises(TypeError, match="multirange"):
        multiranges.register_multirange(multiranges.MultirangeInfo.fetch(auto, "there_is_none"), auto)
