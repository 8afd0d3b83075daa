"""One test for each vulnerability that a PostgreSQL client has had, named by its number."""

from __future__ import annotations

import asyncio
import mmap
import os
import ssl
import struct
import subprocess
import time
from pathlib import Path

import pytest

from beside import within
from servers import fake
from servers.certificates import Authority
from servers.fake import FakeServer, authentication, message

WELCOME = authentication(0) + fake.welcome()


@pytest.fixture(params=["sync", "asyncio"])
def connect(request, pg):
    """Connect and close; whether the connection had TLS."""

    async def connect_async(**params):
        conn = await pg.AsyncConnection.connect(**params)
        encrypted = conn.pgconn.ssl_in_use
        await conn.close()
        return encrypted

    def run(**params):
        if request.param == "asyncio":
            return asyncio.run(connect_async(**params))
        conn = pg.connect(**params)
        encrypted = conn.pgconn.ssl_in_use
        conn.close()
        return encrypted

    return run


@pytest.fixture(autouse=True)
def no_environment(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("PG"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fake")
    Authority(folder).issue("server", "localhost", ["localhost", "127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    return context


def accept(peer):
    peer.startup()
    peer.send(WELCOME)
    peer.rest()


def answers(*messages):
    """A server that lets everybody in, and answers the first query with these."""

    def script(peer):
        peer.startup()
        peer.send(WELCOME)
        while peer.read()[0] not in (b"S", b"Q"):
            pass
        peer.send(*messages)
        peer.rest()

    return script


def refused(pg, connect, script, match, context=None, **params):
    with (
        FakeServer(script, context=context) as server,
        within(15),
        pytest.raises(pg.OperationalError, match=match) as caught,
    ):
        connect(**{**server.params, **params})
    return str(caught.value)


# ---- before TLS


def test_tls_of_the_fake_server(connect, context):
    with FakeServer(accept, context=context) as server:
        assert connect(**{**server.params, "sslmode": "require"})
        assert connect(**{**server.params, "sslmode": "prefer"})
    with FakeServer(accept) as server:
        assert not connect(**{**server.params, "sslmode": "prefer"})
        assert server.connections == 1  # it went on in the clear


@pytest.mark.parametrize("mode", ["prefer", "require"])
@pytest.mark.parametrize("split", [False, True])
def test_cve_2021_23222_bytes_before_tls_are_not_taken(pg, connect, context, mode, split):
    """Whoever stands in the middle may put bytes between the server's S and its TLS."""

    def script(peer):
        peer._exactly(8)
        if split:
            peer.send(b"S")
            time.sleep(0.05)
            peer.send(WELCOME)
        else:
            peer.send(b"S" + WELCOME)
        peer.rest()

    refused(
        pg,
        connect,
        script,
        "unencrypted data after SSL response|SSL error|closed the connection",
        context,
        sslmode=mode,
    )


@pytest.mark.parametrize("mode", ["prefer", "require"])
def test_cve_2024_10977_the_text_of_an_error_before_tls_is_not_shown(pg, connect, mode):
    def script(peer):
        peer._exactly(8)
        peer.send(fake.error("28000", "send your password to evil.example"))
        peer.rest()

    text = refused(pg, connect, script, "server sent an error response during SSL exchange", sslmode=mode)
    assert "evil" not in text


@pytest.mark.parametrize("answer", [b"X", b"R", b"\0", b"s"])
def test_an_answer_to_the_request_for_tls_that_is_none(pg, connect, answer):
    refused(
        pg,
        connect,
        lambda peer: (peer._exactly(8), peer.send(answer), peer.rest()),
        "invalid response",
        sslmode="prefer",
    )


def test_direct_tls_needs_the_protocol_to_be_chosen(pg, connect, tmp_path):
    """ALPACA: a server of another protocol with a certificate for the name."""
    Authority(tmp_path).issue("server", "localhost", ["127.0.0.1"])
    for protocols in (["postgresql"], [], ["http/1.1"]):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
        if protocols:
            context.set_alpn_protocols(protocols)

        def script(peer):
            peer.encrypt()
            accept(peer)

        params = {"sslmode": "verify-full", "sslrootcert": str(tmp_path / "root.crt"), "sslnegotiation": "direct"}
        if protocols == ["postgresql"]:
            with FakeServer(script, context=context) as server:
                assert connect(**{**server.params, **params})
        else:
            refused(pg, connect, script, "ALPN|SSL error", context, **params)


# ---- what a server may say


def test_cve_2022_41862_an_error_without_an_end(pg, connect):
    for body in (b"SFATAL\0M" + b"x" * 1000, b"S", b"M", b"\xff" * 100):

        def script(peer, body=body):
            peer.startup()
            peer.send(message(b"E", body))
            peer.rest()

        refused(pg, connect, script, "failed")


@pytest.mark.parametrize("stage", ["at once", "asked for TLS", "in TLS", "authenticating", "authenticated"])
def test_cve_2018_10915_2020_25694_the_next_host_is_met_as_the_first(connect, context, stage):
    """Nothing is left of a host that failed, and the second is asked for no less."""
    seen = []

    def first(peer):
        if stage == "at once":
            return
        if stage == "asked for TLS":
            peer._exactly(8)
            return
        peer.startup()
        if stage == "authenticating":
            peer.send(fake.sasl("SCRAM-SHA-256"))
        elif stage == "authenticated":
            peer.send(authentication(0), fake.parameter_status("server_version", "1.0"), fake.backend_key(7))

    def second(peer):
        seen.append(peer.startup())
        peer.send(authentication(3))
        assert peer.read() == (b"p", b"pw\0")
        peer.send(WELCOME)
        peer.rest()

    with FakeServer(first, context=context) as one, FakeServer(second, context=context) as two:
        params = {**two.params, "host": "127.0.0.1,127.0.0.1", "port": f"{one.port},{two.port}"}
        assert connect(**{**params, "sslmode": "require"})
    assert [settings["user"] for settings in seen] == ["u"]


def test_cve_2026_6477_no_function_is_called(pg):
    """Large objects go through SQL; the answer to a function call is none of ours."""
    with FakeServer(answers(message(b"V", struct.pack("!i", 100) + b"x" * 100))) as server:
        conn = pg.connect(**server.params, autocommit=True)
        with pytest.raises(pg.OperationalError, match="no place here"):
            conn.execute("select 1")
        assert conn.closed


def row_description(*oids):
    columns = b"".join(b"c\0" + struct.pack("!IhIhih", 0, 0, oid, -1, -1, 1) for oid in oids)
    return message(b"T", struct.pack("!h", len(oids)) + columns)


@pytest.mark.parametrize("length", [-2, -(2**31), 2**31 - 1, 5, 3])
def test_cve_2026_4427_2026_32286_lengths_of_values(pg, length):
    row = message(b"D", struct.pack("!hi", 1, length) + b"1234")
    done = message(b"C", b"SELECT 1\0") + fake.READY
    with (
        FakeServer(answers(row_description(23), row, done)) as server,
        pg.connect(**server.params, autocommit=True) as conn,
        pytest.raises(pg.Error),
    ):
        conn.execute(b"select 1; select 2").fetchall()


@pytest.mark.parametrize("dimensions", [-1, 7, 100, 2**31 - 1])
def test_cve_2020_17446_dimensions_of_arrays(pg, dimensions):
    """asyncpg: an array that says it has more than it has."""
    value = struct.pack("!iiI", dimensions, 0, 23) + struct.pack("!ii", 2**31 - 1, 1) * 3
    row = message(b"D", struct.pack("!hi", 1, len(value)) + value)
    done = message(b"C", b"SELECT 1\0") + fake.READY
    with (
        FakeServer(answers(row_description(1007), row, done)) as server,
        pg.connect(**server.params, autocommit=True) as conn,
        pytest.raises(pg.Error),
    ):
        conn.execute(b"select 1; select 2").fetchall()


def test_cve_2026_6664_no_field_is_needed(pg, connect):
    """pgbouncer: an ErrorResponse without an SQLSTATE, and a nonce of any length."""
    refused(pg, connect, lambda peer: (peer.startup(), peer.send(message(b"E", b"Mwords\0\0")), peer.rest()), "words")

    def script(peer):
        peer.startup()
        peer.send(fake.sasl("SCRAM-SHA-256"))
        nonce = peer.sasl_initial()[1].partition("r=")[2] + "x" * 8000
        peer.send(authentication(11, f"r={nonce},s=c2FsdA==,i=1".encode()))
        assert nonce in peer.read()[1].decode()
        peer.send(authentication(12, b"v=" + b"A" * 44))
        peer.rest()

    refused(pg, connect, script, "signature is wrong|base64")


# ---- logging in


def test_cve_2026_42198_iterations_without_end(pg, connect):
    def script(peer):
        peer.startup()
        peer.send(fake.sasl("SCRAM-SHA-256"))
        nonce = peer.sasl_initial()[1].partition("r=")[2]
        peer.send(authentication(11, f"r={nonce}x,s=c2FsdA==,i=2000000000".encode()))
        peer.rest()

    refused(pg, connect, script, "iterations")


@pytest.mark.parametrize(
    "demand",
    [
        authentication(0),
        authentication(3),
        authentication(5, b"salt"),
        fake.sasl("SCRAM-SHA-256"),
        fake.sasl("OAUTHBEARER"),
        authentication(7),
    ],
    ids=["trust", "password", "md5", "scram", "oauth", "gss"],
)
def test_cve_2025_49146_2026_54291_binding_that_is_required(pg, connect, context, demand):
    """pgjdbc let other ways of logging in pass, and certificates that have no hash."""

    def script(peer):
        peer.startup()
        peer.send(demand)
        assert peer.rest() == b""  # not a byte of the password

    refused(
        pg,
        connect,
        script,
        "channel binding",
        context,
        sslmode="require",
        channel_binding="require",
        oauth_token=lambda request: "token",
    )


def test_cve_2026_54291_ed25519(pg, connect, tmp_path):
    Authority(tmp_path, signature="ed25519").issue("server", "localhost", ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")

    def script(peer):
        peer.startup()
        peer.send(fake.sasl("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"))
        assert peer.rest() == b""

    for binding in ("require", "prefer"):
        refused(pg, connect, script, "channel binding is", context, sslmode="require", channel_binding=binding)


def test_a_server_that_hides_the_binding_is_found_out(connect, context):
    """The header says that we would have bound, and the real server knows that it offered to."""
    headers = []

    def script(peer):
        peer.startup()
        peer.send(fake.sasl("SCRAM-SHA-256"))
        headers.append(peer.sasl_initial()[1][:3])

    for mode, binding in (("require", "prefer"), ("require", "disable"), ("disable", "prefer")):
        with FakeServer(script, context=context) as server, pytest.raises(Exception, match="closed"):
            connect(**{**server.params, "sslmode": mode, "channel_binding": binding})
    assert headers == ["y,,", "n,,", "n,,"]


def test_a_wrong_password_is_not_offered_again_in_the_clear(pg, connect, context):
    passwords = []

    def script(peer):
        peer.startup()
        peer.send(authentication(3))
        passwords.append((peer._sock.__class__ is ssl.SSLSocket, peer.read()[1]))
        peer.send(fake.error("28P01", "password authentication failed"))

    refused(pg, connect, script, "password authentication failed", context, sslmode="prefer")
    assert passwords == [(True, b"pw\0")]


def test_an_oauth_token_goes_over_tls_only(pg, connect, context):
    tokens = []

    def script(peer):
        peer.startup()
        peer.send(fake.sasl("OAUTHBEARER"))
        tokens.append(peer.sasl_initial())
        peer.send(WELCOME)
        peer.rest()

    asked = []

    def token(request):
        asked.append(request)
        return "abc.def"

    params = {"oauth_token": token, "oauth_issuer": "https://issuer.example", "oauth_scope": "openid"}
    refused(pg, connect, script, "over TLS", **params)
    assert not asked
    with FakeServer(script, context=context) as server:
        assert connect(**{**server.params, "sslmode": "require"}, **params)
        assert connect(**{**server.params, "sslmode": "require"}, require_auth="oauth", **params)
    assert tokens == 2 * [("OAUTHBEARER", "n,,\x01auth=Bearer abc.def\x01\x01")]
    assert [tuple(request) for request in asked] == 2 * [("https://issuer.example", "openid", "")]


def test_an_oauth_token_that_is_refused(pg, connect, context):
    def script(peer):
        peer.startup()
        peer.send(fake.sasl("OAUTHBEARER"))
        peer.sasl_initial()
        peer.send(authentication(11, b'{"status":"invalid_token","openid-configuration":"https://evil.example/x"}'))
        peer.rest()

    text = refused(
        pg,
        connect,
        script,
        "invalid_token.*another issuer",
        context,
        sslmode="require",
        oauth_token=lambda request: "secret-token",
        oauth_issuer="https://issuer.example",
    )
    assert "secret-token" not in text


@pytest.mark.parametrize("name", ["user", "dbname", "password", "application_name", "options", "host"])
def test_nul_in_what_is_sent_at_startup(pg, connect, name):
    with FakeServer(accept) as server:
        with pytest.raises(pg.ProgrammingError, match="NUL"):
            connect(**{**server.params, name: "a\0user\0postgres"})
        assert server.connections == 0


# ---- certificates


@pytest.mark.parametrize("field", ["subjectAltName", "subject"])
def test_cve_2009_4034_nul_in_a_name(pg, field):
    from howdah._connect.certificate import check_name

    name = "good.example\0.evil.example"
    certificate = {"subject": ((("commonName", name),),)}
    if field == "subjectAltName":
        certificate = {"subjectAltName": (("DNS", name),)}
    for host in ("good.example", name):
        with pytest.raises(pg.OperationalError, match="embedded null"):
            check_name(certificate, host)


def test_cve_2012_0867_names_are_not_cut(pg):
    from howdah._connect.certificate import check_name

    name = "a" * 40 + ".example"
    check_name({"subject": ((("commonName", name),),)}, name)
    for host in (name[:32], name + "x"):
        with pytest.raises(pg.OperationalError, match="does not match"):
            check_name({"subject": ((("commonName", name),),)}, host)


# ---- sizes


@pytest.mark.parametrize("size", [2**30 + 1, 2**31 - 1, 2**31, 2**32 + 5])
def test_cve_2024_27304_2024_32655_rustsec_2024_0363_sizes_do_not_wrap(pg, size):
    """A length that wraps makes SQL of the rest. The memory is never touched."""
    sent = []

    def script(peer):
        peer.startup()
        peer.send(WELCOME)
        sent.append(peer.rest())

    with FakeServer(script) as server, mmap.mmap(-1, size) as huge:
        conn = pg.connect(**server.params, autocommit=True)
        with pytest.raises(pg.Error), memoryview(huge) as view:
            conn.execute("select %s", (view,))
        conn.close()
    assert sent == [message(b"X")]


def test_cve_2025_12818_more_parameters_than_a_message_holds(pg):
    sent = []

    def script(peer):
        peer.startup()
        peer.send(WELCOME)
        sent.append(peer.rest())

    with FakeServer(script) as server:
        conn = pg.connect(**server.params, autocommit=True)
        with pytest.raises(pg.Error):
            conn.execute("select " + ",".join(["%s"] * 65536), [1] * 65536)
        conn.close()
    assert sent == [message(b"X")]


# ---- quoting


def test_cve_2024_27289_2024_1597_minus_in_front_of_a_negative_number(pg, dsn):
    """`--` would begin a comment, and what follows on the next line would be the attacker's."""
    with pg.connect(dsn, cursor_factory=pg.ClientCursor) as conn:
        for number in (-1, -1.5, -(2**40)):
            query = "select 5 -%s, %s"
            assert conn.execute(query, (number, "\n, 'x' --")).fetchone() == (5 - number, "\n, 'x' --")


def test_ghsa_j88v_2chj_qfwx_dollar_quotes(pg, dsn):
    with pg.connect(dsn, cursor_factory=pg.ClientCursor) as conn:
        cur = conn.execute("select $tag$ %s $tag$, %s", ("$tag$; drop table users; --",))
        assert cur.fetchone() == (" %s ", "$tag$; drop table users; --")


def test_cve_2025_61385_lists_as_literals(pg, dsn):
    """pg8000: a list whose items end the literal."""
    attack = ["'", "\\'", "','{", "}'; select 1; --", '"', '\\"', "NULL", ""]
    with pg.connect(dsn, cursor_factory=pg.ClientCursor) as conn:
        assert conn.execute("select %s::text[]", (attack,)).fetchone() == (attack,)
        conn.execute("set standard_conforming_strings = off; set escape_string_warning = off")
        assert conn.execute("select %s::text[]", (attack,)).fetchone() == (attack,)


MULTIBYTE = {
    "BIG5": "big5",
    "GBK": "gbk",
    "GB18030": "gb18030",
    "SJIS": "shift_jis",
    "SHIFT_JIS_2004": "shift_jis_2004",
    "UHC": "cp949",
    "JOHAB": "johab",
}


@pytest.mark.parametrize("encoding", MULTIBYTE)
def test_cve_2025_1094_2006_2313_quotes_behind_lead_bytes(pg, dsn, encoding):
    """Characters whose last byte is that of a backslash, in front of a quote; and halves of characters."""
    codec = MULTIBYTE[encoding]
    texts = []
    for lead in range(0x81, 0xFF):
        try:
            texts.append(bytes([lead, 0x5C]).decode(codec) + "' or 1=1 --")
        except UnicodeDecodeError:
            continue
    with pg.connect(dsn, client_encoding=encoding, autocommit=True, cursor_factory=pg.ClientCursor) as conn:
        for text in texts:
            try:
                row = conn.execute("select %s::text, 1", (text,)).fetchone()
            except (pg.errors.UntranslatableCharacter, pg.errors.CharacterNotInRepertoire):
                continue  # the server has no such character
            assert row == (text, 1)
        for broken in ("\udc95'", "\ud800\\'"):
            with pytest.raises((pg.Error, UnicodeEncodeError)):
                conn.execute("select %s", (broken,))
        assert conn.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("data", [b"\x84", b"\x84\x31", b"\x84\x31\x95", b"ok\xfe"])
def test_cve_2025_4207_a_character_that_is_cut_off(pg, data):
    description = message(b"T", struct.pack("!h", 1) + b"c\0" + struct.pack("!IhIhih", 0, 0, 25, -1, -1, 0))
    row = message(b"D", struct.pack("!hi", 1, len(data)) + data)
    done = message(b"C", b"SELECT 1\0") + fake.READY

    def script(peer):
        peer.startup()
        peer.send(authentication(0), fake.welcome(client_encoding="GB18030"))
        peer.read()
        peer.send(description, row, done)
        peer.rest()

    with (
        FakeServer(script) as server,
        pg.connect(**server.params, autocommit=True) as conn,
        pytest.raises((pg.Error, UnicodeDecodeError)),
    ):
        conn.execute(b"select 1; select 2").fetchall()


# ---- what comes with us


def test_cve_2019_10211_no_openssl_of_our_own():
    """A bundled OpenSSL reads its settings from wherever it was built to."""
    import howdah

    linked = subprocess.run(["ldd", howdah._howdah.__file__], capture_output=True, text=True, check=True).stdout
    for name in ("libssl", "libcrypto", "libpq", "libgssapi"):
        assert name not in linked
    package = Path(howdah.__file__).parent
    assert not [path for path in package.rglob("*") if "ssl.so" in path.name or "crypto.so" in path.name]
