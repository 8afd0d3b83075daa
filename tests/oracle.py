"""psycopg's adapters as the oracle of ours: the same bytes in, the same object out, and the other way round."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings

from howdah import _howdah, errors

psycopg = pytest.importorskip("psycopg")

TEXT, BINARY = 0, 1

psycopg_in_c = pytest.mark.skipif(psycopg.pq.__impl__ == "python", reason="psycopg without C answers otherwise")

# The machine that runs the tests has other work too.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


class Settings:
    """What a server would report, as keyword arguments of ours and as a connection of psycopg's."""

    def __init__(
        self,
        timezone: str | None = None,
        date_style: str = "ISO, MDY",
        interval_style: str = "postgres",
    ) -> None:
        self.ours = {"timezone": timezone, "date_style": date_style, "interval_style": interval_style}
        reported = {b"TimeZone": timezone, b"DateStyle": date_style, b"IntervalStyle": interval_style}
        self.context = SimpleNamespace(
            adapters=psycopg.adapters,
            connection=SimpleNamespace(
                pgconn=SimpleNamespace(
                    parameter_status=lambda name: None if reported[name] is None else reported[name].encode()
                )
            ),
        )


def outcome(function: Any, *args: Any, **kwargs: Any) -> Any:
    """What a call returns, with its type and all that repr() tells (fold and zone of a datetime), or how it fails."""
    try:
        value = function(*args, **kwargs)
    except (errors.Error, psycopg.Error) as ex:
        return type(ex).__name__
    except NotImplementedError:
        return "NotImplementedError"
    return type(value), repr(value)


def check_load(oid: int, format: int, data: bytes) -> None:
    """Under the settings of a connection that has reported none."""
    theirs = psycopg.adapt.Transformer().get_loader(oid, psycopg.pq.Format(format)).load
    assert outcome(_howdah.load, oid, format, data) == outcome(theirs, data)


def check_load_alike(oid: int, format: int, data: bytes) -> None:
    """The same for classes that are ours and psycopg's under the same name."""
    theirs = psycopg.adapt.Transformer().get_loader(oid, psycopg.pq.Format(format)).load
    mine, other = outcome(_howdah.load, oid, format, data), outcome(theirs, data)
    assert (mine if isinstance(mine, str) else mine[1]) == (other if isinstance(other, str) else other[1])


def check_datetime_load(loader: str, oid: int, format: int, data: bytes, settings: Settings) -> None:
    """By the class of this name in psycopg.types.datetime: its C twins want a real connection."""
    theirs = getattr(importlib.import_module("psycopg.types.datetime"), loader)(oid, settings.context).load
    assert outcome(_howdah.load, oid, format, data, **settings.ours) == outcome(theirs, data)


def their_dump(obj: Any, format: str) -> tuple[int, int, bytes]:
    dumper = psycopg.adapt.Transformer().get_dumper(obj, psycopg.adapt.PyFormat(format))
    data = dumper.dump(obj)
    return dumper.oid, int(dumper.format), bytes(data)


def check_dump(obj: Any) -> None:
    """In the three formats of a placeholder."""
    for format in "stb":
        assert outcome(_howdah.dump, obj, format) == outcome(their_dump, obj, format), f"%{format}"
