"""Pipeline mode, blocking (psycopg 3, "Pipeline mode support")."""

from __future__ import annotations

import gc
import logging
import random
import signal
import threading
import weakref
from contextlib import suppress

import pytest

from beside import within

IDLE, ACTIVE, INTRANS, INERROR = range(4)


@pytest.fixture
def table(other):
    other.execute("drop table if exists pipelined")
    other.execute("create table pipelined (x int primary key)")
    yield "pipelined"
    other.execute("drop table pipelined")


def status(conn):
    return conn.info.transaction_status


# ---- the block


def test_block(pg, conn):
    assert pg.Pipeline.is_supported()
    with conn.pipeline() as p:
        assert isinstance(p, pg.Pipeline)
        assert p.status == conn.info.pipeline_status == pg.pq.PipelineStatus.ON
        with conn.pipeline() as inner:
            assert inner is p
        assert p.status == pg.pq.PipelineStatus.ON
        assert ", pipeline=ON]" in repr(p)
    assert p.status == conn.info.pipeline_status == pg.pq.PipelineStatus.OFF


def test_closed_connection(pg, conn):
    conn.close()
    with pytest.raises(pg.OperationalError), conn.pipeline():
        pass


def test_results_come_later(conn):
    with conn.pipeline() as p:
        cur = conn.execute("select x from generate_series(1, 3) x")
        assert cur.rowcount == -1
        assert cur.description is cur.statusmessage is cur.pgresult is cur.rownumber is None
        p.sync()
        assert cur.rowcount == 3
        assert cur.statusmessage == "SELECT 3"
        assert cur.description[0].name == "x"
        assert cur.fetchall() == [(1,), (2,), (3,)]


@pytest.mark.parametrize("how", ["fetchone", "fetchmany", "fetchall", "next", "scroll"])
def test_every_fetch_waits(auto, how):
    with auto.pipeline():
        auto.execute("select 0")
        cur = auto.execute("select x from generate_series(1, 3) x")
        auto.execute("select 4")
        if how == "next":
            assert next(cur) == (1,)
        elif how == "scroll":
            cur.scroll(1)
            assert cur.fetchone() == (2,)
        else:
            getattr(cur, how)()
        assert cur.rowcount == 3


def test_results_behind_the_block(conn):
    with conn.pipeline():
        cursors = [conn.execute("select %s", [i]) for i in range(50)]
    assert [cur.fetchone() for cur in cursors] == [(i,) for i in range(50)]


def test_many_rows_and_parameters(auto):
    """More than any buffer holds, both ways."""
    with auto.pipeline():
        cursors = [auto.execute("select %s || x from generate_series(1, 20) x", ["y" * 40_000]) for _ in range(40)]
    assert all(len(rows := cur.fetchall()) == 20 and len(rows[0][0]) == 40_001 for cur in cursors)


def test_prepared(auto):
    count = "select count(*) from pg_prepared_statements where name <> ''"
    with auto.pipeline():
        cursors = [auto.execute(count) for _ in range(10)]
    assert [cur.fetchone()[0] for cur in cursors] == [0] * 5 + [1] * 5
    with auto.pipeline():
        first = auto.execute("select %s::int4, %s::text", [1, "a"], prepare=True)
        second = auto.execute("select %s::int4, %s::text", [2, "b"], prepare=True)
        third = auto.execute("select %s::int4, %s::text", [3, "c"], prepare=True, binary=True)
        assert third.fetchone() == (3, "c")
    assert (first.fetchone(), second.fetchone()) == ((1, "a"), (2, "b"))


def test_prepared_then_failed(pg, auto):
    """The Parse of a statement that was never executed: it must work later, and in its own right."""
    with pytest.raises(pg.errors.DivisionByZero), auto.pipeline():
        auto.execute("select 1/0")
        auto.execute("select %s::int4 + 1", [1], prepare=True)
        auto.execute("select %s::int4 + 1", [2], prepare=True)
    for _ in range(2):
        with auto.pipeline():
            cursors = [auto.execute("select %s::int4 + 1", [i], prepare=True) for i in range(3)]
        assert [cur.fetchone()[0] for cur in cursors] == [1, 2, 3]


def test_prepared_invalid(pg, auto):
    query = "insert into nosuchtable values (%s)"
    with pytest.raises(pg.errors.UndefinedTable), auto.pipeline():
        auto.execute(query, ["a"], prepare=True)
    with pytest.raises(pg.errors.UndefinedTable):
        auto.execute(query, ["a"])


