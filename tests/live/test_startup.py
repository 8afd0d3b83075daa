"""Start-up: where to connect, and what a server may say before it is trusted to be one.

The servers that misbehave are scripts (see servers/fake.py).
"""

from __future__ import annotations

import _thread
import asyncio
import base64
import hashlib
import hmac
import os
import signal
import socket
import struct
import threading
import time
import warnings

import pytest

from beside import within
from howdah._connect import scram
from servers import fake
from servers.fake import FakeServer, authentication, message


@pytest.fixture(params=["sync", "asyncio"])
def connect(request, pg):
    """Connect and close; the parameters of the connection."""

    async def connect_async(conninfo="", **params):
        conn = await pg.AsyncConnection.connect(conninfo, **params)
        info = conn.info.get_parameters()
        await conn.close()
        return info

    def run(conninfo="", **params):
        if request.param == "asyncio":
            return asyncio.run(connect_async(conninfo, **params))
        conn = pg.connect(conninfo, **params)
        info = conn.info.get_parameters()
        conn.close()
        return info

    return run


@pytest.fixture(autouse=True)
def no_environment(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith("PG"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


def accept(peer):
    """A server that lets everybody in."""
    peer.settings = peer.startup()
    peer.send(authentication(0), fake.welcome())
    peer.rest()


def says(*messages, then=lambda peer: peer.rest()):
    """A server that answers the start-up message with these bytes."""

    def script(peer):
        peer.startup()
        peer.send(*messages)
        then(peer)

    return script


def refused(pg, connect, script, match, cls=None, **params):
    """Connecting to this server fails for this reason, and soon."""
    with (
        FakeServer(script) as server,
        within(15),
        pytest.raises(cls or pg.OperationalError, match=match) as caught,
    ):
        connect(**{**server.params, **params})
    assert str(server.port) in str(caught.value)
    assert "pw" not in str(caught.value).split()
    return caught.value


# ---- servers that misbehave

FOREIGN = "does not speak PostgreSQL|no place here"
CLOSED = "server closed the connection unexpectedly"


def test_the_fake_server_can_be_connected_to(connect):
    with FakeServer(accept) as server:
        info = connect(**server.params, application_name="app")
    assert info["host"] == info["hostaddr"] == "127.0.0.1"
    assert info["port"] == str(server.port)
    assert (info["user"], info["dbname"], info["application_name"]) == ("u", "d", "app")
    assert "password" not in info


def test_closes_at_once(pg, connect):
    refused(pg, connect, lambda peer: None, CLOSED)


def test_closes_after_the_startup_message(pg, connect):
    refused(pg, connect, lambda peer: peer.startup(), CLOSED)


def test_resets(pg, connect):
    def script(peer):
        peer.startup()
        peer._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    refused(pg, connect, script, CLOSED)


WELCOME = authentication(0) + fake.welcome()


@pytest.mark.parametrize("n", [1, 4, 5, 8, 9, 12, 40, len(WELCOME) - 6, len(WELCOME) - 1])
def test_closes_in_the_middle(pg, connect, n):
    refused(pg, connect, says(WELCOME[:n], then=lambda peer: None), CLOSED)


def test_byte_by_byte(connect):
    def script(peer):
        peer.startup()
        peer._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(WELCOME)):
            peer.send(WELCOME[i : i + 1])
        peer.rest()

    with FakeServer(script) as server:
        connect(**server.params)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", FOREIGN),
        (b"SSH-2.0-OpenSSH_9.2\r\n", FOREIGN),
        (b"\x15\x03\x01\x00\x02\x02\x46", FOREIGN),
        (b"J\0\0\0\x0a5.5.5-10.11", FOREIGN),
        (b"EFATAL:  sorry, too many clients already\n\0", "failed: FATAL:  sorry, too many clients already$"),
        (fake.sasl("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"), "SCRAM-SHA-256-PLUS authentication over"),
        (b"R\0\0\0\0", f"impossible length|{FOREIGN}"),
        (b"E\xff\0\0\0\0\0\xfe", "failed: "),
        (b"R\0\0\0\3", f"impossible length|{FOREIGN}"),
        (b"R\x7f\xff\xff\xff", f"impossible length|{FOREIGN}"),
        (b"R\xff\xff\xff\xff", f"impossible length|{FOREIGN}"),
        (b"R\0\0\0\4", "malformed authentication request"),
        (b"R\0\0\0\7\0\0\0", "malformed authentication request"),
        (b"E\0\0\0\4", "malformed error"),
        (b"E\0\0\0\5S", "malformed error"),
        (authentication(3, b"x"), "malformed authentication request"),
        (authentication(5, b"xyz"), "malformed authentication request"),
        (authentication(10), "malformed"),
        (authentication(10, b"\0"), "malformed|none of"),
        (authentication(10, b"SCRAM-SHA-256\0"), "malformed"),
        (fake.sasl("SCRAM-SHA-1"), "none of the server's SASL"),
        (fake.sasl("OAUTHBEARER"), "OAuth token"),
        (authentication(2), "Kerberos V5 not supported"),
        (authentication(6), "SCM credential not supported"),
        (authentication(7), "package gssapi is needed|GSSAPI"),
        (authentication(9), "SSPI not supported"),
        (authentication(11, b"r=x,s=y,i=1"), "11 not supported"),
        (authentication(12, b"v=x"), "12 not supported"),
        (authentication(4), "crypt not supported"),
        (authentication(2**31), "2147483648 not supported"),
        (fake.READY, FOREIGN),
        (fake.backend_key(), FOREIGN),
        (authentication(0) + authentication(0), FOREIGN),
        (authentication(0) + message(b"D", b"\0\0"), FOREIGN),
        (authentication(0) + message(b"K", b"\0\0\0"), "malformed BackendKeyData"),
        (authentication(0) + message(b"K", b"\0\0\0\1" + b"k" * 5), "malformed BackendKeyData"),
        (authentication(0) + message(b"S", b"name"), "malformed ParameterStatus"),
        (authentication(0) + message(b"S", b"name\0value"), "malformed ParameterStatus"),
        (authentication(0) + message(b"Z", b""), "malformed ReadyForQuery"),
        (authentication(0) + message(b"Z", b"II"), "malformed ReadyForQuery"),
        (authentication(0) + message(b"Z", b"X"), "malformed ReadyForQuery"),
    ],
)
def test_nonsense(pg, connect, data, match):
    refused(pg, connect, says(data), match)


