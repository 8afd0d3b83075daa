"""hstore, PostgreSQL's extension for pairs of strings, as dict (psycopg 3, "Hstore adaptation").

register_hstore(TypeInfo.fetch(connection, "hstore"), connection)
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

from .. import _howdah, postgres
from .._typeinfo import TypeInfo
from ..abc import AdaptContext
from ..adapt import CoreDumper, CoreLoader
from ..pq import Format

Hstore: TypeAlias = dict[str, str | None]


class BaseHstoreDumper(CoreDumper):
    """A dict of str or None by str. Raises `DataError` for another key or value."""

    _core = _howdah.dumper_core("hstore_text")


class BaseHstoreBinaryDumper(CoreDumper):
    """The same in binary."""

    format = Format.BINARY
    _core = _howdah.dumper_core("hstore_binary")


class HstoreLoader(CoreLoader):
    _core = _howdah.loader_core("hstore_text")


class HstoreBinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("hstore_binary")


def register_hstore(info: TypeInfo, context: AdaptContext | None = None) -> None:
    """Have hstore loaded as dict, and dict dumped as hstore.

    `info`: what `TypeInfo.fetch` says of the type, whose oid is another one in each database. `context`: the
    connection, cursor or map that it holds for; None: connections to come. Raises TypeError where the server has no
    such type, and `info` is None.
    """
    if not info:
        raise TypeError("no info passed. Is the 'hstore' extension loaded?")
    info.register(context)
    adapters = context.adapters if context else postgres.adapters
    adapters.register_dumper(dict, _make_hstore_dumper(info.oid))
    adapters.register_dumper(dict, _make_hstore_binary_dumper(info.oid))
    adapters.register_loader(info.oid, HstoreLoader)
    adapters.register_loader(info.oid, HstoreBinaryLoader)


# Kept, so that registering a type anew makes no new classes.


@cache
def _make_hstore_dumper(oid: int) -> type[BaseHstoreDumper]:
    core = _howdah.dumper_core("hstore_text", oid)
    return type("HstoreDumper", (BaseHstoreDumper,), {"oid": oid, "_core": core})


@cache
def _make_hstore_binary_dumper(oid: int) -> type[BaseHstoreBinaryDumper]:
    core = _howdah.dumper_core("hstore_binary", oid)
    return type("HstoreBinaryDumper", (BaseHstoreBinaryDumper,), {"oid": oid, "_core": core})
