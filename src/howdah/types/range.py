"""Ranges, and adapters of range types (PostgreSQL documentation, 8.17; psycopg 3, "Range adaptation").

conn.execute("select * from booking where during @> %s", [Range(date(2020, 1, 1), date(2020, 2, 1))])
"""

from __future__ import annotations

import re
import struct
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .. import _howdah
from .._enums import PyFormat
from .._typeinfo import TypeInfo, TypesRegistry
from ..abc import AdaptContext, Buffer, DumpFunc
from ..adapt import CoreLoader, Dumper, RecursiveDumper, quoting_encoding
from ..pq import Format

if TYPE_CHECKING:
    from decimal import Decimal

    from .._connection_base import BaseConnection
else:
    Decimal = Any  # whose module takes long to import

T = TypeVar("T")


TEXT_OID = 25
INT4_OID, INT8_OID, NUMERIC_OID, DATE_OID, TIMESTAMP_OID, TIMESTAMPTZ_OID = 23, 20, 1700, 1082, 1114, 1184

EMPTY, LOWER_INC, UPPER_INC, LOWER_INF, UPPER_INF = 0x01, 0x02, 0x04, 0x08, 0x10  # utils/rangetypes.h


class Range(Generic[T]):
    """A range of values, immutable; iterating, intersecting and the like are the server's business.

    lower, upper: the bounds; None where there is none. bounds: which of them belong to the range, one of ``[)``,
    ``(]``, ``()`` and ``[]``; raises ValueError for anything else. empty: there is nothing in it.

    Ranges sort as their lower bounds, then their upper ones, None first. Two that hold the same values may differ:
    ``[1,3]`` is not ``[1,4)``, though the server's integer ranges all come as the latter.
    """

    __module__ = "howdah.types.range"
    __slots__ = ("_bounds", "_lower", "_upper")

    def __init__(self, lower: T | None = None, upper: T | None = None, bounds: str = "[)", empty: bool = False):
        if bounds not in ("[)", "(]", "()", "[]"):
            raise ValueError(f"bound flags not valid: {bounds!r}")
        if empty:
            lower = upper = None
            bounds = ""
        else:
            if lower is None:
                bounds = "(" + bounds[1]
            if upper is None:
                bounds = bounds[0] + ")"
        self._lower = lower
        self._upper = upper
        self._bounds = bounds

    def __repr__(self) -> str:
        shown = f"{self._lower!r}, {self._upper!r}, {self._bounds!r}" if self._bounds else "empty=True"
        return f"{type(self).__name__}({shown})"

    def __str__(self) -> str:
        return f"{self._bounds[0]}{self._lower}, {self._upper}{self._bounds[1]}" if self._bounds else "empty"

    @property
    def lower(self) -> T | None:
        """The lower bound; None if there is none, or the range is empty."""
        return self._lower

    @property
    def upper(self) -> T | None:
        """The upper bound; None if there is none, or the range is empty."""
        return self._upper

    @property
    def bounds(self) -> str:
        """Two brackets, of which a square one stands by a bound that belongs to the range; nothing if it is empty."""
        return self._bounds

    @property
    def isempty(self) -> bool:
        """Whether there is nothing in the range."""
        return not self._bounds

    @property
    def lower_inf(self) -> bool:
        """Whether a range that is not empty has no lower bound."""
        return bool(self._bounds) and self._lower is None

    @property
    def upper_inf(self) -> bool:
        """Whether a range that is not empty has no upper bound."""
        return bool(self._bounds) and self._upper is None

    @property
    def lower_inc(self) -> bool:
        """Whether the lower bound belongs to the range."""
        return self._bounds.startswith("[")

    @property
    def upper_inc(self) -> bool:
        """Whether the upper bound belongs to the range."""
        return self._bounds.endswith("]")

    def __contains__(self, x: T) -> bool:
        if not self._bounds:
            return False
        lower: Any = self._lower
        upper: Any = self._upper
        if lower is not None and (x < lower if self.lower_inc else x <= lower):
            return False
        return upper is None or not (x > upper if self.upper_inc else x >= upper)

    def __bool__(self) -> bool:
        return bool(self._bounds)

    # ---- comparing

    @property
    def _values(self) -> tuple[Any, Any, str]:
        return self._lower, self._upper, self._bounds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Range) and self._values == other._values

    def __hash__(self) -> int:
        return hash(self._values)

    def __lt__(self, other: Any) -> bool:
        if not isinstance(other, Range):
            return NotImplemented
        for mine, theirs in zip(self._values, other._values, strict=True):
            if mine == theirs:
                continue
            if mine is None or theirs is None:
                return mine is None
            return bool(mine < theirs)
        return False

    def __le__(self, other: Any) -> bool:
        return (self == other or self < other) if isinstance(other, Range) else NotImplemented

    def __gt__(self, other: Any) -> bool:
        return other < self if isinstance(other, Range) else NotImplemented

    def __ge__(self, other: Any) -> bool:
        return (self == other or other < self) if isinstance(other, Range) else NotImplemented

    # ---- pickling and copying: the protocols 0 and 1 don't do slots

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in Range.__slots__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)


