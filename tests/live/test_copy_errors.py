"""COPY that goes wrong: errors of either side, interruptions, lost connections."""

from __future__ import annotations

import gc
import os
import random
import signal
from contextlib import suppress
from functools import partial

import pytest

from alarm import interrupted
from beside import eventually, within
from copies import BREAKS_PSYCOPG, ENDLESS, IN, IN_BINARY, MANY, rows_of, usable

# ---- errors


def test_error_in_the_block(auto, table, format):
    cur = auto.cursor()
    with pytest.raises(ZeroDivisionError), cur.copy(f"copy t from stdin (format {format})") as copy:
        copy.set_types(["int4", "text"])
        copy.write_row((1, "x"))
        1 / 0  # noqa: B018
    assert cur.rowcount == -1
    assert rows_of(auto) == []


@pytest.mark.parametrize(
    "error", [ValueError("nul \0 inside"), KeyError(), pytest.param(ValueError("é" * 10_000), marks=BREAKS_PSYCOPG)]
)
def test_reasons_for_the_server(auto, table, error):
    with pytest.raises(type(error)), auto.cursor().copy(IN) as copy:
        copy.write_row((1, "x"))
        raise error
    assert rows_of(auto) == []


def test_what_the_server_is_told(pg, auto, table):
    """Seen only by who ends the COPY themselves."""
    with suppress(pg.Error), auto.cursor().copy(IN) as copy, suppress(pg.Error):
        copy.finish(ValueError("told"))
    usable(auto)


def test_server_error_at_the_end(pg, auto, table, format):
    auto.execute("alter table t add unique (a)")
    cur = auto.cursor()
    with pytest.raises(pg.errors.UniqueViolation), cur.copy(f"copy t from stdin (format {format})") as copy:
        copy.set_types(["int4", "text"])
        copy.write_row((1, "x"))
        copy.write_row((1, "y"))
    assert cur.rowcount == -1
    assert rows_of(auto) == []


@pytest.mark.howdah_only  # psycopg sends everything first
def test_server_error_in_the_middle(pg, auto, table):
    """It is told with a later row, not after millions of them; and again to whoever did not hear."""
    written = 0
    with pytest.raises(pg.errors.InvalidTextRepresentation), auto.cursor().copy(IN) as copy:
        while written < 5_000_000:
            copy.write_row(("wat", "x" * 100))
            written += 1
    assert 0 < written < 1_000_000
    with pytest.raises(pg.errors.InvalidTextRepresentation), auto.cursor().copy(IN) as copy:
        copy.write("wat\tx\n" * 100_000)
        for _ in range(2_000_000):
            with suppress(pg.Error):
                copy.write_row((1, "x"))
                continue
            break
    assert rows_of(auto) == []


def test_server_error_while_reading(pg, auto):
    with (
        pytest.raises(pg.errors.DivisionByZero),
        auto.cursor().copy("copy (select 1 / (5000 - n) from generate_series(1, 10000) n) to stdout") as copy,
    ):
        list(copy)
    usable(auto)


def test_row_that_fails_leaves_nothing(pg, auto, table, format):
    with auto.cursor().copy(f"copy t from stdin (format {format})") as copy:
        copy.set_types(["int4", "text"])
        copy.write_row((1, "a"))
        for bad in ((2, 3j), ("x", "y"), (2, object())):
            with pytest.raises((pg.Error, TypeError, AttributeError, ValueError)):
                copy.write_row(bad)
        copy.write_row((3, "c"))
    assert rows_of(auto) == [(1, "a"), (3, "c")]


def test_untyped_row_that_fails(pg, auto, table):
    with auto.cursor().copy(IN) as copy:
        for bad in ((1, object()), (object(), "x")):
            with pytest.raises(pg.ProgrammingError, match="cannot adapt type 'object' using placeholder '%t'"):
                copy.write_row(bad)
        for bad in (1, None):
            with pytest.raises(TypeError):
                copy.write_row(bad)
        copy.write_row((3, "c"))
    assert rows_of(auto) == [(3, "c")]


def test_rows_of_other_lengths(pg, auto, table, format):
    with pytest.raises(pg.DataError), auto.cursor().copy(f"copy t from stdin (format {format})") as copy:
        copy.write_row((None, "b"))
        copy.write_row((None, "b", "c"))
    assert rows_of(auto) == []


def test_types_of_blocks(auto, table):
    with pytest.raises(TypeError, match="cannot copy str data in binary mode"), auto.cursor().copy(IN_BINARY) as copy:
        copy.write("x")
    with pytest.raises(TypeError), auto.cursor().copy(IN) as copy:
        copy.write([1])
    usable(auto)


@pytest.mark.howdah_only
def test_nothing_is_kept(pg, auto, table):
    """Neither by a block that ends well, nor by an error whose traceback leads to the block."""

    def work():
        cur = auto.cursor()
        with cur.copy(IN) as copy:
            copy.write_row((1, "x"))
        with cur.copy("copy t to stdout") as copy:
            list(copy)
        for statement, block in ((IN, b"wat\n"), (IN, 1), ("wat", b""), ("select 1", b"")):
            with suppress(pg.Error, TypeError), cur.copy(statement) as copy:
                copy.write(block)

    def kept():
        gc.collect()
        return len(gc.get_objects())

    work()
    before = kept()
    for _ in range(10):
        work()
    assert kept() - before < 10


