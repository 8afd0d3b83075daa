"""Which class dumps which Python type, and which loads which PostgreSQL type."""

from __future__ import annotations

from _thread import RLock
from collections import namedtuple
from typing import TYPE_CHECKING, Any, Literal

from . import _howdah, errors
from ._enums import PyFormat
from ._typeinfo import TypesRegistry
from .pq import Format

if TYPE_CHECKING:
    from .adapt import Dumper, Loader

ORDER = (PyFormat.AUTO, PyFormat.TEXT, PyFormat.BINARY)


# A new snapshot is made from the one before: nobody else's may come between them.
REGISTERING = RLock()

AS_PSYCOPG = ("error", "error", "timedelta")  # what becomes of values that datetime cannot hold: see configure()


# The part of a snapshot that only Python reads. `built_in`: the Loader classes of what the core loads by itself, with
# keys as in `overlay`; `dumpers_by_oid`: two dictionaries, as pq.Format numbers them.
_Rest = namedtuple("_Rest", ["built_in", "dumpers_by_oid"])


def empty(*, bare: bool) -> _howdah.Adapters:
    """A snapshot with nothing registered; `bare`: not even what the core loads by itself."""
    return _howdah.Adapters(_Rest({}, ({}, {})), AS_PSYCOPG, bare)


