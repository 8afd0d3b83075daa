"""COPY in both directions, both formats."""

from __future__ import annotations

import datetime as dt
import gc
import io
import ipaddress
import os
import random
import signal
import struct
import threading
import time
from contextlib import suppress
from decimal import Decimal
from functools import partial
from uuid import UUID

import pytest

from alarm import interrupted
from beside import within

ROWS = [(1, "one"), (2, None), (None, "tab\tline\nback\\slash"), (4, ""), (5, "\\N"), (6, "\\."), (7, "é€\U0001f600")]
IN, IN_BINARY = "copy t from stdin", "copy t from stdin (format binary)"
OUT = "copy (select g, 'x' || g from generate_series(1, 5) g) to stdout"
MANY = "copy (select g, repeat('x', 1000) from generate_series(1, 20000) g) to stdout"
ENDLESS = "copy (select n, repeat('x', 1000) from generate_series(1, 1000) n, generate_series(1, 100000)) to stdout"
FORMATS = ["text", "binary"]
BREAKS_PSYCOPG = pytest.mark.howdah_only  # its connection is of no use afterwards


@pytest.fixture(params=FORMATS)
def format(request):
    return request.param


@pytest.fixture
def table(auto):
    auto.execute("drop table if exists t; create table t (a int, b text)")
    yield "t"
    if not auto.closed:
        auto.execute("drop table if exists t")


def rows_of(conn, order="a"):
    return conn.execute(f"select a, b from t order by {order}").fetchall()


def usable(conn):
    assert conn.execute("select 'mine', %s::int", [5]).fetchone() == ("mine", 5)


def write_rows(conn, rows=ROWS, format="text", types=("int4", "text")):
    cur = conn.cursor()
    with cur.copy(f"copy t from stdin (format {format})") as copy:
        if types:
            copy.set_types(types)
        for row in rows:
            copy.write_row(row)
    return cur


# ---- in


def test_rows_in(auto, table, format):
    cur = write_rows(auto, format=format)
    assert (cur.rowcount, cur.statusmessage) == (7, "COPY 7")
    assert cur.description is None
    assert sorted(rows_of(auto), key=repr) == sorted(ROWS, key=repr)


def test_rows_in_untyped(auto, table):
    write_rows(auto, types=None)
    assert sorted(rows_of(auto), key=repr) == sorted(ROWS, key=repr)


@pytest.mark.parametrize(
    "make", [tuple, list, iter, lambda row: dict.fromkeys(row)], ids=["tuple", "list", "iter", "dict"]
)
def test_kinds_of_rows(auto, table, make):
    write_rows(auto, [make((1, "a"))])
    assert rows_of(auto) == [(1, "a")]


def test_blocks_in(auto, table):
    data = b"1\tone\n2\t\\N\n"
    for block in (data, bytearray(data), memoryview(data), data.decode()):
        with auto.cursor().copy(IN) as copy:
            for at in range(0, len(data), 5):
                copy.write(block[at : at + 5])
    assert rows_of(auto, "a, b") == [(1, "one")] * 4 + [(2, None)] * 4


def test_binary_blocks_in(auto, table):
    header = b"PGCOPY\n\xff\r\n\0" + bytes(8)
    row = struct.pack("!hii", 2, 4, 42) + struct.pack("!i2s", 2, b"ab")
    with auto.cursor().copy(IN_BINARY) as copy:
        copy.write(header + row)
        copy.write(b"\xff\xff")
    with auto.cursor().copy(IN_BINARY) as copy:
        copy.write(header)
        copy.set_types(["int4", "text"])
        copy.write_row((43, "cd"))
    assert rows_of(auto) == [(42, "ab"), (43, "cd")]


@pytest.mark.howdah_only  # psycopg sends blocks ahead of rows that were written before
def test_blocks_and_rows_keep_their_order(auto, table):
    with auto.cursor().copy("copy t (b) from stdin") as copy:
        for n in range(200):
            copy.write_row((f"row {n}",))
            copy.write(f"block {n}\n")
    auto.execute("alter table t add n serial")
    got = [b for (b,) in auto.execute("select b from t order by ctid").fetchall()]
    assert got == [f"{kind} {n}" for n in range(200) for kind in ("row", "block")]


def test_nothing_in(auto, table, format):
    cur = auto.cursor()
    with cur.copy(f"copy t from stdin (format {format})"):
        pass
    assert cur.rowcount == 0
    usable(auto)