@pytest.mark.parametrize("data", [b"", b"R", b"R\0\0\0\x08", b"R\0\0\0\x08\0\0", authentication(0), WELCOME[:-1]])
def test_silence(pg, connect, data):
    error = refused(pg, connect, says(data), "timeout", pg.errors.ConnectionTimeout, connect_timeout="0.3")
    assert isinstance(error, pg.OperationalError)


def test_a_trickle_is_no_reason_to_wait_longer(pg, connect):
    def script(peer):
        peer.startup()
        while True:
            peer.send(fake.notice("wait a little"))
            time.sleep(0.05)

    refused(pg, connect, script, "timeout", pg.errors.ConnectionTimeout, connect_timeout="0.3")


def test_error_at_startup(pg, connect):
    error = refused(
        pg, connect, says(fake.error("57P03", "the database system is starting up")), "FATAL:  the database"
    )
    assert type(error) is pg.errors.CannotConnectNow
    assert error.sqlstate == error.diag.sqlstate == "57P03"


def test_error_before_the_startup_message_was_read(pg, connect):
    """The reason survives, even where the connection is reset behind it."""
    refused(pg, connect, lambda peer: peer.send(fake.error("53300", "too many")), f"too many|{CLOSED}")


def test_error_after_authentication(pg, connect):
    error = refused(
        pg, connect, says(authentication(0), fake.error("3D000", 'database "d" does not exist')), "does not exist"
    )
    assert type(error) is pg.OperationalError  # InvalidCatalogName is none
    assert error.sqlstate == "3D000"


def test_error_without_any_field(pg, connect):
    refused(pg, connect, says(message(b"E", b"\0")), "no error details available")


def test_error_in_bytes_that_are_no_text(pg, connect):
    refused(
        pg, connect, says(message(b"E", b"SFATAL\0C28P01\0M\xff\xfe\xe9\0\0")), "\ufffd", pg.errors.InvalidPassword
    )


def test_notices_before_everything(connect):
    data = b"".join(
        fake.notice("n") + m for m in (authentication(0), fake.parameter_status("a", "b"), fake.welcome())
    )
    with FakeServer(says(data)) as server:
        connect(**server.params)


