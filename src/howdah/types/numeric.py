"""Adapters of numbers, and numbers that say as which of PostgreSQL's types they are sent (psycopg 3, "Numbers
adaptation").

    cursor.execute("select %s", [Int8(42)])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .. import _howdah
from ..abc import AdaptContext, Buffer
from ..adapt import CoreDumper, CoreLoader, Dumper, PyFormat, quote_literal
from ..pq import Format

if TYPE_CHECKING:
    from decimal import Decimal as Decimal

    from typing_extensions import Self

FLOAT4_OID, FLOAT8_OID, NUMERIC_OID, OID_OID = 700, 701, 1700, 26
INT2_OID, INT4_OID, INT8_OID = 21, 23, 20


def __getattr__(name: str) -> Any:
    """``Decimal``, what numeric is loaded as, which psycopg has here, too; its module takes long to import."""
    if name != "Decimal":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from decimal import Decimal

    return Decimal


def _repr(self: object) -> str:
    return f"{type(self).__name__}({self})"


class Int2(int):
    """An int to send as smallint."""

    __slots__ = ()
    __repr__ = _repr
    __str__ = int.__repr__

    def __new__(cls, arg: int) -> Self:
        return super().__new__(cls, arg)


class Int4(int):
    """An int to send as integer."""

    __slots__ = ()
    __repr__ = _repr
    __str__ = int.__repr__

    def __new__(cls, arg: int) -> Self:
        return super().__new__(cls, arg)


class Int8(int):
    """An int to send as bigint."""

    __slots__ = ()
    __repr__ = _repr
    __str__ = int.__repr__

    def __new__(cls, arg: int) -> Self:
        return super().__new__(cls, arg)


class IntNumeric(int):
    """An int to send as numeric."""

    __slots__ = ()
    __repr__ = _repr
    __str__ = int.__repr__

    def __new__(cls, arg: int) -> Self:
        return super().__new__(cls, arg)


class Oid(int):
    """An int to send as oid."""

    __slots__ = ()
    __repr__ = _repr
    __str__ = int.__repr__

    def __new__(cls, arg: int) -> Self:
        return super().__new__(cls, arg)


class Float4(float):
    """A float to send as real."""

    __slots__ = ()
    __repr__ = _repr
    __str__ = float.__repr__

    def __new__(cls, arg: float) -> Self:
        return super().__new__(cls, arg)


class Float8(float):
    """A float to send as double precision."""

    __slots__ = ()
    __repr__ = _repr
    __str__ = float.__repr__

    def __new__(cls, arg: float) -> Self:
        return super().__new__(cls, arg)


# ---- dumpers

# What has no digits, as PostgreSQL writes it.
_NOT_FINITE = {
    b"nan": b"NaN", b"inf": b"Infinity", b"-inf": b"-Infinity",
    b"NaN": b"NaN", b"Infinity": b"Infinity", b"-Infinity": b"-Infinity",
}  # fmt: skip


class _NumberDumper(CoreDumper):
    """Base of the dumpers to text."""

    _cast: ClassVar[bytes] = b""  # what follows the quotes of numbers that are not finite

    def quote(self, obj: Any) -> Buffer:
        """A numeric constant (PostgreSQL documentation, 4.1.2.6), or a string for what is no finite number."""
        value = self.dump(obj)
        if value is None:
            return b"NULL"
        value = bytes(value)
        if value in _NOT_FINITE:
            return quote_literal(_NOT_FINITE[value]) + self._cast
        # Behind another minus sign it would begin a comment.
        return b" " + value if value.startswith(b"-") else value


class Int2Dumper(_NumberDumper):
    oid = INT2_OID
    _core = _howdah.dumper_core("int_text", oid=INT2_OID)


class Int4Dumper(_NumberDumper):
    oid = INT4_OID
    _core = _howdah.dumper_core("int_text", oid=INT4_OID)


class Int8Dumper(_NumberDumper):
    oid = INT8_OID
    _core = _howdah.dumper_core("int_text", oid=INT8_OID)


class IntNumericDumper(_NumberDumper):
    oid = NUMERIC_OID
    _core = _howdah.dumper_core("int_text", oid=NUMERIC_OID)


class OidDumper(_NumberDumper):
    oid = OID_OID
    _core = _howdah.dumper_core("int_text", oid=OID_OID)


class Int2BinaryDumper(Int2Dumper):
    format = Format.BINARY
    _core = _howdah.dumper_core("int2_binary")


class Int4BinaryDumper(Int4Dumper):
    format = Format.BINARY
    _core = _howdah.dumper_core("int4_binary")


class Int8BinaryDumper(Int8Dumper):
    format = Format.BINARY
    _core = _howdah.dumper_core("int8_binary")


class IntNumericBinaryDumper(IntNumericDumper):
    format = Format.BINARY
    _core = _howdah.dumper_core("numeric_binary")


class OidBinaryDumper(OidDumper):
    format = Format.BINARY
    _core = _howdah.dumper_core("oid_binary")


class IntDumper(CoreDumper):
    """Sends an int as the smallest type that holds it, by the dumper of that type."""

    _core = _howdah.dumper_core("int_text")
    _dumpers: ClassVar[dict[type, type[Dumper]]] = {
        Int2: Int2Dumper, Int4: Int4Dumper, Int8: Int8Dumper, IntNumeric: IntNumericDumper
    }  # fmt: skip

    def get_key(self, obj: int, format: PyFormat) -> type:
        """The wrapper of that type."""
        if -(2**15) <= obj < 2**15:
            return Int2
        if -(2**31) <= obj < 2**31:
            return Int4
        return Int8 if -(2**63) <= obj < 2**63 else IntNumeric

    def upgrade(self, obj: int, format: PyFormat) -> Dumper:
        """The dumper of that type."""
        key = self.get_key(obj, format)
        return self._dumpers[key](key, self._tx)


class IntBinaryDumper(IntDumper):
    format = Format.BINARY
    _core = _howdah.dumper_core("int_binary")
    _dumpers: ClassVar[dict[type, type[Dumper]]] = {
        Int2: Int2BinaryDumper, Int4: Int4BinaryDumper, Int8: Int8BinaryDumper, IntNumeric: IntNumericBinaryDumper
    }  # fmt: skip


class FloatDumper(_NumberDumper):
    oid = FLOAT8_OID
    _core = _howdah.dumper_core("float_text")
    _cast = b"::float8"


class Float4Dumper(FloatDumper):
    oid = FLOAT4_OID
    _core = _howdah.dumper_core("float_text", oid=FLOAT4_OID)


class FloatBinaryDumper(CoreDumper):
    format = Format.BINARY
    oid = FLOAT8_OID
    _core = _howdah.dumper_core("float_binary")


class Float4BinaryDumper(FloatBinaryDumper):
    oid = FLOAT4_OID
    _core = _howdah.dumper_core("float4_binary")


class DecimalDumper(_NumberDumper):
    oid = NUMERIC_OID
    _core = _howdah.dumper_core("numeric_text")
    _cast = b"::numeric"


class DecimalBinaryDumper(CoreDumper):
    format = Format.BINARY
    oid = NUMERIC_OID
    _core = _howdah.dumper_core("numeric_binary")


class NumericDumper(DecimalDumper):
    """Sends Decimal and int alike: what is asked for by the oid may be either."""

    int_classes: ClassVar[tuple[type, ...]] = (int,)

    _core = _howdah.dumper_core("numeric_text")


class NumericBinaryDumper(DecimalBinaryDumper):
    """Sends Decimal and int alike: what is asked for by the oid may be either."""

    int_classes: ClassVar[tuple[type, ...]] = (int,)

    _core = _howdah.dumper_core("numeric_binary")


# ---- loaders


class IntLoader(CoreLoader):
    _core = _howdah.loader_core("int_text")


class Int2BinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("int2_binary")


class Int4BinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("int4_binary")


class Int8BinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("int8_binary")


class OidBinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("oid_binary")


class FloatLoader(CoreLoader):
    _core = _howdah.loader_core("float_text")


class Float4BinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("float4_binary")


class Float8BinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("float8_binary")


class NumericLoader(CoreLoader):
    _core = _howdah.loader_core("numeric_text")


class NumericBinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("numeric_binary")


def register_default_adapters(context: AdaptContext) -> None:
    """Register the adapters of numbers. Of two dumpers of a class the later one serves ``%s``."""
    adapters = context.adapters
    for cls, first, second in (
        (int, IntDumper, IntBinaryDumper),
        (float, FloatDumper, FloatBinaryDumper),
        (Int2, Int2Dumper, Int2BinaryDumper),
        (Int4, Int4Dumper, Int4BinaryDumper),
        (Int8, Int8Dumper, Int8BinaryDumper),
        (Oid, OidDumper, OidBinaryDumper),
        (Float4, Float4Dumper, Float4BinaryDumper),
        (Float8, FloatDumper, FloatBinaryDumper),
        (IntNumeric, IntNumericBinaryDumper, IntNumericDumper),
        ("decimal.Decimal", DecimalBinaryDumper, DecimalDumper),
        (None, NumericBinaryDumper, NumericDumper),  # of numeric
    ):
        adapters.register_dumper(cls, first)
        adapters.register_dumper(cls, second)
    for name, text, binary in (
        ("int2", IntLoader, Int2BinaryLoader),
        ("int4", IntLoader, Int4BinaryLoader),
        ("int8", IntLoader, Int8BinaryLoader),
        ("oid", IntLoader, OidBinaryLoader),
        ("float4", FloatLoader, Float4BinaryLoader),
        ("float8", FloatLoader, Float8BinaryLoader),
        ("numeric", NumericLoader, NumericBinaryLoader),
    ):
        adapters.register_loader(name, text)
        adapters.register_loader(name, binary)
