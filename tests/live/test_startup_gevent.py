"""Connecting under gevent: one greenlet waits, the others go on."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from servers.fake import FakeServer

SCRIPT = """
from gevent import monkey

monkey.patch_all()
import sys, time
import gevent
import howdah

def connect():
    try:
        howdah.connect(host="127.0.0.1", port=sys.argv[1], user="u", connect_timeout="5")
    except howdah.errors.ConnectionTimeout:
        return "timeout"

before = time.monotonic()
greenlets = [gevent.spawn(connect) for _ in range(4)]
gevent.joinall(greenlets)
print(sorted({greenlet.value for greenlet in greenlets}), time.monotonic() - before < 15)
"""


def test_four_silent_servers_are_waited_for_at_once():
    pytest.importorskip("gevent")
    with FakeServer(lambda peer: peer.rest()) as server:
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(SCRIPT), str(server.port)],
            capture_output=True,
            text=True,
            timeout=200,
        )
    assert done.stdout == "['timeout'] True\n", done.stderr
