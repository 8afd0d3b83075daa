"""timeout= where a call is one of several: stream(), copy(), Pipeline.sync()."""

from __future__ import annotations

import asyncio
import math
import threading
import time

import pytest

from beside import beside, within
from replay import limited
from replay.blocking import blocking
from replay.play import ROADS
from replay.tunnel import server_context
from servers import fake
from servers.fake import FakeServer, message

pytestmark = pytest.mark.howdah_only

BLOCKING = blocking(limited.__file__)["LIMITED"]
TABLES = """
    drop table if exists held, slow;
    create table held (t text);
    create table slow (t text);
    create or replace function pause() returns trigger language plpgsql as
    $$ begin perform pg_sleep(60); return new; end $$;
    create trigger pause before insert on slow for each row execute function pause();
"""


@pytest.fixture
def tables(other):
    other.execute(TABLES)
    other.execute("begin; lock table held")
    yield
    other.execute("rollback; drop table held, slow; drop function pause")


@pytest.fixture(params=ROADS)
def run(request, pg):
    """Call something of `replay.limited` with a connection, and then a function with that: what the first raised."""

    async def under_asyncio(where, name, timeout, grace=60, **options):
        async with await pg.AsyncConnection.connect(where, **options) as conn:
            conn.cancel_grace = grace
            status, error = await failure(limited.LIMITED[name](conn, timeout), conn)
            if not conn.closed:
                await conn.rollback()
                assert await (await conn.execute("select 'mine'")).fetchone() == ("mine",)
            return error, status, conn.closed

    async def failure(work, conn):
        try:
            await work
        except pg.Error as error:
            return conn.info.transaction_status, error
        return conn.info.transaction_status, None

    def blocking(where, name, timeout, grace=60, **options):
        with pg.connect(where, **options) as conn:
            conn.cancel_grace = grace
            error = None
            try:
                BLOCKING[name](conn, timeout)
            except pg.Error as e:
                error = e
            status = conn.info.transaction_status
            if not conn.closed:
                conn.rollback()
                assert conn.execute("select 'mine'").fetchone() == ("mine",)
            return error, status, conn.closed

    return blocking if request.param == "blocking" else lambda *args, **kw: asyncio.run(under_asyncio(*args, **kw))


# ---- a server that takes its time


@pytest.mark.parametrize(
    ("name", "autocommit"),
    [
        *((name, True) for name in limited.LIMITED),
        ("stream", False),
        ("copy_in_that_is_slow", False),
        ("sync", False),
    ],
)
def test_it_is_cancelled(pg, dsn, tables, run, name, autocommit):
    """The connection goes on, and a transaction has failed."""
    with within(55):
        error, status, closed = run(dsn, name, 0.3, autocommit=autocommit)
    assert isinstance(error, pg.errors.QueryTimeout), error
    assert not closed
    assert status == (pg.pq.TransactionStatus.IDLE if autocommit else pg.pq.TransactionStatus.INERROR)


@pytest.mark.parametrize("timeout", [math.nan, "1"])
async def test_no_number(auto, aauto, timeout):
    for name in ("stream", "copy_out"):
        with pytest.raises((ValueError, TypeError)):
            BLOCKING[name](auto, timeout)
        with pytest.raises((ValueError, TypeError)):
            await limited.LIMITED[name](aauto, timeout)
    with auto.pipeline() as pipeline, pytest.raises((ValueError, TypeError)):
        pipeline.sync(timeout=timeout)
    async with aauto.pipeline() as pipeline:
        with pytest.raises((ValueError, TypeError)):
            await pipeline.sync(timeout=timeout)


@pytest.mark.parametrize("timeout", [None, 60, math.inf])
async def test_long_enough(auto, aauto, timeout):
    assert len(list(auto.cursor().stream("select generate_series(1, 1000)", timeout=timeout))) == 1000
    assert len([row async for row in aauto.cursor().stream("select generate_series(1, 99)", timeout=timeout)]) == 99
    for format in ("text", "binary"):
        auto.execute("create temp table if not exists t (n int)")
        with auto.cursor().copy(f"copy t from stdin (format {format})", timeout=timeout) as copy:
            copy.set_types(["int4"])
            for n in range(1000):
                copy.write_row([n])
        with auto.cursor().copy(f"copy t to stdout (format {format})", timeout=timeout) as copy:
            copy.set_types(["int4"])
            assert len(list(copy.rows())) >= 1000
    with auto.pipeline() as pipeline:
        cur = auto.execute("select 1")
        pipeline.sync(timeout=timeout)
        assert cur.fetchone() == (1,)
    async with aauto.pipeline() as pipeline:
        cur = await aauto.execute("select 1")
        await pipeline.sync(timeout=timeout)
        assert await cur.fetchone() == (1,)


