"""Corner cases of the protocol that are no other file's; docs/protocol.md has all of them."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from beside import in_child, within
from replay import ways
from replay.blocking import blocking
from replay.play import ROADS
from replay.tunnel import server_context
from servers import fake
from servers.fake import FakeServer, authentication, message

pytestmark = pytest.mark.howdah_only

BLOCKING = blocking(ways.__file__)["WAYS"]


@pytest.fixture(scope="module", params=["plain", "tls"])
def transport(request, tmp_path_factory):
    """A context for the fake server, or None, and the parameter by which it is used."""
    if request.param == "plain":
        return None, "disable"
    return server_context(tmp_path_factory.mktemp("tls")), "require"


@pytest.fixture(params=ROADS)
def run(request, pg):
    """Make a query in one of the ways with a new connection in autocommit, then maybe other ones with the same.

    What each of them gave: rows, or the error that it raised; and whether the connection is open.
    """

    async def under_asyncio(where, *work):
        found = []
        async with await pg.AsyncConnection.connect(**where, autocommit=True) as conn:
            conn.cancel_grace = 60
            for way, query in work:
                try:
                    found.append(await ways.WAYS[way](conn, query))
                except pg.Error as error:
                    found.append(error)
            return found, not conn.closed

    def blocking(where, *work):
        found = []
        with pg.connect(**where, autocommit=True) as conn:
            conn.cancel_grace = 60
            for way, query in work:
                try:
                    found.append(BLOCKING[way](conn, query))
                except pg.Error as error:
                    found.append(error)
            return found, not conn.closed

    return blocking if request.param == "blocking" else lambda *args: asyncio.run(under_asyncio(*args))


def description(oid=25):
    return message(b"T", b"\0\1c\0" + bytes(6) + oid.to_bytes(4, "big") + b"\xff\xff\xff\xff\xff\xff\0\0")


ROW = message(b"D", b"\0\1\0\0\0\1x")
DONE = message(b"C", b"SELECT 1\0")
SUSPENDED = message(b"s")


def answering(answer, seen=None, behind=b""):
    """A server that gives this answer to whatever it is to execute. seen: what it was sent. behind: ReadyForQuery."""
    extended = {b"P": message(b"1"), b"B": message(b"2"), b"E": answer}

    def script(peer):
        peer.startup()
        peer.send(authentication(0), fake.welcome())
        out = b""
        while True:
            kind, body = peer.read()
            if seen is not None:
                seen.append((kind, body))
            if kind == b"X":
                return
            if kind == b"D":
                out += (message(b"t", b"\0\0") if body.startswith(b"S") else b"") + description()
            elif kind == b"Q":
                out += description() + answer
            else:
                out += extended.get(kind, b"")
            if kind in (b"Q", b"S"):
                out += fake.READY + behind
            if kind in (b"Q", b"S", b"H"):
                peer.send(out)
                out = b""

    return script


# ---- rows that are held back


@pytest.mark.parametrize("way", ["in_binary", "prepared", "streamed", "many", "piped"])
def test_rows_that_are_held_back_are_no_end_of_the_result(pg, run, transport, way):
    """Every Execute asks for all rows: a server that suspends the portal would have the rest lost without a word."""
    context, sslmode = transport
    with FakeServer(answering(ROW + SUSPENDED), context=context) as server, within(60):
        (outcome,), still_open = run({**server.params, "sslmode": sslmode}, (way, "select 'x'"))
    assert isinstance(outcome, pg.OperationalError)
    assert "held rows back" in str(outcome)
    assert not still_open


@pytest.mark.parametrize("way", ["in_binary", "prepared", "streamed", "many", "piped"])
def test_every_execute_asks_for_all_rows(pg, run, way):
    seen = []
    with FakeServer(answering(ROW + DONE, seen)) as server:
        run(server.params, (way, "select 'x'"))
    executes = [body for kind, body in seen if kind == b"E"]
    assert executes
    assert all(body[-4:] == bytes(4) for body in executes)


# ---- COPY BOTH


@pytest.mark.parametrize("way", ["executed", "piped", "copied"])
def test_replication_is_refused_and_the_session_goes_on(pg, dsn, run, way):
    """START_REPLICATION leads to COPY BOTH, and the log is on its way at once."""
    where = {**pg.conninfo.conninfo_to_dict(dsn), "replication": "database"}
    found, still_open = run(
        where,
        ("executed", "select pg_current_wal_lsn()::text"),
        ("executed", "select pg_logical_emit_message(false, 'x', repeat('y', 1000000))::text"),
    )
    lsn = found[0][0][0]
    found, still_open = run(where, (way, f"START_REPLICATION PHYSICAL {lsn}"), ("executed", "select 'mine'"))
    assert isinstance(found[0], pg.NotSupportedError if way == "executed" else pg.Error), found[0]
    assert found[1] == [("mine",)]
    assert still_open


BOTH = message(b"W", b"\0\0\0")
WAL = message(b"d", b"w" + bytes(24) + b"log")
KEEPALIVE = message(b"d", b"k" + bytes(17))
FAILED = fake.error("58P01", "requested WAL segment has already been removed", "ERROR")
STREAMING = message(b"C", b"START_STREAMING\0")


@pytest.mark.parametrize("way", ["executed", "in_binary", "streamed", "copied"])
@pytest.mark.parametrize(
    ("rest", "outcome"),
    [
        (WAL + KEEPALIVE + message(b"c") + STREAMING + fake.READY, "NotSupportedError"),
        (message(b"c") + STREAMING + fake.READY, "NotSupportedError"),
        (WAL + FAILED + fake.READY, "NotSupportedError"),
        (fake.error("57P01", "terminating connection due to administrator command"), "closed"),
        (message(b"c") + message(b"c"), "closed"),
        (message(b"G", b"\0\0\0"), "closed"),
        (b"", "closed"),
    ],
    ids=["log", "nothing", "error", "shutdown", "done twice", "COPY IN", "end"],
)
def test_copy_both(pg, run, transport, way, rest, outcome):
    """A server that copies both ways is told CopyDone; what it sends is dropped, and its error told once."""
    context, sslmode = transport
    seen = []

    def script(peer):
        peer.startup()
        peer.send(authentication(0), fake.welcome())
        kind = b""
        while kind not in (b"Q", b"S", b"H"):
            kind, _ = peer.read()
            seen.append(kind)
        peer.send((b"" if kind == b"Q" else message(b"1") + message(b"2") + message(b"n")) + BOTH + WAL)
        while kind != b"c":
            kind, _ = peer.read()
            seen.append(kind)
        if seen[0] != b"Q":
            assert peer.read()[0] == b"S"
        peer.send(rest)
        if outcome == "closed":
            return
        while peer.read()[0] != b"Q":
            pass
        peer.send(description(), ROW, DONE, fake.READY)
        peer.rest()

    with FakeServer(script, context=context) as server, within(60):
        found, still_open = run(
            {**server.params, "sslmode": sslmode}, (way, "START_REPLICATION 0/0"), ("executed", "select 'x'")
        )
    if outcome == "closed":
        assert not still_open
        assert all(isinstance(error, pg.OperationalError | pg.NotSupportedError) for error in found)
    else:
        assert type(found[0]).__name__ == outcome
        assert found[1] == [("x",)]
        assert still_open


# ---- what nobody has asked for


UNASKED = {
    "row": ROW,
    "tag": DONE,
    "columns": description(),
    "parsed": message(b"1"),
    "ready": fake.READY,
    "copy": BOTH,
    "authenticated": authentication(0),
    "key": fake.backend_key(),
    "function": message(b"V", bytes(4)),
    "unknown": message(b"x"),
}


@pytest.mark.parametrize(
    ("name", "when"),
    [(name, when) for name in UNASKED for when in ("idle", "within") if when == "idle" or name not in ("row", "tag")],
)
def test_an_answer_that_nobody_has_asked_for(pg, run, transport, name, when):
    """Behind an answer or in the middle of one: the connection is closed, and nobody gets it."""
    context, sslmode = transport
    unasked = UNASKED[name]
    script = answering(ROW + DONE, behind=unasked) if when == "idle" else answering(ROW + unasked + DONE)
    with FakeServer(script, context=context) as server, within(60):
        found, still_open = run({**server.params, "sslmode": sslmode}, ("executed", "a"), ("executed", "b"))
    assert not still_open
    assert isinstance(found[-1], pg.OperationalError)
    assert when == "within" or found[0] == [("x",)] or isinstance(found[0], pg.OperationalError)


def test_what_comes_behind_terminate_reaches_nobody(pg, run, transport):
    context, sslmode = transport

    def script(peer):
        peer.startup()
        peer.send(authentication(0), fake.welcome())
        while peer.read()[0] != b"X":
            peer.send(description(), ROW, DONE, fake.READY)
        peer.send(description(), ROW, DONE, fake.READY, fake.error("57P01", "good bye"))

    with FakeServer(script, context=context) as server, within(60):
        assert run({**server.params, "sslmode": sslmode}, ("executed", "a")) == ([[("x",)]], True)


# ---- floods


@pytest.mark.parametrize("flood", ["notice", "setting", "notification"])
def test_a_flood_takes_no_memory(pg, run, transport, flood):
    """A query whose answer is preceded by 50 MB of what may come at any time."""
    context, sslmode = transport
    one = {
        "notice": fake.notice("x" * 1000),
        "setting": fake.parameter_status("application_name", "x" * 1000),
        "notification": message(b"A", b"\0\0\0\1news\0" + b"x" * 1000 + b"\0"),
    }[flood]

    def script(peer):
        peer.startup()
        peer.send(authentication(0), fake.welcome())
        peer.read()
        for _ in range(500):
            peer.send(one * 100)
        peer.send(description(), ROW, DONE, fake.READY)
        peer.rest()

    with FakeServer(script, context=context) as server, within(120):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert run({**server.params, "sslmode": sslmode}, ("executed", "a")) == ([[("x",)]], True)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if flood == "notification":
        return  # those that come before anybody asks for them are kept: notifies() gives them
    if "asan" not in os.environ.get("LD_PRELOAD", ""):  # which keeps what is freed
        assert grown < 30_000  # KiB


# ---- sizes


def test_a_prepared_statement_of_very_many_parameters(auto):
    """ParameterDescription is then longer than libpq before 18.1 took it to be."""
    query = "select count(*) from (values " + ", ".join(["(%s::int)"] * 65_535) + ") v"
    for _ in range(2):
        assert auto.execute(query, [1] * 65_535, prepare=True).fetchone() == (65_535,)


# ---- servers of old


@pytest.mark.parametrize("road", ROADS)
def test_times_as_floating_point_numbers_are_refused(pg, road):
    """integer_datetimes=off: the bytes of such a server's times would be read as other times."""

    def script(peer):
        peer.startup()
        peer.send(authentication(0), fake.welcome(integer_datetimes="off"))
        peer.rest()

    with FakeServer(script) as server, pytest.raises(pg.OperationalError, match="floating-point"):
        if road == "blocking":
            pg.connect(**server.params)
        else:
            asyncio.run(pg.AsyncConnection.connect(**server.params))


