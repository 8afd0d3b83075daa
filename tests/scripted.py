"""Servers by a script that more than one file of tests uses, and how connecting to them fails."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from beside import within
from servers import fake
from servers.fake import FakeServer, authentication


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


FOREIGN = "does not speak PostgreSQL|no place here"
CLOSED = "server closed the connection unexpectedly"
WELCOME = authentication(0) + fake.welcome()


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
