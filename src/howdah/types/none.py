"""The adapter of None, which travels as NULL beside all formats."""

from __future__ import annotations

from typing import Any

from ..abc import AdaptContext, Buffer
from ..adapt import Dumper


class NoneDumper(Dumper):
    """None in literals; as a parameter it is never dumped."""

    def dump(self, obj: Any) -> Buffer | None:
        raise NotImplementedError("NULL is passed to PostgreSQL in other ways")

    def quote(self, obj: Any) -> Buffer:
        return b"NULL"


def register_default_adapters(context: AdaptContext) -> None:
    context.adapters.register_dumper(type(None), NoneDumper)