class Int4Range(Range[int]):
    """A range to be sent as int4range."""

    __module__ = "howdah.types.range"


class Int8Range(Range[int]):
    """A range to be sent as int8range."""

    __module__ = "howdah.types.range"


class NumericRange(Range[Decimal]):
    """A range to be sent as numrange."""

    __module__ = "howdah.types.range"


class DateRange(Range[date]):
    """A range to be sent as daterange."""

    __module__ = "howdah.types.range"


class TimestampRange(Range[datetime]):
    """A range to be sent as tsrange."""

    __module__ = "howdah.types.range"


class TimestamptzRange(Range[datetime]):
    """A range to be sent as tstzrange."""

    __module__ = "howdah.types.range"


class RangeInfo(TypeInfo):
    """A range type. subtype_oid: of its bounds."""

    __module__ = "howdah.types.range"

    def __init__(self, name: str, oid: int, array_oid: int, *, regtype: str = "", subtype_oid: int):
        super().__init__(name, oid, array_oid, regtype=regtype)
        self.subtype_oid = subtype_oid

    @classmethod
    def _get_info_query(cls, conn: BaseConnection[Any]) -> str:
        return f"""
            select typname as name, oid, typarray as array_oid, oid::regtype::text as regtype,
                rngsubtype as subtype_oid
            from pg_catalog.pg_type join pg_catalog.pg_range on rngtypid = oid
            where oid = {cls._to_regtype(conn)}
        """

    def _added(self, registry: TypesRegistry) -> None:
        registry._registry[RangeInfo, self.subtype_oid] = self


def register_range(info: RangeInfo | None, context: AdaptContext | None = None) -> None:
    """Have values of a range type loaded as `Range`, in a context or in new connections.

    Where it is the only such type, or registered last, a Range of Python objects that are sent as its subtype is sent
    as it. Raises TypeError where `fetch()` found no type.
    """
    if info is None:
        raise TypeError("no info passed: is there such a range type?")
    info.register(context)
    adapters = context.adapters if context else _default_adapters()
    for base in (RangeLoader, RangeBinaryLoader):
        adapters.register_loader(info.oid, _loader(base, info.name, info.subtype_oid))


# ---- dumping


class BoundsDumper(RecursiveDumper):
    """What the dumpers of ranges and of multiranges share: both are of the type that their bounds tell.

    Integers tell none, unless by a class such as Int8: what they fit best, int2, has no ranges. So theirs are sent in
    text, for the server to infer the type. `subtype_oid`: of the bounds of a class that is sent as one type.
    """

    subtype_oid = 0

    def get_key(self, obj: Any, format: PyFormat) -> Any:
        item = self._get_item(obj)
        if self.subtype_oid or item is None:
            return self.cls
        if self._is_int(item):
            return (self.cls, int)
        own = PyFormat.from_pq(self.format)
        return (self.cls, self._tx.get_dumper(item, own).get_key(item, own))

    def upgrade(self, obj: Any, format: PyFormat) -> Dumper:
        item = self._get_item(obj)
        if self.subtype_oid or item is None:
            return self
        if self._is_int(item):
            return self._in_text()
        dumper = type(self)(self.cls, self._tx)
        subtype_oid = self._tx.get_dumper(item, PyFormat.from_pq(self.format)).oid
        if not subtype_oid and isinstance(item, str):
            subtype_oid = TEXT_OID
        if subtype_oid:
            dumper.oid = self._type_over(subtype_oid)
        if not dumper.oid and isinstance(item, int) and not isinstance(item, bool):
            return self._in_text()
        return dumper

    def _get_item(self, obj: Any) -> Any:
        """One of the bounds, or None if there is no bound."""
        raise NotImplementedError

    def _in_text(self) -> Dumper:
        """A dumper that does not tell the type."""
        raise NotImplementedError

    def _type_over(self, subtype_oid: int) -> int:
        """Oid of the type whose bounds are of a type; 0 where none is known."""
        raise NotImplementedError

    def _is_int(self, item: Any) -> bool:
        """Whether it is sent as an int is: subclasses with a dumper of their own tell their type."""
        if not isinstance(item, int):
            return False
        get_dumper = self._tx.adapters.get_dumper
        return get_dumper(type(item), PyFormat.TEXT) is get_dumper(int, PyFormat.TEXT)

    def _bound_dump(self, obj: Any) -> DumpFunc:
        """What dumps every bound."""
        if self.subtype_oid:
            return self._tx.get_dumper_by_oid(self.subtype_oid, self.format).dump
        item = self._get_item(obj)
        if item is None:
            return lambda bound: None
        return self._tx.get_dumper(item, PyFormat.from_pq(self.format)).dump