def test_who_takes_his_time_with_the_rows_is_not_hurried(auto):
    """Only the server is."""
    taken = 0
    query = "select repeat('x', 10000) from generate_series(1, 1000)"
    for _ in auto.cursor().stream(query, timeout=2):
        taken += 1
        if taken == 3:
            time.sleep(2.5)
    assert taken == 1000
    taken = 0
    with auto.cursor().copy(f"copy ({query}) to stdout", timeout=2) as copy:
        for _ in copy:
            taken += 1
            if taken == 3:
                time.sleep(2.5)
    assert taken == 1000


def test_nothing_is_sent_too_late(pg, auto, watch):
    watch.hold()
    waiting = beside(auto.execute, watch.WAIT)
    watch.busy(auto)
    with within(30, 0.2), pytest.raises(pg.errors.QueryTimeout, match="before the query could be sent"):
        next(auto.cursor().stream("select 1", timeout=0.2))
    with within(30, 0.2), pytest.raises(pg.errors.QueryTimeout, match="before the query could be sent"):
        auto.cursor().copy("copy (select 1) to stdout", timeout=0.2).__enter__()
    watch.release()
    assert waiting.result().fetchone() == ("waited",)
    assert auto.execute("select 1").fetchone() == (1,)
    with pytest.raises(pg.errors.QueryTimeout, match="before the query could be sent"):
        next(auto.cursor().stream("select 1", timeout=0))
    with pytest.raises(pg.errors.QueryTimeout, match="before the query could be sent"):
        auto.cursor().copy("copy (select 1) to stdout", timeout=0).__enter__()
    assert auto.execute("select 1").fetchone() == (1,)


async def test_nothing_is_sent_too_late_asyncio(pg, aauto, watch):
    watch.hold()
    waiting = asyncio.create_task(aauto.execute(watch.WAIT))
    await watch.busy_async(aauto)
    with within(30, 0.2), pytest.raises(pg.errors.QueryTimeout, match="before the query could be sent"):
        await limited.LIMITED["stream"](aauto, 0.2)
    with within(30, 0.2), pytest.raises(pg.errors.QueryTimeout, match="before the query could be sent"):
        await limited.LIMITED["copy_out"](aauto, 0.2)
    watch.release()
    assert await (await waiting).fetchone() == ("waited",)
    assert await (await aauto.execute("select 1")).fetchone() == (1,)


# ---- pipelines


def test_what_of_a_pipeline_was_done(pg, auto):
    with auto.pipeline() as pipeline:
        one, two, three = (auto.execute(query) for query in ("select 1", "select 2 from pg_sleep(60)", "select 3"))
        with within(55), pytest.raises(pg.errors.QueryTimeout):
            pipeline.sync(timeout=0.2)
        assert one.fetchone() == (1,)
        with pytest.raises(pg.ProgrammingError):
            two.fetchone()
        with pytest.raises(pg.ProgrammingError):
            three.fetchone()
        assert auto.execute("select 4").fetchone() == (4,)
    assert auto.execute("select 5").fetchone() == (5,)


async def test_what_of_a_pipeline_was_done_asyncio(pg, aauto):
    async with aauto.pipeline() as pipeline:
        queries = ("select 1", "select 2 from pg_sleep(60)", "select 3")
        one, two, three = [await aauto.execute(query) for query in queries]
        with within(55), pytest.raises(pg.errors.QueryTimeout):
            await pipeline.sync(timeout=0.2)
        assert await one.fetchone() == (1,)
        with pytest.raises(pg.ProgrammingError):
            await two.fetchone()
        with pytest.raises(pg.ProgrammingError):
            await three.fetchone()
        assert await (await aauto.execute("select 4")).fetchone() == (4,)


def test_an_error_of_before_is_that_error(pg, auto):
    with auto.pipeline() as pipeline:
        auto.execute("select 1 / 0")
        auto.execute("select pg_sleep(60)")
        with within(55), pytest.raises(pg.errors.DivisionByZero):
            pipeline.sync(timeout=30)


# ---- the limit of a copy


