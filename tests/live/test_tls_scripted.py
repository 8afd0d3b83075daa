"""TLS with a server that says what a test tells it to: one that falls silent anywhere, and how connections end."""

from __future__ import annotations

import asyncio
import gc
import ssl
import threading
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest

from beside import beside, eventually, in_child, within
from replay.tunnel import ON, Tunnel, server_context
from servers import fake
from servers.fake import FakeServer, authentication, message

pytestmark = pytest.mark.howdah_only

CANCEL_REQUEST = 80877102
PROTOCOL_3_2 = 196610
WELCOME = authentication(0) + fake.welcome()
WAIT = 0.2  # seconds: how long silence is borne
DONE = message(b"C", b"SET\0") + fake.READY
CANCELED = fake.error("57014", "canceling statement due to user request", "ERROR") + fake.READY


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    return server_context(tmp_path_factory.mktemp("tls"))


@pytest.fixture(params=["blocking", "asyncio"])
def road(request, pg):
    """Connections of a road, whose methods are called as if they were blocking."""
    if request.param == "blocking":
        yield SimpleNamespace(
            name="blocking", connect=pg.connect, call=lambda function, *args, **kw: function(*args, **kw)
        )
        return
    loop = asyncio.new_event_loop()

    async def awaited(function, *args, **kwargs):
        value = function(*args, **kwargs)
        return await value if asyncio.iscoroutine(value) or hasattr(value, "__await__") else value

    def call(function, *args, **kwargs):
        return loop.run_until_complete(awaited(function, *args, **kwargs))

    yield SimpleNamespace(
        name="asyncio", connect=lambda **params: call(pg.AsyncConnection.connect, **params), call=call
    )
    loop.close()


def secured(server, **params):
    return {**server.params, "sslmode": "require", **params}


class Held:
    """Once it is armed, what is sent over TLS ends in the middle of a record; the rest is held back."""

    def __init__(self, armed=False):
        self.armed = armed
        self.rest = b""
        self.held = threading.Event()

    def __call__(self, records, before):
        if not self.armed:
            return [records], ON
        self.armed = False
        middle = len(records) // 2
        self.rest = records[middle:]
        self.held.set()
        return [records[:middle]], ON

    def encrypt(self, peer, context):
        """Make the handshake."""
        peer._sock = Tunnel(peer._sock, context, self)

    def release(self, peer):
        self.held.wait(60)
        peer._sock._sock.sendall(self.rest)


# ---- a server that falls silent while a connection is made


def no_answer(peer, context, over):
    peer._exactly(8)


def no_handshake(peer, context, over):
    peer._exactly(8)
    peer.send(b"S")


def half_a_handshake(peer, context, over):
    Held(armed=True).encrypt(peer, context)


def no_authentication(peer, context, over):
    peer.startup()


def half_an_authentication(peer, context, over):
    peer.startup()
    peer.send(fake.sasl("SCRAM-SHA-256"))
    peer.sasl_initial()


def no_ready(peer, context, over):
    peer.startup()
    peer.send(WELCOME[:-1])


def half_a_record(peer, context, over):
    held = Held()
    held.encrypt(peer, context)
    peer.startup()
    held.armed = True
    peer.send(WELCOME)


def a_trickle(peer, context, over):
    """Not silent, but no further on either."""
    peer.startup()
    while not over.wait(0.05):
        peer.send(fake.notice("wait a little"))


PHASES = [
    no_answer,
    no_handshake,
    half_a_handshake,
    no_authentication,
    half_an_authentication,
    no_ready,
    half_a_record,
    a_trickle,
]


@contextmanager
def silent(phase, context):
    over = threading.Event()

    def script(peer):
        phase(peer, context, over)
        over.wait(60)

    with FakeServer(script, context=context) as server:
        try:
            yield server
        finally:
            over.set()


@pytest.mark.parametrize("phase", PHASES)
def test_silent_while_connecting(pg, road, context, phase):
    with (
        silent(phase, context) as server,
        within(30, WAIT),
        pytest.raises(pg.errors.ConnectionTimeout),
    ):
        road.connect(**secured(server, connect_timeout=str(WAIT)))


# ---- and afterwards


@contextmanager
def falls_silent(context, *, answer=b"", held=None):
    """Lets everybody in; answers the first query in part, and then neither that nor requests to cancel."""
    over = threading.Event()

    def script(peer):
        if held is not None:
            held.encrypt(peer, context)
        if "user" in peer.startup():
            peer.send(WELCOME)
            peer.read()
            if held is not None:
                held.armed = True
            peer.send(answer)
        over.wait(60)

    with FakeServer(script, context=context) as server:
        try:
            yield server
        finally:
            over.set()


