"""tools/unasync.py: the blocking twins of asyncio modules."""

from __future__ import annotations

import importlib.util
import pathlib
import textwrap

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def unasync():
    spec = importlib.util.spec_from_file_location("unasync", ROOT / "tools/unasync.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def blocking(unasync):
    """What becomes of a piece of source, before it is formatted."""

    def convert(source):
        return unasync.drop_keywords(unasync.resolve_branches(textwrap.dedent(source)))

    return convert


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("async def f(): return await g()", "def f(): return g()"),
        ("x = [r async for r in c]", "x = [r for r in c]"),
        ("async with a as b: pass", "with a as b: pass"),
        ("await  f(await g())", "f(g())"),
        ("class AsyncCursor(_howdah.AsyncCursorBase): pass", "class Cursor(_howdah.CursorBase): pass"),
        ("raise StopAsyncIteration", "raise StopIteration"),
        ("from .cursor_async import AsyncCursor", "from .cursor import Cursor"),
    ],
)
def test_keywords_and_names(blocking, source, expected):
    assert blocking(source + "\n") == expected + "\n"


def test_await_over_lines(blocking):
    assert blocking("x = (\n    await f()\n)\ny = await (\n    g()\n)\n") == "x = (\n    f()\n)\ny = (\n    g()\n)\n"


def test_names_of_comments_and_docstrings(blocking):
    source = '"""An `AsyncCursor`."""  # not AsyncCursorFactory\n'
    assert blocking(source) == '"""An `Cursor`."""  # not AsyncCursorFactory\n'


@pytest.mark.parametrize(
    "text", ['x = "await f()"\n', "# await and async stay in a comment\n", "awaited = asynchronous\n"]
)
def test_text_and_longer_words_stay(blocking, text):
    assert blocking(text) == text


def test_the_else_branch_stays(blocking):
    source = """\
    class A:
        x = 1

        if True:  # ASYNC

            async def f(self):
                pass

        else:

            def f(self):
                return 2

        y = 3
    """
    assert blocking(source).split() == "class A: x = 1 def f(self): return 2 y = 3".split()
    assert "\n    def f(self):\n        return 2\n" in blocking(source)


def test_without_an_else_nothing_stays(blocking):
    source = """\
    a = 1
    if True:  # ASYNC
        b = 2

        c = 3
    d = 4
    """
    assert blocking(source) == "a = 1\nd = 4\n"


def test_branches_at_the_end(blocking):
    assert blocking("a = 1\nif True:  # ASYNC\n    b = 2\nelse:\n    b = 3\n") == "a = 1\nb = 3\n"


def test_other_branches_stay(blocking):
    text = "if True:\n    x = 1\nelse:\n    x = 2\n"
    assert blocking(text) == text


@pytest.mark.parametrize("name", ["connection", "cursor", "transaction"])
def test_twins_are_current_and_say_what_they_are(unasync, name):
    source = ROOT / f"src/howdah/{name}_async.py"
    assert source in unasync.SOURCES
    twin = unasync.twin_of(source)
    assert twin.name == f"{name}.py"
    pytest.importorskip("ruff")
    assert twin.read_text() == unasync.convert(source)
    assert twin.read_text().splitlines()[0] == f"# Generated from {name}_async.py by tools/unasync.py: do not edit."


def test_check_complains_of_a_stale_twin(unasync, tmp_path, monkeypatch, capsys):
    pytest.importorskip("ruff")
    source = tmp_path / "thing_async.py"
    source.write_text("async def f() -> None: ...\n")
    twin = tmp_path / "thing.py"
    monkeypatch.setattr(unasync, "SOURCES", [source])
    monkeypatch.setattr(unasync, "ROOT", tmp_path)

    monkeypatch.setattr("sys.argv", ["unasync.py", "--check"])
    assert unasync.main() == 1
    assert "thing.py is not current" in capsys.readouterr().err
    assert not twin.exists()

    monkeypatch.setattr("sys.argv", ["unasync.py"])
    assert unasync.main() == 0
    assert twin.read_text().endswith("def f() -> None: ...\n")

    monkeypatch.setattr("sys.argv", ["unasync.py", "--check"])
    assert unasync.main() == 0
