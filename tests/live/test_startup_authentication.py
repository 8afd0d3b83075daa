"""Authentication with a scripted server (see servers/fake.py): what it may ask for, and what it has to prove."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
import warnings

import pytest

import howdah
from howdah._connect import scram
from scripted import WELCOME, Scram, accept, refused, says
from servers import fake
from servers.fake import FakeServer, authentication

pytestmark = pytest.mark.usefixtures("no_environment")


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


# ---- functions of the user's


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("of the vault"),
        ConnectionRefusedError(111, "of the vault"),
        ConnectionResetError("of the vault"),
        howdah.errors.InvalidAuthorizationSpecification("of the vault"),
        howdah.errors.CannotConnectNow("of the vault"),
        KeyError("of the vault"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("awaited", [False, True])
def test_an_error_of_a_function_is_not_taken_for_the_servers(pg, error, awaited):
    """It comes out as it is, and neither another host nor a connection without TLS is tried."""

    def password():
        raise error

    async def password_async():
        raise error

    async def connect_async(**params):
        await pg.AsyncConnection.connect(**{**params, "password": password_async if awaited else password})

    with FakeServer(says(authentication(3))) as server:
        twice = {**server.params, "host": "127.0.0.1,127.0.0.1", "password": password}
        with pytest.raises(type(error)) as caught:
            asyncio.run(connect_async(**twice))
        assert caught.value is error
        if not awaited:
            with pytest.raises(type(error)) as caught:
                pg.connect(**twice)
            assert caught.value is error
        assert server.connections == 1 + (not awaited)


async def test_a_function_that_takes_too_long(pg):
    """Waiting for it counts."""
    with FakeServer(says(authentication(3))) as server:

        async def password():
            await asyncio.sleep(60)

        with pytest.raises(pg.errors.ConnectionTimeout):
            await pg.AsyncConnection.connect(**{**server.params, "password": password, "connect_timeout": "0.2"})
