"""What a type checker knows of rows: the row factory decides."""

from __future__ import annotations

import inspect
import pathlib
import re

import pytest

import howdah
from howdah._connect.keywords import ConnectKeywords
from howdah._connect.options import OPTIONS

api = pytest.importorskip("mypy.api")

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Each line with a comment reveals the type of its expression.
SOURCE = """\
from dataclasses import dataclass
import howdah
from howdah.rows import class_row, dict_row, namedtuple_row, scalar_row

@dataclass
class Point:
    x: int

conn = howdah.connect("")
reveal_type(conn)  # Connection[tuple[Any, ...]]
reveal_type(conn.execute("q", [1]).fetchone())  # tuple[Any, ...] | None
reveal_type(conn.cursor().execute("q", {"x": 1}))  # Cursor[tuple[Any, ...]]
reveal_type(conn.cursor(row_factory=class_row(Point)).fetchone())  # Point | None
reveal_type(conn.cursor(row_factory=dict_row, binary=True).fetchmany(2))  # list[dict[str, Any]]
reveal_type(howdah.connect(row_factory=dict_row).execute("q").fetchall())  # list[dict[str, Any]]
reveal_type(howdah.connect(row_factory=class_row(Point)).fetchrow("q", timeout=1))  # Point | None
reveal_type(howdah.connect(row_factory=class_row(Point)).fetchall("q"))  # list[Point]
reveal_type(conn.fetchval("q", [1], column=1))  # Any
reveal_type(howdah.Cursor(conn, row_factory=class_row(Point)))  # Cursor[Point]
reveal_type(howdah.Cursor(conn))  # Cursor[tuple[Any, ...]]
with howdah.connect() as c, c.transaction() as tx, c.cursor(row_factory=dict_row) as cur:
    reveal_type(c)  # Connection[tuple[Any, ...]]
    reveal_type(tx)  # Transaction
    for row in cur:
        reveal_type(row)  # dict[str, Any]
    for result in cur.results():
        reveal_type(result)  # Cursor[dict[str, Any]]
    reveal_type(cur.set_result(0))  # Cursor[dict[str, Any]]

async def f() -> None:
    aconn = await howdah.AsyncConnection.connect("", autocommit=True)
    reveal_type(aconn)  # AsyncConnection[tuple[Any, ...]]
    acur = await aconn.execute("q")
    reveal_type(await acur.fetchone())  # tuple[Any, ...] | None
    reveal_type(await aconn.fetchrow("q"))  # tuple[Any, ...] | None
    reveal_type(await (await aconn.cursor(row_factory=class_row(Point)).execute("q")).fetchall())  # list[Point]
    async with aconn.transaction() as tx, aconn.cursor(row_factory=dict_row) as cur:
        reveal_type(tx)  # AsyncTransaction
        async for row in cur:
            reveal_type(row)  # dict[str, Any]
"""


def test_revealed_types(tmp_path, monkeypatch):
    example = tmp_path / "example.py"
    example.write_text(SOURCE)
    monkeypatch.setenv("MYPYPATH", str(ROOT / "src"))
    out, err, status = api.run(["--strict", "--config-file=", f"--cache-dir={tmp_path}/cache", str(example)])
    assert (status, err) == (0, ""), out
    revealed = {
        int(line): re.sub(r"\b[a-z_]+\.(?=\w)", "", found)
        for line, found in re.findall(r':(\d+): note: Revealed type is "(.*)"', out)
    }
    expected = {
        number: line.partition("  # ")[2]
        for number, line in enumerate(SOURCE.splitlines(), 1)
        if "reveal_type" in line
    }
    assert revealed == expected


def test_keywords_for_type_checkers() -> None:
    """They are libpq's parameters and our own, and the signature is psycopg's all the same."""
    ours = {"discover_types", "param_style", "ssl_context", "oauth_token"}
    assert set(ConnectKeywords.__annotations__) == OPTIONS.keys() | ours
    for connect in (howdah.connect, howdah.AsyncConnection.connect):
        parameters = inspect.signature(connect).parameters
        assert parameters["kwargs"].kind == inspect.Parameter.VAR_KEYWORD
        assert not ours & parameters.keys()
