"""What programs reach of psycopg beyond what it documents, and its functions that have another home here."""

from __future__ import annotations

import asyncio
import inspect
import socket

import pytest

import howdah
from howdah import pq, rows, waiting
from howdah._psycopg import errors as psycopg_errors
from howdah._psycopg import generators
from howdah._psycopg.types import numeric as psycopg_numeric
from howdah._psycopg.types import range as psycopg_range
from howdah.types.range import Range


def test_private_names(conn, pg, pool_module, dsn):
    """What SQLAlchemy, Django, procrastinate and psycopg_pool take from under the underscore."""
    cur = conn.cursor()
    assert cur._query is None
    cur.execute("select %s", ["x"])
    assert b"select" in cur._query.query
    cur._close()
    assert cur.closed
    assert conn._pool is None
    conn._pool, conn._created_at, conn._expire_at = None, 1.0, 2.0
    conn._is_instrumented_by_opentelemetry = True
    assert pg.types.range.Range(1, 2)._lower == 1
    assert (Range(1, 2)._upper, Range(1, 2)._bounds) == (2, "[)")
    with pool_module.ConnectionPool(dsn, min_size=1, check=pool_module.ConnectionPool.check_connection) as pool:
        assert pool._check is pool_module.ConnectionPool.check_connection
        assert "dbname" in pool._resolve_conninfo()
        assert pool._resolve_kwargs() == {}
        with pool.connection() as lent:
            assert lent._pool is pool


async def test_private_names_asyncio(aconn):
    cur = aconn.cursor()
    await cur.execute("select 1")
    assert cur.pgresult.status == pq.ExecStatus.TUPLES_OK
    assert cur._close() is None
    assert cur.closed


@pytest.mark.parametrize("name", ["Cursor", "ClientCursor", "RawCursor", "AsyncCursor", "ServerCursor"])
def test_signatures_of_cursors(pg, name):
    cls = getattr(pg, name)
    assert "row_factory" in inspect.signature(cls.__init__).parameters
    assert "row_factory" in inspect.signature(cls).parameters


def test_mixins(conn, pg):
    class Logged:
        def execute(self, *args, **kwargs):
            log.append(args[0])
            return super().execute(*args, **kwargs)

    class Client(Logged, pg.client_cursor.ClientCursorMixin, pg.Cursor):
        def __init__(self, *args, **kwargs):
            self.note = "set before the cursor is made"
            super().__init__(*args, **kwargs)

    class Server(Logged, pg.client_cursor.ClientCursorMixin, pg.ServerCursor):
        pass

    log = []
    assert Client(conn, row_factory=rows.scalar_row).execute("select %s", ["a"]).fetchone() == "a"
    with Server(conn, name="there") as cur:
        assert cur.execute("select generate_series(1, %s)", [3]).fetchall() == [(1,), (2,), (3,)]
    assert len(log) == 2
    assert issubclass(pg.client_cursor.ClientCursorMixin, pg.cursor.BaseCursor)


@pytest.mark.parametrize("method", ["cursor", "execute"])
def test_signatures_of_connections(pg, method):
    mine, awaited = (inspect.signature(getattr(cls, method)) for cls in (pg.Connection, pg.AsyncConnection))
    assert list(mine.parameters) == list(awaited.parameters)
    assert getattr(pg.Connection, method).__doc__


def test_a_connection_of_ones_own(pg, dsn):
    """execute() makes its cursor by cursor(), and that by cursor_factory."""

    class Own(pg.Cursor):
        def __init__(self, connection, *, row_factory=None):
            super().__init__(connection, row_factory=row_factory)
            self.log = [row_factory]

        def execute(self, query, params=None, *, prepare=None, binary=None):  # knows of no timeout
            self.log += [query, params, prepare, binary]
            return super().execute(query, params, prepare=prepare, binary=binary)

    class Connection(pg.Connection):
        made = 0

        def cursor(self):
            self.made += 1
            return super().cursor()

    with Connection.connect(dsn, cursor_factory=Own) as conn:
        cur = conn.execute("select %s", ["a"], prepare=True)
        assert type(cur) is Own
        assert cur.log == [conn.row_factory, "select %s", ["a"], True, None]
        assert cur.fetchone() == ("a",)
        cur = conn.execute("select 1", binary=True)
        assert (conn.made, cur.format, cur.pgresult.fformat(0)) == (2, pq.Format.BINARY, pq.Format.BINARY)
        conn.cursor = lambda: pg.Cursor(conn, row_factory=rows.scalar_row)
        assert conn.execute("select 2").fetchone() == 2


def test_cursor_factories(conn, pg):
    conn.cursor_factory = lambda connection, row_factory: ("made", connection, row_factory)
    assert conn.cursor() == ("made", conn, conn.row_factory)
    assert conn.cursor(row_factory=rows.dict_row) == ("made", conn, rows.dict_row)
    conn.cursor_factory = pg.ClientCursor
    assert conn.execute("select %s", ["a"]).fetchone() == ("a",)
    assert conn.cursor(row_factory=rows.dict_row).execute("select %s as a", [1]).fetchone() == {"a": 1}
    conn.cursor_factory = None
    with pytest.raises(TypeError):
        conn.cursor()
    conn.close()
    with pytest.raises(pg.OperationalError):
        conn.cursor()