def test_csv_in(auto, table):
    with auto.cursor().copy("copy t from stdin (format csv, header)") as copy:
        copy.write('a,b\n1,"x,y"\n')
    assert rows_of(auto) == [(1, "x,y")]


def test_many_rows_in(auto, table, format):
    rows = [(n, f"row number {n}") for n in range(50_000)]
    cur = write_rows(auto, rows, format)
    assert cur.rowcount == len(rows)
    assert rows_of(auto) == rows


@pytest.mark.parametrize("size", [65_530, 65_536, 262_144, 5_000_000])
def test_large_values(auto, table, format, size):
    value = "ab\\\t" * (size // 4)
    write_rows(auto, [(1, value), (2, "small"), (3, value)], format)
    assert rows_of(auto) == [(1, value), (2, "small"), (3, value)]
    cur = auto.cursor()
    with cur.copy(f"copy (select a, b from t order by a) to stdout (format {format})") as copy:
        copy.set_types(["int4", "text"])
        assert list(copy.rows()) == [(1, value), (2, "small"), (3, value)]


def test_large_blocks(auto, table):
    value = "x" * 3_000_000
    with auto.cursor().copy(IN) as copy:
        copy.write("0\tsmall\n")
        copy.write(f"1\t{value}\n2\t{value}\n".encode())
        copy.write_row((3, "end"))
    assert rows_of(auto) == [(0, "small"), (1, value), (2, value), (3, "end")]
    cur = auto.cursor()
    with cur.copy("copy (select b from t order by a) to stdout") as copy:
        blocks = [bytes(block) for block in copy]
    assert blocks == [b"small\n", f"{value}\n".encode(), f"{value}\n".encode(), b"end\n"]


VALUES = [
    ("bool", True), ("int2", -5), ("int4", 70_000), ("int8", 2**40), ("oid", 4_000_000_000), ("float4", 1.5),
    ("float8", -0.1), ("float8", float("inf")), ("numeric", Decimal("1234567890123.0123")), ("text", "a\\b\tc\n"),
    ("varchar", "é"), ("bytea", b"\0\1\\\xff\t"), ("date", dt.date(2024, 2, 29)), ("time", dt.time(1, 2, 3, 4)),
    ("timestamp", dt.datetime(2024, 1, 2, 3, 4, 5, 6)), ("interval", dt.timedelta(days=-3, seconds=7)),
    ("timestamptz", dt.datetime(2024, 1, 2, 3, 4, tzinfo=dt.timezone.utc)), ("uuid", UUID(int=2**127 + 5)),
    ("timetz", dt.time(1, 2, tzinfo=dt.timezone(dt.timedelta(hours=3)))), ("inet", ipaddress.ip_address("10.0.0.1")),
    ("cidr", ipaddress.ip_network("fe80::/16")), ("int4[]", [1, None, 3]), ("int4[]", [[1, 2], [3, 4]]),
    ("text[]", ["a\tb", 'q"uote', "back\\slash", None, ""]), ("numeric[]", [Decimal("1.5"), Decimal("NaN")]),
    ("jsonb", {"a": [1, "x\n", None]}), ("json", [1.5, {"k": "\\"}]),
]  # fmt: skip


@pytest.mark.parametrize(("type", "value"), VALUES, ids=lambda x: x if isinstance(x, str) else "")
def test_types(auto, format, type, value):
    """In and out again; a query gives the same."""
    auto.execute("set timezone to 'UTC'")
    auto.execute(f"create temp table v (n int, v {type})")
    cur = auto.cursor()
    with cur.copy(f"copy v from stdin (format {format})") as copy:
        copy.set_types(["int4", type])
        copy.write_row((1, value))
        copy.write_row((2, None))
    want = cur.execute("select * from v order by n").fetchall()
    with cur.copy(f"copy (select * from v order by n) to stdout (format {format})") as copy:
        copy.set_types(["int4", type])
        got = list(copy.rows())
    assert repr(got) == repr(want)
    assert repr(want[0][1]) == repr(value)


def test_types_by_oid(auto, table):
    with auto.cursor().copy(IN_BINARY) as copy:
        copy.set_types([23, "text"])
        copy.write_row((1, "x"))
    with auto.cursor().copy("copy t to stdout") as copy:
        copy.set_types(["int4", 25])
        assert list(copy.rows()) == [(1, "x")]


def test_types_unknown(pg, auto, table):
    for types, error in ((["no such type", "text"], KeyError), ([999_999, 25], pg.ProgrammingError)):
        with pytest.raises(error), auto.cursor().copy(IN) as copy:
            copy.set_types(types)
        usable(auto)


def test_a_binary_int_is_as_small_as_can_be(pg, auto, table):
    with pytest.raises(pg.DatabaseError), auto.cursor().copy(IN_BINARY) as copy:
        copy.write_row((1, "x"))
    write_rows(auto, [(pg.types.numeric.Int4(1), "x")], "binary", types=None)
    assert rows_of(auto) == [(1, "x")]


def test_a_column_of_many_types(auto, table):
    values = [1, "2", 3.0, Decimal(4), True, None, "x"]
    with auto.cursor().copy("copy t (b) from stdin") as copy:
        for value in values:
            copy.write_row([value])
    want = ["1", "2", "3.0", "4", "t", None, "x"]
    assert [b for (b,) in auto.execute("select b from t order by ctid").fetchall()] == want


def test_adapters_of_the_cursor(pg, module, auto, table, format):
    adapt = module("adapt")

    class Shout(adapt.Dumper):
        oid = 25

        def dump(self, obj):
            return None if obj == "nothing" else f"{obj}\t!\\".encode()

    Shout.format = pg.pq.Format[format.upper()]
    cur = auto.cursor()
    cur.adapters.register_dumper(str, Shout)
    with cur.copy(f"copy t (b) from stdin (format {format})") as copy:
        for value in ("x", "nothing", "y"):
            copy.write_row([value])
    assert [b for (b,) in auto.execute("select b from t order by ctid").fetchall()] == ["x\t!\\", None, "y\t!\\"]


def test_loader_of_the_cursor(pg, module, auto):
    adapt = module("adapt")

    class Loud(adapt.Loader):
        def load(self, data):
            return bytes(data).decode().upper()

    cur = auto.cursor()
    cur.adapters.register_loader("text", Loud)
    with cur.copy(OUT) as copy:
        copy.set_types(["int4", "text"])
        assert copy.read_row() == (1, "X1")


# ---- out


def test_blocks_out(auto):
    cur = auto.cursor()
    with cur.copy(OUT) as copy:
        assert bytes(copy.read()) == b"1\tx1\n"
        assert [bytes(block) for block in copy] == [b"2\tx2\n", b"3\tx3\n", b"4\tx4\n", b"5\tx5\n"]
        assert copy.read() == b""
        assert copy.read() == b""
    assert cur.rowcount == 5
    assert copy.read() == b""


def test_rows_out(auto, format):
    raw = [("1", "x1"), (b"\0\0\0\1", b"x1")][format == "binary"]
    for types, first in ((None, raw), (["int4", "text"], (1, "x1"))):
        cur = auto.cursor()
        with cur.copy(f"{OUT} (format {format})") as copy:
            if types:
                copy.set_types(types)
            assert copy.read_row() == first
            assert len(list(copy.rows())) == 4
            assert copy.read_row() is None
        assert cur.rowcount == 5


def test_many_rows_out(auto, format):
    with auto.cursor().copy(f"{MANY} (format {format})") as copy:
        copy.set_types(["int4", "text"])
        rows = list(copy.rows())
    assert [a for a, _ in rows] == list(range(1, 20001))
    assert {b for _, b in rows} == {"x" * 1000}


@pytest.mark.parametrize("query", ["select", "select ''", "select null", "select '', null", "select 1 where false"])
def test_odd_rows_out(auto, format, query):
    want = [
        tuple(v if v is None or format == "text" else v.encode() for v in row)
        for row in auto.execute(query).fetchall()
    ]
    with auto.cursor().copy(f"copy ({query}) to stdout (format {format})") as copy:
        assert list(copy.rows()) == want


def test_all_characters(auto, table, format):
    text = "".join(map(chr, range(1, 0x250))) + "\u20ac\U0001f600"
    write_rows(auto, [(1, text), *((n, chr(n)) for n in range(2, 256))], format)
    with auto.cursor().copy(f"copy (select b from t order by a) to stdout (format {format})") as copy:
        copy.set_types(["text"])
        assert [b for (b,) in copy.rows()] == [text, *map(chr, range(2, 256))]


@pytest.mark.parametrize("encoding", ["latin1", "sjis", "big5", "gbk", "gb18030", "euc_jp"])
def test_encodings(pg, auto, table, encoding):
    """In some a backslash's byte may be the second one of a character."""
    text = {"latin1": "é\\ÿ\t", "euc_jp": "表\\ソ\t"}.get(
        encoding, "功\\表\t功" if encoding != "sjis" else "表\\ソ\t表ｱ\\"
    )
    if pg.__name__ == "psycopg" and encoding not in ("latin1", "euc_jp"):
        pytest.skip("psycopg loses such characters")
    auto.execute(f"set client_encoding to {encoding}")
    with auto.cursor().copy(IN) as copy:
        copy.write_row((1, text))
        copy.write_row((2, "\\" + text))
        copy.write("3\té\n" if encoding == "latin1" else "3\tx\n")
    assert [b for _, b in rows_of(auto)][:2] == [text, "\\" + text]
    with auto.cursor().copy("copy (select * from t order by a) to stdout") as copy:
        assert [b for _, b in copy.rows()][:2] == [text, "\\" + text]


def test_description(auto):
    cur = auto.cursor()
    with cur.copy(OUT) as copy:
        assert [(c.name, c.type_code) for c in cur.description] == [("column_1", 0), ("column_2", 0)]
        list(copy)
    assert len(cur.description) == 2


def test_no_fetching(pg, auto):
    cur = auto.cursor()
    with cur.copy(OUT) as copy:
        with pytest.raises(pg.ProgrammingError, match="result status: COPY_OUT"):
            cur.fetchone()
        list(copy)
    with pytest.raises(pg.ProgrammingError):
        cur.fetchall()


def test_not_in_postgresqls_own_format(pg, auto):
    for options in ("(format csv)", "(delimiter ',')"):
        with auto.cursor().copy(f"{OUT} {options}") as copy:
            with pytest.raises(pg.DataError):
                copy.read_row()
            list(copy)
        usable(auto)


def test_wrong_number_of_types(pg, auto, table):
    with auto.cursor().copy(OUT) as copy:
        copy.set_types(["int4"])
        with pytest.raises(pg.ProgrammingError, match="cannot load sequence of 2 items: 1 loaders registered"):
            copy.read_row()
        list(copy)
    with auto.cursor().copy(IN) as copy:
        copy.set_types(["int4"])
        with pytest.raises(pg.DataError, match="expected 1 values in row, got 2"):
            copy.write_row((1, 2))
        copy.set_types(["int4", "text"])
        copy.write_row((1, "x"))
    assert rows_of(auto) == [(1, "x")]


def test_decode_error(pg, auto):
    with auto.cursor().copy("copy (values ('2024-01-01'::date), ('infinity'), ('2024-01-02')) to stdout") as copy:
        copy.set_types(["date"])
        assert copy.read_row() == (dt.date(2024, 1, 1),)
        with pytest.raises(pg.DataError):
            copy.read_row()
        assert copy.read_row() == (dt.date(2024, 1, 2),)
        assert copy.read_row() is None
    usable(auto)


@pytest.mark.howdah_only  # psycopg then doesn't find the header that read() got
def test_blocks_then_rows(auto, format):
    with auto.cursor().copy(f"{OUT} (format {format})") as copy:
        copy.set_types(["int4", "text"])
        copy.read()
        assert copy.read_row() == (2, "x2")
        assert bytes(copy.read())
        assert list(copy.rows()) == [(4, "x4"), (5, "x5")]


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
    with watch.during(auto, ctrl_c), pytest.raises(KeyboardInterrupt), auto.cursor().copy(IN) as copy:
        for n in range(1, 1_000_000):
            copy.write_row((n, "x" * 1000))
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


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("timestamptz", dt.datetime(2024, 2, 29)),
        ("timestamp", dt.datetime(2024, 2, 29, tzinfo=dt.timezone.utc)),
        ("timestamptz[]", [dt.datetime(2024, 2, 29)]),
    ],
)
def test_a_moment_of_the_other_kind_is_refused_in_binary(auto, type_name, value):
    auto.execute(f"create temp table moments (x {type_name})")
    with pytest.raises(TypeError), auto.cursor().copy("copy moments from stdin (format binary)") as copy:
        copy.set_types([type_name])
        copy.write_row([value])
    assert auto.execute("select * from moments").fetchall() == []


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
