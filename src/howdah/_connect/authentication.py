"""Answers to the server's authentication requests (PostgreSQL documentation, 54.2.1 "Start-up")."""

from __future__ import annotations

import hashlib
import ipaddress
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import OperationalError
from .channel import Channel
from .encryption import STRICT
from .oauth import MECHANISM as OAUTHBEARER
from .oauth import OAuthRequest, initial_response, refusal
from .parameters import passfile_of, password_for
from .scram import MECHANISM, Scram, encode_password, key_of

OK, CLEARTEXT, MD5, GSS, GSS_CONTINUE = 0, 3, 5, 7, 8
SASL, SASL_CONTINUE, SASL_FINAL = 10, 11, 12
UNSUPPORTED = {1: "Kerberos V4", 2: "Kerberos V5", 4: "crypt", 6: "SCM credential", 8: "GSSAPI", 9: "SSPI"}

METHODS = frozenset({"password", "md5", "gss", "sspi", "scram-sha-256", "oauth", "none"})

PLUS = f"{MECHANISM}-PLUS"

# More iterations than this are computed where they hold up neither an event loop nor a deadline.
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


class Helpers(NamedTuple):
    """What a connection is given that no connection string can hold."""

    ssl_context: Any = None  # ssl.SSLContext
    password: Callable[[], Any] | None = None
    oauth_token: Callable[[OAuthRequest], Any] | None = None

    @classmethod
    def split(cls, given: Mapping[str, Any]) -> tuple[Helpers, Mapping[str, Any]]:
        """The helpers, and the parameters. Raises TypeError for a helper that is none."""
        rest = dict(given)
        context, token = rest.pop("ssl_context", None), rest.pop("oauth_token", None)
        password = rest.pop("password") if callable(rest.get("password")) else None
        if context is not None and not hasattr(context, "wrap_bio"):
            raise TypeError(f"ssl_context must be an ssl.SSLContext, not {type(context).__name__}")
        if token is not None and not callable(token):
            raise TypeError(f"oauth_token must be a function, not {type(token).__name__}")
        return cls(context, password, token), rest

    def adjust(self, params: dict[str, str], given: Mapping[str, Any]) -> None:
        """Who gives an SSLContext wants TLS, unless he says otherwise; what the environment demands beyond stays.

        Raises `OperationalError` for what cannot be seen of a context that is not ours.
        """
        if self.ssl_context is None:
            return
        if "sslmode" not in given and params["sslmode"] not in STRICT:
            params["sslmode"] = "require"
        if params.get("sslcertmode") == "require":
            raise OperationalError("sslcertmode=require is not possible with an ssl_context")


def check_keys(params: Mapping[str, str]) -> None:
    """Raises `OperationalError` for a ``scram_client_key`` or ``scram_server_key`` that is none."""
    for name in ("scram_client_key", "scram_server_key"):
        key_of(params, name)


