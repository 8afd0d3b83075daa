"""Making a connection: what runs once, before the C core takes the socket over.

It is imported when the first connection is made, since it needs a third of the modules that howdah needs at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["cancel_async", "cancel_sync", "cancel_whole_async", "connect_async", "connect_sync"]


def connect_sync(conn: Any, params: Mapping[str, Any]) -> None:
    """Connect a new `BaseConnection`; ``conn._params`` then says to what.

    Raises `OperationalError` with the reason of every attempt (of the subclass for the SQLSTATE, where there is one),
    `ConnectionTimeout`, `ProgrammingError` for a parameter that does not exist, `NotSupportedError` for one that asks
    for encryption by GSSAPI.
    """
    from .channel import BlockingChannel, run_blocking
    from .startup import connect

    run_blocking(connect(BlockingChannel(), conn, params))


async def connect_async(conn: Any, params: Mapping[str, Any]) -> None:
    """The same under asyncio."""
    from .asyncio_channel import AsyncioChannel
    from .startup import connect

    channel = AsyncioChannel()
    await connect(channel, conn, params)
    if channel.known is not None:
        conn._watch_by(channel._loop, channel.known)


def cancel_sync(conn: Any, timeout: float) -> None:
    """Ask the server to cancel what a connection executes, and wait until it has taken the request.

    Raises `CancellationTimeout`, or `OperationalError` when the server cannot be reached.
    """
    from .cancel import cancel
    from .channel import BlockingChannel, run_blocking

    run_blocking(cancel(BlockingChannel(), conn, timeout))


async def cancel_async(conn: Any, timeout: float) -> None:
    """The same under asyncio."""
    from .asyncio_channel import AsyncioChannel
    from .cancel import cancel

    await cancel(AsyncioChannel(), conn, timeout)


async def cancel_whole_async(conn: Any, timeout: float) -> None:
    """The same, which goes on when the task that waits for it is cancelled: halfway it might hit another query."""
    import asyncio

    await asyncio.shield(asyncio.ensure_future(cancel_async(conn, timeout)))
