"""What can be copied by copy(), and what else the connection and its transaction do meanwhile."""

from __future__ import annotations

import datetime as dt
import threading
import time
from functools import partial

import pytest

from beside import within
from copies import BREAKS_PSYCOPG, ENDLESS, IN, MANY, OUT, rows_of, usable, write_rows

# ---- parameters


def test_parameters(auto):
    cur = auto.cursor()
    with cur.copy("copy (select %s, %s, %s, '%%', %s) to stdout", [1, "a'b\\", None, dt.date(2024, 1, 1)]) as copy:
        assert list(copy.rows()) == [("1", "a'b\\", None, "%", "2024-01-01")]
    with cur.copy("copy (select %(a)s, %(b)s, %(a)s) to stdout", {"a": [1, 2], "b": b"x", "c": 5}) as copy:
        copy.set_types(["int4[]", "bytea", "int4[]"])
        assert list(copy.rows()) == [([1, 2], b"x", [1, 2])]


def test_no_parameters(auto):
    with auto.cursor().copy("copy (select '%', '%s') to stdout") as copy:
        assert list(copy.rows()) == [("%", "%s")]


def test_composed_statement(pg, auto, table):
    write_rows(auto, [(1, "x")])
    sql = pg.sql
    query = sql.SQL("copy (select * from {} where a = {}) to stdout").format(sql.Identifier("t"), 1)
    with auto.cursor().copy(query) as copy:
        assert list(copy.rows()) == [("1", "x")]


@pytest.mark.parametrize(
    ("query", "params", "error"),
    [
        ("copy (select %s) to stdout", [1, 2], "ProgrammingError"),
        ("copy (select %s, %s) to stdout", [1], "ProgrammingError"),
        ("copy (select %(a)s) to stdout", {"b": 1}, "ProgrammingError"),
        ("copy (select %(a)s) to stdout", [1], "TypeError"),
        ("copy (select %s) to stdout", {"a": 1}, "TypeError"),
        ("copy (select %s) to stdout", "x", "TypeError"),
        ("copy (select %x) to stdout", [1], "ProgrammingError"),
        ("copy (select %s) to stdout", [object()], "ProgrammingError"),
    ],
)
def test_bad_parameters(pg, auto, query, params, error):
    with pytest.raises(getattr(pg, error, TypeError)), auto.cursor().copy(query, params):
        pass
    usable(auto)


# ---- what is no COPY


@pytest.mark.parametrize(
    ("statement", "error", "message"),
    [
        ("wat", "errors.SyntaxError", "syntax error"),
        (
            "select 1",
            "ProgrammingError",
            "only with COPY ... TO STDOUT or COPY ... FROM STDIN statements, got TUPLES_OK",
        ),
        ("reset timezone", "ProgrammingError", "got COMMAND_OK"),
        ("", "ProgrammingError", "got EMPTY_QUERY"),
        pytest.param("select 1; copy (select 1) to stdout", "ProgrammingError", "mix", marks=BREAKS_PSYCOPG),
        ("copy (select 1) to stdout; select 1", "ProgrammingError", "mix"),
        ("copy (select 1) to stdout; copy (select 1) to stdout", "ProgrammingError", "mix"),
        pytest.param("select 1; copy t from stdin", "ProgrammingError", "mix", marks=BREAKS_PSYCOPG),
    ],
)
def test_wrong_statements(pg, auto, table, statement, error, message):
    where = pg
    for name in error.split("."):
        where = getattr(where, name)
    with pytest.raises(where, match=message), auto.cursor().copy(statement) as copy:
        list(copy)
    usable(auto)


@BREAKS_PSYCOPG
def test_execute_refuses(pg, auto, table):
    for statement in (OUT, IN):
        with pytest.raises(pg.ProgrammingError, match="COPY cannot be used with this method; use copy"):
            auto.execute(statement)
        usable(auto)


def test_wrong_direction(pg, auto, table):
    with auto.cursor().copy(IN) as copy:
        for method in (copy.read, copy.read_row, lambda: next(iter(copy.rows()))):
            with pytest.raises(pg.OperationalError, match="no COPY in progress"):
                method()
        copy.write_row((1, "x"))
    assert rows_of(auto) == [(1, "x")]
    with auto.cursor().copy(OUT) as copy:
        with pytest.raises(pg.OperationalError, match="no COPY in progress"):
            copy.write(b"x")
        list(copy)
    usable(auto)


def test_only_once(auto):
    with auto.cursor().copy(OUT) as copy:
        list(copy)
    with pytest.raises(TypeError), copy:
        pass
    usable(auto)


