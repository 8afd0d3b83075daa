"""Composite types and anonymous records, both ways."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

TYPES = """
create type {s}.pair as (x int4, y text);
create type {s}.outside as (p {s}.pair, ps {s}.pair[], ns int8[], r numrange);
create type {s}."Odd name" as ("a b" int4, "1st" date, _u bool);
create type {s}.nothing as ();
create type {s}.one as (x int4);
create domain {s}.positive as int4 check (value > 0);
create type {s}.mixed as (
    b bool, i2 int2, i8 int8, f4 float4, f8 float8, n numeric, t text, v varchar, d date, ts timestamp,
    tz timestamptz, u uuid, j jsonb, bs bytea
);
create table {s}.deck (id int primary key, gone text, card {s}.pair);
alter table {s}.deck drop column gone;
insert into {s}.deck values (1, (5, 'a')), (2, null), (3, (null, null));
"""

PLACEHOLDERS = ["%s", "%b", "%t"]


@pytest.fixture(scope="module")
def schema(pg, dsn):
    with pg.connect(dsn, autocommit=True) as conn:
        conn.execute("create schema comp")
        conn.execute(TYPES.format(s="comp"))
        yield "comp"
        conn.execute("drop schema comp cascade")


@pytest.fixture
def composite(module):
    return module("types.composite")


@pytest.fixture
def register(composite, schema):
    """Fetch a type's info and register it in a context."""

    def run(conn, name, context=None, **kwargs):
        info = composite.CompositeInfo.fetch(conn, f"{schema}.{name}")
        composite.register_composite(info, context or conn, **kwargs)
        return info

    return run


# ---- anonymous records


@pytest.mark.parametrize(
    ("record", "text", "binary"),
    [
        ("row()", (), ()),
        ("row(null, null)", (None, None), (None, None)),
        ("row(''::text, 'NULL'::text, null)", ("", "NULL", None), ("", "NULL", None)),
        ("row(10, 'a b'::text, date '2020-01-02')", ("10", "a b", "2020-01-02"), (10, "a b", dt.date(2020, 1, 2))),
        (
            r"""row('a"b'::text, 'c\d'::text, '(,)'::text, ' '::text)""",
            ('a"b', "c\\d", "(,)", " "),
            ('a"b', "c\\d", "(,)", " "),
        ),
        ("row(1, row(2, row('x y'::text, null)))", ("1", '(2,"(""x y"",)")'), (1, (2, ("x y", None)))),
        ("row(array[1, null], array['a b'])", ("{1,NULL}", '{"a b"}'), ([1, None], ["a b"])),
        ("row(1.5, true, int4range(1, 2))", ("1.5", "t", "[1,2)"), None),
    ],
)
def test_record(auto, always, record, text, binary):
    """Text doesn't tell the types of the fields."""
    assert always(auto.cursor(), f"select {record}") == (text,)
    if binary is not None:
        assert always(auto.cursor(binary=True), f"select {record}") == (binary,)


def test_array_of_records(auto, always):
    query = "select array[row(1, 'a'::text), null, row(null, 'b,c'::text)]"
    assert always(auto.cursor(), query) == ([("1", "a"), None, (None, "b,c")],)
    assert always(auto.cursor(binary=True), query) == ([(1, "a"), None, (None, "b,c")],)


def test_rows_of_a_subquery(auto):
    cur = auto.cursor(binary=True)
    cur.execute("select t from (select i, i::text from generate_series(1, 300) i) t")
    assert cur.fetchall() == [((i, str(i)),) for i in range(1, 301)]


def test_deep_record(auto):
    record = "null::int"
    for _ in range(30):
        record = f"row({record})"
    (value,) = auto.cursor(binary=True).execute(f"select {record}").fetchone()
    for _ in range(30):
        (value,) = value
    assert value is None


# ---- tuples as parameters


@pytest.mark.parametrize("placeholder", ["%s", "%t"])
def test_tuple(auto, schema, placeholder):
    cur = auto.cursor()
    for value in [(1, "a"), (None, None), (5, 'q"\\ (,)'), (-1, ""), (2, "NULL")]:
        cur.execute(f"select (v).x, (v).y from (select {placeholder}::{schema}.pair as v) t", [value])
        assert cur.fetchone() == value