@pytest.mark.parametrize("read", ["read", "read_row"])
def test_an_error_told_to_the_reader_is_not_told_again(pg, auto, read):
    auto.execute("set client_encoding to latin1")
    with auto.cursor().copy("copy (select chr(8364)) to stdout") as copy, pytest.raises(pg.DataError):
        getattr(copy, read)()
    usable(auto)


@pytest.mark.howdah_only  # psycopg's connection is then of no use
def test_an_error_that_nobody_read_is_told_at_the_end(pg, auto):
    auto.execute("set client_encoding to latin1")
    with pytest.raises(pg.DataError), auto.cursor().copy("copy (select chr(8364)) to stdout"):
        pass
    usable(auto)


# ---- interruptions


def copy_in(conn, text="x" * 500):
    with conn.cursor().copy(IN) as copy:
        for n in range(20_000):
            copy.write_row((n, text))


def copy_out(conn):
    with conn.cursor().copy(MANY) as copy:
        for _ in copy:
            pass


def copy_slowly(conn):
    with conn.cursor().copy("copy (select pg_sleep(0.01) from generate_series(1, 5)) to stdout") as copy:
        list(copy)


def copy_block(conn):
    with conn.cursor().copy(IN) as copy:
        copy.write(f"1\t{'x' * 20_000_000}\n")


def copy_half(conn):
    with conn.cursor().copy(MANY) as copy:
        copy.read_row()


@pytest.mark.howdah_only  # psycopg knows KeyboardInterrupt alone
@pytest.mark.parametrize("work", [copy_in, copy_out, copy_slowly, copy_block, copy_half])
def test_alarm(pg, auto, table, work):
    rng = random.Random(work.__name__)
    for n in range(25):
        with suppress(pg.errors.QueryCanceled):
            interrupted(rng.random() ** 2 * 0.08 + 1e-4, partial(work, auto))
        assert not auto.closed
        assert auto.execute("select %s::text", [f"mine {n}"]).fetchone() == (f"mine {n}",)
        count = auto.execute("select count(*) from t").fetchone()[0]
        assert count in (0, 1, 20_000)
        auto.execute("truncate t")


def ctrl_c():
    os.kill(os.getpid(), signal.SIGINT)


@BREAKS_PSYCOPG
def test_ctrl_c(auto, table, watch):
    """While the server holds us up: another session has the table."""
    statement = "copy (select pg_sleep(60)) to stdout"
    with (
        within(30),
        watch.during(auto, ctrl_c),
        pytest.raises(KeyboardInterrupt),
        auto.cursor().copy(statement) as copy,
    ):
        copy.read()
    usable(auto)


@pytest.mark.howdah_only
def test_ctrl_c_of_a_stuck_copy(pg, auto, conn, table, watch):
    """The server reads no more, since it waits for a lock; nothing of what was written stays."""
    auto.execute("alter table t add unique (a)")
    conn.execute("insert into t values (1, 'mine')")
    waits, pid = "select 1 from pg_locks where pid = %s and not granted", auto.info.backend_pid
    more_than_sockets_take = "".join(f"{n}\t{'x' * 1000}\n" for n in range(1, 50_000))

    def ctrl_c_then():
        eventually(lambda: conn.execute(waits, [pid]).fetchone() is not None)
        ctrl_c()

    with watch.during(auto, ctrl_c_then), pytest.raises(KeyboardInterrupt), auto.cursor().copy(IN) as copy:
        copy.write(more_than_sockets_take)
    conn.rollback()
    usable(auto)
    assert rows_of(auto) == []


def test_cancelled_from_another_thread(pg, auto, watch):
    with watch.during(auto, auto.cancel), pytest.raises(pg.errors.QueryCanceled), auto.cursor().copy(ENDLESS) as copy:
        for _ in copy:
            pass
    usable(auto)


# ---- losses


@pytest.mark.parametrize("statement", [IN, ENDLESS])
def test_backend_killed(pg, auto, other, table, statement):
    pid = auto.info.backend_pid
    with pytest.raises(pg.OperationalError), auto.cursor().copy(statement) as copy:
        other.execute("select pg_terminate_backend(%s)", [pid])
        for n in range(1_000_000):
            if statement == IN:
                copy.write_row((n, "x" * 100))
            elif not copy.read():
                break
    assert auto.closed
    assert other.execute("select count(*) from t").fetchone() == (0,)


def test_closed_in_the_block(pg, auto, table):
    with pytest.raises(pg.OperationalError, match="the connection is closed"), auto.cursor().copy(IN) as copy:
        copy.write_row((1, "x"))
        auto.close()
    assert auto.closed


@pytest.mark.howdah_only
def test_abandoned(pg, dsn, table):
    """Nobody ends the block: the connection is closed with it."""
    conn = pg.connect(dsn, autocommit=True)
    copy = conn.cursor().copy(IN)
    copy.__enter__()
    copy.write_row((1, "x"))
    del copy
    assert conn.closed
