"""AsyncConnection and event loops: two in turn, uvloop, debug mode, anyio."""

from __future__ import annotations

import asyncio
import gc
import socket
import struct
import sys

import pytest

from beside import within
from servers.fake import READY, FakeServer, authentication, error, message, welcome


async def ask(conn, n=1):
    return (await (await conn.execute("select %s::int", [n])).fetchone())[0]


def test_two_loops_in_turn(pg, dsn):
    async def connect():
        conn = await pg.AsyncConnection.connect(dsn, autocommit=True)
        assert await ask(conn, 1) == 1
        return conn

    async def go_on(conn):
        assert [await ask(conn, n) for n in range(10)] == list(range(10))

    async def close(conn):
        await conn.close()

    conn = asyncio.run(connect())
    asyncio.run(go_on(conn))
    asyncio.run(go_on(conn))
    asyncio.run(close(conn))


@pytest.mark.howdah_only
def test_tasks_in_two_loops_in_turn(pg, dsn):
    """psycopg's lock belongs to the loop in which it first was waited for."""

    async def connect():
        return await pg.AsyncConnection.connect(dsn, autocommit=True)

    async def share(conn):
        assert await asyncio.gather(*(ask(conn, n) for n in range(10))) == list(range(10))

    conn = asyncio.run(connect())
    asyncio.run(share(conn))
    asyncio.run(share(conn))
    asyncio.run(conn.close())


def test_loop_that_ended_during_a_query(pg, dsn):
    """The first loop is left with a query under way; its task is cancelled, and the connection goes on."""

    async def connect():
        conn = await pg.AsyncConnection.connect(dsn, autocommit=True)
        asyncio.get_running_loop().task = asyncio.create_task(conn.execute("select pg_sleep(60)"))
        await asyncio.sleep(0.1)
        return conn

    async def go_on(conn):
        try:
            assert await ask(conn, 2) == 2
        except pg.OperationalError:
            assert conn.closed
        await conn.close()

    conn = asyncio.run(connect())
    asyncio.run(go_on(conn))


@pytest.mark.howdah_only
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_loop_that_is_collected_with_its_connection(pg, dsn, monkeypatch):
    """The collector takes the loop's attributes first: nothing is left to be asked, or to be told."""
    told = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)
    loop = asyncio.new_event_loop()
    conn = loop.run_until_complete(pg.AsyncConnection.connect(dsn, autocommit=True))
    assert loop.run_until_complete(ask(conn)) == 1
    loop.close()
    vars(loop).clear()
    del conn
    gc.collect()
    assert told == []


async def query(conn):
    return asyncio.create_task(conn.execute("select pg_sleep(60)"))


async def copy(conn):
    block = conn.cursor().copy("copy (select generate_series(1, 1000000)) to stdout")
    await (await block.__aenter__()).read()
    return block


async def stream(conn):
    rows = conn.cursor().stream("select generate_series(1, 1000000)")
    await anext(rows)
    return rows


@pytest.mark.howdah_only
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")
@pytest.mark.parametrize("begin", [query, copy, stream])
def test_loop_that_was_closed_in_the_middle(pg, dsn, begin):
    """Nobody was cancelled, and nobody will ever go on: whoever comes next must not wait for that."""

    async def in_the_middle():
        conn = await pg.AsyncConnection.connect(dsn, autocommit=True)
        begun = await begin(conn)
        await asyncio.sleep(0.1)
        return conn, begun

    async def go_on():
        with pytest.raises(pg.OperationalError, match="loop that was using it has ended"):
            await ask(conn, 2)
        assert conn.closed

    loop = asyncio.new_event_loop()
    conn, begun = loop.run_until_complete(in_the_middle())
    loop.close()
    with within(60):
        asyncio.run(go_on())
    del begun


@pytest.mark.howdah_only
def test_loops_at_once(pg, dsn):
    """Another loop is not let wait for a task that could not wake it."""

    async def elsewhere(conn):
        with pytest.raises(pg.ProgrammingError, match="another event loop"):
            await ask(conn, 2)

    async def main():
        async with await pg.AsyncConnection.connect(dsn, autocommit=True) as conn:
            busy = asyncio.create_task(conn.execute("select pg_sleep(0.5)"))
            await asyncio.sleep(0.1)
            await asyncio.to_thread(asyncio.run, elsewhere(conn))
            await busy
            assert await ask(conn, 3) == 3

    with within(60):
        asyncio.run(main())


def test_many_loops(pg, dsn):
    async def connect():
        return await pg.AsyncConnection.connect(dsn, autocommit=True)

    conn = asyncio.run(connect())
    assert [asyncio.run(ask(conn, n)) for n in range(10)] == list(range(10))
    asyncio.run(conn.close())


