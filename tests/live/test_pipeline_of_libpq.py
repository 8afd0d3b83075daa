"""What libpq's own tests of pipelines (PostgreSQL's libpq_pipeline) try, by pipeline(): a test for each."""

from __future__ import annotations

import logging

import pytest

from beside import within


@pytest.fixture
def usable(auto):
    """The connection is in step behind the test, and nothing was complained of that nobody had asked for."""
    notices = []
    auto.add_notice_handler(lambda diag: notices.append(diag.message_primary))
    yield
    assert auto.pgconn.pipeline_status == 0
    assert auto.execute("select 'mine'").fetchone() == ("mine",)
    assert [text for text in notices if not text.endswith("skipping")] == []


@pytest.fixture
def numbers(auto):
    """A table that is gone with the connection."""
    auto.execute("create temp table numbers (id serial primary key, n int unique)")
    return lambda: [n for (n,) in auto.execute("select n from numbers order by id").fetchall()]


pytestmark = pytest.mark.usefixtures("usable")


def test_disallowed_in_pipeline(pg, auto):
    """COPY, cursors on the server and several statements in a string; what is queued beside them is executed."""
    with auto.pipeline() as p:
        first = auto.execute("select 1")
        with pytest.raises(pg.NotSupportedError), auto.cursor("named") as cur:
            cur.execute("select 1")
        with pytest.raises(pg.NotSupportedError), auto.cursor().copy("copy (select 1) to stdout"):
            pass
        with pytest.raises(pg.errors.SyntaxError):
            auto.execute("select 1; select 2").fetchone()
        p.sync()
        last = auto.execute("select 2")
    assert (first.fetchone(), last.fetchone()) == ((1,), (2,))


def test_multi_pipelines(auto):
    """Several with a Sync each, in one block and in blocks within blocks; each answer reaches its own."""
    with auto.pipeline() as p:
        first = auto.execute("select %s::int", [1])
        p.sync()
        with auto.pipeline():
            second = auto.execute("select %s::int", [2])
        third = auto.execute("select %s::int", [3])
        with auto.pipeline(), auto.pipeline():
            fourth = auto.execute("select %s::int", [4])
    assert [cur.fetchone() for cur in (fourth, third, second, first)] == [(4,), (3,), (2,), (1,)]


def test_nosync(auto, other, table):
    """Without a Sync, answers come when one is wanted; what was executed is not committed by that."""
    with auto.pipeline():
        auto.execute("insert into t (a) values (1)")
        cursors = [auto.execute("select repeat('xyzxz', 12)") for _ in range(100)]
        assert cursors[50].fetchone() == ("xyzxz" * 12,)
        assert all(cur.fetchone() == ("xyzxz" * 12,) for cur in cursors if cur is not cursors[50])
        assert other.execute("select count(*) from t").fetchone() == (0,)
    assert other.execute("select count(*) from t").fetchone() == (1,)


def test_pipeline_abort(pg, auto, numbers):
    """What is behind an error is not executed up to the next Sync; what was synced before stays."""
    with auto.pipeline() as p:
        auto.execute("insert into numbers (n) values (%s)", [1])
        p.sync()
        bad = auto.execute("select no_such_function(%s)", [1])
        behind = [auto.execute("insert into numbers (n) values (%s)", [n]) for n in (2, 3)]
        with pytest.raises(pg.errors.UndefinedFunction):
            bad.fetchone()
        assert p.status == pg.pq.PipelineStatus.ABORTED
        for cur in behind:
            with pytest.raises(pg.ProgrammingError):
                cur.fetchone()
        p.sync()
        auto.execute("insert into numbers (n) values (%s)", [4])
        p.sync()
        halfway = auto.execute("select 1.0 / (3 - g) from generate_series(1, 3) g")
        with pytest.raises(pg.errors.DivisionByZero):
            halfway.fetchall()
        auto.execute("insert into numbers (n) values (%s)", [5])
        with pytest.raises(pg.errors.PipelineAborted):
            p.sync()
        auto.execute("insert into numbers (n) values (%s)", [6])
    assert numbers() == [1, 4, 6]


def test_pipeline_idle(auto, caplog):
    """Answered without a Sync, it is idle but for that: executing again, syncing and leaving are in step."""
    caplog.set_level(logging.DEBUG)
    for _ in range(3):
        with auto.pipeline() as p:
            assert auto.execute("select 1").fetchone() == (1,)
            assert auto.execute("select 2").fetchone() == (2,)
            p.sync()
            p.sync()
            assert auto.execute("select 3").fetchone() == (3,)
    with auto.pipeline():
        pass
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("autocommit", [True, False])
def test_pipelined_insert(pg, dsn, autocommit):
    """Everything in one go, of which far more is sent than buffers hold."""
    with pg.connect(dsn, autocommit=autocommit) as conn:
        with conn.pipeline(), conn.transaction():
            conn.execute("drop table if exists pg_temp.pipelined")
            conn.execute("create temp table pipelined (id serial primary key, n int, big text)")
            for n in range(3000):
                conn.execute("insert into pipelined (n, big) values (%s, %s)", [n, "x" * 300], prepare=True)
            count = conn.execute("select count(*), min(n), max(n) from pipelined")
        assert count.fetchone() == (3000, 0, 2999)


