"""The connection parameters: their names, environment variables and defaults, as libpq 18 has them."""

from typing import NamedTuple


class Option(NamedTuple):
    name: str
    envvar: str | None = None
    default: str | None = None
    secret: bool = False


# In libpq's order, which make_conninfo() and conninfo_to_dict() show.
OPTIONS: dict[str, Option] = {
    option.name: option
    for option in (
        Option("service", "PGSERVICE"),
        Option("user", "PGUSER"),
        Option("password", "PGPASSWORD", secret=True),
        Option("passfile", "PGPASSFILE"),
        Option("channel_binding", "PGCHANNELBINDING", "prefer"),
        Option("connect_timeout", "PGCONNECT_TIMEOUT"),
        Option("dbname", "PGDATABASE"),
        Option("host", "PGHOST"),
        Option("hostaddr", "PGHOSTADDR"),
        Option("port", "PGPORT", "5432"),
        Option("client_encoding", "PGCLIENTENCODING"),
        Option("options", "PGOPTIONS", ""),
        Option("application_name", "PGAPPNAME"),
        Option("fallback_application_name"),
        Option("keepalives"),
        Option("keepalives_idle"),
        Option("keepalives_interval"),
        Option("keepalives_count"),
        Option("tcp_user_timeout"),
        Option("sslmode", "PGSSLMODE", "prefer"),
        Option("sslnegotiation", "PGSSLNEGOTIATION", "postgres"),
        Option("sslcompression", "PGSSLCOMPRESSION", "0"),
        Option("sslcert", "PGSSLCERT"),
        Option("sslkey", "PGSSLKEY"),
        Option("sslcertmode", "PGSSLCERTMODE"),
        Option("sslpassword", secret=True),
        Option("sslrootcert", "PGSSLROOTCERT"),
        Option("sslcrl", "PGSSLCRL"),
        Option("sslcrldir", "PGSSLCRLDIR"),
        Option("sslsni", "PGSSLSNI", "1"),
        Option("requirepeer", "PGREQUIREPEER"),
        Option("require_auth", "PGREQUIREAUTH"),
        Option("min_protocol_version", "PGMINPROTOCOLVERSION"),
        Option("max_protocol_version", "PGMAXPROTOCOLVERSION"),
        Option("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", "TLSv1.2"),
        Option("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"),
        Option("gssencmode", "PGGSSENCMODE", "disable"),
        Option("krbsrvname", "PGKRBSRVNAME", "postgres"),
        Option("gsslib", "PGGSSLIB"),
        Option("gssdelegation", "PGGSSDELEGATION", "0"),
        Option("replication"),
        Option("target_session_attrs", "PGTARGETSESSIONATTRS", "any"),
        Option("load_balance_hosts", "PGLOADBALANCEHOSTS", "disable"),
        Option("scram_client_key", secret=True),
        Option("scram_server_key", secret=True),
        Option("oauth_issuer"),
        Option("oauth_client_id"),
        Option("oauth_client_secret", secret=True),
        Option("oauth_scope"),
        Option("sslkeylogfile"),
    )
}

ENVVARS = {option.envvar: name for name, option in OPTIONS.items() if option.envvar is not None}

DEFAULTS = {name: option.default for name, option in OPTIONS.items() if option.default is not None}
