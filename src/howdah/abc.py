"""Types for annotations (psycopg 3, "psycopg.abc")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from ._adapters_map import AdaptersMap
    from ._connection_base import BaseConnection
    from .sql import SQL, Composed

# SQL with %s or %(name)s placeholders.
Query: TypeAlias = "str | bytes | SQL | Composed"

# What is bound to them, by position or by name.
Params: TypeAlias = Sequence[Any] | Mapping[str, Any]

# Bytes of a value.
Buffer: TypeAlias = bytes | bytearray | memoryview


class AdaptContext(Protocol):
    """Where values are adapted: a connection, a cursor, a Transformer, or an AdaptersMap."""

    @property
    def adapters(self) -> AdaptersMap:
        """What is registered there."""

    @property
    def connection(self) -> BaseConnection[Any] | None:
        """The connection whose settings count, if any."""
