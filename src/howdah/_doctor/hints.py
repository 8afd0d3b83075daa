"""What usually helps, by where connecting failed and how."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import ConnectionTimeout, Error

BY_SQLSTATE = {
    "28P01": "The password is wrong, or the role does not exist: the server doesn't tell which. Where the password "
    "comes from is told above.",
    "28000": "pg_hba.conf of the server has no line that lets this role into this database from here, encrypted as "
    "the connection was; or the role may not log in.",
    "3D000": "Without dbname the database has the name of the role. `psql -l` lists what there is.",
    "53300": "The server has all the connections that max_connections, or a limit of the role or the database, "
    "allows: use a pool, or find who holds them in pg_stat_activity.",
    "57P03": "The server is starting, stopping or recovering: try again, or give another host.",
    "08P01": "The server, or a pooler before it, doesn't take one of the start-up parameters. Poolers often refuse "
    "`options`.",
}

# Pieces of the texts of errors that are our own or the system's, with the phase in which they come.
BY_TEXT: tuple[tuple[str, str], ...] = (
    ("definition of service", "It is looked for in PGSERVICEFILE, or in ~/.pg_service.conf, then PGSYSCONFDIR."),
    ("Connection refused", "Nothing listens there: is the server running, with this port, and listen_addresses?"),
    ("No such file", "No server has its socket there: see unix_socket_directories, or give host=localhost."),
    ("Permission denied", "This user may not use the socket."),
    ("No route to host", "The network leads nowhere: wrong address, or a firewall."),
    ("Network is unreachable", "This machine has no network of that kind; IPv6 without a route, perhaps."),
    ("server does not support SSL", "The server, or a pooler before it, has none: ssl=on there, or sslmode=prefer."),
    ("certificate verify failed", "sslrootcert has to name the certificate of who signed the server's, or `system`."),
    ("does not match host name", "Connect by a name that is in the certificate; hostaddr can say where that is."),
    ("root certificate file", "Get the certificate of the server's authority, or use sslrootcert=system."),
    ("sslnegotiation=direct", "Every version understands sslnegotiation=postgres, which asks for TLS first."),
    ("ALPN", "Direct TLS needs PostgreSQL 17; with sslnegotiation=postgres it is asked for."),
    ("SSL error", "TLS ends where both sides have no version or cipher in common, or where something between them is "
     "no PostgreSQL."),
    ("no password supplied", "Give a password by PGPASSWORD, a password file, or password as a function."),
    ("requirement", "The server asks for another method than require_auth allows: see pg_hba.conf."),
    ("channel binding", "It takes TLS, and SCRAM in pg_hba.conf; a proxy that ends the TLS prevents it."),
    ("invalid response to SSL", "Something else listens on that port."),
    ("does not speak PostgreSQL", "Something else listens on that port."),
    ("session is read-only", "This is a standby, or default_transaction_read_only is on: see target_session_attrs."),
    ("server is in hot standby mode", "This is a standby: give all the hosts, or the primary's."),
    ("session is not read-only", "This server takes writes: target_session_attrs wants one that doesn't."),
    ("server is not in hot standby", "This is the primary: target_session_attrs wants a standby."),
    ("requirepeer", "The server at this socket runs as somebody else."),
    ("closed the connection unexpectedly", "It ended without a word: see its log; or a proxy has none behind it."),
)  # fmt: skip

BY_TIMEOUT = {
    "resolve": "The resolver did not answer: see /etc/resolv.conf, or a VPN that is down.",
    "open": "No answer at all, not even a refusal: a firewall, a security group, or an address that nobody has.",
    "tls": "It accepts connections and doesn't answer the request for TLS: no PostgreSQL, or one without free hands.",
    "startup": "It accepts connections and says nothing: no PostgreSQL, or a pooler that waits for a free server.",
    "authentication": "The server takes its time to judge the password: LDAP, RADIUS or PAM behind it, perhaps.",
    "session": "Logged in, but no session came of it: a pooler that waits for a server, perhaps.",
}


def hint_for(error: Error, phase: str | None, params: Mapping[str, str]) -> str:
    """One sentence or two; empty where there is nothing to say."""
    if isinstance(error, ConnectionTimeout):
        return BY_TIMEOUT.get(phase or "", "")
    text = str(error)
    if error.sqlstate == "08P01" and re.search(r'database "[^"]*" does not exist|no such database', text):
        return "So says a pooler: its configuration, or the server behind it, has no database of this name."
    if error.sqlstate in BY_SQLSTATE:
        return BY_SQLSTATE[error.sqlstate]
    for piece, hint in BY_TEXT:
        if piece in text:
            return hint
    if phase == "resolve":
        return "The name is unknown here: a typing error, or a name that only another network's DNS knows."
    return ""
