"""Text, both ways: text, varchar, bpchar, name, "char", unknown."""

from __future__ import annotations

from enum import Enum

import pytest

SAMPLES = [
    "",
    " ",
    "a",
    "'",
    "''",
    "\\",
    '"',
    "it's 100% %s %(x)s %b %t %%",
    "$1 :a ? {}",
    "NULL",
    "line\nline\r\n\ttab",
    "\x01\x7f",
    "è€",
    "\u20ac\U0001f418",
    "ﬀ",
    "日本語",
    "\ufeffbom",
    "x" * 70_000,
    "é" * 70_000,
]


@pytest.mark.parametrize("value", SAMPLES, ids=range(len(SAMPLES)))
def test_round_trip(cur, always, value):
    row = always(cur, "select %s::text, %s::varchar, %s, length(%s)", [value] * 4)
    assert row == (value, value, value, len(value))
    assert [type(item) for item in row[:3]] == [str] * 3


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
def test_formats_of_the_parameter(cur, always, placeholder):
    assert always(cur, f"select {placeholder}, {placeholder}::text", ["è€", "it's"]) == ("è€", "it's")


def test_str_has_no_type_of_its_own(cur, always):
    """It is sent as unknown, so that the statement decides: a date, a number, a json."""
    row = always(
        cur,
        "select %s::int4, %s + 1, extract(year from %s::date)::int, %s = 'on'::bool",
        ["7", "2", "2020-02-03", "t"],
    )
    assert row == (7, 3, 2020, True)


def test_every_type_of_text(cur, always):
    row = always(
        cur,
        """select 'v'::varchar(3), 'b'::bpchar(3), 'b'::char(3), 'n'::name, 'c'::"char", 'u', 'è'::"char" = 'x' """,
    )
    assert row == ("v", "b  ", "b  ", "n", "c", "u", False)
    assert {type(value) for value in row[:-1]} == {str}


def test_null_text(cur, always):
    assert always(cur, "select null, null::text, %s, %s::varchar, %s::name", [None] * 3) == (None,) * 5


def test_null_and_text_in_turn(cur):
    for value in ["a", None, "", None, "b"] * 3:
        assert cur.execute("select %s::text, %s::text is null", [value, value]).fetchone() == (value, value is None)


def test_nul_is_refused(pg, cur):
    """PostgreSQL has no text with a NUL inside: it must not be cut short, nor reach the server."""
    for value in ["\0", "a\0b", "a\0"]:
        with pytest.raises(pg.DataError):
            cur.execute("select %s", [value])
        assert cur.execute("select 1").fetchone() == (1,)


def test_lone_surrogate_is_refused(pg, cur):
    with pytest.raises((pg.DataError, UnicodeEncodeError)):
        cur.execute("select %s", ["a\udc80"])
    assert cur.execute("select 1").fetchone() == (1,)


def test_text_too_long_for_its_column(pg, auto):
    auto.execute("create temp table v (x varchar(3))")
    with pytest.raises(pg.errors.StringDataRightTruncation):
        auto.execute("insert into v values (%s)", ["abcd"])
    auto.execute("insert into v values (%s)", ["èèè"])
    assert auto.execute("select x from v").fetchall() == [("èèè",)]


def test_unknown_word_of_an_enum(pg, auto, always):
    """A type that nobody registered comes as its text, and takes a str."""
    auto.execute("create type pg_temp.mood as enum ('sad', 'happy')")
    cur = auto.cursor()
    assert always(cur, "select %s::pg_temp.mood, 'sad'::pg_temp.mood", ["happy"]) == ("happy", "sad")
    with pytest.raises(pg.errors.InvalidTextRepresentation):
        cur.execute("select %s::pg_temp.mood", ["angry"])


def test_types_nobody_registered_come_as_text(auto, always):
    row = always(
        auto.cursor(), "select '(1,2)'::point, 'a:1'::tsvector, B'101', '1.50'::money::numeric, 'f(1)'::text"
    )
    assert row[:3] == ("(1,2)", "'a':1", "101")


def test_types_nobody_registered_come_as_bytes_in_binary(auto, always):
    assert always(auto.cursor(binary=True), "select '(1,2)'::point") == (
        bytes.fromhex("3ff0000000000000 4000000000000000"),
    )


def test_subclass_of_str(cur, always):
    class Name(str):
        __slots__ = ()

        def __str__(self):
            return "never asked"

    row = always(cur, "select %s, %s::text", [Name("ann"), Name("è")])
    assert row == ("ann", "è")
    assert type(row[0]) is str


def test_str_enum(cur, always):
    class Colour(str, Enum):
        RED = "red"

    (value,) = always(cur, "select %s::text", [Colour.RED])
    assert (value, type(value)) == ("red", str)


def test_text_in_a_table(auto, always):
    auto.execute("create temp table s (i serial, t text, v varchar, b char(4), n name)")
    cur = auto.cursor()
    for value in SAMPLES[:17]:
        cur.execute("insert into s (t, v, b, n) values (%s, %s, %s, %s)", [value, value, value[:4], value])
    rows = cur.execute("select t, v, b, n from s order by i").fetchall()
    assert rows == [(value, value, value[:4].ljust(4), value) for value in SAMPLES[:17]]


def test_names_of_columns(cur):
    """Names that need quotes, spaces, letters beyond ASCII."""
    names = ["a b", "è€", 'say "x"', "SELECT", "1", "?column?"]
    cur.execute("select " + ", ".join('0 as "{}"'.format(name.replace('"', '""')) for name in names))
    assert [column.name for column in cur.description] == names


def test_query_beyond_ascii(cur, always):
    assert always(cur, "select 'è€' || %s as \"colonne è\"", ["\U0001f418"]) == ("è€\U0001f418",)


def test_query_as_bytes(cur, always):
    assert always(cur, "select 'è' || %s".encode(), ["€"]) == ("è€",)


def test_many_rows_of_text(cur):
    rows = cur.execute("select repeat(chr(8364), i) from generate_series(0, 2000) i").fetchall()
    assert [row[0] for row in rows] == ["€" * i for i in range(2001)]
