"""Adapters of strings and of bytes."""

from __future__ import annotations

from typing import Any

from .. import _howdah
from .._dbapi20 import Binary
from ..abc import AdaptContext, Buffer
from ..adapt import CoreDumper, CoreLoader, quote_literal
from ..pq import Format

NAME_OID, TEXT_OID, VARCHAR_OID, BYTEA_OID = 19, 25, 1043, 17


class StrBinaryDumper(CoreDumper):
    format = Format.BINARY
    oid = TEXT_OID
    _core = _howdah.dumper_core("str_binary")


class StrBinaryDumperVarchar(CoreDumper):
    format = Format.BINARY
    oid = VARCHAR_OID
    _core = _howdah.dumper_core("str_binary", VARCHAR_OID)


class StrBinaryDumperName(CoreDumper):
    format = Format.BINARY
    oid = NAME_OID
    _core = _howdah.dumper_core("str_binary", NAME_OID)


class StrDumper(CoreDumper):
    """A str as text, also where the server would have inferred another type."""

    oid = TEXT_OID
    _core = _howdah.dumper_core("str_text", TEXT_OID)


class StrDumperVarchar(CoreDumper):
    oid = VARCHAR_OID
    _core = _howdah.dumper_core("str_text", VARCHAR_OID)


class StrDumperName(CoreDumper):
    oid = NAME_OID
    _core = _howdah.dumper_core("str_text", NAME_OID)


class StrDumperUnknown(CoreDumper):
    """A str whose type the server infers from its place: the default."""

    _core = _howdah.dumper_core("str_text")


class TextLoader(CoreLoader):
    """Text as str; as bytes from a session in SQL_ASCII."""

    _core = _howdah.loader_core("text")


class TextBinaryLoader(TextLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("text")


class BytesDumper(CoreDumper):
    oid = BYTEA_OID
    _core = _howdah.dumper_core("bytea_text")

    def quote(self, obj: Any) -> Buffer:
        """In hex (PostgreSQL documentation, 8.4.1), which reads alike whatever the session's settings."""
        return quote_literal(b"\\x" + bytes(obj).hex().encode())


class BytesBinaryDumper(CoreDumper):
    format = Format.BINARY
    oid = BYTEA_OID
    _core = _howdah.dumper_core("bytea_binary")


class BinaryTextDumper(BytesDumper):
    """The DB-API's Binary."""

    _core = _howdah.dumper_core("wrapped_bytea_text")

    def quote(self, obj: Any) -> Buffer:
        return super().quote(obj.obj)


class BinaryBinaryDumper(BytesBinaryDumper):
    _core = _howdah.dumper_core("wrapped_bytea_binary")


class ByteaLoader(CoreLoader):
    _core = _howdah.loader_core("bytea_text")


class ByteaBinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("bytes")


def register_default_adapters(context: AdaptContext) -> None:
    adapters = context.adapters
    adapters.register_dumper(str, StrBinaryDumper)
    for by_oid in (StrBinaryDumperVarchar, StrBinaryDumperName, StrDumper, StrDumperVarchar, StrDumperName):
        adapters.register_dumper(None, by_oid)
    adapters.register_dumper(str, StrDumperUnknown)
    # Who asks for a dumper to bytea gets that of bytes, registered last.
    adapters.register_dumper(Binary, BinaryTextDumper)
    adapters.register_dumper(Binary, BinaryBinaryDumper)
    for cls in (memoryview, bytearray, bytes):
        adapters.register_dumper(cls, BytesDumper)
        adapters.register_dumper(cls, BytesBinaryDumper)

    adapters.register_loader(0, TextLoader)
    adapters.register_loader(0, ByteaBinaryLoader)
    for name in ("bpchar", "name", "text", "varchar", '"char"'):
        adapters.register_loader(name, TextLoader)
        adapters.register_loader(name, TextBinaryLoader)
    adapters.register_loader("bytea", ByteaLoader)
    adapters.register_loader("bytea", ByteaBinaryLoader)
