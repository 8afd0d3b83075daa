"""Multiranges, and adapters of multirange types (PostgreSQL documentation, 8.17; psycopg 3, "Multirange types")."""

from __future__ import annotations

import struct
from collections.abc import Iterable, MutableSequence
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .. import _howdah
from .._typeinfo import TypeInfo, TypesRegistry
from ..abc import AdaptContext, Buffer
from ..adapt import CoreLoader, Dumper, quoting_encoding
from ..errors import NotSupportedError
from ..pq import Format
from .range import (
    DATE_OID,
    INT4_OID,
    INT8_OID,
    NUMERIC_OID,
    TIMESTAMP_OID,
    TIMESTAMPTZ_OID,
    BoundsDumper,
    Range,
    dump_range_binary,
    dump_range_text,
)

if TYPE_CHECKING:
    from decimal import Decimal

    from .._connection_base import BaseConnection
else:
    Decimal = Any  # whose module takes long to import

T = TypeVar("T")

FIRST_VERSION = 140000


class Multirange(MutableSequence[Range[T]]):
    """A list of ranges. The server sorts them and joins those that touch; this does not.

    Raises TypeError for anything in it that is no `Range`.
    """

    __module__ = "howdah.types.multirange"

    def __init__(self, items: Iterable[Range[T]] = ()):
        self._ranges: list[Range[T]] = [_checked(item) for item in items]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._ranges!r})"

    def __str__(self) -> str:
        return f"{{{', '.join(map(str, self._ranges))}}}"

    # ---- a sequence that can be changed

    @overload
    def __getitem__(self, index: int) -> Range[T]: ...
    @overload
    def __getitem__(self, index: slice) -> Multirange[T]: ...
    def __getitem__(self, index: int | slice) -> Range[T] | Multirange[T]:
        return Multirange(self._ranges[index]) if isinstance(index, slice) else self._ranges[index]

    def __len__(self) -> int:
        return len(self._ranges)

    @overload
    def __setitem__(self, index: int, value: Range[T]) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[Range[T]]) -> None: ...
    def __setitem__(self, index: int | slice, value: Range[T] | Iterable[Range[T]]) -> None:
        if isinstance(index, slice):
            if not isinstance(value, Iterable):
                raise TypeError("can only assign an iterable")
            self._ranges[index] = [_checked(item) for item in value]
        else:
            self._ranges[index] = _checked(value)

    def __delitem__(self, index: int | slice) -> None:
        del self._ranges[index]

    def insert(self, index: int, value: Range[T]) -> None:
        """Put a range before the one at a position."""
        self._ranges.insert(index, _checked(value))

    # ---- comparing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Multirange) and self._ranges == other._ranges

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def __lt__(self, other: Any) -> bool:
        return self._ranges < other._ranges if isinstance(other, Multirange) else NotImplemented

    def __le__(self, other: Any) -> bool:
        return self._ranges <= other._ranges if isinstance(other, Multirange) else NotImplemented

    def __gt__(self, other: Any) -> bool:
        return self._ranges > other._ranges if isinstance(other, Multirange) else NotImplemented

    def __ge__(self, other: Any) -> bool:
        return self._ranges >= other._ranges if isinstance(other, Multirange) else NotImplemented


def _checked(item: Any) -> Range[Any]:
    if isinstance(item, Range):
        return item
    raise TypeError(f"Multirange is a sequence of Range, got {type(item).__name__}")


class Int4Multirange(Multirange[int]):
    """A multirange to be sent as int4multirange."""

    __module__ = "howdah.types.multirange"


class Int8Multirange(Multirange[int]):
    """A multirange to be sent as int8multirange."""

    __module__ = "howdah.types.multirange"


class NumericMultirange(Multirange[Decimal]):
    """A multirange to be sent as nummultirange."""

    __module__ = "howdah.types.multirange"


class DateMultirange(Multirange[date]):
    """A multirange to be sent as datemultirange."""

    __module__ = "howdah.types.multirange"


class TimestampMultirange(Multirange[datetime]):
    """A multirange to be sent as tsmultirange."""

    __module__ = "howdah.types.multirange"


class TimestamptzMultirange(Multirange[datetime]):
    """A multirange to be sent as tstzmultirange."""

    __module__ = "howdah.types.multirange"


