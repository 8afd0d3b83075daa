"""Adapters of uuid.UUID."""

from __future__ import annotations

from .. import _howdah
from ..abc import AdaptContext
from ..adapt import CoreDumper, CoreLoader
from ..pq import Format

UUID_OID = 2950


class UUIDDumper(CoreDumper):
    oid = UUID_OID
    _core = _howdah.dumper_core("uuid_text")


class UUIDBinaryDumper(UUIDDumper):
    format = Format.BINARY
    _core = _howdah.dumper_core("uuid_binary")


class UUIDLoader(CoreLoader):
    _core = _howdah.loader_core("uuid_text")


class UUIDBinaryLoader(UUIDLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("uuid_binary")


def register_default_adapters(context: AdaptContext) -> None:
    adapters = context.adapters
    adapters.register_dumper("uuid.UUID", UUIDDumper)
    adapters.register_dumper("uuid.UUID", UUIDBinaryDumper)
    adapters.register_loader("uuid", UUIDLoader)
    adapters.register_loader("uuid", UUIDBinaryLoader)
