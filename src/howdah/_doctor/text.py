"""The report as text for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 100

# Defaults are many, and told of these only.
ALWAYS = ("user", "dbname", "host", "port", "sslmode")

STEPS = {
    "open": "connect",
    "tls": "TLS",
    "startup": "start-up",
    "authentication": "authentication",
    "session": "session",
}


def as_text(report: Mapping[str, Any]) -> str:
    """Sections with a heading each, and the verdict last."""
    lines = [
        *_parameters(report),
        *_hosts(report),
        *_attempts(report),
        *_session(report),
        *_list("Warnings", report["warnings"]),
        *_list("Advice", report.get("advice", ())),
        *_verdict(report),
    ]
    return "\n".join(lines).strip("\n") + "\n"


def _parameters(report: Mapping[str, Any]) -> Iterator[str]:
    found = [p for p in report["parameters"] if p["source"] != "default" or p["name"] in ALWAYS]
    if not found:
        return
    yield "Parameters"
    names = max(len(parameter["name"]) for parameter in found)
    values = min(max(len(parameter["value"]) for parameter in found), 50)
    for parameter in found:
        yield f"  {parameter['name']:{names}}  {parameter['value']:{values}}  {parameter['source']}"
    yield ""


def _hosts(report: Mapping[str, Any]) -> Iterator[str]:
    if not report["hosts"]:
        return
    order = report["order"]
    yield "Tried in this order" if order["hosts"] == "disable" else "Tried in random order"
    for number, host in enumerate(report["hosts"], 1):
        methods = ", then ".join(host["methods"])
        yield f"  {number}. {host['host']}, port {host['port']}: {methods}; password: {host['password']}"
        if addresses := host.get("addresses"):
            yield f"     {', '.join(addresses)}{_took(host)}"
        elif "error" not in host:
            yield "     not asked for: one before it was taken"
        yield from _error(host, "     ")
    yield f"  at most {order['seconds_for_each_address']:g} s for each address"
    yield ""


def _took(found: Mapping[str, Any]) -> str:
    return f" ({found['seconds'] * 1000:.1f} ms)" if "seconds" in found else ""


def _error(found: Mapping[str, Any], indent: str) -> Iterator[str]:
    if error := found.get("error"):
        yield from textwrap.indent(error.replace("\t", "  "), indent).split("\n")
    if hint := found.get("hint"):
        yield from textwrap.wrap(f"hint: {hint}", WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")


def _attempts(report: Mapping[str, Any]) -> Iterator[str]:
    if not report["attempts"]:
        return
    yield "Attempts"
    for number, attempt in enumerate(report["attempts"], 1):
        tls = "TLS wanted" if attempt["tls"] else "without TLS"
        name = (
            attempt["host"] if attempt["host"] == attempt["address"] else f"{attempt['host']} ({attempt['address']})"
        )
        yield f"  {number}. {name}, port {attempt['port']}, {tls}"
        steps = [(STEPS[step["step"]], step["seconds"]) for step in attempt["steps"]]
        told = [f"{name} {seconds * 1000:.1f} ms" for name, seconds in steps]
        if attempt["outcome"] == "failed":
            told[-1] = f"{steps[-1][0]} FAILED after {steps[-1][1] * 1000:.1f} ms"
        yield "     " + ", ".join(told)
        yield from _error(attempt, "     ")
    yield ""


def _session(report: Mapping[str, Any]) -> Iterator[str]:
    session = report.get("session")
    if session is None:
        return
    yield "Session"
    for name, value in _session_lines(session):
        yield f"  {name:20} {value}"
    yield ""


def _session_lines(session: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "server", session.get("version") or session["server_version"] or "does not tell its version"
    yield "protocol", session["protocol_version"]
    tls, login = session["tls"], session["authentication"]
    if tls is None:
        yield "TLS", "none"
    else:
        yield "TLS", f"{tls['version']}, {tls['cipher']}; of the certificate was checked: {tls['verified']}"
        certificate = tls.get("certificate", {})
        if "subject" in certificate:
            yield (
                "certificate",
                f"{certificate['subject']}, by {certificate['issuer']}, until {certificate['not_after']}",
            )
    bound = ", bound to the TLS" if login["channel_binding"] else ""
    yield "authentication", f"{login['mechanism'] or login['method']}{bound}"
    if "current_user" in session:
        yield "user, database", f"{session['current_user']}, {session['database']}"
    if role := session.get("role"):
        powers = [name for name, value in role.items() if value is True]
        powers += () if role["superuser"] else role["member_of"]
        yield "role attributes", ", ".join(powers) or "none"
    if "in_recovery" in session:
        kind = "standby" if session["in_recovery"] else "primary"
        read_only = session["default_transaction_read_only"]
        yield "kind", f"{kind}, default_transaction_read_only {read_only}"
        yield "target_session_attrs", f"{session['target_session_attrs']}: accepted"
        yield "encoding", f"server {session['server_encoding']}, client {session['client_encoding']}"
        yield "time zone", session["timezone"]
    if "round_trip_seconds" in session:
        skew, trip = session["clock_ahead_seconds"], session["round_trip_seconds"]
        yield "clock", f"{skew * 1000:+.1f} ms, round trip {trip * 1000:.2f} ms"
    pooler = session["pooler"]
    yield "pooler", "; ".join(pooler["signs"]) if pooler["detected"] else "no sign of one"
    for reason in session.get("unanswered", ()):
        yield "not answered", reason


def _list(heading: str, items: Any) -> Iterator[str]:
    if not items:
        return
    yield heading
    for item in items:
        yield from textwrap.wrap(item, WIDTH, initial_indent="  - ", subsequent_indent="    ")
    yield ""


def _verdict(report: Mapping[str, Any]) -> Iterator[str]:
    if "session" in report:
        yield "Connected."
    elif report["attempts"] or report["hosts"]:
        yield "Not connected."
    else:
        yield "Nothing was tried:"
        yield from _error(report, "  ")