class MultirangeInfo(TypeInfo):
    """A multirange type. range_oid: of its ranges; subtype_oid: of their bounds."""

    __module__ = "howdah.types.multirange"

    def __init__(self, name: str, oid: int, array_oid: int, *, regtype: str = "", range_oid: int, subtype_oid: int):
        super().__init__(name, oid, array_oid, regtype=regtype)
        self.range_oid = range_oid
        self.subtype_oid = subtype_oid

    @classmethod
    def _get_info_query(cls, conn: BaseConnection[Any]) -> str:
        if conn.info.server_version < FIRST_VERSION:
            raise NotSupportedError("multiranges came with PostgreSQL 14")
        return f"""
            select typname as name, oid, typarray as array_oid, oid::regtype::text as regtype,
                rngtypid as range_oid, rngsubtype as subtype_oid
            from pg_catalog.pg_type join pg_catalog.pg_range on rngmultitypid = oid
            where oid = {cls._to_regtype(conn)}
        """

    def _added(self, registry: TypesRegistry) -> None:
        for oid in (self.range_oid, self.subtype_oid):
            registry._registry[MultirangeInfo, oid] = self


def register_multirange(info: MultirangeInfo | None, context: AdaptContext | None = None) -> None:
    """Have values of a multirange type loaded as `Multirange`, in a context or in new connections.

    A Multirange is then sent as it as `register_range()` says of a Range. Raises TypeError where `fetch()` found no
    type.
    """
    if info is None:
        raise TypeError("no info passed: is there such a multirange type?")
    info.register(context)
    adapters = context.adapters if context else _default_adapters()
    for base in (MultirangeLoader, MultirangeBinaryLoader):
        adapters.register_loader(info.oid, _loader(base, info.name, info.subtype_oid))


# ---- dumping


class BaseMultirangeDumper(BoundsDumper):
    def _get_item(self, obj: Any) -> Any:
        for range in obj:
            for bound in (range._lower, range._upper):
                if bound is not None:
                    return bound
        return None

    def _in_text(self) -> Dumper:
        return MultirangeDumper(self.cls, self._tx)

    def _type_over(self, subtype_oid: int) -> int:
        info = self._tx.adapters.types.get((MultirangeInfo, subtype_oid))
        return info.oid if info else 0


class MultirangeDumper(BaseMultirangeDumper):
    """A Multirange in text format."""

    def dump(self, obj: Multirange[Any]) -> Buffer | None:
        dump = self._bound_dump(obj)
        encoding = quoting_encoding(self._tx.encoding)
        return b"{" + b",".join([dump_range_text(range, dump, encoding) for range in obj]) + b"}"


class MultirangeBinaryDumper(BaseMultirangeDumper):
    """A Multirange in binary format."""

    format = Format.BINARY

    def dump(self, obj: Multirange[Any]) -> Buffer | None:
        dump = self._bound_dump(obj)
        dumped = bytearray(struct.pack("!i", len(obj)))
        for range in obj:
            data = dump_range_binary(range, dump)
            dumped += struct.pack("!i", len(data)) + data
        return dumped


class Int4MultirangeDumper(MultirangeDumper):
    oid = 4451
    subtype_oid = INT4_OID


class Int8MultirangeDumper(MultirangeDumper):
    oid = 4536
    subtype_oid = INT8_OID


class NumericMultirangeDumper(MultirangeDumper):
    oid = 4532
    subtype_oid = NUMERIC_OID


class DateMultirangeDumper(MultirangeDumper):
    oid = 4535
    subtype_oid = DATE_OID


class TimestampMultirangeDumper(MultirangeDumper):
    oid = 4533
    subtype_oid = TIMESTAMP_OID


class TimestamptzMultirangeDumper(MultirangeDumper):
    oid = 4534
    subtype_oid = TIMESTAMPTZ_OID


class Int4MultirangeBinaryDumper(MultirangeBinaryDumper):
    oid = 4451
    subtype_oid = INT4_OID


class Int8MultirangeBinaryDumper(MultirangeBinaryDumper):
    oid = 4536
    subtype_oid = INT8_OID


class NumericMultirangeBinaryDumper(MultirangeBinaryDumper):
    oid = 4532
    subtype_oid = NUMERIC_OID


class DateMultirangeBinaryDumper(MultirangeBinaryDumper):
    oid = 4535
    subtype_oid = DATE_OID


class TimestampMultirangeBinaryDumper(MultirangeBinaryDumper):
    oid = 4533
    subtype_oid = TIMESTAMP_OID


class TimestamptzMultirangeBinaryDumper(MultirangeBinaryDumper):
    oid = 4534
    subtype_oid = TIMESTAMPTZ_OID


# ---- loading


class BaseMultirangeLoader(CoreLoader):
    """`subtype_oid` says what the bounds are."""

    subtype_oid: int


class MultirangeLoader(BaseMultirangeLoader):
    """A multirange in text format."""

    def load(self, data: Buffer) -> Any:
        return _howdah.loader_core("multirange_text", item_oid=self.subtype_oid).load(data, self._tx)


class MultirangeBinaryLoader(BaseMultirangeLoader):
    """A multirange in binary format."""

    format = Format.BINARY

    def load(self, data: Buffer) -> Any:
        return _howdah.loader_core("multirange_binary", item_oid=self.subtype_oid).load(data, self._tx)


