"""Logging in by a Kerberos ticket (GSSAPI): a real KDC, real servers, and psycopg's libpq beside us."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import psycopg
import pytest

import howdah
from servers.debian import HERE, Debian
from servers.debootstrapped import VERSIONS, root_of
from servers.kdc import REALM, Kdc

HBA = [
    f"host all alice all gss include_realm=0 krb_realm={REALM}",
    "hostgssenc all encrypted all gss include_realm=0",
    "host all bob all trust",
]
SQL = "create role alice login; create role bob login; create role encrypted login;"


@pytest.fixture(scope="module")
def realm():
    with Kdc() as kdc:
        for user in ("alice", "encrypted"):
            kdc.user(user, "secret")
        yield kdc


@pytest.fixture(scope="module")
def keytab(realm):
    path = realm.folder / "postgres.keytab"
    for service in ("postgres", "renamed"):
        realm.service(f"{service}/localhost", path)
    return path


@pytest.fixture(scope="module", params=["here", *VERSIONS])
def server(request, realm, keytab):
    root = HERE if request.param == "here" else root_of(request.param)
    settings = {"krb_server_keyfile": "postgres.keytab"}
    if request.param != "here":
        settings["gss_accept_delegation"] = "on"
    # A server's list of the tickets that it has seen would lie in /var/tmp.
    with Debian(HBA, settings, SQL, root=root, environment={"KRB5RCACHENAME": "none:"}) as server:
        server.install(keytab, "postgres.keytab")
        yield server


@pytest.fixture(autouse=True)
def ticket(realm, tmp_path, monkeypatch):
    """The file with alice's ticket, which this process has."""
    cache = tmp_path / "ticket"
    realm.login("alice", "secret", cache, "-f")
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{cache}")
    for name, value in realm.environment.items():
        monkeypatch.setenv(name, value)
    return cache


@pytest.fixture(params=["sync", "asyncio"])
def who(request, server):
    """Log in with each module, and ask the server as whom, by which principal."""
    query = "select current_user::text, principal, encrypted from pg_stat_gssapi where pid = pg_backend_pid()"

    async def ask_async(module: Any, params: dict[str, Any]) -> Any:
        async with await module.AsyncConnection.connect(**params) as conn:
            return await (await conn.execute(query)).fetchone()

    def ask(module: Any = howdah, **given: Any) -> Any:
        place = {"host": "localhost", "hostaddr": "127.0.0.1", "port": server.port, "dbname": "postgres"}
        params = {"user": "alice", **place, **given}
        params = {name: value for name, value in params.items() if value is not None}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # psycopg warns of its libpq's default of gssencmode
            if request.param == "asyncio":
                return asyncio.run(ask_async(module, params))
            with module.connect(**params) as conn:
                return conn.execute(query).fetchone()

    return ask


ALICE = ("alice", f"alice@{REALM}", False)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"gssencmode": "prefer"},
        {"gssencmode": "disable"},
        {"hostaddr": None},
        {"require_auth": "gss"},
        {"require_auth": "gss,scram-sha-256"},
        {"require_auth": "!password,!md5"},
        {"krbsrvname": "renamed"},
        {"gssdelegation": "1"},
        {"sslmode": "prefer"},
        {"password": "of no use"},
    ],
    ids=str,
)
def test_a_ticket_lets_us_in(who, params):
    assert who(**params) == ALICE
    theirs = who(psycopg, **{"gssencmode": "disable", **params})
    assert theirs[:2] == ALICE[:2]  # libpq may encrypt under prefer


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"krbsrvname": "nobody"}, "Server nobody/localhost@HOWDAH.TEST not found in Kerberos database"),
        ({"user": "bob", "require_auth": "gss"}, 'requirement "gss" failed: server did not complete authentication'),
        ({"require_auth": "!gss"}, 'requirement "!gss" failed: server requested (gss|GSSAPI) authentication'),
        ({"require_auth": "scram-sha-256"}, 'requirement "scram-sha-256" failed: server requested'),
        ({"channel_binding": "require"}, "channel binding required but not supported by server's authentication"),
        ({"host": None}, "host name must be specified"),
        ({"user": "encrypted"}, "no pg_hba.conf entry .* no encryption"),
    ],
    ids=str,
)
def test_refusals_are_as_with_psycopg(who, params, reason):
    for module in (howdah, psycopg):
        with pytest.raises(module.OperationalError, match=reason):
            who(module, **{"gssencmode": "disable", **params})


def test_no_ticket(who, ticket):
    ticket.unlink()
    for module in (howdah, psycopg):
        with pytest.raises(
            module.OperationalError,
            match=r"GSSAPI continuation error: No credentials were supplied.*: No Kerberos credentials available",
        ):
            who(module, gssencmode="disable")


def test_a_ticket_for_somebody_else(who, realm, ticket):
    realm.login("encrypted", "secret", ticket)
    for module in (howdah, psycopg):
        with pytest.raises(module.OperationalError, match='GSSAPI authentication failed for user "alice"'):
            who(module, gssencmode="disable")


def test_an_expired_ticket(who, realm, ticket):
    realm.login("alice", "secret", ticket, "-l", "1s")
    realm.wait_until_expired(ticket, "postgres/localhost")
    for module in (howdah, psycopg):
        with pytest.raises(module.OperationalError, match=r"GSSAPI continuation error: .*Ticket expired"):
            who(module, gssencmode="disable")


def test_no_kdc(who, realm):
    realm.stop()
    try:
        for module in (howdah, psycopg):
            with pytest.raises(module.OperationalError, match=f"Cannot contact any KDC for realm '{REALM}'"):
                who(module, gssencmode="disable")
    finally:
        realm.start()


def test_a_kdc_that_does_not_answer_is_not_waited_for_longer_than_the_timeout(server, realm):
    """libpq waits for its Kerberos library, which goes on asking."""
    place = {"host": "localhost", "hostaddr": "127.0.0.1", "port": server.port, "dbname": "postgres"}
    realm.stop()
    try:
        with realm.silence() as asked:
            with pytest.raises(howdah.errors.ConnectionTimeout, match="connection timeout expired"):
                howdah.connect(user="alice", connect_timeout=2, **place)
            assert asked()
    finally:
        realm.start()


def test_encryption_by_gssapi_is_never_pretended(who):
    """libpq has it: it logs in, and as somebody for whom the server demands it."""
    with pytest.raises(howdah.NotSupportedError, match="gssencmode=require: howdah does not encrypt by GSSAPI"):
        who(gssencmode="require")
    assert who(psycopg, gssencmode="require") == (*ALICE[:2], True)


def test_delegation(server, who):
    if server.version < 16:
        pytest.skip("servers before 16 accept no delegation")
    place = f"host=localhost hostaddr=127.0.0.1 port={server.port} dbname=postgres user=alice gssencmode=disable"
    query = "select credentials_delegated from pg_stat_gssapi where pid = pg_backend_pid()"
    for module in (howdah, psycopg):
        for asked in (False, True):
            with module.connect(place, gssdelegation=str(int(asked))) as conn:
                assert conn.execute(query).fetchone() == (asked,)