def test_outside_of_a_block(pg, auto, table):
    with auto.cursor().copy(IN) as copy:
        copy.write_row((1, "x"))
    for write in (partial(copy.write, "x"), partial(copy.write_row, (1, "x"))):
        with pytest.raises(pg.OperationalError):
            write()
            copy.finish(None)  # psycopg would send the row here
    usable(auto)
    with pytest.raises(pg.OperationalError), pg.Copy(auto.cursor()) as copy:
        copy.write(b"x")
    usable(auto)


def test_closed(pg, auto):
    cur = auto.cursor()
    cur.close()
    with pytest.raises(pg.InterfaceError), cur.copy(OUT):
        pass
    cur = auto.cursor()
    auto.close()
    with pytest.raises(pg.OperationalError, match="the connection is closed"), cur.copy(OUT):
        pass


# ---- the transaction


def test_in_a_transaction(pg, conn, other):
    status = pg.pq.TransactionStatus
    conn.execute("drop table if exists t; create table t (a int, b text)")
    conn.commit()
    with conn.cursor().copy(IN) as copy:
        assert conn.info.transaction_status == status.ACTIVE
        copy.write_row((1, "x"))
    assert conn.info.transaction_status == status.INTRANS
    assert rows_of(other) == []
    conn.commit()
    assert rows_of(other) == [(1, "x")]
    with pytest.raises(ZeroDivisionError), conn.cursor().copy(IN):
        1 / 0  # noqa: B018
    assert conn.info.transaction_status == status.INERROR
    conn.rollback()
    other.execute("drop table t")


@BREAKS_PSYCOPG
def test_first_statement_of_several(pg, conn):
    """BEGIN has a round trip of its own before a string that is not one statement."""
    with pytest.raises(pg.ProgrammingError), conn.cursor().copy("select 1; copy (select 1) to stdout"):
        pass
    conn.rollback()
    with conn.cursor().copy("copy (select 1) to stdout; -- the only one") as copy:
        assert list(copy.rows()) == [("1",)]
    assert conn.info.transaction_status == pg.pq.TransactionStatus.INTRANS


def test_left_with_an_error(pg, conn):
    with pytest.raises(ZeroDivisionError), conn.cursor().copy(OUT) as copy:
        copy.read()
        1 / 0  # noqa: B018
    assert conn.info.transaction_status == pg.pq.TransactionStatus.INTRANS
    with within(30), pytest.raises(ZeroDivisionError), conn.cursor().copy(ENDLESS) as copy:
        copy.read()
        1 / 0  # noqa: B018
    assert conn.info.transaction_status == pg.pq.TransactionStatus.INERROR
    conn.rollback()
    usable(conn)


@BREAKS_PSYCOPG
def test_left_without_an_error(pg, conn):
    """The rest is received and dropped, and the transaction stays what it is."""
    cur = conn.cursor()
    for read in (0, 1, 100):
        with cur.copy(MANY) as copy:
            for _ in range(read):
                copy.read()
        assert cur.rowcount == 20_000
        assert copy.read() == b""
        assert conn.info.transaction_status == pg.pq.TransactionStatus.INTRANS
        usable(conn)


@pytest.mark.howdah_only  # psycopg waits for itself, for good
def test_the_block_has_the_connection(pg, auto, table):
    with auto.cursor().copy(IN) as copy:
        with pytest.raises(pg.ProgrammingError, match="already executing"):
            auto.execute("select 1")
        copy.write_row((1, "x"))
    assert rows_of(auto) == [(1, "x")]


def test_other_threads_wait(auto, table):
    seen = []
    thread = threading.Thread(target=lambda: seen.append(rows_of(auto)))
    with auto.cursor().copy(IN) as copy:
        thread.start()
        copy.write_row((1, "x"))
        time.sleep(0.1)
        assert not seen
    thread.join()
    assert seen == [[(1, "x")]]


@pytest.mark.howdah_only
def test_a_copy_of_several_threads(auto, table):
    """Rows of several threads are whole, in whatever order."""

    def write(n):
        for i in range(3000):
            copy.write_row((n * 3000 + i, "x" * 300))

    with auto.cursor().copy(IN) as copy:
        threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert rows_of(auto) == [(n, "x" * 300) for n in range(12_000)]


def test_between_servers(auto, other, table, format):
    rows = [(n, f"row {n}") for n in range(5000)]
    write_rows(auto, rows)
    other.execute("create temp table t2 (a int, b text)")
    with (
        auto.cursor().copy(f"copy t to stdout (format {format})") as source,
        other.cursor().copy(f"copy t2 from stdin (format {format})") as target,
    ):
        for block in source:
            target.write(block)
    assert other.execute("select * from t2 order by a").fetchall() == rows
