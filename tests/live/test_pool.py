# Generated from test_pool_async.py by tools/unasync.py: do not edit.
"""The pools; the same tests run against psycopg_pool, except for what is howdah's own."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import weakref

import pytest

from beside import beside, eventually, sleep


@pytest.fixture
def make_pool(pool_module, dsn):
    """A pool of the database of the tests."""

    def make(**options):
        options.setdefault("open", False)
        return pool_module.ConnectionPool(dsn, **options)

    return make


def test_block_lends_and_takes_back(make_pool):
    with make_pool(min_size=1) as pool:
        with pool.connection() as conn:
            assert conn._pool is pool
            assert pool.get_stats()["pool_available"] == 0
            assert (conn.execute("select 1")).fetchone() == (1,)
        assert conn._pool is None
        assert not conn.closed
        assert conn.info.transaction_status == 0
        assert pool.get_stats()["pool_available"] == 1
    assert conn.closed


def test_block_commits_or_rolls_back(make_pool):
    with make_pool(min_size=1) as pool:
        with pool.connection() as conn:
            conn.execute("create temporary table t (a int)")

        def fail():
            with pool.connection() as conn:
                conn.execute("insert into t values (1)")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        with pool.connection() as conn:
            assert (conn.execute("select count(*) from t")).fetchone() == (0,)


def test_used_in_turn(make_pool):
    with make_pool(min_size=3) as pool:
        pool.wait()
        pids = []
        for _ in range(6):
            with pool.connection() as conn:
                pids.append(conn.info.backend_pid)
    assert len(set(pids)) == 3
    assert pids[:3] == pids[3:]


def test_first_come_first_served(make_pool):
    served = []
    with make_pool(min_size=1) as pool:
        first = pool.getconn()

        def client(number):
            with pool.connection():
                served.append(number)

        clients = []
        for number in range(20):
            clients.append(beside(client, number))
            eventually(lambda: pool.get_stats()["requests_waiting"] == number + 1)  # noqa: B023
        pool.putconn(first)
        for one in clients:
            one.result()
    assert served == list(range(20))


def test_timeout(make_pool, pool_module):
    with make_pool(min_size=1, name="small") as pool:
        conn = pool.getconn()
        with pytest.raises(pool_module.PoolTimeout, match=r"couldn't get a connection after 0\.05 sec"):
            pool.getconn(timeout=0.05)
        pool.putconn(conn)
        stats = pool.get_stats()
        assert stats["pool_available"] == 1
        assert stats["requests_errors"] == 1


def test_timeout_after_a_failed_check(make_pool, pool_module):
    """What is said is what was asked for, not what the check has left of it."""
    checked = []

    def kwargs():
        return {"port": 1} if checked else {}

    def check(conn):
        checked.append(conn)
        sleep(0.1)
        conn.close()
        raise ZeroDivisionError

    with make_pool(min_size=1, kwargs=kwargs, check=check, reconnect_timeout=60) as pool:
        pool.wait()
        with pytest.raises(pool_module.PoolTimeout, match=r"couldn't get a connection after 0\.50 sec"):
            pool.getconn(timeout=0.5)


@pytest.mark.howdah_only
def test_who_gave_up_no_longer_waits(make_pool, pool_module):
    with make_pool(min_size=1, max_waiting=1) as pool:
        conn = pool.getconn()
        for _ in range(3):
            with pytest.raises(pool_module.PoolTimeout):
                pool.getconn(timeout=0.01)
        assert pool.get_stats()["requests_waiting"] == 0
        pool.putconn(conn)


def test_too_many(make_pool, pool_module):
    with make_pool(min_size=1, max_waiting=1) as pool:
        conn = pool.getconn()
        waiter = beside(pool.getconn)
        eventually(lambda: pool.get_stats()["requests_waiting"] == 1)
        with pytest.raises(pool_module.TooManyRequests, match="already 1 requests waiting"):
            pool.getconn()
        pool.putconn(conn)
        assert waiter.result() is conn
        pool.putconn(conn)


def test_closed(make_pool, pool_module):
    pool = make_pool(min_size=1, name="p")
    assert pool.closed
    with pytest.raises(pool_module.PoolClosed, match="'p' is not open yet"):
        pool.getconn()
    pool.open(wait=True)
    lent = pool.getconn()
    waiter = beside(pool.getconn)
    eventually(lambda: pool.get_stats()["requests_waiting"] == 1)
    pool.close()
    with pytest.raises(pool_module.PoolClosed, match="'p' is closed"):
        waiter.result()
    with pytest.raises(pool_module.PoolClosed, match="already closed"):
        pool.getconn()
    with pytest.raises(pool_module.PoolClosed, match="cannot be reused"):
        pool.open()
    assert not lent.closed
    pool.putconn(lent)
    assert lent.closed


def test_not_ours(make_pool, pg, dsn):
    with make_pool(min_size=1, name="p") as pool, make_pool(min_size=1, name="q") as other:
        stranger = pg.Connection.connect(dsn)
        with pytest.raises(ValueError, match="doesn't come from any pool"):
            pool.putconn(stranger)
        stranger.close()
        conn = other.getconn()
        with pytest.raises(ValueError, match="comes from pool 'q'"):
            pool.putconn(conn)
        other.putconn(conn)
        with pytest.raises(ValueError, match="doesn't come from any pool"):
            other.putconn(conn)


@pytest.mark.parametrize(
    ("sizes", "complaint"),
    [
        ({"min_size": -1}, "min_size cannot be negative"),
        ({"min_size": 4, "max_size": 2}, "max_size must be greater or equal than min_size"),
        ({"min_size": 0}, "if min_size is 0 max_size must be greater than 0"),
        ({"num_workers": 0}, "num_workers must be at least 1"),
    ],
)
def test_impossible_sizes(make_pool, sizes, complaint):
    with pytest.raises(ValueError, match=complaint):
        make_pool(**sizes)


def test_grows_and_shrinks(make_pool):
    with make_pool(min_size=1, max_size=3, max_idle=0.1) as pool:
        conns = [pool.getconn() for _ in range(3)]
        assert pool.get_stats()["pool_size"] == 3
        for conn in conns:
            pool.putconn(conn)
        eventually(lambda: pool.get_stats()["pool_size"] == 1)
        pool.resize(2)
        eventually(lambda: pool.get_stats()["pool_available"] == 2)
        assert (pool.min_size, pool.max_size) == (2, 2)


def test_callbacks(make_pool):
    called = []

    def configure(conn):
        called.append("configure")
        conn.execute("set application_name to mine")
        conn.commit()

    def check(conn):
        called.append("check")

    def reset(conn):
        called.append("reset")

    with make_pool(min_size=1, configure=configure, check=check, reset=reset) as pool:
        with pool.connection() as conn:
            assert (conn.execute("show application_name")).fetchone() == ("mine",)
        pool.wait()
    assert called == ["configure", "check", "reset"]


def test_left_in_a_transaction(make_pool, caplog):
    def leave(conn):
        conn.execute("select 1")

    with make_pool(min_size=1, reset=leave) as pool:
        conn = pool.getconn()
        pool.putconn(conn)
        again = pool.getconn()
        assert again is not conn
        assert conn.closed
        pool.putconn(again)
    assert "INTRANS by reset function" in caplog.text


def test_open_transactions_are_rolled_back(make_pool, caplog, pg):
    with make_pool(min_size=1) as pool:
        conn = pool.getconn()
        conn.execute("select 1")
        pool.putconn(conn)
        assert conn.info.transaction_status == 0
        conn = pool.getconn()
        with pytest.raises(pg.errors.SyntaxError):
            conn.execute("selec 1")
        pool.putconn(conn)
        assert conn.info.transaction_status == 0
    assert [word for word in ("INTRANS", "INERROR") if word not in caplog.text] == []


def test_options_that_change(pool_module, dsn):
    names = iter(["one", "two"])

    def kwargs():
        return {"application_name": next(names)}

    with pool_module.ConnectionPool(lambda: dsn, kwargs=kwargs, min_size=2, open=False) as pool:
        pool.wait()
        seen = set()
        for _ in range(2):
            with pool.connection() as conn:
                seen |= set((conn.execute("show application_name")).fetchone())
    assert seen == {"one", "two"}


def test_drain(make_pool):
    with make_pool(min_size=2) as pool:
        pool.wait()
        lent = pool.getconn()
        before = {conn.info.backend_pid for conn in pool._pool} | {lent.info.backend_pid}
        pool.drain()
        pool.putconn(lent)
        pool.wait()
        assert not before & {conn.info.backend_pid for conn in pool._pool}


def test_expired(make_pool):
    with make_pool(min_size=1, max_lifetime=0.1) as pool:
        pool.wait()
        conn = pool.getconn()
        sleep(0.15)
        pool.putconn(conn)
        assert conn.closed
        with pool.connection() as other:
            assert other is not conn


def test_close_returns(make_pool):
    with make_pool(min_size=1, close_returns=True) as pool:
        conn = pool.getconn()
        conn.close()
        assert not conn.closed
        assert pool.get_stats()["pool_available"] == 1


@pytest.mark.howdah_only
def test_close_returns_what_is_lost_too(make_pool, other):
    with make_pool(min_size=1, close_returns=True) as pool:
        conn = pool.getconn()
        other.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])
        with pytest.raises(Exception, match="terminating connection"):
            conn.execute("select 1")
        conn.close()
        with pool.connection(timeout=60) as again:
            assert (again.execute("select 1")).fetchone() == (1,)


def test_not_there_at_first(pool_module, caplog):
    with pool_module.ConnectionPool("host=127.0.0.1 port=1", min_size=1, open=False) as pool:
        eventually(lambda: "error connecting in" in caplog.text)
        with pytest.raises(pool_module.PoolTimeout, match=r"initialization incomplete after 0\.1 sec"):
            pool.wait(timeout=0.1)
        assert pool.closed


@pytest.mark.howdah_only
def test_checked_while_it_gives_up(pool_module, dsn):
    """Who asks for the missing connections gets those too whose attempts are about to be given up."""
    tries, failed, held = [], [], [True]

    def where():
        tries.append(None)
        number = len(tries)
        while number == 4 and held:
            sleep(0.01)
        return "host=127.0.0.1 port=1" if number <= 4 else dsn

    with pool_module.ConnectionPool(
        where, min_size=2, open=False, reconnect_timeout=0.2, reconnect_failed=failed.append
    ) as pool:
        eventually(lambda: failed == [pool])  # one has given up, the other is about to
        pool.check()
        held.clear()
        pool.wait()
        assert pool.get_stats()["pool_available"] == 2


def test_gives_up(pool_module):
    failed = []
    with pool_module.ConnectionPool(
        "host=127.0.0.1 port=1", min_size=1, open=False, reconnect_timeout=0.2, reconnect_failed=failed.append
    ) as pool:
        eventually(lambda: failed == [pool])
        assert pool.get_stats()["pool_size"] == 0


@pytest.mark.howdah_only
def test_all_dead_ones_are_replaced_at_once(make_pool, other, caplog):
    caplog.set_level(logging.INFO, "howdah.pool")
    with make_pool(min_size=6, timeout=60) as pool:
        pool.wait()
        pids = [conn.info.backend_pid for conn in pool._pool]
        other.execute("select pg_terminate_backend(pid, 60000) from unnest(%s) as pid", [pids[1:]])
        conns = [pool.getconn() for _ in range(6)]
        for conn in conns:
            pool.putconn(conn)
        assert caplog.text.count("found broken") == 5
        pool.wait()
        now = {conn.info.backend_pid for conn in pool._pool}
        assert now & set(pids) == {pids[0]}
        assert pool.get_stats()["connections_lost"] == 5
        assert len(now) == 6


@pytest.mark.howdah_only
def test_what_comes_while_idle_is_not_lost(make_pool, other):
    got = []
    with make_pool(min_size=1, kwargs={"autocommit": True}) as pool:
        conn = pool.getconn()
        conn.add_notify_handler(lambda notify: got.append(notify.payload))
        conn.execute("listen channel")
        pool.putconn(conn)
        other.execute("notify channel, 'hello'")
        eventually(lambda: conn._still_alive(-1) and got == ["hello"])
        assert pool.getconn() is conn
        pool.putconn(conn)


def occurs(text, caplog):
    gc.collect()
    return caplog.text.count(text)


@pytest.mark.howdah_only
def test_a_borrowed_connection_that_is_forgotten(make_pool, caplog):
    caplog.set_level(logging.WARNING, "howdah.pool")
    with make_pool(min_size=1, timeout=60) as pool:
        for i in range(2):
            conn = pool.getconn()
            if i == 1:
                conn.close()  # which does not give it back
            del conn
            eventually(lambda n=i: occurs("was never given back", caplog) == n + 1)
            with pool.connection() as conn:
                assert (conn.execute("select 1")).fetchone() == (1,)
            del conn
        pool.wait()
        stats = pool.get_stats()
        assert (stats["pool_size"], stats["pool_available"], stats["returns_bad"]) == (1, 1, 2)


@pytest.mark.howdah_only
def test_who_has_borrowed(make_pool, pool_module, caplog):
    caplog.set_level(logging.WARNING, "howdah.pool")
    with make_pool(min_size=1, report_after=0.2) as pool:
        conn = pool.getconn()
        eventually(lambda: "in test_who_has_borrowed (conn = " in caplog.text)
        with pytest.raises(
            pool_module.PoolTimeout, match=r"after 0.01 sec; longest lent for .* in test_who_has_borrowed"
        ):
            pool.getconn(0.01)
        pool.putconn(conn)
        with pytest.raises(ValueError):
            pool.putconn(conn)
        conn = pool.getconn()
        del conn
        eventually(lambda: occurs("was never given back, lent for ", caplog))
        assert len(caplog.records) in (2, 3)  # a slow machine may have lent the second one for long, too


@pytest.mark.howdah_only
def test_forgotten(make_pool):
    pool = make_pool(min_size=1)
    pool.open(wait=True)
    workers = list(pool._workers)
    conn = pool._pool[0]
    gone = weakref.ref(pool)
    del pool
    gc.collect()
    assert gone() is None
    assert conn.closed
    eventually(lambda: not any(worker.is_alive() for worker in workers))


def test_null_pool(pool_module, dsn):
    with pool_module.NullConnectionPool(dsn, max_size=1, open=False) as pool:
        pool.wait()
        conn = pool.getconn()
        waiter = beside(pool.getconn)
        eventually(lambda: pool.get_stats()["requests_waiting"] == 1)
        pool.putconn(conn)
        assert waiter.result() is conn
        pool.putconn(conn)
        assert conn.closed
        assert pool.get_stats()["pool_size"] == 0
    with pytest.raises(ValueError, match="null pools must have min_size = 0"):
        pool_module.NullConnectionPool(dsn, min_size=1, open=False)


@pytest.mark.howdah_only
def test_resized_before_it_opens(make_pool):
    pool = make_pool(min_size=1)
    pool.resize(3)
    with pool:
        pool.wait()
        stats = pool.get_stats()
        assert (stats["pool_size"], stats["pool_available"]) == (3, 3)


@pytest.mark.howdah_only
def test_resized_while_somebody_waits(make_pool):
    with make_pool(min_size=1, timeout=60) as pool:
        first = pool.getconn()
        waiter = beside(pool.getconn)
        eventually(lambda: pool.get_stats()["requests_waiting"] == 1)
        pool.resize(1, 2)
        second = waiter.result()
        pool.putconn(first)
        pool.putconn(second)


@pytest.mark.howdah_only
def test_closed_while_somebody_waits_for_all(make_pool, pool_module):
    with make_pool(min_size=1, timeout=60) as pool:
        conn = pool.getconn()  # so that not all are there
        waiters = [beside(pool.wait, 600) for _ in range(2)]
        eventually(lambda: len(pool._full) == 2)
        pool.close()
        for waiter in waiters:
            with pytest.raises(pool_module.PoolClosed):
                waiter.result()
        pool.putconn(conn)


@pytest.mark.howdah_only
@pytest.mark.parametrize("what", ["configure", "reset", "reconnect_failed"])
def test_functions_that_raise_anything(make_pool, what):
    """What is no Exception ends no worker, and costs no place."""
    if what != "reset" and sys.version_info < (3, 11):
        pytest.skip("a task can't tell there whether it was cancelled")
    calls = []

    def fail(subject):
        calls.append(subject)
        if len(calls) <= 5:  # more than there are workers
            raise asyncio.CancelledError

    def kwargs():
        return {"port": 1} if what == "reconnect_failed" and len(calls) <= 5 else {}

    with make_pool(min_size=1, kwargs=kwargs, reconnect_timeout=0.01, timeout=60, **{what: fail}) as pool:
        for _ in range(7):
            with pool.connection():
                pass
    assert len(calls) > 5


def test_waiting_for_what_was_given_up(pool_module):
    failed = []
    with pool_module.ConnectionPool(
        "host=127.0.0.1 port=1", min_size=1, open=False, reconnect_timeout=0.01, reconnect_failed=failed.append
    ) as pool:
        eventually(lambda: len(failed) == 1)
        with pytest.raises(pool_module.PoolTimeout):
            pool.wait(0.1)


@pytest.mark.parametrize("cls", ["ConnectionPool", "NullConnectionPool"])
def test_not_a_connection(pool_module, dsn, cls):
    with getattr(pool_module, cls)(dsn, open=False, name="p") as pool:
        for thing in (None, object()):
            with pytest.raises(
                ValueError, match="can't return connection to pool 'p', it doesn't come from any pool"
            ):
                pool.putconn(thing)


def test_null_pool_closes(pool_module, dsn):
    with pool_module.NullConnectionPool(dsn, max_size=1, open=False, close_returns=True) as pool:
        for _ in range(2):
            with pool.connection() as conn:
                conn.close()
                assert conn.closed


@pytest.mark.howdah_only
@pytest.mark.parametrize("cls", ["ConnectionPool", "NullConnectionPool"])
def test_without_end(pool_module, dsn, cls):
    endless = float("inf")
    pool = getattr(pool_module, cls)(
        dsn, max_size=5, open=False, max_idle=endless, max_lifetime=endless, timeout=endless
    )
    pool.open(wait=True, timeout=endless)
    conn = pool.getconn()
    pool.putconn(conn)
    pool.close(timeout=30)
