"""The keywords of `connect()` beside those that psycopg names: libpq's parameters and our own, for type checkers.

At run time the signature is psycopg's, with ``**kwargs``, which programs and tests of psycopg's look at.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    import ssl

    from ..conninfo import ConnParam
    from .oauth import OAuthRequest

__all__ = ["ConnectKeywords", "ParamStyle"]

ParamStyle: TypeAlias = Literal["pyformat", "numeric_dollar"]


class ConnectKeywords(TypedDict, total=False):
    """What `connect()` takes by keyword."""

    discover_types: bool
    param_style: ParamStyle
    ssl_context: ssl.SSLContext | None
    oauth_token: Callable[[OAuthRequest], str | Awaitable[str]] | None
    password: ConnParam | Callable[[], str | Awaitable[str]]

    service: ConnParam
    user: ConnParam
    passfile: ConnParam
    channel_binding: ConnParam
    connect_timeout: ConnParam
    dbname: ConnParam
    host: ConnParam
    hostaddr: ConnParam
    port: ConnParam
    client_encoding: ConnParam
    options: ConnParam
    application_name: ConnParam
    fallback_application_name: ConnParam
    keepalives: ConnParam
    keepalives_idle: ConnParam
    keepalives_interval: ConnParam
    keepalives_count: ConnParam
    tcp_user_timeout: ConnParam
    sslmode: ConnParam
    sslnegotiation: ConnParam
    sslcompression: ConnParam
    sslcert: ConnParam
    sslkey: ConnParam
    sslcertmode: ConnParam
    sslpassword: ConnParam
    sslrootcert: ConnParam
    sslcrl: ConnParam
    sslcrldir: ConnParam
    sslsni: ConnParam
    requirepeer: ConnParam
    require_auth: ConnParam
    min_protocol_version: ConnParam
    max_protocol_version: ConnParam
    ssl_min_protocol_version: ConnParam
    ssl_max_protocol_version: ConnParam
    gssencmode: ConnParam
    krbsrvname: ConnParam
    gsslib: ConnParam
    gssdelegation: ConnParam
    replication: ConnParam
    target_session_attrs: ConnParam
    load_balance_hosts: ConnParam
    scram_client_key: ConnParam
    scram_server_key: ConnParam
    oauth_issuer: ConnParam
    oauth_client_id: ConnParam
    oauth_client_secret: ConnParam
    oauth_scope: ConnParam
    sslkeylogfile: ConnParam