@lru_cache(512)
def _loader(base: type[BaseMultirangeLoader], name: str, subtype_oid: int) -> type[BaseMultirangeLoader]:
    binary = base is MultirangeBinaryLoader
    core = _howdah.loader_core("multirange_binary" if binary else "multirange_text", item_oid=subtype_oid)
    name = name.title() + ("BinaryLoader" if binary else "Loader")
    return type(name, (base,), {"subtype_oid": subtype_oid, "_core": core})


class Int4MultirangeLoader(MultirangeLoader):
    subtype_oid = INT4_OID
    _core = _howdah.loader_core("multirange_text", item_oid=INT4_OID)


class Int8MultirangeLoader(MultirangeLoader):
    subtype_oid = INT8_OID
    _core = _howdah.loader_core("multirange_text", item_oid=INT8_OID)


class NumericMultirangeLoader(MultirangeLoader):
    subtype_oid = NUMERIC_OID
    _core = _howdah.loader_core("multirange_text", item_oid=NUMERIC_OID)


class DateMultirangeLoader(MultirangeLoader):
    subtype_oid = DATE_OID
    _core = _howdah.loader_core("multirange_text", item_oid=DATE_OID)


class TimestampMultirangeLoader(MultirangeLoader):
    subtype_oid = TIMESTAMP_OID
    _core = _howdah.loader_core("multirange_text", item_oid=TIMESTAMP_OID)


class TimestampTZMultirangeLoader(MultirangeLoader):
    subtype_oid = TIMESTAMPTZ_OID
    _core = _howdah.loader_core("multirange_text", item_oid=TIMESTAMPTZ_OID)


class Int4MultirangeBinaryLoader(MultirangeBinaryLoader):
    subtype_oid = INT4_OID
    _core = _howdah.loader_core("multirange_binary", item_oid=INT4_OID)


class Int8MultirangeBinaryLoader(MultirangeBinaryLoader):
    subtype_oid = INT8_OID
    _core = _howdah.loader_core("multirange_binary", item_oid=INT8_OID)


class NumericMultirangeBinaryLoader(MultirangeBinaryLoader):
    subtype_oid = NUMERIC_OID
    _core = _howdah.loader_core("multirange_binary", item_oid=NUMERIC_OID)


class DateMultirangeBinaryLoader(MultirangeBinaryLoader):
    subtype_oid = DATE_OID
    _core = _howdah.loader_core("multirange_binary", item_oid=DATE_OID)


class TimestampMultirangeBinaryLoader(MultirangeBinaryLoader):
    subtype_oid = TIMESTAMP_OID
    _core = _howdah.loader_core("multirange_binary", item_oid=TIMESTAMP_OID)


class TimestampTZMultirangeBinaryLoader(MultirangeBinaryLoader):
    subtype_oid = TIMESTAMPTZ_OID
    _core = _howdah.loader_core("multirange_binary", item_oid=TIMESTAMPTZ_OID)


def register_default_adapters(context: AdaptContext) -> None:
    adapters = context.adapters
    adapters.register_dumper(Multirange, MultirangeBinaryDumper)
    adapters.register_dumper(Multirange, MultirangeDumper)
    for cls, dumper, binary_dumper in (
        (Int4Multirange, Int4MultirangeDumper, Int4MultirangeBinaryDumper),
        (Int8Multirange, Int8MultirangeDumper, Int8MultirangeBinaryDumper),
        (NumericMultirange, NumericMultirangeDumper, NumericMultirangeBinaryDumper),
        (DateMultirange, DateMultirangeDumper, DateMultirangeBinaryDumper),
        (TimestampMultirange, TimestampMultirangeDumper, TimestampMultirangeBinaryDumper),
        (TimestamptzMultirange, TimestamptzMultirangeDumper, TimestamptzMultirangeBinaryDumper),
    ):
        adapters.register_dumper(cls, dumper)
        adapters.register_dumper(cls, binary_dumper)
    for name, loader, binary_loader in (
        ("int4multirange", Int4MultirangeLoader, Int4MultirangeBinaryLoader),
        ("int8multirange", Int8MultirangeLoader, Int8MultirangeBinaryLoader),
        ("nummultirange", NumericMultirangeLoader, NumericMultirangeBinaryLoader),
        ("datemultirange", DateMultirangeLoader, DateMultirangeBinaryLoader),
        ("tsmultirange", TimestampMultirangeLoader, TimestampMultirangeBinaryLoader),
        ("tstzmultirange", TimestampTZMultirangeLoader, TimestampTZMultirangeBinaryLoader),
    ):
        adapters.register_loader(name, loader)
        adapters.register_loader(name, binary_loader)


def _default_adapters() -> Any:
    from ..postgres import adapters

    return adapters
