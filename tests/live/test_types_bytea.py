"""bytea, both ways."""

from __future__ import annotations

import pytest

EVERY = bytes(range(256))
SAMPLES = [b"", b"\0", b"\\", b"\\x41", b"'", b'"', b"{}", b"NULL", EVERY, EVERY * 1000, b"\xff\xfe", "è€".encode()]


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
@pytest.mark.parametrize("value", SAMPLES, ids=range(len(SAMPLES)))
def test_round_trip(cur, always, value, placeholder):
    found, size, md5 = always(
        cur, f"select {placeholder}, length({placeholder}), md5({placeholder}::bytea)", [value] * 3
    )
    assert (found, size) == (value, len(value))
    assert type(found) is bytes
    assert len(md5) == 32


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_every_buffer(cur, always, kind):
    (found, name) = always(cur, "select %s, pg_typeof(%s)::text", [kind(EVERY)] * 2)
    assert (found, name) == (EVERY, "bytea")
    assert type(found) is bytes


@pytest.mark.howdah_only
def test_memoryview_with_steps(cur, always):
    view = memoryview(EVERY)[::-3]
    assert always(cur, "select %s", [view]) == (bytes(view),)


def test_subclass_of_bytes(cur, always):
    class Blob(bytes):
        pass

    (found,) = always(cur, "select %s", [Blob(b"a\0b")])
    assert (found, type(found)) == (b"a\0b", bytes)


def test_binary_wrapper(pg, cur, always):
    """The constructor that the DB-API asks for."""
    assert always(cur, "select %s, pg_typeof(%s)::text", [pg.Binary(b"a\0")] * 2) == (b"a\0", "bytea")


@pytest.mark.parametrize("output", ["escape", "hex"])
def test_bytea_output(auto, always, output):
    """The server may write bytes in two ways of text."""
    auto.execute(f"set bytea_output to '{output}'")
    cur = auto.cursor()
    for value in SAMPLES[:-3]:
        assert always(cur, "select %s", [value]) == (value,)


@pytest.mark.howdah_only
def test_bytea_output_of_arrays(auto, always):
    """An empty item is written "", which psycopg reads on beyond its quote."""
    auto.execute("set bytea_output to 'escape'")
    assert always(auto.cursor(), "select %s", [SAMPLES]) == (SAMPLES,)


def test_bytea_output_changes_under_a_prepared_statement(auto):
    cur = auto.cursor()
    for output in ["hex", "escape"] * 8:
        auto.execute(f"set bytea_output to '{output}'")
        assert cur.execute("select %s::bytea, %t::bytea", [EVERY, EVERY]).fetchone() == (EVERY, EVERY)


def test_null_bytea(cur, always):
    assert always(cur, "select null::bytea, %s::bytea, ''::bytea", [None]) == (None, None, b"")


def test_malformed_bytea(pg, cur):
    """A str that the server can't take for bytes."""
    for text in ("\\", "\\xabc", "\\9"):
        with pytest.raises((pg.errors.InvalidTextRepresentation, pg.errors.InvalidParameterValue)):
            cur.execute("select %s::bytea", [text])
        assert cur.execute("select 1").fetchone() == (1,)


def test_bytes_are_not_text(pg, cur):
    with pytest.raises(pg.ProgrammingError):
        cur.execute("select %s || 1::int", [b"a"])
    assert cur.execute("select 1").fetchone() == (1,)


def test_bytea_in_a_table(auto):
    auto.execute("create temp table b (i serial, x bytea)")
    cur = auto.cursor()
    cur.executemany("insert into b (x) values (%s)", [(value,) for value in SAMPLES])
    assert cur.execute("select x from b order by i").fetchall() == [(value,) for value in SAMPLES]
