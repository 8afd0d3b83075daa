"""What is closed, by us or by the server, and what happens to who uses it then."""

from __future__ import annotations

import asyncio
import gc
import os
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from beside import eventually, leave_in_child, within
from servers import fake

pytestmark = pytest.mark.every_loop


def terminate(other, conn):
    """Returns when its process is gone, so that its last words have been sent."""
    other.execute("select pg_terminate_backend(%s, 60000)", [conn.info.backend_pid])


def test_close(conn):
    conn.close()
    assert conn.closed is True
    assert conn.broken is False
    conn.close()


def test_close_frees_the_socket(pg, dsn):
    conn = pg.connect(dsn)
    fd = conn.fileno()
    conn.close()
    with pytest.raises(OSError):
        os.fstat(fd)


def test_close_ends_the_backend(pg, dsn, other):
    conn = pg.connect(dsn)
    pid = conn.info.backend_pid
    conn.close()
    eventually(lambda: not other.execute("select 1 from pg_stat_activity where pid = %s", [pid]).fetchone())


def test_closed_connection(pg, conn):
    cur = conn.cursor()
    conn.close()
    for use in (
        conn.cursor,
        conn.commit,
        conn.rollback,
        conn.fileno,
        lambda: conn.execute("select 1"),
        lambda: cur.execute("select 1"),
        lambda: cur.executemany("select %s", [(1,)]),
        lambda: conn.transaction().__enter__(),
    ):
        with pytest.raises(pg.OperationalError, match="closed"):
            use()


def test_closed_cursor(pg, conn):
    cur = conn.execute("select 1")
    assert cur.closed is False
    cur.close()
    assert cur.closed is True
    cur.close()
    for use in (
        cur.fetchone,
        cur.fetchmany,
        cur.fetchall,
        lambda: list(cur),
        lambda: cur.scroll(0),
        lambda: cur.execute("select 1"),
        lambda: cur.executemany("select %s", [(1,)]),
    ):
        with pytest.raises(pg.InterfaceError, match="closed"):
            use()


def test_attributes_of_a_closed_cursor(conn):
    cur = conn.execute("select 1")
    cur.close()
    assert cur.connection is conn
    assert cur.description is None


def test_info_of_a_closed_connection(pg, conn):
    conn.close()
    assert conn.info.transaction_status == pg.pq.TransactionStatus.UNKNOWN
    assert conn.info.status == pg.pq.ConnStatus.BAD
    with pytest.raises(pg.OperationalError):
        _ = conn.info.host


def test_terminated_while_idle(pg, conn, other):
    conn.execute("select 1")
    terminate(other, conn)
    with pytest.raises(pg.OperationalError):
        conn.execute("select 1")
    assert conn.closed
    assert conn.broken
    with pytest.raises(pg.OperationalError):
        conn.execute("select 1")


def test_terminated_while_idle_names_the_reason(pg, conn, other):
    terminate(other, conn)
    with pytest.raises(pg.errors.AdminShutdown):
        conn.execute("select 1")


def test_terminated_by_itself(pg, conn):
    with pytest.raises(pg.errors.AdminShutdown) as info:
        conn.execute("select pg_terminate_backend(pg_backend_pid())")
    assert isinstance(info.value, pg.OperationalError)
    assert info.value.sqlstate == "57P01"
    assert conn.closed
    assert conn.broken


def test_terminated_while_waiting(pg, conn, other, watch):
    with watch.during(conn, lambda: terminate(other, conn)), pytest.raises(pg.errors.AdminShutdown):
        conn.execute("select pg_sleep(60)")
    assert conn.broken


def test_terminated_while_rows_arrive(pg, conn, other, watch):
    with watch.during(conn, lambda: terminate(other, conn)), pytest.raises(pg.OperationalError):
        for _ in range(100):
            conn.execute("select repeat('x', 1000) from generate_series(1, 100000)")
    assert conn.broken


def test_terminated_in_executemany(pg, conn, other, watch):
    with watch.during(conn, lambda: terminate(other, conn)), pytest.raises(pg.OperationalError):
        conn.cursor().executemany("select pg_sleep(%s)", [(0.02,)] * 3000)
    assert conn.broken


def test_broken_connection_is_closed_and_stays_broken(pg, conn, other):
    terminate(other, conn)
    with pytest.raises(pg.OperationalError):
        conn.execute("select 1")
    conn.close()
    assert conn.closed
    assert conn.broken
    assert "BAD" in repr(conn)


def test_broken_connection_as_a_context_manager(pg, dsn, other):
    with pytest.raises(pg.OperationalError), pg.connect(dsn) as conn:
        terminate(other, conn)
        conn.execute("select 1")
    assert conn.closed


def test_results_outlive_a_broken_connection(pg, conn, other):
    cur = conn.execute("select generate_series(1, 3)")
    terminate(other, conn)
    with pytest.raises(pg.OperationalError):
        conn.execute("select 1")
    assert cur.fetchall() == [(1,), (2,), (3,)]


def test_idle_timeout_of_the_server(pg, auto, other):
    pid = auto.info.backend_pid
    auto.execute("set idle_session_timeout = 50")
    eventually(lambda: not other.execute("select 1 from pg_stat_activity where pid = %s", [pid]).fetchone())
    with pytest.raises(pg.errors.IdleSessionTimeout):
        auto.execute("select 1")
    assert auto.broken


@pytest.mark.howdah_only
def test_closed_by_another_thread_while_waiting(pg, conn, watch):
    """The waiter wakes at once."""
    with within(30), watch.during(conn, conn.close, "pg_sleep"), pytest.raises(pg.OperationalError):
        conn.execute("select pg_sleep(60)")
    assert conn.closed


