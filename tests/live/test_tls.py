"""TLS against a real server: Debian's PostgreSQL, with certificates made for the run."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import shutil
import ssl
from pathlib import Path
from types import SimpleNamespace

import pytest

from beside import Watch, eventually, leave_in_child
from servers.certificates import SIGNATURES, Authority
from servers.debian import Debian

pytestmark = pytest.mark.howdah_only

HBA = [
    "hostssl all hd_scram all scram-sha-256",
    "hostssl all hd_cert all cert",
    "hostnossl all hd_clear all trust",
    "hostssl all hd_clear all reject",
    "hostssl all postgres all trust",
]

ROLES = "create role hd_scram login password 'secret'; create role hd_cert login; create role hd_clear login;"


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority(folder)
    other = Authority(folder, "other")
    authority.issue("server", "ignored", ["localhost", "*.example.org", "127.0.0.1"])
    authority.issue("client", "hd_cert")
    revoked = authority.issue("revoked", "hd_cert")
    authority.revoke("root", revoked)
    authority.issue("locked", "hd_cert", password=b"open")
    authority.issue("der", "hd_cert", der=True)
    other.issue("stranger", "hd_cert")
    with Debian(HBA, sql=ROLES) as server:
        for name in ("root.crt", "root.crl", "server.crt", "server.key"):
            server.install(folder / name, name)
        server.configure(HBA, {"ssl": "on", "ssl_ca_file": "root.crt", "ssl_crl_file": "root.crl"})
        server.restart()
        dsn = f"host=localhost hostaddr=127.0.0.1 port={server.port} dbname=postgres user=postgres"
        yield SimpleNamespace(server=server, folder=folder, dsn=dsn, root=folder / "root.crt", authority=authority)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith(("PG", "SSL")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(params=["sync", "asyncio"])
def encrypted(request, pg):
    """Connect and ask the server whether the connection has TLS."""
    query = "select ssl, current_user::text from pg_stat_ssl where pid = pg_backend_pid()"

    async def connect(conninfo, **params):
        async with await pg.AsyncConnection.connect(conninfo, **params) as conn:
            cur = await conn.execute(query)
            return check(conn, await cur.fetchone())

    def check(conn, row):
        assert conn.pgconn.ssl_in_use == row[0]
        return row[0]

    def run(conninfo, **params):
        if request.param == "asyncio":
            return asyncio.run(connect(conninfo, **params))
        with pg.connect(conninfo, **params) as conn:
            return check(conn, conn.execute(query).fetchone())

    return run


def identity(tls, stem):
    return {"sslcert": str(tls.folder / f"{stem}.crt"), "sslkey": str(tls.folder / f"{stem}.key")}


# ---- modes


@pytest.mark.parametrize("mode", ["prefer", "require", "verify-ca", "verify-full"])
def test_modes(encrypted, tls, mode):
    assert encrypted(tls.dsn, sslmode=mode, sslrootcert=str(tls.root))


def test_disable_and_allow(encrypted, tls, pg):
    assert not encrypted(tls.dsn, sslmode="disable", user="hd_clear")
    assert not encrypted(tls.dsn, sslmode="allow", user="hd_clear")
    assert encrypted(tls.dsn, sslmode="allow")
    with pytest.raises(pg.OperationalError, match="no encryption"):
        encrypted(tls.dsn, sslmode="disable")


def test_prefer_goes_without_where_tls_is_refused(encrypted, tls, pg):
    assert not encrypted(tls.dsn, user="hd_clear")
    with pytest.raises(pg.OperationalError, match=r"pg_hba\.conf rejects connection"):
        encrypted(tls.dsn, user="hd_clear", sslmode="require")


def test_prefer_does_not_go_without_for_want_of_a_file(encrypted, tls, pg, tmp_path):
    """What a client's certificate is for is not done in the clear, because its key is readable by all."""
    params = identity(tls, "client")
    key = shutil.copy(params["sslkey"], tmp_path)
    os.chmod(key, 0o644)
    with pytest.raises(pg.OperationalError, match="group or world access"):
        encrypted(tls.dsn, **{**params, "sslkey": key, "user": "hd_clear", "sslmode": "prefer"})
    with pytest.raises(pg.OperationalError, match="could not read root certificate file"):
        encrypted(tls.dsn, user="hd_clear", sslmode="prefer", sslrootcert=params["sslkey"])


