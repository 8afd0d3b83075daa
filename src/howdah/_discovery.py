"""Types that did not come with PostgreSQL, learned from the server's catalogue when a result has one.

Enums arrive as str, composites as named tuples, domains as their base type, ranges and multiranges as Range and
Multirange, and arrays of them as lists. What a server has told is kept for every connection to it.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterable
from typing import Any, NamedTuple, TypeAlias

from . import errors
from ._adapters_map import AdaptersMap
from ._typeinfo import TypeInfo
from .abc import AdaptContext
from .adapt import Loader
from .pq import Format
from .types.composite import CompositeInfo, register_composite
from .types.hstore import register_hstore
from .types.multirange import MultirangeInfo, register_multirange
from .types.range import RangeInfo, register_range
from .types.string import TextBinaryLoader, TextLoader

Question: TypeAlias = tuple[str, list[Any]]

# A server that was set up anew counts its oids from the same number; its start tells it from the one before.
IDENTITY = """
    select d.oid, pg_catalog.pg_postmaster_start_time()::text
    from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()
"""

# The types asked for, and those that they are made of (PostgreSQL documentation, 51.64 "pg_type").
CATALOGUE = """
    with recursive needed(oid) as (
        select pg_catalog.unnest(%s::oid[])
        union
        select part.oid
        from needed
        join pg_catalog.pg_type t on t.oid = needed.oid
        cross join lateral (
            select t.typelem where t.typcategory = 'A'
            union all select t.typbasetype
            union all select r.rngsubtype from pg_catalog.pg_range r where r.rngtypid = t.oid {of_multirange}
            union all select a.atttypid from pg_catalog.pg_attribute a
                where a.attrelid = t.typrelid and t.typtype = 'c' and a.attnum > 0 and not a.attisdropped
        ) part(oid)
        where part.oid <> 0
    )
    select t.oid, t.typname, t.oid::regtype::text, t.typtype::text, t.typarray, t.typdelim::text, t.typbasetype,
        {range_of}, coalesce(r.rngsubtype, 0),
        array(select a.attname from pg_catalog.pg_attribute a
            where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped order by a.attnum),
        array(select a.atttypid from pg_catalog.pg_attribute a
            where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped order by a.attnum)
    from needed
    join pg_catalog.pg_type t on t.oid = needed.oid
    left join pg_catalog.pg_range r on {range_join}
    where t.typcategory <> 'A'