@pytest.mark.howdah_only
def test_closed_while_threads_wait_their_turn(pg, conn, watch):
    with ThreadPoolExecutor(5) as pool:
        waiting = [pool.submit(conn.execute, "select pg_sleep(60)") for _ in range(5)]
        watch.busy(conn, query="pg_sleep")
        conn.close()
        with within(30):
            for one in waiting:
                with pytest.raises(pg.OperationalError):
                    one.result()


def test_close_ends_an_open_cursor(pg, conn):
    cur = conn.execute("select generate_series(1, 2)")
    conn.close()
    assert cur.fetchone() == (1,)
    assert cur.fetchone() == (2,)


def test_forgotten_connection_warns_and_closes(pg, dsn, other):
    conn = pg.connect(dsn)
    pid, fd = conn.info.backend_pid, conn.fileno()
    with pytest.warns(ResourceWarning, match="deleted while still open"):  # noqa: PT031
        del conn
        gc.collect()
    with pytest.raises(OSError):
        os.fstat(fd)
    eventually(lambda: not other.execute("select 1 from pg_stat_activity where pid = %s", [pid]).fetchone())


def test_closed_connection_does_not_warn(pg, dsn):
    conn = pg.connect(dsn)
    conn.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del conn
        gc.collect()


def test_cursor_keeps_its_connection(pg, dsn):
    cur = pg.connect(dsn).cursor()
    assert cur.execute("select 1").fetchone() == (1,)
    cur.connection.close()


def test_cycles_are_collected(pg, dsn):
    import weakref

    class Holder(pg.Connection):
        pass

    conn = Holder.connect(dsn)
    conn.me = conn
    conn.cur = conn.execute("select 1")
    conn.close()
    gone = weakref.ref(conn)
    del conn
    gc.collect()
    assert gone() is None


async def test_async_close(pg, aconn):
    cur = aconn.cursor()
    await aconn.close()
    assert aconn.closed
    await aconn.close()
    with pytest.raises(pg.OperationalError):
        await aconn.execute("select 1")
    with pytest.raises(pg.OperationalError):
        await cur.execute("select 1")
    with pytest.raises(pg.OperationalError):
        await aconn.commit()


async def test_async_closed_cursor(pg, aconn):
    cur = await aconn.execute("select 1")
    await cur.close()
    with pytest.raises(pg.InterfaceError):
        await cur.fetchone()
    with pytest.raises(pg.InterfaceError):
        await cur.execute("select 1")


async def test_async_terminated_while_waiting(pg, aconn, other, watch):
    task = asyncio.create_task(aconn.execute("select pg_sleep(60)"))
    await watch.busy_async(aconn)
    terminate(other, aconn)
    with pytest.raises(pg.errors.AdminShutdown):
        await task
    assert aconn.closed
    assert aconn.broken


async def test_async_terminated_while_idle(pg, aconn, other):
    await aconn.execute("select 1")
    terminate(other, aconn)
    await asyncio.sleep(0.1)  # the event loop looks; the words are there
    with pytest.raises(pg.errors.AdminShutdown):
        await aconn.execute("select 1")
    assert aconn.broken
    with pytest.raises(pg.OperationalError, match="closed"):
        await aconn.execute("select 1")


async def test_async_terminated_with_others_waiting(pg, aauto, other, watch):
    tasks = [asyncio.create_task(aauto.execute("select pg_sleep(60)")) for _ in range(5)]
    await watch.busy_async(aauto)
    terminate(other, aauto)
    done = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30)
    assert all(isinstance(error, pg.OperationalError) for error in done)


@pytest.mark.howdah_only
async def test_async_closed_while_waiting(pg, aconn, watch):
    tasks = [asyncio.create_task(aconn.execute("select pg_sleep(60)")) for _ in range(3)]
    await watch.busy_async(aconn, query="pg_sleep")
    await aconn.close()
    done = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30)
    assert all(isinstance(error, pg.OperationalError) for error in done)


async def test_async_forgotten_connection_warns(pg, dsn):
    conn = await pg.AsyncConnection.connect(dsn)
    await conn.execute("select 1")
    with pytest.warns(ResourceWarning, match="deleted while still open"):  # noqa: PT031
        del conn  # no turn of the loop is needed
        gc.collect()


@pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")
def test_a_forgotten_connection_says_goodbye(pg):
    """So that the server's log has no unexpected end."""
    heard = []

    def script(peer):
        peer.startup()
        peer.send(fake.authentication(0), fake.welcome())
        heard.append(peer.rest())

    with fake.FakeServer(script) as server:
        conn = pg.connect(**server.params)
        del conn
        gc.collect()
        eventually(lambda: heard)
    assert heard == [b"X\0\0\0\4"]


@pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")
@pytest.mark.parametrize("way", ["close", "forget"])
def test_a_forked_child_does_not_say_goodbye(pg, dsn, way):
    held = [pg.connect(dsn, autocommit=True)]
    assert leave_in_child(held, way)
    time.sleep(0.05)
    assert held[0].execute("select 1").fetchone() == (1,)
    held[0].close()


@pytest.mark.howdah_only
def test_closed_while_it_is_being_cancelled(pg, dsn):
    """The cancel holds everybody up, but not close()."""
    conn = pg.connect(dsn, autocommit=True)
    fd = conn.fileno()
    cancel = conn._cancel_begin()
    conn.close()
    with pytest.raises(OSError):
        os.fstat(fd)
    cancel.end(True)
    with pytest.raises(pg.OperationalError, match="closed"):
        conn.execute("select 1")