def test_a_wrong_password_is_not_offered_in_clear(encrypted, tls, pg):
    before = len(log_of(tls))
    with pytest.raises(pg.errors.InvalidPassword):
        encrypted(tls.dsn, user="hd_scram", password="wrong")
    assert "no encryption" not in log_of(tls)[before:]


def log_of(tls):
    return (tls.server.folder / "log").read_text()


def test_not_over_a_unix_socket(encrypted, tls):
    assert not encrypted(
        f"host={tls.server.socket_dir} port={tls.server.port} user=postgres dbname=postgres", sslmode="verify-full"
    )


# ---- the server's certificate


@pytest.mark.parametrize(
    ("host", "fits"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("db.example.org", True),
        ("a.db.example.org", False),
        ("example.org", False),
        (".example.org", False),
        ("127.0.0.1", True),
        ("127.0.0.2", False),
        ("ignored", False),  # the common name does not count beside DNS names
        ("localhost.evil.org", False),
    ],
)
def test_names(encrypted, tls, pg, host, fits):
    params = {"host": host, "hostaddr": "127.0.0.1", "sslmode": "verify-full", "sslrootcert": str(tls.root)}
    if fits:
        for sni in ("0", "1"):
            assert encrypted(tls.dsn, **params, sslsni=sni)
    else:
        with pytest.raises(pg.OperationalError, match=r"does not match host name|invalid host name"):
            encrypted(tls.dsn, **params)
        assert encrypted(tls.dsn, **{**params, "sslmode": "verify-ca", "sslsni": "0"})


@pytest.mark.parametrize(("address", "fits"), [("127.0.0.1", True), ("::1", False)])
def test_an_address_without_a_name(encrypted, tls, pg, address, fits):
    params = {"host": "", "hostaddr": address, "sslmode": "verify-full", "sslrootcert": str(tls.root)}
    if fits:
        assert encrypted(tls.dsn, **params)
    else:
        with pytest.raises(pg.OperationalError, match='does not match host name "::1"'):
            encrypted(tls.dsn, **params)


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_a_root_that_has_not_signed_it(encrypted, tls, pg, mode):
    with pytest.raises(pg.OperationalError, match="certificate verify failed"):
        encrypted(tls.dsn, sslmode=mode, sslrootcert=str(tls.folder / "other.crt"))


def test_the_root_in_the_users_folder(encrypted, tls, pg, tmp_path):
    assert encrypted(tls.dsn, sslmode="require")
    with pytest.raises(pg.OperationalError, match=r"root certificate file .*root.crt\" does not exist"):
        encrypted(tls.dsn, sslmode="verify-ca")
    (tmp_path / ".postgresql").mkdir()
    home = tmp_path / ".postgresql" / "root.crt"
    shutil.copy(tls.root, home)
    assert encrypted(tls.dsn, sslmode="verify-full")
    shutil.copy(tls.folder / "other.crt", home)  # and now in every mode
    with pytest.raises(pg.OperationalError, match="certificate verify failed"):
        encrypted(tls.dsn, sslmode="require")


def test_no_root_at_all(encrypted, tls, pg, tmp_path):
    (tmp_path / "junk").write_text("nothing")
    with pytest.raises(pg.OperationalError, match="could not read root certificate file"):
        encrypted(tls.dsn, sslmode="require", sslrootcert=str(tmp_path / "junk"))


def test_the_systems_roots(encrypted, tls, pg, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.root))
    assert encrypted(tls.dsn, sslrootcert="system")
    with pytest.raises(pg.OperationalError, match="may not be used with sslrootcert=system"):
        encrypted(tls.dsn, sslrootcert="system", sslmode="verify-ca")
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.folder / "other.crt"))
    with pytest.raises(pg.OperationalError, match="certificate verify failed"):
        encrypted(tls.dsn, sslrootcert="system")


def test_revoked(encrypted, tls, pg, tmp_path):
    """A list that is not there is passed over."""
    params = {"sslmode": "verify-ca", "sslrootcert": str(tls.root)}
    assert encrypted(tls.dsn, **params, sslcrl=str(tls.folder / "root.crl"))
    assert encrypted(tls.dsn, **params, sslcrl=str(tmp_path / "none"))
    folder = tmp_path / "list"
    folder.mkdir()
    revoked = Authority(folder, "root").revoke("root")  # of another root: there is none for ours
    with pytest.raises(pg.OperationalError, match="certificate verify failed"):
        encrypted(tls.dsn, **params, sslcrl=str(revoked))


