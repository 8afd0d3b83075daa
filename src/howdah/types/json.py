"""Wrappers that send a Python object as PostgreSQL's json or jsonb (psycopg 3, "JSON adaptation").

    cursor.execute("insert into events (data) values (%s)", [Jsonb({"kind": "click"})])

Values of both types load with `json.loads` without a wrapper.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .. import _howdah

__all__ = ["Json", "Jsonb"]

JsonDumpsFunction: TypeAlias = Callable[[Any], str | bytes]

SHOWN = 40  # characters of the object that repr() shows


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


_howdah.register_json(Json, Jsonb)
