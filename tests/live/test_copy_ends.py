"""A connection that ends in a COPY to the client: what came before the end is read before it, the last words too."""

from __future__ import annotations

import asyncio
import threading

import pytest

from beside import within
from replay.tunnel import server_context
from servers import fake
from servers.fake import FakeServer, authentication, error, message
from unwatching import UnwatchingLoop

PREPARED = message(b"1") + message(b"2") + message(b"n")
BEGINS = message(b"H", b"\0\0\1\0\0")
ROWS = [b"%d\n" % i for i in range(3000)]
ALL = message(b"c") + message(b"C", b"COPY 3000\0") + fake.READY


@pytest.fixture(scope="module", params=["plain", "tls"])
def transport(request, tmp_path_factory):
    """A context for the fake server, or None, and the parameter by which it is used."""
    if request.param == "plain":
        return None, "disable"
    return server_context(tmp_path_factory.mktemp("tls")), "require"


class Script:
    """Answers a COPY with rows and then these bytes, and hangs up."""

    def __init__(self, last):
        self.last = last
        self.ended = threading.Event()

    def __call__(self, peer):
        peer.startup()
        peer.send(authentication(0), fake.welcome())
        while peer.read()[0] not in (b"S", b"Q"):
            pass
        peer.send(PREPARED, BEGINS, *(message(b"d", row) for row in ROWS), self.last)
        peer.close()
        self.ended.set()


def slowly(pg, where, ended, got):
    with pg.connect(**where, autocommit=True) as conn, conn.cursor() as cur, cur.copy("copy t to stdout") as copy:
        for data in copy:
            got.append(bytes(data))
            assert ended.wait(30)


async def slowly_asyncio(pg, where, ended, got):
    conn = await pg.AsyncConnection.connect(**where, autocommit=True)
    async with conn, conn.cursor() as cur, cur.copy("copy t to stdout") as copy:
        async for data in copy:
            got.append(bytes(data))
            if len(got) == 1:
                assert await asyncio.to_thread(ended.wait, 30)
                await asyncio.sleep(0.1)  # the loop would take the end, too


def with_runner(loop_factory):
    def run(*args):
        loop = loop_factory()
        try:
            loop.run_until_complete(slowly_asyncio(*args))
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    return run


READERS = {
    "blocking": slowly,
    "asyncio": with_runner(asyncio.new_event_loop),
    "a loop without readers": with_runner(UnwatchingLoop),
}


@pytest.mark.parametrize("reader", READERS)
def test_last_words_behind_rows_that_nobody_had_read(pg, transport, reader):
    context, sslmode = transport
    script, got = Script(error("57P01", "terminated by somebody")), []
    with (
        FakeServer(script, context=context) as server,
        within(60),
        pytest.raises(pg.errors.AdminShutdown, match="terminated by somebody"),
    ):
        READERS[reader](pg, {**server.params, "sslmode": sslmode}, script.ended, got)
    assert got == ROWS


@pytest.mark.parametrize("reader", READERS)
def test_a_copy_that_is_all_there(pg, transport, reader):
    context, sslmode = transport
    script, got = Script(ALL), []
    with FakeServer(script, context=context) as server, within(60):
        READERS[reader](pg, {**server.params, "sslmode": sslmode}, script.ended, got)
    assert got == ROWS


@pytest.mark.howdah_only  # libpq sends a statement without parameters as a simple Query
@pytest.mark.parametrize(
    "query", ["copy t to stdout", "/* from */ COPY (select 1 from t) TO stdout", "copy public.t(a)\nto stdout"]
)
def test_nothing_is_sent_while_the_server_copies(pg, query):
    """What a server hasn't read when it hangs up has the kernel reset the connection, and its last words are lost."""
    seen = []

    def script(peer):
        peer.startup()
        peer.send(authentication(0), fake.welcome())
        while not seen or seen[-1] not in (b"S", b"H"):
            seen.append(peer.read()[0])
        peer.send(PREPARED, BEGINS, message(b"d", b"1\n"), ALL)
        peer.rest()

    with (
        FakeServer(script) as server,
        within(60),
        pg.connect(**server.params, autocommit=True) as conn,
        conn.cursor().copy(query) as copy,
    ):
        assert [bytes(data) for data in copy] == [b"1\n"]
    assert b"".join(seen) == b"PBDES"


@pytest.mark.parametrize("autocommit", [True, False])
def test_terminated_while_much_is_copied_out(pg, dsn, other, autocommit):
    with (
        pg.connect(dsn, autocommit=autocommit) as conn,
        pytest.raises(pg.errors.AdminShutdown),
        conn.cursor().copy("copy (select generate_series(1, 3000000)) to stdout") as copy,
    ):
        other.execute("select pg_terminate_backend(%s, 10000)", [conn.info.backend_pid])
        for _ in copy:
            pass


async def test_terminated_while_much_is_copied_out_asyncio(pg, dsn, other):
    async with await pg.AsyncConnection.connect(dsn) as conn:
        with pytest.raises(pg.errors.AdminShutdown):
            async with conn.cursor().copy("copy (select generate_series(1, 3000000)) to stdout") as copy:
                other.execute("select pg_terminate_backend(%s, 10000)", [conn.info.backend_pid])
                async for _ in copy:
                    pass
