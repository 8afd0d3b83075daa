"""Wrappers that send a Python object as PostgreSQL's json or jsonb (psycopg 3, "JSON adaptation").

    cursor.execute("insert into events (data) values (%s)", [Jsonb({"kind": "click"})])

Values of both types load with `json.loads` without a wrapper.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .. import _howdah
from .._enums import PyFormat
from ..abc import AdaptContext
from ..adapt import CoreDumper, CoreLoader
from ..pq import Format

__all__ = ["Json", "Jsonb", "set_json_dumps", "set_json_loads"]

JsonDumpsFunction: TypeAlias = Callable[[Any], str | bytes]
JsonLoadsFunction: TypeAlias = Callable[[str | bytes], Any]

SHOWN = 40  # characters of the object that repr() shows
JSON_OID, JSONB_OID = 114, 3802


class _JsonWrapper:
    """An object, and the function that serialises it where it is not `json.dumps`."""

    __slots__ = ("dumps", "obj")

    def __init__(self, obj: Any, dumps: JsonDumpsFunction | None = None):
        self.obj = obj
        self.dumps = dumps

    def __repr__(self) -> str:
        shown = repr(self.obj)
        if len(shown) > SHOWN:
            shown = f"{shown[:35]} ... ({len(shown)} chars)"
        return f"{type(self).__name__}({shown})"


class Json(_JsonWrapper):
    """An object to send as json. What `dumps` raises, as a TypeError for what has no JSON, reaches the caller."""

    __slots__ = ()


class Jsonb(_JsonWrapper):
    """An object to send as jsonb. What `dumps` raises, as a TypeError for what has no JSON, reaches the caller."""

    __slots__ = ()


_howdah.register_json(_JsonWrapper)


def set_json_dumps(dumps: JsonDumpsFunction, context: AdaptContext | None = None) -> None:
    """Serialise objects in Json and Jsonb by this function instead of json.dumps, where they don't bring their own.

    `context`: the connection, cursor or map that it holds for; None: everywhere else. Source: psycopg 3.
    """
    if context is None:
        _howdah.set_json_functions(dumps=dumps)
        return
    adapters = context.adapters
    for wrapper in (Json, Jsonb):
        for format in (PyFormat.BINARY, PyFormat.TEXT):
            base = adapters.get_dumper(wrapper, format)
            if issubclass(base, _JsonDumper):
                adapters.register_dumper(wrapper, _customised(base, _howdah.dumper_core, dumps, _dumpers_cache))


def set_json_loads(loads: JsonLoadsFunction, context: AdaptContext | None = None) -> None:
    """Load json and jsonb by this function, called with the bytes, instead of json.loads.

    `context`: the connection, cursor or map that it holds for; None: everywhere else. Source: psycopg 3.
    """
    if context is None:
        _howdah.set_json_functions(loads=loads)
        return
    for oid, bases in ((JSON_OID, (JsonLoader, JsonBinaryLoader)), (JSONB_OID, (JsonbLoader, JsonbBinaryLoader))):
        for base in bases:
            context.adapters.register_loader(oid, _customised(base, _howdah.loader_core, loads, _loaders_cache))


# Connections that are set up alike share classes, and with them what is cached for a class.
_dumpers_cache: dict[Any, type[Any]] = {}
_loaders_cache: dict[Any, type[Any]] = {}


def _customised(
    base: type[Any], core: Callable[..., Any], function: Callable[..., Any], known: dict[Any, Any]
) -> Any:
    """A class as `base`, whose C function calls this one; functions of the same code without a closure share it."""
    code = getattr(function, "__code__", function)
    key = None if getattr(function, "__closure__", None) else (base, code)
    cls = known.get(key)
    if cls is None:
        cls = type(f"Custom{base.__name__}", (base,), {"_core": core(base._name, data=function)})
        if key is not None:
            known[key] = cls
    return cls


class _JsonDumper(CoreDumper):
    _name: str  # of its C function


class JsonDumper(_JsonDumper):
    oid = JSON_OID
    _name = "json_text"
    _core = _howdah.dumper_core(_name)


class JsonBinaryDumper(_JsonDumper):
    format = Format.BINARY
    oid = JSON_OID
    _name = "json_binary"
    _core = _howdah.dumper_core(_name)


class JsonbDumper(_JsonDumper):
    oid = JSONB_OID
    _name = "jsonb_text"
    _core = _howdah.dumper_core(_name)


class JsonbBinaryDumper(_JsonDumper):
    format = Format.BINARY
    oid = JSONB_OID
    _name = "jsonb_binary"
    _core = _howdah.dumper_core(_name)


class JsonLoader(CoreLoader):
    _name = "json"
    _core = _howdah.loader_core(_name)


class JsonBinaryLoader(CoreLoader):
    format = Format.BINARY
    _name = "json"
    _core = _howdah.loader_core(_name)


class JsonbLoader(CoreLoader):
    _name = "json"
    _core = _howdah.loader_core(_name)


class JsonbBinaryLoader(CoreLoader):
    format = Format.BINARY
    _name = "jsonb_binary"
    _core = _howdah.loader_core(_name)


def register_default_adapters(context: AdaptContext) -> None:
    adapters = context.adapters
    adapters.register_dumper(Json, JsonBinaryDumper)
    adapters.register_dumper(Json, JsonDumper)
    adapters.register_dumper(Jsonb, JsonbBinaryDumper)
    adapters.register_dumper(Jsonb, JsonbDumper)
    adapters.register_loader("json", JsonLoader)
    adapters.register_loader("json", JsonBinaryLoader)
    adapters.register_loader("jsonb", JsonbLoader)
    adapters.register_loader("jsonb", JsonbBinaryLoader)
