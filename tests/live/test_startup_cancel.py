"""CancelRequest: sent to the address of the connection, and waited for."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from contextlib import nullcontext

import pytest

from beside import beside, within
from howdah._connect import cancel_async, cancel_sync
from replay.tunnel import server_context
from servers import fake
from servers.fake import FakeServer, authentication

WELCOME = authentication(0) + fake.welcome()
REQUEST = b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x2a\1\2\3\4"


@pytest.fixture(params=["sync", "asyncio"])
def cancel(request):
    if request.param == "sync":
        return cancel_sync
    return lambda *args: asyncio.run(cancel_async(*args))


class Cancelled:
    """What a cancel needs of a connection."""

    _encryption = None

    def __init__(self, server):
        self._params = server.params
        self.known = None

    request = REQUEST

    def _cancel_begin(self):
        return self

    def end(self, known):
        self.known = known


def test_waits_until_the_server_has_closed(cancel):
    received = []

    def script(peer):
        received.append(peer._exactly(len(REQUEST)))
        time.sleep(0.3)

    with FakeServer(script) as server, within(30, 0.3):
        conn = Cancelled(server)
        cancel(conn, 60)
    assert conn.known
    assert received == [REQUEST]


def test_timeout(pg, cancel):
    with FakeServer(lambda peer: peer.rest()) as server:
        conn = Cancelled(server)
        with within(15, 0.2), pytest.raises(pg.errors.CancellationTimeout):
            cancel(conn, 0.2)
    assert not conn.known


def test_no_server(pg, cancel):
    with FakeServer(lambda peer: None) as server:
        conn = Cancelled(server)
    with pytest.raises(pg.OperationalError, match="cancellation failed: Connection refused"):
        cancel(conn, 60)
    assert conn.known


def test_the_connection_is_cancelled_where_it_went(pg):
    """The first host is not there: the request goes to the second, and never to the first."""

    def accept(peer):
        seen.append(peer._exactly(8))
        if seen[-1][4:6] == b"\x04\xd2":  # a CancelRequest, by its code
            return
        peer._exactly(int.from_bytes(seen[-1][:4], "big") - 8)
        peer.send(WELCOME)
        peer.rest()

    seen = []
    with FakeServer(lambda peer: None) as first, FakeServer(accept) as second:
        params = {**second.params, "host": "127.0.0.1,127.0.0.1", "port": f"{first.port},{second.port}"}
        with pg.connect(**params, autocommit=True) as conn:
            conn.cancel_safe(timeout=60)
            assert first.connections == 1
            assert [data[4:6] for data in seen] == [b"\0\3", b"\x04\xd2"]


# ---- never the next query


class Slow:
    """Answers queries at once, but the first when it is cancelled; takes cancel requests when it is told to."""

    def __init__(self):
        self.began = threading.Event()  # with the first query
        self.asked = threading.Event()  # to cancel
        self.may_take = threading.Event()
        self.taken = 0.0
        self.queried = []

    def __call__(self, peer):
        if "user" not in peer.startup():
            self.asked.set()
            self.may_take.wait(60)
            self.taken = time.monotonic()
            return
        peer.send(WELCOME)
        while True:
            kind, _ = peer.read()
            if kind == b"X":
                return
            if kind not in (b"Q", b"S"):
                continue
            self.queried.append(time.monotonic())
            if len(self.queried) == 1:
                self.began.set()
                self.asked.wait(60)
            peer.send(*ANSWER[kind], fake.READY)

    def take_later(self):
        """In a while in which a query could overtake the request."""
        threading.Timer(0.4, self.may_take.set).start()


ANSWER = {
    b"S": [fake.message(b"1"), fake.message(b"2"), fake.message(b"n"), fake.message(b"C", b"SELECT 0\0")],
    b"Q": [fake.message(b"C", b"SET\0")],
}


@pytest.mark.howdah_only
@pytest.mark.parametrize("method", ["cancel", "cancel_safe"])
def test_the_next_query_waits_for_the_cancel(pg, method):
    script = Slow()
    with FakeServer(script) as server:
        conn = pg.connect(**server.params, autocommit=True)
        cancelling = beside(lambda: script.began.wait(60) and getattr(conn, method)())
        conn.execute("first")
        assert not script.taken
        script.take_later()
        conn.execute("second")
        conn.execute("third")
        cancelling.result()
        conn.close()
    assert script.queried[0] < script.taken < script.queried[1]


@pytest.mark.howdah_only
def test_no_query_overtakes_a_cancel_of_nothing(pg):
    script = Slow()
    with FakeServer(script) as server:
        conn = pg.connect(**server.params, autocommit=True)
        cancelling = beside(conn.cancel)
        script.asked.wait(60)
        script.take_later()
        conn.execute("first")
        cancelling.result()
        conn.close()
    assert script.taken < script.queried[0]


@pytest.mark.howdah_only
@pytest.mark.parametrize("interrupted", [False, True])
async def test_the_next_query_waits_for_the_cancel_asyncio(pg, interrupted):
    """Also when the task that cancels is cancelled itself, and a task in the queue gives up."""
    script = Slow()
    with FakeServer(script) as server:
        conn = await pg.AsyncConnection.connect(**server.params, autocommit=True)
        first = asyncio.create_task(conn.execute("first"))
        await asyncio.to_thread(script.began.wait, 60)
        cancel = asyncio.create_task(conn.cancel_safe())
        await first
        script.take_later()
        second = asyncio.create_task(conn.execute("second"))
        third = asyncio.create_task(conn.execute("third"))
        await asyncio.sleep(0.05)
        if interrupted:
            cancel.cancel()
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await cancel
            with pytest.raises(asyncio.CancelledError):
                await second
        else:
            await second
        assert script.taken or interrupted
        await third
        await conn.close()
        await asyncio.gather(cancel, return_exceptions=True)
    assert script.queried[0] < script.taken < script.queried[1]


@pytest.mark.howdah_only
def test_a_cancel_on_its_way_ends_the_connection(pg):
    """Whether the server will carry it out, and when, nobody knows."""
    script = Slow()
    with FakeServer(script) as server:
        conn = pg.connect(**server.params, autocommit=True)
        with pytest.raises(pg.errors.CancellationTimeout):
            conn.cancel_safe(timeout=0.1)
        assert conn.closed
        assert conn.broken
        with pytest.raises(pg.OperationalError, match="request to cancel was sent"):
            conn.execute("first")
        script.may_take.set()


@pytest.mark.howdah_only
async def test_a_cancel_on_its_way_ends_the_connection_behind_the_query(pg):
    began, timed_out, over = threading.Event(), threading.Event(), threading.Event()

    def serve(peer):
        if "user" not in peer.startup():
            over.wait(60)
            return
        peer.send(WELCOME)
        peer.read()
        began.set()
        timed_out.wait(60)
        peer.send(*ANSWER[b"Q"], fake.READY)
        peer.rest()

    with FakeServer(serve) as server:
        conn = await pg.AsyncConnection.connect(**server.params, autocommit=True)
        first = asyncio.create_task(conn.execute("first; first"))
        await asyncio.to_thread(began.wait, 60)
        with pytest.raises(pg.errors.CancellationTimeout):
            await conn.cancel_safe(timeout=0.1)
        timed_out.set()
        assert (await first).statusmessage == "SET"
        assert conn.closed
        with pytest.raises(pg.OperationalError, match="request to cancel was sent"):
            await conn.execute("second")
        over.set()


@pytest.mark.howdah_only
def test_a_cancel_that_was_not_sent_harms_nobody(pg, conn):
    port = conn._params["port"]
    with FakeServer(lambda peer: None) as nobody:
        conn._params["port"] = str(nobody.port)
    with pytest.raises(pg.OperationalError, match="Connection refused"):
        conn.cancel()
    assert conn.execute("select 1").fetchone() == (1,)
    conn._params["port"] = port
    conn.cancel()
    assert conn.execute("select 1").fetchone() == (1,)


@pytest.mark.howdah_only
def test_a_cancel_that_is_dropped_anywhere_holds_nobody_up(pg, dsn):
    with pg.connect(dsn, autocommit=True) as conn:
        conn._cancel_begin().end(True)
        assert conn.execute("select 1").fetchone() == (1,)
        conn._cancel_begin()
        with pytest.raises(pg.OperationalError, match="request to cancel was sent"):
            conn.execute("select 1")


# ---- a request that overtakes its query


class Late:
    """A server to which the first requests to cancel come before the query: it takes them, and they do nothing.

    ends_by_itself: the query ends while the last of them is on its way.
    """

    def __init__(self, overtaking, ends_by_itself=False):
        self.overtaking = overtaking
        self.ends_by_itself = ends_by_itself
        self.ended = threading.Event()
        self.began = threading.Event()
        self.requests = []
        self.order = []

    def __call__(self, peer):
        if "user" not in peer.startup():
            self.requests.append(time.monotonic())
            if len(self.requests) <= self.overtaking:
                return
            self.ended.set()
            if self.ends_by_itself:
                time.sleep(0.4)  # in which another query could be sent
            self.order.append("taken")
            return
        peer.send(WELCOME)
        kind = b""
        while kind not in (b"Q", b"S", b"H"):
            kind, _ = peer.read()
        self.began.set()
        self.ended.wait(60)
        if kind == b"Q":
            words = [fake.error("57014", "canceling statement due to user request", "ERROR")]
            peer.send(*([fake.message(b"C", b"SET\0")] if self.ends_by_itself else words), fake.READY)
        else:
            whole = [*ANSWER[b"S"][:3], fake.error("57014", "canceling statement due to user request", "ERROR")]
            peer.send(*(ANSWER[b"S"] if self.ends_by_itself else whole), fake.READY)
        while kind != b"X":
            kind, _ = peer.read()
            if kind in (b"Q", b"S"):
                self.order.append("next")
                peer.send(*ANSWER[kind], fake.READY)


def late(tls, tmp_path, *what):
    """The script, the fake server, and how to connect to it."""
    script = Late(*what)
    server = FakeServer(script, context=server_context(tmp_path) if tls else None)
    return script, server, {**server.params, "sslmode": "require" if tls else "disable"}


def press_ctrl_c(script):
    script.began.wait(60)
    os.kill(os.getpid(), signal.SIGINT)


TOO_EARLY = pytest.mark.parametrize(
    ("tls", "overtaking", "ends_by_itself"),
    [(False, 1, False), (False, 2, True), (True, 1, True)],
    ids=["plain", "plain, ends by itself", "tls, ends by itself"],
)


@pytest.mark.howdah_only
@TOO_EARLY
@pytest.mark.parametrize("how", ["timeout", "Ctrl-C"])
def test_a_request_that_came_too_early_is_repeated(pg, tmp_path, how, tls, overtaking, ends_by_itself):
    script, server, where = late(tls, tmp_path, overtaking, ends_by_itself)
    with server, within(50):
        conn = pg.connect(**where, autocommit=True)
        conn.cancel_grace = 60
        if how == "timeout":
            with nullcontext() if ends_by_itself else pytest.raises(pg.errors.QueryTimeout):
                conn.execute("first", binary=True, timeout=0.1)
        else:
            pressing = beside(press_ctrl_c, script)
            with pytest.raises(KeyboardInterrupt):
                conn.execute("first")
            pressing.result()
        assert not conn.closed
        conn.execute("second")
        conn.close()
    assert len(script.requests) == overtaking + 1
    assert script.order == ["taken", "next"]


@pytest.mark.howdah_only
@TOO_EARLY
@pytest.mark.parametrize("how", ["timeout", "task"])
async def test_a_request_that_came_too_early_is_repeated_asyncio(pg, tmp_path, how, tls, overtaking, ends_by_itself):
    script, server, where = late(tls, tmp_path, overtaking, ends_by_itself)
    with server, within(50):
        conn = await pg.AsyncConnection.connect(**where, autocommit=True)
        conn.cancel_grace = 60
        if how == "timeout":
            with nullcontext() if ends_by_itself else pytest.raises(pg.errors.QueryTimeout):
                await conn.execute("first", binary=True, timeout=0.1)
        else:
            task = asyncio.create_task(conn.execute("first"))
            await asyncio.to_thread(script.began.wait, 60)
            task.cancel()
            later = asyncio.create_task(conn.execute("second"))
            with pytest.raises(asyncio.CancelledError):
                await task
            await later
        assert not conn.closed
        if how == "timeout":
            await conn.execute("second")
        await conn.close()
    assert len(script.requests) == overtaking + 1
    assert script.order == ["taken", "next"]


@pytest.mark.howdah_only
def test_nobody_is_asked_again_behind_the_end_of_patience(pg):
    """The connection is given up when it always was, however often the server is asked."""
    script = Late(1000)
    with FakeServer(script) as server, within(50, 1.0):
        conn = pg.connect(**server.params, autocommit=True)
        conn.cancel_grace = 1.0
        with pytest.raises(pg.errors.QueryTimeout, match="connection was closed"):
            conn.execute("first", timeout=0.1)
        assert conn.closed
        asked = len(script.requests)
        script.ended.set()
    assert asked == len(script.requests)
    assert 1 <= asked <= 3
