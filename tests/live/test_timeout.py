"""timeout=: the server is asked to cancel, then the connection is closed; what it is afterwards is always known."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager

import pytest

from beside import beside, within
from servers import fake

pytestmark = pytest.mark.howdah_only


@contextmanager
def silent_server(last_words=b""):
    """It lets everybody in, and then never answers again, neither to queries nor to cancel requests."""
    asked, over = threading.Event(), threading.Event()

    def script(peer):
        if "user" not in peer.startup():
            over.wait(60)  # a CancelRequest
            return
        peer.send(fake.authentication(0), fake.welcome())
        peer.read()
        asked.set()
        if last_words:
            peer.send(last_words)
        over.wait(60)

    with fake.FakeServer(script) as server:
        server.asked = asked
        try:
            yield server
        finally:
            over.set()


def usable(conn):
    assert conn.execute("select 'mine', %s::int", [5], timeout=60).fetchone() == ("mine", 5)


async def ausable(conn):
    cur = await conn.execute("select 'mine', %s::int", [5], timeout=60)
    assert await cur.fetchone() == ("mine", 5)


QUERIES = {
    "extended": ("select pg_sleep(%s)", [60]),
    "simple": ("select pg_sleep(60)", None),
    "several": ("select 1; select pg_sleep(60)", None),
    "rows": ("select n, repeat('x', 500) from generate_series(1, 10000000) n", None),
    "slow rows": ("select pg_sleep(0.03), repeat('x', 10000) from generate_series(1, 2000)", None),
}


def test_class(pg):
    assert issubclass(pg.errors.QueryTimeout, pg.errors.QueryCanceled)
    assert issubclass(pg.errors.QueryTimeout, pg.OperationalError)


@pytest.mark.parametrize("name", QUERIES)
def test_execute(pg, auto, name):
    with within(30, 0.1), pytest.raises(pg.errors.QueryTimeout, match="timeout expired") as caught:
        auto.execute(*QUERIES[name], timeout=0.1)
    assert caught.value.sqlstate == "57014"
    assert caught.value.diag.message_primary == "canceling statement due to user request"
    assert isinstance(caught.value.__cause__, pg.errors.QueryCanceled)
    assert auto.info.transaction_status == pg.pq.TransactionStatus.IDLE
    usable(auto)


@pytest.mark.parametrize("name", QUERIES)
async def test_execute_asyncio(pg, aauto, name):
    with within(30, 0.1), pytest.raises(pg.errors.QueryTimeout, match="timeout expired") as caught:
        await aauto.execute(*QUERIES[name], timeout=0.1)
    assert caught.value.diag.message_primary == "canceling statement due to user request"
    assert aauto.info.transaction_status == pg.pq.TransactionStatus.IDLE
    await ausable(aauto)


@pytest.mark.parametrize("name", QUERIES)
def test_in_a_transaction(pg, conn, name):
    """It has failed, whether it was open before or began with the query."""
    for _ in range(2):
        with pytest.raises(pg.errors.QueryTimeout):
            conn.execute(*QUERIES[name], timeout=0.05)
        assert conn.info.transaction_status == pg.pq.TransactionStatus.INERROR
        conn.rollback()
        conn.execute("select 1")
    usable(conn)


async def test_in_a_transaction_asyncio(pg, aconn):
    with pytest.raises(pg.errors.QueryTimeout):
        await aconn.execute("select pg_sleep(60)", timeout=0.05)
    assert aconn.info.transaction_status == pg.pq.TransactionStatus.INERROR
    await aconn.rollback()
    await ausable(aconn)


def test_in_a_block(pg, conn, other):
    other.execute("drop table if exists timeouts; create table timeouts (x int)")
    with pytest.raises(pg.errors.QueryTimeout), conn.transaction():
        conn.execute("insert into timeouts values (1)")
        conn.execute("select pg_sleep(60)", timeout=0.05)
    with conn.transaction():
        conn.execute("insert into timeouts values (2)")
        with pytest.raises(pg.errors.QueryTimeout), conn.transaction():
            conn.execute("select pg_sleep(60)", timeout=0.05)
        conn.execute("insert into timeouts values (3)", timeout=60)
    assert other.execute("select * from timeouts order by 1").fetchall() == [(2,), (3,)]


@pytest.mark.parametrize("timeout", [0, -1, 1e-9])
async def test_over_before_it_began(pg, auto, aauto, timeout):
    with pytest.raises(pg.errors.QueryTimeout):
        auto.execute("select pg_sleep(60)", timeout=timeout)
    with pytest.raises(pg.errors.QueryTimeout):
        await aauto.execute("select pg_sleep(60)", timeout=timeout)
    usable(auto)
    await ausable(aauto)


def test_over_before_it_began_opens_no_transaction(pg, conn):
    with pytest.raises(pg.errors.QueryTimeout, match="before the query could be sent"):
        conn.execute("select 1", timeout=0)
    assert conn.info.transaction_status == pg.pq.TransactionStatus.IDLE


@pytest.mark.parametrize("timeout", [None, 60, 1e300, float("inf"), True])
async def test_long_enough(auto, aauto, timeout):
    assert auto.execute("select 1", timeout=timeout).fetchone() == (1,)
    assert auto.cursor().execute("select %s::int", [2], timeout=timeout).fetchone() == (2,)
    assert await (await aauto.execute("select 1", timeout=timeout)).fetchone() == (1,)


async def test_no_number(auto, aauto):
    with pytest.raises(TypeError):
        auto.execute("select 1", timeout="1")
    with pytest.raises(ValueError, match="NaN"):
        auto.execute("select 1", timeout=float("nan"))
    with pytest.raises(TypeError):
        await aauto.execute("select 1", timeout=[])
    usable(auto)


def test_keyword_only(auto):
    with pytest.raises(TypeError):
        auto.cursor().execute("select 1", None, None, None, 1)


def test_another_error_stays_what_it_is(pg, auto):
    with pytest.raises(pg.errors.DivisionByZero):
        auto.execute("select 1 / 0", timeout=60)
    with pytest.raises(pg.errors.SyntaxError):
        auto.execute("wrong", timeout=60)


def test_at_the_last_moment(pg, auto):
    """The query's result, or the error; never another's."""
    ended, timeout = set(), 0.02
    for n in range(60):
        try:
            cur = auto.execute("select %s::int from pg_sleep(0.01)", [n], timeout=timeout)
            assert cur.fetchone() == (n,)
            ended.add("well")
            timeout *= 0.9  # where the last moment is, depends on the machine
        except pg.errors.QueryTimeout:
            ended.add("late")
            timeout *= 1.15
        assert auto.execute("select %s::text", [f"tag {n}"]).fetchone() == (f"tag {n}",)
    assert ended == {"well", "late"}


async def test_at_the_last_moment_asyncio(pg, aauto):
    ended, timeout = set(), 0.02
    for n in range(60):
        try:
            cur = await aauto.execute("select %s::int from pg_sleep(0.01)", [n], timeout=timeout)
            assert await cur.fetchone() == (n,)
            ended.add("well")
            timeout *= 0.9
        except pg.errors.QueryTimeout:
            ended.add("late")
            timeout *= 1.15
        assert await (await aauto.execute("select %s::text", [f"tag {n}"])).fetchone() == (f"tag {n}",)
    assert ended == {"well", "late"}
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


# ---- executemany


@pytest.mark.parametrize("returning", [False, True])
def test_executemany(pg, auto, returning):
    auto.execute("create temp table t (n int)")
    query = "with s as materialized (select pg_sleep(0.01)) insert into t select %s from s returning n"
    with within(30, 0.1), pytest.raises(pg.errors.QueryTimeout):
        auto.cursor().executemany(query, [(n,) for n in range(5000)], returning=returning, timeout=0.1)
    assert auto.execute("select count(*) from t").fetchone() == (0,)
    auto.cursor().executemany(query, [(1,), (2,)], returning=returning, timeout=60)
    assert auto.execute("select count(*) from t").fetchone() == (2,)


async def test_executemany_asyncio(pg, aauto):
    with within(30, 0.1), pytest.raises(pg.errors.QueryTimeout):
        await aauto.cursor().executemany("select pg_sleep(%s)", [(0.01,)] * 5000, timeout=0.1)
    await ausable(aauto)


def test_executemany_of_an_endless_iterator(pg, conn):
    """It is fed to the end of the timeout, and what was sent is undone."""

    def rows():
        while True:
            time.sleep(0.001)
            yield (1,)

    with within(30, 0.1), pytest.raises(pg.errors.QueryTimeout):
        conn.cursor().executemany("select %s::int, repeat('x', 20000)", rows(), timeout=0.1)
    assert conn.info.transaction_status == pg.pq.TransactionStatus.INERROR
    conn.rollback()
    usable(conn)


# ---- who waits for the connection


def test_while_another_thread_has_it(pg, auto, watch):
    watch.hold()
    waiting = beside(auto.execute, watch.WAIT)
    watch.busy(auto)
    with within(30, 0.2), pytest.raises(pg.errors.QueryTimeout, match="before the query could be sent"):
        auto.execute("select 1", timeout=0.2)
    watch.release()
    usable(auto)
    assert waiting.result().fetchone() == ("waited",)


async def test_while_another_task_has_it(pg, aauto, watch):
    watch.hold()
    first = asyncio.create_task(aauto.execute(watch.WAIT))
    await watch.busy_async(aauto)
    third = asyncio.create_task(aauto.execute("select 'third'", timeout=60))
    with within(30, 0.2), pytest.raises(pg.errors.QueryTimeout, match="before the query could be sent"):
        await aauto.execute("select 1", timeout=0.2)
    watch.release()
    assert await (await third).fetchone() == ("third",)
    assert await (await first).fetchone() == ("waited",)


async def test_a_cancelled_task_in_the_queue(aauto, watch):
    watch.hold()
    first = asyncio.create_task(aauto.execute(watch.WAIT))
    await watch.busy_async(aauto)
    second = asyncio.create_task(aauto.execute("select 1", timeout=60))
    await asyncio.sleep(0.05)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    watch.release()
    await ausable(aauto)
    assert await (await first).fetchone() == ("waited",)


async def test_at_random(pg, aauto):
    """Tasks on one connection, with timeouts, some of them cancelled too."""

    async def one(n):
        try:
            cur = await aauto.execute("select %s::int from pg_sleep(0.003)", [n], timeout=0.001 * (n % 11 + 1))
        except pg.errors.QueryTimeout:
            return
        assert await cur.fetchone() == (n,)

    for _ in range(20):
        tasks = [asyncio.create_task(one(n)) for n in range(12)]
        await asyncio.sleep(0.002)
        tasks[3].cancel()
        tasks[7].cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            assert result is None or isinstance(result, asyncio.CancelledError)
        await ausable(aauto)


# ---- pipelines


def test_in_a_pipeline(pg, auto):
    """There execute() waits for nothing that could be limited."""
    with auto.pipeline():
        with pytest.raises(pg.ProgrammingError, match="pipeline mode"):
            auto.execute("select 1", timeout=1)
        cur = auto.execute("select 2")
    assert cur.fetchone() == (2,)


# ---- a server that has fallen silent


def test_silent_server(pg):
    with silent_server() as server:
        conn = pg.connect(**server.params, autocommit=True)
        conn.cancel_grace = 0.3
        with within(30, 0.5), pytest.raises(pg.errors.QueryTimeout, match="connection was closed"):
            conn.execute("select 1", timeout=0.2)
        assert conn.closed
        assert conn.broken


@pytest.mark.parametrize("size", [1, 30_000_000])
async def test_silent_server_asyncio(pg, size):
    with silent_server() as server:
        conn = await pg.AsyncConnection.connect(**server.params, autocommit=True)
        conn.cancel_grace = 0.3
        with within(30, 0.5), pytest.raises(pg.errors.QueryTimeout, match="connection was closed"):
            await conn.execute("select %s", ["x" * size], timeout=0.2)
        assert conn.closed
        await asyncio.sleep(0)
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


def test_silent_server_by_default(pg):
    with silent_server() as server:
        conn = pg.connect(**server.params, autocommit=True)
        with within(30), pytest.raises(pg.errors.QueryTimeout):
            conn.execute("select 1", timeout=0.2)


def test_silent_while_sending(pg):
    with silent_server() as server:
        conn = pg.connect(**server.params, autocommit=True)
        conn.cancel_grace = 0.3
        with within(30, 0.5), pytest.raises(pg.errors.QueryTimeout):
            conn.execute("select %s", ["x" * 30_000_000], timeout=0.2)
        assert conn.closed


def test_silent_in_the_middle_of_rows(pg):
    columns = fake.message(b"T", b"\0\1a\0\0\0\0\0\0\0\0\0\0\x17\0\4\xff\xff\xff\xff\0\0")
    row = fake.message(b"D", b"\0\1\0\0\0\1" + b"7")
    words = fake.message(b"1") + fake.message(b"2") + columns + row * 3
    with silent_server(words) as server:
        conn = pg.connect(**server.params, autocommit=True)
        conn.cancel_grace = 0.3
        with within(30, 0.5), pytest.raises(pg.errors.QueryTimeout):
            conn.execute("select %s::int", [7], timeout=0.2)
        assert conn.closed


def test_silent_server_interrupted(pg):
    """Ctrl-C is not held up either."""
    import _thread

    with silent_server() as server:
        conn = pg.connect(**server.params, autocommit=True)
        conn.cancel_grace = 0.3
        with within(30, 0.3), pytest.raises(KeyboardInterrupt):
            beside(lambda: server.asked.wait(60) and _thread.interrupt_main())
            conn.execute("select 1")
        assert conn.closed


def test_lost_at_the_end(pg):
    """What the server said last is told, whatever the timeout."""
    words = fake.error("57P01", "terminating connection due to administrator command")

    cancelled, said = threading.Event(), threading.Event()

    def script(peer):
        if "user" not in peer.startup():
            cancelled.set()
            said.wait(60)
            return
        peer.send(fake.authentication(0), fake.welcome())
        peer.read()
        cancelled.wait(60)
        peer.send(words)
        said.set()

    with fake.FakeServer(script) as server:
        conn = pg.connect(**server.params, autocommit=True)
        conn.cancel_grace = 30
        with pytest.raises(pg.errors.AdminShutdown):
            conn.execute("select 1", timeout=0.2)
        assert conn.closed


# ---- cursors on the server


def test_server_cursor(pg, conn):
    cur = conn.cursor("c")
    with pytest.raises(pg.errors.QueryTimeout):
        cur.execute("select pg_sleep(60) union select pg_sleep(60) order by 1", timeout=0)
    cur.execute("select 1", timeout=60)
    assert cur.fetchall() == [(1,)]
    cur.close()