def test_altered_under_prepared_statements(auto, table):
    query = "select * from pipelined"
    auto.execute("insert into pipelined values (1)")
    for _ in range(7):
        auto.execute(query)
    with auto.pipeline() as p:
        before = auto.execute(query)
        auto.execute("alter table pipelined add y int default 5")
        p.sync()
        after = auto.execute(query)
    assert before.fetchall() == [(1,)]
    assert after.fetchall() == [(1, 5)]


def test_cursor_executed_twice(auto):
    cur = auto.cursor()
    with auto.pipeline():
        cur.execute("select 1")
        cur.execute("select 2 as b")
        assert cur.fetchall() == [(2,)]
        assert not cur.nextset()
    assert cur.description[0].name == "b"


@pytest.mark.howdah_only
def test_cursor_never_shows_an_older_result(pg, auto):
    cur = auto.cursor()
    with auto.pipeline() as p:
        cur.execute("select 1")
        cur.execute("select 1/0")
        with pytest.raises(pg.errors.DivisionByZero):
            p.sync()
        with pytest.raises(pg.ProgrammingError, match="no result") as caught:
            cur.fetchone()
        assert isinstance(caught.value.__cause__, pg.errors.DivisionByZero)


def test_row_factory_that_fails(pg, auto):
    def bad(cursor):
        raise ZeroDivisionError

    with auto.pipeline() as p:
        cur = auto.cursor(row_factory=bad)
        cur.execute("select 1")
        after = auto.execute("select 2")
        with pytest.raises(ZeroDivisionError):
            p.sync()
        p.sync()
        assert after.fetchone() == (2,)


def test_value_that_cannot_be_loaded(pg, auto):
    with auto.pipeline():
        bad = auto.execute("select 'infinity'::timestamptz")
        good = auto.execute("select 2")
        with pytest.raises(pg.DataError):
            bad.fetchone()
        assert good.fetchone() == (2,)


def test_one_statement_per_string(pg, auto):
    with pytest.raises(pg.errors.SyntaxError), auto.pipeline():
        auto.execute("select 1; select 2")
    assert auto.execute("select 1").fetchone() == (1,)


def test_parameters_that_cannot_be_sent(pg, auto):
    with auto.pipeline():
        first = auto.execute("select 1")
        with pytest.raises(pg.ProgrammingError):
            auto.execute("select %s", [object()])
        second = auto.execute("select 2")
    assert (first.fetchone(), second.fetchone()) == ((1,), (2,))


def test_fetch_without_result(pg, auto):
    with auto.pipeline():
        with pytest.raises(pg.ProgrammingError):
            auto.cursor().fetchone()
        cur = auto.execute("set application_name to 'x'")
        with pytest.raises(pg.ProgrammingError, match="didn't produce records"):
            cur.fetchone()


def test_client_and_raw_cursors(pg, auto):
    client, raw = pg.ClientCursor(auto), pg.RawCursor(auto)
    with auto.pipeline():
        client.execute("select %s, %s", [1, "a"])
        raw.execute("select $1::int", [2])
        assert client.fetchone() == (1, "a")
    assert raw.fetchone() == (2,)


def test_closed_cursor(pg, auto):
    with auto.pipeline() as p:
        cur = auto.execute("select 1")
        cur.close()
        p.sync()
        with pytest.raises(pg.InterfaceError):
            cur.fetchone()


def test_server_cursor(pg, conn):
    with conn.cursor("named") as cur, conn.pipeline(), pytest.raises(pg.NotSupportedError):
        cur.execute("select 1")


# ---- errors


def test_error_at_the_end(pg, auto, table):
    with pytest.raises(pg.errors.UndefinedTable), auto.pipeline():
        auto.execute("insert into pipelined values (1)")
        auto.execute("select * from nosuchtable")
        auto.execute("insert into pipelined values (2)")
    assert auto.execute("select count(*) from pipelined").fetchone() == (0,)


