"""Recorded conversations, split, closed and reset at any byte: nothing hangs, and nobody gets a wrong row.

``HOWDAH_EVERY_BYTE=1`` tries every byte (``make boundaries``), else a sample. How many runs there were, and how long
the slowest failure took to be told, is printed at the end.
"""

from __future__ import annotations

import os
import random
import time

import pytest

from replay.play import ROADS, strangers
from replay.scenarios import SCENARIOS
from replay.transcript import end_at, split_at, whole
from replay.tunnel import split

pytestmark = pytest.mark.howdah_only

SAMPLE = {"plain": 12, "tls": 6}  # places for each scenario, road and way
PATIENCE = 30  # seconds in which every failure must be told; a hang would last for a minute
MOST = 3000  # bytes of a conversation that are tried one by one; beyond, some of them


def places(name, transcript, sample):
    """Behind the start-up, but for the first scenario."""
    first = 0 if name == "one_row" else transcript.start
    every = [*range(first, min(transcript.size, first + MOST)), *range(first + MOST, transcript.size, 997)]
    if os.environ.get("HOWDAH_EVERY_BYTE") == "1":
        return every
    return sorted(random.Random(name).sample(every, min(sample * (4 if first == 0 else 1), len(every))))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_any_byte(pg, stage, tally, name, road):
    transcript, truth = stage.record(name, road)
    assert truth
    assert strangers(truth) == []

    def attempt(send, way):
        found = []
        stage.player.load(transcript.turns, send)
        began = time.monotonic()
        try:
            stage.play(name, road, found)
        except pg.Error:
            took = time.monotonic() - began
            assert took < PATIENCE
            tally[f"{road}, {stage.transport}, {way}"].append(took)
            assert repr(found) == repr(truth[: len(found)])  # NaN is not equal to itself
            return False
        assert repr(found) == repr(truth)
        tally[f"{road}, {stage.transport}, {way}"].append(0)
        return True

    assert attempt(whole, "whole")
    for at in places(name, transcript, SAMPLE[stage.transport]):
        assert attempt(split_at(at), "split"), f"split at {at}"
        attempt(end_at(at, reset=False), "closed")
        attempt(end_at(at, reset=True), "reset")


HANDSHAKE = 1500  # bytes of the server's, about


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("name", ["one_row", "some_rows", "a_large_value", "copy_out", "a_pipeline"])
@pytest.mark.parametrize("stage", ["tls"], indirect=True)
def test_records_split_at_any_byte(pg, stage, tally, name, road):
    transcript, truth = stage.record(name, road)
    every = range(HANDSHAKE + min(transcript.size + 30 * len(transcript.turns), MOST))
    sample = every if os.environ.get("HOWDAH_EVERY_BYTE") == "1" else random.Random(name).sample(every, 40)
    for at in sample:
        found = []
        stage.player.load(transcript.turns, below=split(at))
        began = time.monotonic()
        stage.play(name, road, found)
        assert repr(found) == repr(truth), f"split at {at}"
        tally[f"{road}, below TLS, split"].append(time.monotonic() - began)