def test_a_flood_of_settings(pg, connect):
    flood = b"".join(fake.parameter_status(f"name{i}", "x" * 100) for i in range(5000))
    refused(pg, connect, says(authentication(0), flood), "more settings than any server has")


# ---- authentication


def test_cleartext(connect):
    def script(peer):
        peer.startup()
        peer.send(authentication(3))
        assert peer.read() == (b"p", b"pw\0")
        peer.send(WELCOME)
        peer.rest()

    with FakeServer(script) as server:
        connect(**server.params)


def test_md5(connect):
    def script(peer):
        peer.startup()
        peer.send(authentication(5, b"salt"))
        inner = hashlib.md5(b"pwu").hexdigest().encode()
        assert peer.read() == (b"p", b"md5" + hashlib.md5(inner + b"salt").hexdigest().encode() + b"\0")
        peer.send(WELCOME)
        peer.rest()

    with FakeServer(script) as server:
        connect(**server.params)


@pytest.mark.howdah_only
def test_a_password_in_clear_to_another_machine_is_warned_of(connect):
    def script(peer):
        peer.startup()
        peer.send(authentication(3))
        peer.read()
        peer.send(WELCOME)
        peer.rest()

    with FakeServer(script) as server:
        # Which leads to this machine, and isn't one of the addresses that say so.
        elsewhere = {**server.params, "host": "0.0.0.0"}
        with pytest.warns(RuntimeWarning, match="in clear text, over a connection without TLS"):
            connect(**elsewhere)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            connect(**server.params)
    assert not server.failures


@pytest.mark.howdah_only
def test_md5_on_a_machine_that_forbids_it(pg, connect, monkeypatch):
    """A policy such as FIPS 140."""

    def forbid(*args, **kwargs):
        raise ValueError("[digital envelope routines] unsupported")

    monkeypatch.setattr(hashlib, "md5", forbid)
    refused(pg, connect, says(authentication(5, b"salt")), "asks for an MD5 password, and MD5 is disabled")


def test_one_password_is_enough(pg, connect):
    def script(peer):
        peer.startup()
        peer.send(authentication(5, b"salt"))
        peer.read()
        peer.send(authentication(3))
        assert peer.rest() == b""

    refused(pg, connect, script, "unexpected authentication request 3")


class Scram:
    """The server's side, with a part that can be replaced."""

    def __init__(self, iterations=4096, **parts):
        self.iterations = iterations
        self.parts = parts

    def __call__(self, peer):
        peer.startup()
        peer.send(fake.sasl("SCRAM-SHA-256"))
        mechanism, first = peer.sasl_initial()
        assert mechanism == "SCRAM-SHA-256"
        assert first.startswith("n,,n=,r=")
        bare = first.removeprefix("n,,")
        nonce = bare.removeprefix("n=,r=") + self.parts.get("nonce", "theirs")
        if "begin" in self.parts:
            nonce = self.parts["begin"]
        salt = base64.b64encode(b"0123456789abcdef").decode()
        challenge = f"r={nonce},s={salt},i={self.iterations}"
        peer.send(authentication(11, challenge.encode()))
        if self.parts.get("early"):
            peer.send(WELCOME)
        _kind, body = peer.read()
        final = body.decode()
        without_proof, _, proof = final.rpartition(",p=")
        auth_message = f"{bare},{challenge},{without_proof}".encode()
        salted = hashlib.pbkdf2_hmac("sha256", b"pw", b"0123456789abcdef", self.iterations)
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(client_key).digest(), auth_message, "sha256")
        assert bytes(a ^ b for a, b in zip(base64.b64decode(proof), signature, strict=True)) == client_key
        key = self.parts.get("server_key", hmac.digest(salted, b"Server Key", "sha256"))
        proven = base64.b64encode(hmac.digest(key, auth_message, "sha256")).decode()
        if "final" in self.parts:
            peer.send(self.parts["final"])
        else:
            peer.send(authentication(12, f"v={proven}".encode()))
        peer.send(WELCOME)
        peer.rest()


def test_scram(connect):
    with FakeServer(Scram()) as server:
        connect(**server.params)
    assert not server.failures


