"""Placeholders and the parameters given for them."""

from __future__ import annotations

from collections import OrderedDict, UserDict, UserList

import pytest


def test_positional(conn):
    assert conn.execute("select %s::int, %s::text", (1, "a")).fetchone() == (1, "a")


def test_list(conn):
    assert conn.execute("select %s::int", [1]).fetchone() == (1,)


def test_other_sequence(conn):
    assert conn.execute("select %s::int, %s::int", UserList([1, 2])).fetchone() == (1, 2)


def test_named(conn):
    assert conn.execute("select %(a)s::int, %(b)s::text", {"a": 1, "b": "x"}).fetchone() == (1, "x")


def test_other_mapping(conn):
    assert conn.execute("select %(a)s::int", UserDict(a=1)).fetchone() == (1,)
    assert conn.execute("select %(a)s::int", OrderedDict(a=1)).fetchone() == (1,)


def test_mapping_that_makes_its_values(conn):
    class Any(dict):
        def __missing__(self, key):
            return key * 2

    assert conn.execute("select %(ab)s::text", Any()).fetchone() == ("abab",)


def test_name_used_twice(conn):
    row = conn.execute("select %(a)s::int, %(b)s::int, %(a)s::int", {"b": 2, "a": 1}).fetchone()
    assert row == (1, 2, 1)


def test_more_names_than_used(conn):
    assert conn.execute("select %(a)s::int", {"a": 1, "b": object()}).fetchone() == (1,)


def test_name_with_blanks_and_signs(conn):
    assert conn.execute("select %(a b-c.é)s::int", {"a b-c.é": 1}).fetchone() == (1,)


def test_percent_doubled(conn):
    assert conn.execute("select '%%', 7 %% 4, %s::int", [1]).fetchone() == ("%", 3, 1)


def test_percent_single_without_parameters(conn):
    assert conn.execute("select '%s', 7 % 4, '%%'").fetchone() == ("%s", 3, "%%")


def test_percent_doubled_with_empty_parameters(conn):
    assert conn.execute("select '%%'", []).fetchone() == ("%",)
    assert conn.execute("select '%%'", {}).fetchone() == ("%",)


@pytest.mark.howdah_only
def test_placeholders_in_strings_and_comments_are_text(conn):
    query = """select '%s', E'\\'%s', $x$%s$x$, "%s" /* %s */ from (select %s::int as "%s") t -- %s"""
    assert conn.execute(query, [1]).fetchone() == ("%s", "'%s", "%s", 1)


def test_like(conn):
    query = "select x from unnest(%s::text[]) x where x like %s and x like '%%b%%'"
    assert conn.execute(query, [["abc", "xbz", "ac"], "a%"]).fetchall() == [("abc",)]


def test_injection(conn):
    conn.execute("create temp table people (name text)")
    attack = "x'); drop table people; --"
    conn.execute("insert into people values (%s)", [attack])
    assert conn.execute("select name from people where name = %s", [attack]).fetchone() == (attack,)


def test_empty_string_is_not_null(conn):
    assert conn.execute("select %s::text is null, %s::text is null", ["", None]).fetchone() == (False, True)


def test_none(conn):
    assert conn.execute("select %s, %s::int, %b::text", [None, None, None]).fetchone() == (None, None, None)


def test_formats_of_placeholders(conn):
    assert conn.execute("select %s::int, %t::int, %b::int4", [1, 2, 2**20]).fetchone() == (1, 2, 2**20)
    assert conn.execute("select %(a)s::int8, %(b)t::int8", {"a": 1, "b": 2}).fetchone() == (1, 2)


def test_name_in_two_formats(pg, conn):
    """One name is one parameter, and a parameter has one format."""
    with pytest.raises(pg.ProgrammingError):
        conn.execute("select %(a)s::int8, %(a)b::int8", {"a": 1})


def test_operators_with_percent_and_question_mark(conn):
    row = conn.execute("""select '{"a": 1}'::jsonb ? %s, '{"a": 1}'::jsonb ?| %s""", ["a", ["x", "a"]]).fetchone()
    assert row == (True, True)


@pytest.mark.parametrize(("query", "params"), [("%s, %s", [1]), ("%s", [1, 2]), ("1", [1]), ("%s", [])])
def test_wrong_number(pg, conn, query, params):
    with pytest.raises(pg.ProgrammingError):
        conn.execute(f"select {query}", params)
    assert conn.execute("select 1").fetchone() == (1,)