def test_aborted(pg, auto):
    with auto.pipeline() as p:
        first = auto.execute("select 1")
        with pytest.raises(pg.errors.DivisionByZero):
            auto.execute("select 1/0").fetchone()
        assert p.status == pg.pq.PipelineStatus.ABORTED
        with pytest.raises(pg.errors.PipelineAborted):
            auto.execute("select 2").fetchone()
        p.sync()
        assert p.status == pg.pq.PipelineStatus.ON
        last = auto.execute("select 3")
    assert (first.fetchone(), last.fetchone()) == ((1,), (3,))


def test_first_error_is_raised_once(pg, auto):
    with auto.pipeline() as p:
        auto.execute("select 1/0")
        auto.execute("select * from nosuchtable")
        with pytest.raises(pg.errors.DivisionByZero):
            p.sync()
        p.sync()
        assert auto.execute("select 1").fetchone() == (1,)


def test_fetch_raises_anothers_error_once(pg, auto):
    with auto.pipeline():
        good = auto.execute("select 1")
        auto.execute("select 1/0")
        with pytest.raises(pg.errors.DivisionByZero):
            good.fetchone()
        assert good.fetchone() == (1,)


def test_exception_of_the_block_wins(pg, auto, caplog):
    caplog.set_level(logging.WARNING, logger=pg.__name__)
    with pytest.raises(ZeroDivisionError), auto.pipeline():
        auto.execute("select * from nosuchtable")
        raise ZeroDivisionError
    assert ["nosuchtable" in record.getMessage() for record in caplog.records] == [True]
    assert auto.execute("select 1").fetchone() == (1,)


def test_errors_by_commit(pg, conn):
    with conn.pipeline():
        conn.execute("select 1 from nosuchtable")
        with pytest.raises(pg.errors.UndefinedTable):
            conn.commit()
        conn.rollback()
        cur = conn.execute("select 1")
    assert cur.fetchone() == (1,)


def test_error_of_commit(pg, conn):
    conn.execute(
        "create temp table selfref (x serial primary key, y int references selfref deferrable initially deferred)"
    )
    conn.commit()
    with conn.pipeline():
        conn.execute("insert into selfref (y) values (-1)")
        with pytest.raises(pg.errors.ForeignKeyViolation):
            conn.commit()
        cur = conn.execute("select 1")
    assert cur.fetchone() == (1,)


@pytest.mark.howdah_only
def test_error_of_the_sync(pg, auto):
    """In autocommit it is the Sync that commits."""
    auto.execute(
        "create temp table selfref (x serial primary key, y int references selfref deferrable initially deferred)"
    )
    with auto.pipeline() as p:
        cur = auto.execute("insert into selfref (y) values (-1) returning x")
        with pytest.raises(pg.errors.ForeignKeyViolation):
            p.sync()
        assert cur.fetchone() == (1,)
    assert auto.execute("select count(*) from selfref").fetchone() == (0,)


# ---- transactions


def test_begin_is_sent_once(pg, conn):
    with conn.pipeline():
        first = conn.execute("select pg_current_xact_id()")
        assert status(conn) in (ACTIVE, INTRANS)
        assert first.fetchone() is not None
        assert status(conn) == INTRANS
        second = conn.execute("select pg_current_xact_id()")
        first.scroll(0, "absolute")
        assert second.fetchone() == first.fetchone()
    assert status(conn) == INTRANS
    assert not conn.autocommit
    conn.rollback()


def test_begin_that_fails(pg, conn):
    conn.isolation_level = pg.IsolationLevel.SERIALIZABLE
    conn.read_only = True
    with conn.pipeline(), conn.cursor() as cur:
        cur.execute("select current_setting('transaction_isolation'), current_setting('transaction_read_only')")
        assert cur.fetchone() == ("serializable", "on")


def test_commit_and_rollback(conn, other, table):
    with conn.pipeline():
        conn.execute("insert into pipelined values (1)")
        conn.commit()
        assert other.execute("select * from pipelined").fetchall() == [(1,)]
        conn.execute("insert into pipelined values (2)")
        conn.rollback()
        conn.execute("insert into pipelined values (3)")
    conn.commit()
    assert other.execute("select x from pipelined order by x").fetchall() == [(1,), (3,)]


