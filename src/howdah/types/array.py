"""Adapters of lists: PostgreSQL's arrays."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from .. import _howdah
from .._enums import PyFormat
from .._typeinfo import TypeInfo
from ..abc import AdaptContext, Buffer
from ..adapt import CoreDumper, CoreLoader, Dumper, Loader
from ..pq import Format


class BaseListDumper(CoreDumper):
    """A list. Its type follows from its elements, of which all must be sent as the same type."""

    element_oid = 0

    def get_key(self, obj: Any, format: PyFormat) -> Any:
        item = _first_item(obj)
        if item is None:
            return self.cls
        return (self.cls, self._tx.get_dumper(item, format).get_key(item, format))

    def upgrade(self, obj: Any, format: PyFormat) -> Dumper:
        if _first_item(obj) is None:
            return self
        dumper = type(self)(self.cls, self._tx)
        dumper.oid = self.oid or self._core.dump(obj, self._tx)[0]
        return dumper


class ListDumper(BaseListDumper):
    delimiter = b","
    _core = _howdah.dumper_core("list_text")


class ListBinaryDumper(BaseListDumper):
    format = Format.BINARY
    _core = _howdah.dumper_core("list_binary")


class ArrayLoader(CoreLoader):
    """An array in text format. `base_oid` says what its elements are, `delimiter` what separates them."""

    base_oid: int
    delimiter = b","

    def load(self, data: Buffer) -> Any:
        core = _howdah.loader_core("array_text", item_oid=self.base_oid, delimiter=self.delimiter.decode())
        return core.load(data, self._tx)


class ArrayBinaryLoader(CoreLoader):
    """An array in binary format, which says itself what its elements are."""

    format = Format.BINARY
    _core = _howdah.loader_core("array_binary")


def register_array(info: TypeInfo, context: AdaptContext | None = None) -> None:
    """Have arrays of a type loaded as lists, and lists dumped where its array type is asked for (psycopg 3).

    Raises ValueError for a type that has no array.
    """
    if not info.array_oid:
        raise ValueError(f"the type info {info} doesn't describe an array")
    adapters = context.adapters if context else _default_adapters()
    adapters.register_loader(info.array_oid, _text_loader(info.name, info.oid, info.delimiter))
    adapters.register_loader(info.array_oid, ArrayBinaryLoader)
    for base in (ListDumper, ListBinaryDumper):
        adapters.register_dumper(None, _dumper(base, info.name, info.oid, info.array_oid, info.delimiter))


def register_default_adapters(context: AdaptContext) -> None:
    context.adapters.register_dumper(list, ListBinaryDumper)
    context.adapters.register_dumper(list, ListDumper)


def loader_of(item_oid: int, format: int) -> type[Loader]:
    """The loader of arrays of a built-in type."""
    if format == Format.BINARY:
        return ArrayBinaryLoader
    box_oid = 603
    return _text_loader(str(item_oid), item_oid, ";" if item_oid == box_oid else ",")


@cache
def _text_loader(name: str, item_oid: int, delimiter: str) -> type[ArrayLoader]:
    core = _howdah.loader_core("array_text", item_oid=item_oid, delimiter=delimiter)
    return type(
        f"{name.title()}{ArrayLoader.__name__}",
        (ArrayLoader,),
        {"base_oid": item_oid, "delimiter": delimiter.encode(), "_core": core},
    )


@cache
def _dumper(base: type[BaseListDumper], name: str, item_oid: int, oid: int, delimiter: str) -> type[BaseListDumper]:
    attributes: dict[str, Any] = {"element_oid": item_oid, "oid": oid}
    if base is ListDumper:
        attributes["delimiter"] = delimiter.encode()
    return type(f"{name.title()}{base.__name__}", (base,), attributes)


def _first_item(items: list[Any]) -> Any:
    """The first element of a nested list that is not None, or None."""
    return next((item for item in _flatten(items) if item is not None), None)


def _flatten(items: list[Any]) -> Iterator[Any]:
    left = [iter(items)]
    while left:
        for item in left[-1]:
            if isinstance(item, list):
                left.append(iter(item))
                break
            yield item
        else:
            left.pop()


def _default_adapters() -> Any:
    from ..postgres import adapters

    return adapters
