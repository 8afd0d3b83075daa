"""Adapters of composite types and of anonymous records (PostgreSQL documentation, 8.16; psycopg 3, "Composite types
casting").

    info = CompositeInfo.fetch(conn, "card")
    register_composite(info, conn)
    conn.execute("select card from deck limit 1").fetchone()[0]      # card(value=8, suit='hearts')
"""

from __future__ import annotations

import re
import struct
from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from .. import _howdah
from .._enums import PyFormat
from .._log import logger
from .._typeinfo import TypeInfo
from ..abc import AdaptContext, Buffer
from ..adapt import CoreLoader, RecursiveDumper, Transformer, quoting_encoding
from ..errors import DataError
from ..pq import Format
from ..rows import _identifier

if TYPE_CHECKING:
    from .._connection_base import BaseConnection

ObjectMaker: TypeAlias = "Callable[[Sequence[Any], CompositeInfo], Any]"
SequenceMaker: TypeAlias = "Callable[[Any, CompositeInfo], Sequence[Any]]"


class CompositeInfo(TypeInfo):
    """A composite type: the row type of a table, or one made by CREATE TYPE ... AS.

    field_types are oids. python_type is what `register_composite()` has its values loaded as, None before that.
    """

    __module__ = "howdah.types.composite"

    def __init__(
        self,
        name: str,
        oid: int,
        array_oid: int,
        *,
        regtype: str = "",
        field_names: Sequence[str],
        field_types: Sequence[int],
    ):
        super().__init__(name, oid, array_oid, regtype=regtype)
        self.field_names = tuple(field_names)
        self.field_types = tuple(field_types)
        self.python_type: type | None = None

    def _changed(self) -> None:
        """A value has other fields than these; what is done about it."""

    @classmethod
    def _get_info_query(cls, conn: BaseConnection[Any]) -> str:
        fields = "from pg_catalog.pg_attribute where attrelid = typrelid and attnum > 0 and not attisdropped"
        return f"""
            select typname as name, oid, typarray as array_oid, oid::regtype::text as regtype,
                array(select attname::text {fields} order by attnum) as field_names,
                array(select atttypid {fields} order by attnum) as field_types
            from pg_catalog.pg_type
            where oid = {cls._to_regtype(conn)} and typtype = 'c'
        """


def register_composite(
    info: CompositeInfo | None,
    context: AdaptContext | None = None,
    factory: Callable[..., Any] | None = None,
    *,
    make_object: ObjectMaker | None = None,
    make_sequence: SequenceMaker | None = None,
) -> None:
    """Have values of a composite type loaded as Python objects, and these dumped, in a context or in new connections.

    factory: called with the values of the fields, in order. Without it the objects are named tuples, of a class made
    for the type. If it is a class, its instances are dumped as the composite type.
    make_object(values, info): called in place of the factory.
    make_sequence(obj, info): gives the values of the fields; without it an object must be a sequence of them.

    Fields that are composite themselves need a registration of their own. Raises TypeError where `fetch()` found no
    type, `DataError` where the fields have names that a named tuple can't have.
    """
    if info is None:
        raise TypeError("no info passed: is there such a composite type?")
    info.register(context)
    made_by: Any = factory or _namedtuple_class(info.name, info.field_names)
    adapters = context.adapters if context else _default_adapters()
    for base in (_CompositeLoader, _CompositeBinaryLoader):
        adapters.register_loader(info.oid, _loader(base, info, made_by, make_object))
    if not isinstance(made_by, type):
        return
    info.python_type = made_by
    if make_sequence is None and not issubclass(made_by, Sequence):
        make_sequence = _not_a_sequence
        logger.warning(
            "%r is not a sequence, and register_composite() got no make_sequence: its objects can't be dumped",
            made_by.__name__,
        )
    for dumper in (_SequenceBinaryDumper, _SequenceDumper):
        adapters.register_dumper(made_by, _dumper(dumper, info, made_by, make_sequence or _as_it_is))


# ---- dumping


class TupleDumper(RecursiveDumper):
    """A tuple as a record in text format, whose fields the server takes as its place there demands."""

    def dump(self, obj: tuple[Any, ...]) -> Buffer | None:
        return _dump_text(obj, self._tx)


