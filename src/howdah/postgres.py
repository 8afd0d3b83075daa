"""PostgreSQL's own types, and howdah's adapters for them: what every connection starts with."""

from __future__ import annotations

from . import _howdah
from ._adapters_map import ORDER, AdaptersMap
from ._transformer import Transformer
from ._typeinfo import TypeInfo, TypesRegistry
from ._typenames import _NAMES
from .abc import AdaptContext


def register_default_types(types: TypesRegistry) -> None:
    """Add the types that come with PostgreSQL."""
    array_oids = {name[:-2]: oid for oid, name in _NAMES.items() if name.endswith("[]")}
    for oid, name in _NAMES.items():
        if not name.endswith("[]"):
            types.add(TypeInfo(name, oid, array_oids.get(name, 0), delimiter=";" if name == "box" else ","))


def register_default_adapters(context: AdaptContext) -> None:
    """Register the adapters of every module of `howdah.types`."""
    from .types import array, bool, datetime, json, net, none, numeric, string, uuid

    for module in (array, datetime, json, net, none, string, uuid, bool, numeric):
        module.register_default_adapters(context)


types = TypesRegistry()
register_default_types(types)

adapters = AdaptersMap(types=types)
# The built-in loaders are those of the core; what is registered below is compared with them.
adapters._snapshot = _howdah.Adapters({}, ({}, {}, {}), adapters._snapshot.rest, False)
register_default_adapters(adapters)
_howdah.register_adapters(adapters, Transformer, ORDER)
