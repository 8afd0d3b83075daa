"""The steps of connecting, as the log and the doctor are told of them."""

from __future__ import annotations

import sys
from typing import Any, Literal, TypeAlias

from .._log import logger

Step: TypeAlias = Literal[
    "resolve",  # a host, its Host
    "resolved",  # its list of Address
    "open",  # an Address: an attempt begins
    "tls",  # that is wanted
    "startup",  # the start-up message is sent
    "authentication",  # the name of the method that the server asks for
    "ready",  # the server waits for queries
    "failed",  # the Error: the attempt has ended, or the host is unknown
    "connected",  # the Address
]

WORDS: dict[Step, str] = {
    "resolve": "resolving host %r",
    "resolved": "resolved to %s",
    "open": "connecting to server %s",
    "tls": "asking for TLS",
    "startup": "starting up",
    "authentication": "authentication: server asks for %s",
    "ready": "server is ready",
    "failed": "connection attempt failed: %s",
    "connected": "connected to server %s",
}

DEBUG = 10


def log_step(step: Step, about: Any) -> None:
    """A record at level DEBUG. Where nobody has imported `logging`, nobody listens."""
    if "logging" not in sys.modules or not logger.isEnabledFor(DEBUG):
        return
    words = WORDS[step]
    if step == "resolve":
        about = about.hostaddr or about.shown
    elif step == "resolved":
        about = ", ".join(address.ip for address in about) or "nothing"
    logger.debug(*((words, about) if "%" in words else (words,)))
