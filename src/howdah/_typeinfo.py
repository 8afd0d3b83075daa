"""What is known of a server's types: their names, oids and arrays (psycopg 3, "Types information")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, overload

from . import errors
from ._typemod import TypeModifier
from .rows import dict_row

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._connection_base import BaseConnection
    from .abc import AdaptContext
    from .connection import Connection
    from .connection_async import AsyncConnection
    from .sql import Composable

# An oid, a name, or the class of a TypeInfo and the oid of the type it is made of.
RegistryKey: TypeAlias = "int | str | tuple[type[TypeInfo], int]"

TO_REGTYPE_VERSION = 90400


class TypeInfo:
    """One type of a server.

    name: as in the catalogue, without schema or quotes. array_oid: 0 where the type has no arrays. regtype: the name
    that SQL understands, if it is another one. delimiter: between the items of an array as text. typemod: the class
    that reads the modifiers of its columns.
    """

    __module__ = "howdah.types"

    def __init__(
        self,
        name: str,
        oid: int,
        array_oid: int,
        *,
        regtype: str = "",
        delimiter: str = ",",
        typemod: type[TypeModifier] = TypeModifier,
    ):
        self.name = name
        self.oid = oid
        self.array_oid = array_oid
        self.regtype = regtype or name
        self.delimiter = delimiter
        self.typemod = typemod(oid)

    def __repr__(self) -> str:
        return f"<{type(self).__qualname__}: {self.name} (oid: {self.oid}, array oid: {self.array_oid})>"

    # ---- reading the catalogue

    @overload
    @classmethod
    def fetch(cls, conn: Connection[Any], name: str | Composable) -> Self | None: ...
    @overload
    @classmethod
    async def fetch(cls, conn: AsyncConnection[Any], name: str | Composable) -> Self | None: ...
    @classmethod
    def fetch(cls, conn: BaseConnection[Any], name: str | Composable) -> Any:
        """Read what the server knows of a type; None if there is no such type, or it is of another kind.

        The result is to be awaited if the connection is an `AsyncConnection`. A string is read as SQL reads the name
        of a type: ``schema.name``, ``"Quoted"``, ``timestamp with time zone``. The connection stays in the
        transaction status it was in.

        Raises TypeError for what is no connection, `ProgrammingError` for a name that fits several types,
        `InFailedSqlTransaction` in a failed transaction.
        """
        from .connection import Connection
        from .connection_async import AsyncConnection

        if not isinstance(name, str):
            name = name.as_string(conn)
        if isinstance(conn, Connection):
            return cls._fetch(conn, name)
        if isinstance(conn, AsyncConnection):
            return cls._fetch_async(conn, name)
        raise TypeError(f"expected Connection or AsyncConnection, got {type(conn).__name__}")

    @classmethod
    def _fetch(cls, conn: Connection[Any], name: str) -> Self | None:
        from .cursor import Cursor

        encode = _needs_encoding(conn)
        try:
            # What SET LOCAL changed goes back with the block, even within the caller's transaction.
            with conn.transaction(force_rollback=encode), Cursor(conn, row_factory=dict_row) as cur:
                if encode:
                    cur.execute(SET_UTF8)
                cur.execute(cls._get_info_query(conn), {"name": name}, prepare=False)
                records = cur.fetchall()
        except errors.UndefinedObject:
            return None
        return cls._from_records(name, records)

    @classmethod
    async def _fetch_async(cls, conn: AsyncConnection[Any], name: str) -> Self | None:
        from .cursor_async import AsyncCursor

        encode = _needs_encoding(conn)
        try:
            async with conn.transaction(force_rollback=encode), AsyncCursor(conn, row_factory=dict_row) as cur:
                if encode:
                    await cur.execute(SET_UTF8)
                await cur.execute(cls._get_info_query(conn), {"name": name}, prepare=False)
                records = await cur.fetchall()
        except errors.UndefinedObject:
            return None
        return cls._from_records(name, records)

    @classmethod
    def _get_info_query(cls, conn: BaseConnection[Any]) -> str:
        """The query for the type ``%(name)s``. Its columns are the keyword arguments of the class."""
        return f"""
            select typname as name, oid, typarray as array_oid, oid::regtype::text as regtype, typdelim as delimiter
            from pg_catalog.pg_type
            where oid = {cls._to_regtype(conn)}
        """

    @classmethod
    def _from_records(cls, name: str, records: Sequence[dict[str, Any]]) -> Self | None:
        """The object for the rows of the query."""
        if len(records) > 1:
            raise errors.ProgrammingError(f"found {len(records)} different types named {name}")
        return cls(**records[0]) if records else None

    @classmethod
    def _to_regtype(cls, conn: BaseConnection[Any]) -> str:
        """SQL for the oid of the type ``%(name)s``. Old servers fail where newer ones give NULL for no type."""
        return "to_regtype(%(name)s)" if cls._has_to_regtype_function(conn) else "%(name)s::regtype"

    @classmethod
    def _has_to_regtype_function(cls, conn: BaseConnection[Any]) -> bool:
        return conn.info.server_version >= TO_REGTYPE_VERSION

    # ---- registering

    def register(self, context: AdaptContext | None = None) -> None:
        """Make the type known in a context, or to every connection to come, and have its arrays loaded as lists."""
        from . import postgres
        from .types.array import register_array

        (context.adapters.types if context else postgres.types).add(self)
        if self.array_oid:
            register_array(self, context)

    def _added(self, registry: TypesRegistry) -> None:
        """Called when a registry takes the object: kinds of types that are found by other keys too add them here."""

    # ---- columns of the type

    def get_type_display(self, oid: int | None = None, fmod: int | None = None) -> str:
        """The type as SQL writes it, with its modifiers; an array if that is the oid."""
        modifiers = None if fmod is None else self.typemod.get_modifier(fmod)
        shown = f"({','.join(map(str, modifiers))})" if modifiers else ""
        return self.name + shown + ("[]" if oid == self.array_oid else "")

    def get_display_size(self, fmod: int) -> int | None:
        """The declared length of a ``varchar(n)``, ``char(n)``, ``bit(n)`` or ``varbit(n)``."""
        return self.typemod.get_display_size(fmod)

    def get_precision(self, fmod: int) -> int | None:
        """Digits of a ``numeric(p, s)``; fractional digits of a time, timestamp or interval."""
        return self.typemod.get_precision(fmod)

    def get_scale(self, fmod: int) -> int | None:
        """Digits of a ``numeric(p, s)`` behind the point."""
        return self.typemod.get_scale(fmod)


Info = TypeVar("Info", bound=TypeInfo)


class TypesRegistry:
    """Types by oid, by name, and by what they are made of.

    A registry made from another starts with the types of that one, and is independent from then on.
    """

    __module__ = "howdah.types"

    def __init__(self, template: TypesRegistry | None = None):
        # Shared until one of the two adds a type.
        self._registry: dict[RegistryKey, TypeInfo] = {} if template is None else template._registry
        self._own_state = template is None
        if template is not None:
            template._own_state = False

    def clear(self) -> None:
        """Forget every type."""
        self._registry = {}
        self._own_state = True

    def add(self, info: TypeInfo) -> None:
        """Make a type known, by its oids and names. A later one takes the place of one with the same key."""
        self._ensure_own_state()
        for oid in (info.oid, info.array_oid):
            if oid:
                self._registry[oid] = info
        self._registry[info.name] = info
        self._registry.setdefault(info.regtype, info)
        info._added(self)

    def __iter__(self) -> Iterator[TypeInfo]:
        return iter({id(info): info for info in self._registry.values()}.values())

    @overload
    def __getitem__(self, key: int | str) -> TypeInfo: ...
    @overload
    def __getitem__(self, key: tuple[type[Info], int]) -> Info: ...
    def __getitem__(self, key: Any) -> TypeInfo:
        """The type with this oid or name; ``name[]`` and the oid of an array give the type of its items.

        Raises KeyError if it is not known.
        """
        if isinstance(key, str):
            key = key.removesuffix("[]")
        elif not isinstance(key, (int, tuple)):
            raise TypeError(f"the key must be an oid or a name, got {type(key)}")
        try:
            info: TypeInfo = self._registry[key]
            return info
        except KeyError:
            raise KeyError(f"couldn't find the type {key!r} in the types registry") from None

    @overload
    def get(self, key: int | str) -> TypeInfo | None: ...
    @overload
    def get(self, key: tuple[type[Info], int]) -> Info | None: ...
    def get(self, key: Any) -> TypeInfo | None:
        """As ``registry[key]``, but None for a type that is not known."""
        try:
            info: TypeInfo = self[key]
        except KeyError:
            return None
        return info

    def get_oid(self, name: str) -> int:
        """Oid of the type of this name, of its arrays where ``[]`` follows. Raises KeyError if it is not known."""
        info = self[name]
        return info.array_oid if name.endswith("[]") else info.oid

    def get_by_subtype(self, cls: type[Info], subtype: int | str) -> Info | None:
        """The range or multirange (by `cls`) over a type; None where either is not known."""
        info = self.get(subtype)
        return None if info is None else self.get((cls, info.oid))

    def _ensure_own_state(self) -> None:
        if not self._own_state:
            self._registry = self._registry.copy()
            self._own_state = True


SET_UTF8 = "set local client_encoding to utf8"


def _needs_encoding(conn: BaseConnection[Any]) -> bool:
    """Whether text arrives as bytes, for nobody knows what they mean (SQL_ASCII)."""
    return conn._encoding() == "ascii"