def test_nested_tuple(auto, schema):
    value = ((1, "a b"), [(2, '"'), (None, None)], [1, None], "[1.5,2.5)")
    cur = auto.execute(
        f"select ((v).p).x, ((v).p).y, (v).ps[1].y, (v).ps[2].x, cardinality((v).ps), (v).ns, upper((v).r)"
        f" from (select %s::{schema}.outside as v) t",
        [value],
    )
    assert cur.fetchone() == (1, "a b", '"', None, 2, [1, None], Decimal("2.5"))


def test_tuple_in_binary(pg, auto):
    """No anonymous record has a binary form that the server would take."""
    with pytest.raises(pg.ProgrammingError):
        auto.execute("select %b", [(1, 2)])
    assert auto.execute("select 1").fetchone() == (1,)


def test_list_of_tuples(auto, schema):
    cur = auto.execute(f"select x, y from unnest(%s::{schema}.pair[])", [[(1, "a,b"), (None, ""), None]])
    assert cur.fetchall() == [(1, "a,b"), (None, ""), (None, None)]


def test_tuple_of_too_few(pg, auto, schema):
    for value in [(1,), (1, 2, 3), ("x", "y")]:
        with pytest.raises(pg.errors.InvalidTextRepresentation):
            auto.execute(f"select %s::{schema}.pair", [value])
    assert auto.execute("select 1").fetchone() == (1,)


# ---- the info


def test_fetch(pg, auto, composite, schema):
    info = composite.CompositeInfo.fetch(auto, f"{schema}.pair")
    assert (info.name, tuple(info.field_names), tuple(info.field_types)) == ("pair", ("x", "y"), (23, 25))
    assert info.oid
    assert info.array_oid
    assert info.regtype == f"{schema}.pair"
    assert info.python_type is None


async def test_fetch_async(aconn, composite, schema):
    info = await composite.CompositeInfo.fetch(aconn, f'{schema}."Odd name"')
    assert tuple(info.field_names) == ("a b", "1st", "_u")
    assert tuple(info.field_types) == (23, 1082, 16)


def test_fetch_of_a_table(auto, composite, schema):
    """Without the columns that were dropped."""
    info = composite.CompositeInfo.fetch(auto, f"{schema}.deck")
    assert tuple(info.field_names) == ("id", "card")


def test_fetch_without_fields(auto, composite, schema):
    info = composite.CompositeInfo.fetch(auto, f"{schema}.nothing")
    assert tuple(info.field_names) == tuple(info.field_types) == ()


def test_fetch_of_none(auto, composite, schema):
    assert composite.CompositeInfo.fetch(auto, "there_is_none") is None
    assert composite.CompositeInfo.fetch(auto, f"{schema}.there_is_none") is None


@pytest.mark.howdah_only
def test_fetch_of_another_kind(auto, composite, schema):
    """psycopg takes it for a composite type without fields."""
    assert composite.CompositeInfo.fetch(auto, "int4") is None
    assert composite.CompositeInfo.fetch(auto, f"{schema}.positive") is None


# ---- registered types


def test_load(auto, cur, always, schema, register):
    info = register(auto, "pair", cur)
    (value, nulls, null) = always(
        cur, f"select (1, 'a b')::{schema}.pair, (null, null)::{schema}.pair, null::{schema}.pair"
    )
    assert (value, nulls, null) == ((1, "a b"), (None, None), None)
    assert type(value) is info.python_type
    assert (value.x, value.y) == (1, "a b")


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_dump(cur, always, schema, register, placeholder):
    info = register(cur.connection, "pair", cur)
    for x, y in [(1, "a"), (-(2**31), 'q"\\ (,)\n'), (None, None), (0, ""), (None, "NULL")]:
        value = info.python_type(x, y)
        (found, found_x, found_y, kind) = always(
            cur,
            f"select {placeholder}, ({placeholder}).x, ({placeholder}).y, pg_typeof({placeholder})::text",
            [value] * 4,
        )
        assert (found, found_x, found_y, kind) == (value, x, y, f"{schema}.pair")
        assert type(found) is info.python_type


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_array(cur, always, schema, register, placeholder):
    info = register(cur.connection, "pair", cur)
    value = [info.python_type(1, "a,b"), None, info.python_type(None, '"')]
    (found, kind) = always(cur, f"select {placeholder}, pg_typeof({placeholder})::text", [value, value])
    assert (found, kind) == (value, f"{schema}.pair[]")
    assert type(found[0]) is info.python_type


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_nested(auto, schema, register, module, placeholder):
    pair, outside = register(auto, "pair"), register(auto, "outside")
    NumericRange = module("types.range").NumericRange
    Pair = pair.python_type
    value = outside.python_type(Pair(1, "x y"), [Pair(2, '"'), None], [2**40, None], NumericRange(Decimal(1), None))
    for binary in (False, True):
        cur = auto.cursor(binary=binary)
        (found,) = cur.execute(f"select {placeholder}", [value]).fetchone()
        assert found == value
        assert type(found.p) is type(found.ps[0]) is Pair


