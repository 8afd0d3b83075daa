"""Python's side of adapting values: where a Dumper or a Loader finds those of the values inside its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from . import _howdah, errors
from ._enums import PyFormat
from .pq import Format

if TYPE_CHECKING:
    from .abc import AdaptContext, Buffer
    from .adapt import Dumper, Loader

TEXT_OID = 25
TEXT_ARRAY_OID = 1009
FIRST_USER_OID = 16384  # below are the types that come with PostgreSQL


class Transformer(_howdah.Transformer):
    """Adapts values in one context, keeping one instance of every Dumper and Loader it meets.

    Queries and results don't pass through here but for values with an adapter written in Python. Source: psycopg 3,
    `psycopg.adapt.Transformer`.
    """

    __module__ = "howdah.adapt"

    # What dump_sequence() has dumped last: as which types, and in which formats.
    types: tuple[int, ...] | None = None
    formats: list[int] | None = None

    def __init__(self, context: AdaptContext | None = None):
        super().__init__(context)
        self._dumpers: dict[tuple[Any, PyFormat], Dumper] = {}
        self._dumpers_by_oid: dict[tuple[int, int], Dumper] = {}
        self._loaders: dict[tuple[int, int], Loader] = {}
        self._row_dumpers: list[Dumper] | None = None
        self._pgresult: Any = None
        self._row_loaders: list[Loader] = []

    @classmethod
    def from_context(cls, context: AdaptContext | None) -> Transformer:
        """The context itself if it is a Transformer, else a new one for it."""
        return context if isinstance(context, Transformer) else cls(context)

    # ---- dumping

    def get_dumper(self, obj: Any, format: PyFormat) -> Dumper:
        """The dumper for an object, after its own get_key() and upgrade().

        Raises `ProgrammingError` where none is registered.
        """
        cls = type(obj)
        dumper = self._dumpers.get((cls, format))
        if dumper is None:
            dumper = self._dumpers[cls, format] = self.adapters.get_dumper(cls, format)(cls, self)
        key = dumper.get_key(obj, format)
        if key is cls:
            return dumper
        upgraded = self._dumpers.get((key, format))
        if upgraded is None:
            upgraded = self._dumpers[key, format] = dumper.upgrade(obj, format)
        return upgraded

    def get_dumper_by_oid(self, oid: int, format: Format) -> Dumper:
        """The dumper that gives values of a type. Raises `ProgrammingError` where none is registered."""
        dumper = self._dumpers_by_oid.get((oid, format))
        if dumper is None:
            cls = self.adapters.get_dumper_by_oid(oid, format)
            dumper = self._dumpers_by_oid[oid, format] = cls(type(None), self)
        return dumper

    def set_dumper_types(self, types: Sequence[int], format: Format) -> None:
        """Have dump_sequence() give values of these types, whatever the objects are."""
        self._row_dumpers = [self.get_dumper_by_oid(oid, format) for oid in types]
        self.types = tuple(types)
        self.formats = [format] * len(types)

    def dump_sequence(self, params: Sequence[Any], formats: Sequence[PyFormat]) -> Sequence[Buffer | None]:
        """The bytes of several objects; `types` and `formats` then say as what they are to be sent."""
        if self._row_dumpers:
            return [
                None if obj is None else dumper.dump(obj)
                for obj, dumper in zip(params, self._row_dumpers, strict=True)
            ]
        dumped: list[Buffer | None] = []
        types = []
        self.formats = []
        for obj, format in zip(params, formats, strict=True):
            dumper = self.get_dumper(obj, format)
            dumped.append(None if obj is None else dumper.dump(obj))
            types.append(dumper.oid)
            self.formats.append(dumper.format)
        self.types = tuple(types)
        return dumped

    def as_literal(self, obj: Any) -> bytes:
        """The object as an SQL literal, with a cast to its type where quotes would leave the type open."""
        dumper = self.get_dumper(obj, PyFormat.TEXT)
        literal: bytes = bytes(dumper.quote(obj))
        if not literal.endswith(b"'") or dumper.oid in (0, TEXT_OID):
            return literal
        info = self.adapters.types.get(dumper.oid)
        if info is None:
            return literal
        name = info.regtype if info.oid >= FIRST_USER_OID else info.name  # timestamptz, not the words of the standard
        array = "[]" if dumper.oid == info.array_oid else ""
        return literal + f"::{name}{array}".encode(self.encoding)

    def _array_type(self, oid: int) -> tuple[int, int]:
        """The type that an array of such elements is sent as, text[] where it is not known, and its delimiter."""
        info = self.adapters.types.get(oid)
        if info is None or not info.array_oid:
            return TEXT_ARRAY_OID, ord(",")
        return info.array_oid, ord(info.delimiter)

    # ---- loading

    def get_loader(self, oid: int, format: Format) -> Loader:
        """The loader for values of a type: that of unknown types where none is registered."""
        loader = self._loaders.get((oid, format))
        if loader is None:
            cls = self.adapters.get_loader(oid, format) or self._loader_of_unknown(format)
            loader = self._loaders[oid, format] = cls(oid, self)
        return loader

    def _loader_of_unknown(self, format: Format) -> type[Loader]:
        from .types.string import ByteaBinaryLoader, TextLoader

        registered = self.adapters.get_loader(0, format)
        return registered or (ByteaBinaryLoader if format == Format.BINARY else TextLoader)

    @property
    def pgresult(self) -> Any:
        """The result whose rows load_row() and load_rows() give, or None."""
        return self._pgresult

    def set_pgresult(self, result: Any, *, set_loaders: bool = True, format: Format | None = None) -> None:
        """Take a result; unless set_loaders is false, also the loaders of its columns' types.

        `format`: of all its columns, instead of the one that each has.
        """
        self._pgresult = result
        if result is not None and set_loaders:
            self._row_loaders = [
                self.get_loader(result.ftype(i), Format(result.fformat(i)) if format is None else format)
                for i in range(result.nfields)
            ]

    def load_rows(self, row0: int, row1: int, make_row: Callable[[Sequence[Any]], Any]) -> list[Any]:
        """Rows row0 to row1 - 1 of the result. Raises `InterfaceError` without a result or where there are fewer."""
        result = self._pgresult
        if result is None:
            raise errors.InterfaceError("result not set")
        if not (0 <= row0 <= result.ntuples and 0 <= row1 <= result.ntuples):
            raise errors.InterfaceError(f"rows must be included between 0 and {result.ntuples}")
        columns = range(result.nfields)
        return [
            make_row(self.load_sequence([result.get_value(row, column) for column in columns]))
            for row in range(row0, row1)
        ]

    def load_row(self, row: int, make_row: Callable[[Sequence[Any]], Any]) -> Any:
        """One row of the result. Raises `InterfaceError` without a result or where it has no such row."""
        if self._pgresult is not None and not 0 <= row < self._pgresult.ntuples:
            raise errors.InterfaceError(f"row must be included between 0 and {self._pgresult.ntuples}")
        return self.load_rows(row, row + 1, make_row)[0]

    def set_loader_types(self, types: Sequence[int], format: Format) -> None:
        """Have load_sequence() load values of these types."""
        self._row_loaders = [self.get_loader(oid, format) for oid in types]

    def load_sequence(self, record: Sequence[Buffer | None]) -> tuple[Any, ...]:
        """The Python objects of several values, after set_loader_types(); None stays None."""
        if len(self._row_loaders) != len(record):
            raise errors.ProgrammingError(
                f"cannot load sequence of {len(record)} items: {len(self._row_loaders)} loaders registered"
            )
        return tuple(
            None if data is None else loader.load(data)
            for data, loader in zip(record, self._row_loaders, strict=True)
        )
