"""Where to connect: lists of hosts, the addresses of a host, Unix-domain sockets."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import OperationalError

SOCKET_DIRS = ("/var/run/postgresql", "/tmp")  # Debian's, PostgreSQL's own

# getaddrinfo()'s answer
Info = tuple[Any, ...]


class Host(NamedTuple):
    """One entry of the lists ``host``, ``hostaddr`` and ``port``, with its defaults."""

    name: str
    hostaddr: str
    port_text: str

    @property
    def port(self) -> int:
        """Raises `OperationalError` for one that is none: the next host is tried then."""
        return _port(self.port_text)

    @property
    def shown(self) -> str:
        """The name without what stands before an @: in ``postgresql://u:p@w@h`` that is the end of a password."""
        _rest, at, name = self.name.rpartition("@")
        return f"***@{name}" if at and not self.is_unix else self.name

    @property
    def is_unix(self) -> bool:
        return not self.hostaddr and self.name.startswith(("/", "@"))

    @property
    def key(self) -> str:
        """What stands for it in a password file."""
        if self.is_unix and self.name in SOCKET_DIRS:
            return "localhost"
        return self.name or self.hostaddr


class Address(NamedTuple):
    """A place to connect to."""

    host: Host
    family: int
    sockaddr: Any

    @property
    def ip(self) -> str:
        """With its zone, without which a link-local address leads nowhere."""
        if self.host.is_unix:
            return ""
        ip, _port, *rest = self.sockaddr
        return f"{ip}%{rest[1]}" if len(rest) == 2 and rest[1] and "%" not in ip else str(ip)

    def __str__(self) -> str:
        if self.host.is_unix:
            return f'on socket "{self.sockaddr}"'.replace("\0", "@")
        name = self.host.shown or self.ip
        return f'at "{name}"' + (f" ({self.ip})" if name != self.ip else "") + f", port {self.host.port}"


def hosts_of(params: Mapping[str, str]) -> list[Host]:
    """The hosts to try. Raises `OperationalError` when the lists do not match."""
    names, addrs = params.get("host", "").split(","), params.get("hostaddr", "").split(",")
    ports = params.get("port", "").split(",")
    if addrs != [""] and names == [""]:
        names *= len(addrs)
    if addrs == [""]:
        addrs *= len(names)
    if len(names) != len(addrs):
        raise OperationalError(f"could not match {len(names)} host names with {len(addrs)} hostaddr values")
    if len(ports) == 1:
        ports *= len(names)
    if len(ports) != len(names):
        raise OperationalError(f"could not match {len(ports)} port numbers to {len(names)} hosts")
    return [
        Host(name or ("" if addr else _default_host(port)), addr, port)
        for name, addr, port in zip(names, addrs, (port or "5432" for port in ports), strict=True)
    ]


def _port(text: str) -> int:
    """The text is not told: in ``postgresql://u:p/w@h`` it is the beginning of a password."""
    digits = text.strip(" \t\n\v\f\r").removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        raise OperationalError('invalid integer value for connection option "port"')
    digits = digits.lstrip("0") or "0"
    if len(digits) > 5 or not 1 <= int(digits) <= 65535:
        raise OperationalError("invalid port number")
    return int(digits)


def _default_host(port: str) -> str:
    if not hasattr(socket, "AF_UNIX"):
        return "localhost"
    for folder in SOCKET_DIRS:
        if os.path.exists(_socket_path(folder, port)):
            return folder
    return SOCKET_DIRS[0]


def _socket_path(folder: str, port: int | str) -> str:
    return f"{folder}/.s.PGSQL.{port}"


def unix_address(host: Host) -> Address:
    path = _socket_path(host.name, host.port)
    if not hasattr(socket, "AF_UNIX"):
        raise OperationalError("Unix-domain sockets are not supported on this machine")
    longest = 103 if sys.platform == "darwin" else 107
    if len(os.fsencode(path)) > longest:
        raise OperationalError(f'Unix-domain socket path "{path}" is too long (maximum {longest} bytes)')
    if path.startswith("@"):  # Linux: the abstract namespace
        path = "\0" + path[1:]
    return Address(host, socket.AF_UNIX, path)


def lookup_of(host: Host) -> dict[str, Any]:
    """The arguments for getaddrinfo()."""
    numeric = host.hostaddr or (host.name if is_ip(host.name) else "")
    flags = socket.AI_NUMERICHOST if numeric else 0
    return {"host": numeric or host.name, "port": host.port, "type": socket.SOCK_STREAM, "flags": flags}


def numeric_infos(query: dict[str, Any]) -> Sequence[Info]:
    """getaddrinfo()'s answer for an address, which asks nobody; IPv4's is known. Raises OSError if it is none."""
    host, port = query["host"], query["port"]
    if ":" not in host and is_ip(host):
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port))]
    return socket.getaddrinfo(**query)


def is_ip(name: str) -> bool:
    family, text = socket.AF_INET, name
    if ":" in name:
        family, text = socket.AF_INET6, name.partition("%")[0]  # a zone may follow
    try:
        socket.inet_pton(family, text)
    except (OSError, ValueError):
        return False
    return True


def tcp_addresses(host: Host, infos: Sequence[Info]) -> list[Address]:
    return [Address(host, info[0], info[4]) for info in infos if info[0] in (socket.AF_INET, socket.AF_INET6)]
