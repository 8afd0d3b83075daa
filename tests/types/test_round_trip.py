"""Every family of types, to a server and back: in each format, sync and asyncio, and as psycopg has it."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from type_families import FAMILIES, LITERALS, Family, Literals, arrays, build, examples


def drawn(value: Any) -> Any:
    """The value with its type: NaN equals NaN, 1 differs from True and from 1.0, a zone from an offset."""
    return type(value).__name__, repr(value)


def by_name(families: list[Any]) -> Any:
    return pytest.mark.parametrize("family", families, ids=lambda family: family.name)


def check(drivers, family, query, value, expected=None):
    """`expected` is a function, or None where psycopg's word is enough."""
    rows = {}
    for road, run in drivers.ours.items():
        rows[road] = run(query, params_of(drivers.howdah.name, query, value))
    for format, run in drivers.theirs.items():
        theirs = run(query, params_of("psycopg", query, value))
        if format not in family.differs:
            for road in (road for road in rows if road.endswith(format)):
                assert drawn(rows[road]) == drawn(theirs), road
    for road in ("adaptive", "asyncio adaptive"):
        assert drawn(rows[road]) == drawn(rows["text"]), road
    assert drawn(rows["asyncio binary"]) == drawn(rows["binary"])
    if expected is not None:
        for road, row in rows.items():
            for got in row:
                assert same(got, expected), road


def params_of(pg: str, query: str, value: Any) -> list[Any]:
    return [build(pg, value)] * query.count("%")


def same(got: Any, expected: Any) -> bool:
    """Equal, or both no number."""
    if isinstance(expected, list) and isinstance(got, list):
        return len(got) == len(expected) and all(map(same, got, expected))
    return got == expected or repr(got) == repr(expected)


def select(family: Family, suffix: str = "") -> str:
    return "select " + ", ".join(f"%{format}::{family.type}{suffix}" for format in family.formats)


def bounds(array: Any) -> str:
    """Where no array of the array's shape would begin by itself: [7:9][-3:-2]."""
    text, first = "", 7
    while isinstance(array, list):
        text += f"[{first}:{first + len(array) - 1}]"
        array, first = array[0], first - 10
    return text


def mapped(function: Any, value: Any) -> Any:
    """A function of the items, through lists."""
    if isinstance(value, list):
        return [mapped(function, item) for item in value]
    return None if value is None else function(value)


@by_name(FAMILIES)
@examples
@given(data=st.data())
def test_value(drivers, family, data):
    value = data.draw(family.values)
    check(drivers, family, select(family), value, family.expected and family.expected(value))


@by_name(FAMILIES)
@examples
@given(data=st.data())
def test_array(drivers, family, data):
    """Where an array begins is lost, as with psycopg; its values aren't."""
    value = data.draw(arrays(family.values))
    query = select(family, "[]")
    if value:
        query += f", ('{bounds(value)}=' || (%s::{family.type}[])::text)::{family.type}[]"
    check(drivers, family, query, value, mapped(family.expected, value) if family.expected else None)


@by_name(LITERALS)
@examples
@given(data=st.data())
def test_literal(drivers, family: Literals, data):
    check(drivers, family, f"select %s::text::{family.type}", data.draw(family.texts))


@by_name(LITERALS)
@examples
@given(data=st.data())
def test_array_of_literals(drivers, family: Literals, data):
    """Made on the server, since a list of str is sent with commas, which a box[] does not take."""
    value = data.draw(st.lists(st.none() | family.texts, max_size=4))
    query = f"select array(select x::{family.type} from unnest(%s::text[]) with ordinality u(x, i) order by i)"
    check(drivers, family, query, value)


def test_hosts_and_interfaces_in_one_array(drivers):
    """In binary psycopg loses the masks, or fails."""
    mixed = [
        ipaddress.ip_address("10.0.0.1"),
        ipaddress.ip_interface("10.0.0.1/8"),
        ipaddress.ip_address("::1"),
        None,
    ]
    for run in drivers.ours.values():
        for format in "stb":
            assert run(f"select %{format}::inet[]", [mixed]) == (mixed,)
