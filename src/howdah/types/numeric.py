"""Adapters of numbers."""

from __future__ import annotations

from typing import Any

from .. import _howdah
from ..abc import AdaptContext, Buffer
from ..adapt import CoreDumper, CoreLoader, quote_literal
from ..pq import Format

# As PostgreSQL writes them.
_NOT_FINITE = {b"nan": b"NaN", b"inf": b"Infinity", b"-inf": b"-Infinity"}


class _NumberDumper(CoreDumper):
    def quote(self, obj: Any) -> Buffer:
        """A numeric constant (PostgreSQL documentation, 4.1.2.6), or a string for what is no finite number."""
        value = self.dump(obj)
        assert value is not None
        value = bytes(value)
        if not value[-1:].isdigit():
            return quote_literal(_NOT_FINITE.get(value, value))
        # Behind another minus sign it would begin a comment.
        return b" " + value if value.startswith(b"-") else value


class IntDumper(_NumberDumper):
    _core = _howdah.dumper_core("int_text")


class IntBinaryDumper(CoreDumper):
    format = Format.BINARY
    _core = _howdah.dumper_core("int_binary")


class FloatDumper(_NumberDumper):
    oid = 701
    _core = _howdah.dumper_core("float_text")


class FloatBinaryDumper(CoreDumper):
    format = Format.BINARY
    oid = 701
    _core = _howdah.dumper_core("float_binary")


class DecimalDumper(_NumberDumper):
    oid = 1700
    _core = _howdah.dumper_core("numeric_text")


class DecimalBinaryDumper(CoreDumper):
    format = Format.BINARY
    oid = 1700
    _core = _howdah.dumper_core("numeric_binary")


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
    adapters = context.adapters
    adapters.register_dumper(int, IntDumper)
    adapters.register_dumper(int, IntBinaryDumper)
    adapters.register_dumper(float, FloatDumper)
    adapters.register_dumper(float, FloatBinaryDumper)
    adapters.register_dumper("decimal.Decimal", DecimalBinaryDumper)
    adapters.register_dumper("decimal.Decimal", DecimalDumper)
    for name, binary in (("int2", Int2BinaryLoader), ("int4", Int4BinaryLoader), ("int8", Int8BinaryLoader)):
        adapters.register_loader(name, IntLoader)
        adapters.register_loader(name, binary)
    adapters.register_loader("oid", IntLoader)
    adapters.register_loader("oid", OidBinaryLoader)
    adapters.register_loader("float4", FloatLoader)
    adapters.register_loader("float4", Float4BinaryLoader)
    adapters.register_loader("float8", FloatLoader)
    adapters.register_loader("float8", Float8BinaryLoader)
    adapters.register_loader("numeric", NumericLoader)
    adapters.register_loader("numeric", NumericBinaryLoader)
