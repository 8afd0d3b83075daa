"""What would be tried: the parameters and where each comes from, and the addresses in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._connect.encryption import order
from .._connect.hosts import Host, lookup_of, tcp_addresses, unix_address
from .._connect.options import OPTIONS
from .._connect.parameters import environment, password_for, resolve, service, variables
from ..errors import Error, OperationalError
from .hints import hint_for
from .watched import WatchedChannel

HIDDEN = "***"


def parameters_of(given: Mapping[str, Any]) -> list[dict[str, str]]:
    """The parameters in force, in libpq's order, each with its source; what is hidden is a password or the like.

    Raises as `resolve`.
    """
    known = variables()
    in_force = resolve(given, known)
    first = {name: str(value) for name, value in given.items()}
    name = first.get("service") or known.get("PGSERVICE")
    layers = [
        ("given", first),
        (f'service "{name}"', service(first, known)),
        ("environment", environment(known)),
    ]
    found = []
    for name, option in OPTIONS.items():
        value = in_force.get(name)
        if not value:
            continue
        source = next((label for label, layer in layers if layer.get(name) == value), "default")
        if source == "environment":
            set_by = option.envvar if option.envvar in known else "PGREQUIRESSL"
            source = f"environment: {set_by}"
        found.append({"name": name, "value": HIDDEN if option.secret else value, "source": source})
    return found


def methods_of(params: Mapping[str, str], host: Host) -> list[str]:
    """With TLS or without, in the order in which that is tried."""
    return ["TLS" if encrypted else "plain" for encrypted in order(params, host)]


def plan_of(hosts: Sequence[Host], params: Mapping[str, str], channel: WatchedChannel) -> list[dict[str, Any]]:
    """The hosts in the order given, each with its addresses as far as they were asked for."""
    return [_host(host, params, channel) for host in hosts]


def _host(host: Host, params: Mapping[str, str], channel: WatchedChannel) -> dict[str, Any]:
    found: dict[str, Any] = {
        "host": host.shown or host.hostaddr,
        "port": host.port_text,
        "methods": methods_of(params, host),
        "password": _source_of_password(host, params),
    }
    try:
        if host.is_unix:
            found["addresses"] = [str(unix_address(host).sockaddr).replace("\0", "@")]
            return found
    except OperationalError as error:
        return {**found, "error": str(error)}
    query = lookup_of(host)
    lookup = channel.lookups.get((query["host"], query["port"]))
    if lookup is not None:
        found["seconds"] = round(lookup.seconds, 6)
        found["addresses"] = [address.ip for address in tcp_addresses(host, lookup.infos)]
    if failure := channel.failed_hosts.get(host):
        found["error"] = str(failure)
        found["hint"] = hint_for(failure, "resolve", params)
    return found


def _source_of_password(host: Host, params: Mapping[str, str]) -> str:
    if params.get("password"):
        return "parameter"
    try:
        return "password file" if password_for(params, host) else "none"
    except Error:
        return "none"