MIXED = (
    True, -5, 2**40, 1.5, 0.1, Decimal("1.10"), "é (,)", "", dt.date(2020, 1, 2), dt.datetime(2020, 1, 2, 3, 4, 5, 6),
    dt.datetime(2020, 1, 2, 3, 4, 5, 6, dt.timezone.utc), None, None, b"\0\\\"",
)  # fmt: skip


@pytest.mark.parametrize("placeholder", ["%s", "%t"])
def test_many_types(auto, schema, register, placeholder):
    mixed = register(auto, "mixed")
    value = mixed.python_type(*MIXED)
    auto.execute("set timezone to 'UTC'")
    for binary in (False, True):
        (found,) = auto.cursor(binary=binary).execute(f"select {placeholder}", [value]).fetchone()
        assert found == value
        assert [type(v) for v in found] == [type(v) for v in value]


def test_odd_names(cur, always, schema, register):
    info = register(cur.connection, '"Odd name"', cur)
    assert info.python_type.__name__ == "Odd_name"
    (found,) = always(cur, f"""select (1, '2020-01-02', true)::{schema}."Odd name" """)
    assert (found.a_b, found.f1st, found.f_u) == (1, dt.date(2020, 1, 2), True)


def test_rows_of_a_table(cur, schema, register):
    cards, decks = register(cur.connection, "pair", cur), register(cur.connection, "deck", cur)
    found = cur.execute(f"select d from {schema}.deck d order by id").fetchall()
    Card, Deck = cards.python_type, decks.python_type
    assert found == [(Deck(1, Card(5, "a")),), (Deck(2, None),), (Deck(3, Card(None, None)),)]


@pytest.mark.howdah_only
def test_one_field(cur, always, schema, register):
    """psycopg fails where a NULL is the only field."""
    register(cur.connection, "one", cur)
    assert always(cur, f"select row(1)::{schema}.one, row(null)::{schema}.one") == ((1,), (None,))


def test_no_fields(cur, always, schema, register):
    register(cur.connection, "nothing", cur)
    assert always(cur, f"select row()::{schema}.nothing") == ((),)


def test_where_it_is_registered(pg, dsn, auto, schema, register):
    """A connection, a cursor, or every connection to come."""
    query = f"select (1, 'a')::{schema}.pair"
    cur = auto.cursor()
    info = register(auto, "pair", cur)
    assert type(cur.execute(query).fetchone()[0]) is info.python_type
    assert auto.execute(query).fetchone() == ("(1,a)",)
    register(auto, "pair", auto)
    assert type(auto.execute(query).fetchone()[0]) is info.python_type
    with pg.connect(dsn) as other:
        assert other.execute(query).fetchone() == ("(1,a)",)


def test_registered_between_two_queries(auto, cur, always, schema, register):
    """What is prepared is planned anew."""
    query = f"select (1, 'a')::{schema}.pair"
    always(cur, query)
    info = register(auto, "pair", cur)
    assert type(always(cur, query)[0]) is info.python_type


class Card:
    def __init__(self, value, suit):
        self.value, self.suit = value, suit

    def __eq__(self, other):
        return vars(self) == vars(other)


def test_factory(cur, always, schema, register):
    register(
        cur.connection, "pair", cur, factory=Card, make_sequence=lambda card, info: [card.value, card.suit]
    )  # fmt: skip
    value = Card(5, "hearts, or so")
    for placeholder in PLACEHOLDERS:
        found = cur.execute(f"select {placeholder}", [value]).fetchone()[0]
        assert type(found) is Card
        assert found == value
        assert cur.execute(f"select {placeholder}", [[value, None]]).fetchone() == ([value, None],)


