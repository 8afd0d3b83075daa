"""Enums of the server as enums of Python (psycopg 3, "Enum adaptation").

    class Mood(Enum):
        OK = 1
        SAD = 2

    register_enum(EnumInfo.fetch(connection, "mood"), connection, Mood, mapping={Mood.OK: "ok", Mood.SAD: "sad"})

The members of an enum that was not registered are sent by their names; its values arrive as str.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from .. import _howdah, postgres
from .._typeinfo import TypeInfo
from ..abc import AdaptContext, Buffer
from ..adapt import CoreDumper, CoreLoader
from ..pq import Format

if TYPE_CHECKING:
    from .._connection_base import BaseConnection

E = TypeVar("E", bound=Enum)

EnumMapping: TypeAlias = Mapping[E, str] | Sequence[tuple[E, str]] | None

# A label in the encoding of the client, and a member of the enum.
_Pairs: TypeAlias = tuple[tuple[bytes, Enum], ...]


class EnumInfo(TypeInfo):
    """An enum of a server. `labels` are in its order; `enum` is what `register_enum` registered, or made, for it."""

    __module__ = "howdah.types.enum"

    def __init__(self, name: str, oid: int, array_oid: int, labels: Sequence[str], *, regtype: str = ""):
        super().__init__(name, oid, array_oid, regtype=regtype)
        self.labels = labels
        self.enum: type[Enum] | None = None

    @classmethod
    def _get_info_query(cls, conn: BaseConnection[Any]) -> str:
        return f"""
            select typname as name, oid, typarray as array_oid, oid::regtype::text as regtype, array(
                select enumlabel::text from pg_catalog.pg_enum where enumtypid = t.oid order by enumsortorder
            ) as labels
            from pg_catalog.pg_type t
            where oid = {cls._to_regtype(conn)} and typtype = 'e'
        """


class EnumDumper(CoreDumper):
    """A member of any enum, as its name. Which type it is for, the server infers."""

    _core = _howdah.dumper_core("enum_text")

    def dump(self, value: Any) -> Buffer | None:
        return super().dump(value)


class EnumBinaryDumper(EnumDumper):
    format = Format.BINARY
    _core = _howdah.dumper_core("enum_binary")


class _EnumLoader(CoreLoader):
    """Of one enum. Raises `DataError` for a label that no member stands for."""

    enum: type[Enum]


def register_enum(
    info: EnumInfo,
    context: AdaptContext | None = None,
    enum: type[E] | None = None,
    *,
    mapping: EnumMapping[E] = None,
) -> None:
    """Have values of a server's enum loaded as members of an enum, and these dumped as its values.

    `context`: the connection, cursor or map that it holds for; None: connections to come. `enum`: None makes one of
    the labels, found in `info.enum`. A member stands for the label that is its name, unless `mapping` gives it
    another one; members and labels without a counterpart are no error before one of them is met. Where a member or a
    label is mapped several times, the last one counts.

    Raises TypeError where the server has no such enum, and `info` is None.
    """
    if not info:
        raise TypeError("no info passed. Is the requested enum available?")
    info.enum = made = enum or _make_enum(info.name, tuple(info.labels))
    info.register(context)
    adapters = context.adapters if context else postgres.adapters
    encoding = _encoding_of(context)
    mapped = _pairs_of(mapping, encoding)
    same_name = [(label.encode(encoding), made[label]) for label in info.labels if label in made.__members__]
    for format in (Format.TEXT, Format.BINARY):
        adapters.register_loader(info.oid, _loader(info.name, made, (*same_name, *mapped), format))
    own_name = [(member.name.encode(encoding), member) for member in made]
    for format in (Format.TEXT, Format.BINARY):
        adapters.register_dumper(made, _dumper(made, info.oid, (*own_name, *mapped), format))


def register_default_adapters(context: AdaptContext) -> None:
    context.adapters.register_dumper(Enum, EnumBinaryDumper)
    context.adapters.register_dumper(Enum, EnumDumper)


# Kept, so that every connection on which an enum is registered has the same classes.


@cache
def _make_enum(name: str, labels: tuple[str, ...]) -> type[Enum]:
    made: type[Enum] = Enum(name.title(), labels, module=__name__)  # type: ignore[misc]
    return made


@cache
def _loader(name: str, enum: type[Enum], pairs: _Pairs, format: Format) -> type[_EnumLoader]:
    kind, core = ("BinaryLoader", "enum_binary") if format == Format.BINARY else ("Loader", "enum_text")
    # None: the class, for the text of errors
    data: dict[bytes | None, Any] = {None: enum, **dict(pairs)}
    attributes = {"enum": enum, "format": format, "_core": _howdah.loader_core(core, data=data)}
    return type(f"{name.title()}{kind}", (_EnumLoader,), attributes)


@cache
def _dumper(enum: type[Enum], oid: int, pairs: _Pairs, format: Format) -> type[EnumDumper]:
    kind, core = ("BinaryDumper", "enum_binary") if format == Format.BINARY else ("Dumper", "enum_text")
    labels = {member: label for label, member in pairs}
    attributes = {"enum": enum, "oid": oid, "format": format, "_core": _howdah.dumper_core(core, oid, data=labels)}
    return type(f"{enum.__name__}{kind}", (EnumDumper,), attributes)


def _pairs_of(mapping: EnumMapping[Any], encoding: str) -> _Pairs:
    pairs = mapping.items() if isinstance(mapping, Mapping) else mapping or ()
    return tuple((label.encode(encoding), member) for member, label in pairs)


def _encoding_of(context: AdaptContext | None) -> str:
    """Of labels. Where no encoding is known (SQL_ASCII), UTF-8 is what the bytes mostly are."""
    encoding = context.connection._encoding() if context and context.connection else "utf-8"
    return "utf-8" if encoding == "ascii" else encoding
