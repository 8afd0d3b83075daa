"""Types for annotations (psycopg 3, "psycopg.abc")."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from types import NoneType as NoneType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from ._enums import PyFormat as PyFormat
from ._transformer import Transformer as Transformer
from .conninfo import ConnDict as ConnDict
from .conninfo import ConnMapping as ConnMapping
from .conninfo import ConnParam as ConnParam
from .pq import Format

if TYPE_CHECKING:
    from ._adapters_map import AdaptersMap
    from ._connection_base import BaseConnection
    from .sql import SQL, Composed

    if sys.version_info >= (3, 14):
        pass
    else:
        pass
    from .waiting import Ready, Wait

RV = TypeVar("RV")
if TYPE_CHECKING:
    ConnectionType = TypeVar("ConnectionType", bound=BaseConnection[Any])
else:
    ConnectionType = TypeVar("ConnectionType")

# SQL with %s or %(name)s placeholders.
QueryNoTemplate: TypeAlias = "str | bytes | SQL | Composed"
Query: TypeAlias = "QueryNoTemplate"

# What is bound to them, by position or by name.
Params: TypeAlias = Sequence[Any] | Mapping[str, Any]

# Bytes of a value.
Buffer: TypeAlias = bytes | bytearray | memoryview

# From a value to its bytes, and back.
DumpFunc: TypeAlias = Callable[[Any], "Buffer | None"]
LoadFunc: TypeAlias = Callable[[Buffer], Any]

# What `howdah.waiting` runs: generators of what is waited for, on one descriptor or on those that they name.
PQGen: TypeAlias = Generator["Wait", "Ready | int", RV]
PQGenConn: TypeAlias = Generator[tuple[int, "Wait"], "Ready | int", RV]

# What a pipeline does later.
PipelineCommand: TypeAlias = Callable[[], None]


class WaitFunc(Protocol):
    """Runs a generator that waits (see `howdah.waiting`)."""

    def __call__(self, gen: PQGen[RV], fileno: int, interval: float = ..., timeout: float | None = ...) -> RV: ...


class ReadyFunc(Protocol):
    """Says what a descriptor is ready for."""

    def __call__(self, fileno: int, wait: Wait, /) -> Ready | int: ...


class AdaptContext(Protocol):
    """Where values are adapted: a connection, a cursor, a Transformer, or an AdaptersMap."""

    @property
    def adapters(self) -> AdaptersMap:
        """What is registered there."""

    @property
    def connection(self) -> BaseConnection[Any] | None:
        """The connection whose settings count, if any."""


# What `Dumper.get_key` gives.
DumperKey: TypeAlias = Any


class Dumper(Protocol):
    """What dumps Python objects (see `howdah.adapt.Dumper`)."""

    format: Format
    oid: int

    def __init__(self, cls: type, context: AdaptContext | None = None): ...

    def dump(self, obj: Any) -> Buffer | None:
        """The bytes of an object; None for NULL."""

    def quote(self, obj: Any) -> Buffer:
        """The object as an SQL literal."""

    def get_key(self, obj: Any, format: PyFormat) -> DumperKey:
        """What tells apart objects that need another dumper."""

    def upgrade(self, obj: Any, format: PyFormat) -> Dumper:
        """The dumper for an object whose key is not the class."""


class Loader(Protocol):
    """What loads values (see `howdah.adapt.Loader`)."""

    format: Format

    def __init__(self, oid: int, context: AdaptContext | None = None): ...

    def load(self, data: Buffer) -> Any:
        """The object for the bytes of a value."""
