"""Adapters of bool."""

from __future__ import annotations

from typing import Any

from .. import _howdah
from ..abc import AdaptContext, Buffer
from ..adapt import CoreDumper, CoreLoader
from ..pq import Format


class BoolDumper(CoreDumper):
    oid = 16
    _core = _howdah.dumper_core("bool_text")

    def quote(self, obj: Any) -> Buffer:
        return b"true" if obj else b"false"


class BoolBinaryDumper(CoreDumper):
    format = Format.BINARY
    oid = 16
    _core = _howdah.dumper_core("bool_binary")


class BoolLoader(CoreLoader):
    _core = _howdah.loader_core("bool_text")


class BoolBinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("bool_binary")


def register_default_adapters(context: AdaptContext) -> None:
    adapters = context.adapters
    for dumper in (BoolDumper, BoolBinaryDumper):
        adapters.register_dumper(bool, dumper)
    adapters.register_loader("bool", BoolLoader)
    adapters.register_loader("bool", BoolBinaryLoader)
