"""Answers to the server's authentication requests (PostgreSQL documentation, 54.2.1 "Start-up")."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..errors import OperationalError
from .scram import MECHANISM, Scram, encode_password

OK, CLEARTEXT, MD5, SASL, SASL_CONTINUE, SASL_FINAL = 0, 3, 5, 10, 11, 12
UNSUPPORTED = {2: "Kerberos V5", 6: "SCM credential", 7: "GSSAPI", 8: "GSSAPI", 9: "SSPI"}

METHODS = frozenset({"password", "md5", "gss", "sspi", "scram-sha-256", "oauth", "none"})

# More iterations than this are computed where they do not hold up an event loop.
QUICK_ITERATIONS = 20_000


class Policy(NamedTuple):
    """What ``require_auth`` asks for."""

    text: str
    allowed: frozenset[str]
    required: bool  # the server must go through with one of the methods

    @classmethod
    def of(cls, params: Mapping[str, str]) -> Policy:
        text = params.get("require_auth", "")
        if not text:
            return cls(text, METHODS, False)
        words = text.split(",")
        names = [word.removeprefix("!") for word in words]
        for word, name in zip(words, names, strict=True):
            if name not in METHODS:
                raise OperationalError(f'invalid require_auth value: "{word}"')
            if names.count(name) > 1:
                raise OperationalError(f'require_auth method "{word}" is specified more than once')
        negated = [word.startswith("!") for word in words]
        if any(negated) and not all(negated):
            raise OperationalError("require_auth cannot have both methods and negated methods")
        allowed = METHODS - set(names) if all(negated) else frozenset(names)
        return cls(text, allowed, "none" not in allowed)

    def check(self, method: str) -> None:
        if method not in self.allowed:
            raise self.violation(f"server requested {method} authentication")

    def violation(self, reason: str) -> OperationalError:
        return OperationalError(f'authentication method requirement "{self.text}" failed: {reason}')


class Authenticator:
    """The client's side of one log-in, which ends with AuthenticationOk."""

    def __init__(self, conn: Any, params: Mapping[str, str], password: str):
        self._conn = conn
        self._user = params["user"]
        self._password = password
        self._policy = Policy.of(params)
        self._scram: Scram | None = None
        self._awaited: int | None = None  # the only request that may come next; None: any that begins an exchange

    def answer(self, code: int, data: bytes) -> Callable[[], None] | None:
        """Answer one request; what is returned is slow, and has to be called."""
        if self._awaited is not None and code != self._awaited:
            if code == OK:
                raise OperationalError("the server let us in without proving that it knows the password")
            raise OperationalError(f"unexpected authentication request {code} from server")
        if code == OK:
            if self._policy.required and self._awaited is None:
                raise self._policy.violation("server did not complete authentication")
        elif code == CLEARTEXT:
            self._policy.check("password")
            self._send_password(encode_password(self._needed_password()))
        elif code == MD5:
            self._policy.check("md5")
            self._send_password(_md5(self._needed_password(), self._user, data))
        elif code == SASL:
            self._begin(data)
        elif code == SASL_CONTINUE and self._scram:
            return self._continue(self._scram, data)
        elif code == SASL_FINAL and self._scram:
            self._scram.verify(data)
            self._awaited = OK
        else:
            raise OperationalError(f"authentication method {UNSUPPORTED.get(code, code)} not supported")
        return None

    def _needed_password(self) -> str:
        if not self._password:
            raise OperationalError("fe_sendauth: no password supplied")
        self._conn._used_password = True
        return self._password

    def _send_password(self, password: bytes) -> None:
        self._conn._send_password(password)
        self._awaited = OK

    def _begin(self, data: bytes) -> None:
        mechanisms = data.split(b"\0")
        if mechanisms[-2:] != [b"", b""] or b"" in mechanisms[:-2]:
            raise OperationalError("the server sent a malformed list of authentication mechanisms")
        if MECHANISM.encode() + b"-PLUS" in mechanisms:  # it believes in a TLS that ends elsewhere
            raise OperationalError("server offered SCRAM-SHA-256-PLUS authentication over a connection without TLS")
        if MECHANISM.encode() not in mechanisms:
            raise OperationalError("none of the server's SASL authentication mechanisms are supported")
        self._policy.check("scram-sha-256")
        self._scram = Scram(self._needed_password())
        self._awaited = SASL_CONTINUE
        self._conn._send_sasl_initial(MECHANISM, self._scram.first())

    def _continue(self, scram: Scram, data: bytes) -> Callable[[], None] | None:
        def respond() -> None:
            scram.derive()
            self._conn._send_sasl_response(scram.final())

        scram.challenge(data)
        self._awaited = SASL_FINAL
        if scram.iterations > QUICK_ITERATIONS:
            return respond
        respond()
        return None


def _md5(password: str, user: str, salt: bytes) -> bytes:
    try:
        inner = hashlib.md5(encode_password(password) + user.encode()).hexdigest()
        return b"md5" + hashlib.md5(inner.encode() + salt).hexdigest().encode()
    except ValueError:  # hashlib obeys the policy of the machine, FIPS for example
        raise OperationalError("the server asks for an MD5 password, and MD5 is disabled on this machine") from None