@pytest.fixture
def derived(monkeypatch):
    """Passwords and salts that keys were derived of, from nothing known."""
    done = []
    derive = hashlib.pbkdf2_hmac

    def count(name, password, salt, iterations):
        if threading.current_thread() is threading.main_thread():  # not the server's
            done.append((password, salt))
        return derive(name, password, salt, iterations)

    monkeypatch.setattr(scram, "_known", {})
    monkeypatch.setattr(hashlib, "pbkdf2_hmac", count)
    return done


@pytest.mark.howdah_only
def test_keys_are_derived_once(pg, connect, derived):
    with FakeServer(Scram()) as server:
        for _ in range(3):
            connect(**server.params)
        assert not server.failures
    assert derived == [(b"pw", b"0123456789abcdef")]
    with FakeServer(Scram(iterations=4097)) as server:
        connect(**server.params)
    assert len(derived) == 2
    assert b"pw" not in repr(scram._known).encode()
    for _ in range(2):  # whoever doesn't know the password is found out, keys or no keys
        refused(pg, connect, Scram(server_key=b"x" * 32), "server's signature is wrong")
    assert len(derived) == 2


@pytest.mark.howdah_only
def test_keys_of_a_server_that_has_not_proven_itself_are_not_kept(pg, connect, derived):
    for turn in range(2):
        refused(pg, connect, Scram(server_key=b"x" * 32), "server's signature is wrong")
        assert len(derived) == turn + 1
    assert not scram._known


@pytest.mark.howdah_only
def test_known_keys_do_not_grow_without_end(connect, derived, monkeypatch):
    monkeypatch.setattr(scram, "_MOST_KNOWN", 3)
    for iterations in range(1, 9):
        with FakeServer(Scram(iterations=iterations)) as server:
            connect(**server.params)
        assert 1 <= len(scram._known) <= 3
    assert len(derived) == 8


def test_scram_with_many_iterations(connect):
    with FakeServer(Scram(iterations=30_000)) as server:
        connect(**server.params)
    assert not server.failures


def test_scram_keeps_the_loop_free(pg):
    """The slow computation runs beside the event loop, which goes on."""

    async def main(server):
        pauses = []

        async def tick():
            while True:
                before = time.monotonic()
                await asyncio.sleep(0.005)
                pauses.append(time.monotonic() - before)

        ticker = asyncio.create_task(tick())
        conn = await pg.AsyncConnection.connect(**server.params)
        await conn.close()
        ticker.cancel()
        return pauses

    with FakeServer(Scram(iterations=500_000)) as server:
        pauses = asyncio.run(main(server))
    assert len(pauses) > 5  # half of the time is not one pause
    assert max(pauses) < sum(pauses) / 2


@pytest.mark.howdah_only
def test_what_is_computed_too_late_is_not_sent_to_the_next_server(connect, monkeypatch):
    """Nor does anybody wait for it longer than the timeout."""
    begun, reached, computed = threading.Event(), threading.Event(), threading.Event()

    def compute_late(*args):
        begun.set()
        assert reached.wait(50)
        computed.set()
        return bytes(32)

    def ask(peer):
        peer.startup()
        peer.send(fake.sasl("SCRAM-SHA-256"))
        first = peer.sasl_initial()[1].removeprefix("n,,n=,r=")
        peer.send(authentication(11, f"r={first}theirs,s=MDEy,i=30000".encode()))
        peer.rest()

    def accept_late(peer):
        peer.startup()
        reached.set()
        assert computed.wait(50)
        peer.send(WELCOME)
        received.append(peer.rest())

    received = []
    monkeypatch.setattr(hashlib, "pbkdf2_hmac", compute_late)
    with FakeServer(ask) as first, FakeServer(accept_late) as second:
        ports = f"{first.port},{second.port}"
        connect(**{**first.params, "host": "127.0.0.1,127.0.0.1", "port": ports, "connect_timeout": "3"})
    assert not first.failures
    assert not second.failures
    assert begun.is_set()
    assert received == [b"X\0\0\0\x04"]


def test_scram_with_too_many_iterations(pg, connect):
    refused(pg, connect, Scram(iterations=500_000_000), "500000000 iterations")


def test_scram_wrong_server_signature(pg, connect):
    refused(pg, connect, Scram(server_key=b"x" * 32), "server's signature is wrong")