# ---- the system


@contextmanager
def descriptors(least):
    """New descriptors are no less than this."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < least + 200:
        pytest.skip(f"no more than {hard} descriptors here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, least + 200), hard))
    held = []
    try:
        while not held or held[-1] < least:
            held.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for fd in held:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("road", ROADS)
def test_descriptors_beyond_select(pg, dsn, road):
    """1024 is more than select() takes; everything that waits is made to."""

    def blocking():
        with pg.connect(dsn, autocommit=True) as conn:
            assert conn.fileno() >= 1024
            assert conn.execute("select pg_sleep(0.05)::text, 'x'", timeout=60).fetchone() == ("", "x")
            assert conn.execute("select repeat('x', 1000000)").fetchone() == ("x" * 1_000_000,)
            with pytest.raises(pg.errors.QueryTimeout):
                conn.execute("select pg_sleep(60)", timeout=0.1)
            conn.execute("listen far; notify far")
            assert [news.channel for news in conn.notifies(timeout=60, stop_after=1)] == ["far"]

    async def under_asyncio():
        async with await pg.AsyncConnection.connect(dsn, autocommit=True) as conn:
            assert conn.fileno() >= 1024
            cur = await conn.execute("select pg_sleep(0.05)::text, 'x'", timeout=60)
            assert await cur.fetchone() == ("", "x")
            with pytest.raises(pg.errors.QueryTimeout):
                await conn.execute("select pg_sleep(60)", timeout=0.1)
            assert await (await conn.execute("select 'mine'")).fetchone() == ("mine",)

    with descriptors(1100):
        if road == "blocking":
            blocking()
        else:
            asyncio.run(under_asyncio())


@pytest.mark.parametrize("road", ROADS)
def test_pools_with_descriptors_beyond_select(dsn, road):
    from howdah.pool import AsyncConnectionPool, ConnectionPool

    async def under_asyncio():
        async with AsyncConnectionPool(dsn, min_size=1, open=False) as pool:
            await pool.wait()
            async with pool.connection() as conn:
                assert conn.fileno() >= 1024
                assert await (await conn.execute("select 1")).fetchone() == (1,)

    with descriptors(1100):
        if road == "asyncio":
            asyncio.run(under_asyncio())
            return
        with ConnectionPool(dsn, min_size=1) as pool:
            pool.wait()
            for _ in range(2):
                with pool.connection() as conn:
                    assert conn.fileno() >= 1024
                    assert conn.execute("select 1").fetchone() == (1,)


DEAF = """
import asyncio, signal, sys
import howdah
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
where, road = sys.argv[1], sys.argv[2]

