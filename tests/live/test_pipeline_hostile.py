"""Pipelines and streams with a server that says what no server would: nobody gets another query's rows."""

from __future__ import annotations

import struct

import pytest

from servers.fake import READY, FakeServer, authentication, error, message, welcome

pytestmark = pytest.mark.howdah_only

PARSED, BOUND, NO_DATA = message(b"1"), message(b"2"), message(b"n")


def described(*names):
    columns = b"".join(name.encode() + b"\0" + struct.pack("!IHIhih", 0, 0, 25, -1, -1, 0) for name in names)
    return message(b"T", struct.pack("!H", len(names)) + columns)


def row(*values):
    body = b"".join(struct.pack("!i", len(value)) + value.encode() for value in values)
    return message(b"D", struct.pack("!H", len(values)) + body)


def complete(tag="SELECT 1"):
    return message(b"C", tag.encode() + b"\0")


def answer(value):
    """To an unnamed statement with one row."""
    return PARSED + BOUND + described("x") + row(value) + complete()


class Script:
    """Answers every Sync or Flush with the next of `answers`; notes the kinds of messages that came."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.kinds = b""
        self.batches = []

    def __call__(self, peer):
        peer.startup()
        peer.send(authentication(0) + welcome())
        batch = b""
        while True:
            kind, _ = peer.read()
            self.kinds += kind
            batch += kind
            if kind == b"X":
                return
            if kind in b"SH" and self.answers:
                self.batches.append(batch)
                batch = b""
                peer.send(self.answers.pop(0))
                if not self.answers:
                    self.answers.append(READY)
                elif self.answers[0] is None:
                    return


@pytest.fixture
def serve(pg):
    """Connect to a server that gives these answers."""
    opened = []

    def run(*answers, **kwargs):
        script = Script(*answers)
        server = FakeServer(script)
        server.__enter__()
        opened.append(server)
        conn = pg.connect(**server.params, autocommit=True, **kwargs)
        conn.script = script
        opened.append(conn)
        return conn

    yield run
    for thing in reversed(opened):
        if isinstance(thing, FakeServer):
            thing.__exit__(None, None, None)
        else:
            thing.close()


def test_one_batch(serve):
    """Three statements, one Sync: nothing is asked twice."""
    conn = serve(answer("a") + answer("b") + answer("c") + READY)
    with conn.pipeline():
        cursors = [conn.execute("select") for _ in range(3)]
    assert [cur.fetchone() for cur in cursors] == [("a",), ("b",), ("c",)]
    assert conn.script.batches == [b"PBDE" * 3 + b"S"]


def test_syncs_of_nested_blocks(serve):
    conn = serve(READY, READY, READY)
    with conn.pipeline(), conn.pipeline():
        pass
    assert conn.script.batches == [b"S", b"S"]


def test_begin_travels_along(serve):
    begun = PARSED + BOUND + complete("BEGIN")
    conn = serve(begun + answer("a") + answer("b") + message(b"Z", b"T"))
    conn.autocommit = False
    with conn.pipeline():
        first, second = conn.execute("select"), conn.execute("select")
    assert (first.fetchone(), second.fetchone()) == (("a",), ("b",))
    assert conn.script.batches == [b"PBE" + b"PBDE" * 2 + b"S"]


HOSTILE = {
    "one answer too many": answer("a") + answer("b") + answer("c") + READY,
    "ready before the end": answer("a") + READY,
    "ready in the middle": answer("a") + PARSED + BOUND + READY,
    "two completions": answer("a") + complete() + answer("b") + READY,
    "rows before a description": answer("a") + PARSED + BOUND + row("b") + complete() + READY,
    "rows of other columns": answer("a") + PARSED + BOUND + described("x") + row("b", "c") + complete() + READY,
    "a row cut short": answer("a") + PARSED + BOUND + described("x") + message(b"D", b"\0") + complete() + READY,
    "two descriptions": answer("a") + PARSED + BOUND + described("x") * 2 + row("b") + complete() + READY,
    "a second error": answer("a") + error("XX000", "no", "ERROR") + answer("b") + READY,
    "no sense": answer("a") + message(b"?"),
    "an impossible length": answer("a") + b"D\xff\xff\xff\xff",
    "COPY of both": answer("a") + PARSED + BOUND + message(b"W", b"\0\0\0") + message(b"c") + READY,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(pg, serve, name):
    conn = serve(HOSTILE[name], None)
    with pytest.raises(pg.Error), conn.pipeline() as p:
        first, second = conn.execute("select 1"), conn.execute("select 2")
        p.sync()
    for cur, value in ((first, "a"), (second, "b")):
        try:
            assert cur.fetchone() == (value,)
        except pg.Error:
            pass
    if not conn.closed:
        with pytest.raises(pg.Error):
            conn.execute("select 3")
    assert conn.broken


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_asyncio(pg, name):
    with FakeServer(Script(HOSTILE[name], None)) as server:
        conn = await pg.AsyncConnection.connect(**server.params, autocommit=True)
        with pytest.raises(pg.Error):
            async with conn.pipeline():
                first, second = await conn.execute("select 1"), await conn.execute("select 2")
        for cur, value in ((first, "a"), (second, "b")):
            try:
                assert await cur.fetchone() == (value,)
            except pg.Error:
                pass
        if not conn.closed:
            with pytest.raises(pg.Error):
                await conn.execute("select 3")
        assert conn.broken
        await conn.close()


def test_cut_everywhere(pg, serve):
    """The server goes away after any byte of its answer: what had come complete is there, all else is an error."""
    whole = answer("a") + answer("b") + READY
    for n in range(0, len(whole), 7):
        conn = serve(whole[:n], None)
        with pytest.raises(pg.OperationalError), conn.pipeline():
            cursors = [conn.execute("select 1"), conn.execute("select 2")]
        for i, cur in enumerate(cursors, 1):
            if n >= i * len(answer("a")):
                assert cur.fetchone() == ("ab"[i - 1],)
            else:
                with pytest.raises(pg.ProgrammingError, match="no result") as caught:
                    cur.fetchone()
                assert isinstance(caught.value.__cause__, pg.OperationalError)


STREAMS = {
    "no description": PARSED + BOUND + row("b"),
    "other columns": PARSED + BOUND + described("x") + row("a") + row("b", "c"),
    "ready in the middle": PARSED + BOUND + described("x") + row("a") + READY,
    "cut": PARSED + BOUND + described("x") + row("a") + row("b")[:-1],
    "no sense": PARSED + BOUND + described("x") + row("a") + message(b"?"),
}


@pytest.mark.parametrize("name", STREAMS)
def test_hostile_to_streams(pg, serve, name):
    conn = serve(STREAMS[name], None)
    got = []
    with pytest.raises(pg.OperationalError):
        for values in conn.cursor().stream("select 1"):
            got.append(values)
    assert got in ([], [("a",)])
    assert conn.broken


@pytest.mark.parametrize("name", STREAMS)
async def test_hostile_to_streams_asyncio(pg, name):
    with FakeServer(Script(STREAMS[name], None)) as server:
        conn = await pg.AsyncConnection.connect(**server.params, autocommit=True)
        got = []
        with pytest.raises(pg.OperationalError):
            async for values in conn.cursor().stream("select 1"):
                got.append(values)
        assert got in ([], [("a",)])
        assert conn.broken
        await conn.close()
