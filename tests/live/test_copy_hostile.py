"""COPY with a server that says what no server should: an error, no wrong row, and a connection in step or closed."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest

from servers.fake import READY, FakeServer, authentication, error, message, welcome

PREPARED = message(b"1") + message(b"2") + message(b"n")
DONE = message(b"c")
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)

pytestmark = pytest.mark.howdah_only  # libpq stops at other places


def complete(tag="COPY 1"):
    return message(b"C", tag.encode() + b"\0")


def response(kind, format=0, columns=(0, 0)):
    return message(kind, struct.pack(f"!bh{len(columns)}h", format, len(columns), *columns))


def data(*rows):
    return b"".join(message(b"d", row) for row in rows)


def until(peer, kinds):
    """Read messages until one of these types; what came before, and this one's type."""
    seen = b""
    while True:
        kind, _ = peer.read()
        seen += kind
        if kind in kinds:
            return seen


class Script:
    """Log in, answer a COPY with some bytes; then wait for how the client ends it.

    The Sync of a COPY comes when the client knows what the server makes of it. An answer that ends with ReadyForQuery
    answers that one too.
    """

    def __init__(self, *answer, then=b"", closes=False):
        self.answer, self.then, self.closes = answer, then, closes
        self.seen = []

    def __call__(self, peer):
        peer.startup()
        peer.send(authentication(0), welcome())
        self.seen.append(until(peer, (b"H",)))
        peer.send(PREPARED, *self.answer)
        answered = READY in self.answer[-1:]
        if self.closes:
            return
        with suppress(ConnectionError):
            while True:
                seen = until(peer, (b"S", b"X"))
                self.seen.append(seen)
                if seen.endswith(b"X"):
                    return
                if not answered:
                    peer.send(self.then or READY)
                answered = False


@pytest.fixture
def serve(pg):
    """Run a function with a connection to a server that follows the script; what it raised, and the connection."""

    def run(script, work):
        with FakeServer(script) as server:
            conn = pg.connect(**server.params, autocommit=True)
            try:
                with conn.cursor().copy("copy t") as copy:
                    work(copy)
            except pg.Error as e:
                return e, conn
            else:
                return None, conn
            finally:
                conn.close()

    return run


def write(copy):
    for n in range(200_000):
        copy.write_row((n, "x"))


def write_one(copy):
    copy.write_row((1, "x"))


def read(copy):
    return [bytes(block) for block in copy]


def rows(copy):
    return list(copy.rows())


ROW = b"1\tx\n"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((message(b"H", b""),), "unknown kind"),
        ((message(b"H", b"\0\0\2\0\0"),), "unknown kind"),
        ((message(b"H", b"\0\xff\xff"),), "unknown kind"),
        ((response(b"H"), data(ROW), complete()), "no place"),
        ((response(b"H"), response(b"H"), data(ROW)), "no place"),
        ((response(b"H"), data(ROW), READY), "no place"),
        ((response(b"H"), data(ROW), message(b"D", b"\0\0")), "no place"),
        ((response(b"H"), data(ROW), b"d\xff\xff\xff\xff"), "impossible length"),
        ((response(b"H"), data(ROW), b"d\0\0\0\1"), "impossible length"),
        ((response(b"H"), data(ROW), DONE, DONE), "no place"),
        ((response(b"H"), data(ROW), DONE, data(ROW)), "no place"),
        ((data(ROW),), "no place"),
    ],
)
@pytest.mark.parametrize("work", [read, rows])
def test_out_of_order(pg, serve, answer, message, work):
    error, conn = serve(Script(*answer, READY), work)
    assert isinstance(error, pg.OperationalError)
    assert message in str(error) or "abandoned" in str(error)
    assert conn.closed


@pytest.mark.parametrize("work", [read, rows])
@pytest.mark.parametrize(
    "answer",
    [
        (response(b"H"),),
        (response(b"H"), data(ROW)),
        (response(b"H"), data(ROW), b"d\0\0\1\0partial"),
        (response(b"H"), data(ROW), b"d\x3f\xff\xff\xff" + b"x" * 100_000),
        (response(b"H"), data(ROW), DONE),
        (response(b"H"), data(ROW), DONE, complete()),
    ],
)
def test_breaks_off(pg, serve, answer, work):
    error, conn = serve(Script(*answer, closes=True), work)
    assert isinstance(error, pg.OperationalError)
    assert conn.closed


