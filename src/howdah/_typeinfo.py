"""What is known of PostgreSQL's types: their names, oids and arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .abc import AdaptContext


class TypeInfo:
    """One type of a server (psycopg 3, `psycopg.types.TypeInfo`)."""

    __module__ = "howdah.types"

    def __init__(self, name: str, oid: int, array_oid: int, *, regtype: str = "", delimiter: str = ","):
        self.name = name
        self.oid = oid
        self.array_oid = array_oid
        self.regtype = regtype or name
        self.delimiter = delimiter

    def __repr__(self) -> str:
        return f"<{type(self).__qualname__}: {self.name} (oid: {self.oid}, array oid: {self.array_oid})>"

    def register(self, context: AdaptContext | None = None) -> None:
        """Make the type known in a context, or to new connections, and its arrays loaded as lists."""
        from .postgres import types
        from .types.array import register_array

        (context.adapters.types if context else types).add(self)
        if self.array_oid:
            register_array(self, context)


class TypesRegistry:
    """Types by oid and by name (psycopg 3, `psycopg.types.TypesRegistry`)."""

    __module__ = "howdah.types"

    def __init__(self, template: TypesRegistry | None = None):
        self._types: dict[Any, TypeInfo] = template._types if template else {}
        self._shared = template is not None
        if template is not None:
            template._shared = True

    def add(self, info: TypeInfo) -> None:
        """Make a type known, in this registry alone."""
        if self._shared:
            self._types = self._types.copy()
            self._shared = False
        self._types[info.oid] = info
        if info.array_oid:
            self._types[info.array_oid] = info
        self._types[info.name] = info
        if info.regtype and info.regtype not in self._types:
            self._types[info.regtype] = info

    def __iter__(self) -> Iterator[TypeInfo]:
        return iter({id(info): info for info in self._types.values()}.values())

    def __getitem__(self, key: int | str) -> TypeInfo:
        if isinstance(key, str) and key.endswith("[]"):
            key = key[:-2]
        if not isinstance(key, int | str):
            raise TypeError(f"the key must be an oid or a name, got {type(key)}")
        try:
            return self._types[key]
        except KeyError:
            raise KeyError(f"couldn't find the type {key!r} in the types registry") from None

    def get(self, key: int | str) -> TypeInfo | None:
        """The type, or None."""
        try:
            return self[key]
        except KeyError:
            return None

    def get_oid(self, name: str) -> int:
        """Oid of a type; of its array where the name ends with []."""
        info = self[name]
        return info.array_oid if name.endswith("[]") else info.oid