# ---- our certificate


@pytest.mark.parametrize("stem", ["client", "der"])
def test_client_certificate(encrypted, tls, stem):
    assert encrypted(tls.dsn, user="hd_cert", sslmode="require", **identity(tls, stem))
    assert encrypted(tls.dsn, user="hd_cert", sslmode="require", **identity(tls, stem), sslcertmode="require")


def test_a_key_with_a_password(encrypted, tls, pg):
    params = {"user": "hd_cert", "sslmode": "require", **identity(tls, "locked")}
    assert encrypted(tls.dsn, **params, sslpassword="open")
    for password, reason in (
        ("", "there is no sslpassword"),
        ("wrong", "not with sslpassword"),
        ("x" * 2000, "not with"),
    ):
        with pytest.raises(
            pg.OperationalError, match=f"could not load private key file .*it is encrypted, and {reason}"
        ) as caught:
            encrypted(tls.dsn, **params, sslpassword=password)
        assert not password or password not in str(caught.value)


@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_of_certificate_and_key_the_one_at_fault_is_named(encrypted, tls, pg, tmp_path, form):
    params = {"user": "hd_cert", "sslmode": "require", **identity(tls, "client" if form == "PEM" else "der")}
    (tmp_path / "nonsense").write_text("nonsense")
    (tmp_path / "nonsense").chmod(0o600)
    spoilt = tmp_path / "spoilt"
    spoilt.write_bytes(Path(params["sslcert"]).read_bytes().replace(b"A", b"B"))
    for file in (tmp_path / "nonsense", spoilt, Path(params["sslkey"]), tmp_path):
        with pytest.raises(pg.OperationalError, match=f'could not read certificate file "{file}"'):
            encrypted(tls.dsn, **{**params, "sslcert": str(file)})
    with pytest.raises(pg.OperationalError, match=f'could not load private key file "{tmp_path / "nonsense"}": '):
        encrypted(tls.dsn, **{**params, "sslkey": str(tmp_path / "nonsense")})
    strange = identity(tls, "stranger")["sslkey"]
    with pytest.raises(pg.OperationalError, match=f'does not match private key file "{strange}"'):
        encrypted(tls.dsn, **{**params, "sslkey": strange})


@pytest.mark.parametrize("stem", ["revoked", "stranger"])
def test_certificates_that_the_server_refuses(encrypted, tls, pg, stem):
    with pytest.raises(pg.OperationalError, match=r"revoked|unknown ca|closed the connection"):
        encrypted(tls.dsn, user="hd_cert", sslmode="require", **identity(tls, stem))


def test_without_a_certificate(encrypted, tls, pg):
    for params in ({}, {**identity(tls, "client"), "sslcertmode": "disable"}):
        with pytest.raises(pg.OperationalError, match="valid client certificate"):
            encrypted(tls.dsn, user="hd_cert", sslmode="require", **params)
    with pytest.raises(pg.OperationalError, match="without a valid SSL certificate"):
        encrypted(tls.dsn, sslmode="require", sslcertmode="require")


def test_keys_that_others_can_read(encrypted, tls, pg, tmp_path):
    key = tmp_path / "key"
    shutil.copy(tls.folder / "client.key", key)
    params = {"user": "hd_cert", "sslmode": "require", "sslcert": str(tls.folder / "client.crt"), "sslkey": str(key)}
    for mode in (0o644, 0o660, 0o604):
        key.chmod(mode)
        with pytest.raises(pg.OperationalError, match="has group or world access"):
            encrypted(tls.dsn, **params)
    key.chmod(0o600)
    assert encrypted(tls.dsn, **params)
    key.chmod(0o640)
    if os.geteuid() == 0:
        assert encrypted(tls.dsn, **params)
    key.unlink()
    with pytest.raises(pg.OperationalError, match="but not private key file"):
        encrypted(tls.dsn, **params)
    key.mkdir()
    with pytest.raises(pg.OperationalError, match="not a regular file"):
        encrypted(tls.dsn, **params)
    key.rmdir()
    shutil.copy(tls.folder / "locked.key", key)
    shutil.copy(tls.folder / "stranger.key", key)
    with pytest.raises(pg.OperationalError, match="does not match private key file"):
        encrypted(tls.dsn, **params)


