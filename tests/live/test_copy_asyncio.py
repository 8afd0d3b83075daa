"""COPY under asyncio."""

from __future__ import annotations

import asyncio
import io
import os
import random
from contextlib import suppress

import pytest

from beside import QUARANTINE, within

IN = "copy t from stdin"
OUT = "copy (select g, 'x' || g from generate_series(1, 5) g) to stdout"
MANY = "copy (select g, repeat('x', 1000) from generate_series(1, 20000) g) to stdout"
ENDLESS = "copy (select n, repeat('x', 1000) from generate_series(1, 1000) n, generate_series(1, 100000)) to stdout"


@pytest.fixture(params=["text", "binary"])
def format(request):
    return request.param


@pytest.fixture
def table(other):
    other.execute("drop table if exists t; create table t (a int, b text)")
    yield "t"
    other.execute("drop table if exists t")


def rows_of(conn):
    return conn.execute("select a, b from t order by a").fetchall()


async def usable(conn):
    assert await (await conn.execute("select 'mine', %s::int", [5])).fetchone() == ("mine", 5)


def resident():
    """Bytes of this process in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_rows_in(aauto, other, table, format):
    rows = [(n, f"row\t{n}\\") if n % 7 else (n, None) for n in range(20_000)]
    cur = aauto.cursor()
    async with cur.copy(f"copy t from stdin (format {format})") as copy:
        copy.set_types(["int4", "text"])
        for row in rows:
            await copy.write_row(row)
    assert (cur.rowcount, cur.statusmessage) == (20_000, "COPY 20000")
    assert rows_of(other) == rows
    await usable(aauto)


async def test_blocks_in(aauto, other, table):
    value = "x" * 3_000_000
    async with aauto.cursor().copy(IN) as copy:
        await copy.write("0\tsmall\n")
        await copy.write(f"1\t{value}\n2\t{value}\n".encode())
        await copy.write(bytearray(b"3\t"))
        await copy.write(memoryview(b"end\n"))
        await copy.write_row((4, "row"))
    assert rows_of(other) == [(0, "small"), (1, value), (2, value), (3, "end"), (4, "row")]


async def test_out(aauto, format):
    cur = aauto.cursor()
    async with cur.copy(f"{OUT} (format {format})") as copy:
        blocks = [bytes(block) async for block in copy]
        assert await copy.read() == b""
        assert await copy.read_row() is None
    assert len(blocks) == 5 + (format == "binary")
    assert cur.rowcount == 5
    async with cur.copy(f"{MANY} (format {format})") as copy:
        copy.set_types(["int4", "text"])
        assert await copy.read_row() == (1, "x" * 1000)
        rows = [row async for row in copy.rows()]
        assert await copy.read_row() is None
    assert [a for a, _ in rows] == list(range(2, 20_001))
    await usable(aauto)


async def test_parameters(aauto):
    async with aauto.cursor().copy("copy (select %s, %s) to stdout", (1, "a'b")) as copy:
        assert [row async for row in copy.rows()] == [("1", "a'b")]


async def test_errors(pg, aauto, other, table):
    with pytest.raises(ZeroDivisionError):
        async with aauto.cursor().copy(IN) as copy:
            await copy.write_row((1, "x"))
            1 / 0  # noqa: B018
    with pytest.raises(pg.errors.InvalidTextRepresentation):
        async with aauto.cursor().copy(IN) as copy:
            await copy.write_row(("wat", "x"))
    with pytest.raises(pg.errors.DivisionByZero):
        async with aauto.cursor().copy(
            "copy (select 1 / (500 - n) from generate_series(1, 1000) n) to stdout"
        ) as copy:
            async for _ in copy:
                pass
    with pytest.raises(pg.ProgrammingError, match="got TUPLES_OK"):
        async with aauto.cursor().copy("select 1"):
            pass
    with pytest.raises(pg.errors.SyntaxError):
        async with aauto.cursor().copy("wat"):
            pass
    for statement in (OUT, ENDLESS):
        with within(30), pytest.raises(ZeroDivisionError):
            async with aauto.cursor().copy(statement) as copy:
                await copy.read()
                1 / 0  # noqa: B018
        await usable(aauto)
    assert rows_of(other) == []


async def test_only_once(aauto):
    async with aauto.cursor().copy(OUT) as copy:
        assert len([block async for block in copy]) == 5
    with pytest.raises(TypeError):
        async with copy:
            pass
    await usable(aauto)


@pytest.mark.howdah_only  # psycopg sends everything first
async def test_server_error_in_the_middle(pg, aauto, table):
    written = 0
    with pytest.raises(pg.errors.InvalidTextRepresentation):
        async with aauto.cursor().copy(IN) as copy:
            while written < 2_000_000:
                await copy.write_row(("wat", "x" * 100))
                written += 1
                if written % 1000 == 0:
                    await asyncio.sleep(0)
    assert 0 < written < 1_000_000
    await usable(aauto)


@pytest.mark.howdah_only  # psycopg's connection is then of no use
async def test_left_without_an_error(pg, aconn):
    cur = aconn.cursor()
    for read in (0, 1, 100):
        async with cur.copy(MANY) as copy:
            for _ in range(read):
                await copy.read()
        assert cur.rowcount == 20_000
        assert aconn.info.transaction_status == pg.pq.TransactionStatus.INTRANS
        await usable(aconn)


async def test_other_tasks_wait(aauto, table):
    seen = []

    async def look():
        seen.append(await (await aauto.execute("select count(*) from t")).fetchone())

    async with aauto.cursor().copy(IN) as copy:
        task = asyncio.create_task(look())
        await copy.write_row((1, "x"))
        await asyncio.sleep(0.1)
        assert not seen
    await task
    assert seen == [(1,)]


@pytest.mark.howdah_only
async def test_a_copy_of_several_tasks(aauto, other, table):
    async def write(n):
        for i in range(2000):
            await copy.write_row((n * 2000 + i, "x" * 2000))
            if i % 100 == 0:
                await asyncio.sleep(0)

    async with aauto.cursor().copy(IN) as copy:
        await asyncio.gather(*[write(n) for n in range(4)])
    assert rows_of(other) == [(n, "x" * 2000) for n in range(8000)]


# ---- memory


@pytest.mark.howdah_only
async def test_a_slow_reader_slows_the_server_down(aauto):
    with pytest.raises(ZeroDivisionError):
        async with aauto.cursor().copy(ENDLESS) as copy:
            await copy.read()
            before = resident()
            for n in range(60_000):
                await copy.read()
                if n % 100 == 0:
                    await asyncio.sleep(0.002)
            grown = resident() - before
            1 / 0  # noqa: B018
    assert grown < 20_000_000 + QUARANTINE


@pytest.mark.howdah_only
async def test_a_slow_server_slows_the_writer_down(aauto, other, conn, table):
    """It waits for a lock; meanwhile nothing piles up here."""
    other.execute("alter table t add unique (a)")
    conn.execute("insert into t values (1, 'mine')")
    written = 0

    async def write():
        nonlocal written
        async with aauto.cursor().copy(IN) as copy:
            for n in range(1, 30_001):
                await copy.write_row((n, "x" * 1000))
                written = n

    before = resident()
    task = asyncio.create_task(write())
    for _ in range(10):  # until it is stuck
        was = written
        await asyncio.sleep(0.5)
        if 0 < written == was:
            break
    assert written < 30_000
    assert resident() - before < 30_000_000 + QUARANTINE
    conn.rollback()
    await task
    assert other.execute("select count(*) from t").fetchone() == (30_000,)


# ---- cancellation


async def copy_in(conn):
    async with conn.cursor().copy(IN) as copy:
        for n in range(20_000):
            await copy.write_row((n, "x" * 500))
            if n % 1000 == 0:
                await asyncio.sleep(0)


async def copy_block(conn):
    async with conn.cursor().copy(IN) as copy:
        await copy.write(f"1\t{'x' * 20_000_000}\n")


async def copy_out(conn):
    async with conn.cursor().copy(MANY) as copy:
        async for _ in copy:
            pass


async def copy_slowly(conn):
    async with conn.cursor().copy("copy (select pg_sleep(0.01) from generate_series(1, 5)) to stdout") as copy:
        async for _ in copy.rows():
            pass


async def copy_half(conn):
    async with conn.cursor().copy(MANY) as copy:
        await copy.read_row()


@pytest.mark.howdah_only  # psycopg may close the connection
@pytest.mark.parametrize("work", [copy_in, copy_block, copy_out, copy_slowly, copy_half])
async def test_cancelled(pg, aauto, other, table, work):
    rng = random.Random(work.__name__)
    for _ in range(25):
        task = asyncio.create_task(work(aauto))
        await asyncio.sleep(rng.random() ** 2 * 0.08)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await usable(aauto)
        assert other.execute("select count(*) from t").fetchone()[0] in (0, 1, 20_000)
        other.execute("truncate t")


async def test_timeout_of_a_stuck_copy(pg, aauto, conn, other, table):
    other.execute("alter table t add unique (a)")
    conn.execute("insert into t values (1, 'mine')")

    async def write():
        async with aauto.cursor().copy(IN) as copy:
            for n in range(1, 100_000):
                await copy.write_row((n, "x" * 1000))

    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(write(), 0.5)
    conn.rollback()
    await usable(aauto)
    assert rows_of(other) == []


async def test_closed_in_the_block(pg, aauto, table):
    with pytest.raises(pg.OperationalError, match="the connection is closed"):
        async with aauto.cursor().copy(IN) as copy:
            await copy.write_row((1, "x"))
            await aauto.close()


async def test_backend_killed(pg, aauto, other, table):
    with pytest.raises(pg.OperationalError):
        async with aauto.cursor().copy(IN) as copy:
            other.execute("select pg_terminate_backend(%s)", [aauto.info.backend_pid])
            for n in range(1_000_000):
                await copy.write_row((n, "x" * 100))
    assert aauto.closed


@pytest.mark.howdah_only
def test_loop_that_ends_in_the_block(pg, dsn, table):
    """The task goes with its loop, and the connection with the task."""

    async def leave():
        conn = await pg.AsyncConnection.connect(dsn, autocommit=True)
        copy = conn.cursor().copy(ENDLESS)
        await copy.__aenter__()
        await copy.read()
        return conn, copy

    conn, copy = asyncio.run(leave())
    del copy
    assert conn.closed


# ---- writers


async def test_writer_of_ones_own(pg, module, aauto, other, table):
    class Counting(module("copy").AsyncLibpqWriter):
        written = 0
        ended = None

        async def write(self, data):
            self.written += len(data)
            await super().write(data)

        async def finish(self, exc=None):
            self.ended = (exc,)
            await super().finish(exc)

    cur = aauto.cursor()
    writer = Counting(cur)
    async with cur.copy(IN, writer=writer) as copy:
        assert copy.writer is writer
        for n in range(10_000):
            await copy.write_row((n, "x" * 10))
    assert rows_of(other) == [(n, "x" * 10) for n in range(10_000)]
    assert (writer.written, writer.ended) == (158_890, (None,))
    writer = Counting(cur)
    with pytest.raises(ZeroDivisionError):
        async with cur.copy(IN, writer=writer):
            1 / 0  # noqa: B018
    assert isinstance(writer.ended[0], ZeroDivisionError)


async def test_writer_to_a_file(pg, module, aauto):
    class FileWriter(module("copy").AsyncWriter):
        file = io.BytesIO()

        async def write(self, data):
            self.file.write(data)

    async with pg.AsyncCopy(aauto.cursor(), writer=FileWriter()) as copy:
        await copy.write_row((1, "a\tb"))
        await copy.write_row((None, ""))
    assert FileWriter.file.getvalue() == b"1\ta\\tb\n\\N\t\n"
    await usable(aauto)


async def test_queued_writer(pg, module, aauto, other, table):
    Queued = module("copy").AsyncQueuedLibpqWriter
    cur = aauto.cursor()
    async with cur.copy(IN, writer=Queued(cur)) as copy:
        for n in range(20_000):
            await copy.write_row((n, "x" * 50))
    assert cur.rowcount == 20_000
    with pytest.raises(ZeroDivisionError):
        async with cur.copy(IN, writer=Queued(cur)) as copy:
            await copy.write("5\tx\n" * 1000)
            1 / 0  # noqa: B018
    with pytest.raises(pg.errors.InvalidTextRepresentation):
        async with cur.copy(IN, writer=Queued(cur)) as copy:
            for _ in range(2000):
                await copy.write("wat\tx\n" * 1000)
    assert len(rows_of(other)) == 20_000


@pytest.mark.parametrize("read", ["read", "read_row"])
async def test_an_error_told_to_the_reader_is_not_told_again(pg, aauto, read):
    await aauto.execute("set client_encoding to latin1")
    async with aauto.cursor().copy("copy (select chr(8364)) to stdout") as copy:
        with pytest.raises(pg.DataError):
            await getattr(copy, read)()
    await usable(aauto)
