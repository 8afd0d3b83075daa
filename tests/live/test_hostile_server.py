"""Recorded conversations with spoiled messages: no crash, no hang, no row of another query, no memory for a lie.

``HOWDAH_HOSTILE=n`` tries n scripts for each scenario and road (``make hostile``), else a few.
"""

from __future__ import annotations

import os
import resource
import time
import warnings
import zlib

import pytest

from beside import QUARANTINE
from replay.play import ROADS, strangers
from replay.scenarios import SCENARIOS
from replay.spoil import spoiled

pytestmark = pytest.mark.howdah_only

SCRIPTS = int(os.environ.get("HOWDAH_HOSTILE", "12"))
PATIENCE = 30  # seconds for a script; the server hangs up after its last word, and a hang would last for a minute
MEMORY = 64 * 1024  # KiB that the process may grow by, while lengths of up to 2 GiB are announced


@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_spoiled_messages(pg, stage, name, road):
    transcript, truth = stage.record(name, road)
    assert truth
    messages = transcript.messages()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for script in range(SCRIPTS):
        turns, how, forged = spoiled(messages, zlib.crc32(f"{name} {road} {script}".encode()))
        stage.player.load(turns, hang_up=True)
        found = []
        began = time.monotonic()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                stage.play(name, road, found)
        except (pg.Error, AssertionError, UnicodeDecodeError, LookupError, NotImplementedError):
            pass  # AssertionError: the scenario has missed an error of the server's
        took = time.monotonic() - began
        assert took < PATIENCE, f"{how}: {took:.1f} s"
        assert forged or strangers(found) == [], how
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY + QUARANTINE // 1024
