"""Adapters of lists: PostgreSQL's arrays."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from functools import cache
from typing import Any

from .. import _howdah
from .._enums import PyFormat
from .._typeinfo import TypeInfo
from ..abc import AdaptContext, Buffer, DumpFunc
from ..adapt import CoreDumper, CoreLoader, Dumper, Loader, quoting_encoding
from ..errors import DataError
from ..pq import Format

MAX_DIMS = 6  # the server's
TOO_DEEP = f"cannot dump a list that is recursive or nested more than {MAX_DIMS} deep"


class BaseListDumper(CoreDumper):
    """A list. Its type follows from its elements, of which all must be sent as the same type.

    A class made for one type of arrays has the type of the elements in `element_oid`, and sends them all as that.
    """

    element_oid = 0
    sub_dumper: Dumper | None = None  # of the elements, once upgrade() has seen some

    def get_key(self, obj: Any, format: PyFormat) -> Any:
        item = None if self.element_oid else _first_item(obj)
        if item is None:
            return self.cls
        return (self.cls, self._tx.get_dumper(item, format).get_key(item, format))

    def upgrade(self, obj: Any, format: PyFormat) -> Dumper:
        if self.element_oid or _first_item(obj) is None:
            return self
        dumper = type(self)(self.cls, self._tx)
        dumper.sub_dumper = self._tx.get_dumper(_first_item(obj), format)
        dumper.oid = self.oid or self._core.dump(obj, self._tx)[0]
        return dumper

    def dump(self, obj: Any) -> Buffer | None:
        if not self.element_oid:
            return super().dump(obj)
        return self._dump_items(obj, self._tx.get_dumper_by_oid(self.element_oid, self.format).dump)

    def _dump_items(self, items: list[Any], dump: DumpFunc) -> Buffer:
        """An array of `element_oid`; `dump` gives the bytes of an element."""
        raise NotImplementedError


class ListDumper(BaseListDumper):
    delimiter = b","
    _core = _howdah.dumper_core("list_text")

    def _dump_items(self, items: list[Any], dump: DumpFunc, depth: int = 1) -> Buffer:
        if depth > MAX_DIMS:
            raise DataError(TOO_DEEP)
        encoding = quoting_encoding(self._tx.encoding)
        parts = [
            self._dump_items(item, dump, depth + 1)
            if isinstance(item, list)
            else _quoted(None if item is None else dump(item), encoding)
            for item in items
        ]
        return b"{" + self.delimiter.join(parts) + b"}"


class ListBinaryDumper(BaseListDumper):
    format = Format.BINARY
    _core = _howdah.dumper_core("list_binary")

    def _dump_items(self, items: list[Any], dump: DumpFunc) -> Buffer:
        dims = [len(items)] if items else []
        while any(isinstance(item, list) for item in items):
            if not all(isinstance(item, list) for item in items):
                raise DataError("nested lists have inconsistent depths")
            dims.append(len(items[0]))
            if any(len(item) != dims[-1] for item in items):
                raise DataError("nested lists have inconsistent lengths")
            if dims[-1] == 0:
                raise DataError("lists cannot contain empty lists")
            if len(dims) > MAX_DIMS:
                raise DataError(TOO_DEEP)
            items = [item for inner in items for item in inner]
        elements = [None if item is None else dump(item) for item in items]
        dumped = bytearray(struct.pack("!iiI", len(dims), None in elements, self.element_oid))
        for n in dims:
            dumped += struct.pack("!ii", n, 1)
        for data in elements:
            dumped += struct.pack("!i", -1 if data is None else len(data)) + (data or b"")
        return bytes(dumped)


_SAFE = re.compile(r"[\w.:+-]+", re.ASCII)
_ESCAPED = re.compile(r'["\\]')


def _quoted(data: Buffer | None, encoding: str) -> Buffer:
    """An element as array_in() reads it back."""
    if data is None:
        return b"NULL"
    text = bytes(data).decode(encoding)
    if _SAFE.fullmatch(text) and text.upper() != "NULL":
        return data
    return ('"' + _ESCAPED.sub(r"\\\g<0>", text) + '"').encode(encoding)


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
    return _text_loader(str(item_oid), item_oid, _delimiter_of(item_oid))


def dumper_of(name: str, item_oid: int, oid: int, format: int) -> type[Dumper]:
    """The dumper to arrays of a built-in type."""
    base = ListBinaryDumper if format == Format.BINARY else ListDumper
    return _dumper(base, name, item_oid, oid, _delimiter_of(item_oid))


def _delimiter_of(item_oid: int) -> str:
    box_oid = 603
    return ";" if item_oid == box_oid else ","


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
                if len(left) == MAX_DIMS:
                    raise DataError(TOO_DEEP)
                left.append(iter(item))
                break
            yield item
        else:
            left.pop()


def _default_adapters() -> Any:
    from ..postgres import adapters

    return adapters
