"""SQL put together from pieces, each of which knows how to quote itself (psycopg 3, "SQL string composition").

For what the server takes no parameters for: names of tables and columns, and whole clauses. A composed query goes to
`execute()` as it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .adapt import PyFormat, Transformer
from .errors import DataError

if TYPE_CHECKING:
    from typing_extensions import LiteralString

    from .abc import AdaptContext

__all__ = [
    "DEFAULT",
    "NULL",
    "SQL",
    "Composable",
    "Composed",
    "Identifier",
    "Literal",
    "Placeholder",
    "as_bytes",
    "as_string",
    "quote",
]


def quote(obj: Any, context: AdaptContext | None = None) -> str:
    """A Python value as an SQL literal.

    context: the connection or cursor whose adapters and encoding to use. Raises `ProgrammingError` for a class that
    has no dumper, `DataError` for a value that can't be sent. Behaviour: psycopg 3.
    """
    return Literal(obj).as_string(context)


def as_string(obj: Any, context: AdaptContext | None = None) -> str:
    """A composable or a template string as SQL; any other value as an SQL literal.

    Raises as `quote`, and `ProgrammingError` for a format that a template does not have. Behaviour: psycopg 3.
    """
    return as_bytes(obj, context).decode(_encoding(context))


def as_bytes(obj: Any, context: AdaptContext | None = None) -> bytes:
    """`as_string`, in the encoding of the context's connection. Raises UnicodeEncodeError too."""
    from . import _template

    if _template.is_template(obj):
        return _template.as_bytes(obj, context)
    return _composable(obj).as_bytes(context)


class Composable(ABC):
    """A piece of SQL: `SQL`, `Identifier`, `Literal`, `Placeholder`, or several of them, `Composed`.

    ``a + b`` and ``a * n`` make a `Composed`. Pieces are equal if they are of one class and hold equal values.
    """

    def __init__(self, obj: Any):
        self._obj = obj

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._obj!r})"

    @abstractmethod
    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        """The SQL in the encoding of the context's connection, UTF-8 without one.

        Raises UnicodeEncodeError for text that the encoding doesn't have, and as `quote` for literals.
        """

    def as_string(self, context: AdaptContext | None = None) -> str:
        """The SQL as text. Raises as `as_bytes`."""
        return self.as_bytes(context).decode(_encoding(context))

    def __add__(self, other: Composable) -> Composed:
        if isinstance(other, Composable):
            return Composed([*_pieces(self), *_pieces(other)])
        return NotImplemented

    def __mul__(self, n: int) -> Composed:
        return Composed([self] * n)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return False
        assert isinstance(other, Composable)
        return bool(self._obj == other._obj)

    __hash__ = None  # type: ignore[assignment]


class Composed(Composable):
    """Pieces in a row. Whatever is no `Composable` becomes a `Literal`."""

    _obj: list[Composable]

    def __init__(self, seq: Iterable[Any]):
        super().__init__([_composable(obj) for obj in seq])

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        return b"".join([piece.as_bytes(context) for piece in self._obj])

    def __iter__(self) -> Iterator[Composable]:
        return iter(self._obj)

    def join(self, joiner: SQL | LiteralString) -> Composed:
        """The pieces with `joiner` between them. Raises TypeError for what is neither str nor `SQL`."""
        if isinstance(joiner, str):
            joiner = SQL(joiner)
        if not isinstance(joiner, SQL):
            raise TypeError(f"Composed.join() argument must be strings or SQL, got {joiner!r} instead")
        return joiner.join(self._obj)


