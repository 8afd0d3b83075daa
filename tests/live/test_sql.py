"""Composed queries on a server: howdah.sql in execute() and executemany()."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

import pytest


@pytest.fixture(scope="module")
def sql(module):
    return module("sql")


VALUES = [
    None,
    True,
    -1,
    2**62,
    -(2**80),
    1.5,
    -2.25,
    float("inf"),
    Decimal("-1.50"),
    "it's",
    'a\\b"%',
    "",
    b"",
    b"a'\\\x00\xff",
    UUID(int=7),
    dt.date(2024, 2, 3),
    dt.datetime(2024, 2, 3, 4, 5, 6, 7),
    dt.datetime(2024, 2, 3, 4, 5, tzinfo=dt.timezone.utc),
    dt.timedelta(days=-3, seconds=2),
    [1, None, 3],
    [["a'b", "c\\d"], ['"', "NULL"]],
    [dt.date(2024, 2, 3)],
    [b"\x00'", b"\\"],
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("conforming", ["on", "off"])
def test_literal(sql, auto, value, conforming):
    """A literal is the value, whichever way the server reads backslashes."""
    auto.execute("set escape_string_warning = off; set client_min_messages = error")
    auto.execute(f"set standard_conforming_strings = {conforming}")
    cast = sql.SQL("::text[][]") if isinstance(value, list) and isinstance(value[0], list) else sql.SQL("")
    query = sql.SQL("select {}").format(value) + cast
    assert auto.execute(query).fetchone() == (value,)


@pytest.mark.parametrize("name", ["a", 'a"b', "a.b", "é ソ", "A b", "%", "select", "a\\", "'"])
def test_identifier(sql, auto, name):
    query = sql.SQL("select 1 as {}").format(sql.Identifier(name))
    assert auto.execute(query).description[0].name == name


def test_qualified_identifier(sql, auto):
    query = sql.SQL("select count(*) > 100 from {}").format(sql.Identifier("pg_catalog", "pg_class"))
    assert auto.execute(query).fetchone() == (True,)


@pytest.mark.parametrize("encoding", ["latin1", "euc_jp", "sjis", "gbk", "big5", "utf8"])
def test_client_encoding(sql, auto, encoding):
    """`ソ` ends in a backslash's byte in Shift JIS."""
    text = "ab" if encoding == "latin1" else "ソ"
    auto.execute(f"set client_encoding to {encoding}")
    query = sql.SQL("select {} as {}, '" + text + "'").format(text + "'\\", sql.Identifier(text + '"'))
    cur = auto.execute(query)
    assert cur.fetchone() == (text + "'\\", text)
    assert cur.description[0].name == text + '"'
    assert query.as_bytes(auto) == query.as_string(auto).encode(auto.info.encoding)


@pytest.mark.parametrize("encoding", ["sjis", "big5", "gbk"])
def test_placeholders_behind_half_a_character(auto, encoding):
    """In these encodings the last byte of a character may be a backslash's."""
    text = {"sjis": "ソ表", "big5": "功許", "gbk": "誠乗"}[encoding]
    auto.execute(f"set client_encoding to {encoding}")
    assert auto.execute(f"select E'{text}', %s, '{text}'", [1]).fetchone() == (text, 1, text)
    query = f"select E'{text}', %s".encode(auto.info.encoding)
    assert auto.execute(query, [1]).fetchone() == (text, 1)
    assert auto.execute(f"select E'{text}'; select 2").fetchone() == (text,)


def test_name_of_a_placeholder_in_another_encoding(auto):
    auto.execute("set client_encoding to latin1")
    assert auto.execute("select %(é)s, 'é'", {"é": 1}).fetchone() == (1, "é")


@pytest.mark.howdah_only
def test_sql_ascii(sql, auto):
    """The server takes any bytes: UTF-8."""
    auto.execute("set client_encoding to sql_ascii")
    query = sql.SQL("select 'é', {}").format("é")
    assert auto.execute(query).fetchone() == ("é".encode(), "é".encode())


