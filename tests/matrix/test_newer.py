"""What only newer servers have: direct TLS, protocol 3.2 with its longer keys for cancelling, OAuth."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import psycopg
import pytest

import howdah
from servers.certificates import Authority
from servers.debian import Debian
from servers.debootstrapped import VERSIONS, root_of

ISSUER = "https://issuer.example/realm"
OAUTH = f'oauth issuer="{ISSUER}" scope="openid db"'

TRANSPORTS = {
    "plain": {"sslmode": "disable"},
    "tls": {"sslmode": "verify-full"},
    "direct": {"sslmode": "verify-full", "sslnegotiation": "direct"},
}


@pytest.fixture(scope="module", params=VERSIONS)
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    Authority(folder).issue("server", "ignored", ["localhost"])
    hba = ["host all hd_scram all scram-sha-256", "host all postgres all trust"]
    settings = {"ssl": "on", "ssl_ca_file": "root.crt"}
    if request.param >= 18:
        hba.append(f"host all alice all {OAUTH}")
        settings["oauth_validator_libraries"] = "howdah_validator"
    sql = "create role hd_scram login password 'secret'; create role alice login;"
    with Debian([], sql=sql, root=root_of(request.param)) as server:
        for name in ("root.crt", "server.crt", "server.key"):
            server.install(folder / name, name)
        server.configure(hba, settings)
        server.restart()
        place = {"host": "localhost", "hostaddr": "127.0.0.1", "port": server.port, "dbname": "postgres"}
        params = {**place, "user": "postgres", "sslrootcert": str(folder / "root.crt")}
        yield SimpleNamespace(debian=server, version=server.version, params=params)


@pytest.fixture(params=TRANSPORTS)
def params(request, server):
    return {**server.params, **TRANSPORTS[request.param]}


@pytest.fixture(params=["sync", "asyncio"])
def refused(request):
    """Fail to connect; the error's text."""

    async def attempt(params):
        await howdah.AsyncConnection.connect(**params)

    def run(**params):
        with pytest.raises(howdah.OperationalError) as caught:
            asyncio.run(attempt(params)) if request.param == "asyncio" else howdah.connect(**params)
        return str(caught.value)

    return run


PROTOCOLS = [
    ({}, 3_00_00, 3_00_00),
    ({"max_protocol_version": "3.0"}, 3_00_00, 3_00_00),
    ({"max_protocol_version": "3.2"}, 3_00_00, 3_00_02),
    ({"max_protocol_version": "latest"}, 3_00_00, 3_00_02),
]


@pytest.mark.parametrize(("asked", "by_17", "by_18"), PROTOCOLS)
def test_protocol_as_with_libpq(server, params, asked, by_17, by_18):
    for module in (howdah, psycopg):
        with module.connect(**params, **asked) as conn:
            assert conn.pgconn.full_protocol_version == (by_18 if server.version >= 18 else by_17)
            tls = conn.execute("select ssl from pg_stat_ssl where pid = pg_backend_pid()").fetchone()
            assert tls == (params["sslmode"] != "disable",)


def test_a_protocol_that_must_be(server, params, refused):
    if server.version >= 18:
        with howdah.connect(**params, min_protocol_version="3.2") as conn:
            assert conn.pgconn.full_protocol_version == 3_00_02
    else:
        assert "server only supports protocol version 3.0" in refused(**params, min_protocol_version="3.2")


@pytest.mark.parametrize("protocol", ["3.0", "3.2"])
def test_cancel(server, params, protocol):
    with howdah.connect(**params, autocommit=True, max_protocol_version=protocol) as conn:
        ticket = conn._cancel_begin()
        assert len(ticket.request) == (12 + 32 if protocol == "3.2" and server.version >= 18 else 16)
        ticket.end(True)
        for turn in range(5):
            started = threading.Event()

            def cancel(started=started):
                assert started.wait(50)
                wait_until_active(server, conn.info.backend_pid)
                conn.cancel_safe(timeout=30)

            thread = threading.Thread(target=cancel)
            thread.start()
            with pytest.raises(howdah.errors.QueryCanceled):
                started.set()
                conn.execute("select pg_sleep(50)")
            thread.join()
            assert conn.execute("select %s::int", (turn,)).fetchone() == (turn,)