"""
MULTIRANGES = {
    "of_multirange": "union all select r.rngtypid from pg_catalog.pg_range r where r.rngmultitypid = t.oid",
    "range_of": "coalesce(r.rngtypid, 0)",
    "range_join": "t.oid in (r.rngtypid, r.rngmultitypid)",
}
NO_MULTIRANGES = {"of_multirange": "", "range_of": "0", "range_join": "t.oid = r.rngtypid"}
FIRST_WITH_MULTIRANGES = 140000


class Found(NamedTuple):
    """A type as the catalogue describes it; oids are 0 where there is none."""

    oid: int
    name: str
    regtype: str
    kind: str  # pg_type.typtype
    array_oid: int
    delimiter: str
    base_oid: int
    range_oid: int  # of a range itself, and of a multirange
    subtype_oid: int
    field_names: list[str]
    field_types: list[int]


class ServerTypes:
    """What one database has told; shared by the connections to it."""

    def __init__(self) -> None:
        self.types: dict[int, Found | None] = {}
        self.generation = 0  # counts how often it was forgotten

    def forget(self) -> None:
        """Types have changed: whoever meets one next asks again."""
        self.types = {}
        self.generation += 1


_servers: dict[tuple[Any, ...], ServerTypes] = {}


class Discovery:
    """What one connection has registered of its server's types."""

    def __init__(self, conn: Any):
        info = conn.info
        self._address = (info.host, info.hostaddr, info.port, info.dbname)
        self._query = CATALOGUE.format(
            **(MULTIRANGES if info.server_version >= FIRST_WITH_MULTIRANGES else NO_MULTIRANGES)
        )
        self._server: ServerTypes | None = None
        self._generation = 0
        self._known: set[int] = set()
        self._registered: dict[tuple[int, Format], type[Loader]] = {}

    def learn(self, cursor: Any) -> Generator[Question, list[tuple[Any, ...]], None]:
        """Register the types of a cursor's results, yielding the queries that it takes; send() their rows."""
        conn = cursor.connection
        if self._server is None:
            (identity,) = yield IDENTITY, []
            self._server = _servers.setdefault((*self._address, *identity), ServerTypes())
        server = self._server
        if conn._types_changed:
            conn._types_changed = False
            server.forget()
        if self._generation != server.generation:
            self._generation = server.generation
            self._known.clear()
        before = conn.adapters._snapshot
        unknown = set(cursor._foreign_types()) - self._known
        if unknown:
            asked = [oid for oid in unknown if oid not in server.types]
            if asked:
                rows = yield self._query, [asked]
                server.types.update(_by_oid(asked, map(Found._make, rows)))
            for oid in unknown:
                self._register(oid, server, conn)
            self._known |= unknown
        if cursor.adapters._snapshot is before:
            cursor.adapters._snapshot = conn.adapters._snapshot
        elif cursor.adapters._snapshot is not conn.adapters._snapshot:
            self._copy_to(cursor.adapters)

    def _register(self, oid: int, server: ServerTypes, context: AdaptContext) -> None:
        """Make a type known in the context, after those that it is made of."""
        found = server.types.get(oid)
        if found is None or found.oid in self._known:
            return
        self._known |= {found.oid, found.array_oid}
        for part in (found.base_oid, found.range_oid, found.subtype_oid, *found.field_types):
            self._register(part, server, context)
        adapters = context.adapters
        if adapters.get_loader(found.oid, Format.TEXT) is not self._registered.get((found.oid, Format.TEXT)):
            return  # the user knows better
        _register(found, context, server)
        for key in itertools.product((found.oid, found.array_oid), Format):
            loader = adapters.get_loader(*key)
            if loader is not None:
                self._registered[key] = loader

    def _copy_to(self, adapters: AdaptersMap) -> None:
        """What was learned for the connection counts for a cursor with adapters of its own, too."""
        for (oid, format), loader in self._registered.items():
            if adapters.get_loader(oid, format) is None:
                adapters.register_loader(oid, loader)


def _by_oid(asked: Iterable[int], found: Iterable[Found]) -> dict[int, Found | None]:
    """An array stands for what it is an array of; what the catalogue doesn't have is None."""
    types: dict[int, Found | None] = dict.fromkeys(asked)
    for type in found:
        types[type.oid] = type
        if type.array_oid:
            types[type.array_oid] = type
    return types


def _register(found: Found, context: AdaptContext, server: ServerTypes) -> None:
    name, oid, array_oid = found.name, found.oid, found.array_oid
    adapters = context.adapters
    if found.kind == "c":
        composite = _Learned(
            name, oid, array_oid, regtype=found.regtype, field_names=found.field_names, field_types=found.field_types
        )
        composite.server = server
        register_composite(composite, context, make_object=_make)
    elif found.kind == "r":
        register_range(RangeInfo(name, oid, array_oid, regtype=found.regtype, subtype_oid=found.subtype_oid), context)
    elif found.kind == "m":
        multirange = MultirangeInfo(
            name, oid, array_oid, regtype=found.regtype, range_oid=found.range_oid, subtype_oid=found.subtype_oid
        )
        register_multirange(multirange, context)
    else:
        info = TypeInfo(name, oid, array_oid, regtype=found.regtype, delimiter=found.delimiter)
        info.register(context)
        if found.kind == "e":
            adapters.register_loader(oid, TextLoader)
            adapters.register_loader(oid, TextBinaryLoader)
        elif found.kind == "d":
            for format in Format:
                base = adapters.get_loader(found.base_oid, format)
                if base is not None:
                    adapters.register_loader(oid, base)
        elif name == "hstore":
            register_hstore(info, context)


class _Learned(CompositeInfo):
    """A composite that is forgotten when a value has other fields."""

    server: ServerTypes

    def _changed(self) -> None:
        self.server.forget()
        raise errors.DataError(f"the type {self.name} has changed on the server; execute the query again")


def _make(values: Any, info: CompositeInfo) -> Any:
    assert info.python_type is not None
    return info.python_type(*values)
