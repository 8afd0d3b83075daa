"""A channel and a connection that keep what happens to them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from .._connect.channel import BlockingChannel
from .._connect.hosts import Address, Host, Info
from .._connect.steps import Step
from .._connect.tls import Pump
from ..connection import Connection
from ..errors import Error
from .hints import hint_for

# What is under way from one step to the next.
PHASES: dict[Step, str] = {
    "open": "open",
    "tls": "tls",
    "startup": "startup",
    "authentication": "authentication",
    "ready": "session",
}


class Attempt:
    """One attempt to connect to one address, with TLS or without."""

    def __init__(self, address: Address, params: Mapping[str, str]):
        self.address = address
        self.phases: list[tuple[str, float]] = []  # with the moment in which it began
        self.method: str | None = None  # of authentication, as the server asked for it
        self.pump: Pump | None = None  # that there is
        self.ended = 0.0
        self.error: Error | None = None
        self._params = params

    @property
    def seconds(self) -> float:
        return self.ended - self.phases[0][1]

    def describe(self) -> dict[str, Any]:
        host = self.address.host
        ends = [began for _phase, began in self.phases[1:]] + [self.ended]
        found: dict[str, Any] = {
            "host": host.shown or host.hostaddr,
            "address": self.address.ip or str(self.address.sockaddr).replace("\0", "@"),
            "port": host.port,
            "tls": any(phase == "tls" for phase, _began in self.phases),
            "steps": [
                {"step": phase, "seconds": round(end - began, 6)}
                for (phase, began), end in zip(self.phases, ends, strict=True)
            ],
            "outcome": "connected",
        }
        if self.error is not None:
            phase = self.phases[-1][0]
            found.update(outcome="failed", failed_at=phase, error=str(self.error))
            if self.error.sqlstate:
                found["sqlstate"] = self.error.sqlstate
            if hint := hint_for(self.error, phase, self._params):
                found["hint"] = hint
        return found


class Lookup:
    """How the resolution of one host's name went."""

    infos: Sequence[Info] = ()
    error: BaseException | None = None
    seconds = 0.0


class WatchedChannel(BlockingChannel):
    """Connects as any other. A host is asked for once, however often it is wanted."""

    def __init__(self, params: Mapping[str, str]):
        self.attempts: list[Attempt] = []
        self.failed_hosts: dict[Host, Error] = {}
        self.lookups: dict[tuple[str, int], Lookup] = {}
        self._params = params
        self._host: Host | None = None

    @property
    def tried(self) -> bool:
        return bool(self.attempts or self.lookups)

    async def lookup(self, query: dict[str, Any]) -> Sequence[Info]:
        key = (query["host"], query["port"])
        if key not in self.lookups:
            found, before = Lookup(), time.monotonic()
            self.lookups[key] = found
            try:
                found.infos = await super().lookup(query)
            except (OSError, UnicodeError) as error:  # TimeoutError among them
                found.error = error
            found.seconds = time.monotonic() - before
        found = self.lookups[key]
        if found.error is not None:
            raise found.error
        return found.infos

    def note(self, step: Step, about: Any = None) -> None:
        super().note(step, about)
        now = time.monotonic()
        if step == "resolve":
            self._host = about
        elif step == "failed" and self._host is not None:
            self.failed_hosts[self._host] = about
            self._host = None
            return
        elif step == "resolved":
            self._host = None
        elif step == "open":
            self._host = None
            self.attempts.append(Attempt(about, self._params))
        if self._host is None and self.attempts:
            self._advance(self.attempts[-1], step, about, now)

    def _advance(self, attempt: Attempt, step: Step, about: Any, now: float) -> None:
        if step in PHASES:
            attempt.phases.append((PHASES[step], now))
        if step == "authentication":
            attempt.method = about
        elif step == "ready":
            attempt.pump = self.tls
        elif step in ("failed", "connected") and not attempt.ended:
            attempt.ended = now
            attempt.error = about if step == "failed" else None


class Patient(Connection[Any]):
    """A connection that keeps the name of the SASL mechanism by which it logged in."""

    mechanism: str | None = None

    def _send_sasl_initial(self, mechanism: str, data: bytes) -> None:
        self.mechanism = mechanism
        super()._send_sasl_initial(mechanism, data)
