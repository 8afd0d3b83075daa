"""Each parameter of a connection by what it does, where no other test shows it: see test_startup_hosts.py for where
to connect, test_authentication.py and test_tls.py for the rest."""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
import ssl
import struct
import subprocess
import sys
import textwrap

import pytest

from servers import fake
from servers.certificates import Authority
from servers.fake import FakeServer, authentication, message


@pytest.fixture(params=["sync", "asyncio"])
def connected(request, pg):
    """Connect, and say what `look` finds of the connection."""

    async def connect_async(look, conninfo, **params):
        conn = await pg.AsyncConnection.connect(conninfo, **params)
        try:
            return look(conn)
        finally:
            await conn.close()

    def run(look, conninfo="", **params):
        if request.param == "asyncio":
            return asyncio.run(connect_async(look, conninfo, **params))
        conn = pg.connect(conninfo, **params)
        try:
            return look(conn)
        finally:
            conn.close()

    return run


@pytest.fixture(autouse=True)
def no_environment(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith(("PG", "SSL")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


def accept(peer):
    peer.startup()
    peer.send(authentication(0), fake.welcome())
    peer.rest()


def options_of(conn):
    """The socket's options, as the kernel has them."""
    with socket.socket(fileno=os.dup(conn.fileno())) as sock:
        return {
            "keepalive": sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
            "idle": sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
            "interval": sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
            "count": sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
            "user_timeout": sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
            "nodelay": sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY),
        }


# ---- the socket

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the names of these options are Linux's")


@linux_only
def test_keepalives(connected):
    with FakeServer(accept) as server:
        found = connected(
            options_of,
            **server.params,
            keepalives_idle=33,
            keepalives_interval=7,
            keepalives_count=4,
            tcp_user_timeout=12345,
        )
        assert found == {
            "keepalive": 1,
            "idle": 33,
            "interval": 7,
            "count": 4,
            "user_timeout": 12345,
            "nodelay": 1,
        }
        plain = connected(options_of, **server.params)
        assert (plain["keepalive"], plain["user_timeout"]) == (1, 0)
        assert connected(options_of, **server.params, keepalives=0, keepalives_idle=33)["keepalive"] == 0


@linux_only
@pytest.mark.howdah_only
def test_keepalives_of_the_system(connected):
    with FakeServer(accept) as server:
        plain = connected(options_of, **server.params)
        assert connected(options_of, **server.params, keepalives_idle=0)["idle"] == plain["idle"]


def test_settings_of_tcp_are_of_no_concern_to_a_unix_socket(connected, server):
    if server.socket_dir is None:
        pytest.skip("the server's socket is unknown")
    look = connected(
        lambda conn: conn.info.host,
        f"host={server.socket_dir} port={server.port} user=hd_trust dbname=postgres",
        keepalives_idle=33,
        tcp_user_timeout=12345,
        keepalives="1",
    )
    assert look == server.socket_dir


@pytest.mark.parametrize("name", ["keepalives", "keepalives_idle", "tcp_user_timeout"])
@pytest.mark.parametrize("value", ["soon", "", "1.5", "1_000", "١٢", "0x10", "99999999999", "2147483648"])
def test_settings_of_tcp_that_are_no_numbers(pg, connected, name, value):
    with FakeServer(accept) as server, pytest.raises(pg.OperationalError, match="invalid integer value"):
        connected(options_of, **server.params, **{name: value})


@linux_only
@pytest.mark.parametrize("value", [-1, 40_000_000])
def test_settings_of_tcp_that_the_system_refuses(pg, connected, value):
    with FakeServer(accept) as server, pytest.raises(pg.OperationalError, match=r"Invalid argument") as caught:
        connected(options_of, **server.params, keepalives_count=value)
    if pg.__name__ == "howdah":
        assert f"keepalives_count={value} is not possible" in str(caught.value)


@pytest.mark.parametrize("value", ["abc", "nan", "inf", "-inf"])
def test_a_timeout_that_is_none(pg, connected, value):
    with pytest.raises(pg.ProgrammingError, match="bad value for connect_timeout"):
        connected(options_of, host="127.0.0.1", connect_timeout=value)


def test_an_empty_application_name_is_one(connected):
    fallback = {"fallback_application_name": "mine"}
    assert started_with(connected, **fallback)["application_name"] == "mine"
    assert "application_name" not in started_with(connected, **fallback, application_name="")


@pytest.mark.howdah_only
@pytest.mark.parametrize("variable", ["PGUSER", "PGDATABASE", "PGAPPNAME", "PGOPTIONS", "PGTZ"])
def test_what_is_sent_at_startup_is_text(pg, connected, monkeypatch, variable):
    monkeypatch.setenv(variable, "caf\udce9")
    with FakeServer(accept) as server:
        where = {name: server.params[name] for name in ("host", "port", "sslmode")}
        with pytest.raises(pg.ProgrammingError, match="is not UTF-8"):
            connected(options_of, **where)


def test_requirepeer(connected, pg, tmp_path):
    path = f"{tmp_path}/.s.PGSQL.5432"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    me = pwd.getpwuid(os.geteuid()).pw_name
    with FakeServer(accept, listener):
        where = f"host={tmp_path} user=u dbname=d"
        assert connected(lambda conn: conn.info.host, where, requirepeer=me) == str(tmp_path)
        with pytest.raises(pg.OperationalError, match=f'requirepeer specifies "x{me}", but actual peer'):
            connected(options_of, where, requirepeer="x" + me)
    with FakeServer(accept) as server:  # over TCP it means nothing
        assert connected(options_of, **server.params, requirepeer="x" + me)


# ---- addresses


@pytest.fixture
def two_addresses(monkeypatch):
    """A name with two addresses: 127.0.0.2 and 127.0.0.1."""
    real = socket.getaddrinfo

    def getaddrinfo(*args, **kwargs):
        host, *others = args or (kwargs.pop("host"),)
        if host != "two.example":
            return real(host, *others, **kwargs)
        return [info for ip in ("127.0.0.2", "127.0.0.1") for info in real(ip, *others, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return "two.example"


def listener_at(ip, port=0):
    return socket.create_server((ip, port))


@pytest.mark.howdah_only
def test_connect_timeout_is_for_each_address(connected, two_addresses):
    """The first address is silent, which is no reason not to try the second."""
    with FakeServer(accept) as server, FakeServer(lambda peer: peer.rest(), listener_at("127.0.0.2", server.port)):
        where = {**server.params, "host": two_addresses, "connect_timeout": "0.5"}
        assert connected(lambda conn: conn.info.hostaddr, **where) == "127.0.0.1"


@pytest.mark.howdah_only
def test_load_balance_within_a_host(connected, two_addresses):
    with FakeServer(accept) as server, FakeServer(accept, listener_at("127.0.0.2", server.port)):
        where = {**server.params, "host": two_addresses, "load_balance_hosts": "random"}
        found = {connected(lambda conn: conn.info.hostaddr, **where) for _ in range(40)}
        assert found == {"127.0.0.1", "127.0.0.2"}
        where["load_balance_hosts"] = "disable"
        assert {connected(lambda conn: conn.info.hostaddr, **where) for _ in range(5)} == {"127.0.0.2"}


@pytest.mark.howdah_only
@pytest.mark.parametrize("what", ["kind", "starting"])
def test_the_wrong_server_is_left_with_all_its_addresses(connected, two_addresses, what):
    def standby(peer):
        peer.startup()
        if what == "kind":
            peer.send(authentication(0), fake.welcome(in_hot_standby="on"))
        else:
            peer.send(fake.error("57P03", "the database system is starting up"))
        peer.rest()

    with FakeServer(standby) as first, FakeServer(standby, listener_at("127.0.0.2", first.port)) as its_other:
        with FakeServer(accept) as second:
            where = {**first.params, "host": f"{two_addresses},127.0.0.1", "port": f"{first.port},{second.port}"}
            assert connected(lambda conn: conn.info.port, **where, target_session_attrs="primary") == second.port
        assert (its_other.connections, first.connections) == (1, 0)


def test_a_port_that_is_none_costs_its_host_only(connected, pg):
    with FakeServer(accept) as server:
        where = {**server.params, "host": "127.0.0.1,127.0.0.1", "port": f"70000,{server.port}"}
        assert connected(lambda conn: conn.info.port, **where) == server.port
        with pytest.raises(pg.OperationalError, match="invalid port number"):
            connected(options_of, **{**where, "port": "70000,0"})
        assert connected(lambda conn: conn.info.port, **{**server.params, "port": f"000{server.port}"}) == server.port


def test_hostaddr_is_where_and_host_is_who(connected):
    """Nobody asks for the name's address; the password is the name's."""
    with FakeServer(accept) as server:
        where = {**server.params, "host": "db.invalid", "hostaddr": "127.0.0.1"}
        assert connected(lambda conn: (conn.info.host, conn.info.hostaddr), **where) == ("db.invalid", "127.0.0.1")


# ---- the kind of server, of those that do not report it


def old(standby, read_only, answers):
    """A server before 14, or a pooler, with such a state, and the queries that it was asked."""

    def script(peer):
        peer.startup()
        settings = [fake.parameter_status(name, value) for name, value in fake.SETTINGS.items()]
        hidden = ("in_hot_standby", "default_transaction_read_only")
        peer.send(authentication(0), *(s for s in settings if not any(name.encode() in s for name in hidden)))
        peer.send(fake.backend_key(), fake.READY)
        while True:
            kind, body = peer.read()
            if kind != b"Q":
                break
            query = body.rstrip(b"\0").decode()
            answers.append(query)
            value = read_only if query.startswith("SHOW") else standby
            column = b"x\0" + struct.pack("!IhIhih", 0, 0, 25, -1, -1, 0)
            peer.send(
                message(b"T", struct.pack("!h", 1) + column),
                message(b"D", struct.pack("!hi", 1, len(value)) + value.encode()),
                message(b"C", b"SHOW\0"),
                fake.READY,
            )

    return FakeServer(script)


@pytest.mark.parametrize(
    ("kind", "chosen", "query"),
    [
        ("any", 0, None),
        ("read-write", 2, "SHOW transaction_read_only"),
        ("read-only", 0, "SHOW transaction_read_only"),
        ("primary", 1, "SELECT pg_catalog.pg_is_in_recovery()"),
        ("standby", 0, "SELECT pg_catalog.pg_is_in_recovery()"),
        ("prefer-standby", 0, "SELECT pg_catalog.pg_is_in_recovery()"),
    ],
)
def test_servers_that_do_not_report_their_kind_are_asked(connected, kind, chosen, query):
    asked = []
    with old("t", "on", asked) as standby, old("f", "on", asked) as quiet, old("f", "off", asked) as main:
        ports = [server.port for server in (standby, quiet, main)]
        where = {**main.params, "host": "127.0.0.1,127.0.0.1,127.0.0.1", "port": ",".join(map(str, ports))}
        assert connected(lambda conn: conn.info.port, **where, target_session_attrs=kind) == ports[chosen]
    assert asked == [query] * (chosen + 1 if query else 0)


@pytest.mark.howdah_only
@pytest.mark.parametrize(
    ("answer", "match"),
    [
        ([fake.error("42501", "not for you", "ERROR"), fake.READY], "not for you"),
        ([message(b"C", b"SHOW\0"), fake.READY], "does not answer SHOW"),
        ([fake.READY], "."),
        ([message(b"D", struct.pack("!hi", 1, 2) + b"on")], "."),
        ([b""], "closed the connection"),
    ],
)
def test_a_server_that_does_not_answer_what_it_is(connected, pg, answer, match):
    def script(peer):
        peer.startup()
        peer.send(authentication(0), fake.backend_key(), fake.READY)
        peer.read()
        peer.send(*answer)

    with FakeServer(script) as server, pytest.raises(pg.OperationalError, match=match):
        connected(options_of, **server.params, target_session_attrs="read-write")


def test_a_real_server_is_asked_and_serves_on(connected, server):
    """The session that was asked is the one that queries go to."""
    for kind in ("read-write", "primary", "prefer-standby", "any"):
        assert connected(lambda conn: conn.info.status.name, server.dsn, target_session_attrs=kind) == "OK"


# ---- start-up


def started_with(connected, **params):
    seen = []

    def script(peer):
        seen.append(peer.startup())
        peer.send(authentication(0), fake.welcome())
        peer.rest()

    with FakeServer(script) as server:
        connected(options_of, **server.params, **params)
    return seen[0]


@pytest.mark.parametrize("value", ["true", "database"])
def test_replication(connected, value):
    assert started_with(connected, replication=value)["replication"] == value
    assert "replication" not in started_with(connected)


@pytest.mark.howdah_only
@pytest.mark.parametrize("autocommit", [True, False])
def test_statements_for_replication(pg, dsn, autocommit):
    """Its server takes nothing but simple Queries, and knows commands of its own."""
    with pg.connect(dsn, replication="database", autocommit=autocommit) as conn:
        for _ in range(8):  # often enough to be prepared elsewhere
            assert len(conn.execute("IDENTIFY_SYSTEM").fetchone()) == 4
            assert conn.execute("select 1, 'x'::text").fetchone() == (1, "x")
        with conn.transaction():
            assert [cur.fetchone() for cur in conn.execute("select 2; select 3").results()] == [(2,), (3,)]
        assert pg.ClientCursor(conn).execute("select %s", [4]).fetchone() == (4,)
        with pytest.raises(pg.errors.ProtocolViolation):
            conn.execute("select %s", [5])
        conn.rollback()
        assert conn.execute("show work_mem").fetchone()


@pytest.mark.parametrize("autocommit", [True, False])
def test_copy_for_replication(pg, dsn, autocommit):
    with pg.connect(dsn, replication="database", autocommit=autocommit) as conn:
        cur = conn.execute("create temp table copied (a int)")
        with cur.copy("copy copied from stdin") as copy:
            for i in range(3):
                copy.write_row((i,))
        assert cur.rowcount == 3
        with cur.copy("copy copied to stdout") as copy:
            assert list(copy.rows()) == [("0",), ("1",), ("2",)]


@pytest.mark.howdah_only
def test_copy_that_fails_for_replication(pg, dsn):
    with pg.connect(dsn, replication="database", autocommit=True) as conn:
        cur = conn.execute("create temp table copied (a int)")
        with pytest.raises(ZeroDivisionError), cur.copy("copy copied from stdin") as copy:
            copy.write_row((1,))
            raise ZeroDivisionError
        with pytest.raises(pg.errors.InvalidTextRepresentation), cur.copy("copy copied from stdin") as copy:
            copy.write("x\n")
        with pytest.raises(pg.errors.DivisionByZero), cur.copy("copy (select 1/0) to stdout") as copy:
            list(copy)
        with cur.copy("copy (select generate_series(1, 100000)) to stdout") as copy:
            copy.read()
        with pytest.raises(pg.ProgrammingError), cur.copy("select 1"):
            pass
        assert conn.execute("select count(*) from copied").fetchone() == (0,)


@pytest.mark.howdah_only
async def test_statements_for_replication_asyncio(pg, dsn):
    async with await pg.AsyncConnection.connect(dsn, replication="database") as conn:
        for _ in range(8):
            assert len(await (await conn.execute("IDENTIFY_SYSTEM")).fetchone()) == 4
        async with conn.cursor().copy("copy (select 1) to stdout") as copy:
            assert [row async for row in copy.rows()] == [("1",)]


def test_client_encoding_of_the_locale(connected, monkeypatch):
    import locale

    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
        found = started_with(connected, client_encoding="auto")["client_encoding"]
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    assert found.upper().replace("-", "") == "UTF8"


def test_options_reach_a_real_server(connected, pg, server):
    conn = pg.connect(server.dsn, options=r"-c search_path=a,\ b -c work_mem=77kB")
    with conn:
        shown = [conn.execute(f"show {name}").fetchone()[0] for name in ("search_path", "work_mem")]
    assert shown == ["a, b", "77kB"]


def test_startup_values_of_the_environment(connected, monkeypatch):
    for name, value in (("PGOPTIONS", "-c a=b"), ("PGAPPNAME", "app"), ("PGCLIENTENCODING", "latin1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PGGEQO", "off")
    found = started_with(connected)
    assert (found["options"], found["application_name"], found["geqo"]) == ("-c a=b", "app", "off")


# ---- TLS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority(folder)
    certificate = authority.issue("server", "ignored", ["localhost", "127.0.0.1"])
    authority.revoke("revoked", certificate)
    hashes = folder / "hashes"
    hashes.mkdir()
    name = subprocess.run(
        ["openssl", "crl", "-noout", "-hash", "-in", folder / "revoked.crl"], capture_output=True, text=True
    )
    if name.returncode == 0:
        (hashes / f"{name.stdout.strip()}.r0").write_bytes((folder / "revoked.crl").read_bytes())
    return folder


@pytest.fixture
def tls_server(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    names = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with FakeServer(accept, context=context) as server:
        server.names = names
        server.where = {**server.params, "sslmode": "verify-ca", "sslrootcert": str(folder / "root.crt")}
        yield server


def test_sslsni(connected, tls_server):
    where = {**tls_server.where, "host": "localhost", "hostaddr": "127.0.0.1"}
    connected(options_of, **where)
    connected(options_of, **where, sslsni="0")
    connected(options_of, **tls_server.where)  # an address is no name
    assert tls_server.names == ["localhost", None, None]


def test_sslcrldir(connected, pg, tls_server, folder):
    if not any((folder / "hashes").iterdir()):
        pytest.skip("there is no openssl to name the file")
    connected(options_of, **tls_server.where, sslcrl=str(folder / "nowhere"))
    for where in ({"sslcrldir": "nowhere"}, {"sslcrldir": "hashes"}, {"sslcrl": "revoked.crl"}):
        where = {name: str(folder / value) for name, value in where.items()}
        with pytest.raises(pg.OperationalError, match="certificate verify failed"):
            connected(options_of, **tls_server.where, **where)


def test_ssl_versions(connected, pg, tls_server, folder):
    where = {**tls_server.where, "ssl_min_protocol_version": "TLSv1.2", "ssl_max_protocol_version": "TLSv1.2"}
    assert connected(options_of, **where)
    tls_server._context.minimum_version = ssl.TLSVersion.TLSv1_3
    with pytest.raises(pg.OperationalError, match="SSL error"):
        connected(options_of, **where)


# ---- under gevent, a name is resolved beside the others

GEVENT = """
from gevent import monkey

monkey.patch_all()
import socket, sys, time
import gevent
import howdah

real = socket.getaddrinfo

def getaddrinfo(host, port, *args, **kwargs):
    if host == "slow.example":
        gevent.sleep(30)
    return real(host, port, *args, **kwargs)

socket.getaddrinfo = getaddrinfo

def connect(host):
    try:
        howdah.connect("user=u sslmode=disable connect_timeout=2", host=host, port=sys.argv[1]).close()
    except howdah.errors.ConnectionTimeout as error:
        return "failed to resolve" in str(error)
    return "connected"

greenlets = [gevent.spawn(connect, host) for host in ("slow.example", "localhost", "slow.example")]
before = time.monotonic()
gevent.joinall(greenlets)
print([greenlet.value for greenlet in greenlets], time.monotonic() - before < 20)
"""


@pytest.mark.howdah_only
def test_name_resolution_under_gevent():
    pytest.importorskip("gevent")
    with FakeServer(accept) as server:
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(GEVENT), str(server.port)],
            capture_output=True,
            text=True,
            timeout=50,
        )
    assert done.stdout == "[True, 'connected', True] True\n", done.stderr
