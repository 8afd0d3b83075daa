"""Row factories: how a row becomes a Python object (psycopg 3, "Row factories").

A row factory is called with the cursor once a result is there, and returns a row maker; a row maker is called with
the values of each row. `tuple_row`, `dict_row`, `namedtuple_row` and `scalar_row` are recognised by the C core, which
then makes the rows itself; so are the factories that `args_row`, `kwargs_row` and `class_row` give.
"""

from __future__ import annotations

import functools
import re
from collections import namedtuple
from collections.abc import Callable, Sequence
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Protocol, TypeAlias, TypeVar

from . import _howdah
from .errors import DataError, InterfaceError, ProgrammingError

TupleRow: TypeAlias = tuple[Any, ...]
DictRow: TypeAlias = dict[str, Any]

T = TypeVar("T", covariant=True)
if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault

    from .cursor import Cursor
    from .cursor_async import AsyncCursor

    Row = TypeVarWithDefault("Row", covariant=True, default=TupleRow)
else:
    Row = TypeVar("Row", covariant=True)


class RowMaker(Protocol[Row]):
    """Makes one row of the sequence of its values."""

    def __call__(self, __values: Sequence[Any]) -> Row: ...


class BaseRowFactory(Protocol[Row]):
    """Gives the row maker for the current result of a cursor."""

    def __call__(self, __cursor: Any) -> RowMaker[Row]: ...


class RowFactory(Protocol[Row]):
    """A row factory for a `Cursor`."""

    def __call__(self, __cursor: Cursor[Any]) -> RowMaker[Row]: ...


class AsyncRowFactory(Protocol[Row]):
    """A row factory for an `AsyncCursor`."""

    def __call__(self, __cursor: AsyncCursor[Any]) -> RowMaker[Row]: ...


def tuple_row(cursor: Any) -> RowMaker[TupleRow]:
    """Rows as tuples: the default."""
    return tuple


def dict_row(cursor: Any) -> RowMaker[DictRow]:
    """Rows as dictionaries by column name; of columns with the same name the last one counts."""
    names = _names(cursor)
    if names is None:
        return no_result

    def make(values: Sequence[Any]) -> DictRow:
        return dict(zip(names, values, strict=False))

    return make


def namedtuple_row(cursor: Any) -> RowMaker[NamedTuple]:
    """Rows as named tuples. In a name that is no identifier, underscores replace all but ASCII letters and digits.

    Raises `DataError` where that gives no valid field names: duplicates, or Python's keywords.
    """
    names = _names(cursor)
    if names is None:
        return no_result
    make: RowMaker[NamedTuple] = _namedtuple_class(tuple(names))._make
    return make


def scalar_row(cursor: Any) -> RowMaker[Any]:
    """Only the first column of each row. Raises `ProgrammingError` for a result without columns."""
    names = _names(cursor)
    if names is None:
        return no_result
    if not names:
        raise ProgrammingError("at least one column expected")

    def make(values: Sequence[Any]) -> Any:
        return values[0]

    return make


def class_row(cls: type[T]) -> BaseRowFactory[T]:
    """Rows as ``cls(column=value, ...)``: dataclasses, pydantic models and the like.

    Raises whatever the class raises for the names that it gets.
    """
    return kwargs_row(cls)


def args_row(func: Callable[..., T]) -> BaseRowFactory[T]:
    """Rows as ``func(value, ...)``."""
    return _CallFactory(func, by_name=False)


def kwargs_row(func: Callable[..., T]) -> BaseRowFactory[T]:
    """Rows as ``func(column=value, ...)``."""
    return _CallFactory(func, by_name=True)


class _CallFactory:
    """A row factory whose rows are what a function returns."""

    __slots__ = ("assigns", "by_name", "func")

    def __init__(self, func: Callable[..., Any], by_name: bool):
        self.func = func
        self.by_name = by_name
        self.assigns = _assigning_code(func) if by_name and isinstance(func, type) else None

    def __call__(self, cursor: Any) -> RowMaker[Any]:
        func = self.func
        if not self.by_name:
            return lambda values: func(*values)
        names = _names(cursor)
        if names is None:
            return no_result
        return lambda values: func(**dict(zip(names, values, strict=False)))


_ASSIGNMENTS = "self.{0} = {0}", "setter.__setattr__(self, '{0}', {0})"  # of dataclasses, and of frozen ones
_UNLIKE_THEM = 0x3AC  # CO_VARARGS, CO_VARKEYWORDS, CO_GENERATOR, and the three of coroutines (module inspect)


def _assigning_code(cls: type[Any]) -> CodeType | None:
    """The code of the __init__ of a class, if all it does is to assign its parameters to attributes of their names.

    That is so if it is, instruction by instruction, what Python makes of these assignments.
    """
    code = getattr(cls.__init__, "__code__", None)
    return code if isinstance(code, CodeType) and _only_assigns(code) else None


@functools.lru_cache(512)
def _only_assigns(code: CodeType) -> bool:
    n = code.co_argcount + code.co_kwonlyargcount - 1
    return n > 0 and any(_does_the_same(code, _assignments(form, n)) for form in _ASSIGNMENTS)


def _assignments(form: str, n: int) -> CodeType:
    names = [f"a{i}" for i in range(n)]
    lines = "".join(f"  {form.format(name)}\n" for name in names)
    scope: dict[str, Any] = {}
    exec(f"def maker(setter):\n def __init__(self, {', '.join(names)}):\n{lines} return __init__", scope)
    code: CodeType = scope["maker"](object).__code__
    return code


def _does_the_same(code: CodeType, model: CodeType) -> bool:
    """Whether two functions differ in nothing but the names of their parameters, and in which come by name only."""
    to_model = dict(zip(code.co_varnames, model.co_varnames, strict=False))
    return (
        code.co_code == model.co_code
        and len(code.co_varnames) == len(model.co_varnames)
        and not code.co_cellvars
        and len(code.co_freevars) == len(model.co_freevars)
        and tuple(to_model.get(name, name) for name in code.co_names) == model.co_names
        and tuple(to_model.get(const, const) for const in code.co_consts) == model.co_consts
        and not code.co_flags & _UNLIKE_THEM
    )


def no_result(values: Sequence[Any]) -> NoReturn:
    """The row maker of a cursor that has no rows. Raises `InterfaceError`."""
    raise InterfaceError("the cursor doesn't have a result")


def _names(cursor: Any) -> list[str] | None:
    description = cursor.description
    return None if description is None else [column.name for column in description]


@functools.lru_cache(512)
def _namedtuple_class(names: tuple[str, ...]) -> type[Any]:
    try:
        return namedtuple("Row", [_identifier(name) for name in names])
    except ValueError as error:
        raise DataError(f"can't create a namedtuple row: {error}") from None


def _identifier(name: str) -> str:
    if not name.isidentifier():
        name = re.sub(r"\W", "_", name, flags=re.ASCII)
    return "f" + name if name[:1].isdigit() or name.startswith("_") else name


_howdah.register_row_factories(tuple_row, dict_row, namedtuple_row, scalar_row, _namedtuple_class, _CallFactory)