def test_placeholders(sql, auto):
    query = sql.SQL("select {}, {}").format(sql.Placeholder(), sql.Placeholder(format="b"))
    assert auto.execute(query, [1, "x"]).fetchone() == (1, "x")
    query = sql.SQL("select {}, {}").format(sql.Placeholder("a"), sql.Placeholder("b", "t"))
    assert auto.execute(query, {"a": 1, "b": None}).fetchone() == (1, None)
    assert auto.execute(sql.SQL("select %s"), [5]).fetchone() == (5,)


def test_executemany(sql, auto):
    table = sql.Identifier("of sql")
    auto.execute(sql.SQL("create temp table {} (a int, b text)").format(table))
    fields = sql.SQL(", ").join(map(sql.Identifier, "ab"))
    query = sql.SQL("insert into {} ({}) values ({})").format(
        table, fields, sql.SQL(", ").join(sql.Placeholder() * 2)
    )
    auto.cursor().executemany(query, [(1, "x"), (2, "y")])
    assert auto.execute(sql.SQL("table {}").format(table)).fetchall() == [(1, "x"), (2, "y")]


async def test_asyncio(sql, aauto):
    query = sql.SQL("select {}, %s").format("a")
    cur = await aauto.execute(query, [1])
    assert await cur.fetchone() == ("a", 1)
    cur = aauto.cursor(binary=True)
    await cur.execute(query, [1])
    assert await cur.fetchone() == ("a", 1)
    await cur.executemany(sql.SQL("select {}, %s").format("a"), [(1,), (2,)], returning=True)
    assert await cur.fetchall() == [("a", 1)]


def test_several_statements(sql, auto):
    cur = auto.execute(sql.SQL("select {}; select {}").format(1, 2))
    assert cur.fetchone() == (1,)
    assert cur.nextset()
    assert cur.fetchone() == (2,)


def test_prepared_by_its_text(sql, auto):
    """Composing the same SQL anew counts as using the same query."""
    for _ in range(8):
        auto.execute(sql.SQL("select {} as {}").format(1, sql.Identifier("prepared")))
    query = "select count(*) from pg_prepared_statements where statement = 'select 1 as \"prepared\"'"
    assert auto.execute(query).fetchone() == (1,)


def test_adapters_of_the_cursor(pg, sql, module, auto):
    adapt = module("adapt")

    class Loud(adapt.Dumper):
        def dump(self, obj):
            return str(obj).upper().encode()

    class Name:
        def __str__(self):
            return "ada"

    cur = auto.cursor()
    cur.adapters.register_dumper(Name, Loud)
    assert cur.execute(sql.SQL("select {}").format(Name())).fetchone() == ("ADA",)
    with pytest.raises(pg.ProgrammingError):
        auto.execute(sql.SQL("select {}").format(Name()))


@pytest.mark.parametrize("query", [None, 5, ["select 1"], object()])
def test_no_query(auto, query):
    with pytest.raises(TypeError):
        auto.execute(query)
    assert auto.execute("select 1").fetchone() == (1,)


@pytest.mark.howdah_only
def test_as_bytes_that_fails(auto):
    class Failing:
        def as_bytes(self, context):
            raise ZeroDivisionError

    class NoBytes:
        def as_bytes(self, context):
            return "select 1"

    with pytest.raises(ZeroDivisionError):
        auto.execute(Failing())
    with pytest.raises(TypeError, match="should return bytes, got str"):
        auto.execute(NoBytes())
    with pytest.raises(ZeroDivisionError):
        auto.cursor().executemany(Failing(), [()])
    assert auto.execute("select 1").fetchone() == (1,)


@pytest.mark.howdah_only
def test_as_bytes_that_uses_the_connection(pg, auto):
    """It may not; and the connection bears it."""

    class Reentrant:
        def as_bytes(self, context):
            context.connection.execute("set timezone to 'Asia/Tokyo'")
            return b"select 1"

    with pytest.raises(pg.ProgrammingError):
        auto.execute(Reentrant())
    assert auto.execute("select 1").fetchone() == (1,)


def test_strings_of_a_closed_connection(sql, auto):
    auto.close()
    assert sql.SQL("é").as_bytes(auto) == "é".encode()