@pytest.mark.howdah_only  # psycopg's cursors have no timeout
def test_a_timeout_reaches_a_cursor_of_ones_own(conn):
    class Own(howdah.Cursor):
        def execute(self, query, params=None, *, prepare=None, binary=None, timeout=None):
            self.seconds = timeout
            return super().execute(query, params, prepare=prepare, binary=binary, timeout=timeout)

    conn.cursor_factory = Own
    assert conn.execute("select 1", timeout=60).seconds == 60
    assert conn.execute("select 1").seconds is None


def test_a_cursor_on_the_server_is_its_own_iterator(conn):
    with conn.cursor("pages", scrollable=True) as cur:
        cur.itersize = 3
        cur.execute("select generate_series(1, 8)")
        assert iter(cur) is cur
        assert (next(cur), cur.rownumber) == ((1,), 1)
        assert cur.fetchone() == (4,)  # behind the page
        assert next(cur) == (2,)
        assert [row[0] for row in cur] == [3, 5, 6, 7, 8]
        with pytest.raises(StopIteration):
            next(cur)


async def test_a_cursor_on_the_server_is_its_own_iterator_asyncio(aconn):
    async with aconn.cursor("pages") as cur:
        cur.itersize = 3
        await cur.execute("select generate_series(1, 8)")
        assert await anext(cur) == (1,)
        assert [row[0] async for row in cur] == list(range(2, 9))


# ---- pq


def test_exec_params(conn):
    pgconn = conn.pgconn
    result = pgconn.exec_params(b"select $1::int + 1, $2", [b"41", b"x"], [0, 25])
    assert (result.status, result.get_value(0, 0), result.get_value(0, 1)) == (pq.ExecStatus.TUPLES_OK, b"42", b"x")
    assert pgconn.transaction_status == pq.TransactionStatus.IDLE
    result = pgconn.exec_params(b"select $1", [b"\0\0\0\x2a"], [23], [1], 1)
    assert (result.get_value(row_number=0, column_number=0), result.fformat(column_number=0)) == (b"\0\0\0\x2a", 1)
    assert pgconn.exec_params(b"select $1::int4", [None]).get_value(0, 0) is None
    result = pgconn.exec_params(b"select wrong", None)
    assert result.status == pq.ExecStatus.FATAL_ERROR
    assert result.error_field(pq.DiagnosticField.SQLSTATE) == b"42703"
    error = psycopg_errors.error_from_result(result)
    assert isinstance(error, howdah.errors.UndefinedColumn)
    assert "wrong" in str(error)
    assert error.diag.sqlstate == "42703"


def test_step_by_step(dsn):
    pgconn = pq.PGconn.connect_start(dsn.encode())
    assert pgconn.connect_poll() == pq.PollingStatus.OK
    pgconn.send_query(b"select 1; select 2")
    results = waiting.wait(generators.execute(pgconn), pgconn.socket)
    assert [result.get_value(0, 0) for result in results] == [b"1", b"2"]
    assert pgconn.get_result() is None
    pgconn.send_query_params(b"select $1::int", [b"3"])
    (result,) = waiting.wait_select(generators.execute(pgconn), pgconn.socket)
    assert result.get_value(0, 0) == b"3"
    before = pgconn.backend_pid
    pgconn.reset()
    assert pgconn.backend_pid != before
    finished = psycopg_errors.finish_pgconn(pgconn)
    assert finished.user
    assert (finished.status, pgconn.status) == (pq.ConnStatus.OK, pq.ConnStatus.BAD)
    with pytest.raises(howdah.OperationalError):
        finished.send_query(b"select 1")


def test_handlers_of_pgconn(auto):
    notices, notifies = [], []
    auto.pgconn.notice_handler = notices.append
    auto.pgconn.notify_handler = notifies.append
    assert auto.pgconn.notice_handler is not None
    auto.execute("do $$ begin raise notice 'hi'; end $$")
    assert notices[0].status == pq.ExecStatus.NONFATAL_ERROR
    assert (notices[0].error_message, notices[0].error_field(ord("M"))) == (b"NOTICE:  hi\n", b"hi")
    auto.execute("listen surface; notify surface, 'there'")
    assert [(n.relname, n.be_pid, n.extra) for n in notifies] == [(b"surface", auto.info.backend_pid, b"there")]
    notify = auto.pgconn.notifies()
    assert (notify.relname, notify.extra) == (b"surface", b"there")
    assert auto.pgconn.notifies() is None


