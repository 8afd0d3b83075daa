"""Making a connection: what runs once, before the C core takes the socket over.

It is imported when the first connection is made, since it needs a third of the modules that howdah needs at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["cancel_async", "cancel_sync", "connect_async", "connect_sync"]


def connect_sync(conn: Any, params: Mapping[str, Any]) -> None:
    """Connect a new `BaseConnection`; ``conn._params`` then says to what.

    Raises `OperationalError` with the reason of every attempt (of the subclass for the SQLSTATE, where there is one),
    `ConnectionTimeout`, `ProgrammingError` for a parameter that does not exist, `NotSupportedError` for one that asks
    for encryption.
    """
    from .channel import BlockingChannel, run_blocking
    from .startup import connect

    run_blocking(connect(BlockingChannel(), conn, params))


async def connect_async(conn: Any, params: Mapping[str, Any]) -> None:
    """The same under asyncio."""
    from .asyncio_channel import AsyncioChannel
    from .startup import connect

    await connect(AsyncioChannel(), conn, params)


def cancel_sync(params: Mapping[str, str], request: bytes, timeout: float) -> None:
    """Send a CancelRequest to the server of ``conn._params``, and wait until it has been taken.

    Raises `CancellationTimeout`, or `OperationalError` when the server cannot be reached.
    """
    from .cancel import cancel
    from .channel import BlockingChannel, run_blocking

    run_blocking(cancel(BlockingChannel(), params, request, timeout))


async def cancel_async(params: Mapping[str, str], request: bytes, timeout: float) -> None:
    """The same under asyncio."""
    from .asyncio_channel import AsyncioChannel
    from .cancel import cancel

    await cancel(AsyncioChannel(), params, request, timeout)
