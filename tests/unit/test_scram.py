"""SCRAM-SHA-256 and SASLprep by the vectors of their RFCs."""

import base64

import pytest

from howdah._connect.saslprep import saslprep
from howdah._connect.scram import MAX_ITERATIONS, Scram
from howdah.errors import OperationalError

# RFC 7677, section 3
NONCE = "rOprNGfwEbeRWgbNEkqO"
SERVER_NONCE = NONCE + "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
SALT = "W22ZaJ0SNY7soEsUEjb6gQ=="
SERVER_FIRST = f"r={SERVER_NONCE},s={SALT},i=4096"
PROOF = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
SERVER_FINAL = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def scram():
    return Scram("pencil", NONCE, user="user")


def answered(server_first=SERVER_FIRST):
    exchange = scram()
    exchange.challenge(server_first.encode())
    exchange.derive()
    exchange.final()
    return exchange


def test_rfc_7677():
    exchange = scram()
    assert exchange.first() == f"n,,n=user,r={NONCE}".encode()
    exchange.challenge(SERVER_FIRST.encode())
    exchange.derive()
    assert exchange.final() == f"c=biws,r={SERVER_NONCE},p={PROOF}".encode()
    exchange.verify(SERVER_FINAL.encode())


def test_every_nonce_is_new():
    firsts = {Scram("x").first() for _ in range(50)}
    assert len(firsts) == 50
    assert all(first.startswith(b"n,,n=,r=") and len(first) == 8 + 24 for first in firsts)


def test_later_attributes_are_ignored():
    answered(SERVER_FIRST + ",x=unknown")
    exchange = answered()
    exchange.verify((SERVER_FINAL + ",x=unknown").encode())


@pytest.mark.parametrize(
    ("server_first", "reason"),
    [
        ("", "malformed message"),
        ("\xff", "malformed message"),
        ("m=must," + SERVER_FIRST, "malformed message"),
        (f"s={SALT},r={SERVER_NONCE},i=4096", "malformed message"),
        (f"r={SERVER_NONCE},s={SALT}", "malformed message"),
        (f"r={SERVER_NONCE},s={SALT},i", "malformed message"),
        (f"r={NONCE},s={SALT},i=4096", "nonce"),
        (f"r=x{SERVER_NONCE},s={SALT},i=4096", "nonce"),
        (f"r={SERVER_NONCE},s=,i=4096", "empty salt"),
        (f"r={SERVER_NONCE},s=W22Z!,i=4096", "base64"),
        (f"r={SERVER_NONCE},s={SALT},i=0", "number of iterations"),
        (f"r={SERVER_NONCE},s={SALT},i=-1", "number of iterations"),
        (f"r={SERVER_NONCE},s={SALT},i=1e3", "number of iterations"),
        (f"r={SERVER_NONCE},s={SALT},i=", "number of iterations"),
        (f"r={SERVER_NONCE},s={SALT},i={MAX_ITERATIONS + 1}", "1000001 iterations"),
        (f"r={SERVER_NONCE},s={SALT},i={'9' * 5000}", "number of iterations"),
    ],
)
def test_bad_challenge(server_first, reason):
    with pytest.raises(OperationalError, match=reason):
        scram().challenge(server_first.encode("latin1"))


@pytest.mark.parametrize(
    ("server_final", "reason"),
    [
        (b"", "malformed"),
        (b"v=", "signature is wrong"),
        (b"v=" + base64.b64encode(bytes(32)), "signature is wrong"),
        (SERVER_FINAL.encode()[:-4], "signature is wrong"),
        (b"v=!!!!", "base64"),
        (b"e=other-error", "other-error"),
        (b"x=1," + SERVER_FINAL.encode(), "malformed"),
    ],
)
def test_bad_final(server_final, reason):
    with pytest.raises(OperationalError, match=reason):
        answered().verify(server_final)


@pytest.mark.parametrize(
    ("password", "prepared"),
    [
        # RFC 4013, section 3
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        # What it forbids is taken as it is.
        ("\u0007", "\u0007"),
        ("\u06271", "\u06271"),
        ("\u0221", "\u0221"),
        # PostgreSQL's own tests
        ("foo bar", "foo bar"),
        ("a\u2000b", "a b"),
        ("\u2102", "C"),
        ("\u00ad", "\u00ad"),
        ("", ""),
        ("\udc80", "\udc80"),
        # Prohibited before normalization only, and behind it only
        ("\u0340", "\u0340"),
        ("\ufe7f", "\u0640\u0652"),
        ("a\u200bb", "a b"),
    ],
)
def test_saslprep(password, prepared):
    assert saslprep(password) == prepared