def blocking():
    conn = howdah.connect(where, autocommit=True)
    for _ in range(3):
        conn.execute("select %s", ["x" * 1_000_000])

async def under_asyncio():
    conn = await howdah.AsyncConnection.connect(where, autocommit=True)
    for _ in range(3):
        await conn.execute("select %s", ["x" * 1_000_000])

try:
    blocking() if road == "blocking" else asyncio.run(under_asyncio())
except howdah.OperationalError as error:
    print("told:", error)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGPIPE"), reason="the system has no such signal")
@pytest.mark.parametrize("when", ["connecting", "idle", "cancelling"])
@pytest.mark.parametrize("road", ROADS)
def test_a_server_that_hangs_up_does_not_end_the_process(tmp_path, when, road):
    """Who writes to a socket that nobody reads is sent SIGPIPE, and dies of it unless that is asked not to come."""

    def script(peer):
        if when == "connecting":
            return
        peer.startup()
        peer.send(authentication(0), fake.welcome())

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{tmp_path}/.s.PGSQL.5432")
        listener.listen()
        with FakeServer(script, listener):
            where = f"host={tmp_path} user=u password=pw dbname=d"
            child = subprocess.run(
                [sys.executable, "-c", DEAF, where, road], capture_output=True, text=True, timeout=120
            )
    assert (child.returncode, child.stderr) == (0, "")
    assert child.stdout.startswith("told:")


