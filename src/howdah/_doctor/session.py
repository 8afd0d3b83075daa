"""What a session is like: questions to the server, and what was negotiated with it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from typing import Any

from .._connect.encryption import Tls
from ..errors import Error
from .certificate import describe_certificate
from .watched import Attempt, Patient, WatchedChannel

PATIENCE = 10.0  # seconds for each question

# Databases by whose names poolers have their consoles.
CONSOLES = ("pgbouncer", "pgcat", "odyssey", "console", "pgdog")

# Pieces of the names of hosts behind which a pooler is known to be.
HOSTS = {
    ".proxy-": "RDS Proxy",
    ".pooler.supabase.com": "Supavisor",
    "-pooler.": "Neon's pgbouncer",
}

# Settings that a server reports by itself, and which version it is that began to.
REPORTED = {"in_hot_standby": 140000, "default_transaction_read_only": 140000}

SESSION = """
    select pg_catalog.pg_backend_pid(), pg_catalog.version(), current_user::text, session_user::text,
        pg_catalog.current_database()::text, pg_catalog.pg_is_in_recovery(),
        pg_catalog.current_setting('default_transaction_read_only'),
        pg_catalog.current_setting('transaction_read_only'),
        pg_catalog.current_setting('server_encoding'), pg_catalog.current_setting('client_encoding'),
        pg_catalog.current_setting('TimeZone'), pg_catalog.current_setting('search_path'),
        pg_catalog.host(pg_catalog.inet_server_addr()), pg_catalog.inet_server_port(),
        extract(epoch from pg_catalog.pg_postmaster_start_time())::float8
"""
SESSION_NAMES = (
    "backend_pid", "version", "current_user", "session_user", "database", "in_recovery",
    "default_transaction_read_only", "transaction_read_only", "server_encoding", "client_encoding", "timezone",
    "search_path", "server_address", "server_port", "started",
)  # fmt: skip

ROLE = """
    select r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolreplication, r.rolbypassrls, r.rolconnlimit,
        r.rolvaliduntil::text,
        array(select g.rolname::text from pg_catalog.pg_roles g where g.rolname = any (array[
            'pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files', 'pg_read_all_data',
            'pg_write_all_data']) and pg_catalog.pg_has_role(r.oid, g.oid, 'member') order by 1),
        exists (select from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()
            and d.datdba = r.oid)
    from pg_catalog.pg_roles r where r.rolname = current_user