class AdaptersMap(_howdah.AdaptersMap):
    """What converts values in one context: for new connections, in one connection, or in one cursor.

    A map made from another starts with what is registered there, and is independent from then on. A registration
    makes a new snapshot of what is registered; plans made with an older one are made anew when they are used next.
    Source: psycopg 3, "Data adaptation configuration".
    """

    __module__ = "howdah.adapt"

    types: TypesRegistry

    def __init__(self, template: AdaptersMap | None = None, types: TypesRegistry | None = None):
        if template is not None:
            self._snapshot = template._snapshot
            self.types = TypesRegistry(template.types)
        else:
            self._snapshot = empty(bare=True)
            self.types = types or TypesRegistry()

    @classmethod
    def _of_snapshot(cls, snapshot: _howdah.Adapters, parent: AdaptersMap) -> AdaptersMap:
        self = cls.__new__(cls)
        self._snapshot = snapshot
        self.types = TypesRegistry(parent.types)
        return self

    @property
    def adapters(self) -> AdaptersMap:
        """The map itself: it serves as a context too."""
        return self

    @property
    def connection(self) -> None:
        """None: a map belongs to no connection."""
        return None

    # ---- registering

    def register_dumper(self, cls: type | str | None, dumper: type[Dumper]) -> None:
        """Have instances of a class dumped by a Dumper class, in its format and where no format is asked for.

        `cls` may be the class's full name, so that it need not be imported; None registers the dumper for its `oid`
        only. Raises TypeError for anything else.
        """
        if not (cls is None or isinstance(cls, str | type)):
            raise TypeError(f"dumpers should be registered on classes, got {cls} instead")
        is_binary = dumper.format == Format.BINARY
        with REGISTERING:
            old = self._snapshot
            dumpers, rest = old.dumpers, old.rest
            if cls is not None:
                auto, text, binary = dumpers
                dumpers = {**auto, cls: dumper}, *_with((text, binary), is_binary, cls, dumper)
            if dumper.oid:
                rest = _Rest(rest.built_in, _with(rest.dumpers_by_oid, is_binary, dumper.oid, dumper))
            self._snapshot = old.replace(dumpers=dumpers, rest=rest)

    def register_loader(self, oid: int | str, loader: type[Loader]) -> None:
        """Have values of a type, given by its oid or its name, loaded by a Loader class, in the loader's format.

        Raises KeyError for a name that is not in `types`, TypeError for what is neither.
        """
        if isinstance(oid, str):
            oid = self.types[oid].oid
        if not isinstance(oid, int):
            raise TypeError(f"loaders should be registered on oid, got {oid} instead")
        key = oid << 1 | (loader.format == Format.BINARY)
        core = loader.__dict__.get("_core")
        with REGISTERING:
            old = self._snapshot
            if old.bare or core is None or not _howdah.is_built_in(oid, loader.format, core):
                self._snapshot = old.replace(overlay={**old.overlay, key: loader})
            else:
                overlay = {known: old.overlay[known] for known in old.overlay if known != key}
                rest = _Rest({**old.rest.built_in, key: loader}, old.rest.dumpers_by_oid)
                self._snapshot = old.replace(overlay=overlay, rest=rest)

    def configure(
        self,
        *,
        infinity: Literal["error", "clamp", "marker"] | None = None,
        out_of_range: Literal["error", "text"] | None = None,
        interval: Literal["timedelta", "exact"] | None = None,
    ) -> None:
        """Say what becomes of values that Python's datetime cannot hold. What is not given stays as it is.

        `infinity`: of dates, timestamps and intervals; "error" raises `DataError`, "clamp" gives `date.max`,
        `datetime.min` and so on, "marker" gives `INFINITY` or `NEGATIVE_INFINITY` of `howdah.types.datetime`.
        `out_of_range`: years before 1 and past 9999, 24:00, intervals beyond timedelta; "error" raises `DataError`,
        "text" gives them as str, as PostgreSQL writes them under DateStyle ISO and IntervalStyle postgres.
        `interval`: "timedelta" counts a month as 30 days and a year as 365, "exact" gives
        `howdah.types.datetime.Interval`.

        The first of each is the default, and psycopg's way. Raises ValueError for another name.
        """
        with REGISTERING:
            old = self._snapshot
            given = (infinity, out_of_range, interval)
            edges = tuple(known if name is None else name for name, known in zip(given, old.edges, strict=True))
            self._snapshot = old.replace(edges=edges)

    # ---- looking up

    def get_dumper(self, cls: type, format: PyFormat) -> type[Dumper]:
        """The Dumper class for instances of a class. Raises `ProgrammingError` where there is none."""
        dumpers = self._snapshot.dumpers[ORDER.index(format)]
        for base in cls.__mro__:
            found: type[Dumper] | None = dumpers.get(base) or dumpers.get(f"{base.__module__}.{base.__qualname__}")
            if found is not None:
                return found
        format = PyFormat(format)
        raise errors.ProgrammingError(
            f"cannot adapt type {cls.__name__!r} using placeholder '%{format.value}' (format: {format.name})"
        )

    def get_dumper_by_oid(self, oid: int, format: Format) -> type[Dumper]:
        """The Dumper class that gives values of a type. Raises `ProgrammingError` where there is none."""
        found: type[Dumper] | None = self._snapshot.rest.dumpers_by_oid[format].get(oid)
        if found is not None:
            return found
        info = self.types.get(oid)
        item_oid = 0 if self._snapshot.bare else _howdah.item_of_array(oid)
        if item_oid:
            from .types.array import dumper_of

            return dumper_of(info.name if info else str(item_oid), item_oid, oid, format)
        named = f"type {info.name} (oid {oid})" if info else f"unknown type with oid {oid}"
        raise errors.ProgrammingError(f"cannot find a dumper for {named} format {Format(format).name}")

    def get_loader(self, oid: int, format: Format) -> type[Loader] | None:
        """The Loader class for a type, or None."""
        snapshot = self._snapshot
        key = oid << 1 | format
        found: type[Loader] | None = snapshot.overlay.get(key) or snapshot.rest.built_in.get(key)
        if found is None and not snapshot.bare:
            item_oid = _howdah.item_of_array(oid)
            if item_oid:
                from .types.array import loader_of

                return loader_of(item_oid, format)
        return found

    # ---- psycopg's private tables, which its users read: copies, and what is assigned replaces them

    @property
    def _dumpers(self) -> dict[PyFormat, dict[type | str, type[Dumper]]]:
        return {format: dict(known) for format, known in zip(ORDER, self._snapshot.dumpers, strict=True)}

    @_dumpers.setter
    def _dumpers(self, dumpers: dict[PyFormat, dict[type | str, type[Dumper]]]) -> None:
        with REGISTERING:
            self._snapshot = self._snapshot.replace(dumpers=tuple(dict(dumpers[format]) for format in ORDER))

    @property
    def _dumpers_by_oid(self) -> list[dict[int, type[Dumper]]]:
        return [dict(known) for known in self._snapshot.rest.dumpers_by_oid]

    @_dumpers_by_oid.setter
    def _dumpers_by_oid(self, dumpers: list[dict[int, type[Dumper]]]) -> None:
        with REGISTERING:
            old = self._snapshot
            self._snapshot = old.replace(rest=_Rest(old.rest.built_in, tuple(map(dict, dumpers))))

    @property
    def _loaders(self) -> list[dict[int, type[Loader]]]:
        snapshot = self._snapshot
        loaders: list[dict[int, type[Loader]]] = [{}, {}]
        for key, loader in {**snapshot.rest.built_in, **snapshot.overlay}.items():
            loaders[key & 1][key >> 1] = loader
        return loaders

    @_loaders.setter
    def _loaders(self, loaders: list[dict[int, type[Loader]]]) -> None:
        with REGISTERING:
            old = self._snapshot
            self._snapshot = old.replace(overlay={}, rest=_Rest({}, old.rest.dumpers_by_oid))
            for known in loaders:
                for oid, loader in known.items():
                    self.register_loader(oid, loader)


def _with(tables: tuple[dict[Any, Any], ...], is_binary: bool, key: Any, value: Any) -> tuple[dict[Any, Any], ...]:
    """The tables for text and for binary, one of them with something more: that is copied, the other is shared."""
    text, binary = tables
    return (text, {**binary, key: value}) if is_binary else ({**text, key: value}, binary)