@pytest.mark.parametrize("answer", [b"", DONE[:3], DONE[:-1]])
def test_silent_after_a_query(pg, road, context, answer):
    with falls_silent(context, answer=answer) as server:
        conn = road.connect(**secured(server), autocommit=True)
        conn.cancel_grace = WAIT
        with within(30, WAIT), pytest.raises(pg.errors.QueryTimeout, match="connection was closed"):
            road.call(conn.execute, "select 1", timeout=WAIT)
        assert conn.closed
        assert conn.broken


def test_silent_in_the_middle_of_a_record(pg, road, context):
    with falls_silent(context, answer=DONE, held=Held()) as server:
        conn = road.connect(**secured(server), autocommit=True)
        conn.cancel_grace = WAIT
        with within(30, WAIT), pytest.raises(pg.errors.QueryTimeout, match="connection was closed"):
            road.call(conn.execute, "select 1", timeout=WAIT)
        assert conn.closed


def test_silent_while_sending(pg, road, context):
    """More than the kernel takes."""
    with falls_silent(context) as server:
        conn = road.connect(**secured(server), autocommit=True)
        conn.cancel_grace = WAIT
        with within(30, WAIT), pytest.raises(pg.errors.QueryTimeout):
            road.call(conn.execute, "select %s", ["x" * 30_000_000], timeout=WAIT)
        assert conn.closed


@pytest.mark.parametrize("answer", [CANCELED, DONE])
def test_a_timeout_in_the_middle_of_a_record(pg, road, context, answer):
    """The rest comes when the server was asked to cancel: the next query has its own answer."""
    held, over = Held(), threading.Event()

    def script(peer):
        connected.append(peer)
        if len(connected) > 1:  # a request to cancel
            peer.startup()
            held.release(connected[0])
            return
        held.encrypt(peer, context)
        peer.startup()
        peer.send(WELCOME)
        peer.read()
        held.armed = True
        peer.send(answer)
        peer.read()
        peer.send(message(b"C", b"SECOND\0") + fake.READY)
        over.wait(60)

    connected = []
    with FakeServer(script, context=context) as server:
        conn = road.connect(**secured(server), autocommit=True)
        conn.cancel_grace = 60
        with suppress(pg.errors.QueryTimeout):  # it was too late for DONE
            assert road.call(conn.execute, "first", timeout=WAIT).statusmessage == "SET"
        assert len(connected) == 2
        assert road.call(conn.execute, "second").statusmessage == "SECOND"
        road.call(conn.close)
        over.set()


# ---- cancelling


class Cancellable:
    """Its first query ends when it is cancelled, those that follow at once.

    way: what becomes of a request to cancel: it is "taken", or the server is silent at a phase of it.
    """

    def __init__(self, context, key, way="taken"):
        self.context, self.key, self.way = context, key, way
        self.began, self.asked, self.over = threading.Event(), threading.Event(), threading.Event()
        self.reached = threading.Event()  # the phase
        self.connections, self.protocol, self.requests = 0, None, []

    def __call__(self, peer):
        self.connections += 1
        if self.connections == 1:
            self.converse(peer)
        elif self.way != "taken":
            self.way(peer, self.context, self.over)
            self.reached.set()
            self.over.wait(60)
        else:
            peer.startup()
            self.requests.append((peer.protocol, peer.asked, isinstance(peer._sock, ssl.SSLSocket)))
            self.asked.set()

    def converse(self, peer):
        peer.startup()
        self.protocol = peer.protocol
        peer.send(WELCOME.replace(fake.backend_key(), fake.backend_key(key=self.key)))
        peer.read()
        self.began.set()
        self.asked.wait(60)
        peer.send(CANCELED)
        while peer.read()[0] != b"X":
            peer.send(DONE)


def not_taken(peer, context, over):
    """The server has it, and does not say so by hanging up."""
    peer.startup()


KEYS = [("3.0", 4), ("3.2", 4), ("3.2", 32), ("3.2", 256)]