class SQL(Composable):
    """Text that is SQL already, and is not quoted: never make one of what a stranger has typed."""

    _obj: LiteralString

    def __init__(self, obj: LiteralString):
        if not isinstance(obj, str):
            raise TypeError(f"SQL values must be strings, got {obj!r} instead")
        super().__init__(obj)

    def as_string(self, context: AdaptContext | None = None) -> str:
        return self._obj

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        return self._obj.encode(_encoding(context))

    def format(self, *args: Any, **kwargs: Any) -> Composed:
        """Replace ``{}``, ``{0}`` and ``{name}`` by the arguments; `{{` and `}}` stand for braces.

        An argument that is no `Composable` becomes a `Literal`. Raises ValueError for a malformed text and for a
        format specification or conversion, IndexError and KeyError for an argument that is missing.
        """
        from string import Formatter

        pieces: list[Any] = []
        following: int | None = 0  # of the arguments without number; None once one had a number
        for text, field, specification, conversion in Formatter().parse(self._obj):
            if text:
                pieces.append(SQL(text))
            if field is None:
                continue
            if specification:
                raise ValueError("no format specification supported by SQL")
            if conversion:
                raise ValueError("no format conversion supported by SQL")
            if field == "":
                if following is None:
                    raise ValueError("cannot switch from manual field numbering to automatic")
                pieces.append(args[following])
                following += 1
            elif field.isdigit():
                if following:
                    raise ValueError("cannot switch from automatic field numbering to manual")
                pieces.append(args[int(field)])
                following = None
            else:
                pieces.append(kwargs[field])
        return Composed(pieces)

    def join(self, seq: Iterable[Any]) -> Composed:
        """The items with this text between them, as str.join() does."""
        pieces: list[Any] = []
        for item in seq:
            pieces += (self, item) if pieces else (item,)
        return Composed(pieces)


class Identifier(Composable):
    """A name, quoted; several are joined by dots: ``Identifier("schema", "table")``."""

    _obj: tuple[str, ...]

    def __init__(self, *strings: str):
        if not strings:
            raise TypeError("Identifier cannot be empty")
        for string in strings:
            if not isinstance(string, str):
                raise TypeError(f"SQL identifier parts must be strings, got {string!r} instead")
        super().__init__(strings)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._obj))})"

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        # Quotes are doubled in the text: behind the encoding, their byte could be a part of another character.
        name = ".".join(['"' + part.replace('"', '""') + '"' for part in self._obj])
        if "\0" in name:
            raise DataError("PostgreSQL names cannot contain NUL (0x00) characters")
        return name.encode(_encoding(context))


class Literal(Composable):
    """A value written into the SQL, as its dumper quotes it, with a cast where the type needs one."""

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        return bytes(Transformer.from_context(context).as_literal(self._obj))


class Placeholder(Composable):
    """``%s``, or ``%(name)s``, where `execute()` will bind a value.

    format: a `PyFormat` or its letter. Raises TypeError or ValueError for what is neither a name nor a format.
    """

    _obj: str

    def __init__(self, name: str = "", format: str | PyFormat = PyFormat.AUTO):
        if not isinstance(name, str):
            raise TypeError(f"expected string as name, got {name!r}")
        if ")" in name:
            raise ValueError(f"invalid name: {name!r}")
        if not isinstance(format, str):
            raise TypeError(f"expected PyFormat as format, got {type(format).__name__!r}")
        super().__init__(name)
        self._format: PyFormat = PyFormat(format)

    def __repr__(self) -> str:
        parts = [repr(self._obj)] if self._obj else []
        if self._format != PyFormat.AUTO:
            parts.append(f"format={self._format.name}")
        return f"{type(self).__name__}({', '.join(parts)})"

    def as_string(self, context: AdaptContext | None = None) -> str:
        return f"%({self._obj}){self._format.value}" if self._obj else f"%{self._format.value}"

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        return self.as_string(context).encode(_encoding(context))


NULL = SQL("NULL")
DEFAULT = SQL("DEFAULT")


def _composable(obj: Any) -> Composable:
    return obj if isinstance(obj, Composable) else Literal(obj)


def _pieces(obj: Composable) -> Iterable[Composable]:
    return obj if isinstance(obj, Composed) else (obj,)


def _encoding(context: AdaptContext | None) -> str:
    """Python's name of the encoding in which the server takes queries."""
    conn = context.connection if context is not None else None
    if conn is None or conn.closed:
        return "utf-8"
    encoding: str = conn.info.encoding
    # SQL_ASCII: the server doesn't mind.
    return "utf-8" if encoding == "ascii" else encoding
