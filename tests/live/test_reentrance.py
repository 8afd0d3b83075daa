"""The connection used from within what it calls itself: iterators, handlers, row factories, mappings.

Where it can't be, psycopg waits for itself for ever; here it is an error, and the connection goes on.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from beside import eventually

PROGRAM = Path(__file__).resolve().parents[1] / "isolated/reentrance.py"


def usable(conn):
    assert conn.execute("select 'mine', %s::int", [5]).fetchone() == ("mine", 5)


@pytest.mark.howdah_only
def test_connection_in_the_iterator_of_executemany(pg, auto):
    def rows():
        yield (1,)
        yield auto.execute("select 2").fetchone()

    with pytest.raises(pg.ProgrammingError):
        auto.cursor().executemany("select %s", rows())
    usable(auto)


@pytest.mark.howdah_only
def test_cursor_in_its_own_iterator(pg, auto):
    cur = auto.cursor()

    def rows():
        yield (1,)
        yield cur.execute("select 2").fetchone()

    with pytest.raises(pg.ProgrammingError):
        cur.executemany("select %s", rows(), returning=True)
    usable(auto)


@pytest.mark.howdah_only
def test_commit_in_the_iterator(pg, conn):
    def rows():
        yield (1,)
        conn.commit()

    with pytest.raises(pg.ProgrammingError):
        conn.cursor().executemany("select %s", rows())
    conn.rollback()
    usable(conn)


async def test_operation_begun_and_dropped_in_the_iterator(aauto):
    """It waits for its turn, which never comes."""

    def rows():
        yield (1,)
        operation = aauto.execute("select 2")
        operation.send(None)
        operation.close()
        yield (3,)

    cur = aauto.cursor()
    await cur.executemany("select %s::int", rows(), returning=True)
    assert [await c.fetchone() async for c in cur.results()] == [(1,), (3,)]
    assert await (await aauto.execute("select 3")).fetchone() == (3,)


def test_other_connection_in_the_iterator(auto, other):
    cur = auto.cursor()
    cur.executemany("select %s::int", other.execute("select generate_series(1, 5)"), returning=True)
    assert [c.fetchone()[0] for c in cur.results()] == [1, 2, 3, 4, 5]


def test_connection_closed_in_the_iterator(pg, auto):
    def rows():
        yield (1,)
        auto.close()
        yield (2,)

    with pytest.raises(pg.OperationalError):
        auto.cursor().executemany("select %s", rows())
    assert auto.closed


def test_cursor_closed_in_the_iterator(pg, auto):
    cur = auto.cursor()

    def rows():
        yield (1,)
        cur.close()
        yield (2,)

    cur.executemany("select %s::int", rows(), returning=True)
    with pytest.raises(pg.InterfaceError):
        cur.fetchone()
    usable(auto)


@pytest.mark.howdah_only
def test_connection_in_a_notice_handler(pg, auto):
    caught = []

    def handler(diag):
        with pytest.raises(pg.ProgrammingError) as info:
            auto.execute("select 1")
        caught.append(info.value)

    auto.add_notice_handler(handler)
    auto.execute("do $$ begin raise notice 'n'; end $$")
    assert len(caught) == 1
    usable(auto)


@pytest.mark.howdah_only
def test_connection_closed_in_a_notice_handler(pg, auto):
    auto.add_notice_handler(lambda diag: auto.close())
    with contextlib.suppress(pg.OperationalError):  # the rest of the answer may have come with the notice, or not
        auto.execute("do $$ begin raise notice 'n'; end $$")
    assert auto.closed
    with pytest.raises(pg.OperationalError):
        auto.execute("select 1")


@pytest.mark.howdah_only
def test_connection_in_a_mapping_of_parameters(pg, auto):
    class Asking(dict):
        def __getitem__(self, key):
            return auto.execute("select 1").fetchone()[0]

    with pytest.raises(pg.ProgrammingError):
        auto.execute("select %(a)s", Asking(a=1))
    usable(auto)


@pytest.mark.howdah_only
def test_connection_in_a_signal_handler(pg, auto, watch):
    caught = []

    def handler(*args):
        with pytest.raises(pg.ProgrammingError) as info:
            auto.execute("select 1")
        caught.append(info.value)

    def interrupt():
        os.kill(os.getpid(), signal.SIGUSR1)
        eventually(lambda: caught)
        watch.release()

    before = signal.signal(signal.SIGUSR1, handler)
    watch.hold()
    try:
        with watch.during(auto, interrupt):
            assert auto.execute(watch.WAIT).fetchone() == ("waited",)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(caught) == 1
    usable(auto)


def test_connection_in_a_row_factory(auto):
    def asking(cursor):
        return lambda values: (values[0], auto.execute("select %s::int * 2", values).fetchone()[0])

    cur = auto.cursor(row_factory=asking).execute("select generate_series(1, 3)")
    assert cur.fetchall() == [(1, 2), (2, 4), (3, 6)]


def test_cursor_closed_in_its_row_factory(pg, auto):
    def closing(cursor):
        def make(values):
            cursor.close()
            return values

        return make

    cur = auto.cursor(row_factory=closing).execute("select generate_series(1, 3)")
    assert cur.fetchone() == (1,)
    with pytest.raises(pg.InterfaceError):
        cur.fetchone()


def test_cursor_closed_in_its_row_factory_during_fetchall(auto):
    def closing(cursor):
        def make(values):
            cursor.close()
            return values

        return make

    cur = auto.cursor(row_factory=closing).execute("select generate_series(1, 3), repeat('x', 100)")
    assert [row[0] for row in cur.fetchall()] == [1, 2, 3]
    usable(auto)


def test_cursor_used_anew_in_its_row_factory(auto):
    def again(cursor):
        def make(values):
            if values[0] == 2:
                cursor.execute("select 'other'")
            return values

        return make

    cur = auto.cursor(row_factory=again).execute("select generate_series(1, 3), repeat('x', 100)")
    assert [row[0] for row in cur.fetchall()] == [1, 2, 3]
    usable(auto)


def test_parameters_changed_while_they_are_read(auto):
    params = []

    class Clearing(int):
        def __index__(self):
            params.clear()
            return 1

        __int__ = __index__

    params[:] = [Clearing(1), [2] * 10, "x"]
    try:
        auto.execute("select %s, %s, %s", params)
    except (auto.Error, IndexError):
        pass
    usable(auto)


@pytest.mark.howdah_only
def test_cursor_that_was_not_set_up(pg, auto):
    class Bare(pg.Cursor):
        def __init__(self, *args):
            pass

    cur = Bare(auto)
    for use in (cur.fetchone, cur.fetchall, cur.fetchmany, cur.nextset, lambda: cur.scroll(1), lambda: list(cur)):
        with pytest.raises(RuntimeError):
            use()
    with pytest.raises(RuntimeError):
        cur.execute("select 1")
    assert (cur.description, cur.statusmessage, cur.rownumber) == (None, None, None)
    cur.close()


@pytest.mark.howdah_only
def test_connection_that_was_never_made(pg):
    conn = pg.Connection(pg.pq.PGconn())
    for use in (conn.cursor, conn.commit, conn.rollback, conn.fileno, lambda: conn.execute("select 1")):
        with pytest.raises(pg.OperationalError):
            use()
    assert conn.closed
    conn.cancel()
    conn.close()


@pytest.mark.howdah_only
def test_what_is_called_changes_its_caller(dsn):
    subprocess.run([sys.executable, PROGRAM, dsn], check=True)
