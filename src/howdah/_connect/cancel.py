"""A CancelRequest, over a connection of its own.

PostgreSQL documentation, "Message Flow", "Canceling Requests in Progress".
"""

from __future__ import annotations

from typing import Any

from ..errors import CancellationTimeout, Error, OperationalError
from .channel import Channel, why
from .encryption import offers_tls, start_tls
from .hosts import Address, hosts_of, lookup_of, tcp_addresses, unix_address


async def cancel(channel: Channel, conn: Any, timeout: float) -> None:
    """Ask the server of a connection to cancel what that executes, and wait until it has taken the request.

    The server closes our connection once the signal is on its way: a cancel cannot reach a later query after that,
    and before that none is sent. Where the server has not closed in time, the cancelled connection ends with what it
    executes. The request goes with TLS if the connection has it, and then never without.
    Raises `CancellationTimeout`, or `OperationalError` when the server cannot be reached.
    """
    ticket = conn._cancel_begin()
    sent = taken = False
    try:
        async with channel.limit(timeout):
            await channel.open(await _address(channel, conn))
            tls = conn._encryption
            if tls is not None:
                if not (tls.direct or await offers_tls(channel)):
                    raise OperationalError("the server has TLS no longer")
                await start_tls(channel, tls)
            sent = True
            await channel.send(ticket.request)
            while await channel.receive():
                pass
            taken = True
    except TimeoutError:
        raise CancellationTimeout("cancellation timeout expired") from None
    except Error as error:
        raise OperationalError(f"cancellation failed: {error}") from None
    except OSError as error:
        taken = sent and isinstance(error, ConnectionResetError)  # it was read, and that is all that a server does
        if not taken:
            raise OperationalError(f"cancellation failed: {why(error)}") from error
    finally:
        channel.close()
        ticket.end(taken or not sent)


async def _address(channel: Channel, conn: Any) -> Address:
    host = hosts_of(conn._params)[0]
    if host.is_unix:
        return unix_address(host)
    return tcp_addresses(host, await channel.lookup(lookup_of(host)))[0]