class BaseRangeDumper(BoundsDumper):
    def _get_item(self, obj: Any) -> Any:
        return obj._upper if obj._lower is None else obj._lower

    def _in_text(self) -> Dumper:
        return RangeDumper(self.cls, self._tx)

    def _type_over(self, subtype_oid: int) -> int:
        info = self._tx.adapters.types.get((RangeInfo, subtype_oid))
        return info.oid if info else 0


class RangeDumper(BaseRangeDumper):
    """A Range in text format."""

    def dump(self, obj: Range[Any]) -> Buffer | None:
        return dump_range_text(obj, self._bound_dump(obj), quoting_encoding(self._tx.encoding))


class RangeBinaryDumper(BaseRangeDumper):
    """A Range in binary format."""

    format = Format.BINARY

    def dump(self, obj: Range[Any]) -> Buffer | None:
        return dump_range_binary(obj, self._bound_dump(obj))


_UNSAFE = re.compile(r'[\s()\[\],"\\]', re.ASCII)
_DOUBLED = re.compile(r'["\\]')


def dump_range_text(obj: Range[Any], dump: DumpFunc, encoding: str) -> bytes:
    """As range_in() reads it back; `dump` gives the bytes of a bound, to be quoted in this encoding."""
    if obj.isempty:
        return b"empty"
    bounds = obj.bounds.encode()
    return bounds[:1] + _bound(obj.lower, dump, encoding) + b"," + _bound(obj.upper, dump, encoding) + bounds[1:]


def _bound(value: Any, dump: DumpFunc, encoding: str) -> Buffer:
    """Nothing for no bound, quotes around what could be misread."""
    data = None if value is None else dump(value)
    if data is None:
        return b""
    text = bytes(data).decode(encoding)
    if text and not _UNSAFE.search(text):
        return data
    return ('"' + _DOUBLED.sub(r"\g<0>\g<0>", text) + '"').encode(encoding)


def dump_range_binary(obj: Range[Any], dump: DumpFunc) -> bytes:
    """As range_recv() reads it back; `dump` gives the bytes of a bound."""
    if obj.isempty:
        return bytes([EMPTY])
    flags = (LOWER_INC if obj.lower_inc else 0) | (UPPER_INC if obj.upper_inc else 0)
    dumped = b""
    for value, infinite in ((obj.lower, LOWER_INF), (obj.upper, UPPER_INF)):
        data = None if value is None else dump(value)
        if data is None:
            flags |= infinite
        else:
            dumped += struct.pack("!i", len(data)) + data
    return bytes([flags]) + dumped


class Int4RangeDumper(RangeDumper):
    oid = 3904
    subtype_oid = INT4_OID


class Int8RangeDumper(RangeDumper):
    oid = 3926
    subtype_oid = INT8_OID


class NumericRangeDumper(RangeDumper):
    oid = 3906
    subtype_oid = NUMERIC_OID


class DateRangeDumper(RangeDumper):
    oid = 3912
    subtype_oid = DATE_OID


class TimestampRangeDumper(RangeDumper):
    oid = 3908
    subtype_oid = TIMESTAMP_OID


class TimestamptzRangeDumper(RangeDumper):
    oid = 3910
    subtype_oid = TIMESTAMPTZ_OID


class Int4RangeBinaryDumper(RangeBinaryDumper):
    oid = 3904
    subtype_oid = INT4_OID


class Int8RangeBinaryDumper(RangeBinaryDumper):
    oid = 3926
    subtype_oid = INT8_OID


class NumericRangeBinaryDumper(RangeBinaryDumper):
    oid = 3906
    subtype_oid = NUMERIC_OID


class DateRangeBinaryDumper(RangeBinaryDumper):
    oid = 3912
    subtype_oid = DATE_OID


class TimestampRangeBinaryDumper(RangeBinaryDumper):
    oid = 3908
    subtype_oid = TIMESTAMP_OID


class TimestamptzRangeBinaryDumper(RangeBinaryDumper):
    oid = 3910
    subtype_oid = TIMESTAMPTZ_OID


# ---- loading


class BaseRangeLoader(CoreLoader):
    """`subtype_oid` says what the bounds are."""

    subtype_oid: int


