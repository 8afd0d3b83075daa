"""Dumpers of numpy's scalars (psycopg 3, "NumPy adaptation").

They are known by the names of their classes: numpy is not imported. Unsigned integers go as the next wider type.
"""

from __future__ import annotations

from .. import _howdah
from ..abc import AdaptContext
from ..adapt import CoreDumper
from ..pq import Format
from .bool import BoolBinaryDumper, BoolDumper
from .numeric import (
    INT2_OID,
    INT4_OID,
    INT8_OID,
    NUMERIC_OID,
    Float4BinaryDumper,
    Float4Dumper,
    FloatBinaryDumper,
    FloatDumper,
    _NumberDumper,
)


class NPInt16Dumper(_NumberDumper):
    oid = INT2_OID
    _core = _howdah.dumper_core("int_text", oid=INT2_OID)


class NPInt32Dumper(_NumberDumper):
    oid = INT4_OID
    _core = _howdah.dumper_core("int_text", oid=INT4_OID)


class NPInt64Dumper(_NumberDumper):
    oid = INT8_OID
    _core = _howdah.dumper_core("int_text", oid=INT8_OID)


class NPNumericDumper(_NumberDumper):
    oid = NUMERIC_OID
    _core = _howdah.dumper_core("int_text", oid=NUMERIC_OID)


class NPInt16BinaryDumper(NPInt16Dumper):
    format = Format.BINARY
    _core = _howdah.dumper_core("int2_binary")


class NPInt32BinaryDumper(NPInt32Dumper):
    format = Format.BINARY
    _core = _howdah.dumper_core("int4_binary")


class NPInt64BinaryDumper(NPInt64Dumper):
    format = Format.BINARY
    _core = _howdah.dumper_core("int8_binary")


class NPNumericBinaryDumper(NPNumericDumper):
    format = Format.BINARY
    _core = _howdah.dumper_core("numeric_binary")


_DUMPERS: tuple[tuple[str, type[CoreDumper], type[CoreDumper]], ...] = (
    ("bool", BoolDumper, BoolBinaryDumper),  # of numpy 2
    ("bool_", BoolDumper, BoolBinaryDumper),
    ("int8", NPInt16Dumper, NPInt16BinaryDumper),
    ("int16", NPInt16Dumper, NPInt16BinaryDumper),
    ("int32", NPInt32Dumper, NPInt32BinaryDumper),
    ("int64", NPInt64Dumper, NPInt64BinaryDumper),
    ("longlong", NPInt64Dumper, NPInt64BinaryDumper),
    ("uint8", NPInt16Dumper, NPInt16BinaryDumper),
    ("uint16", NPInt32Dumper, NPInt32BinaryDumper),
    ("uint32", NPInt64Dumper, NPInt64BinaryDumper),
    ("uint64", NPNumericDumper, NPNumericBinaryDumper),
    ("ulonglong", NPNumericDumper, NPNumericBinaryDumper),
    ("float16", Float4Dumper, Float4BinaryDumper),
    ("float32", Float4Dumper, Float4BinaryDumper),
    ("float64", FloatDumper, FloatBinaryDumper),
)


def register_default_adapters(context: AdaptContext) -> None:
    """Register the dumpers of numpy's scalars, binary where the query does not say."""
    for name, text, binary in _DUMPERS:
        context.adapters.register_dumper(f"numpy.{name}", text)
        context.adapters.register_dumper(f"numpy.{name}", binary)