# ---- versions, contexts, logs


def test_versions(encrypted, tls, pg):
    assert encrypted(tls.dsn, sslmode="require", ssl_max_protocol_version="TLSv1.2")
    for name, value, match in (
        ("ssl_min_protocol_version", "TLSv2", "invalid .* value"),
        ("ssl_max_protocol_version", "TLSv1.1", "invalid SSL protocol version range"),
    ):
        with pytest.raises(pg.OperationalError, match=match):
            encrypted(tls.dsn, **{name: value})


def test_the_version_negotiated(pg, tls):
    for version in ("TLSv1.2", "TLSv1.3"):
        with pg.connect(tls.dsn, ssl_max_protocol_version=version, ssl_min_protocol_version=version) as conn:
            assert conn._tls.version() == version
            assert conn.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("params", [{}, {"sslmode": "verify-full", "host": "elsewhere"}], ids=["closed", "failed"])
def test_nothing_stays_of_a_connection(encrypted, pg, tls, params):
    def sessions():
        gc.collect()
        return sum(isinstance(found, ssl.SSLObject) for found in gc.get_objects())

    before = sessions()
    for _ in range(3):
        with contextlib.suppress(pg.OperationalError):
            encrypted(tls.dsn, **params, sslrootcert=str(tls.root))
    assert sessions() == before


def test_contexts_are_kept(pg, tls, tmp_path):
    from howdah._connect.parameters import resolve, variables
    from howdah._connect.tls import context_of

    root = tmp_path / "root.crt"
    shutil.copy(tls.root, root)
    params = resolve({"sslmode": "verify-ca", "sslrootcert": str(root)}, variables())
    context = context_of(params)
    assert context_of(dict(params)) is context
    assert context_of({**params, "sslmode": "verify-full"}) is not context
    shutil.copy(tls.folder / "other.crt", root)
    assert context_of(params) is not context


def test_a_context_of_ones_own(encrypted, tls, pg):
    context = ssl.create_default_context(cafile=tls.root)
    assert encrypted(tls.dsn, ssl_context=context)
    with pytest.raises(pg.OperationalError, match="certificate verify failed"):
        encrypted(tls.dsn, ssl_context=context, host="elsewhere")
    with pytest.raises(pg.OperationalError, match="certificate verify failed"):
        encrypted(tls.dsn, ssl_context=ssl.create_default_context())
    assert encrypted(tls.dsn, ssl_context=context, sslmode="verify-full")
    lax = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    lax.check_hostname = False
    lax.verify_mode = ssl.CERT_NONE
    assert encrypted(tls.dsn, ssl_context=lax)
    with pytest.raises(pg.OperationalError, match="CERT_REQUIRED"):
        encrypted(tls.dsn, ssl_context=lax, sslmode="verify-full")
    with pytest.raises(TypeError, match="ssl_context"):
        encrypted(tls.dsn, ssl_context=True)
    with pytest.raises(pg.OperationalError, match="sslcertmode=require is not possible with an ssl_context"):
        encrypted(tls.dsn, ssl_context=context, sslcertmode="require")


def test_what_the_environment_demands_holds_for_a_context_of_ones_own(encrypted, tls, pg, monkeypatch):
    context = ssl.create_default_context(cafile=tls.root)
    context.check_hostname = False
    monkeypatch.setenv("PGSSLMODE", "disable")
    assert encrypted(tls.dsn, ssl_context=context, host="elsewhere")
    assert not encrypted(tls.dsn, ssl_context=context, sslmode="disable", user="hd_clear")
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert encrypted(tls.dsn, ssl_context=context)
    with pytest.raises(pg.OperationalError, match='does not match host name "elsewhere"'):
        encrypted(tls.dsn, ssl_context=context, host="elsewhere")


def test_key_log(encrypted, tls, tmp_path):
    path = tmp_path / "keys"
    assert encrypted(tls.dsn, sslmode="require", sslkeylogfile=str(path))
    assert "CLIENT_HANDSHAKE_TRAFFIC_SECRET" in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


def test_direct_needs_a_strict_mode(encrypted, tls, pg):
    with pytest.raises(pg.OperationalError, match="may not be used with sslnegotiation=direct"):
        encrypted(tls.dsn, sslnegotiation="direct")


# ---- logging in