@pytest.mark.parametrize("autocommit", [False, True])
def test_transaction_blocks(pg, conn, other, table, autocommit):
    notices = []
    conn.add_notice_handler(notices.append)
    conn.set_autocommit(autocommit)
    with conn.pipeline():
        with conn.transaction():
            conn.execute("insert into pipelined values (1)")
            with pytest.raises(ZeroDivisionError), conn.transaction():
                conn.execute("insert into pipelined values (2)")
                raise ZeroDivisionError
            with conn.transaction() as tx:
                conn.execute("insert into pipelined values (3)")
                raise pg.Rollback(tx)
            with conn.transaction("name"):
                cur = conn.execute("insert into pipelined values (4) returning x")
        assert other.execute("select x from pipelined order by x").fetchall() == [(1,), (4,)]
        assert cur.fetchone() == (4,)
        with conn.transaction("outer", force_rollback=True):
            conn.execute("insert into pipelined values (5)")
    assert other.execute("select x from pipelined order by x").fetchall() == [(1,), (4,)]
    assert not notices


def test_status_before_the_sync(pg, auto):
    with auto.pipeline() as pipeline:
        cur = auto.execute("select 1")
        assert status(auto) == ACTIVE
        assert cur.fetchone() == (1,)
        assert status(auto) == IDLE
        with pytest.raises(pg.errors.DivisionByZero):
            auto.execute("select 1/0").fetchone()
        assert status(auto) == (ACTIVE if pg.__name__ == "howdah" else IDLE)
        pipeline.sync()
        assert status(auto) == IDLE


def test_errors_by_transaction_blocks(pg, conn):
    with conn.pipeline():
        with pytest.raises(pg.errors.UndefinedTable), conn.transaction():
            conn.execute("select 1 from nosuchtable")
        with conn.transaction():
            with pytest.raises(pg.errors.DivisionByZero), conn.transaction():
                conn.execute("select 1/0")
            cur = conn.execute("select 1")
    assert cur.fetchone() == (1,)


def test_transaction_block_ends_an_implicit_transaction(auto, other, table):
    with auto.pipeline():
        auto.execute("insert into pipelined values (1)")
        assert status(auto) == ACTIVE
        with auto.transaction():
            assert other.execute("select * from pipelined").fetchall() == [(1,)]
            auto.execute("insert into pipelined values (2)")
    assert other.execute("select count(*) from pipelined").fetchone() == (2,)


def test_autocommit_commits_by_sync(auto, other, table):
    with auto.pipeline() as p:
        auto.execute("insert into pipelined values (1)")
        auto.execute("select 1").fetchone()
        assert other.execute("select count(*) from pipelined").fetchone() == (0,)
        p.sync()
        assert other.execute("select count(*) from pipelined").fetchone() == (1,)


def test_settings_of_transactions(pg, auto):
    with auto.pipeline():
        auto.execute("select 1").fetchone()
        auto.set_autocommit(False)
        auto.execute("select 1").fetchone()
        with pytest.raises(pg.ProgrammingError):
            auto.set_autocommit(True)
        auto.commit()
        auto.set_autocommit(True)


# ---- executemany


def test_executemany_returning(auto, table):
    with auto.pipeline(), auto.cursor() as cur:
        cur.executemany("insert into pipelined values (%s) returning x", [(10,), (20,)], returning=True)
        assert cur.rowcount == 1
        assert cur.fetchone() == (10,)
        assert cur.nextset()
        assert cur.fetchone() == (20,)
        assert not cur.nextset()


def test_executemany(pg, auto, table):
    with auto.pipeline() as p, auto.cursor() as cur:
        cur.executemany("insert into pipelined values (%s)", [(i,) for i in range(5)])
        with pytest.raises(pg.ProgrammingError, match="no result"):
            cur.fetchone()
        after = auto.execute("select count(*) from pipelined")
        p.sync()
        assert cur.rowcount == 5
        assert after.fetchone() == (5,)
        cur.executemany("insert into pipelined values (%s)", [])
        assert cur.rowcount == 0


def test_transaction_made_before(conn, other, table):
    """Whether it is one in a pipeline shows when it is entered."""
    before = conn.transaction()
    with conn.pipeline():
        within = conn.transaction()
        with before:
            cur = conn.execute("insert into pipelined values (1) returning x")
        assert conn.info.transaction_status == 0
        assert cur.fetchone() == (1,)
    with within:
        conn.execute("insert into pipelined values (2)")
    assert other.execute("select count(*) from pipelined").fetchone() == (2,)


def test_as_a_decorator(conn):
    @conn.pipeline()
    def work():
        assert conn.info.pipeline_status == 1
        return conn.execute("select 1")

    for _ in range(2):
        assert work().fetchone() == (1,)
        assert conn.info.pipeline_status == 0