@pytest.mark.parametrize("nonce", ["", "short"])
def test_scram_nonce_that_is_not_ours(pg, connect, nonce):
    parts = {"begin": nonce} if nonce else {"nonce": ""}
    refused(pg, connect, Scram(**parts), "nonce")


def test_scram_without_the_servers_proof(pg, connect):
    """libpq lets this pass: a server that never knew the password."""
    refused(pg, connect, Scram(final=b""), "without proving that it knows the password")
    refused(pg, connect, Scram(early=True), "without proving that it knows the password")


def test_scram_error_of_the_server(pg, connect):
    refused(pg, connect, Scram(final=authentication(12, b"e=invalid-proof")), "invalid-proof")


@pytest.mark.parametrize("data", [b"", b"nonsense", b"v=", b"v=?", b"\xff"])
def test_scram_malformed_final(pg, connect, data):
    refused(pg, connect, Scram(final=authentication(12, data)), "SCRAM")


@pytest.mark.parametrize("code", [10, 11, 3, 5])
def test_scram_out_of_turn(pg, connect, code):
    data = {10: b"SCRAM-SHA-256\0\0", 5: b"salt"}.get(code, b"")
    refused(pg, connect, Scram(final=authentication(code, data)), f"unexpected authentication request {code}")


def test_no_password_for_a_scripted_server(pg, connect):
    refused(pg, connect, says(fake.sasl("SCRAM-SHA-256")), "no password supplied", password=None)


def test_trust_is_not_enough_when_authentication_is_required(pg, connect):
    refused(pg, connect, accept, "did not complete authentication", require_auth="scram-sha-256")


# ---- protocol versions


def negotiate(minor, *options):
    return message(b"v", struct.pack("!II", minor, len(options)) + b"".join(o.encode() + b"\0" for o in options))


@pytest.mark.parametrize(
    ("params", "version"),
    [
        ({}, 0x30000),
        ({"max_protocol_version": "3.0"}, 0x30000),
        ({"max_protocol_version": "3.2"}, 0x30002),
        ({"max_protocol_version": "latest"}, 0x30002),
        ({"min_protocol_version": "3.2"}, 0x30002),
    ],
)
def test_protocol_version_asked_for(connect, params, version):
    asked = []

    def script(peer):
        peer.startup()
        asked.append(peer.protocol)
        peer.send(WELCOME)
        peer.rest()

    with FakeServer(script) as server:
        connect(**server.params, **params)
    assert asked == [version]


def test_long_cancel_key(connect):
    settings = fake.welcome().removesuffix(fake.backend_key() + fake.READY)
    data = authentication(0) + settings + fake.backend_key(key=b"k" * 256) + fake.READY
    with FakeServer(says(data)) as server:
        connect(**server.params, max_protocol_version="3.2")


def test_older_server(connect):
    with FakeServer(says(negotiate(0x30000), WELCOME)) as server:
        connect(**server.params, max_protocol_version="3.2")


@pytest.mark.parametrize(
    ("data", "params"),
    [
        (negotiate(0x30000), {"min_protocol_version": "3.2"}),
        (negotiate(0x30003), {"max_protocol_version": "3.2"}),
        (negotiate(0x20000), {"max_protocol_version": "3.2"}),
        (negotiate(0x30002), {}),
        (negotiate(0x30000, "_pq_.nobody_asked"), {"max_protocol_version": "3.2"}),
        (negotiate(0x30000) * 2, {"max_protocol_version": "3.2"}),
        (message(b"v", b"\0\3\0\0\xff\xff\xff\xff"), {"max_protocol_version": "3.2"}),
        (message(b"v", b"\0\3"), {"max_protocol_version": "3.2"}),
        (authentication(3) + negotiate(0x30000), {"max_protocol_version": "3.2"}),
    ],
)
def test_bad_negotiation(pg, connect, data, params):
    refused(pg, connect, says(data), f"version|Version|extensions|{FOREIGN}", **params)


# ---- what is sent