def test_the_limit_can_be_changed(pg, auto, tables):
    copy = auto.cursor().copy("copy (select pg_sleep(1)) to stdout", timeout=0.2)
    assert copy.timeout == 0.2
    copy.timeout = None
    with copy:
        assert copy.timeout is None
        assert bytes(copy.read()) == b"\n"
    for wrong in (math.nan, "1"):
        with pytest.raises((ValueError, TypeError)):
            copy.timeout = wrong
    with pytest.raises(AttributeError):
        del copy.timeout
    with pytest.raises(pg.errors.QueryTimeout), auto.cursor().copy("copy slow from stdin") as copy:
        copy.write_row(["x"])
        copy.timeout = 0.2
    assert auto.execute("select count(*) from slow").fetchone() == (0,)


def test_a_copy_that_was_told_goes_on_telling(pg, auto):
    query = "select repeat('x', 10000), case when n = 900 then pg_sleep(60) end from generate_series(1, 1000) n"
    with within(55), auto.cursor().copy(f"copy ({query}) to stdout") as copy:
        copy.timeout = 0.3
        for _ in range(2):
            with pytest.raises(pg.errors.QueryTimeout):
                while copy.read():
                    pass
    assert auto.execute("select 1").fetchone() == (1,)


# ---- servers that are silent, or that don't heed the request to cancel

DESCRIPTION = message(b"T", b"\0\1c\0" + bytes(6) + b"\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0")
ROW = message(b"D", b"\0\1\0\0\0\1x")
BEGUN = message(b"1") + message(b"2")
OUT = BEGUN + message(b"n") + message(b"H", b"\0\0\1\0\0") + message(b"d", b"x\n")
IN = BEGUN + message(b"n") + message(b"G", b"\0\0\1\0\0")
SILENT = {
    "stream": b"",
    "stream_of_rows": BEGUN + DESCRIPTION + ROW,
    "copy_out": b"",
    "copy_out_by_rows": OUT,
    "copy_in_that_cannot_begin": b"",
    "copy_in_that_is_slow": IN,
    "copy_in_that_is_not_read": IN,
    "copy_in_that_is_not_read_by_rows": IN,
    "sync": BEGUN + DESCRIPTION,
}


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("name", SILENT)
def test_a_server_that_falls_silent(pg, run, tmp_path, name, tls):
    """After these words: the connection is closed when the request to cancel has not helped."""
    over = threading.Event()

    def script(peer):
        if "user" in peer.startup():
            peer.send(fake.authentication(0), fake.welcome())
            peer.read()
            peer.send(SILENT[name])
        over.wait(60)

    with FakeServer(script, context=server_context(tmp_path) if tls else None) as server:
        where = pg.conninfo.make_conninfo(**{**server.params, "sslmode": "require" if tls else "disable"})
        with within(45, 0.5):
            error, _, closed = run(where, name, 0.2, 0.3, autocommit=True)
        over.set()
    assert isinstance(error, pg.errors.QueryTimeout), error
    assert closed


@pytest.mark.parametrize("name", ["stream", "stream_of_rows", "copy_out", "copy_out_by_rows"])
def test_an_answer_that_was_dropped_is_no_answer(pg, run, name):
    """The server does not heed the request to cancel, and answers well: but nobody has listened to all of it."""
    asked = threading.Event()
    begun, more = {
        "stream": (b"", BEGUN + DESCRIPTION + ROW),
        "stream_of_rows": (BEGUN + DESCRIPTION + ROW, ROW),
        "copy_out": (b"", OUT),
        "copy_out_by_rows": (OUT, message(b"d", b"y\n")),
    }[name]
    end = message(b"C", b"SELECT 1\0") if name.startswith("stream") else message(b"c") + message(b"C", b"COPY 2\0")

    def script(peer):
        if "user" not in peer.startup():
            asked.set()
            return
        peer.send(fake.authentication(0), fake.welcome())
        kind = b""
        while kind not in (b"S", b"H"):
            kind, _ = peer.read()
        peer.send(begun)
        asked.wait(60)
        peer.send(more, end)
        while kind != b"S":
            kind, _ = peer.read()
        peer.send(fake.READY)
        while kind not in (b"Q", b"X"):
            kind, _ = peer.read()
        mine = message(b"D", b"\0\1\0\0\0\4mine")
        peer.send(DESCRIPTION, mine, message(b"C", b"SELECT 1\0"), fake.READY)
        peer.rest()

    with FakeServer(script) as server, within(45):
        error, _, closed = run(pg.conninfo.make_conninfo(**server.params), name, 0.2, autocommit=True)
    assert isinstance(error, pg.errors.QueryTimeout), error
    assert not closed
