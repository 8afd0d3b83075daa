"""Start-up: where to connect, and what a server may say before it is trusted to be one.

The servers that misbehave are scripts (see servers/fake.py).
"""

from __future__ import annotations

import socket
import struct
import time

import pytest

from scripted import CLOSED, FOREIGN, WELCOME, accept, refused, says
from servers import fake
from servers.fake import FakeServer, authentication, message

pytestmark = pytest.mark.usefixtures("no_environment")


# ---- servers that misbehave


def test_the_fake_server_can_be_connected_to(connect):
    with FakeServer(accept) as server:
        info = connect(**server.params, application_name="app")
    assert info["host"] == info["hostaddr"] == "127.0.0.1"
    assert info["port"] == str(server.port)
    assert (info["user"], info["dbname"], info["application_name"]) == ("u", "d", "app")
    assert "password" not in info


def test_closes_at_once(pg, connect):
    refused(pg, connect, lambda peer: None, CLOSED)


@pytest.mark.howdah_only
def test_a_server_that_closes_when_tls_comes_at_once(pg, connect):
    """As PostgreSQL does before 17."""
    error = refused(
        pg,
        connect,
        lambda peer: peer._exactly(8),
        "closed the connection during the handshake; sslnegotiation=direct takes PostgreSQL 17 or newer",
        sslmode="require",
        sslnegotiation="direct",
    )
    assert type(error) is pg.OperationalError


@pytest.mark.parametrize("mode", ["allow", "prefer", "require"])
def test_closes_at_the_request_for_tls(pg, connect, mode):
    """That is no answer: there is no attempt without TLS."""
    asked = []

    def script(peer):
        asked.append(peer._exactly(8))

    refused(pg, connect, script, CLOSED, sslmode=mode)
    assert len(asked) == 1


def test_closes_after_the_startup_message(pg, connect):
    refused(pg, connect, lambda peer: peer.startup(), CLOSED)


def test_resets(pg, connect):
    def script(peer):
        peer.startup()
        peer._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    refused(pg, connect, script, CLOSED)


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
