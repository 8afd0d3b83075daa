"""PostgreSQL's own types, and howdah's adapters for them: what every connection starts with."""

from __future__ import annotations

from . import _howdah
from ._adapters_map import ORDER, AdaptersMap, empty
from ._transformer import Transformer
from ._typeinfo import TypeInfo, TypesRegistry
from ._typemod import (
    BitTypeModifier,
    CharTypeModifier,
    IntervalTypeModifier,
    NumericTypeModifier,
    TimeTypeModifier,
    TypeModifier,
)
from ._typetable import MULTIRANGES, RANGES, TYPES
from .abc import AdaptContext

MODIFIERS: dict[str, type[TypeModifier]] = {
    '"char"': CharTypeModifier,
    "bit": BitTypeModifier,
    "bpchar": CharTypeModifier,
    "interval": IntervalTypeModifier,
    "numeric": NumericTypeModifier,
    "time": TimeTypeModifier,
    "timestamp": TimeTypeModifier,
    "timestamptz": TimeTypeModifier,
    "timetz": TimeTypeModifier,
    "varbit": BitTypeModifier,
    "varchar": CharTypeModifier,
}


def register_default_types(types: TypesRegistry) -> None:
    """Make PostgreSQL's own types known in a registry."""
    from .types.multirange import MultirangeInfo
    from .types.range import RangeInfo

    for name, oid, array_oid, regtype, delimiter in TYPES:
        typemod = MODIFIERS.get(name, TypeModifier)
        types.add(TypeInfo(name, oid, array_oid, regtype=regtype, delimiter=delimiter, typemod=typemod))
    for name, oid, array_oid, subtype_oid in RANGES:
        types.add(RangeInfo(name, oid, array_oid, subtype_oid=subtype_oid))
    for name, oid, array_oid, range_oid, subtype_oid in MULTIRANGES:
        types.add(MultirangeInfo(name, oid, array_oid, range_oid=range_oid, subtype_oid=subtype_oid))


def register_default_adapters(context: AdaptContext) -> None:
    """Register the adapters of every module of `howdah.types`."""
    from .types import (
        array,
        bool,
        composite,
        datetime,
        enum,
        json,
        multirange,
        net,
        none,
        numeric,
        numpy,
        range,
        string,
        uuid,
    )

    # Of several dumpers to one type, the one registered last serves who asks by the type: int's, not numpy's.
    for module in (
        array,
        composite,
        datetime,
        enum,
        json,
        multirange,
        net,
        none,
        range,
        string,
        uuid,
        numpy,
        bool,
        numeric,
    ):
        module.register_default_adapters(context)


types = TypesRegistry()
register_default_types(types)


def _default_adapters() -> AdaptersMap:
    made = AdaptersMap(types=types)
    # The built-in loaders are those of the core; what is registered below is compared with them.
    made._snapshot = empty(bare=False)
    register_default_adapters(made)
    return made


adapters = _default_adapters()
_howdah.register_adapters(adapters, Transformer, ORDER)
