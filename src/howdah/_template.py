"""Queries as template strings, ``t"select * from t where id = {id}"`` (PEP 750, Python 3.14; behaviour: psycopg 3.3).

A value becomes a parameter. The format after a colon says what else it may be: ``t`` and ``b`` ask for the parameter
in text or binary, ``l`` merges it as a literal, ``i`` as an identifier, and ``q`` takes a piece of SQL: another
template, or `sql.SQL` and `sql.Composed`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import _howdah, sql
from ._cursor_base import RawCursorMixin
from .errors import NotSupportedError, ProgrammingError

if TYPE_CHECKING:
    from .abc import AdaptContext

# Which format the classes of `sql` need.
_NEEDS: list[tuple[type, str]] = [(sql.SQL, "q"), (sql.Composed, "q"), (sql.Identifier, "i"), (sql.Literal, "l")]

_PLACEHOLDERS = {"": b"%s", "s": b"%s", "t": b"%t", "b": b"%b"}


def is_template(obj: Any) -> bool:
    """Whether it is a template string; never before Python 3.14."""
    return _Template is not None and isinstance(obj, _Template)


def bind(template: Any, params: Any, cursor: Any) -> tuple[bytes, list[Any]]:
    """The query with placeholders, and its parameters.

    Raises TypeError for parameters beside the template's own and for conversions (``!r``), `ProgrammingError` for
    formats that do not go with the value, `NotSupportedError` for a cursor that takes ``$1``.
    """
    if params is not None:
        raise TypeError("'execute()' with string template query doesn't support parameters")
    if isinstance(cursor, RawCursorMixin):
        raise NotSupportedError("raw cursors take no template strings: they have placeholders of their own")
    values: list[Any] = []

    def add(value: Any, format: str) -> bytes:
        values.append(value)
        return _PLACEHOLDERS[format]

    # Other percent signs would be taken for placeholders.
    return _compose(template, cursor, add, lambda piece: piece.replace(b"%", b"%%")), values


def as_bytes(template: Any, context: AdaptContext | None) -> bytes:
    """The query with its values as literals. Raises as `bind` does for formats."""

    def literal(value: Any, format: str) -> bytes:
        return sql.Literal(value).as_bytes(context)

    return _compose(template, context, literal, bytes)


def _compose(
    template: Any,
    context: AdaptContext | None,
    of_value: Callable[[Any, str], bytes],
    of_text: Callable[[bytes], bytes],
) -> bytes:
    parts = [of_text(sql.SQL(template.strings[0]).as_bytes(context))]
    for text, found in zip(template.strings[1:], template.interpolations, strict=True):
        value, format = found.value, found.format_spec
        if found.conversion:
            raise TypeError(f"conversions are not supported in SQL templates: !{found.conversion}")
        _check(value, format, type(template))
        if format in _PLACEHOLDERS:
            parts.append(of_value(value, format))
        elif isinstance(value, type(template)):
            parts.append(_compose(value, context, of_value, of_text))
        else:
            piece = value
            if not isinstance(value, sql.Composable):
                piece = sql.Identifier(value) if format == "i" else sql.Literal(value)
            parts.append(of_text(piece.as_bytes(context)))
        parts.append(of_text(sql.SQL(text).as_bytes(context)))
    return b"".join(parts)


def _check(value: Any, format: str, template_class: type) -> None:
    """Raises `ProgrammingError` for a format that is none, or is not the value's."""
    if format not in (*_PLACEHOLDERS, "l", "i", "q"):
        raise ProgrammingError(f"format {format!r} not supported in SQL templates")
    if isinstance(value, sql.Placeholder):
        raise ProgrammingError("Placeholder not supported in SQL templates")
    for cls, needed in [(template_class, "q"), *_NEEDS]:
        if isinstance(value, cls) and format != needed:
            name = cls.__name__ if cls is template_class else f"sql.{cls.__name__}"
            raise ProgrammingError(f"{name} values need the format ':{needed}' in SQL templates, not {format!r}")
    if format == "q" and not isinstance(value, (template_class, sql.SQL, sql.Composed)):
        raise ProgrammingError(f"format ':q' takes templates, sql.SQL and sql.Composed, not {type(value).__name__}")
    if format == "i" and not isinstance(value, (str, sql.Identifier)):
        raise ProgrammingError(f"format ':i' takes str and sql.Identifier, not {type(value).__name__}")


_Template: type | None = None


def register(template_class: type) -> None:
    """Have cursors take objects of this class as queries."""
    global _Template
    _Template = template_class
    _howdah.register_template(template_class, bind)


if sys.version_info >= (3, 14):
    from string.templatelib import Template

    register(Template)
