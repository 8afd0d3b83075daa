"""`notifies()`, blocking and under asyncio."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

import howdah
from beside import beside, eventually, within
from servers import fake

pytestmark = pytest.mark.every_loop


@pytest.fixture
def other(dsn):
    with howdah.connect(dsn, autocommit=True) as conn:
        yield conn


@pytest.fixture
def listening(conn):
    conn.autocommit = True
    conn.execute("listen channel")
    return conn


@pytest.fixture
async def alistening(aconn):
    await aconn.set_autocommit(True)
    await aconn.execute("listen channel")
    return aconn


def payloads(conn, **kwargs):
    return [notify.payload for notify in conn.notifies(**kwargs)]


def test_what_came_before_is_not_lost(listening, other):
    other.execute("notify channel, '1'")
    listening.execute("select 1")
    other.execute("notify channel, '2'")
    other.execute("select 1")
    heard = []
    eventually(lambda: heard.extend(payloads(listening, timeout=0)) or len(heard) >= 2)
    assert heard == ["1", "2"]
    assert payloads(listening, timeout=0) == []


def test_waiting(listening, other):
    delays = []
    while len(delays) < 10 and min(delays, default=1) > 0.3:  # at once, when the machine is not too busy
        sent = []

        def send():
            time.sleep(0.1)
            sent.append(time.monotonic())  # noqa: B023
            other.execute("notify channel, 'late'")

        notifying = beside(send)
        [notify] = listening.notifies(timeout=60, stop_after=1)
        notifying.result()
        delays.append(time.monotonic() - sent[0])
        assert (notify.channel, notify.payload, notify.pid) == ("channel", "late", other.info.backend_pid)
    assert min(delays) < 2, delays
    with within(30, 0.2):
        assert payloads(listening, timeout=0.2) == []


def test_left_and_taken_up_again(listening, other):
    other.execute("notify channel, '1'; notify channel, '2'; notify channel, '3'")
    for notify in listening.notifies(timeout=60):
        assert notify.payload == "1"
        break
    assert payloads(listening, timeout=60, stop_after=1) == ["2", "3"]  # which came together


def test_the_connection_may_be_used_meanwhile(listening, other):
    seen = []
    for notify in listening.notifies(stop_after=3, timeout=60):
        seen.append(notify.payload)
        listening.execute("select pg_notify('channel', %s)", [str(len(seen))])
        if len(seen) == 3:
            break
    else:
        pytest.fail("ended")  # pragma: no cover
    assert seen == ["0", "1", "2"]


@pytest.fixture(autouse=True)
def first(request):
    """The notification that starts the conversation of the test above."""
    if request.function is test_the_connection_may_be_used_meanwhile:
        request.getfixturevalue("listening")
        request.getfixturevalue("other").execute("notify channel, '0'")


def test_handlers_and_generators(listening, other):
    heard = []
    listening.add_notify_handler(heard.append)
    other.execute("notify channel, '1'")
    listening.execute("select 1")
    assert len(heard) == 1
    with pytest.warns(RuntimeWarning, match="notifies"):
        assert payloads(listening, timeout=0) == []


def test_the_connection_is_lost_or_closed(listening, other, dsn):
    timer = threading.Timer(0.1, other.execute, [f"select pg_terminate_backend({listening.info.backend_pid})"])
    timer.start()
    with pytest.raises(howdah.OperationalError):
        payloads(listening, timeout=60)
    timer.join()
    with pytest.raises(howdah.OperationalError):
        payloads(listening, timeout=0)


async def test_asyncio(alistening, other):
    loop = asyncio.get_running_loop()
    loop.call_later(0.1, other.execute, "notify channel, 'late'")
    with within(30):
        got = [notify.payload async for notify in alistening.notifies(timeout=60, stop_after=1)]
    assert got == ["late"]
    assert [n async for n in alistening.notifies(timeout=0.1)] == []
    other.execute("notify channel, 'now'")
    heard = []
    while not heard:
        heard = [n.payload async for n in alistening.notifies(timeout=0)]
    assert heard == ["now"]


async def test_asyncio_uses_the_connection_meanwhile(alistening, other):
    async def listen():
        return [notify.payload async for notify in alistening.notifies(timeout=60, stop_after=1)]

    task = asyncio.create_task(listen())
    await asyncio.sleep(0.02)
    cur = await alistening.execute("select 1")
    assert await cur.fetchone() == (1,)
    other.execute("notify channel, 'x'")
    assert await task == ["x"]


async def test_asyncio_loses_the_connection(alistening, other):
    loop = asyncio.get_running_loop()
    loop.call_later(0.05, other.execute, f"select pg_terminate_backend({alistening.info.backend_pid})")
    with pytest.raises(howdah.OperationalError):
        async for _ in alistening.notifies(timeout=60):
            pass


async def test_asyncio_cancels_the_wait(alistening, other):
    async def listen():
        async for _ in alistening.notifies():
            pass

    task = asyncio.create_task(listen())
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    other.execute("notify channel, 'x'")
    assert [n.payload async for n in alistening.notifies(timeout=60, stop_after=1)] == ["x"]


@pytest.mark.filterwarnings("ignore:notifies")
def test_a_handler_that_uses_the_connection(listening, other):
    """What arrives in notifies() is handed on while the connection is taken: to use it would wait for oneself."""
    caught = []

    def handler(what):
        for use in (lambda: listening.execute("select 1"), lambda: list(listening.notifies(timeout=0))):
            with pytest.raises(howdah.ProgrammingError, match="already executing") as info:
                use()
            caught.append(info.value)

    listening.add_notice_handler(handler)
    listening.add_notify_handler(handler)
    other.execute("notify channel")
    with within(60):
        while len(caught) < 2:
            list(listening.notifies(timeout=0.1))
        listening.execute("do $$ begin raise notice 'n'; end $$")
    assert len(caught) == 4
    assert listening.execute("select 5").fetchone() == (5,)


def test_within_a_stream_of_rows(listening):
    with within(60):
        for _ in listening.cursor().stream("select generate_series(1, 3)"):
            with pytest.raises(howdah.ProgrammingError, match="already executing"):
                list(listening.notifies(timeout=0))
    assert listening.execute("select 5").fetchone() == (5,)


@pytest.mark.filterwarnings("ignore:notifies")
def test_a_handler_that_interrupts(listening, other):
    def handler(notify):
        raise KeyboardInterrupt

    listening.add_notify_handler(handler)
    other.execute("notify channel")
    with within(60), pytest.raises(KeyboardInterrupt):
        list(listening.notifies(timeout=30))
    assert listening.execute("select 5").fetchone() == (5,)


def test_a_server_that_never_stops_talking():
    """Its notices are taken for as long as notifies() was given, and no longer."""

    def script(peer):
        peer.startup()
        peer.send(fake.authentication(0), fake.welcome())
        notices = fake.notice("x") * 1000
        while True:
            peer.send(notices)

    with (
        fake.FakeServer(script) as server,
        within(60),
        howdah.connect(**server.params, autocommit=True) as conn,
    ):
        assert list(conn.notifies(timeout=0.2)) == []
