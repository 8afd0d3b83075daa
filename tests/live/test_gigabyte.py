"""Values as large as PostgreSQL has them, and larger. Only by ``make large``: 6 GiB of memory, and some minutes."""

from __future__ import annotations

import os

import pytest

pytestmark = pytest.mark.skipif(
    not os.environ.get("HOWDAH_TEST_GIGABYTE"), reason="takes 6 GiB of memory: make large, or HOWDAH_TEST_GIGABYTE=1"
)

GIB = 1 << 30
# A DataRow with one value is two bytes, four, the value; the server has a byte for itself, and none of 1 GiB.
LARGEST = GIB - 8


def usable(conn):
    assert not conn.closed
    conn.rollback()
    assert conn.execute("select %s::int", [7]).fetchone() == (7,)
    conn.rollback()


def test_text_from_the_server(conn):
    (text,) = conn.execute("select repeat('x', %s - 1) || 'y'", [LARGEST]).fetchone()
    assert len(text) == LARGEST
    assert text.count("x") == LARGEST - 1
    assert text[-1] == "y"
    del text
    usable(conn)


def test_bytea_from_the_server(conn):
    query = "select convert_to(repeat('x', %s - 1), 'latin1') || '\\xff'::bytea"
    (value,) = conn.execute(query, [LARGEST], binary=True).fetchone()
    assert len(value) == LARGEST
    assert value.count(b"x") == LARGEST - 1
    assert value[-1] == 0xFF
    del value
    usable(conn)


@pytest.mark.parametrize("size", [LARGEST + 1, GIB])
def test_more_than_the_server_sends(pg, conn, size):
    with pytest.raises(pg.errors.ProgramLimitExceeded):
        conn.execute("select repeat('x', %s)", [size])
    usable(conn)


@pytest.mark.parametrize("kind", [str, bytes])
def test_a_parameter(conn, kind):
    """A Bind has some twenty bytes around its value, and must be smaller than 1 GiB as a whole."""
    size = GIB - 64
    value = "x" * size if kind is str else b"x" * size
    query = "select octet_length(%s::text)" if kind is str else "select octet_length(%s::bytea)"
    assert conn.execute(query, [value]).fetchone() == (size,)
    usable(conn)


@pytest.mark.howdah_only  # libpq sends it, and the server hangs up
@pytest.mark.parametrize("sizes", [(GIB,), (GIB - 1,), (GIB // 2, GIB // 2)], ids=str)
@pytest.mark.parametrize("kind", [str, bytes])
def test_more_than_the_server_takes(pg, conn, kind, sizes):
    """Refused before anything is sent: no transaction has begun."""
    values = ["x" * size if kind is str else bytes(size) for size in sizes]
    with pytest.raises(pg.DataError, match="larger than"):
        conn.execute("select " + ", ".join(["octet_length(%s)"] * len(values)), values)
    assert conn.info.transaction_status == pg.pq.TransactionStatus.IDLE
    usable(conn)


@pytest.mark.howdah_only
def test_more_than_the_server_takes_among_many(pg, conn, table):
    """Nothing of executemany() stays, nor is anything lost: it is one transaction."""
    with pytest.raises(pg.DataError, match="larger than"):
        conn.cursor().executemany("insert into t values (%s, %s)", [(1, "x"), (2, "x" * GIB), (3, "x")])
    conn.rollback()
    assert conn.execute("select count(*) from t").fetchone() == (0,)
    usable(conn)


def test_copy(conn):
    """Into a table and back, each value a message of the server's; ours are cut into smaller ones."""
    size = GIB - 64
    conn.execute("create temp table large (value bytea)")
    conn.execute("alter table large alter value set storage external")  # xs could be compressed
    value = b"x" * size
    with conn.cursor().copy("copy large from stdin (format binary)") as copy:
        copy.write_row([value])
    del value
    assert conn.execute("select octet_length(value) from large").fetchone() == (size,)
    with conn.cursor().copy("copy large to stdout (format binary)") as copy:
        copy.set_types(["bytea"])
        ((value,),) = copy.rows()
    assert len(value) == size
    assert value.count(b"x") == size
    usable(conn)


@pytest.mark.howdah_only  # libpq takes no CopyData of 1 GiB
def test_copy_of_more_than_the_server_takes(pg, conn):
    conn.execute("create temp table large (value bytea)")
    with pytest.raises(pg.Error), conn.cursor().copy("copy large from stdin (format binary)") as copy:
        copy.write_row([bytes(GIB)])
    usable(conn)
