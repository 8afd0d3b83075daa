"""The writers of copy(): files, queues, and those of one's own."""

from __future__ import annotations

import io

import pytest

from copies import BREAKS_PSYCOPG, IN, rows_of, usable

# ---- writers


def test_file_writer(pg, module, auto, format):
    file = io.BytesIO()
    with pg.Copy(auto.cursor(), binary=format == "binary", writer=module("copy").FileWriter(file)) as copy:
        copy.write_row(("one", None))
        copy.write_row(("a\tb", "\\"))
    text = b"one\t\\N\na\\tb\t\\\\\n"
    header, trailer = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
    binary = b"\0\2\0\0\0\3one\xff\xff\xff\xff\0\2\0\0\0\3a\tb\0\0\0\1\\"
    assert file.getvalue() == (text if format == "text" else header + binary + trailer)
    usable(auto)


def test_file_writer_with_an_error(pg, module, auto):
    file = io.BytesIO()
    with pytest.raises(ZeroDivisionError), pg.Copy(auto.cursor(), writer=module("copy").FileWriter(file)) as copy:
        copy.write_row((1, 2))
        1 / 0  # noqa: B018
    assert file.getvalue() == b""


def test_writer_of_ones_own(pg, module, auto, table):
    class Counting(module("copy").LibpqWriter):
        written = 0
        ended = None

        def write(self, data):
            self.written += len(data)
            super().write(data)

        def finish(self, exc=None):
            self.ended = (exc,)
            super().finish(exc)

    cur = auto.cursor()
    writer = Counting(cur)
    with cur.copy(IN, writer=writer) as copy:
        assert copy.writer is writer
        for n in range(10_000):
            copy.write_row((n, "x" * 10))
    assert rows_of(auto) == [(n, "x" * 10) for n in range(10_000)]
    assert (writer.written, writer.ended) == (158_890, (None,))
    writer = Counting(cur)
    with pytest.raises(ZeroDivisionError), cur.copy(IN, writer=writer):
        1 / 0  # noqa: B018
    assert isinstance(writer.ended[0], ZeroDivisionError)
    assert len(rows_of(auto)) == 10_000


def test_writer_that_fails(pg, module, auto, table):
    class Failing(module("copy").LibpqWriter):
        def write(self, data):
            raise ZeroDivisionError

    cur = auto.cursor()
    with pytest.raises(ZeroDivisionError), cur.copy(IN, writer=Failing(cur)) as copy:
        copy.write("1\tx\n")
    usable(auto)
    assert rows_of(auto) == []


@BREAKS_PSYCOPG
def test_writer_that_sends_nothing(pg, module, auto, table):
    file = io.BytesIO()
    with pytest.raises(pg.ProgrammingError), auto.cursor().copy(IN, writer=module("copy").FileWriter(file)) as copy:
        copy.write_row((1, "x"))
    assert file.getvalue() == b"1\tx\n"
    usable(auto)
    assert rows_of(auto) == []


def test_queued_writer(pg, module, auto, table):
    Queued = module("copy").QueuedLibpqWriter
    cur = auto.cursor()
    with cur.copy(IN, writer=Queued(cur)) as copy:
        for n in range(20_000):
            copy.write_row((n, "x" * 50))
    assert cur.rowcount == 20_000
    assert rows_of(auto) == [(n, "x" * 50) for n in range(20_000)]
    with pytest.raises(ZeroDivisionError), cur.copy(IN, writer=Queued(cur)) as copy:
        copy.write("5\tx\n" * 1000)
        1 / 0  # noqa: B018
    with pytest.raises(pg.errors.InvalidTextRepresentation), cur.copy(IN, writer=Queued(cur)) as copy:
        for _ in range(20_000):
            copy.write("wat\tx\n" * 100)
    assert len(rows_of(auto)) == 20_000


def test_names(pg, module):
    names = (
        "Writer LibpqWriter QueuedLibpqWriter FileWriter AsyncWriter AsyncLibpqWriter AsyncQueuedLibpqWriter".split()
    )
    copy = module("copy")
    assert all(isinstance(getattr(copy, name), type) for name in names)
    assert pg.Copy is copy.Copy
    assert pg.AsyncCopy is copy.AsyncCopy
