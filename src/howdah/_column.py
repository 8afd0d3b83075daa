"""The items of ``cursor.description`` (DB-API, PEP 249)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import _howdah
from ._typenames import type_name

BPCHAR, VARCHAR, NUMERIC, BIT, VARBIT = 1042, 1043, 1700, 1560, 1562
TIMES = frozenset({1083, 1266, 1114, 1184})  # time, timetz, timestamp, timestamptz
INTERVAL = 1186
# An array carries its items' type modifier.
ITEMS = {
    1014: BPCHAR, 1015: VARCHAR, 1231: NUMERIC, 1561: BIT, 1563: VARBIT,
    1183: 1083, 1270: 1266, 1115: 1114, 1185: 1184, 1187: INTERVAL,
}  # fmt: skip
HEADER = 4  # the type modifier of these counts a varlena header


class Column(Sequence[Any]):
    """One column of a result: the DB-API's seven items, by position or by name, and what psycopg adds."""

    __module__ = "howdah"
    __slots__ = ("_name", "_type_code", "_typmod", "_typlen", "_table_oid", "_table_column")

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
            return self.__reduce__() == other.__reduce__()
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.__reduce__()[1])

    def __reduce__(self) -> tuple[Any, ...]:
        return Column, (
            self._name,
            self._type_code,
            self._typmod,
            self._typlen,
            self._table_oid,
            self._table_column,
        )

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
        """The type as SQL writes it, with its modifiers; its oid where the name is not known."""
        name = type_name(self._type_code)
        if name is None:
            return str(self._type_code)
        base, array = (name[:-2], "[]") if name.endswith("[]") else (name, "")
        modifiers: list[int] = []
        if self.precision is not None:
            modifiers = [self.precision] if self.scale is None else [self.precision, self.scale]
        elif self.display_size is not None:
            modifiers = [self.display_size]
        return base + (f"({','.join(map(str, modifiers))})" if modifiers else "") + array

    @property
    def _modified(self) -> int:
        """Oid of the type that the modifier belongs to."""
        return ITEMS.get(self._type_code, self._type_code)

    @property
    def display_size(self) -> int | None:
        """The declared length of a ``varchar(n)``, ``char(n)``, ``bit(n)`` or ``varbit(n)``."""
        if self._typmod < 0:
            return None
        if self._modified in (VARCHAR, BPCHAR):
            return self._typmod - HEADER
        if self._modified in (BIT, VARBIT):
            return self._typmod
        return None

    @property
    def internal_size(self) -> int | None:
        """Bytes of a value in the server; None for types of varying size."""
        return self._typlen if self._typlen > 0 else None

    @property
    def precision(self) -> int | None:
        """Digits of a ``numeric(p, s)``; fractional digits of a time, timestamp or interval."""
        if self._typmod < 0:
            return None
        if self._modified == NUMERIC:
            return (self._typmod - HEADER) >> 16
        if self._modified in TIMES:
            return self._typmod
        if self._modified == INTERVAL:
            precision = self._typmod & 0xFFFF
            return None if precision == 0xFFFF else precision
        return None

    @property
    def scale(self) -> int | None:
        """Digits of a ``numeric(p, s)`` behind the point."""
        if self._modified != NUMERIC or self._typmod < 0:
            return None
        scale = (self._typmod - HEADER) & 0x7FF  # 11 bits, signed: numeric(2, -1) exists
        return scale - 0x800 if scale & 0x400 else scale

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
