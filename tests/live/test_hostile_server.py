"""Recorded conversations with spoiled messages: no crash, no hang, no row of another query, no memory for a lie.

``HOWDAH_HOSTILE=n`` tries n scripts for each scenario, road and transport (``make hostile``), else a few. How many
there were, and how long the slowest took, is printed at the end.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import time
import warnings
import zlib

import pytest

from beside import QUARANTINE
from replay.play import ROADS, strangers
from replay.scenarios import SCENARIOS
from replay.spoil import spoiled
from replay.tunnel import CHANGES, FIN, RST, changed, cut, server_context
from servers.fake import FakeServer, authentication, message, welcome

pytestmark = pytest.mark.howdah_only

GIVEN = int(os.environ.get("HOWDAH_HOSTILE", "0"))
SCRIPTS = {"plain": GIVEN or 12, "tls": GIVEN or 6}
BELOW = GIVEN or 30  # ways to spoil what TLS has made of a conversation
PATIENCE = 30  # seconds for a script; the server hangs up after its last word, and a hang would last for a minute
MEMORY = 64 * 1024  # KiB that the process may grow by, while lengths of up to 2 GiB are announced


@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_spoiled_messages(pg, stage, tally, name, road):
    transcript, truth = stage.record(name, road)
    assert truth
    messages = transcript.messages()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for script in range(SCRIPTS[stage.transport]):
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
        tally[f"{road}, {stage.transport}"].append(took)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY + QUARANTINE // 1024


@pytest.mark.timeout(900)
@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("stage", ["tls"], indirect=True)
def test_spoiled_below_tls(pg, stage, tally, road):
    """The records are cut, changed, lost or repeated, those of the handshake too: an error, and no wrong row."""
    rng = random.Random(road)
    names = ("one_row", "some_rows", "a_large_value", "copy_out", "a_pipeline")
    for turn in range(BELOW * len(names)):
        name = names[turn % len(names)]
        transcript, truth = stage.record(name, road)
        at = rng.randrange(transcript.size + 1500)  # about what the handshake adds
        below = cut(at, rng.choice([FIN, RST])) if rng.random() < 0.4 else changed(at, rng.choice(CHANGES))
        stage.player.load(transcript.turns, hang_up=True, below=below)
        found = []
        began = time.monotonic()
        try:
            stage.play(name, road, found)
        except pg.Error:
            assert repr(found) == repr(truth[: len(found)])
        else:
            assert repr(found) == repr(truth)  # what was spoiled lay behind the last answer
        took = time.monotonic() - began
        assert took < PATIENCE
        tally[f"{road}, below TLS"].append(took)


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("stage", ["tls"], indirect=True)
def test_stuffed_before_tls(pg, stage, road):
    """Bytes that come with the server's agreement to TLS could be anybody's."""
    transcript, _ = stage.record("one_row", road)
    for stuffing in (b"Z", b"\x16\x03\x01", b"R\0\0\0\x08\0\0\0\0", b"E\0\0\0\5\0", bytes(5000)):
        stage.player.load(transcript.turns, hang_up=True, stuffing=stuffing)
        with pytest.raises(pg.OperationalError):
            stage.play("one_row", road, [])


ANNOUNCED = 2**30 - 1


def address_space():
    """The most that the process has had, in bytes; what was allocated and not touched is in it."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmPeak:"))


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    return server_context(tmp_path_factory.mktemp("tls"))


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the kernel does not tell the size of a process")
@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("transport", ["plain", "tls"])
@pytest.mark.parametrize("kind", [b"D", b"d", b"T", b"C", b"E", b"N", b"A", b"S", b"R", b"1"])
def test_memory_follows_what_arrives(pg, context, transport, road, kind):
    """A message says that a gigabyte follows, and a megabyte does."""

    def script(peer):
        peer.startup()
        peer.send(authentication(0), welcome())
        peer.read()
        if kind == b"d":
            peer.send(message(b"1"), message(b"2"), message(b"n"), message(b"H", b"\0\0\1\0\0"))
        elif kind == b"D":
            peer.send(message(b"T", b"\0\1x\0" + bytes(6) + b"\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0"))
        peer.send(kind + ANNOUNCED.to_bytes(4, "big"), bytes(2**20))

    def blocking(where):
        with pg.connect(**where, autocommit=True) as conn:
            if kind == b"d":
                with conn.cursor().copy("copy t to stdout") as copy:
                    copy.read()
            else:
                conn.execute("select 1")

    async def under_asyncio(where):
        async with await pg.AsyncConnection.connect(**where, autocommit=True) as conn:
            if kind == b"d":
                async with conn.cursor().copy("copy t to stdout") as copy:
                    await copy.read()
            else:
                await conn.execute("select 1")

    encrypted = transport == "tls"
    with FakeServer(script, context=context if encrypted else None) as server:
        where = {**server.params, "sslmode": "require" if encrypted else "disable"}
        before, touched = address_space(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(pg.OperationalError):
            if road == "blocking":
                blocking(where)
            else:
                asyncio.run(under_asyncio(where))
        assert address_space() - before < ANNOUNCED // 2
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - touched < MEMORY + QUARANTINE // 1024
