"""howdah.sql against psycopg.sql: every expression is built with both."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import errors, sql
from oracle import outcome, psycopg

theirs = psycopg.sql

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6) | st.text(
    "\"'\\%{}.$ é ソ", max_size=6
)
FORMATS = st.sampled_from(["s", "t", "b"])
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | TEXTS
    | st.decimals(allow_nan=False, places=3)
    | st.dates()
    | st.times()
    | st.datetimes()
    | st.timedeltas()
    | st.uuids()
    | st.lists(st.integers(-5, 2**40), max_size=3)
    | st.lists(st.text("ab ,{}\"'\\", max_size=4), max_size=3)
)

# An expression is the name of a class or operator and its arguments: built the same way with either module.
LEAVES = (
    st.tuples(st.just("SQL"), TEXTS)
    | st.tuples(st.just("Identifier"), st.lists(TEXTS, min_size=1, max_size=3))
    | st.tuples(st.just("Literal"), VALUES)
    | st.tuples(st.just("Placeholder"), TEXTS, FORMATS)
)


def grow(children):
    items = st.lists(children | VALUES, max_size=3)
    return (
        st.tuples(st.just("Composed"), items)
        | st.tuples(st.just("+"), children, children | VALUES)
        | st.tuples(st.just("*"), children, st.integers(-1, 3))
        | st.tuples(st.just("join"), TEXTS, items)
        | st.tuples(st.just("Composed.join"), items, TEXTS)
        | st.tuples(st.just("format"), st.text("{}01ab", max_size=8), items)
    )


EXPRESSIONS = st.recursive(LEAVES, grow, max_leaves=6)
OPERATORS = {"SQL", "Identifier", "Literal", "Placeholder", "Composed", "+", "*", "join", "Composed.join", "format"}


def build(module, expression):
    if isinstance(expression, list):
        return [build(module, item) for item in expression]
    if not (isinstance(expression, tuple) and expression[0] in OPERATORS):
        return expression
    operator, *args = expression
    if operator in ("Literal", "SQL", "Placeholder"):
        return getattr(module, operator)(*args)
    if operator == "Identifier":
        return module.Identifier(*args[0])
    first, *rest = [build(module, arg) for arg in args]
    if operator == "+":
        return first + rest[0]
    if operator == "*":
        return first * rest[0]
    if operator == "join":
        return module.SQL(first).join(rest[0])
    if operator == "Composed.join":
        return module.Composed(first).join(rest[0])
    if operator == "format":
        return module.SQL(first).format(*rest[0], a="of a", b=module.Identifier("b"))
    return module.Composed(first)


def both(function):
    """What comes of it, or the class and message of the error, is the same with both modules."""
    results = []
    for module in (sql, theirs):
        try:
            results.append(function(module))
        except (errors.Error, psycopg.Error) as ex:
            results.append(type(ex).__name__)
        except Exception as ex:
            results.append((type(ex).__name__, str(ex)))
    assert results[0] == results[1]
    return results[0]


@given(EXPRESSIONS)
def test_expression(expression):
    for method in ("as_string", "as_bytes", "__repr__"):
        both(lambda module, method=method: getattr(build(module, expression), method)())


@given(EXPRESSIONS, EXPRESSIONS)
def test_equality(one, other):
    for pair in ((one, one), (one, other)):
        both(lambda module, pair=pair: build(module, pair[0]) == build(module, pair[1]))
        both(lambda module, pair=pair: build(module, pair[0]) != build(module, pair[1]))


@given(VALUES)
def test_quote(value):
    assert outcome(sql.quote, value) == outcome(theirs.quote, value)
    assert outcome(sql.as_string, value) == outcome(theirs.as_string, value)
    assert outcome(sql.as_bytes, value) == outcome(theirs.as_bytes, value)


@pytest.mark.parametrize(
    "expression",
    [
        "SQL(1)",
        "SQL(b'a')",
        "SQL(None)",
        "SQL('a') + 1",
        "SQL('a') + 'b'",
        "SQL('a') * 'x'",
        "SQL('a') * 1.5",
        "3 * SQL('a')",
        "hash(SQL('a'))",
        "SQL(',').join(5)",
        "SQL(',').join(SQL('a'))",
        "SQL(',').join('ab')",
        "SQL('{}').format()",
        "SQL('{2}').format(1)",
        "SQL('{a}').format(b=1)",
        "SQL('{a.b}').format(a=1)",
        "SQL('{a[0]}').format(a=[1])",
        "SQL('{:x}').format(1)",
        "SQL('{!r}').format(1)",
        "SQL('{!r:x}').format(1)",
        "SQL('{0}{}').format(1, 2)",
        "SQL('{}{0}').format(1, 2)",
        "SQL('{').format()",
        "SQL('}').format()",
        "SQL('{{}}').format()",
        "SQL('{{}}').as_string()",
        "Identifier()",
        "Identifier(1)",
        "Identifier('a', None)",
        "Identifier('a') == 'a'",
        "Placeholder(1)",
        "Placeholder(None)",
        "Placeholder('a)b')",
        "Placeholder('a(b')",
        "Placeholder('a', 3)",
        "Placeholder('a', 'x')",
        "Placeholder(format='b')",
        "Placeholder('a', 'b') == Placeholder('a')",
        "Composed(5)",
        "Composed(SQL('a'))",
        "Composed('ab')",
        "Composed({1: 2})",
        "Composed(x for x in (1, SQL('b')))",
        "Composed([1]) + 1",
        "Composed([1]) * 2",
        "Composed([1]).join(5)",
        "Composed([1])[0]",
        "len(Composed([1]))",
        "list(Composed([1, SQL('b')]))",
        "Literal(1) == Literal(True)",
        "Literal(1) == 1",
        "Composable(1)",
        "NULL",
        "DEFAULT.as_bytes()",
        "type('S', (SQL,), {})('a')",
        "type('S', (SQL,), {})('a') == SQL('a')",
        "SQL('a').as_string(5)",
        "SQL('\\ud800').as_string()",
        "SQL('\\ud800').as_bytes()",
    ],
)
def test_edges(expression):
    both(lambda module: repr(eval(expression, dict(vars(module)))))


def test_bytes():
    """Hexadecimal, which is read the same whatever the session's settings: not psycopg's way without a connection."""
    assert sql.quote(b"a'\\\0") == r" E'\\x61275c00'::bytea"


def test_literals_of_known_values():
    """What psycopg documents."""
    assert sql.quote(None) == "NULL"
    assert sql.quote("it's") == "'it''s'"
    assert sql.quote(-1) == " -1"
    assert sql.quote(dt.date(2020, 1, 31)) == "'2020-01-31'::date"
    assert sql.quote(UUID(int=1)).endswith("01'::uuid")
    assert sql.quote(Decimal("1.50")) == "1.50"


def test_no_dumper():
    with pytest.raises(errors.ProgrammingError, match="object"):
        sql.Literal(object()).as_string()


def test_nul_in_a_name():
    """psycopg cuts the name there, or leaves it to the server to cut the query."""
    with pytest.raises(errors.DataError, match="NUL"):
        sql.Identifier("a\0b").as_string()


def test_copies():
    composed = sql.SQL("{} {}").format(sql.Identifier("a", "b"), sql.Placeholder("c", "b")) + sql.Literal([1, 2])
    assert pickle.loads(pickle.dumps(composed)) == composed
    assert copy.deepcopy(composed) == composed
    assert copy.copy(composed) == composed
    assert composed != composed + sql.SQL("")