@pytest.mark.parametrize("work", [write, write_one])
def test_breaks_off_while_reading(pg, serve, work):
    error, conn = serve(Script(response(b"G"), closes=True), work)
    assert isinstance(error, pg.OperationalError)
    assert conn.closed


@pytest.mark.parametrize(
    "row",
    [b"", b"1", b"1\tx", b"1\n", b"1\tx\ty\n", b"1\nx\n", b"1\t\\\n", b"\n", b"1\tx\n\n"],
)
def test_bad_text(pg, serve, row):
    script = Script(response(b"H"), data(row, ROW), DONE, complete(), READY)

    def work(copy):
        with pytest.raises(pg.DataError):
            copy.read_row()
        assert list(copy.rows()) == [("1", "x")]

    assert serve(script, work)[0] is None


@pytest.mark.parametrize(
    "row",
    [
        HEADER[:10],
        b"X" + HEADER[1:],
        HEADER + b"\0",
        HEADER + b"\0\1\0\0\0\1x",
        HEADER + b"\0\2\0\0\0\1x",
        HEADER + b"\0\2\0\0\0\1x\0\0\0\2x",
        HEADER + b"\0\2\0\0\0\1x\xff\xff\xff\xfe",
        HEADER + b"\0\2\0\0\0\1x\x7f\xff\xff\xff",
        HEADER + b"\0\2\0\0\0\1x\xff\xff\xff\xffmore",
        HEADER + b"\x7f\xff" + b"\xff\xff\xff\xff" * 3,
        b"PGCOPY\n\xff\r\n\0" + b"\0\1\0\0\0\0\0\0" + b"\0\2" + b"\xff\xff\xff\xff" * 2,
        b"PGCOPY\n\xff\r\n\0" + b"\0\0\0\0\x7f\xff\xff\xff" + b"\0\2" + b"\xff\xff\xff\xff" * 2,
    ],
)
def test_bad_binary(pg, serve, row):
    def work(copy):
        with pytest.raises(pg.DataError):
            copy.read_row()
        read(copy)

    script = Script(response(b"H", 1, (1, 1)), data(row), DONE, complete(), READY)
    assert serve(script, work)[0] is None


def test_odd_but_harmless(serve):
    """A trailer in the middle, no rows at all, empty messages; a row count that is none."""
    null = b"\xff\xff\xff\xff"
    row = b"\0\2" + null * 2
    script = Script(response(b"H", 1, (1, 1)), data(HEADER + row, b"\xff\xff", row), DONE, complete("COPY"), READY)
    assert serve(script, rows)[0] is None
    script = Script(response(b"H"), DONE, complete("COPY 99999999999999999999999"), READY)
    assert serve(script, rows)[0] is None
    script = Script(response(b"H", 0, ()), data(b"", b"x"), DONE, complete(), READY)
    assert serve(script, read)[0] is None


def test_says_that_all_is_done(pg, serve):
    """Before we were: what we wrote afterwards would be lost without a word."""
    script = Script(response(b"G"), complete("COPY 0"))
    error, _ = serve(script, write)
    assert isinstance(error, pg.OperationalError)
    assert "before all the data was sent" in str(error)


def test_fails_while_we_write(pg, serve):
    script = Script(response(b"G"), error("22P02", "wat", "ERROR"))
    failed, conn = serve(script, write)
    assert isinstance(failed, pg.errors.InvalidTextRepresentation)
    assert not conn.broken
    assert [seen.strip(b"d") for seen in script.seen[1:]] == [b"S", b"X"]  # no CopyDone behind an error


def test_the_end_of_each_kind(pg, serve):
    """CopyDone or CopyFail, and then the Sync that the server has to answer."""
    end = complete() + READY
    script = Script(response(b"G"), then=end)
    assert serve(script, write_one)[0] is None
    assert script.seen == [b"PBDEH", b"dcS", b"X"]

    def fail(copy):
        copy.finish(ValueError("x"))

    script = Script(response(b"G"), then=error("57014", "failed", "ERROR") + READY)
    serve(script, fail)
    assert script.seen == [b"PBDEH", b"fS", b"X"]


def test_says_nothing_at_the_end(pg, serve):
    """Neither a command tag nor an error, but ReadyForQuery."""
    script = Script(response(b"G"), then=READY)
    error, conn = serve(script, write_one)
    assert isinstance(error, pg.OperationalError)
    assert conn.closed