def test_prepared(pg, auto):
    """Prepared, described, executed and closed again within one pipeline; a name that is gone is an error."""
    count = "select count(*) from pg_prepared_statements where name = 'mine'"
    with auto.pipeline() as p:
        auto.execute("prepare mine (int) as select $1::int + 1")
        there = auto.execute(count)
        executed = auto.execute("execute mine (1)")
        auto.execute("deallocate mine")
        gone = auto.execute(count)
        prepared = [auto.execute("select %s::int * 2", [n], prepare=True) for n in range(3)]
        assert [there.fetchone(), executed.fetchone(), gone.fetchone()] == [(1,), (2,), (0,)]
        assert [cur.fetchone() for cur in prepared] == [(0,), (2,), (4,)]
        assert prepared[2].description[0].type_code == 23
        p.sync()
        with pytest.raises(pg.errors.InvalidSqlStatementName):
            auto.execute("execute mine (1)").fetchone()
        p.sync()
        auto.execute("deallocate all")
        p.sync()
        again = auto.execute("select %s::int * 2", [5], prepare=True)
    assert again.fetchone() == (10,)


@pytest.mark.parametrize("version", ["3.0", "3.2", "latest"])
def test_protocol_version(pg, dsn, version):
    """A server that knows 3.0 only negotiates; a pipeline is the same in each."""
    with pg.connect(dsn, max_protocol_version=version) as conn, conn.pipeline():
        assert conn.pgconn.full_protocol_version in (30000, 30002)
        assert conn.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("version", ["3.1", "3.3", "2.0", "3.9999", "foo", "", "3.2x"])
def test_protocol_version_that_is_none(pg, dsn, version):
    for name in ("max_protocol_version", "min_protocol_version"):
        with pytest.raises(pg.OperationalError, match="protocol_version"):
            pg.connect(dsn, **{name: version})


def test_protocol_versions_that_cross(pg, dsn):
    with pytest.raises(pg.OperationalError, match="protocol_version"):
        pg.connect(dsn, min_protocol_version="3.2", max_protocol_version="3.0")


def test_simple_pipeline(auto):
    with auto.pipeline() as p:
        cur = auto.execute("select %s::int", [1])
        assert cur.pgresult is None
        p.sync()
        assert cur.pgresult.status == 2  # PGRES_TUPLES_OK
        assert cur.fetchall() == [(1,)]
        assert cur.fetchone() is None
    assert auto.execute("select 2").fetchone() == (2,)


@pytest.mark.howdah_only  # psycopg's stream() begins in a pipeline, and fails
def test_singlerow(pg, auto):
    """Row by row is for connections without a pipeline, before one and behind it; many rows of several queries."""
    with auto.pipeline():
        cursors = [auto.execute("select generate_series(42, %s)", [44 + n]) for n in range(3)]
        with pytest.raises(pg.ProgrammingError, match="pipeline"):
            next(auto.cursor().stream("select 1"))
    assert [len(cur.fetchall()) for cur in cursors] == [3, 4, 5]
    assert list(auto.cursor().stream("select generate_series(42, 44)")) == [(42,), (43,), (44,)]
    with auto.pipeline():
        assert auto.execute("select 1").fetchone() == (1,)


def test_transaction(pg, auto, numbers):
    """A transaction's commands across Syncs: failed, it takes nothing but ROLLBACK; behind that, all is as before."""
    with auto.pipeline() as p:
        auto.execute("begin")
        auto.execute("select 0/0")
        auto.execute("rollback")
        with pytest.raises(pg.errors.DivisionByZero):
            p.sync()
        auto.execute("insert into numbers (n) values (1)")
        with pytest.raises(pg.errors.InFailedSqlTransaction):
            p.sync()
        auto.execute("rollback")
        p.sync()
        auto.execute("insert into numbers (n) values (2)")
        p.sync()
        auto.execute("begin")
        auto.execute("insert into numbers (n) values (3)")
        auto.execute("commit")
    assert numbers() == [2, 3]


@pytest.mark.howdah_only  # psycopg's sync() raises nothing, but the first fetch
def test_uniqviol(pg, auto, numbers):
    """One of many that were sent long ago fails: all up to the Sync is undone, and told in order."""
    with auto.pipeline() as p:
        cursors = [
            auto.execute("insert into numbers (n) values (%s) returning n", [n if n != 300 else 1])
            for n in range(500)
        ]
        with pytest.raises(pg.errors.UniqueViolation):
            p.sync()
        assert [cur.fetchone()[0] for cur in cursors[:300]] == list(range(300))
        for cur in cursors[300:]:
            with pytest.raises(pg.ProgrammingError):
                cur.fetchone()
        p.sync()
        auto.execute("insert into numbers (n) values (7)")
    assert numbers() == [7]


@pytest.mark.parametrize("way", ["cancel", "cancel_safe"])
def test_cancel(pg, auto, watch, way):
    """Twice with the same connection, within a pipeline and out of it."""
    for within_pipeline in (False, True, True):
        with within(60), watch.during(auto, getattr(auto, way), "pg_sleep"), pytest.raises(pg.errors.QueryCanceled):
            if within_pipeline:
                with auto.pipeline():
                    auto.execute("select pg_sleep(60)").fetchone()
            else:
                auto.execute("select pg_sleep(60)")
        assert auto.execute("select 1").fetchone() == (1,)