@pytest.mark.parametrize("protocol", ["3.0", "3.2"])
async def test_a_cancelled_task(server, params, protocol):
    async with await howdah.AsyncConnection.connect(**params, autocommit=True, max_protocol_version=protocol) as conn:
        for turn in range(5):
            task = asyncio.create_task(conn.execute("select pg_sleep(50)"))
            await asyncio.to_thread(wait_until_active, server, conn.info.backend_pid)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            cur = await conn.execute("select %s::int", (turn,))
            assert await cur.fetchone() == (turn,)


def wait_until_active(server, pid):
    with howdah.connect(**server.params, autocommit=True) as conn:
        query = "select query from pg_stat_activity where pid = %s and state = 'active'"
        while (conn.execute(query, (pid,)).fetchone() or ("",))[0] != "select pg_sleep(50)":
            pass


@pytest.mark.parametrize("mode", ["disable", "prefer", "require"])
@pytest.mark.parametrize("protocol", ["3.0", "3.2"])
def test_scram_and_its_binding(server, params, protocol, mode, refused):
    login = {"user": "hd_scram", "password": "secret", "channel_binding": mode, "max_protocol_version": protocol}
    if mode == "require" and params["sslmode"] == "disable":
        assert "channel binding required, but SSL not in use" in refused(**{**params, **login})
    else:
        with howdah.connect(**{**params, **login, "require_auth": "scram-sha-256"}) as conn:
            assert conn.execute("select current_user").fetchone() == ("hd_scram",)


# ---- OAuth


@pytest.fixture
def oauth(server):
    if server.version < 18:
        pytest.skip("servers before 18 have no OAuth")
    issued = []

    def token(request):
        issued.append(request)
        return f"token-of-{request.client_id}"

    params = {**server.params, "user": "alice", "oauth_issuer": ISSUER, "oauth_scope": "db", "oauth_token": token}
    return SimpleNamespace(params=params, issued=issued)


@pytest.mark.parametrize("transport", ["tls", "direct"])
def test_a_token_lets_us_in(oauth, transport):
    params = {**oauth.params, **TRANSPORTS[transport], "oauth_client_id": "alice"}
    with howdah.connect(**params, require_auth="oauth") as conn:
        assert conn.execute("select system_user").fetchone() == ("oauth:alice",)
    assert oauth.issued == [(ISSUER, "db", "alice")]


async def test_a_token_that_is_awaited(oauth):
    async def token(request):
        await asyncio.sleep(0)
        return "token-of-alice"

    params = {**oauth.params, **TRANSPORTS["tls"], "oauth_token": token}
    async with await howdah.AsyncConnection.connect(**params) as conn:
        cur = await conn.execute("select system_user")
        assert await cur.fetchone() == ("oauth:alice",)


def test_tokens_that_are_refused(oauth, refused):
    params = {**oauth.params, **TRANSPORTS["tls"]}
    assert "the server refused the OAuth token: invalid_token" in refused(**params, oauth_client_id="somebody")
    nonsense = {**params, "oauth_token": lambda request: "nonsense"}
    assert "the server refused the OAuth token: invalid_token" in refused(**nonsense)
    another = {**nonsense, "oauth_issuer": "https://another.example"}
    assert "(it wants one of another issuer than oauth_issuer)" in refused(**another)
    for text in (refused(**nonsense), refused(**another)):
        assert "nonsense" not in text


def test_a_token_never_goes_in_clear(oauth, refused):
    assert "over TLS or a Unix-domain socket only" in refused(**oauth.params, sslmode="disable")
    unbound = refused(**oauth.params, sslmode="require", channel_binding="require")
    assert "channel binding is required, but OAuth has none" in unbound
    without = {**oauth.params, "oauth_token": None, "sslmode": "require"}
    assert "no oauth_token function was given" in refused(**without)
