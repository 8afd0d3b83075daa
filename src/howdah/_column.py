"""The items of ``cursor.description`` (DB-API, PEP 249)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import _howdah, postgres
from ._typeinfo import TypeInfo


class Column(Sequence[Any]):
    """One column of a result: the DB-API's seven items, by position or by name, and what psycopg adds."""

    __module__ = "howdah"
    __slots__ = ("_name", "_type_code", "_typmod", "_typlen", "_table_oid", "_table_column", "_type")

    def __init__(
        self,
        name: str,
        type_code: int,
        typmod: int = -1,
        typlen: int = -1,
        table_oid: int = 0,
        table_column: int = 0,
        cursor: Any = None,
    ):
        self._name = name
        self._type_code = type_code
        self._typmod = typmod
        self._typlen = typlen
        self._table_oid = table_oid
        self._table_column = table_column
        types = postgres.types if cursor is None else cursor.adapters.types
        self._type: TypeInfo | None = types.get(type_code)

    def __repr__(self) -> str:
        return f"<Column {self._name!r}, type: {self.type_display} (oid: {self._type_code})>"

    def __len__(self) -> int:
        return 7

    def __getitem__(self, index: Any) -> Any:
        return (
            self._name,
            self._type_code,
            self.display_size,
            self.internal_size,
            self.precision,
            self.scale,
            self.null_ok,
        )[index]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Column):
            return self._reported == other._reported
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._reported)

    def __reduce__(self) -> tuple[Any, ...]:
        return Column, self._reported, self._type

    def __setstate__(self, state: TypeInfo | None) -> None:
        self._type = state

    @property
    def _reported(self) -> tuple[str, int, int, int, int, int]:
        """What the server says of the column."""
        return (self._name, self._type_code, self._typmod, self._typlen, self._table_oid, self._table_column)

    @property
    def name(self) -> str:
        """The column's name."""
        return self._name

    @property
    def type_code(self) -> int:
        """Oid of the type."""
        return self._type_code

    @property
    def type_display(self) -> str:
        """The type as SQL writes it, with its modifiers; its oid where the type is not registered."""
        if self._type is None:
            return str(self._type_code)
        return self._type.get_type_display(oid=self._type_code, fmod=self._typmod)

    @property
    def display_size(self) -> int | None:
        """The declared length of a ``varchar(n)``, ``char(n)``, ``bit(n)`` or ``varbit(n)``."""
        return None if self._type is None else self._type.get_display_size(self._typmod)

    @property
    def internal_size(self) -> int | None:
        """Bytes of a value in the server; None for types of varying size."""
        return self._typlen if self._typlen > 0 else None

    @property
    def precision(self) -> int | None:
        """Digits of a ``numeric(p, s)``; fractional digits of a time, timestamp or interval."""
        return None if self._type is None else self._type.get_precision(self._typmod)

    @property
    def scale(self) -> int | None:
        """Digits of a ``numeric(p, s)`` behind the point."""
        return None if self._type is None else self._type.get_scale(self._typmod)

    @property
    def null_ok(self) -> None:
        """Always None: a result doesn't tell."""
        return None

    @property
    def table_oid(self) -> int | None:
        """Oid of the table that the column comes from, or None."""
        return self._table_oid or None

    @property
    def table_column(self) -> int | None:
        """Its number in that table, or None."""
        return self._table_column or None


_howdah.register_column(Column)
