"""json and jsonb, both ways."""

from __future__ import annotations

import json
import math
import sys

import pytest

VALUES = [
    None,
    True,
    False,
    0,
    -1,
    2**70,
    1.5,
    -1e-300,
    "",
    "è€\U0001f418",
    'quote " backslash \\ slash /',
    "line\nline\ttab\x01\x7f",
    [],
    {},
    [1, [2, [3, None]], {"a": []}],
    {"a": 1, "b": {"c": [True, False, None]}, "è": "€", "": 0},
    list(range(200)),
    {str(i): {"x": i / 7} for i in range(50)},
]


@pytest.fixture
def wrappers(module):
    types = module("types.json")
    return {"json": types.Json, "jsonb": types.Jsonb}


@pytest.fixture(params=["json", "jsonb"])
def kind(request):
    return request.param


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_from_the_server(cur, always, kind, value):
    (found,) = always(cur, f"select %s::{kind}", [json.dumps(value)])
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_from_the_client(cur, always, wrappers, kind, value, placeholder):
    wrapped = wrappers[kind](value)
    found, name = always(cur, f"select {placeholder}, pg_typeof({placeholder})::text", [wrapped, wrapped])
    assert (found, name) == (value, kind)


def test_numbers_keep_their_type(cur, always, kind):
    (found,) = always(cur, f"select '[1, 1.0, 10000000000000000000000, 0.5, -0.5]'::{kind}")
    assert [type(item) for item in found] == [int, float, int, float, float]


def test_null_of_sql_and_null_of_json(cur, always, wrappers, kind):
    row = always(
        cur, f"select null::{kind}, 'null'::{kind}, %s::{kind} is null, %s is null", [None, wrappers[kind](None)]
    )
    assert row == (None, None, True, False)


def test_json_keeps_its_text(cur, always):
    """json is stored as written, with blanks, order and double keys; the last of these counts."""
    text = ' { "b" : 1 ,\n"a":[ ] , "b":2 } '
    assert always(cur, "select %s::json, (%s::json)::text", [text, text]) == ({"b": 2, "a": []}, text)


def test_escapes(cur, always):
    r"""\u0000 is text in json, and \ud83d\udc18 is one character in both."""
    assert always(cur, r"""select '"\u0041\ud83d\udc18\n\/"'::json, '"\u0041\ud83d\udc18\n\/"'::jsonb""") == (
        "A\U0001f418\n/",
        "A\U0001f418\n/",
    )
    assert always(cur, r"""select '"\u0000"'::json""") == ("\0",)


def test_malformed_json(pg, cur, kind):
    for text in ("", "{", "[1,]", "nul", "'a'", "NaN"):
        with pytest.raises(pg.errors.InvalidTextRepresentation):
            cur.execute(f"select %s::{kind}", [text])
        assert cur.execute(f"select '1'::{kind}").fetchone() == (1,)


def test_nan_is_no_json(pg, cur, wrappers, kind):
    """json.dumps writes NaN, and the server refuses it."""
    with pytest.raises(pg.DataError):
        cur.execute("select %s", [wrappers[kind](math.nan)])
    assert cur.execute("select 1").fetchone() == (1,)


def test_nul_in_jsonb(pg, cur, wrappers):
    with pytest.raises(pg.errors.UntranslatableCharacter):
        cur.execute("select %s", [wrappers["jsonb"]("a\0b")])
    assert cur.execute("select 1").fetchone() == (1,)


def test_object_that_cannot_be_written(cur, wrappers, kind):
    with pytest.raises(TypeError, match="not JSON serializable"):
        cur.execute("select %s", [wrappers[kind](object())])
    assert cur.execute("select 1").fetchone() == (1,)


def test_dumps_of_the_wrapper(cur, always, wrappers, kind):
    """A function of one's own writes the value, as str or as bytes."""

    def as_bytes(obj):
        return json.dumps({"wrapped": obj}).encode()

    for dumps in (lambda obj: json.dumps({"wrapped": obj}), as_bytes):
        assert always(cur, "select %s", [wrappers[kind](1, dumps)]) == ({"wrapped": 1},)


def test_error_of_the_wrapper_comes_out(cur, wrappers, kind):
    def dumps(obj):
        raise ZeroDivisionError("mine")

    for _ in range(8):
        with pytest.raises(ZeroDivisionError, match="mine"):
            cur.execute("select %s", [wrappers[kind](1, dumps)])
        assert cur.execute("select %s", [wrappers[kind](1)]).fetchone() == (1,)


def test_dict_alone_has_no_type(pg, cur):
    """json, jsonb and hstore would all do: it must be wrapped."""
    with pytest.raises(pg.ProgrammingError, match="cannot adapt type 'dict'"):
        cur.execute("select %s", [{"a": 1}])
    assert cur.execute("select 1").fetchone() == (1,)


def test_wrapper_is_shown(wrappers, kind):
    assert repr(wrappers[kind]({"a": 1})) == f"{kind.capitalize()}({{'a': 1}})"
    long = repr(wrappers[kind]("x" * 1000))
    assert len(long) < 80


def test_arrays_of_json(cur, always, wrappers, kind):
    values = [{"a": 'x "quoted", {braced}'}, [1, 2], "text", None]
    items = [wrappers[kind](value) for value in values[:3]] + [None]
    assert always(cur, f"select %s::{kind}[]", [items]) == (values,)


def test_json_in_a_table(auto, wrappers, kind):
    auto.execute(f"create temp table j (i serial, doc {kind})")
    cur = auto.cursor()
    cur.executemany("insert into j (doc) values (%s)", [(wrappers[kind](value),) for value in VALUES])
    rows = cur.execute("select doc, doc::text from j order by i").fetchall()
    assert [doc for doc, _ in rows] == VALUES
    assert [json.loads(text) for _, text in rows] == VALUES


def test_large_document(cur, wrappers, kind):
    value = {"text": ["x" * 1000, "è" * 1000] * 500}
    assert cur.execute("select %s", [wrappers[kind](value)]).fetchone() == (value,)


@pytest.fixture
def usual_recursion_limit():
    """hypothesis, in other tests, raises the limit."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(before)


def test_deep_document(cur, wrappers, kind, usual_recursion_limit):
    """As deep as Python's own json goes, and it must not crash beyond."""
    value = []
    for _ in range(300):
        value = [value]
    assert cur.execute("select %s", [wrappers[kind](value)]).fetchone() == (value,)
    cur.execute(f"select (repeat('[', 12000) || repeat(']', 12000))::{kind}")
    with pytest.raises(RecursionError):
        cur.fetchone()
    assert cur.execute("select 1").fetchone() == (1,)


def test_key_and_value_of_a_document(cur, always, wrappers):
    row = always(
        cur, "select %s -> 'a', %s ->> 'a', %s @> %s", [wrappers["jsonb"]({"a": [1]})] * 3 + [wrappers["jsonb"]({})]
    )
    assert row == ([1], "[1]", True)
