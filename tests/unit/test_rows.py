"""Row factories called from Python, as a subclass or a wrapper of one does, against psycopg's."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest

from howdah import errors, rows

oracle = pytest.importorskip("psycopg.rows")
status_of = pytest.importorskip("psycopg.pq").ExecStatus


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Cursor:
    """As much of a cursor as the factories of both packages look at."""

    def __init__(self, *names):
        self.description = None if not names else [SimpleNamespace(name=name) for name in names]
        self._encoding = "utf-8"
        status = status_of.TUPLES_OK if names else status_of.COMMAND_OK
        self.pgresult = SimpleNamespace(
            status=status, nfields=len(names), fname=lambda i: names[i].encode()
        )  # psycopg's asks this


class Empty(Cursor):
    """A result of no columns."""

    def __init__(self):
        super().__init__()
        self.description = []
        self.pgresult = SimpleNamespace(status=status_of.TUPLES_OK, nfields=0, fname=None)


FACTORIES = {
    "tuple": lambda module: module.tuple_row,
    "dict": lambda module: module.dict_row,
    "namedtuple": lambda module: module.namedtuple_row,
    "scalar": lambda module: module.scalar_row,
    "args": lambda module: module.args_row(lambda *args: ("args", args)),
    "kwargs": lambda module: module.kwargs_row(lambda **kwargs: ("kwargs", kwargs)),
    "class": lambda module: module.class_row(Point),
}


def made(module, kind, cursor, values):
    """The row, or the name of the error."""
    try:
        row = FACTORIES[kind](module)(cursor)(values)
    except Exception as error:
        return type(error).__name__
    return type(row).__name__, row, getattr(row, "_fields", None)


@pytest.mark.parametrize("kind", FACTORIES)
@pytest.mark.parametrize(
    ("names", "values"),
    [
        (["x", "y"], (1, 2)),
        (["x"], [None]),
        (["x", "x"], (1, 2)),
        (["a-b", "_c", "9", "?column?"], (1, 2, 3, 4)),
        (["größe", "名"], (1, 2)),
        (["class"], (1,)),
        (["y"], (1,)),
    ],
    ids=repr,
)
def test_as_psycopg(kind, names, values):
    assert made(rows, kind, Cursor(*names), values) == made(oracle, kind, Cursor(*names), values)


@pytest.mark.parametrize("kind", ["dict", "namedtuple", "scalar", "kwargs", "class"])
def test_without_a_result_only_the_maker_fails(kind):
    maker = FACTORIES[kind](rows)(Cursor())
    with pytest.raises(errors.InterfaceError):
        maker((1,))
    assert made(oracle, kind, Cursor(), (1,)) == "InterfaceError"


def test_scalar_needs_a_column():
    with pytest.raises(errors.ProgrammingError):
        rows.scalar_row(Empty())


def test_dict_of_no_columns():
    assert rows.dict_row(Empty())(()) == {}


@pytest.mark.parametrize("names", [["x", "x"], ["class"], [""]])
def test_namedtuple_of_impossible_names(names):
    with pytest.raises(errors.DataError):
        rows.namedtuple_row(Cursor(*names))


def test_namedtuple_classes_are_kept():
    first = rows.namedtuple_row(Cursor("x", "y"))((1, 2))
    assert type(first) is type(rows.namedtuple_row(Cursor("x", "y"))((3, 4)))
    assert type(first) is not type(rows.namedtuple_row(Cursor("x"))((1,)))


def test_a_factory_may_wrap_another():
    def upper(cursor):
        make = rows.dict_row(cursor)
        return lambda values: {name.upper(): value for name, value in make(values).items()}

    assert upper(Cursor("x"))((1,)) == {"X": 1}


def test_what_a_class_raises_comes_out():
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        rows.class_row(Point)(Cursor("z"))((1,))
