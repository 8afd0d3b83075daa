"""inet and cidr, both ways."""

from __future__ import annotations

import ipaddress

import pytest

INETS = [
    ipaddress.ip_address("0.0.0.0"),
    ipaddress.ip_address("255.255.255.255"),
    ipaddress.ip_address("192.168.0.1"),
    ipaddress.ip_address("::"),
    ipaddress.ip_address("2001:db8::1:0:0:1"),
    ipaddress.ip_address("::ffff:10.0.0.1"),
    ipaddress.ip_address("::10.0.0.1"),
    ipaddress.ip_address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ipaddress.ip_interface("10.0.0.1/8"),
    ipaddress.ip_interface("10.0.0.1/0"),
    ipaddress.ip_interface("2001:db8::1/64"),
    ipaddress.ip_interface("::/0"),
]
CIDRS = [
    ipaddress.ip_network("0.0.0.0/0"),
    ipaddress.ip_network("10.0.0.0/8"),
    ipaddress.ip_network("10.0.0.1/32"),
    ipaddress.ip_network("10.0.0.0/31"),
    ipaddress.ip_network("::/0"),
    ipaddress.ip_network("2001:db8::/32"),
    ipaddress.ip_network("::1/128"),
]
KINDS = [*((value, "inet") for value in INETS), *((value, "cidr") for value in CIDRS)]


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
@pytest.mark.parametrize(("value", "kind"), KINDS, ids=str)
def test_round_trip(cur, always, value, kind, placeholder):
    same, found, named = always(
        cur,
        f"select {placeholder} = '{value}'::{kind}, {placeholder}, pg_typeof({placeholder})::text",
        [value] * 3,
    )
    assert (same, found, named) == (True, value, kind)
    assert type(found) is type(value)


@pytest.mark.parametrize("binary", [False, True])
async def test_round_trip_in_asyncio(aauto, binary):
    cur = aauto.cursor(binary=binary)
    for value, _ in KINDS:
        await cur.execute("select %s, %s", [value, [value]])
        assert await cur.fetchone() == (value, [value])


def test_host_with_its_whole_mask(cur, always):
    """An inet whose mask covers it all is an address; a cidr is a network always."""
    assert always(cur, "select '10.0.0.1/32'::inet, '::1/128'::inet, '10.0.0.1'::cidr") == (
        ipaddress.ip_address("10.0.0.1"),
        ipaddress.ip_address("::1"),
        ipaddress.ip_network("10.0.0.1/32"),
    )


def test_null(cur, always):
    assert always(cur, "select null::inet, null::cidr, '{NULL}'::inet[], null::cidr[]") == (None, None, [None], None)
    for value in [None, INETS[0], None, INETS[8]] * 4:
        assert cur.execute("select %s::inet", [value]).fetchone() == (value,)


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
def test_arrays(cur, always, placeholder):
    hosts = INETS[:8]
    assert always(cur, f"select {placeholder}, {placeholder}::cidr[]", [hosts, [CIDRS[1], None]]) == (
        hosts,
        [CIDRS[1], None],
    )
    nested = [[INETS[2], None], [INETS[3], INETS[4]]]
    assert always(cur, f"select {placeholder}::inet[], '[0:1]={{10.0.0.0/8,::/0}}'::cidr[]", [nested]) == (
        nested,
        [CIDRS[1], CIDRS[4]],
    )


def test_addresses_and_interfaces_in_one_column(cur):
    cur.execute("select x from unnest(%s::inet[]) with ordinality u(x, i) order by i", [[str(v) for v in INETS]])
    assert cur.fetchall() == [(value,) for value in INETS]


def test_macaddr_is_str(auto):
    row = auto.execute("select '08:00:2b:01:02:03'::macaddr, '08:00:2b:01:02:03:04:05'::macaddr8").fetchone()
    assert row == ("08:00:2b:01:02:03", "08:00:2b:01:02:03:04:05")


def test_network_for_an_inet(cur, always):
    """The server casts a cidr to inet, and refuses the other way where bits are left over."""
    assert always(cur, "select %s::inet", [CIDRS[1]]) == (ipaddress.ip_interface("10.0.0.0/8"),)


def test_errors(pg, cur):
    for query, value in [
        ("select %s::inet", "10.0.0.256"),
        ("select %s::cidr", "10.0.0.1/8"),
        ("select %t", ipaddress.ip_address("fe80::1%eth0")),
    ]:
        with pytest.raises(pg.errors.InvalidTextRepresentation):
            cur.execute(query, [value])
    assert cur.execute("select %s", [INETS[0]]).fetchone() == (INETS[0],)
