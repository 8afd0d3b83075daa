"""From parameters to a started connection: hosts in turn, the start-up messages, the kind of server.

PostgreSQL documentation, 54.2.1 "Start-up". The attempts share nothing but the parameters: each has its own socket,
its own session and its own authentication.
"""

from __future__ import annotations

import os
import random
import socket
import struct
import sys
from collections.abc import Mapping
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import ConnectionTimeout, Error, OperationalError, from_server
from .authentication import Authenticator, Helpers, Policy, check_keys
from .channel import Channel, why
from .encryption import HandshakeFailed, is_direct, may_go_on, offers_tls, order, start_tls, tls_of
from .encryption import check as check_encryption
from .hosts import Address, Host, hosts_of, lookup_of, tcp_addresses, unix_address
from .options import DEFAULTS, OPTIONS
from .parameters import integer, resolve, startup_settings, timeout_of, variables

CLOSED = (
    "server closed the connection unexpectedly\n"
    "\tThis probably means the server terminated abnormally\n"
    "\tbefore or while processing the request."
)

LONGEST_ERROR = 30_000  # bytes; as libpq has it for start-up

PROTOCOLS = {"3.0": 0x30000, "3.2": 0x30002, "latest": 0x30002}


class Parameters(dict[str, str]):
    """Connection parameters whose `repr` hides the secrets."""

    def __repr__(self) -> str:
        return repr({name: "***" if OPTIONS[name].secret and value else value for name, value in self.items()})


class Terms(NamedTuple):
    """What is the same for every attempt."""

    params: Mapping[str, str]
    helpers: Helpers
    policy: Policy
    protocols: tuple[int, int]  # the lowest and the highest
    settings: list[tuple[str, str]]  # for the start-up message
    timeout: float  # seconds


async def connect(channel: Channel, conn: Any, given: Mapping[str, Any]) -> None:
    """Connect `conn` to the first server that will have it; its parameters are then in ``conn._params``."""
    helpers, given = Helpers.split(given)
    known = variables()
    params = resolve(given, known)
    helpers.adjust(params, given)
    # A mistake is told before anything is tried.
    timeout = timeout_of(params)
    protocols = _protocols(params)
    policy = Policy.of(params)
    check_encryption(params)
    check_keys(params)
    terms = Terms(params, helpers, policy, protocols, startup_settings(params, known), timeout)
    hosts = hosts_of(params)
    shuffled = params["load_balance_hosts"] == "random"
    if shuffled:
        random.shuffle(hosts)
    kinds = [params["target_session_attrs"]]
    if kinds == ["prefer-standby"]:
        kinds = ["standby", "any"]

    failures: list[Error] = []
    for kind in kinds:
        for host in hosts:
            try:
                addresses = await _addresses(channel, host, timeout)
            except OperationalError as error:
                channel.note("failed", error)
                failures.append(error)
                continue
            if shuffled:
                random.shuffle(addresses)
            for address in addresses:
                outcome = await _try(channel, conn, terms, address, kind, failures)
                if outcome is Outcome.CONNECTED:
                    conn._params = _used(params, address)
                    conn._simply = bool(params.get("replication"))
                    return
                if outcome is Outcome.WRONG_HOST:
                    break
    from ..pq import PGconn  # which needs the parameters' names from this package
    from ..pq._finished import FinishedPGconn

    summary = _summary(failures)
    summary._pgconn = FinishedPGconn.of(PGconn.failed(Parameters(params), str(summary)))
    raise summary


async def _addresses(channel: Channel, host: Host, timeout: float) -> list[Address]:
    if host.is_unix:
        return [unix_address(host)]
    query = lookup_of(host)
    channel.note("resolve", host)
    try:
        async with channel.limit(timeout):
            infos = await channel.lookup(query)
    except TimeoutError:
        raise ConnectionTimeout(f"failed to resolve host {host.shown!r}: connection timeout expired") from None
    except (OSError, UnicodeError) as error:  # UnicodeError: no name that IDNA could encode
        reason = str(error)
        if host.hostaddr:
            reason = getattr(error, "strerror", None) or reason
            raise OperationalError(f'could not parse network address "{host.hostaddr}": {reason}') from None
        raise OperationalError(f"failed to resolve host {host.shown!r}: {reason}") from None
    addresses = tcp_addresses(host, infos)
    channel.note("resolved", addresses)
    return addresses