@pytest.mark.parametrize("binding", ["disable", "prefer", "require"])
def test_scram(encrypted, tls, pg, binding):
    params = {"user": "hd_scram", "channel_binding": binding, "sslmode": "require"}
    assert encrypted(tls.dsn, **params, password="secret", require_auth="scram-sha-256")
    assert encrypted(tls.dsn, **params, password=lambda: "secret")
    with pytest.raises(pg.errors.InvalidPassword):
        encrypted(tls.dsn, **params, password="wrong")


def test_binding_is_required(encrypted, tls, pg):
    with pytest.raises(pg.OperationalError, match="without channel binding"):
        encrypted(tls.dsn, sslmode="require", channel_binding="require")


def test_keys_of_scram(encrypted, tls, pg):
    import base64
    import hashlib
    import hmac

    stored = tls.server.psql("select rolpassword from pg_authid where rolname = 'hd_scram'")
    iterations, salt = stored.split("$")[1].split(":")
    salted = hashlib.pbkdf2_hmac("sha256", b"secret", base64.b64decode(salt), int(iterations))
    keys = [base64.b64encode(hmac.digest(salted, name, "sha256")).decode() for name in (b"Client Key", b"Server Key")]
    params = {"user": "hd_scram", "sslmode": "require", "channel_binding": "require"}
    assert encrypted(tls.dsn, **params, scram_client_key=keys[0], scram_server_key=keys[1])
    with pytest.raises(pg.OperationalError, match="server's signature is wrong"):
        encrypted(tls.dsn, **params, scram_client_key=keys[0], scram_server_key=keys[0])
    with pytest.raises(pg.OperationalError, match="32 bytes"):
        encrypted(tls.dsn, **params, scram_client_key="YWJj")
    with pytest.raises(pg.OperationalError, match="base64"):
        encrypted(tls.dsn, **params, scram_client_key="ü")


@pytest.fixture(scope="module", params=sorted(SIGNATURES))
def signed(request, tls, tmp_path_factory):
    """A server whose certificate is signed in this way."""
    folder = tmp_path_factory.mktemp(request.param)
    Authority(folder, signature=request.param).issue("server", "localhost", ["localhost"])
    for name in ("server.crt", "server.key"):
        tls.server.install(folder / name, name)
    tls.server.restart()
    yield SimpleNamespace(
        kind=request.param, root=folder / "root.crt", dsn=f"{tls.dsn} user=hd_scram password=secret"
    )
    for name in ("server.crt", "server.key"):
        tls.server.install(tls.folder / name, name)
    tls.server.restart()


@pytest.mark.parametrize("mode", ["require", "verify-full"])
@pytest.mark.parametrize("binding", ["disable", "prefer", "require"])
def test_binding_to_certificates(encrypted, signed, pg, mode, binding):
    """No hash is defined for Ed25519: without one, only a name that was checked will do."""
    root = {"sslrootcert": str(signed.root)} if mode == "verify-full" else {}
    params = {"sslmode": mode, "channel_binding": binding, **root}
    if signed.kind != "ed25519" or binding == "disable" or (binding, mode) == ("prefer", "verify-full"):
        assert encrypted(signed.dsn, **params)
    else:
        with pytest.raises(pg.OperationalError, match="channel binding is"):
            encrypted(signed.dsn, **params)


# ---- what goes on over it


@pytest.fixture(params=["TLSv1.2", "TLSv1.3"])
def dsn_of_tls(request, tls):
    return (
        f"{tls.dsn} sslmode=require ssl_min_protocol_version={request.param} ssl_max_protocol_version={request.param}"
    )


def test_large_values_both_ways(pg, dsn_of_tls):
    with pg.connect(dsn_of_tls) as conn:
        for size in (0, 1, 8191, 8192, 16383, 16384, 16385, 300_000, 5_000_000):
            value = os.urandom(size)
            assert conn.execute("select %s::bytea", (value,)).fetchone() == (value,)
        rows = conn.execute("select i, repeat('x', i %% 3000) from generate_series(1, %s) i", (30_000,)).fetchall()
        assert rows == [(i, "x" * (i % 3000)) for i in range(1, 30_001)]


async def test_large_values_both_ways_under_asyncio(pg, dsn_of_tls):
    async with await pg.AsyncConnection.connect(dsn_of_tls) as conn:
        for size in (0, 16384, 5_000_000):
            value = os.urandom(size)
            cur = await conn.execute("select %s::bytea", (value,))
            assert await cur.fetchone() == (value,)
        cur = await conn.execute("select i, repeat('x', i %% 3000) from generate_series(1, %s) i", (30_000,))
        assert await cur.fetchall() == [(i, "x" * (i % 3000)) for i in range(1, 30_001)]


