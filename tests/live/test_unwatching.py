"""Event loops that take no readers, as Windows' Proactor: a transport of the loop's reads and writes the socket."""

from __future__ import annotations

import asyncio
import gc
import weakref
from asyncio import selector_events

import pytest

from unwatching import UnwatchingLoop

pytestmark = pytest.mark.howdah_only


class CopyingTransport(selector_events._SelectorSocketTransport):
    """Receives into a buffer of its own first, as Proactor's does, and more than a protocol may have room for."""

    def _read_ready(self):
        if isinstance(data := self._receive(), bytes):
            if data:
                asyncio.protocols._feed_data_to_buffered_proto(self._protocol, data)
            else:
                self._read_ready__on_eof()

    def _receive(self):
        try:
            return self._sock.recv(300_000)
        except BlockingIOError:
            return None
        except OSError as error:
            return self._fatal_error(error)

    def _read_ready__on_eof(self):
        if self._protocol.eof_received():
            self._loop._remove_reader(self._sock_fd)
        else:
            self.close()


class CopyingLoop(UnwatchingLoop):
    def _make_socket_transport(self, sock, protocol, waiter=None, *, extra=None, server=None):
        return CopyingTransport(self, sock, protocol, waiter, extra, server)


@pytest.fixture(params=[UnwatchingLoop, CopyingLoop])
def run(request):
    """Run a coroutine in such a loop."""
    loop = request.param()
    loop.set_exception_handler(lambda loop, context: problems.append(context))
    problems = []

    def run(coroutine):
        return loop.run_until_complete(asyncio.wait_for(coroutine, 60))

    yield run
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert problems == []


async def ask(conn, n=1):
    return (await (await conn.execute("select %s::int", [n])).fetchone())[0]


def test_queries(pg, dsn, run):
    async def main():
        async with await pg.AsyncConnection.connect(dsn, autocommit=True) as conn:
            assert [await ask(conn, n) for n in range(20)] == list(range(20))
            assert await asyncio.gather(*(ask(conn, n) for n in range(20))) == list(range(20))
            text = "0123456789" * 500_000
            cur = await conn.execute("select %s::text, repeat('x', 3000000)", [text])
            assert await cur.fetchone() == (text, "x" * 3_000_000)
            cur = await conn.execute("select n, repeat('x', n %% 1000) from generate_series(1, %s) n", [5000])
            assert [(n, len(x)) for n, x in await cur.fetchall()] == [(n, n % 1000) for n in range(1, 5001)]
            async with conn.pipeline():
                cursors = [await conn.execute("select %s::int", [n]) for n in range(200)]
                assert [(await cur.fetchone())[0] for cur in cursors] == list(range(200))
            await cur.executemany("select repeat(%s::text, 10)", [("x" * 1000,)] * 500, returning=True)
            assert [len((await c.fetchone())[0]) async for c in cur.results()] == [10_000] * 500
            with pytest.raises(pg.errors.SyntaxError):
                await conn.execute("wrong")
            assert await ask(conn, 3) == 3

    run(main())


def test_copy_and_stream(pg, dsn, run):
    async def main():
        async with await pg.AsyncConnection.connect(dsn) as conn:
            cur = conn.cursor()
            await cur.execute("create temp table t (a int, b text)")
            async with cur.copy("copy t from stdin") as copy:
                for n in range(20_000):
                    await copy.write_row((n, "x" * 100))
            async with cur.copy("copy t to stdout") as copy:
                assert [row[0] async for row in copy.rows()] == [str(n) for n in range(20_000)]
            rows = cur.stream("select a, repeat(b, 10) from t")
            for n in range(5_000):
                assert (await anext(rows))[0] == n
            await rows.aclose()  # the rest was not received
            await conn.rollback()
            assert await ask(conn) == 1

    run(main())


def test_notifications_and_cancelling(pg, dsn, run):
    async def main():
        async with (
            await pg.AsyncConnection.connect(dsn, autocommit=True) as conn,
            await pg.AsyncConnection.connect(dsn, autocommit=True) as other,
        ):
            await conn.execute("listen unwatched")
            await other.execute("notify unwatched, 'hello'")
            assert [n.payload async for n in conn.notifies(timeout=30, stop_after=1)] == ["hello"]
            for n in range(3):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(conn.execute("select pg_sleep(60)"), 0.05)
                with pytest.raises(pg.errors.QueryTimeout):
                    await conn.cursor().execute("select pg_sleep(60)", timeout=0.05)
                assert await ask(conn, n) == n

    run(main())