def test_startup_message(connect, monkeypatch):
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    monkeypatch.setenv("PGDATESTYLE", "default")
    monkeypatch.setenv("PGAPPNAME", "from the environment")
    seen = []

    def script(peer):
        seen.append(peer.startup())
        peer.send(WELCOME)
        peer.rest()

    with FakeServer(script) as server:
        connect(**server.params, options="-c a=b", client_encoding="LATIN1", fallback_application_name="fallback")
        connect(**server.params, application_name="given")
    assert seen[0] == {
        "user": "u",
        "database": "d",
        "options": "-c a=b",
        "client_encoding": "LATIN1",
        "application_name": "from the environment",
        "TimeZone": "Asia/Tokyo",
    }
    assert seen[1]["application_name"] == "given"


# ---- where to connect


def unused_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_refused_port(pg, connect):
    port = unused_port()
    with pytest.raises(pg.OperationalError) as caught:
        connect(host="127.0.0.1", port=port)
    assert str(caught.value) == (
        f'connection failed: connection to server at "127.0.0.1", port {port} failed: Connection refused\n'
        "\tIs the server running on that host and accepting TCP/IP connections?"
    )


def test_no_such_socket(pg, connect, tmp_path):
    with pytest.raises(pg.OperationalError, match=r'on socket "/.*/\.s\.PGSQL\.5432" failed: No such file'):
        connect(host=str(tmp_path))


def test_no_such_host(pg, connect):
    with pytest.raises(pg.OperationalError, match=r"failed to resolve host 'nowhere\.invalid'"):
        connect(host="nowhere.invalid")
    with pytest.raises(pg.OperationalError, match="failed to resolve host"):
        connect(host="a" * 70 + ".invalid")  # no label of a name is that long
    with pytest.raises(pg.OperationalError, match="could not parse network address"):
        connect(hostaddr="localhost")


def test_the_next_host_is_tried(connect):
    with FakeServer(accept) as server:
        params = {**server.params, "host": "127.0.0.1,nowhere.invalid,127.0.0.1"}
        params["port"] = f"{unused_port()},1,{server.port}"
        assert connect(**params)["port"] == str(server.port)


def test_the_next_host_is_tried_after_an_error(connect):
    with FakeServer(says(fake.error("57P03", "starting up"))) as first, FakeServer(accept) as second:
        params = {**second.params, "host": "127.0.0.1,127.0.0.1", "port": f"{first.port},{second.port}"}
        assert connect(**params)["port"] == str(second.port)
        assert first.connections == 1


def test_the_timeout_is_for_each_host(connect):
    with FakeServer(says()) as first, FakeServer(accept) as second:
        params = {**second.params, "host": "127.0.0.1,127.0.0.1", "port": f"{first.port},{second.port}"}
        with within(15, 1):
            assert connect(**params, connect_timeout="1")["port"] == str(second.port)


def test_every_reason_is_told(pg, connect):
    with FakeServer(says(fake.error("57P03", "starting up"))) as first, FakeServer(lambda peer: None) as second:
        params = {**second.params, "host": "127.0.0.1,127.0.0.1", "port": f"{first.port},{second.port}"}
        with pytest.raises(pg.OperationalError) as caught:
            connect(**params)
    assert "starting up" in str(caught.value)
    assert CLOSED in str(caught.value)


def test_nothing_lingers_from_a_failed_attempt(connect):
    """The second server gets a fresh start: no half of a message, no setting, no state of authentication."""
    half = authentication(10, b"SCRAM-SHA-256\0\0") + fake.parameter_status("in_hot_standby", "on") + b"R\0\0"
    with FakeServer(says(half, then=lambda peer: peer.read())) as first, FakeServer(Scram()) as second:
        params = {**second.params, "host": "127.0.0.1,127.0.0.1", "port": f"{first.port},{second.port}"}
        assert connect(**params)["port"] == str(second.port)


def test_random_hosts(connect):
    with FakeServer(accept) as first, FakeServer(accept) as second:
        params = {**second.params, "host": "127.0.0.1,127.0.0.1", "port": f"{first.port},{second.port}"}
        ports = {connect(**params, load_balance_hosts="random")["port"] for _ in range(30)}
    assert ports == {str(first.port), str(second.port)}