def _used(params: Mapping[str, str], address: Address) -> Parameters:
    """What is not as it is by default, and where that has led."""
    used = Parameters({name: value for name, value in params.items() if value != DEFAULTS.get(name)})
    used.pop("hostaddr", None)
    used.update(host=address.host.name or address.ip, port=str(address.host.port))
    if address.ip:
        used["hostaddr"] = address.ip
    return used


def _summary(failures: list[Error]) -> Error:
    """The last failure, its text with the reasons of all of them."""
    if not failures:
        return OperationalError("connection failed: no address to connect to")
    last = failures[-1]
    reasons = list(dict.fromkeys(str(failure) for failure in failures))
    text = f"connection failed: {reasons[-1]}"
    if len(reasons) > 1:
        text += "\nThese attempts failed:\n" + "\n".join(f"- {reason}" for reason in reasons)
    error = type(last)(text, info=last._info, encoding=last._encoding)
    error.__cause__ = last.__cause__
    return error


class Outcome(Enum):
    CONNECTED = 1
    FAILED = 2
    WRONG_HOST = 3  # its other addresses lead to the same server


async def _try(
    channel: Channel, conn: Any, terms: Terms, address: Address, kind: str, failures: list[Error]
) -> Outcome:
    """Connect to one address, with TLS or without, or first one and then the other.

    What fails is added to `failures`; whatever does, the socket is closed. What a function of the user's raises comes
    out.
    """

    def failed(cls: type[Error], reason: Any, **of_server: Any) -> Error:
        error = cls(f"connection to server {address} failed: {reason}", **of_server)
        channel.note("failed", error)
        failures.append(error)
        return error

    try:
        async with channel.limit(terms.timeout):
            for encrypted, following in _methods(terms.params, address):
                try:
                    await _attempt(channel, conn, terms, address, encrypted, following)
                    await _check_kind(channel, conn, kind)
                    _attach(channel, conn)
                    channel.note("connected", address)
                    return Outcome.CONNECTED
                except Error as error:
                    if error is channel.raised:
                        raise
                    failed(_class_of(error), error, info=error._info, encoding=error._encoding)
                    if isinstance(error, WrongKind) or error.sqlstate == "57P03":
                        return Outcome.WRONG_HOST
                    if following is None or not may_go_on(error, encrypted, terms.params["sslmode"]):
                        return Outcome.FAILED
                finally:
                    channel.close()
    except TimeoutError as error:
        if error is channel.raised:
            raise
        failed(ConnectionTimeout, "connection timeout expired")
    except OSError as error:
        if error is channel.raised:
            raise
        failed(OperationalError, _reason(error, address)).__cause__ = error
    return Outcome.FAILED


def _methods(params: Mapping[str, str], address: Address) -> list[tuple[bool, bool | None]]:
    """Whether to encrypt, in the order in which that is tried, each with what may follow."""
    methods = order(params, address.host)
    return list(zip(methods, (*methods[1:], None), strict=True))


def _class_of(error: Error) -> type[Error]:
    """A server's complaint keeps the class of its SQLSTATE if that is an OperationalError, as it is of connecting."""
    known = isinstance(error, OperationalError) and not isinstance(error, (HandshakeFailed, WrongKind))
    return type(error) if known else OperationalError