class RangeLoader(BaseRangeLoader):
    """A range in text format."""

    def load(self, data: Buffer) -> Any:
        return _howdah.loader_core("range_text", item_oid=self.subtype_oid).load(data, self._tx)


class RangeBinaryLoader(BaseRangeLoader):
    """A range in binary format."""

    format = Format.BINARY

    def load(self, data: Buffer) -> Any:
        return _howdah.loader_core("range_binary", item_oid=self.subtype_oid).load(data, self._tx)


@lru_cache(512)
def _loader(base: type[BaseRangeLoader], name: str, subtype_oid: int) -> type[BaseRangeLoader]:
    binary = base is RangeBinaryLoader
    core = _howdah.loader_core("range_binary" if binary else "range_text", item_oid=subtype_oid)
    name = name.title() + ("BinaryLoader" if binary else "Loader")
    return type(name, (base,), {"subtype_oid": subtype_oid, "_core": core})


class Int4RangeLoader(RangeLoader):
    subtype_oid = INT4_OID
    _core = _howdah.loader_core("range_text", item_oid=INT4_OID)


class Int8RangeLoader(RangeLoader):
    subtype_oid = INT8_OID
    _core = _howdah.loader_core("range_text", item_oid=INT8_OID)


class NumericRangeLoader(RangeLoader):
    subtype_oid = NUMERIC_OID
    _core = _howdah.loader_core("range_text", item_oid=NUMERIC_OID)


class DateRangeLoader(RangeLoader):
    subtype_oid = DATE_OID
    _core = _howdah.loader_core("range_text", item_oid=DATE_OID)


class TimestampRangeLoader(RangeLoader):
    subtype_oid = TIMESTAMP_OID
    _core = _howdah.loader_core("range_text", item_oid=TIMESTAMP_OID)


class TimestampTZRangeLoader(RangeLoader):
    subtype_oid = TIMESTAMPTZ_OID
    _core = _howdah.loader_core("range_text", item_oid=TIMESTAMPTZ_OID)


class Int4RangeBinaryLoader(RangeBinaryLoader):
    subtype_oid = INT4_OID
    _core = _howdah.loader_core("range_binary", item_oid=INT4_OID)


class Int8RangeBinaryLoader(RangeBinaryLoader):
    subtype_oid = INT8_OID
    _core = _howdah.loader_core("range_binary", item_oid=INT8_OID)


class NumericRangeBinaryLoader(RangeBinaryLoader):
    subtype_oid = NUMERIC_OID
    _core = _howdah.loader_core("range_binary", item_oid=NUMERIC_OID)


class DateRangeBinaryLoader(RangeBinaryLoader):
    subtype_oid = DATE_OID
    _core = _howdah.loader_core("range_binary", item_oid=DATE_OID)


class TimestampRangeBinaryLoader(RangeBinaryLoader):
    subtype_oid = TIMESTAMP_OID
    _core = _howdah.loader_core("range_binary", item_oid=TIMESTAMP_OID)


class TimestampTZRangeBinaryLoader(RangeBinaryLoader):
    subtype_oid = TIMESTAMPTZ_OID
    _core = _howdah.loader_core("range_binary", item_oid=TIMESTAMPTZ_OID)


def register_default_adapters(context: AdaptContext) -> None:
    adapters = context.adapters
    adapters.register_dumper(Range, RangeBinaryDumper)
    adapters.register_dumper(Range, RangeDumper)
    for cls, dumper, binary_dumper in (
        (Int4Range, Int4RangeDumper, Int4RangeBinaryDumper),
        (Int8Range, Int8RangeDumper, Int8RangeBinaryDumper),
        (NumericRange, NumericRangeDumper, NumericRangeBinaryDumper),
        (DateRange, DateRangeDumper, DateRangeBinaryDumper),
        (TimestampRange, TimestampRangeDumper, TimestampRangeBinaryDumper),
        (TimestamptzRange, TimestamptzRangeDumper, TimestamptzRangeBinaryDumper),
    ):
        adapters.register_dumper(cls, dumper)
        adapters.register_dumper(cls, binary_dumper)
    for name, loader, binary_loader in (
        ("int4range", Int4RangeLoader, Int4RangeBinaryLoader),
        ("int8range", Int8RangeLoader, Int8RangeBinaryLoader),
        ("numrange", NumericRangeLoader, NumericRangeBinaryLoader),
        ("daterange", DateRangeLoader, DateRangeBinaryLoader),
        ("tsrange", TimestampRangeLoader, TimestampRangeBinaryLoader),
        ("tstzrange", TimestampTZRangeLoader, TimestampTZRangeBinaryLoader),
    ):
        adapters.register_loader(name, loader)
        adapters.register_loader(name, binary_loader)


def _default_adapters() -> Any:
    from ..postgres import adapters

    return adapters