# ---- deadlock


@pytest.mark.parametrize("road", ROADS)
def test_both_write_at_once_through_small_buffers(pg, dsn, road):
    """20 MB each way in a pipeline: who only writes until all is written waits for a server that does the same."""

    def shrink(conn):
        with socket.socket(fileno=os.dup(conn.fileno())) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)

    text, times = "x" * 100_000, 200

    async def under_asyncio():
        async with await pg.AsyncConnection.connect(dsn, autocommit=True) as conn:
            shrink(conn)
            async with conn.pipeline():
                cursors = [await conn.execute("select %s::text", [text]) for _ in range(times)]
            assert all([await cur.fetchone() == (text,) for cur in cursors])

    def blocking():
        with pg.connect(dsn, autocommit=True) as conn:
            shrink(conn)
            with conn.pipeline():
                cursors = [conn.execute("select %s::text", [text]) for _ in range(times)]
            assert all(cur.fetchone() == (text,) for cur in cursors)

    if road == "blocking":
        blocking()
    else:
        asyncio.run(under_asyncio())


# ---- interpreters and forks

LATE = """
import os, sys
import howdah

class Late:
    def __init__(self, conn):
        self.conn = conn

    def __del__(self, write=os.write):
        write(1, repr(self.conn.execute("select 'x'").fetchone()).encode())
        self.conn.close()

sys.late = Late(howdah.connect(sys.argv[1], autocommit=True))
"""


def test_a_query_by_a_finalizer_of_an_interpreter_that_ends(transport):
    """Nothing can be imported any more there."""
    context, sslmode = transport
    with FakeServer(answering(ROW + DONE), context=context) as server:
        where = " ".join(f"{key}={value}" for key, value in {**server.params, "sslmode": sslmode}.items())
        child = subprocess.run([sys.executable, "-c", LATE, where], capture_output=True, text=True, timeout=120)
    assert (child.returncode, child.stderr, child.stdout) == (0, "", "('x',)")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="before 3.12 interpreters share asyncio's module in C")
def test_interpreters(dsn):
    """Several at once, with a GIL of their own from CPython 3.13 on."""
    program = Path(__file__).parents[1] / "isolated/subinterpreters.py"
    subprocess.run([sys.executable, program, dsn, "1"], check=True, timeout=300)


def refuses(pg, call):
    try:
        call()
    except pg.OperationalError as error:
        return "forked" in str(error)
    return False


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")
def test_a_forked_child_cannot_use_the_connection(pg, dsn):
    """What either sent and received there would be the other's."""
    conn = pg.connect(dsn, autocommit=True)
    cur = conn.execute("select generate_series(1, 3)")

    def child():
        mine = cur.fetchall() == [(1,), (2,), (3,)]  # they have been received
        refused = [
            refuses(pg, lambda: conn.execute("select 'child'")),
            refuses(pg, lambda: conn.cursor().executemany("select %s", [(1,)])),
            refuses(pg, lambda: next(conn.cursor().stream("select 1"))),
            refuses(pg, lambda: conn.cursor().copy("copy (select 1) to stdout").__enter__()),
            refuses(pg, lambda: next(conn.notifies(timeout=1))),
            refuses(pg, conn.fileno),
            refuses(pg, conn.cancel),
            refuses(pg, conn.cancel_safe),
        ]
        conn.close()
        return mine and all(refused) and conn.closed

    assert in_child(child)
    assert conn.execute("select 'parent'").fetchone() == ("parent",)
    conn.close()


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")
def test_a_forked_child_in_the_middle_of_a_stream(pg, dsn):
    conn = pg.connect(dsn, autocommit=True)
    rows = conn.cursor().stream("select n from generate_series(1, 200000) n")
    assert next(rows) == (1,)

    def child():
        refused = refuses(pg, lambda: list(rows))
        rows.close()
        conn.close()
        return refused

    assert in_child(child)
    assert sum(1 for _ in rows) == 199_999
    conn.close()