def test_executemany_larger_than_buffers(auto, other, table):
    other.execute("alter table pipelined add t text")
    query = "insert into pipelined values (%s, %s) returning t"
    with auto.pipeline(), auto.cursor() as cur:
        cur.executemany(query, [(i, "x" * 50_000) for i in range(400)], returning=True)
        assert cur.fetchone() == ("x" * 50_000,)
        again = auto.cursor()
        again.executemany(query, [(i, "x" * 50_000) for i in range(400, 800)])
    assert again.rowcount == 400
    assert other.execute("select count(*) from pipelined").fetchone() == (800,)


@pytest.mark.parametrize("name", ["Cursor", "ClientCursor"])
def test_executemany_of_differing_types(pg, auto, name):
    values = [1, 70_000, 2**40, None, 1, "1"]
    cur = getattr(pg, name)(auto)
    with auto.pipeline():
        cur.executemany("select %s::text", [[v] for v in values], returning=True)
        assert [c.fetchone()[0] for c in cur.results()] == ["1", "70000", "1099511627776", None, "1", "1"]


def test_executemany_that_fails(pg, auto, other, table):
    with auto.pipeline() as p, auto.cursor() as cur:
        cur.executemany("insert into pipelined values (%s)", [(1,), (1,), (2,)])
        after = auto.execute("select 1")
        with pytest.raises(pg.errors.UniqueViolation):
            p.sync()
        with pytest.raises(pg.ProgrammingError):
            after.fetchone()
        assert auto.execute("select count(*) from pipelined").fetchone() == (0,)


def test_executemany_with_rows_that_fail(pg, auto, other, table):
    def rows():
        yield (1,)
        raise ZeroDivisionError

    with auto.pipeline() as p, auto.cursor() as cur:
        with pytest.raises(ZeroDivisionError):
            cur.executemany("insert into pipelined values (%s)", rows())
        p.sync()
        assert auto.execute("select count(*) from pipelined").fetchone() == (1,)


# ---- threads, and the end


