"""A CancelRequest, over a connection of its own.

PostgreSQL documentation, "Message Flow", "Canceling Requests in Progress".
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import CancellationTimeout, OperationalError
from .channel import Channel, why
from .hosts import Address, hosts_of, lookup_of, tcp_addresses, unix_address


async def cancel(channel: Channel, params: Mapping[str, str], request: bytes, timeout: float) -> None:
    """Send the request to the address of a connection, by its ``_params``, and wait until the server has taken it.

    The server closes the connection once the signal is on its way: a cancel cannot reach a later query after that.
    Raises `CancellationTimeout`, or `OperationalError` when the server cannot be reached.
    """
    try:
        async with channel.limit(timeout):
            await channel.open(await _address(channel, params))
            await channel.send(request)
            while await channel.receive():
                pass
    except TimeoutError:
        raise CancellationTimeout("cancellation timeout expired") from None
    except ConnectionResetError:  # the request was read, and that is all that a server does with it
        pass
    except OSError as error:
        raise OperationalError(f"cancellation failed: {why(error)}") from error
    finally:
        channel.close()


async def _address(channel: Channel, params: Mapping[str, str]) -> Address:
    host = hosts_of(params)[0]
    if host.is_unix:
        return unix_address(host)
    return tcp_addresses(host, await channel.lookup(lookup_of(host)))[0]
