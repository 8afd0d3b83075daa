"""``python -m howdah doctor``: what connecting comes to, step by step, and what the session is like.

Nothing here connects by itself: it watches what `_connect` does, and then asks the server.
"""

from __future__ import annotations

import warnings
from typing import Any

from .._connect import startup
from .._connect.channel import run_blocking
from .._connect.hosts import hosts_of
from .._connect.parameters import resolve, timeout_of, variables
from ..conninfo import conninfo_to_dict
from ..errors import Error, OperationalError
from ..pq import PGconn
from .advice import advice_for
from .hints import hint_for
from .plan import parameters_of, plan_of
from .session import examine_session
from .watched import Patient, WatchedChannel

__all__ = ["CANNOT_TRY", "CONNECTED", "NOT_CONNECTED", "TIMEOUT", "examine"]

TIMEOUT = 10.0  # seconds for each address, unless connect_timeout says otherwise

CONNECTED, NOT_CONNECTED, CANNOT_TRY = 0, 1, 2


def examine(conninfo: str, timeout: float = TIMEOUT) -> dict[str, Any]:
    """Everything that can be found out, as what JSON can hold; no value is a password. Nothing is raised.

    `exit_code`: 0 connected, 1 not connected, 2 the parameters are such that nothing was tried.
    """
    report: dict[str, Any] = {"exit_code": CANNOT_TRY, "parameters": [], "hosts": [], "attempts": [], "warnings": []}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            _examine(report, conninfo, timeout)
        except Error as error:
            report["error"] = str(error)
            if hint := hint_for(error, None, {}):
                report["hint"] = hint
    report["warnings"] = list(dict.fromkeys(str(warning.message) for warning in caught))
    return report


def _examine(report: dict[str, Any], conninfo: str, timeout: float) -> None:
    given = conninfo_to_dict(conninfo)
    report["parameters"] = parameters_of(given)
    params = resolve(given, variables())
    if not params.get("connect_timeout"):
        given["connect_timeout"] = params["connect_timeout"] = str(timeout)
    hosts = hosts_of(params)
    channel = WatchedChannel(params)
    report["order"] = {
        "hosts": params["load_balance_hosts"],
        "target_session_attrs": params["target_session_attrs"],
        "seconds_for_each_address": timeout_of(params),
    }
    conn: Patient = Patient(PGconn())
    error = None
    try:
        # First, since a mistake in the parameters is found before a name is asked for.
        run_blocking(startup.connect(channel, conn, given))
    except OperationalError as failure:
        error = failure
        if not channel.tried:
            raise
    report["hosts"] = plan_of(hosts, params, channel)
    report["attempts"] = [attempt.describe() for attempt in channel.attempts]
    if error is not None:
        report.update(exit_code=NOT_CONNECTED, error=str(error))
        return
    report["exit_code"] = CONNECTED
    with conn:
        conn.autocommit = True
        report["session"] = examine_session(conn, channel, params)
    report["advice"] = advice_for(report["session"], params, channel.attempts)
