"""Template strings as queries. Python 3.14 has them; older ones are given a class that is the same to look at."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

import howdah
from howdah import _template, sql

try:
    from string.templatelib import Interpolation, Template
except ImportError:

    class Interpolation(NamedTuple):  # type: ignore[no-redef]
        value: Any
        expression: str = ""
        conversion: str | None = None
        format_spec: str = ""

    class Template:  # type: ignore[no-redef]
        def __init__(self, *parts: Any):
            self.interpolations = tuple(part for part in parts if isinstance(part, Interpolation))
            strings = [""]
            for part in parts:
                if isinstance(part, str):
                    strings[-1] += part
                else:
                    strings.append("")
            self.strings = tuple(strings)

    _template.register(Template)


def value(obj: Any, spec: str = "", conversion: str | None = None) -> Interpolation:
    return Interpolation(obj, "", conversion, spec)


def test_execute(conn):
    query = Template("select ", value(7), " % 4, ", value("x", "t"), ", ", value(2.5, "b"))
    assert conn.execute(query).fetchone() == (3, "x", 2.5)
    assert conn.execute(Template("select '%', 5 % 3")).fetchone() == ("%", 2)
    assert conn.cursor().execute(Template("select '%', ", value(None))).fetchone() == ("%", None)
    with pytest.raises(TypeError, match="parameters"):
        conn.execute(Template("select ", value(1)), [1])


async def test_execute_asyncio(aconn):
    assert await (await aconn.execute(Template("select ", value([1, 2])))).fetchone() == ([1, 2],)


def test_formats(conn):
    name = 'a"b'
    query = Template("select ", value(1, "l"), " as ", value(name, "i"))
    cur = conn.execute(query)
    assert (cur.fetchone(), cur.description[0].name) == ((1,), name)
    inner = Template("where n = ", value(2))
    for piece in (inner, sql.SQL("where n = 2"), sql.SQL("where n = {}").format(2)):
        query = Template("select n from generate_series(1, 3) n ", value(piece, "q"))
        assert conn.execute(query).fetchall() == [(2,)]


@pytest.mark.parametrize(
    ("obj", "spec", "match"),
    [
        (1, "x", "format 'x' not supported"),
        (1, "q", ":q"),
        (1, "i", ":i"),
        (sql.SQL("x"), "", r"sql\.SQL.*':q'"),
        (sql.SQL("x").join([]), "s", r"sql\.Composed.*':q'"),
        (sql.Identifier("x"), "", r"sql\.Identifier.*':i'"),
        (sql.Literal("x"), "", r"sql\.Literal.*':l'"),
        (sql.Placeholder(), "", "Placeholder not supported"),
        (Template("x"), "", "Template.*':q'"),
    ],
)
def test_wrong_formats(conn, obj, spec, match):
    with pytest.raises(howdah.ProgrammingError, match=match):
        conn.execute(Template("select ", value(obj, spec)))


def test_conversions(conn):
    with pytest.raises(TypeError, match="conversion"):
        conn.execute(Template("select ", value(1, "", "r")))


def test_other_cursors(conn):
    query = Template("select generate_series(1, ", value(3), ")")
    assert howdah.ClientCursor(conn).execute(query).fetchall() == [(1,), (2,), (3,)]
    assert howdah.ClientCursor(conn).mogrify(Template("select ", value("it's"))) == "select 'it''s'"
    with conn.cursor("there") as cur:
        assert cur.execute(query).fetchall() == [(1,), (2,), (3,)]
    assert list(conn.cursor().stream(query)) == [(1,), (2,), (3,)]
    with pytest.raises(howdah.NotSupportedError):
        howdah.RawCursor(conn).execute(query)
    with pytest.raises(TypeError):
        conn.cursor().executemany(query, [])
    with conn.cursor().copy(Template("copy (select ", value("x"), ") to stdout")) as copy:
        assert copy.read() == b"x\n"


def test_as_string(conn):
    query = Template("select ", value("it's"), ", '%', ", value("é", "i"))
    assert sql.as_string(query) == "select 'it''s', '%', \"é\""
    assert sql.as_bytes(query, conn) == sql.as_string(query).encode()