def test_dicts(cur, schema, register):
    info = register(
        cur.connection, "pair", cur, factory=dict,
        make_object=lambda values, info: dict(zip(info.field_names, values, strict=True)),
        make_sequence=lambda obj, info: [obj[name] for name in info.field_names],
    )  # fmt: skip
    value = {"x": 1, "y": "a b"}
    for placeholder in PLACEHOLDERS:
        assert cur.execute(f"select {placeholder}", [value]).fetchone() == (value,)
    assert info.python_type is dict


def test_not_a_sequence(pg, cur, schema, register):
    register(cur.connection, "pair", cur, factory=Card)
    assert cur.execute(f"select (1, 'a')::{schema}.pair").fetchone() == (Card(1, "a"),)
    with pytest.raises(TypeError, match="make_sequence"):
        cur.execute("select %s", [Card(1, "a")])
    assert cur.execute("select 1").fetchone() == (1,)


def test_a_factory_that_fails(cur, schema, register):
    def factory(x, y):
        raise LookupError("no such card")

    register(cur.connection, "pair", cur, factory=factory)
    cur.execute(f"select (1, 'a')::{schema}.pair")
    with pytest.raises(LookupError):
        cur.fetchone()
    assert cur.execute("select 1").fetchone() == (1,)


def test_loader_of_a_field(cur, always, schema, register, module):
    """What is registered for a type counts within a composite too."""
    adapt, string = module("adapt"), module("types.string")

    class Loud(string.TextLoader):
        def load(self, data):
            return bytes(data).decode().upper()

    class LoudBinary(adapt.Loader):
        format = module("pq").Format.BINARY

        def load(self, data):
            return bytes(data).decode().upper()

    register(cur.connection, "pair", cur)
    cur.adapters.register_loader("text", Loud)
    cur.adapters.register_loader("text", LoudBinary)
    assert always(cur, f"select (1, 'a')::{schema}.pair") == ((1, "A"),)


@pytest.mark.howdah_only
def test_altered_since(pg, auto, dsn, composite):
    """psycopg raises ProgrammingError for another number of fields, and misreads one of another type in binary."""
    auto.execute("create type altered as (x int4, y text)")
    try:
        info = composite.CompositeInfo.fetch(auto, "altered")
        auto.execute("alter type altered alter attribute x type int8")
        composite.register_composite(info, auto)
        for binary in (False, True):
            assert auto.cursor(binary=binary).execute("select (5, 'a')::altered").fetchone() == ((5, "a"),)
        auto.execute("alter type altered add attribute z int")
        for binary in (False, True):
            cur = auto.cursor(binary=binary).execute("select (5, 'a', 1)::altered")
            with pytest.raises(pg.DataError, match="2 fields, and the value has 3"):
                cur.fetchone()
            assert cur.execute("select 1").fetchone() == (1,)
    finally:
        auto.execute("drop type altered")


def test_bad_field(pg, cur, schema, register):
    register(cur.connection, '"Odd name"', cur)
    for _ in range(7):
        cur.execute(f"""select (1, 'infinity', true)::{schema}."Odd name" """)
        with pytest.raises(pg.DataError):
            cur.fetchone()
    assert cur.execute("select 1").fetchone() == (1,)


def test_executemany(auto, register):
    auto.execute("create temp table stack (card comp.pair, cards comp.pair[])")
    Pair = register(auto, "pair").python_type
    rows = [(Pair(i, f"card {i}"), [Pair(i, None)] * (i % 3)) for i in range(100)]
    rows[7] = (None, None)
    auto.cursor().executemany("insert into stack values (%s, %s)", [row for row in rows if row[1] != []])
    found = auto.execute("select * from stack").fetchall()
    assert found == [row for row in rows if row[1] != []]


async def test_async(aauto, composite, schema):
    info = await composite.CompositeInfo.fetch(aauto, f"{schema}.pair")
    composite.register_composite(info, aauto)
    value = info.python_type(1, "a b")
    for binary in (False, True):
        cur = aauto.cursor(binary=binary)
        for placeholder in PLACEHOLDERS:
            await cur.execute(f"select {placeholder}, {placeholder}", [value, [value, None]])
            assert await cur.fetchone() == (value, [value, None])
        await cur.execute("select row(1, 'a'::text)")
        assert await cur.fetchone() == (((1, "a") if binary else ("1", "a")),)


def test_no_info(auto, composite):
    with pytest.raises(TypeError, match="composite"):
        composite.register_composite(composite.CompositeInfo.fetch(auto, "there_is_none"), auto)