def test_cancel_conn(auto):
    cancel = auto.pgconn.cancel_conn()
    assert cancel.status == pq.ConnStatus.ALLOCATED
    cancel.blocking()
    assert (cancel.status, cancel.poll(), cancel.error_message) == (pq.ConnStatus.OK, pq.PollingStatus.OK, b"")
    cancel.finish()
    with pytest.raises(howdah.OperationalError):
        cancel.start()


# ---- waiting


def reads(sock):
    while True:
        ready = yield waiting.Wait.R
        if ready & waiting.Ready.R:
            return sock.recv(10)


@pytest.mark.parametrize("name", ["wait_selector", "wait_select", "wait_poll", "wait_epoll"])
def test_wait(name):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with pytest.raises(psycopg_errors._WaitTimeout):
            getattr(waiting, name)(reads(ours), ours.fileno(), 0.01, 0.05)
        theirs.send(b"x")
        assert getattr(waiting, name)(reads(ours), ours.fileno()) == b"x"


def once(what):
    ready = yield what
    return ready


@pytest.mark.parametrize("name", ["wait", "wait_select", "wait_selector", "wait_poll", "wait_epoll", "wait_async"])
async def test_wait_without_an_interval_looks_once(name):
    async def run(*args):
        ready = getattr(waiting, name)(*args)
        return await ready if name == "wait_async" else ready

    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert await run(once(waiting.Wait.R), ours.fileno()) == waiting.Ready.NONE
        assert await run(once(waiting.Wait.RW), ours.fileno()) == waiting.Ready.W
        theirs.send(b"x")
        assert await run(once(waiting.Wait.R), ours.fileno()) == waiting.Ready.R
        with pytest.raises(ValueError):
            await run(once(waiting.Wait.R), ours.fileno(), None)


@pytest.fixture
async def readers():
    """Skips where the loop takes none, since wait_async() needs them."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        try:
            asyncio.get_running_loop().add_reader(ours, int)
        except NotImplementedError:
            pytest.skip("the loop takes no readers")
        asyncio.get_running_loop().remove_reader(ours)


async def test_wait_asyncio(readers):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with pytest.raises(psycopg_errors._WaitTimeout):
            await waiting.wait_async(reads(ours), ours.fileno(), 0.01, 0.05)
        asyncio.get_running_loop().call_later(0.02, theirs.send, b"x")
        assert await waiting.wait_async(reads(ours), ours.fileno()) == b"x"


def writes():
    ready = yield waiting.Wait.W
    return ready


def test_wait_of_connections(conn):
    assert conn.wait(writes()) == waiting.Ready.W
    assert conn.execute("select 1").fetchone() == (1,)


async def test_wait_of_connections_asyncio(readers, aconn):
    assert await aconn.wait(writes()) == waiting.Ready.W
    assert await (await aconn.execute("select 1")).fetchone() == (1,)


def test_notifies_by_generator(auto):
    auto.execute("listen surface")
    auto.execute("notify surface, 'a'")
    auto._backlog.clear()
    with howdah.connect(auto.info.dsn, autocommit=True) as other:
        other.execute("notify surface, 'b'")
    assert [n.extra for n in auto.wait(generators.notifies(auto.pgconn))] == [b"b"]


# ---- COPY


@pytest.mark.parametrize("format", ["text", "binary"])
def test_formatter(conn, format):
    conn.execute("create temp table t (a int, b text, c float8)")
    expected = [(1, "x\ty\\", None), (2, "", 0.5)]
    with conn.cursor() as cur:
        with cur.copy(f"copy t from stdin (format {format})") as copy:
            copy.set_types(["int4", "text", "float8"])
            assert copy.formatter.format == (pq.Format.BINARY if format == "binary" else pq.Format.TEXT)
            for row in expected:
                copy.write(copy.formatter.write_row(row))
            copy.write(copy.formatter.end())
        assert cur.execute("table t").fetchall() == expected
        found = []
        with cur.copy(f"copy t to stdout (format {format})") as copy:
            copy.set_types(["int4", "text", "float8"])
            for block in copy:
                if (row := copy.formatter.parse_row(block)) is not None:
                    found.append(row)
        assert found == expected


# ---- functions of psycopg.types


@pytest.mark.parametrize("text", [b"[1,2)", b"empty", b'(,"a""b\\\\c"]', b'["",x)', b"(a b,c]"])
def test_ranges(text):
    value, end = psycopg_range.load_range_text(text + b" and more", bytes.decode)
    assert end == len(text)
    again, _end = psycopg_range.load_range_text(psycopg_range.dump_range_text(value, str.encode), bytes.decode)
    assert again == value
    assert (
        psycopg_range.load_range_binary(howdah.types.range.dump_range_binary(value, str.encode), bytes.decode)
        == value
    )


def test_numbers():
    assert psycopg_numeric.dump_decimal_to_text(howdah.types.numeric.Decimal("1.50")) == b"1.50"
    assert psycopg_numeric.dump_int_to_numeric_binary(12345) == bytes.fromhex("0002000100000000 00010929")