def test_debug_mode(pg, dsn):
    async def main():
        async with await pg.AsyncConnection.connect(dsn) as conn:
            assert await asyncio.gather(*(ask(conn, n) for n in range(10))) == list(range(10))
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(conn.execute("select pg_sleep(60)"), 0.1)
            await conn.rollback()
            assert await ask(conn) == 1

    asyncio.run(main(), debug=True)


def test_uvloop(pg, dsn):
    uvloop = pytest.importorskip("uvloop")

    async def main():
        async with await pg.AsyncConnection.connect(dsn, autocommit=True) as conn:
            assert await asyncio.gather(*(ask(conn, n) for n in range(50))) == list(range(50))
            cur = conn.cursor()
            await cur.executemany("select %s", [("x" * 10_000,)] * 500, returning=True)
            assert [len((await c.fetchone())[0]) async for c in cur.results()] == [10_000] * 500
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(conn.execute("select pg_sleep(60)"), 0.1)
            with pytest.raises(pg.errors.SyntaxError):
                await conn.execute("wrong")
            assert await ask(conn, 3) == 3

    loop = uvloop.new_event_loop()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()


def test_uvloop_then_asyncio(pg, dsn):
    uvloop = pytest.importorskip("uvloop")

    async def connect():
        conn = await pg.AsyncConnection.connect(dsn, autocommit=True)
        assert await ask(conn) == 1
        return conn

    loop = uvloop.new_event_loop()
    conn = loop.run_until_complete(connect())
    loop.close()
    assert asyncio.run(ask(conn, 2)) == 2
    asyncio.run(conn.close())


def test_anyio(pg, dsn):
    anyio = pytest.importorskip("anyio")

    async def main():
        async with await pg.AsyncConnection.connect(dsn, autocommit=True) as conn:
            got = []

            async def one(n):
                got.append(await ask(conn, n))

            async with anyio.create_task_group() as group:
                for n in range(20):
                    group.start_soon(one, n)
            assert sorted(got) == list(range(20))

    anyio.run(main)


def test_outside_of_a_loop(pg, dsn):
    async def connect():
        return await pg.AsyncConnection.connect(dsn)

    conn = asyncio.run(connect())
    operation = conn.execute("select 1")
    with pytest.raises(RuntimeError):
        operation.send(None)
    operation.close()
    asyncio.run(conn.close())


def test_context_variables_stay_with_their_task(pg, dsn):
    import contextvars

    variable = contextvars.ContextVar("variable", default=None)

    async def main():
        async with await pg.AsyncConnection.connect(dsn, autocommit=True) as conn:

            async def one(n):
                variable.set(n)
                for _ in range(5):
                    await ask(conn, n)
                    assert variable.get() == n

            await asyncio.gather(*map(one, range(20)))
            assert variable.get() is None

    asyncio.run(main())


def test_current_task_is_right(pg, dsn):
    async def main():
        async with await pg.AsyncConnection.connect(dsn, autocommit=True) as conn:

            async def one(n):
                for _ in range(5):
                    task = asyncio.current_task()
                    await ask(conn, n)
                    assert asyncio.current_task() is task

            await asyncio.gather(*map(one, range(20)))

    asyncio.run(main())


ROWS = message(b"T", b"\0\1n\0" + struct.pack("!ihihih", 0, 0, 23, 4, -1, 0)) + message(b"D", b"\0\1\0\0\0\0017") * 3


@pytest.mark.howdah_only
@pytest.mark.parametrize("words", [error("57P01", "terminating connection"), ROWS, ROWS + b"D\0", READY])
@pytest.mark.parametrize("way", ["execute", "stream", "listen"])
@pytest.mark.parametrize("loops", ["asyncio", "uvloop"])
def test_reset(pg, loops, words, way):
    """A server that ends with something unread resets the connection behind its last words.

    libuv then stops watching: whoever has read the words and waits for more would wait for good.
    """
    runner = asyncio if loops == "asyncio" else pytest.importorskip("uvloop")

    def end(peer):
        peer.startup()
        peer.send(authentication(0), welcome())
        peer.read()
        peer._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.send(words)

    async def main(params):
        conn = await pg.AsyncConnection.connect(**params, autocommit=True)
        with pytest.raises(pg.OperationalError):
            if way == "stream":
                [row async for row in conn.cursor().stream("select %s::int", [1])]
            if way == "listen":
                await conn.execute("listen x")
                [notify async for notify in conn.notifies(timeout=60)]
            await conn.execute("select 1")
            await conn.execute("select 1")  # the first one was answered
        assert conn.closed

    with FakeServer(end) as server:
        runner.run(asyncio.wait_for(main(server.params), 50))
