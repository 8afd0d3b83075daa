"""A server that goes away, or breaks off, at any byte: an error, at once, and a connection known to be broken."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import struct
import threading
import time

import pytest

from beside import within

pytestmark = pytest.mark.every_loop


class Proxy:
    """Stands between client and server, and cuts the line after so many bytes from the server.

    `budget`: how many bytes still pass; None for all. `reset`: end by RST instead of FIN.
    While `flowing` is not set nothing passes from the server.
    """

    def __init__(self, host, port):
        self.target = host, port
        self.budget = None
        self.reset = False
        self.flowing = threading.Event()
        self.flowing.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sockets: list[socket.socket] = []
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.target)
                self.sockets += [client, server]
                for pump in (self.pump_out, self.pump_in):
                    self.threads.append(threading.Thread(target=pump, args=(client, server), daemon=True))
                    self.threads[-1].start()

    def pump_out(self, client, server):
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def pump_in(self, client, server):
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                self.flowing.wait()
                if self.budget is not None:
                    data = data[: self.budget]
                    self.budget -= len(data)
                client.sendall(data)
                if self.budget == 0:
                    break
        self.cut(client)

    def cut(self, client):
        with contextlib.suppress(OSError):
            if self.reset:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # Wakes the other pump, whose recv() keeps the socket open.
                client.shutdown(socket.SHUT_RD)
                client.close()
            else:
                client.shutdown(socket.SHUT_RDWR)

    def stop(self):
        self.flowing.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for s in self.sockets:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(30)
        for s in self.sockets:
            s.close()


@pytest.fixture
def proxy(server):
    if server.host is None:
        pytest.skip("the server's address is not known")
    proxy = Proxy(server.host, server.port)
    yield proxy
    proxy.stop()


@pytest.fixture
def far(pg, module, dsn, proxy):
    """How to connect through the proxy."""
    return module("conninfo").make_conninfo(dsn, host="127.0.0.1", port=proxy.port)


def check_lost(pg, conn, use):
    """The loss is told once as it is, then as a closed connection; quickly."""
    with within(30):
        with pytest.raises(pg.OperationalError):
            use()
        assert conn.closed
        assert conn.broken
        assert conn.info.transaction_status == pg.pq.TransactionStatus.UNKNOWN
        with pytest.raises(pg.OperationalError, match="closed"):
            conn.execute("select 1")
    conn.close()


@pytest.mark.parametrize("reset", [False, True], ids=["fin", "rst"])
@pytest.mark.parametrize("budget", [0, 1, 4, 5, 6, 20, 40, 60, 90, 120, 160])
def test_cut_within_the_answer(pg, far, proxy, budget, reset):
    """Whatever of the answer had come, no row of it is handed out."""
    conn = pg.connect(far, autocommit=True)
    query = "select %s::text, repeat('x', 100)"
    conn.execute(query, ["tag"]).fetchone()
    proxy.reset = reset
    proxy.budget = budget or 1
    if budget == 0:
        proxy.cut(proxy.sockets[0])
    check_lost(pg, conn, lambda: conn.execute(query, ["tag"]))


@pytest.mark.parametrize("budget", [1, 1000, 70_000, 1_000_000])
def test_cut_within_many_rows(pg, far, proxy, budget):
    conn = pg.connect(far, autocommit=True)
    proxy.budget = budget
    check_lost(pg, conn, lambda: conn.execute("select repeat('x', 1000) from generate_series(1, 5000)"))


def test_cut_within_executemany(pg, far, proxy):
    conn = pg.connect(far, autocommit=True)
    proxy.budget = 3000
    cur = conn.cursor()
    check_lost(pg, conn, lambda: cur.executemany("select %s", [("x" * 1000,)] * 5000, returning=True))


def test_cut_before_the_commit(pg, far, proxy, other):
    """Nobody can know whether the transaction took place; the caller hears of it."""
    conn = pg.connect(far)
    conn.execute("create temp table t (x int)")
    proxy.cut(proxy.sockets[0])
    check_lost(pg, conn, conn.commit)


def test_cut_within_a_block(pg, far, proxy):
    """The error that left the block is the one that is seen, not the failed rollback."""
    conn = pg.connect(far)
    with pytest.raises(pg.OperationalError), conn.transaction():
        conn.execute("select 1")
        proxy.cut(proxy.sockets[0])
        conn.execute("select 2")
    assert conn.closed
    with pytest.raises(KeyError), pg.connect(far) as second, second.transaction():
        proxy.cut(proxy.sockets[2])
        raise KeyError("mine")


def test_cut_while_a_large_parameter_is_sent(pg, far, proxy):
    conn = pg.connect(far, autocommit=True)
    timer = threading.Timer(0.02, proxy.cut, [proxy.sockets[0]])
    timer.start()
    text = "x" * 20_000_000
    check_lost(pg, conn, lambda: [conn.execute("select length(%s)", [text]) for _ in itertools.count()])
    timer.join()


def test_cut_while_others_wait_for_the_connection(pg, far, proxy, watch):
    conn = pg.connect(far, autocommit=True)
    errors = []

    def ask():
        try:
            conn.execute("select pg_sleep(60)")
        except pg.Error as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    watch.busy(conn)
    proxy.cut(proxy.sockets[0])
    for thread in threads:
        thread.join(30)
    assert [isinstance(error, pg.OperationalError) for error in errors] == [True] * 5
    assert conn.closed


def test_results_that_came_are_kept(pg, far, proxy):
    conn = pg.connect(far, autocommit=True)
    cur = conn.execute("select generate_series(1, 1000)")
    proxy.cut(proxy.sockets[0])
    check_lost(pg, conn, lambda: conn.execute("select 1"))
    assert cur.fetchall() == [(n,) for n in range(1, 1001)]


@pytest.mark.parametrize("budget", range(0, 400, 25))
def test_cut_while_connecting(pg, far, proxy, budget):
    proxy.budget = budget + 1
    with within(30), pytest.raises(pg.OperationalError):
        pg.connect(far, connect_timeout=60)


def test_backend_killed(pg, server, dsn):
    """No farewell at all: its process is gone. (The server restarts all of its sessions: on a server of its own.)"""
    own = pytest.importorskip("howdah.server")
    with own.start() as running:
        conn = pg.connect(running.dsn, autocommit=True)
        bystander = pg.connect(running.dsn)
        timer = threading.Timer(0.1, os.kill, [conn.info.backend_pid, signal.SIGKILL])
        timer.start()
        check_lost(pg, conn, lambda: conn.execute("select pg_sleep(60)"))
        timer.join()
        check_lost(pg, bystander, lambda: [(bystander.execute("select 1"), time.sleep(0.02)) for _ in range(1000)])


def test_server_stopped(pg):
    own = pytest.importorskip("howdah.server")
    running = own.start()
    conn = pg.connect(running.dsn, autocommit=True)
    idle = pg.connect(running.dsn)
    timer = threading.Timer(0.1, running.stop)
    timer.start()
    check_lost(pg, conn, lambda: conn.execute("select pg_sleep(60)"))
    timer.join()
    check_lost(pg, idle, lambda: idle.execute("select 1"))
    with pytest.raises(pg.OperationalError):
        pg.connect(running.dsn, connect_timeout=60)


# ---- asyncio


async def acheck_lost(pg, conn, coroutine):
    with within(30):
        with pytest.raises(pg.OperationalError):
            await coroutine
        assert conn.closed
        assert conn.broken
        with pytest.raises(pg.OperationalError, match="closed"):
            await conn.execute("select 1")
    await conn.close()


@pytest.mark.parametrize("reset", [False, True], ids=["fin", "rst"])
@pytest.mark.parametrize("budget", [1, 5, 20, 60, 120])
async def test_async_cut_within_the_answer(pg, far, proxy, budget, reset):
    conn = await pg.AsyncConnection.connect(far, autocommit=True)
    await conn.execute("select 1")
    proxy.reset = reset
    proxy.budget = budget
    await acheck_lost(pg, conn, conn.execute("select %s::text, repeat('x', 100)", ["tag"]))


async def test_async_cut_within_many_rows(pg, far, proxy):
    conn = await pg.AsyncConnection.connect(far, autocommit=True)
    proxy.budget = 1_000_000
    await acheck_lost(pg, conn, conn.execute("select repeat('x', 1000) from generate_series(1, 5000)"))


async def test_async_cut_within_executemany(pg, far, proxy):
    conn = await pg.AsyncConnection.connect(far, autocommit=True)
    proxy.budget = 3000
    cur = conn.cursor()
    await acheck_lost(pg, conn, cur.executemany("select %s", [("x" * 1000,)] * 5000, returning=True))


async def test_async_cut_while_idle(pg, far, proxy):
    """Nobody watches; the next call hears of it, and the loop is not kept busy by a dead socket."""
    conn = await pg.AsyncConnection.connect(far, autocommit=True)
    await conn.execute("select 1")
    proxy.cut(proxy.sockets[0])
    before = time.process_time()
    await asyncio.sleep(1)
    assert time.process_time() - before < 0.5
    await acheck_lost(pg, conn, conn.execute("select 1"))


async def test_async_cut_with_a_queue(pg, far, proxy, watch):
    conn = await pg.AsyncConnection.connect(far, autocommit=True)
    tasks = [asyncio.create_task(conn.execute("select pg_sleep(60)")) for _ in range(10)]
    await watch.busy_async(conn)
    proxy.cut(proxy.sockets[0])
    errors = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30)
    assert [isinstance(error, pg.OperationalError) for error in errors] == [True] * 10


@pytest.mark.howdah_only  # psycopg waits for the cancelling connection
async def test_async_cut_while_a_cancelled_query_drains(pg, far, proxy):
    """The answer to the cancelled query never comes. The task is cancelled all the same."""
    conn = await pg.AsyncConnection.connect(far, autocommit=True)
    proxy.flowing.clear()
    task = asyncio.create_task(conn.execute("select 1"))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.sleep(0.1)
    proxy.cut(proxy.sockets[0])
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)
    assert conn.closed


@pytest.mark.parametrize("budget", range(0, 400, 100))
async def test_async_cut_while_connecting(pg, far, proxy, budget):
    proxy.budget = budget + 1
    with pytest.raises(pg.OperationalError):
        await asyncio.wait_for(pg.AsyncConnection.connect(far, connect_timeout=60), 30)
