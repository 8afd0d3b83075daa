"""SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), the client's side."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping

from ..errors import OperationalError
from .saslprep import saslprep

MECHANISM = "SCRAM-SHA-256"

# A server may ask for any number; PostgreSQL's default is 4096.
MAX_ITERATIONS = 1_000_000

# The keys of log-ins that have succeeded in this process, by password, salt and iterations: a pool's connections need
# not derive the same ones again and again. They are worth no less than the password, which connections keep, too;
# that itself is not kept here. Thread-safe, since each step is one of a dict's.
_known: dict[tuple[bytes, bytes, int], tuple[bytes, bytes]] = {}
_MOST_KNOWN = 100
_SECRET = secrets.token_bytes(32)


class Scram:
    """One exchange: `first`, then `challenge`, `derive` and `final`, then `verify`.

    The user's name travels in the start-up message and stays empty here, as PostgreSQL has it. Raises
    `OperationalError` when the server breaks the exchange or does not know the password either.
    """

    def __init__(
        self,
        password: str,
        nonce: str | None = None,
        user: str = "",
        *,
        header: str = "n,,",
        binding: bytes = b"",
        keys: tuple[bytes, bytes] = (b"", b""),
    ):
        self._password = encode_password(saslprep(password))
        self._header = header
        self._binding = header.encode() + binding
        self._client_key, self._server_key = keys
        self._derived = False
        self._nonce = nonce or base64.b64encode(secrets.token_bytes(18)).decode()
        self._client_first = f"n={user},r={self._nonce}"

    def first(self) -> bytes:
        return (self._header + self._client_first).encode()

    def challenge(self, message: bytes) -> None:
        """Take the server's nonce, salt and number of iterations."""
        fields = _fields(message, "rsi")
        nonce, self._salt = fields["r"], _unbase64(fields["s"])
        if not nonce.startswith(self._nonce) or nonce == self._nonce:
            raise OperationalError("SCRAM: the server's nonce does not continue ours")
        if not self._salt:
            raise OperationalError("SCRAM: the server sent an empty salt")
        count = fields["i"]
        if not (count.isascii() and count.isdigit() and len(count) < 10 and int(count) > 0):
            raise OperationalError("SCRAM: the server sent a malformed number of iterations")
        self.iterations = int(count)
        if self.iterations > MAX_ITERATIONS:
            raise OperationalError(
                f"SCRAM: the server asks for {self.iterations} iterations, more than {MAX_ITERATIONS} are refused"
            )
        self._source = hmac.digest(_SECRET, self._password, "sha256"), self._salt, self.iterations
        if not self._client_key and not self._server_key:
            self._client_key, self._server_key = _known.get(self._source, (b"", b""))
        binding = base64.b64encode(self._binding).decode()
        self._without_proof = f"c={binding},r={nonce}"
        self._auth_message = f"{self._client_first},{message.decode()},{self._without_proof}".encode()

    @property
    def keys_are_known(self) -> bool:
        """Whether `derive` has nothing to do."""
        return bool(self._client_key and self._server_key)

    def derive(self) -> None:
        """The slow step: 4096 iterations take a millisecond or two. The GIL is released."""
        if self.keys_are_known:
            return
        self._derived = not self._client_key and not self._server_key
        salted = hashlib.pbkdf2_hmac("sha256", self._password, self._salt, self.iterations)
        self._client_key = self._client_key or hmac.digest(salted, b"Client Key", "sha256")
        self._server_key = self._server_key or hmac.digest(salted, b"Server Key", "sha256")

    def final(self) -> bytes:
        client_key = self._client_key
        stored_key = hashlib.sha256(client_key).digest()
        signature = hmac.digest(stored_key, self._auth_message, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        return f"{self._without_proof},p={base64.b64encode(proof).decode()}".encode()

    def verify(self, message: bytes) -> None:
        """The server proves that it knows the password, too."""
        if message.startswith(b"e="):
            raise OperationalError(f"SCRAM: the server refuses: {message[2:100].decode(errors='replace')}")
        theirs = _unbase64(_fields(message, "v")["v"])
        if not hmac.compare_digest(hmac.digest(self._server_key, self._auth_message, "sha256"), theirs):
            raise OperationalError("SCRAM: the server's signature is wrong: it does not know the password")
        if self._derived:
            if len(_known) >= _MOST_KNOWN:
                _known.clear()
            _known[self._source] = self._client_key, self._server_key


def key_of(params: Mapping[str, str], name: str) -> bytes:
    """A key of SCRAM that was given instead of the password, or nothing. Raises `OperationalError`."""
    if name not in params:
        return b""
    try:
        key = base64.b64decode(params[name], validate=True)
    except (binascii.Error, ValueError):
        raise OperationalError(f'invalid value of "{name}": it is not base64') from None
    if len(key) != 32:
        raise OperationalError(f'invalid value of "{name}": a key has 32 bytes')
    return key


def encode_password(password: str) -> bytes:
    """UTF-8; bytes of a password file that are not text come back as they were."""
    try:
        return password.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise OperationalError("the password contains a lone surrogate") from None


def _fields(message: bytes, names: str) -> dict[str, str]:
    """The attributes with these names, in this order; more may follow (RFC 5802, section 5.1)."""
    try:
        attributes = message.decode("ascii").split(",")
    except UnicodeDecodeError:
        attributes = []
    found = {attribute[0]: attribute[2:] for attribute in attributes[: len(names)] if attribute[1:2] == "="}
    if list(found) != list(names):
        raise OperationalError("SCRAM: the server sent a malformed message")
    return found


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise OperationalError("SCRAM: the server sent malformed base64") from None


def stored_secret(password: bytes, salt: bytes, iterations: int) -> bytes:
    """What the server keeps of a password: RFC 5803, as in pg_authid (PostgreSQL documentation, 52.8)."""
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, iterations)
    client_key, server_key = (hmac.digest(salted, name, "sha256") for name in (b"Client Key", b"Server Key"))
    stored = base64.b64encode(hashlib.sha256(client_key).digest())
    head = b"SCRAM-SHA-256$%d:%b" % (iterations, base64.b64encode(salt))
    return b"%b$%b:%b" % (head, stored, base64.b64encode(server_key))