async def _attempt(
    channel: Channel, conn: Any, terms: Terms, address: Address, encrypted: bool, following: bool | None
) -> None:
    """Connect once. Raises `Error` and OSError."""
    params = terms.params
    channel.note("open", address)
    sock = await channel.open(address)
    prepare_socket(sock, params, address)
    conn._encryption = None
    if encrypted:
        channel.note("tls")
        if is_direct(params) or await offers_tls(channel):
            tls = tls_of(params, address.host, address.ip, terms.helpers.ssl_context)
            await start_tls(channel, tls)
            conn._encryption = tls
        elif following is None:
            raise OperationalError("server does not support SSL, but SSL was required")
        # else it goes on in the clear, since that may be
    conn._used_password = False
    await _start(channel, conn, terms, Authenticator(channel, conn, params, address, terms.helpers, terms.policy))


def _reason(error: OSError, address: Address) -> str:
    if isinstance(error, ConnectionResetError):
        return CLOSED
    text = why(error)
    if address.host.is_unix and isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
        text += "\n\tIs the server running locally and accepting connections on that socket?"
    elif isinstance(error, ConnectionRefusedError):
        text += "\n\tIs the server running on that host and accepting TCP/IP connections?"
    return text


def _attach(channel: Channel, conn: Any) -> None:
    tls = channel.tls.parts if channel.tls else None
    fd = channel.detach()
    try:
        conn._attach(fd, tls)
    except BaseException:
        socket.close(fd)
        raise


# Parameters, and the options of sockets that they set, of those that this system has.
KEEPALIVE = [
    (parameter, getattr(socket, option))
    for parameter, option in (
        ("keepalives_idle", "TCP_KEEPALIVE" if sys.platform == "darwin" else "TCP_KEEPIDLE"),
        ("keepalives_interval", "TCP_KEEPINTVL"),
        ("keepalives_count", "TCP_KEEPCNT"),
    )
    if hasattr(socket, option)
]


def prepare_socket(sock: socket.socket, params: Mapping[str, str], address: Address) -> None:
    """No delays, and a peer that has gone is noticed. Raises `OperationalError` when it is not the peer wanted."""
    if address.host.is_unix:
        if wanted := params.get("requirepeer"):
            _check_peer(sock, wanted)
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if integer(params, "keepalives", 1):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for parameter, option in KEEPALIVE:
            if value := integer(params, parameter, 0):
                _set_option(sock, option, value, parameter)
    milliseconds = integer(params, "tcp_user_timeout", 0)
    if milliseconds > 0 and hasattr(socket, "TCP_USER_TIMEOUT"):
        _set_option(sock, socket.TCP_USER_TIMEOUT, milliseconds, "tcp_user_timeout")


def _set_option(sock: socket.socket, option: int, value: int, parameter: str) -> None:
    try:
        sock.setsockopt(socket.IPPROTO_TCP, option, value)
    except OSError as error:
        raise OperationalError(f"{parameter}={value} is not possible: {error.strerror}") from None