class _SequenceDumper(RecursiveDumper):
    info: CompositeInfo
    make_sequence: SequenceMaker

    def dump(self, obj: Any) -> Buffer | None:
        return _dump_text(self.make_sequence(obj, self.info), self._tx)


class _SequenceBinaryDumper(RecursiveDumper):
    format = Format.BINARY
    info: CompositeInfo
    make_sequence: SequenceMaker

    def dump(self, obj: Any) -> Buffer | None:
        items, types = self.make_sequence(obj, self.info), self.info.field_types
        if len(items) != len(types):
            raise DataError(f"the type {self.info.name!r} has {len(types)} fields, and the object {len(items)}")
        dumped = bytearray(struct.pack("!i", len(types)))
        for oid, item in zip(types, items, strict=True):
            data = None if item is None else self._tx.get_dumper_by_oid(oid, Format.BINARY).dump(item)
            dumped += struct.pack("!Ii", oid, -1 if data is None else len(data))
            dumped += data or b""
        return dumped


def _dump_text(items: Sequence[Any], tx: Transformer) -> bytes:
    return b"(" + b",".join([_field(item, tx) for item in items]) + b")"


_UNSAFE = re.compile(r'[\s(),"\\]', re.ASCII)
_DOUBLED = re.compile(r'["\\]')


def _field(item: Any, tx: Transformer) -> Buffer:
    """As record_in() reads it back: nothing for NULL, quotes around what could be misread."""
    data = None if item is None else tx.get_dumper(item, PyFormat.TEXT).dump(item)
    if data is None:
        return b""
    encoding = quoting_encoding(tx.encoding)
    text = bytes(data).decode(encoding)
    if text and not _UNSAFE.search(text):
        return data
    return ('"' + _DOUBLED.sub(r"\g<0>\g<0>", text) + '"').encode(encoding)


def _as_it_is(obj: Any, info: CompositeInfo) -> Sequence[Any]:
    items: Sequence[Any] = obj
    return items


def _not_a_sequence(obj: Any, info: CompositeInfo) -> Sequence[Any]:
    raise TypeError(
        f"can't dump objects of type {type(obj).__name__!r}: no make_sequence was given to register_composite()"
    )


# ---- loading


class RecordLoader(CoreLoader):
    """A record in text format, which doesn't say what its fields are: a tuple of str and None."""

    _core = _howdah.loader_core("record_text")


class RecordBinaryLoader(CoreLoader):
    """A record in binary format, as a tuple: each field by the loader of its type."""

    format = Format.BINARY
    _core = _howdah.loader_core("record_binary")


class _CompositeLoader(CoreLoader):
    _core_name: ClassVar = "composite_text"
    info: CompositeInfo


class _CompositeBinaryLoader(_CompositeLoader):
    format = Format.BINARY
    _core_name = "composite_binary"


# ---- the classes for a type: registering it anew gives the same, which the caches of adapters go by


@lru_cache(512)
def _namedtuple_class(name: str, field_names: tuple[str, ...]) -> type[Any]:
    try:
        return namedtuple(_identifier(name), [_identifier(field) for field in field_names])
    except ValueError as error:
        raise DataError(f"can't make a namedtuple of the composite type {name!r}: {error}") from None


@lru_cache(512)
def _loader(
    base: type[_CompositeLoader], info: CompositeInfo, factory: Callable[..., Any], make_object: ObjectMaker | None
) -> type[_CompositeLoader]:
    made = (make_object, info) if make_object else (factory, None)
    core = _howdah.loader_core(base._core_name, data=(info.field_types, *made))
    name = base.__name__.replace("_Composite", info.name.title())
    return type(name, (base,), {"info": info, "_core": core})


@lru_cache(512)
def _dumper(
    base: type[RecursiveDumper], info: CompositeInfo, cls: type, make_sequence: SequenceMaker
) -> type[RecursiveDumper]:
    name = base.__name__.replace("_Sequence", cls.__name__)
    return type(name, (base,), {"oid": info.oid, "info": info, "make_sequence": staticmethod(make_sequence)})


def register_default_adapters(context: AdaptContext) -> None:
    adapters = context.adapters
    adapters.register_dumper(tuple, TupleDumper)
    adapters.register_loader("record", RecordLoader)
    adapters.register_loader("record", RecordBinaryLoader)


def _default_adapters() -> Any:
    from ..postgres import adapters

    return adapters