class Authenticator:
    """The client's side of one log-in, which ends with AuthenticationOk."""

    def __init__(
        self,
        channel: Channel,
        conn: Any,
        params: Mapping[str, str],
        address: Any,
        helpers: Helpers,
        policy: Policy,
    ):
        self._channel = channel
        self._conn = conn
        self._params = params
        self._address = address
        self._helpers = helpers
        self._policy = policy
        self._scram: Scram | None = None
        self._gss: Any = None
        self._oauth = False
        self._bound = False
        self.passfile: Path | None = None  # that the password came from
        self._awaited: int | None = None  # the only request that may come next; None: any that begins an exchange

    async def answer(self, code: int, data: bytes) -> None:
        """Answer one request. Raises `OperationalError`, and what a callable of the user's raises."""
        if self._awaited is not None and code != self._awaited and not self._may_come_instead(code):
            if code == OK:
                raise OperationalError("the server let us in without proving that it knows the password")
            raise OperationalError(f"unexpected authentication request {code} from server")
        if code == OK:
            self._check_end()
            return
        if self._params["channel_binding"] == "require" and code not in (SASL, SASL_CONTINUE, SASL_FINAL):
            raise OperationalError("channel binding required but not supported by server's authentication request")
        if code == CLEARTEXT:
            self._begins("password")
            password = encode_password(await self._needed_password())
            self._warn_of_cleartext()
            self._send_password(password)
        elif code == MD5:
            self._begins("md5")
            self._send_password(_md5(await self._needed_password(), self._params["user"], data))
        elif code == GSS:
            self._begins("gss")
            await self._step_gss(b"")
        elif code == GSS_CONTINUE and self._gss:
            await self._step_gss(data)
        elif code == SASL:
            await self._begin(data)
        elif code == SASL_CONTINUE and self._scram:
            await self._continue(self._scram, data)
        elif code == SASL_CONTINUE and self._oauth:
            raise refusal(data, self._params.get("oauth_issuer", ""))
        elif code == SASL_FINAL and self._scram:
            self._scram.verify(data)
            self._awaited = OK
        else:
            raise OperationalError(f"authentication method {UNSUPPORTED.get(code, code)} not supported")

    def _begins(self, method: str) -> None:
        """The server asks for this method, which may not be what ``require_auth`` wants."""
        self._channel.note("authentication", method)
        self._policy.check(method)

    def _may_come_instead(self, code: int) -> bool:
        """A server of GSSAPI may send its last token, or not; one of OAuth says why it refuses."""
        late = self._gss is not None and self._gss.complete and code == GSS_CONTINUE
        return late or (self._oauth and code == SASL_CONTINUE)

    # ---- the end

    def _check_end(self) -> None:
        if self._policy.required and self._awaited is None:
            raise self._policy.violation("server did not complete authentication")
        if self._params["channel_binding"] == "require" and not self._bound:
            raise OperationalError(
                "channel binding required, but server authenticated client without channel binding"
            )
        if self._params.get("sslcertmode") == "require":
            pump = self._channel.tls
            if pump is None or not pump.own_certificate.requested:
                raise OperationalError("server did not request an SSL certificate")
            if not pump.own_certificate.sent:
                raise OperationalError("server accepted connection without a valid SSL certificate")

    # ---- passwords

    async def _needed_password(self) -> str:
        if self._helpers.password is not None:
            password = await self._channel.resolve(self._helpers.password)
            if not isinstance(password, str):
                raise TypeError(f"the function for the password must return str, not {type(password).__name__}")
        else:
            password = password_for(self._params, self._address.host)
            if password and not self._params.get("password"):
                self.passfile = passfile_of(self._params)
        if not password:
            raise OperationalError("fe_sendauth: no password supplied")
        if "\0" in password:
            raise OperationalError("the password contains a NUL character")
        self._conn._used_password = True
        return password

    def _warn_of_cleartext(self) -> None:
        if self._channel.tls is None and self._address.ip:
            if ipaddress.ip_address(self._address.ip.partition("%")[0]).is_loopback:
                return
            warnings.warn(
                "the server asked for the password in clear text, over a connection without TLS; "
                "require_auth=scram-sha-256 or sslmode=verify-full refuses that",
                RuntimeWarning,
                stacklevel=2,
            )

    def _send_password(self, password: bytes) -> None:
        self._conn._send_password(password)
        self._awaited = OK

    # ---- GSSAPI

    async def _step_gss(self, token: bytes) -> None:
        from .gss import Gss

        if self._gss is None:
            self._gss = Gss(self._params, self._address.host.name)
        gss = self._gss
        answer = await self._channel.compute(lambda: gss.step(token))  # it may ask a server for a ticket
        if answer:
            self._conn._send_sasl_response(answer)
        self._awaited = OK if gss.complete else GSS_CONTINUE

    # ---- SASL

    async def _begin(self, data: bytes) -> None:
        offered = data.split(b"\0")
        if offered[-2:] != [b"", b""] or b"" in offered[:-2]:
            raise OperationalError("the server sent a malformed list of authentication mechanisms")
        mechanisms = {name.decode("ascii", "replace") for name in offered[:-2]}
        if PLUS in mechanisms and self._channel.tls is None:  # it believes in a TLS that ends elsewhere
            raise OperationalError(f"server offered {PLUS} authentication over a connection without TLS")
        if OAUTHBEARER in mechanisms and not mechanisms & {MECHANISM, PLUS}:
            await self._begin_oauth()
            return
        if not mechanisms & {MECHANISM, PLUS}:
            raise OperationalError("none of the server's SASL authentication mechanisms are supported")
        self._begins("scram-sha-256")
        header, binding = self._binding(mechanisms)
        keys = key_of(self._params, "scram_client_key"), key_of(self._params, "scram_server_key")
        password = "" if all(keys) else await self._needed_password()
        self._scram = Scram(password, header=header, binding=binding, keys=keys)
        self._awaited = SASL_CONTINUE
        self._conn._send_sasl_initial(PLUS if binding else MECHANISM, self._scram.first())

    def _binding(self, mechanisms: set[str]) -> tuple[str, bytes]:
        """How the log-in is bound to the TLS that it goes through: the header of GS2 (RFC 5801), and the data."""
        mode, pump = self._params["channel_binding"], self._channel.tls
        if pump is None or mode == "disable":
            if mode == "require":
                raise OperationalError("channel binding required, but SSL not in use")
            return self._unbound("n,,", mechanisms)
        if PLUS not in mechanisms:
            if mode == "require":
                raise OperationalError(
                    "channel binding is required, but server did not offer an authentication method that supports "
                    "channel binding"
                )
            return "y,,", b""
        from .certificate import end_point

        binding = end_point(pump.object.getpeercert(True) or b"")
        if binding is not None:
            self._bound = True  # with the server's proof, without which nobody gets to the end
            return "p=tls-server-end-point,,", binding
        if mode == "require":
            raise OperationalError(
                "channel binding is required, but no hash is defined for the signature of the server's certificate"
            )
        if self._params["sslmode"] != "verify-full":
            raise OperationalError(
                "the server's certificate is of a kind that channel binding is not defined for: "
                "use sslmode=verify-full, or channel_binding=disable"
            )
        return self._unbound("n,,", mechanisms)

    @staticmethod
    def _unbound(header: str, mechanisms: set[str]) -> tuple[str, bytes]:
        if MECHANISM not in mechanisms:
            raise OperationalError("none of the server's SASL authentication mechanisms are supported")
        return header, b""

    async def _continue(self, scram: Scram, data: bytes) -> None:
        scram.challenge(data)
        self._awaited = SASL_FINAL
        if scram.iterations > QUICK_ITERATIONS and not scram.keys_are_known:
            await self._channel.compute(scram.derive)
        else:
            scram.derive()
        self._conn._send_sasl_response(scram.final())

    async def _begin_oauth(self) -> None:
        self._begins("oauth")
        function = self._helpers.oauth_token
        if function is None:
            raise OperationalError("the server asks for an OAuth token, and no oauth_token function was given")
        if self._params["channel_binding"] == "require":
            raise OperationalError("channel binding is required, but OAuth has none")
        if self._channel.tls is None and self._address.ip:
            raise OperationalError("an OAuth token is sent over TLS or a Unix-domain socket only")
        request = OAuthRequest(
            self._params.get("oauth_issuer", ""),
            self._params.get("oauth_scope", ""),
            self._params.get("oauth_client_id", ""),
        )
        token = await self._channel.resolve(lambda: function(request))
        self._oauth = True
        self._awaited = OK
        self._conn._send_sasl_initial(OAUTHBEARER, initial_response(token))


def _md5(password: str, user: str, salt: bytes) -> bytes:
    try:
        inner = hashlib.md5(encode_password(password) + user.encode()).hexdigest()
        return b"md5" + hashlib.md5(inner.encode() + salt).hexdigest().encode()
    except ValueError:  # hashlib obeys the policy of the machine, FIPS for example
        raise OperationalError("the server asks for an MD5 password, and MD5 is disabled on this machine") from None