@pytest.mark.parametrize("method", ["cancel", "cancel_safe"])
@pytest.mark.parametrize(("protocol", "size"), KEYS)
def test_cancel(pg, road, context, protocol, size, method):
    """The request has TLS as the connection has, and the whole of the key."""
    key = bytes(range(97, 123)) * 10
    script = Cancellable(context, key[:size])
    with FakeServer(script, context=context) as server:
        conn = road.connect(**secured(server, max_protocol_version=protocol), autocommit=True)
        assert script.protocol == (PROTOCOL_3_2 if protocol == "3.2" else 3 << 16)

        async def together():
            query = asyncio.ensure_future(conn.execute("first"))
            await asyncio.to_thread(script.began.wait, 60)
            done = getattr(conn, method)()
            if done is not None:
                await done
            await query

        with pytest.raises(pg.errors.QueryCanceled):
            if road.name == "asyncio":
                road.call(together)
            else:
                cancelling = beside(lambda: script.began.wait(60) and getattr(conn, method)())
                conn.execute("first")
        if road.name == "blocking":
            cancelling.result()
        assert script.requests == [(CANCEL_REQUEST, b"\0\0\0\x2a" + key[:size], True)]
        assert road.call(conn.execute, "second").statusmessage == "SET"
        road.call(conn.close)


@pytest.mark.parametrize("phase", [no_answer, no_handshake, half_a_handshake])
def test_cancel_has_a_deadline(pg, road, context, phase):
    """A request that was not sent harms nobody."""
    script = Cancellable(context, b"k" * 32, phase)
    with FakeServer(script, context=context) as server:
        conn = road.connect(**secured(server, max_protocol_version="3.2"), autocommit=True)
        with within(30, WAIT), pytest.raises(pg.errors.CancellationTimeout):
            road.call(conn.cancel_safe, timeout=WAIT)
        script.asked.set()
        with pytest.raises(pg.errors.QueryCanceled):
            road.call(conn.execute, "first")
        assert road.call(conn.execute, "second").statusmessage == "SET"
        road.call(conn.close)
        script.over.set()


def test_cancel_that_is_not_taken(pg, road, context):
    """Nobody knows whom it will hit. On a machine that is slow enough it was not even sent."""
    script = Cancellable(context, b"k" * 32, not_taken)
    with FakeServer(script, context=context) as server:
        conn = road.connect(**secured(server, max_protocol_version="3.2"), autocommit=True)
        with within(30, 1), pytest.raises(pg.errors.CancellationTimeout):
            road.call(conn.cancel_safe, timeout=1)
        if conn.closed:
            eventually(script.reached.is_set)
        else:
            assert not script.reached.is_set()
        script.asked.set()
        script.over.set()
        road.call(conn.close)


@pytest.mark.parametrize("phase", [no_answer, no_handshake, half_a_handshake, not_taken])
def test_cancelling_holds_up_no_timeout(pg, road, context, phase):
    script = Cancellable(context, b"k" * 32, phase)
    with FakeServer(script, context=context) as server:
        conn = road.connect(**secured(server, max_protocol_version="3.2"), autocommit=True)
        conn.cancel_grace = WAIT
        with within(30, WAIT), pytest.raises(pg.errors.QueryTimeout):
            road.call(conn.execute, "first", timeout=WAIT)
        assert conn.closed
        script.over.set()
        script.asked.set()


# ---- the end


class Listener:
    """Notes what a client says behind the start-up, and how it ends."""

    def __init__(self):
        self.heard, self.end = b"", None

    def __call__(self, peer):
        peer.startup()
        peer.send(WELCOME)
        peer._sock.suppress_ragged_eofs = False
        try:
            self.heard = peer.rest()
            self.end = "close_notify"
        except ssl.SSLError as error:
            self.end = error.reason


@pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("way", ["close", "forget"])
def test_says_goodbye(road, context, way, version):
    """Terminate, and that nothing follows: nobody has cut off anything."""
    script = Listener()
    with FakeServer(script, context=context) as server:
        conn = road.connect(**secured(server, ssl_max_protocol_version=version))
        if way == "close":
            road.call(conn.close)
        del conn
        gc.collect()
        eventually(lambda: script.end is not None)
    assert (script.heard, script.end) == (b"X\0\0\0\4", "close_notify")


@pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")
@pytest.mark.parametrize("way", ["close", "forget", "exit"])
def test_a_forked_child_says_nothing(pg, road, context, way):
    """The keys are the parent's: a record of the child's would end its connection."""
    script = Cancellable(context, b"1234")
    script.asked.set()
    with FakeServer(script, context=context) as server:
        held = [road.connect(**secured(server), autocommit=True)]

        def leave():
            if way == "close":
                with suppress(StopIteration):
                    held[0].close() if road.name == "blocking" else held[0].close().send(None)
            if way != "exit":
                held.clear()
                gc.collect()
            return True

        assert in_child(leave)
        with pytest.raises(pg.errors.QueryCanceled):
            road.call(held[0].execute, "first")
        assert road.call(held[0].execute, "second").statusmessage == "SET"
        road.call(held[0].close)