"""
ROLE_NAMES = (
    "superuser", "createdb", "createrole", "replication", "bypassrls", "connection_limit", "valid_until",
    "member_of", "owns_database",
)  # fmt: skip


def examine_session(conn: Patient, channel: WatchedChannel, params: Mapping[str, str]) -> dict[str, Any]:
    """The answers; what could not be found out is missing, and `unanswered` says why."""
    attempt = channel.attempts[-1]
    info = conn.info
    unanswered: list[str] = []
    found: dict[str, Any] = {
        "host": info.host,
        "address": info.hostaddr or str(attempt.address.sockaddr).replace("\0", "@"),
        "port": info.port,
        "server_version": info.parameter_status("server_version"),
        "protocol_version": f"{info.full_protocol_version // 10000}.{info.full_protocol_version % 10000}",
        "tls": _tls(conn, attempt),
        "authentication": _authentication(conn, attempt),
    }
    if _is_console(conn):
        answer = _ask(conn, "show version", unanswered) or ("",)
        found["pooler"] = {"detected": True, "signs": [f"its console answers: {answer[0]}"]}
        return found
    if answers := _ask(conn, SESSION, unanswered):
        found |= dict(zip(SESSION_NAMES, answers, strict=True))
    if answers := _ask(conn, ROLE, unanswered):
        found["role"] = dict(zip(ROLE_NAMES, answers, strict=True))
    found["target_session_attrs"] = params["target_session_attrs"]
    found |= _clock(conn, unanswered)
    found["pooler"] = _pooler(conn, found, unanswered)
    if unanswered:
        found["unanswered"] = unanswered
    return found


def _ask(conn: Patient, query: str, unanswered: list[str]) -> tuple[Any, ...] | None:
    """The first row. Without parameters, so that it is a simple query, which consoles and poolers understand."""
    try:
        return conn.execute(query, timeout=PATIENCE).fetchone()
    except Error as error:
        unanswered.append(str(error).partition("\n")[0])
        return None


def _is_console(conn: Patient) -> bool:
    version = conn.info.parameter_status("server_version") or ""
    return "bouncer" in version or (conn.info.dbname in CONSOLES and _ask(conn, "show version", []) is not None)


def _tls(conn: Patient, attempt: Attempt) -> dict[str, Any] | None:
    if attempt.pump is None:
        return None
    tls = attempt.pump.object
    cipher = tls.cipher()
    found: dict[str, Any] = {
        "version": tls.version(),
        "cipher": cipher[0] if cipher else None,
        "alpn": tls.selected_alpn_protocol(),
        "verified": _verified(conn._encryption),
    }
    certificate = tls.getpeercert(True)
    if certificate:
        found["certificate"] = describe_certificate(certificate)
    return found


def _verified(tls: Tls) -> str:
    """What of the server's certificate was checked."""
    if tls.context.verify_mode != ssl.CERT_REQUIRED:
        return "nothing"
    return "chain and name" if tls.check_name else "chain"


def _authentication(conn: Patient, attempt: Attempt) -> dict[str, Any]:
    return {
        "method": attempt.method or "none",
        "mechanism": conn.mechanism,
        "channel_binding": bool(conn.mechanism and conn.mechanism.endswith("-PLUS")),
        "used_password": conn._used_password,
    }


def _clock(conn: Patient, unanswered: list[str]) -> dict[str, float]:
    """How far the server's clock is ahead of ours, by the quickest of five questions, which has the least doubt."""
    best: tuple[float, float] | None = None
    for _ in range(5):
        asked, before = time.time(), time.monotonic()
        answer = _ask(conn, "select extract(epoch from pg_catalog.clock_timestamp())::float8", unanswered)
        took = time.monotonic() - before
        if answer is None:
            return {}
        if best is None or took < best[0]:
            best = (took, answer[0] - (asked + took / 2))
    assert best is not None
    return {"round_trip_seconds": round(best[0], 6), "clock_ahead_seconds": round(best[1], 6)}


def _pooler(conn: Patient, session: Mapping[str, Any], unanswered: list[str]) -> dict[str, Any]:
    """Who stands between: by what a server's own answers say that a connection to it would not."""
    signs = []
    told = conn.info.backend_pid
    pids = [row[0] for _ in range(5) if (row := _ask(conn, "select pg_catalog.pg_backend_pid()", unanswered))]
    if pids and told not in pids:
        signs.append(f"the process is {pids[0]}, and {told} at the log-in")
    if len(set(pids)) > 1:
        signs.append(f"{len(set(pids))} server processes in {len(pids)} transactions: it pools transactions")
    hidden = [
        name
        for name, since in REPORTED.items()
        if conn.info.server_version >= since and conn.info.parameter_status(name) is None
    ]
    if hidden:
        signs.append(f"it does not report {' and '.join(hidden)}")
    if known := next((name for piece, name in HOSTS.items() if piece in conn.info.host), None):
        signs.append(f"the name of the host is one of {known}")
    if conn.info.hostaddr and "server_port" in session:
        port = session["server_port"]
        if port is None:
            signs.append("the server was reached through a Unix-domain socket")
        elif port != conn.info.port:
            signs.append(f"the server listens on port {port}: a pooler, or a port that is forwarded")
    return {"detected": bool(signs), "transactions": len(set(pids)) > 1, "signs": signs}
