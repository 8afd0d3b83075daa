"""OAUTHBEARER (RFC 7628), with a token that a function of the user's gets."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from ..errors import OperationalError

MECHANISM = "OAUTHBEARER"


class OAuthRequest(NamedTuple):
    """For what a token is asked: the parameters ``oauth_issuer``, ``oauth_scope`` and ``oauth_client_id``, or ''."""

    issuer: str
    scope: str
    client_id: str


def initial_response(token: Any) -> bytes:
    """The client's message. Raises TypeError or `OperationalError` for what cannot be a token."""
    if not isinstance(token, str):
        raise TypeError(f"the oauth_token function must return str, not {type(token).__name__}")
    if not re.fullmatch(r"[-A-Za-z0-9._~+/]+=*", token):  # RFC 6750, section 2.1
        raise OperationalError("the oauth_token function returned what cannot be a bearer token")
    return f"n,,\x01auth=Bearer {token}\x01\x01".encode()


def refusal(data: bytes, issuer: str) -> OperationalError:
    """Why the server has not taken the token, as it says in JSON; another issuer than ours is told, and not asked."""
    try:
        answer = json.loads(data)
        status = str(answer.get("status", ""))
        discovery = str(answer.get("openid-configuration", ""))
    except (ValueError, AttributeError, RecursionError):
        return OperationalError("the server refused the OAuth token, with an answer that is malformed")
    text = f"the server refused the OAuth token: {ascii(status)[1:-1]}"
    if issuer and discovery and discovery.partition("/.well-known/")[0] != issuer.partition("/.well-known/")[0]:
        text += " (it wants one of another issuer than oauth_issuer)"
    return OperationalError(text)
