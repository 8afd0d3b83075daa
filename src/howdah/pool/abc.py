"""Types in the signatures of the pools (psycopg_pool)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault

    from ..connection import Connection
    from ..connection_async import AsyncConnection
    from ..rows import TupleRow
    from .pool import ConnectionPool
    from .pool_async import AsyncConnectionPool

    CT = TypeVarWithDefault("CT", bound=Connection[Any], default=Connection[TupleRow])
    ACT = TypeVarWithDefault("ACT", bound=AsyncConnection[Any], default=AsyncConnection[TupleRow])
else:
    CT = TypeVar("CT", bound="Connection[Any]")
    ACT = TypeVar("ACT", bound="AsyncConnection[Any]")


ConnectionCB: TypeAlias = Callable[[CT], None]
AsyncConnectionCB: TypeAlias = Callable[[ACT], Awaitable[None]]

ConnectFailedCB: TypeAlias = Callable[["ConnectionPool[Any]"], None]
AsyncConnectFailedCB: TypeAlias = Callable[["AsyncConnectionPool[Any]"], Awaitable[None] | None]

ConninfoParam: TypeAlias = str | Callable[[], str]
AsyncConninfoParam: TypeAlias = str | Callable[[], str] | Callable[[], Awaitable[str]]

KwargsParam: TypeAlias = dict[str, Any] | Callable[[], dict[str, Any]]
AsyncKwargsParam: TypeAlias = dict[str, Any] | Callable[[], dict[str, Any]] | Callable[[], Awaitable[dict[str, Any]]]
