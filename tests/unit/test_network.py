"""inet and cidr, against psycopg."""

from __future__ import annotations

import ipaddress
import pickle
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from howdah import _howdah, errors
from howdah.types import net
from oracle import BINARY, TEXT, check_dump, check_load, outcome, psycopg

INET, CIDR = 869, 650
HEADS = {4: 2, 6: 3}  # PGSQL_AF_INET, PGSQL_AF_INET6

addresses = st.ip_addresses()
# Runs of zeros, which the text shortens.
sparse = st.lists(st.sampled_from([0, 0, 0, 1, 0xFFFF, 0xABC]), min_size=8, max_size=8).map(
    lambda groups: ipaddress.IPv6Address(b"".join(group.to_bytes(2, "big") for group in groups))
)


@st.composite
def interfaces(draw: Any) -> Any:
    address = draw(addresses | sparse)
    return ipaddress.ip_interface((address.packed, draw(st.integers(0, address.max_prefixlen))))


networks = interfaces().map(lambda interface: interface.network)


def binary_of(value: Any, bits: int, is_cidr: int) -> bytes:
    return bytes([HEADS[value.version], bits, is_cidr, len(value.packed)]) + value.packed


@given(addresses | sparse)
@example(ipaddress.ip_address("::ffff:1.2.3.4"))
@example(ipaddress.ip_address("::"))
def test_load_address(value: Any) -> None:
    for text in (str(value), value.exploded, value.compressed.upper()):
        check_load(INET, TEXT, text.encode())
    data = binary_of(value, value.max_prefixlen, 0)
    check_load(INET, BINARY, data)
    assert _howdah.load(INET, BINARY, data) == _howdah.load(INET, TEXT, str(value).encode()) == value


@given(interfaces())
def test_load_interface(value: Any) -> None:
    check_load(INET, TEXT, str(value).encode())
    check_load(INET, BINARY, binary_of(value, value.network.prefixlen, 0))


@given(networks)
def test_load_network(value: Any) -> None:
    check_load(CIDR, TEXT, str(value).encode())
    check_load(CIDR, TEXT, str(value.network_address).encode())
    check_load(CIDR, BINARY, binary_of(value.network_address, value.prefixlen, 1))


@pytest.mark.parametrize("text", ["::ffff:1.2.3.4", "::1.2.3.4", "1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:7::", "::/0"])
def test_text_as_the_server_may_write_it(text: str) -> None:
    check_load(INET, TEXT, text.encode())


@given(interfaces() | networks)
def test_what_is_loaded_is_whole(value: Any) -> None:
    oid = CIDR if isinstance(value, (ipaddress.IPv4Network, ipaddress.IPv6Network)) else INET
    loaded = _howdah.load(oid, TEXT, str(value).encode())
    assert type(loaded) is type(value)
    assert loaded == value
    assert hash(loaded) == hash(value)
    assert pickle.loads(pickle.dumps(loaded)) == value
    assert (str(loaded), loaded.netmask, loaded.hostmask) == (str(value), value.netmask, value.hostmask)


@given(addresses | sparse | interfaces() | networks)
def test_dump(value: Any) -> None:
    check_dump(value)


@given(interfaces())
def test_dump_asked_for_by_oid(value: Any) -> None:
    theirs = psycopg.adapters.get_dumper_by_oid(INET, psycopg.pq.Format.BINARY)
    for obj in (value, value.ip):
        ours = net.InetBinaryDumper(type(obj)).dump(obj)
        assert ours == theirs(type(obj)).dump(obj)


class Printer(ipaddress.IPv4Address):
    """A class of one's own."""


class Subnet(ipaddress.IPv6Network):
    """And another."""


def test_dump_subclass() -> None:
    check_dump(Printer("10.1.2.3"))
    check_dump(Subnet("fe80::/10"))


def test_quote() -> None:
    for value in (ipaddress.ip_address("::1"), ipaddress.ip_network("10.0.0.0/8")):
        theirs = psycopg.adapt.Transformer().get_dumper(value, psycopg.adapt.PyFormat.TEXT).quote(value)
        cls = net.InterfaceDumper if isinstance(value, ipaddress.IPv6Address) else net.NetworkDumper
        assert cls(type(value)).quote(value) == theirs


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("InetLoader", b"10.0.0.1/8"),
        ("InetBinaryLoader", b"\2\x08\0\4\x0a\0\0\1"),
        ("CidrLoader", b"10.0.0.0/8"),
        ("CidrBinaryLoader", b"\2\x08\1\4\x0a\0\0\0"),
    ],
)
def test_loader_classes(name: str, data: bytes) -> None:
    theirs = getattr(psycopg.types.net, name)(0).load
    assert outcome(getattr(net, name)(0).load, data) == outcome(theirs, data)

    class Shouting(getattr(net, name)):  # type: ignore[misc]
        def load(self, data: bytes) -> str:
            return f"{super().load(data)}!"

    assert Shouting(0).load(memoryview(data)) == f"{theirs(data)}!"


@pytest.mark.parametrize("oid", [INET, CIDR])
@pytest.mark.parametrize("format", [TEXT, BINARY])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"1.2.3",
        b"1.2.3.4/33",
        b"1.2.3.04",
        b"::1%eth0",
        b"1::2::3",
        b"\xff" * 20,
        b"\2\x20\0\4abc",
        b"\2\x20\0\4abcde",
        b"\2\x21\0\4abcd",
        b"\3\x20\0\4abcd",
        b"\3\x81\0\x10" + b"x" * 16,
        b"\1\x20\0\4abcd",
    ],
)
def test_malformed(oid: int, format: int, data: bytes) -> None:
    with pytest.raises(errors.DataError, match=r"can't parse (inet|cidr)"):
        _howdah.load(oid, format, data)


@pytest.mark.parametrize("data", [b"10.0.0.1/8", b"::1/127"])
def test_cidr_with_bits_beyond_the_network(data: bytes) -> None:
    with pytest.raises(errors.DataError, match="can't parse cidr"):
        _howdah.load(CIDR, TEXT, data)
    value = ipaddress.ip_interface(data.decode())
    with pytest.raises(errors.DataError, match="can't parse cidr"):
        _howdah.load(CIDR, BINARY, binary_of(value, value.network.prefixlen, 1))


@given(st.binary(max_size=24) | st.text("0123456789abcdefABF:./", max_size=30).map(str.encode))
def test_any_bytes_are_a_value_or_an_error(data: bytes) -> None:
    """And a value only where psycopg has the same."""
    for oid, name in ((INET, "InetLoader"), (CIDR, "CidrLoader")):
        value = outcome(_howdah.load, oid, TEXT, data)
        if value != "DataError":
            assert value == outcome(getattr(psycopg.types.net, name)(oid).load, data)
        assert outcome(_howdah.load, oid, BINARY, data) == "DataError" or data[0] in (2, 3)


class Broken(ipaddress.IPv4Address):
    """An address that does not know its bytes."""

    packed = b"123"  # type: ignore[assignment]


def test_dump_of_what_is_no_address() -> None:
    with pytest.raises(TypeError, match="4 or 16 bytes"):
        _howdah.dump(Broken("10.0.0.1"), "b")
