"""Threads that hammer what they share: nobody crashes, nobody gets another's rows.

They say most on a free-threaded build (``make free-threaded``). ``HOWDAH_TEST_HAMMER=5``: for that many
seconds each.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from howdah.pool import AsyncConnectionPool, ConnectionPool, ReadLane

pytestmark = pytest.mark.howdah_only

THREADS = 8
SECONDS = float(os.environ.get("HOWDAH_TEST_HAMMER", "0.25"))


def hammer(*strike: Callable[[int], None], seconds: float = SECONDS) -> None:
    """Eight threads, which take turns among the functions, call theirs with a growing number for so long."""
    begun = threading.Barrier(THREADS)
    failures: list[BaseException] = []

    def work(thread: int) -> None:
        begun.wait()
        end = time.monotonic() + seconds
        n = thread
        try:
            while not failures:
                strike[thread % len(strike)](n)
                n += THREADS
                if time.monotonic() > end:
                    break
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


ROW = "select %s::int, %s::text, array[%s::int, 2], '{\"a\": 1}'::jsonb"


def ask(conn: Any, n: int) -> None:
    assert conn.execute(ROW, [n, str(n), n]).fetchone() == (n, str(n), [n, 2], {"a": 1})


def test_connection(pg, auto):
    def fail(n):
        with pytest.raises(pg.errors.DivisionByZero):
            auto.execute("select 1 / %s", [n % 1])

    def many(n):
        cur = auto.cursor()
        cur.executemany("select %s::int", [(n,), (n + 1,)], returning=True)
        assert cur.fetchall() == [(n,)]
        assert cur.nextset()
        assert cur.fetchall() == [(n + 1,)]

    def look(n):
        assert auto.info.transaction_status in (pg.pq.TransactionStatus.IDLE, pg.pq.TransactionStatus.ACTIVE)
        assert auto.info.encoding == "utf-8"
        assert not auto.closed
        auto.row_factory = pg.rows.tuple_row
        auto.prepare_threshold = n % 5

    def ask_otherwise(n):
        cur = auto.cursor(row_factory=(pg.rows.dict_row, pg.rows.namedtuple_row)[n % 2])
        row = cur.execute("select %s::int as a", [n]).fetchone()
        assert row == ({"a": n}, (n,))[n % 2]

    hammer(lambda n: ask(auto, n), fail, many, look, lambda n: ask(auto, n), ask_otherwise)


def test_statements_come_and_go(auto):
    auto.prepare_threshold = 1
    auto.prepared_max = 5

    def strike(n):
        assert auto.execute(f"select %s::int + {n % 20}", [n]).fetchone() == (n + n % 20,)

    hammer(strike)


def test_cursor(pg, auto):
    """Whatever the others do with it meanwhile, a row is of one query."""
    cur = auto.cursor()

    def execute(n):
        rows = n % 50
        with suppress(pg.InterfaceError):
            cur.execute("select %s::int, i, %s::int from generate_series(1, %s::int) i", [n, -n, rows])

    def fetch(n):
        with suppress(pg.ProgrammingError, IndexError, pg.InterfaceError):
            if n % 7 == 0:
                cur.scroll(0, "absolute")
            rows = [cur.fetchone()] if n % 3 == 0 else cur.fetchmany(3) if n % 3 == 1 else cur.fetchall()
            for row in rows:
                assert row is None or row[0] == -row[2]

    def change(n):
        with suppress(pg.ProgrammingError, pg.InterfaceError):
            cur.row_factory = pg.rows.tuple_row
            description = cur.description
            assert description is None or len(description) == 3
            assert cur.rowcount < 50
            cur.statusmessage, cur.rownumber, cur.nextset(), cur._sent, cur.pgresult
            cur.adapters.register_loader("int4", pg.types.numeric.IntLoader)

    hammer(execute, fetch, fetch, change)


def test_result_is_given_out_once(auto):
    total = 20_000
    cur = auto.execute("select i, i::text from generate_series(1, %s) i", [total])
    got: list[list[int]] = [[] for _ in range(THREADS)]

    def strike(n):
        mine = got[n % THREADS]
        for row in cur.fetchmany(7) if n % 3 else [cur.fetchone()]:
            if row is not None:
                assert row[1] == str(row[0])
                mine.append(row[0])

    hammer(strike)
    got.append([row[0] for row in cur])
    assert sorted(i for mine in got for i in mine) == list(range(1, total + 1))


def test_adapters(pg, dsn):
    """One thread's registration is none less for another's, and whoever executes meanwhile has the old or the new."""

    class Negative(pg.adapt.Loader):
        def load(self, data):
            return -int(bytes(data))

    with pg.connect(dsn, autocommit=True) as conn, pg.connect(dsn, autocommit=True) as other:
        other._adapters = conn.adapters  # two connections may well share one

        def register(n):
            conn.adapters.register_loader("int4", Negative if n % 16 < 8 else pg.types.numeric.IntLoader)
            conn.adapters.register_loader(100_000 + n, Negative)
            conn.adapters.register_dumper(type(f"Class{n % 100}", (), {}), pg.types.string.StrDumper)

        def use(which):
            def strike(n):
                row = which.cursor().execute("select %s::int4, %s::int8", [n, n]).fetchone()
                assert abs(row[0]) == row[1] == n

            return strike

        hammer(register, use(conn), use(other), register)
        seen: set[int] = set()

        def register_own(n):
            conn.adapters.register_loader(200_000 + n, Negative)
            seen.add(n)

        hammer(register_own, seconds=min(SECONDS, 1))
        assert all(conn.adapters.get_loader(200_000 + n, pg.pq.Format.TEXT) is Negative for n in seen)


def test_pool(pg, dsn):
    with ConnectionPool(dsn, min_size=2, max_size=4, timeout=60) as pool:

        def strike(n):
            with pool.connection() as conn:
                ask(conn, n)
                if n % 17 == 0:
                    conn.close()
                elif n % 5 == 0:
                    conn.execute("select 1")

        hammer(strike)
        pool.check()
        with pool.connection() as conn:
            ask(conn, 1)


def test_stream_beside_others(pg, auto):
    def stream(n):
        rows = [row[0] for row in auto.cursor().stream("select i from generate_series(1, %s) i", [n % 500])]
        assert rows == list(range(1, n % 500 + 1))

    def break_off(n):
        with suppress(pg.errors.QueryCanceled):
            for row in auto.cursor().stream("select i from generate_series(1, 10000) i"):
                if row[0] == 5:
                    break

    hammer(stream, lambda n: ask(auto, n), lambda n: ask(auto, n), break_off)


def test_copy_is_written_by_all(conn):
    conn.execute("create temp table t (i int, t text)")
    written = [0] * THREADS
    with conn.cursor().copy("copy t from stdin") as copy:

        def strike(n):
            copy.write_row((n, str(n)))
            written[n % THREADS] += 1

        hammer(strike)
    assert conn.execute(
        "select count(*), count(*) filter (where i::text = t), count(distinct i) from t"
    ).fetchone() == (
        sum(written),
        sum(written),
        sum(written),
    )


def test_connection_is_closed_by_another(pg, dsn):
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        conn = pg.connect(dsn, autocommit=True)
        cur = conn.cursor()

        def strike(n, conn=conn, cur=cur):
            try:
                if n % 8 == 5 and n > 20:
                    conn.close()
                elif n % 2:
                    ask(conn, n)
                else:
                    cur.execute("select 1")
                    cur.fetchall()
            except (pg.OperationalError, pg.InterfaceError, pg.ProgrammingError):
                pass

        hammer(strike, seconds=0.02)
        conn.close()


def test_cursors_are_dropped_by_another(auto):
    """The last reference may go anywhere: with rows, a result that others look at, a stream under way."""
    dropped: list[Any] = []
    lock = threading.Lock()

    def make(n):
        cur = auto.execute("select i from generate_series(1, 100) i")
        result = cur.pgresult
        with lock:
            dropped.append((cur, result))
        assert result.ntuples == 100

    def drop(n):
        with lock:
            item = dropped.pop() if dropped else None
        if item is not None:
            assert item[1].get_value(7, 0) in (b"8", b"\0\0\0\x08")  # text, and once it is prepared, binary

    hammer(make, drop, drop, lambda n: ask(auto, n))


def test_parameters_change_meanwhile(pg, auto):
    """A list or a dict that another thread changes: some of its states arrive, or an error."""
    info = (
        pg.types.TypeInfo.fetch(auto, "hstore") if auto.execute("select to_regtype('hstore')").fetchone()[0] else None
    )
    if info is not None:
        pg.types.hstore.register_hstore(info, auto)
    numbers: list[Any] = [1, 2, 3]
    nested: list[Any] = [[1, 2], [3, 4]]
    params: list[Any] = [1]
    pairs: dict[str, str | None] = {"a": "b"}

    def change(n):
        numbers[:] = range(n % 40)
        nested[:] = [[i, i] for i in range(1 + n % 5)]
        params[:] = [n] * (n % 3)
        pairs.clear()
        pairs.update({str(i): None for i in range(n % 30)})

    def use(n):
        for query, given in (
            ("select %s::int[]", [numbers]),
            ("select %b::int[]", [nested]),
            ("select %s::int", params),
            ("select %s::text", [pairs] if info else ["x"]),
        ):
            with suppress(RuntimeError, pg.ProgrammingError, pg.DataError):
                auto.execute(query, given)

    hammer(change, use)


@pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")
def test_every_thread_has_its_loop(pg, dsn):
    """Connections of asyncio, each in the loop of a thread; another thread drops the last reference to some."""
    dropped: list[Any] = []

    async def use(n: int) -> None:
        async with await pg.AsyncConnection.connect(dsn, autocommit=True) as conn:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                rows = await asyncio.gather(*(read(conn, i) for i in range(4)))
                assert rows == [(i,) for i in range(4)]

    async def read(conn: Any, i: int) -> Any:
        return await (await conn.execute("select %s::int", [i])).fetchone()

    async def leave(n: int) -> None:
        conn = await pg.AsyncConnection.connect(dsn, autocommit=True)
        await read(conn, n)
        dropped.append(conn)
        del conn
        for _ in range(20):
            await asyncio.sleep(0.001)

    def drop(n: int) -> None:
        if dropped:
            dropped.pop()

    def strike(n: int) -> None:
        if n % THREADS < 3:
            asyncio.run(use(n))
        elif n % THREADS < 6:
            asyncio.run(leave(n))
        else:
            drop(n)

    hammer(strike)
    for conn in dropped:
        asyncio.run(conn.close())


def test_every_thread_has_its_pool_and_lane(dsn):
    """Nothing of a pool of asyncio or of a read lane goes from the loop of one thread to that of another."""
    query = "select %s::int, %s::text"

    async def use(n: int) -> None:
        async with AsyncConnectionPool(dsn, min_size=1, max_size=2) as pool, ReadLane(dsn, slow=1000) as lane:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                rows = await asyncio.gather(*(lane.fetchrow(query, (i, str(n))) for i in range(4)), borrow(pool, n))
                assert rows == [*((i, str(n)) for i in range(4)), (n, str(n))]

    async def borrow(pool: AsyncConnectionPool, n: int) -> Any:
        async with pool.connection() as conn:
            return await (await conn.execute(query, (n, str(n)))).fetchone()

    hammer(lambda n: asyncio.run(use(n)))


def test_first_use_in_all_threads_at_once(dsn):
    """What is imported and made on first use is made once, whoever comes first."""
    program = f"""
        import threading
        import howdah

        QUERY = '''select '6d1a5bd5-5f54-4e3c-a7b5-0a0a9b1d2c3d'::uuid, '{{"a": [1]}}'::json, 1.5::numeric,
            '10.0.0.1'::inet, '10.0.0.0/8'::cidr, '[1,3)'::int4range, '{{[1,3)}}'::int4multirange, now(),
            interval '1 day', array[1, 2]'''
        begun = threading.Barrier(8)
        rows = []

        def work():
            with howdah.connect({dsn!r}) as conn:
                begun.wait()
                row = conn.execute(QUERY).fetchone()
                assert conn.execute("select %s, %s", [row[0], row[3]]).fetchone() == (row[0], row[3])
                rows.append(row)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(rows) == 8 and len({{str(row[:7]) for row in rows}}) == 1, rows
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=240)
