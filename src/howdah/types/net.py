"""inet and cidr as objects of the standard library's ipaddress (psycopg 3, "Network data types adaptation").

An inet arrives as IPv4Address, or as IPv4Interface where it has a netmask; a cidr as IPv4Network; and so for IPv6.
"""

from __future__ import annotations

from .. import _howdah
from ..abc import AdaptContext
from ..adapt import CoreDumper, CoreLoader
from ..pq import Format

INET_OID, CIDR_OID = 869, 650


class InterfaceDumper(CoreDumper):
    """An address or an interface."""

    oid = INET_OID
    _core = _howdah.dumper_core("inet_text")


class NetworkDumper(CoreDumper):
    oid = CIDR_OID
    _core = _howdah.dumper_core("cidr_text")


class InetBinaryDumper(CoreDumper):
    """An address or an interface."""

    format = Format.BINARY
    oid = INET_OID
    _core = _howdah.dumper_core("inet_binary")


class AddressBinaryDumper(InetBinaryDumper):
    _core = _howdah.dumper_core("inet_binary")


class InterfaceBinaryDumper(InetBinaryDumper):
    _core = _howdah.dumper_core("inet_binary")


class NetworkBinaryDumper(CoreDumper):
    format = Format.BINARY
    oid = CIDR_OID
    _core = _howdah.dumper_core("cidr_binary")


class InetLoader(CoreLoader):
    _core = _howdah.loader_core("inet_text")


class InetBinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("inet_binary")


class CidrLoader(CoreLoader):
    _core = _howdah.loader_core("cidr_text")


class CidrBinaryLoader(CoreLoader):
    format = Format.BINARY
    _core = _howdah.loader_core("cidr_binary")


def register_default_adapters(context: AdaptContext) -> None:
    adapters = context.adapters
    for version in ("IPv4", "IPv6"):
        for kind, text, binary in (
            ("Address", InterfaceDumper, AddressBinaryDumper),
            ("Interface", InterfaceDumper, InterfaceBinaryDumper),
            ("Network", NetworkDumper, NetworkBinaryDumper),
        ):
            adapters.register_dumper(f"ipaddress.{version}{kind}", text)
            adapters.register_dumper(f"ipaddress.{version}{kind}", binary)
    adapters.register_dumper(None, InetBinaryDumper)
    adapters.register_loader("inet", InetLoader)
    adapters.register_loader("inet", InetBinaryLoader)
    adapters.register_loader("cidr", CidrLoader)
    adapters.register_loader("cidr", CidrBinaryLoader)