def _check_peer(sock: socket.socket, wanted: str) -> None:
    import pwd

    if not hasattr(socket, "SO_PEERCRED"):
        raise OperationalError("requirepeer is not supported on this machine")
    _pid, uid, _gid = struct.unpack(
        "3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    )
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    if name != wanted:
        raise OperationalError(f'requirepeer specifies "{wanted}", but actual peer user name is "{name}"')


def _check_first_words(data: bytes) -> None:
    """A server that cannot fork says so in the words of protocol 2: E, then text where a length should be."""
    if data.startswith(b"E") and int.from_bytes(data[1:5], "big") > LONGEST_ERROR:
        raise OperationalError(data[1:].partition(b"\0")[0].decode(errors="replace").strip())


async def _start(channel: Channel, conn: Any, terms: Terms, authenticator: Authenticator) -> None:
    """Exchange the messages of start-up, until the server is ready for a query."""
    lowest, highest = terms.protocols
    first = True
    channel.note("startup")
    conn._start(highest, terms.settings, _statement_prefix())
    while True:
        received = await _exchange(channel, conn)
        if first:
            _check_first_words(received)
            first = False
        for event in conn._feed(received):
            if event[0] == "authentication":
                await authenticator.answer(event[1], event[2])
            elif event[0] == "negotiate_protocol_version":
                _check_negotiation(event[1], event[2], lowest)
            elif event[0] == "error":
                raise _complaint(event[1], authenticator.passfile)
            elif event[0] == "ready":
                if conn._parameter_status("integer_datetimes") == "off":  # no server since PostgreSQL 10
                    raise OperationalError("the server keeps times as floating-point numbers, which is not supported")
                channel.note("ready")
                return


async def _exchange(channel: Channel, conn: Any) -> bytes:
    """Send what there is to send, and receive."""
    if outgoing := conn._outgoing():
        # A server that has given up on us may have said why before it closed.
        with suppress(BrokenPipeError, ConnectionResetError):
            await channel.send(outgoing)
    received = await channel.receive()
    if not received:
        raise OperationalError(CLOSED)
    return received


def _complaint(fields: Mapping[str, bytes], passfile: Path | None = None) -> Error:
    error = from_server(fields)
    severity = error.diag.severity
    text = f"{severity}:  {error}" if severity else str(error)
    if passfile is not None and error.sqlstate == "28P01":
        text += f'\npassword retrieved from file "{passfile}"'
    return type(error)(text, info=fields)


LETTERS = b"abcdefghijklmnopqrstuvwxyz234567" * 8  # for each byte one


def _statement_prefix() -> str:
    """Of a session's own: one that a pooler lends the same server must not execute its statements by chance."""
    return f"_hd_{os.urandom(8).translate(LETTERS).decode()}_"


def _protocols(params: Mapping[str, str]) -> tuple[int, int]:
    lowest = PROTOCOLS[params.get("min_protocol_version") or "3.0"]
    highest = PROTOCOLS[params.get("max_protocol_version") or ("3.0" if lowest == 0x30000 else "latest")]
    if lowest > highest:
        raise OperationalError('"min_protocol_version" is greater than "max_protocol_version"')
    return lowest, highest


def _check_negotiation(minor: int, unrecognized: list[str], lowest: int) -> None:
    if unrecognized:
        raise OperationalError("the server rejects protocol extensions that were not asked for")
    if 0x30000 + minor < lowest:
        raise OperationalError(
            f"server only supports protocol version 3.{minor}, "
            f'but "min_protocol_version" was set to 3.{lowest & 0xFFFF}'
        )


class WrongKind(OperationalError):
    """Not the kind of server that is wanted."""


async def _check_kind(channel: Channel, conn: Any, kind: str) -> None:
    """``target_session_attrs``, by what servers report since PostgreSQL 14; others are asked, as by libpq.

    Raises `WrongKind`, or the error with which the server answers.
    """
    if kind == "any":
        return
    standby = conn._parameter_status("in_hot_standby")
    if kind in ("read-write", "read-only"):
        read_only = conn._parameter_status("default_transaction_read_only")
        if standby is None or read_only is None:
            standby = read_only = await _ask(channel, conn, "SHOW transaction_read_only")
    else:
        read_only = None
        if standby is None:
            standby = await _ask(channel, conn, "SELECT pg_catalog.pg_is_in_recovery()")
    is_standby, is_read_only = (value in ("on", "t") for value in (standby, read_only))
    reasons = {
        "read-write": (not is_standby and not is_read_only, "session is read-only"),
        "read-only": (is_standby or is_read_only, "session is not read-only"),
        "primary": (not is_standby, "server is in hot standby mode"),
        "standby": (is_standby, "server is not in hot standby mode"),
    }
    fits, reason = reasons[kind]
    if not fits:
        raise WrongKind(reason)


async def _ask(channel: Channel, conn: Any, query: str) -> str:
    """The one value that a query gives."""
    answer = None
    conn._ask(query)
    while True:
        for event in conn._feed(await _exchange(channel, conn)):
            if event[0] == "row":
                answer = event[1]
            elif event[0] == "error":
                raise _complaint(event[1])
            elif event[0] == "ready":
                if answer is None:
                    raise OperationalError(f"the server does not answer {query}")
                return bytes(answer).decode(errors="replace")
