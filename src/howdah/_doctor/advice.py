"""What is worth mending in a connection that works."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from .watched import Attempt

FAR = 1.0  # seconds by which clocks may differ
SOON = timedelta(days=30)

POWERS = {
    "superuser": "is a superuser: nothing is forbidden to it, and an injected statement may run programs there",
    "createrole": "may create roles",
    "createdb": "may create databases",
    "replication": "may read everything by replication",
    "bypassrls": "is not bound by row-level security",
    "owns_database": "owns the database, and may drop it",
}


def advice_for(session: Mapping[str, Any], params: Mapping[str, str], attempts: Sequence[Attempt]) -> list[str]:
    """Sentences, the weightiest first; none where all is well."""
    return [*_of_encryption(session), *_of_role(session), *_of_session(session), *_of_attempts(attempts)]


def is_far(address: str) -> bool:
    """Whether anybody else may listen in on the way to there."""
    try:
        return not ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False  # a Unix-domain socket


def _of_encryption(session: Mapping[str, Any]) -> list[str]:
    found = []
    tls, method, far = session["tls"], session["authentication"]["method"], is_far(session["address"])
    if far and tls is None:
        found.append("The connection is not encrypted: sslmode=verify-full, and TLS on the server.")
    elif far and tls["verified"] != "chain and name":
        found.append("Nobody has checked that this is the server that was meant: sslmode=verify-full.")
    if method == "password":
        found.append("The server was given the password itself: scram-sha-256 in its pg_hba.conf, require_auth here.")
    elif method == "md5":
        found.append(
            "MD5 passwords are out of date, and PostgreSQL will drop them: password_encryption, scram-sha-256."
        )
    elif method == "none" and tls is None and is_address(session["address"]):
        found.append("The server let the role in without asking for anything (trust): scram-sha-256 in pg_hba.conf.")
    until = ((tls or {}).get("certificate") or {}).get("not_after")
    if until and datetime.fromisoformat(until) - datetime.now(timezone.utc) < SOON:
        found.append(f"The server's certificate is good until {until}.")
    return found


def is_address(text: str) -> bool:
    return not text.startswith(("/", "@"))


def _of_role(session: Mapping[str, Any]) -> list[str]:
    role = session.get("role")
    if not role:
        return []
    powers = [text for name, text in POWERS.items() if role[name]]
    if role["superuser"]:
        powers = powers[:1]  # the rest is included
    powers += [f"is a member of {name}" for name in role["member_of"] if not role["superuser"]]
    if not powers:
        return []
    return [
        f'The role "{session["current_user"]}" {"; ".join(powers)}. An application needs a role that can do no more '
        "than it does: see examples/least_privilege.py."
    ]


def _of_session(session: Mapping[str, Any]) -> list[str]:
    found = []
    if session["pooler"].get("transactions"):
        found.append("The pooler hands out servers by transaction: what SET, LISTEN, advisory locks and temporary "
                     "tables do is lost at its end. Prepared statements need pgbouncer 1.21 with "
                     "max_prepared_statements, or prepare_threshold=None.")  # fmt: skip
    skew = session.get("clock_ahead_seconds")
    if skew is not None and abs(skew) > FAR + session["round_trip_seconds"] / 2:
        which = "ahead of" if skew > 0 else "behind"
        found.append(f"The server's clock is {abs(skew):.1f} s {which} this machine's.")
    if session.get("server_encoding") == "SQL_ASCII":
        found.append("The database has no encoding (SQL_ASCII): text may be any bytes.")
    if session.get("default_transaction_read_only") == "on":
        found.append("default_transaction_read_only is on: writing fails unless a transaction says READ WRITE.")
    if session.get("in_recovery"):
        found.append(
            "This is a standby: writing fails. target_session_attrs=read-write finds the primary among hosts."
        )
    return found


def _of_attempts(attempts: Sequence[Attempt]) -> list[str]:
    lost = sum(attempt.seconds for attempt in attempts[:-1])
    if len(attempts) > 1:
        return [f"{len(attempts) - 1} of {len(attempts)} attempts failed first, which took {lost:.3f} s each time."]
    return []
