"""What a server may send at any time changes nothing between any two messages of a conversation, and is not lost."""

from __future__ import annotations

import pytest

from howdah._connection_base import BaseConnection
from howdah._diagnostic import Diagnostic
from replay.play import ROADS, SCENARIOS
from servers.fake import message, notice, parameter_status

pytestmark = pytest.mark.howdah_only


def numbered(text, times):
    """All of them, or all but the last."""
    every = [text.format(number) for number in range(times)]
    return every, every[:-1]


def text_of(fields):
    return Diagnostic(fields, "utf-8").message_primary


def unasked(number):
    """A notice, a setting and a notification with this number."""
    notification = message(b"A", b"\0\0\0\1news\0" + str(number).encode() + b"\0")
    return notice(f"number {number}") + parameter_status("application_name", str(number)) + notification


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_anywhere(stage, monkeypatch, name, road):
    transcript, truth = stage.record(name, road)
    turns, sent = [], 0
    for need, data in transcript.messages():
        total = sum(len(part) for _, part in turns)
        turns.append((need, data))
        if total + len(data) >= transcript.start:  # behind the start-up
            turns.append((need, unasked(sent)))
            sent += 1
    notices, news, found = [], [], []
    monkeypatch.setattr(BaseConnection, "_on_notice", lambda conn, fields: notices.append(text_of(fields)))
    monkeypatch.setattr(BaseConnection, "_on_notification", lambda conn, pid, *what: news.append(what))
    stage.player.load(tuple(turns))
    stage.play(name, road, found)
    assert repr(found) == repr(truth)
    # What comes behind the last answer may meet nobody any more.
    assert [text for text in notices if text.startswith("number")] in numbered("number {}", sent)
    assert [payload for channel, payload in news if channel == "news"] in numbered("{}", sent)
