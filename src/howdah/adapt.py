"""Adapters of one's own: the classes to derive from, and where to register them (psycopg 3, "Data adaptation").

class UpperDumper(Dumper):
    def dump(self, obj):
        return str(obj).upper().encode()

connection.adapters.register_dumper(MyString, UpperDumper)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from . import _howdah
from ._adapters_map import AdaptersMap
from ._enums import PyFormat
from ._transformer import Transformer
from .abc import AdaptContext, Buffer
from .pq import Format

if TYPE_CHECKING:
    from ._connection_base import BaseConnection

__all__ = [
    "AdaptersMap",
    "Buffer",
    "Dumper",
    "Loader",
    "PyFormat",
    "RecursiveDumper",
    "RecursiveLoader",
    "Transformer",
]


class Dumper(ABC):
    """Converts Python objects of one class to PostgreSQL's bytes. Derive from it, and register the class."""

    oid: int = 0  # type to send the value as; 0: the server infers it
    format: Format = Format.TEXT  # of what dump() returns
    connection: BaseConnection[Any] | None = None

    def __init__(self, cls: type, context: AdaptContext | None = None):
        self.cls = cls
        self.connection = context.connection if context else None

    @abstractmethod
    def dump(self, obj: Any) -> Buffer | None:
        """The bytes of an object; None for NULL."""

    def quote(self, obj: Any) -> Buffer:
        """The object as an SQL literal, for statements without parameters (PostgreSQL documentation, 4.1.2)."""
        value = self.dump(obj)
        return b"NULL" if value is None else quote_literal(bytes(value), self.connection)

    def get_key(self, obj: Any, format: PyFormat) -> Any:
        """What tells apart objects that need another dumper; the class itself says that this one does."""
        return self.cls

    def upgrade(self, obj: Any, format: PyFormat) -> Dumper:
        """The dumper for objects whose get_key() is not the class."""
        return self


class Loader(ABC):
    """Converts PostgreSQL's bytes of one type to Python objects. Derive from it, and register the class."""

    format: Format = Format.TEXT  # of what load() takes
    connection: BaseConnection[Any] | None = None

    def __init__(self, oid: int, context: AdaptContext | None = None):
        self.oid = oid
        self.connection = context.connection if context else None

    @abstractmethod
    def load(self, data: Buffer) -> Any:
        """The object for the bytes of a value, which is not NULL."""


class RecursiveDumper(Dumper):
    """A Dumper whose objects hold others: `self._tx` finds their dumpers."""

    def __init__(self, cls: type, context: AdaptContext | None = None):
        super().__init__(cls, context)
        self._tx = Transformer.from_context(context)


class RecursiveLoader(Loader):
    """A Loader whose values hold others: `self._tx` finds their loaders."""

    def __init__(self, oid: int, context: AdaptContext | None = None):
        super().__init__(oid, context)
        self._tx = Transformer.from_context(context)


class CoreDumper(RecursiveDumper):
    """A Dumper whose work is done in C.

    Queries call the C function without coming here; these methods are for classes derived from it, and for callers of
    `Transformer.get_dumper`.
    """

    _core: ClassVar[_howdah.DumperCore]
    # The one for values that must be of the class's own type, where `_core` may choose another.
    _typed_core: ClassVar[_howdah.DumperCore | None] = None

    def dump(self, obj: Any) -> Buffer | None:
        return (self._typed_core or self._core).dump(obj, self._tx)[2]


class CoreLoader(RecursiveLoader):
    """A Loader whose work is done in C. Results call the C function without coming here."""

    _core: ClassVar[_howdah.LoaderCore]

    def load(self, data: Buffer) -> Any:
        return self._core.load(data, self._tx)


# Encodings that a client may have, but no server: a backslash's byte may be the end of another character there.
_OTHER_CHARACTERS_END_IN_BACKSLASH = {"big5", "cp949", "gb18030", "gbk", "johab", "shift_jis", "shift_jis_2004"}


def quoting_encoding(encoding: str) -> str:
    """As what to decode text of a client's encoding in which quotes and backslashes are to be found.

    It is the encoding itself where their bytes may be part of other characters; else one in which nothing fails.
    """
    return encoding if encoding in _OTHER_CHARACTERS_END_IN_BACKSLASH else "latin-1"


def quote_literal(value: bytes, connection: BaseConnection[Any] | None = None) -> bytes:
    """A string constant, in the form that no setting of the server reads otherwise (4.1.2.1 and 4.1.2.2).

    Raises UnicodeDecodeError for what is not in the connection's encoding, where quotes could then be misread.
    """
    encoding = quoting_encoding(connection.info.encoding if connection else "utf-8")
    quoted = "'" + value.decode(encoding).replace("'", "''") + "'"
    if "\\" in quoted:
        quoted = " E" + quoted.replace("\\", "\\\\")
    return quoted.encode(encoding)
