"""Whether a connection is encrypted, and how it comes to be.

PostgreSQL documentation, 54.2.11 "SSL Session Encryption". The parameters allow one method or two, in an order; see
``sslmode`` in the documentation of libpq, "SSL Support".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ..errors import Error, OperationalError
from .channel import Channel
from .hosts import Host, is_ip

if TYPE_CHECKING:
    import ssl

SSL_REQUEST = b"\0\0\0\x08\x04\xd2\x16\x2f"

# The orders in which a connection is tried: True with TLS.
ORDERS = {
    "disable": (False,),
    "allow": (False, True),
    "prefer": (True, False),
    "require": (True,),
    "verify-ca": (True,),
    "verify-full": (True,),
}

# In ascending order, which is that of the names.
VERSIONS = ("tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3")

STRICT = ("require", "verify-ca", "verify-full")


class HandshakeFailed(OperationalError):
    """TLS could not be made; where that is allowed, the connection may be tried without."""


class Tls(NamedTuple):
    """How to encrypt a connection to a host: the same for what it executes, and for cancelling that."""

    context: ssl.SSLContext
    host: str
    sni: str | None
    direct: bool  # without asking before
    check_name: bool


def check(params: Mapping[str, str]) -> None:
    """Raises `OperationalError` for parameters that contradict each other."""
    mode = params["sslmode"]
    if is_direct(params) and mode not in STRICT:
        raise OperationalError(
            f'weak sslmode "{mode}" may not be used with sslnegotiation=direct '
            '(use "require", "verify-ca", or "verify-full")'
        )
    if params.get("sslrootcert") == "system" and mode != "verify-full":
        raise OperationalError(f'weak sslmode "{mode}" may not be used with sslrootcert=system (use "verify-full")')
    least, most = (_version(params, f"ssl_{end}_protocol_version") for end in ("min", "max"))
    if least and most and least > most:
        raise OperationalError("invalid SSL protocol version range")


def _version(params: Mapping[str, str], name: str) -> str:
    given = params.get(name, "").lower()
    if given and given not in VERSIONS:
        raise OperationalError(f'invalid "{name}" value: "{params[name]}"')
    return given


def is_direct(params: Mapping[str, str]) -> bool:
    """Whether a connection begins with TLS, without asking the server for it."""
    return params["sslnegotiation"] == "direct"


def order(params: Mapping[str, str], host: Host) -> tuple[bool, ...]:
    """The methods to try in turn. A Unix-domain socket is never encrypted."""
    return (False,) if host.is_unix else ORDERS[params["sslmode"]]


def tls_of(params: Mapping[str, str], host: Host, ip: str, own: ssl.SSLContext | None) -> Tls:
    """Raises `OperationalError` for files that are of no use, or a context that is too weak."""
    try:
        import ssl  # which takes long: for those whose server has TLS
    except ImportError:  # Python can be built without
        raise OperationalError("sslmode is not supported: this Python has no ssl module") from None

    from .tls import context_of, verifies

    name = host.name or ip
    if own is not None and verifies(params) and own.verify_mode != ssl.CERT_REQUIRED:
        raise OperationalError(f"sslmode={params['sslmode']} needs an SSLContext whose verify_mode is CERT_REQUIRED")
    sni: str | None = name if params.get("sslsni", "1") == "1" and host.name and not is_ip(name) else None
    if own is not None and own.check_hostname:
        sni = name  # by it the context checks
    context = own or context_of(params)
    return Tls(context, name, sni, is_direct(params), params["sslmode"] == "verify-full")


async def offers_tls(channel: Channel) -> bool:
    """Ask the server whether it has TLS. Raises `OperationalError` for an answer that is none."""
    await channel.send(SSL_REQUEST)
    answer = await channel.receive(1)
    if answer == b"N":
        return False
    if not answer:
        raise ConnectionResetError
    if answer == b"E":  # whoever says why may be anybody
        raise OperationalError("server sent an error response during SSL exchange")
    if answer != b"S":
        raise OperationalError(f"received invalid response to SSL negotiation: {ascii(answer)[2:-1]}")
    if channel.has_more():  # a server waits for the client to begin
        raise OperationalError("received unencrypted data after SSL response")
    return True


async def start_tls(channel: Channel, tls: Tls) -> None:
    """Make the handshake, and check what it has led to. Raises `OperationalError`, `HandshakeFailed` among them."""
    import ssl

    from .certificate import check_name
    from .tls import ALPN, Pump, reason_of

    try:
        pump = Pump(tls.context, tls.sni)
    except ValueError as error:  # no name that could be sent
        raise OperationalError(f"invalid host name for TLS: {error}") from None
    try:
        await channel.start_tls(pump)
    except ssl.SSLError as error:
        raise HandshakeFailed(f"SSL error: {reason_of(error)}") from None
    except ConnectionResetError:
        since = "; sslnegotiation=direct takes PostgreSQL 17 or newer" if tls.direct else ""
        raise HandshakeFailed(f"SSL error: the server closed the connection during the handshake{since}") from None
    protocol = pump.object.selected_alpn_protocol()
    if protocol is None and tls.direct:
        raise HandshakeFailed("direct SSL connection was established without ALPN protocol negotiation extension")
    if protocol not in (None, ALPN):
        raise HandshakeFailed("SSL connection was established with unexpected ALPN protocol")
    if tls.check_name:
        try:
            check_name(pump.object.getpeercert() or {}, tls.host)
        except ValueError as error:
            raise HandshakeFailed(f"could not read the server's certificate: {error}") from None


def may_go_on(error: Error, encrypted: bool, mode: str) -> bool:
    """Whether the other method is tried after this failure.

    As by libpq, except that a connection which was refused with TLS goes on in the clear only where the server says
    that this role may not come in this way: a wrong password is not offered again to whoever listens.
    """
    if error.sqlstate == "57P03":
        return False  # it is starting up, whichever way
    if encrypted:
        return isinstance(error, HandshakeFailed) or error.sqlstate == "28000"
    return mode == "allow" and error.sqlstate is not None
