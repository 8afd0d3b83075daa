"""What is closed, by us or by the server, and what happens to who uses it then."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from servers import fake


def terminate(other, conn):
    other.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])


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
    deadline = time.monotonic() + 5
    while other.execute("select 1 from pg_stat_activity where pid = %s", [pid]).fetchone():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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
    time.sleep(0.1)
    with pytest.raises(pg.errors.AdminShutdown):
        conn.execute("select 1")


def test_terminated_by_itself(pg, conn):
    with pytest.raises(pg.errors.AdminShutdown) as info:
        conn.execute("select pg_terminate_backend(pg_backend_pid())")
    assert isinstance(info.value, pg.OperationalError)
    assert info.value.sqlstate == "57P01"
    assert conn.closed
    assert conn.broken


def test_terminated_while_waiting(pg, conn, other):
    timer = threading.Timer(0.1, terminate, [other, conn])
    timer.start()
    with pytest.raises(pg.errors.AdminShutdown):
        conn.execute("select pg_sleep(5)")
    timer.join()
    assert conn.broken


def test_terminated_while_rows_arrive(pg, conn, other):
    timer = threading.Timer(0.05, terminate, [other, conn])
    timer.start()
    with pytest.raises(pg.OperationalError):
        for _ in range(100):
            conn.execute("select repeat('x', 1000) from generate_series(1, 100000)")
    timer.join()
    assert conn.broken


def test_terminated_in_executemany(pg, conn, other):
    timer = threading.Timer(0.1, terminate, [other, conn])
    timer.start()
    with pytest.raises(pg.OperationalError):
        conn.cursor().executemany("select pg_sleep(%s)", [(0.02,)] * 500)
    timer.join()
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


def test_idle_timeout_of_the_server(pg, auto):
    auto.execute("set idle_session_timeout = 50")
    time.sleep(0.2)
    with pytest.raises(pg.errors.IdleSessionTimeout):
        auto.execute("select 1")
    assert auto.broken


@pytest.mark.howdah_only
def test_closed_by_another_thread_while_waiting(pg, conn):
    """The waiter wakes at once."""
    timer = threading.Timer(0.1, conn.close)
    timer.start()
    before = time.monotonic()
    with pytest.raises(pg.OperationalError):
        conn.execute("select pg_sleep(5)")
    assert time.monotonic() - before < 2
    timer.join()
    assert conn.closed


@pytest.mark.howdah_only
def test_closed_while_threads_wait_their_turn(pg, conn):
    with ThreadPoolExecutor(5) as pool:
        waiting = [pool.submit(conn.execute, "select pg_sleep(5)") for _ in range(5)]
        time.sleep(0.1)
        conn.close()
        before = time.monotonic()
        for one in waiting:
            with pytest.raises(pg.OperationalError):
                one.result()
        assert time.monotonic() - before < 2


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
    deadline = time.monotonic() + 5
    while other.execute("select 1 from pg_stat_activity where pid = %s", [pid]).fetchone():
        assert time.monotonic() < deadline
        time.sleep(0.01)


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


async def test_async_terminated_while_waiting(pg, aconn, other):
    task = asyncio.create_task(aconn.execute("select pg_sleep(5)"))
    await asyncio.sleep(0.1)
    terminate(other, aconn)
    with pytest.raises(pg.errors.AdminShutdown):
        await task
    assert aconn.closed
    assert aconn.broken


async def test_async_terminated_while_idle(pg, aconn, other):
    await aconn.execute("select 1")
    terminate(other, aconn)
    await asyncio.sleep(0.1)
    with pytest.raises(pg.errors.AdminShutdown):
        await aconn.execute("select 1")
    assert aconn.broken
    with pytest.raises(pg.OperationalError, match="closed"):
        await aconn.execute("select 1")


async def test_async_terminated_with_others_waiting(pg, aauto, other):
    tasks = [asyncio.create_task(aauto.execute("select pg_sleep(5)")) for _ in range(5)]
    await asyncio.sleep(0.1)
    terminate(other, aauto)
    done = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
    assert all(isinstance(error, pg.OperationalError) for error in done)


@pytest.mark.howdah_only
async def test_async_closed_while_waiting(pg, aconn):
    tasks = [asyncio.create_task(aconn.execute("select pg_sleep(5)")) for _ in range(3)]
    await asyncio.sleep(0.1)
    await aconn.close()
    done = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 2)
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
        for _ in range(100):
            if heard:
                break
            time.sleep(0.02)
    assert heard == [b"X\0\0\0\4"]


@pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")
@pytest.mark.parametrize("way", ["close", "forget"])
def test_a_forked_child_does_not_say_goodbye(pg, dsn, way):
    held = [pg.connect(dsn, autocommit=True)]
    pid = os.fork()
    if pid == 0:
        try:
            if way == "close":
                held[0].close()
            held.clear()
            gc.collect()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
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
