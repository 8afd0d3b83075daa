"""A web application under uvicorn, asked by many at once while its connections are killed.

``HOWDAH_TEST_WEB_SECONDS`` says for how long (3).
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from beside import eventually

pytestmark = pytest.mark.howdah_only  # the application imports howdah

SECONDS = float(os.environ.get("HOWDAH_TEST_WEB_SECONDS", "3"))
VISITORS = 16
SERVERS = Path(__file__).resolve().parents[1] / "servers"
NAME, SIZE = "howdah-web-app", 6


@pytest.fixture(params=["asyncio", "uvloop"])
def port(request, dsn, auto):
    """Where the application listens."""
    for library in ("fastapi", "uvicorn", request.param):
        if find_spec(library) is None:
            pytest.skip(f"needs {library}")
    auto.execute("create table web_app_kept (n int8 primary key)")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-m", "uvicorn", "--log-level", "warning", "--timeout-keep-alive", "60"]
        command += ["--fd", str(listener.fileno())]
        process = subprocess.Popen(
            [*command, "--loop", request.param, "--app-dir", str(SERVERS), "web_app:app"],
            env={**os.environ, "WEB_APP_DSN": dsn},
            pass_fds=[listener.fileno()],
        )
        try:
            yield listener.getsockname()[1]
        finally:
            process.terminate()
            try:
                process.wait(120)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            auto.execute("drop table web_app_kept")
    assert process.returncode in (0, -15)


class Visitor(threading.Thread):
    """Asks one thing after the other over one connection."""

    def __init__(self, port, number, until):
        super().__init__(daemon=True)
        self.client = http.client.HTTPConnection("127.0.0.1", port, timeout=200)
        self.number, self.until = number, until
        self.wrong, self.kept, self.errors, self.asked = [], [], [], 0

    def ask(self, method, path):
        self.client.request(method, path)
        answer = self.client.getresponse()
        body = answer.read()
        if answer.status == 503:
            self.errors.append(json.loads(body)["error"])
        return answer.status, json.loads(body)

    def run(self):
        while time.monotonic() < self.until:
            self.asked += 1
            n = self.number * 10_000_000 + self.asked
            if n % 50 == 0:
                status, body = self.ask("GET", "/slow")
                expected = (200, "given up")
            elif n % 5 == 0:
                status, body = self.ask("POST", f"/keep/{n}")
                expected = (201, None)
                if status == 201:
                    self.kept.append(n)
            else:
                status, body = self.ask("GET", f"/echo/{n}")
                expected = (200, [n, 20])
            if status != 503 and (status, body) != expected:
                self.wrong.append((n, status, body))
        self.client.close()


@pytest.mark.timeout(int(SECONDS) + 600)
def test_killed_backends(port, auto):
    asker = Visitor(port, 0, 0)
    eventually(lambda: asker.ask("GET", "/echo/1") == (200, [1, 20]), 120)
    visitors = [Visitor(port, number, time.monotonic() + SECONDS) for number in range(1, VISITORS + 1)]
    for visitor in visitors:
        visitor.start()
    memory, kills = [], 0
    for _ in range(4):  # each in the middle of a quarter
        time.sleep(SECONDS / 8)
        kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = %s"
        kills += auto.execute(kill, [NAME]).fetchone()[0]
        time.sleep(SECONDS / 8)
        memory.append(asker.ask("GET", "/stats")[1]["memory"])
    for visitor in visitors:
        visitor.join(200)
        assert not visitor.is_alive()

    asked = sum(visitor.asked for visitor in visitors)
    errors = [error for visitor in visitors for error in visitor.errors]
    kept = sorted(n for visitor in visitors for n in visitor.kept)
    print(f"{asked} requests, {kills} backends killed, {len(errors)} errors, {len(kept)} kept, memory {memory}")
    assert [wrong for visitor in visitors for wrong in visitor.wrong] == []
    # Only what was under way on a killed connection may fail; what was acknowledged is there.
    assert kills >= SIZE
    assert len(errors) <= kills
    stored = [n for (n,) in auto.execute("select n from web_app_kept order by n")]
    assert set(kept) <= set(stored)
    assert len(stored) - len(kept) <= len(errors)

    def settled():
        stats = asker.ask("GET", "/stats")[1]
        return (stats["pool_size"], stats["pool_available"], stats.get("requests_waiting", 0)) == (SIZE, SIZE, 0)

    eventually(settled)
    asker.client.close()
    if SECONDS >= 30:
        assert memory[-1] - memory[0] < 2_000_000