def test_copy_pipeline_stream_and_cancel(pg, dsn_of_tls):
    with pg.connect(dsn_of_tls, autocommit=True) as conn:
        conn.execute("create temp table t (i int, s text)")
        cur = conn.cursor()
        with cur.copy("copy t from stdin") as copy:
            for i in range(20_000):
                copy.write_row((i, "y" * 100))
        with cur.copy("copy t to stdout") as copy:
            assert sum(1 for _row in copy.rows()) == 20_000
        with conn.pipeline():
            cursors = [conn.execute("select %s::int", (i,)) for i in range(500)]
            assert [c.fetchone()[0] for c in cursors] == list(range(500))
        assert sum(1 for _row in cur.stream("select * from t")) == 20_000
        for _row in cur.stream("select * from t"):
            break
        conn.cancel_safe()
        assert conn.execute("select count(*) from t").fetchone() == (20_000,)


def test_cancel_goes_over_tls(pg, tls):
    with pg.connect(tls.dsn, sslmode="require", autocommit=True) as conn:
        before = log_of(tls).count("connection received")
        conn.cancel_safe()
        assert log_of(tls).count("connection received") == before + 1
        assert conn._encryption is not None


@pytest.mark.parametrize("method", ["cancel", "cancel_safe"])
async def test_cancel(pg, tls, method):
    with pg.connect(tls.dsn, sslmode="require", autocommit=True) as other:
        watch = Watch(other)
        with pg.connect(tls.dsn, sslmode="require", autocommit=True) as conn:
            with watch.during(conn, getattr(conn, method)), pytest.raises(pg.errors.QueryCanceled):
                conn.execute("select pg_sleep(60)")
            assert conn.execute("select 1").fetchone() == (1,)
        async with await pg.AsyncConnection.connect(tls.dsn, sslmode="require", autocommit=True) as aconn:
            task = asyncio.create_task(aconn.execute("select pg_sleep(60)"))
            await watch.busy_async(aconn)
            if (cancelled := getattr(aconn, method)()) is not None:
                await cancelled
            with pytest.raises(pg.errors.QueryCanceled):
                await task
            assert await aconn.fetchval("select 1") == 1


async def test_a_cancelled_task(pg, tls):
    async with await pg.AsyncConnection.connect(tls.dsn, sslmode="require", autocommit=True) as conn:
        task = asyncio.create_task(conn.execute("select pg_sleep(60)"))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        cur = await conn.execute("select 1")
        assert await cur.fetchone() == (1,)


def test_notifications_while_idle(pg, tls):
    with pg.connect(tls.dsn, sslmode="require", autocommit=True) as conn:
        conn.execute("listen news")
        tls.server.psql("notify news, 'old'; notify news, 'new'")
        assert [n.payload for n in conn.notifies(timeout=60, stop_after=2)] == ["old", "new"]


def test_the_pool_finds_out_who_is_dead(pool_module, tls):
    with pool_module.ConnectionPool(f"{tls.dsn} sslmode=require", min_size=1, max_size=1) as pool:
        with pool.connection() as conn:
            pid = conn.info.backend_pid
            conn.execute("listen news")
        tls.server.psql("notify news")  # bytes arrive, and it is alive
        with pool.connection() as conn:
            assert conn.info.backend_pid == pid
        tls.server.psql(f"select pg_terminate_backend({pid}, 60000)")
        with pool.connection() as conn:
            assert conn.info.backend_pid != pid
            assert conn.execute("select 1").fetchone() == (1,)


def test_the_servers_last_words(pg, tls):
    conn = pg.connect(tls.dsn, sslmode="require", autocommit=True)
    tls.server.psql(f"select pg_terminate_backend({conn.info.backend_pid}, 60000)")
    with pytest.raises(pg.errors.AdminShutdown):
        conn.execute("select 1")
    assert conn.closed


# ---- timeouts