def test_threads(auto, table):
    with auto.pipeline():
        cursors = {}

        def work(i):
            cursors[i] = auto.execute("insert into pipelined values (%s) returning x", [i])

        threads = [threading.Thread(target=work, args=(i,)) for i in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(cursors[i].fetchone() == (i,) for i in range(10))


def test_closed_within(pg, conn):
    with pytest.raises(pg.OperationalError), conn.pipeline():
        cur = conn.execute("select 1")
        conn.close()
    with pytest.raises(pg.Error):
        cur.fetchone()


def test_closed_within_and_failed(pg, conn, caplog):
    caplog.set_level(logging.WARNING, logger=pg.__name__)
    with pytest.raises(ZeroDivisionError), conn.pipeline(), conn.pipeline():
        conn.close()
        raise ZeroDivisionError
    assert len(caplog.records) == 2


def test_connection_lost(pg, auto, other, watch):
    pid = auto.info.backend_pid
    killer = watch.during(auto, lambda: other.execute("select pg_terminate_backend(%s)", [pid]), "pg_sleep")
    with pytest.raises(pg.OperationalError), auto.pipeline() as p:
        first = auto.execute("select 1")
        p.sync()
        cursors = [auto.execute("select pg_sleep(60), %s", [i]) for i in range(3)]
        with killer, pytest.raises(pg.OperationalError):
            cursors[0].fetchone()
        for cur in cursors:
            with pytest.raises(pg.Error):
                cur.fetchone()
        assert first.fetchone() == (1,)
    assert auto.broken


@pytest.mark.howdah_only
def test_abandoned_connection_is_collected(pg, dsn):
    conn = pg.connect(dsn)
    conn._pipelined = True
    cur = conn.execute("select 1")
    gone = weakref.ref(conn)
    del conn, cur
    with pytest.warns(ResourceWarning):
        gc.collect()
    assert gone() is None


@pytest.mark.howdah_only
def test_what_no_copy_can_do(pg, auto):
    """COPY by execute() is refused, and everything stays in step."""
    auto.execute("create temp table c (x int)")
    with auto.pipeline() as p:
        before = auto.execute("select 1")
        copy = auto.execute("copy c from stdin")
        with pytest.raises(pg.ProgrammingError, match="COPY"):
            p.sync()
        assert before.fetchone() == (1,)
        with pytest.raises(pg.ProgrammingError):
            copy.fetchone()
        assert auto.execute("select 3").fetchone() == (3,)
    with auto.pipeline() as p:
        copy = auto.execute("copy c from stdin")
        with pytest.raises(pg.ProgrammingError, match="COPY"):
            copy.fetchone()
        with pytest.raises(pg.errors.PipelineAborted):
            auto.execute("select 3").fetchone()
    with auto.pipeline():
        out = auto.execute("copy (select 1) to stdout")
        after = auto.execute("select 4")
        with pytest.raises(pg.ProgrammingError, match="COPY"):
            out.fetchone()
        assert after.fetchone() == (4,)


@pytest.mark.howdah_only
def test_copy_with_something_behind(pg, auto):
    """The server ends the connection."""
    auto.execute("create temp table c (x int)")
    with pytest.raises(pg.ProgrammingError, match="COPY"), auto.pipeline():
        auto.execute("copy c from stdin")
        cur = auto.execute("select 2")
    assert auto.broken
    with pytest.raises(pg.ProgrammingError):
        cur.fetchone()


# ---- interruption


@pytest.mark.parametrize("where", ["fetch", "sync", "exit"])
def test_interrupted(pg, auto, watch, where):
    cursors = []
    signalled = watch.during(auto, lambda: signal.raise_signal(signal.SIGINT), "pg_sleep")
    with within(30), signalled, pytest.raises(KeyboardInterrupt), auto.pipeline() as p:
        cursors.append(auto.execute("select 1"))
        cursors.append(auto.execute("select pg_sleep(60)"))
        cursors.append(auto.execute("select 3"))
        if where == "fetch":
            cursors[0].fetchone()
        elif where == "sync":
            p.sync()
    for cur in cursors[1:]:
        with pytest.raises(pg.Error):
            cur.fetchone()
    assert auto.execute("select 42").fetchone() == (42,)


# ---- at random


@pytest.mark.howdah_only
@pytest.mark.parametrize("seed", range(20))
def test_at_random(pg, auto, seed):
    """Whatever happens, a cursor gives the rows of what it executed last, or an error."""
    rng = random.Random(seed)
    cursors = [auto.cursor(binary=bool(i % 2)) for i in range(4)]
    asked = {}
    serial = iter(range(1_000_000))

    def step():
        i = rng.randrange(len(cursors))
        action = rng.choice(
            ["execute"] * 6 + ["fetch"] * 4 + ["wrong", "bad parameters", "sync", "many", "ddl", "close"]
        )
        if action == "execute":
            n = next(serial)
            asked.pop(i, None)
            query = rng.choice(
                ["select %s::int4", "select %s::int4, 'x'", "select %s::int4 from generate_series(1, 50)"]
            )
            cursors[i].execute(query, [n], prepare=rng.choice([None, True, False]))
            asked[i] = n
        elif action == "fetch":
            assert all(row[0] == asked[i] for row in cursors[i].fetchall())
        elif action == "wrong":
            asked.pop(i, None)
            cursors[i].execute(rng.choice(["select 1/0", "select * from nosuchtable", "wat"]))
        elif action == "bad parameters":
            asked.pop(i, None)
            cursors[i].execute("select %s", [object()])
        elif action == "sync":
            p.sync()
        elif action == "many":
            asked.pop(i, None)
            n = next(serial)
            cursors[i].executemany("select %s::int4", [(n,), (n,)], returning=True)
            asked[i] = n
        elif action == "ddl":
            asked.pop(i, None)
            cursors[i].execute(rng.choice(["drop table if exists nosuchtable", "deallocate all", "discard plans"]))
        else:
            asked.pop(i, None)
            cursors[i].close()
            cursors[i] = auto.cursor()

    for _ in range(20):
        try:
            with auto.pipeline() as p:
                for _ in range(rng.randrange(30)):
                    try:
                        step()
                    except (pg.Error, KeyError):
                        pass
                if rng.random() < 0.3:
                    with auto.transaction(), suppress(pg.Error):
                        step()
        except pg.Error:
            pass
        for i, n in asked.items():
            with suppress(pg.Error):
                assert all(row[0] == n for row in cursors[i].fetchall())
        assert auto.execute("select 'mine'").fetchone() == ("mine",)
        assert auto.info.transaction_status == IDLE