@pytest.mark.parametrize(
    ("kind", "chosen"),
    [("any", 0), ("read-write", 2), ("read-only", 0), ("primary", 1), ("standby", 0), ("prefer-standby", 0)],
)
def test_target_session_attrs(connect, kind, chosen):
    def with_settings(standby, read_only):
        def script(peer):
            peer.startup()
            peer.send(authentication(0))
            peer.send(fake.welcome(in_hot_standby=standby, default_transaction_read_only=read_only))
            peer.rest()

        return FakeServer(script)

    with (
        with_settings("on", "off") as standby,
        with_settings("off", "on") as quiet,
        with_settings("off", "off") as main,
    ):
        ports = [str(server.port) for server in (standby, quiet, main)]
        params = {**main.params, "host": "127.0.0.1,127.0.0.1,127.0.0.1", "port": ",".join(ports)}
        assert connect(**params, target_session_attrs=kind)["port"] == ports[chosen]


def test_prefer_standby_takes_what_there_is(connect):
    with FakeServer(accept) as server:
        assert connect(**server.params, target_session_attrs="prefer-standby")["port"] == str(server.port)
        assert server.connections == 2


def test_target_that_is_not_there(pg, connect):
    refused(pg, connect, accept, "not in hot standby mode", target_session_attrs="standby")


@pytest.mark.parametrize("folder", ["short", "abstract"])
def test_unix_socket(connect, tmp_path, folder):
    host = "@howdah-" + tmp_path.name if folder == "abstract" else str(tmp_path)
    path = f"{host}/.s.PGSQL.5439"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("\0" + path[1:] if folder == "abstract" else path)
    listener.listen()
    with FakeServer(accept, listener):
        info = connect(host=host, port=5439, user="u", dbname="d")
    assert info["host"] == host
    assert "hostaddr" not in info


def test_path_too_long(pg, connect):
    with pytest.raises(pg.OperationalError, match="too long"):
        connect(host="/" + "a" * 120)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"host": "a,b", "port": "1,2,3"}, "could not match 3 port numbers to 2 hosts"),
        ({"host": "a,b", "hostaddr": "127.0.0.1"}, "could not match 2 host names with 1 hostaddr"),
        ({"port": "0"}, "invalid port number"),
        ({"port": "65536"}, "invalid port number"),
        ({"port": "-1"}, "port"),
        ({"port": "5432x"}, "port"),
        ({"port": "9" * 5000}, "invalid port number"),
        ({"sslmode": "maybe"}, "invalid sslmode value"),
        ({"target_session_attrs": "x"}, "invalid target_session_attrs value"),
        ({"load_balance_hosts": "x"}, "invalid load_balance_hosts value"),
        ({"max_protocol_version": "3.1"}, "invalid max_protocol_version value"),
        ({"min_protocol_version": "3.2", "max_protocol_version": "3.0"}, "greater than"),
    ],
)
def test_parameters_that_cannot_be(pg, connect, params, match):
    with pytest.raises(pg.OperationalError, match=match):
        connect(**{"host": "127.0.0.1", **params})


def test_parameters_that_do_not_exist(pg, connect):
    with pytest.raises(pg.ProgrammingError, match='invalid connection option "nope"'):
        connect(nope=1)
    with pytest.raises(pg.ProgrammingError, match="connect_timeout"):
        connect(connect_timeout="soon")
    with pytest.raises(pg.ProgrammingError, match="NUL"):
        connect(user="u\0database\0other")


# ---- service file


def test_service_file(connect, monkeypatch, tmp_path):
    path = tmp_path / "services.conf"
    monkeypatch.setenv("PGSERVICEFILE", str(path))
    monkeypatch.setenv("PGUSER", "from the environment")
    with FakeServer(accept) as server:
        path.write_text(
            f"# services\n[other]\nport=1\n\n[mine]\nhost=127.0.0.1\nport={server.port}\n"
            "user=from the service\ndbname=x\n[mine]\nport=2\n"
        )
        info = connect("service=mine dbname=given")
        assert (info["user"], info["dbname"]) == ("from the service", "given")
        monkeypatch.setenv("PGSERVICE", "mine")
        assert connect()["dbname"] == "x"


@pytest.mark.parametrize(
    "content", ["", "[other]\nport=1\n", "[mine]\nnonsense\n", "[mine]\nservice=x\n", "[mine]\nx=1\n"]
)
def test_bad_service(pg, connect, monkeypatch, tmp_path, content):
    path = tmp_path / "services.conf"
    path.write_text(content)
    monkeypatch.setenv("PGSERVICEFILE", str(path))
    with pytest.raises(pg.OperationalError, match="service"):
        connect("service=mine")