def test_pool_and_lane(pool_module, dsn, run):
    async def main():
        async with pool_module.AsyncConnectionPool(dsn, min_size=2, max_size=2, open=False) as pool:

            async def read(n):
                async with pool.connection() as conn:
                    return await ask(conn, n)

            assert await asyncio.gather(*map(read, range(30))) == list(range(30))
        async with pool_module.ReadLane(dsn) as lane:
            assert await asyncio.gather(*(lane.fetchval("select %s::int", [n]) for n in range(30))) == list(range(30))

    run(main())


@pytest.mark.parametrize("busy", [False, True])
def test_backend_killed(pg, dsn, other, run, busy):
    """The server's last words are heard, though the transport fails to send or to receive."""

    async def main():
        conn = await pg.AsyncConnection.connect(dsn, autocommit=True)
        pid = conn.info.backend_pid
        assert await ask(conn) == 1
        task = asyncio.create_task(conn.execute("select pg_sleep(60)")) if busy else None
        await asyncio.sleep(0)
        other.execute("select pg_terminate_backend(%s)", [pid])
        with pytest.raises(pg.errors.AdminShutdown):
            await (task or conn.execute("select 1"))
        with pytest.raises(pg.OperationalError):
            await conn.execute("select %s::text", ["x" * 10_000_000])
        assert conn.closed

    run(main())


def test_closed_while_it_waits(pg, dsn, run):
    async def main():
        conn = await pg.AsyncConnection.connect(dsn, autocommit=True)
        task = asyncio.create_task(conn.execute("select pg_sleep(60)"))
        await asyncio.sleep(0.05)
        await conn.close()
        with pytest.raises(pg.OperationalError):
            await task

    run(main())


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_two_loops_in_turn(pg, dsn, run):
    conn = run(pg.AsyncConnection.connect(dsn, autocommit=True))
    for loop in (UnwatchingLoop(), asyncio.new_event_loop()):
        assert loop.run_until_complete(ask(conn, 2)) == 2
        assert run(ask(conn, 3)) == 3
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
    run(conn.close())


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_forgotten(pg, dsn, other, run):
    """Its transport does not keep a connection alive."""

    async def main():
        conn = await pg.AsyncConnection.connect(dsn, autocommit=True)
        pid, alive = conn.info.backend_pid, weakref.ref(conn)
        assert await ask(conn) == 1
        del conn
        gc.collect()
        assert alive() is None
        while other.execute("select 1 from pg_stat_activity where pid = %s", [pid]).fetchone():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    run(main())


class FailingTransport(selector_events._SelectorSocketTransport):
    failure = None

    def write(self, data):
        if FailingTransport.failure is not None:
            raise FailingTransport.failure
        super().write(data)


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_transport_that_fails(pg, dsn, failure):
    """Nobody knows what has left: the connection is closed, and whoever wrote gets the exception."""

    class FailingLoop(UnwatchingLoop):
        def _make_socket_transport(self, sock, protocol, waiter=None, *, extra=None, server=None):
            return FailingTransport(self, sock, protocol, waiter, extra, server)

    async def main():
        conn = await pg.AsyncConnection.connect(dsn, autocommit=True)
        assert await ask(conn) == 1
        FailingTransport.failure = failure("mine")
        try:
            with pytest.raises(failure, match="mine"):
                await conn.execute("select 1")
        finally:
            FailingTransport.failure = None
        assert conn.closed
        with pytest.raises(pg.OperationalError):
            await conn.execute("select 1")

    loop = FailingLoop()
    loop.run_until_complete(main())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def test_a_loop_that_lies(pg, dsn):
    async def main():
        async with await pg.AsyncConnection.connect(dsn, autocommit=True) as conn:
            watch = next(o for o in gc.get_referents(conn) if type(o).__name__ == "Watch")
            room = watch.room()
            with pytest.raises(ValueError):
                watch.arrived(len(room) + 1)
            with pytest.raises(ValueError):
                watch.arrived(-1)
            watch.arrived(0)
            with pytest.raises(ValueError):
                watch.arrived(1)  # twice the same room
            assert await ask(conn) == 1
            before = bytes(room[:8])
        room[:8] = before  # the memory outlives the connection's interest in it
        with pytest.raises(RuntimeError):
            watch.room()

    loop = UnwatchingLoop()
    loop.run_until_complete(main())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