async def test_timeouts(pg, tls):
    """The request to cancel has TLS too, and what is decrypted and not yet read is not waited for."""
    rows = "select repeat('x', 1000) from generate_series(1, 20000)"
    with pg.connect(tls.dsn, sslmode="require", autocommit=True) as conn:
        assert len(conn.fetchall(rows, timeout=60)) == 20000
        for _ in range(3):
            with pytest.raises(pg.errors.QueryTimeout):
                conn.execute("select pg_sleep(60)", timeout=0.1)
            with pytest.raises(pg.errors.QueryTimeout):
                conn.execute("select repeat('x', 1000) from generate_series(1, 10000000)", timeout=0.1)
            assert conn.fetchval("select 5", timeout=60) == 5
    async with await pg.AsyncConnection.connect(tls.dsn, sslmode="require", autocommit=True) as aconn:
        assert len(await aconn.fetchall(rows, timeout=60)) == 20000
        for _ in range(3):
            with pytest.raises(pg.errors.QueryTimeout):
                await aconn.execute("select pg_sleep(60)", timeout=0.1)
            with pytest.raises(pg.errors.QueryTimeout):
                await aconn.execute("select repeat('x', 1000) from generate_series(1, 10000000)", timeout=0.1)
            assert await aconn.fetchval("select 5", timeout=60) == 5


@pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")
def test_forgotten(pg, tls):
    """The server is told, encrypted."""
    with pg.connect(tls.dsn, sslmode="require", autocommit=True) as other:
        conn = pg.connect(tls.dsn, sslmode="require")
        pid = conn.info.backend_pid
        del conn
        eventually(lambda: not other.fetchval("select count(*) from pg_stat_activity where pid = %s", [pid]))


@pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")
@pytest.mark.parametrize("way", ["close", "forget"])
def test_a_forked_child(pg, tls, way):
    """It has the keys, too, but says nothing: the parent goes on."""
    held = [pg.connect(tls.dsn, sslmode="require", autocommit=True)]
    assert leave_in_child(held, way)
    assert held[0].execute("select 1").fetchone() == (1,)
    held[0].close()


def test_says_goodbye(pg, tls):
    """The server's log has no unexpected end."""
    before = len(log_of(tls))
    with pg.connect(tls.dsn, sslmode="require", autocommit=True) as other:
        with pg.connect(tls.dsn, sslmode="require") as conn:
            pid = conn.info.backend_pid
        eventually(lambda: not other.fetchval("select count(*) from pg_stat_activity where pid = %s", [pid]))
    assert "unexpected" not in log_of(tls)[before:]


class Interrupted(Exception):
    pass


class Startled:
    """An SSLObject in which a signal handler raises, in one call from now on, before the work or behind it."""

    def __init__(self, real):
        self._real = real
        self.due, self.behind = -1, False

    @property
    def _sslobj(self):
        return self

    def __getattr__(self, name):
        return getattr(self._real, name)

    def _interrupted(self, method, *args):
        self.due -= 1
        if self.due == 0 and not self.behind:
            raise Interrupted
        result = method(*args)
        if self.due == 0:
            raise Interrupted
        return result

    def read(self, size, into):
        return self._interrupted(self._real.read, size, into)

    def write(self, data):
        return self._interrupted(self._real.write, data)


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_interrupted_within_tls(pg, tls, monkeypatch, version):
    """Nothing that was read is lost, or the connection with it."""
    engines = []

    def parts(pump):
        engines.append(Startled(pump.object))
        return engines[-1], pump.incoming, pump.outgoing

    monkeypatch.setattr("howdah._connect.tls.Pump.parts", property(parts))
    params = {"sslmode": "require", "ssl_min_protocol_version": version, "ssl_max_protocol_version": version}
    conn, opened, interrupted = None, 0, 0
    for turn in range(210):
        if conn is None or conn.closed:
            conn = pg.connect(tls.dsn, **params, autocommit=True)
            opened += 1
        tag, size = f"tag {turn}", (1, 1, 100, 1700, 2100, 20_000)[turn % 6]
        engines[-1].due, engines[-1].behind = turn // 6 % 7 + 1, turn % 5 < 3
        try:
            rows = conn.execute("select %s::text, repeat('\xff', %s)", [tag, size]).fetchall()
            assert rows == [(tag, "\xff" * size)]
        except Interrupted:
            interrupted += 1
        except pg.OperationalError:
            assert conn.closed
        engines[-1].due = -1
        if not conn.closed:
            assert conn.execute("select %s::text", [tag]).fetchone() == (tag,)
    conn.close()
    assert interrupted > 30
    assert opened < 4