# ---- interrupted


def test_a_cancelled_task_leaves_no_socket(pg):
    closed, started = [], threading.Event()

    def script(peer):
        peer.startup()
        started.set()
        closed.append(peer.rest())

    async def main(server):
        task = asyncio.create_task(pg.AsyncConnection.connect(**server.params))
        await asyncio.to_thread(started.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with FakeServer(script) as server:
        asyncio.run(main(server))
    assert closed == [b""]


def test_ctrl_c_while_connecting(pg):
    closed = []

    def script(peer):
        peer.startup()
        os.kill(os.getpid(), signal.SIGINT)
        closed.append(peer.rest())

    with FakeServer(script) as server, pytest.raises(KeyboardInterrupt):
        pg.connect(**server.params)
    assert closed == [b""]


# ---- environment


def test_where_the_environment_says(connect, monkeypatch):
    with FakeServer(accept) as server:
        for name, value in (
            ("PGHOST", "127.0.0.1"),
            ("PGPORT", server.port),
            ("PGUSER", "me"),
            ("PGDATABASE", "mine"),
            ("PGSSLMODE", "disable"),
        ):
            monkeypatch.setenv(name, str(value))
        info = connect()
        assert (info["host"], info["user"], info["dbname"]) == ("127.0.0.1", "me", "mine")
        assert connect("user=you")["user"] == "you"


def test_the_environment_may_ask_for_tls(pg, connect, monkeypatch):
    with FakeServer(accept) as server:
        params = {name: value for name, value in server.params.items() if name != "sslmode"}
        monkeypatch.setenv("PGREQUIRESSL", "1")
        with pytest.raises(pg.OperationalError, match="server does not support SSL, but SSL was required"):
            connect(**params)
    assert server.connections == 1


def test_the_password_is_not_shown(pg):
    with FakeServer(accept) as server, pg.connect(**server.params, sslpassword="secret", autocommit=True) as conn:
        assert conn.info.password == "pw"
        for shown in (repr(conn), repr(conn._params), conn.info.dsn):
            assert "pw" not in shown
            assert "secret" not in shown


def slow_getaddrinfo(monkeypatch, seconds=20):
    """It takes so long, or until the event is set that this returns."""
    real, over = socket.getaddrinfo, threading.Event()

    def getaddrinfo(*args, **kwargs):
        over.wait(seconds)
        if args:
            return real("127.0.0.1", *args[1:], **kwargs)
        return real(**{**kwargs, "host": "127.0.0.1"})

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return over


@pytest.mark.howdah_only
def test_name_resolution_is_bounded(pg, monkeypatch):
    """Of each host by itself: the second one is still tried."""
    over = slow_getaddrinfo(monkeypatch)
    words = r"failed to resolve host 'slow\.example': connection timeout expired"
    with within(15, 1), pytest.raises(pg.errors.ConnectionTimeout, match=words):
        pg.connect(host="slow.example", connect_timeout=1)
    over.set()


@pytest.mark.howdah_only
async def test_name_resolution_is_bounded_asyncio(pg, monkeypatch):
    if not isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop):
        pytest.skip("the loop does not resolve names by the function that is made slow")
    over = slow_getaddrinfo(monkeypatch)
    words = r"failed to resolve host 'slow\.example': connection timeout expired"
    with within(15, 1), pytest.raises(pg.errors.ConnectionTimeout, match=words):
        await pg.AsyncConnection.connect(host="slow.example", connect_timeout=1)
    over.set()


@pytest.mark.howdah_only
def test_name_resolution_in_time(pg, monkeypatch):
    slow_getaddrinfo(monkeypatch, 0.2)
    with FakeServer(accept) as server:
        conn = pg.connect(**{**server.params, "host": "slow.example"}, connect_timeout=60)
        assert conn.info.hostaddr == "127.0.0.1"
        conn.close()


@pytest.mark.howdah_only
def test_name_resolution_is_interrupted(pg, monkeypatch):
    over = slow_getaddrinfo(monkeypatch)
    with within(15), pytest.raises(KeyboardInterrupt):
        timer = threading.Timer(0.2, _thread.interrupt_main)
        timer.start()
        pg.connect(host="slow.example")
    over.set()
    timer.join()