def test_mixed(pg, conn):
    for params in ([1, 2], {"a": 1}):
        with pytest.raises(pg.ProgrammingError):
            conn.execute("select %s, %(a)s", params)
    assert conn.execute("select 1").fetchone() == (1,)


def test_missing_key(pg, conn):
    with pytest.raises(pg.ProgrammingError, match="b"):
        conn.execute("select %(a)s, %(b)s", {"a": 1})
    assert conn.execute("select 1").fetchone() == (1,)


def test_sequence_for_names(conn):
    with pytest.raises(TypeError):
        conn.execute("select %(a)s", [1])


def test_mapping_for_positions(conn):
    with pytest.raises(TypeError):
        conn.execute("select %s", {"a": 1})


@pytest.mark.parametrize("params", ["a", b"a", 1, 1.5, {1, 2}, object()])
def test_no_parameters_at_all(conn, params):
    with pytest.raises(TypeError):
        conn.execute("select %s", params)
    assert conn.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("query", ["select %d", "select %x", "select '100%', %s", "select %(a)d", "select %(a"])
def test_bad_placeholder(pg, conn, query):
    with pytest.raises(pg.ProgrammingError):
        conn.execute(query, [1])
    assert conn.execute("select 1").fetchone() == (1,)


def test_nul_in_a_string(pg, conn):
    with pytest.raises(pg.DataError, match="NUL"):
        conn.execute("select %s", ["a\0b"])
    assert conn.execute("select 1").fetchone() == (1,)


def test_nul_in_a_string_of_a_list(pg, conn):
    with pytest.raises(pg.DataError):
        conn.execute("select %s", [["ok", "a\0b"]])
    assert conn.execute("select 1").fetchone() == (1,)


def test_no_adapter(pg, conn):
    class Mine:
        pass

    with pytest.raises(pg.ProgrammingError, match="Mine"):
        conn.execute("select %s", [Mine()])
    with pytest.raises(pg.ProgrammingError, match="complex"):
        conn.execute("select %s", [1j])
    assert conn.execute("select 1").fetchone() == (1,)


def test_no_adapter_in_a_list(pg, conn):
    with pytest.raises(pg.ProgrammingError):
        conn.execute("select %s", [[object()]])
    assert conn.execute("select 1").fetchone() == (1,)


def test_integer_beyond_int8(conn):
    from decimal import Decimal

    row = conn.execute("select %s, pg_typeof(%s)::text", [2**63, -(2**63) - 1]).fetchone()
    assert row == (Decimal(2**63), "numeric")


def test_65535_parameters(conn):
    conn.execute("set max_stack_depth = '2MB'")
    query = "select count(*) from (values " + ", ".join(["(%s::int)"] * 65_535) + ") v"
    assert conn.execute(query, [1] * 65_535).fetchone() == (65_535,)


def test_65536_parameters(pg, conn):
    with pytest.raises(pg.Error):
        conn.execute("select 1 where 1 in (" + ", ".join(["%s"] * 65_536) + ")", [1] * 65_536)
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


def test_parameters_are_not_changed(conn):
    params = [1, [1, 2], {"a": 1}["a"]]
    conn.execute("select %s, %s, %s", params)
    assert params == [1, [1, 2], 1]


def test_mapping_that_fails(conn):
    class Bad(dict):
        def __getitem__(self, key):
            raise RuntimeError(key)

    with pytest.raises(RuntimeError):
        conn.execute("select %(a)s", Bad(a=1))
    assert conn.execute("select 1").fetchone() == (1,)


def test_sequence_that_lies_about_its_length(conn):
    class Short(UserList):
        def __len__(self):
            return 3

    with pytest.raises(Exception):  # noqa: B017
        conn.execute("select %s, %s, %s", Short([1]))
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


def test_placeholder_where_no_parameter_may_be(pg, conn):
    with pytest.raises(pg.errors.SyntaxError):
        conn.execute("create table %s (x int)", ["t"])
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


async def test_async_bad_parameters(pg, aconn):
    for query, params, error in [
        ("select %s, %s", [1], pg.ProgrammingError),
        ("select %(a)s", {}, pg.ProgrammingError),
        ("select %s, %(a)s", [1], pg.ProgrammingError),
        ("select %s", ["\0"], pg.DataError),
        ("select %s", [object()], pg.ProgrammingError),
        ("select %s", "a", TypeError),
    ]:
        with pytest.raises(error):
            await aconn.execute(query, params)
    assert await (await aconn.execute("select %s::int", [1])).fetchone() == (1,)
