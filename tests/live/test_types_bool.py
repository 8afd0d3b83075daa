"""bool, both ways."""

from __future__ import annotations

import pytest


def test_from_the_server(cur, always):
    row = always(cur, "select true, false, 'yes'::bool, 'off'::bool, null::bool, 1 = 1, 1 = 0")
    assert row == (True, False, True, False, None, True, False)
    assert {type(value) for value in row if value is not None} == {bool}


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
def test_from_the_client(cur, always, placeholder):
    row = always(
        cur,
        f"select {placeholder}, {placeholder}, pg_typeof({placeholder})::text, {placeholder}::text",
        [True, False, True, False],
    )
    assert row == (True, False, "boolean", "false")
    assert row[0] is True
    assert row[1] is False


def test_null_and_bool_in_turn(cur):
    for value in [True, None, False, None, True] * 3:
        (found,) = cur.execute("select %s::bool", [value]).fetchone()
        assert found is value


def test_where_clause(auto):
    auto.execute("create temp table customer (name text, is_active bool)")
    cur = auto.cursor()
    cur.executemany("insert into customer values (%s, %s)", [("a", True), ("b", False), ("c", None), ("d", True)])
    for wanted, names in [(True, "ad"), (False, "b")] * 6:
        cur.execute("select name from customer where is_active = %s order by 1", [wanted])
        assert "".join(name for (name,) in cur) == names


def test_bool_is_no_integer(pg, cur):
    """In Python True is 1, for the server it is not."""
    with pytest.raises(pg.errors.UndefinedFunction):
        cur.execute("select %s + 1", [True])
    with pytest.raises(pg.errors.UndefinedFunction):
        cur.execute("select %s = 1", [True])
    assert cur.execute("select %s, %s", [True, 1]).fetchone() == (True, 1)


def test_bool_and_int_in_turn(cur):
    for value in [True, 1, False, 0, True, 2**40] * 3:
        (found,) = cur.execute("select %s", [value]).fetchone()
        assert (found, type(found)) == (value, type(value))


def test_malformed_bool(pg, cur):
    with pytest.raises(pg.errors.InvalidTextRepresentation):
        cur.execute("select %s::bool", ["maybe"])
    assert cur.execute("select %s::bool", ["t"]).fetchone() == (True,)
