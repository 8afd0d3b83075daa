"""The pools; the same tests run against psycopg_pool, except for what is howdah's own."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import weakref

import pytest

from beside import beside_async, eventually_async, sleep_async


@pytest.fixture
def make_pool(pool_module, dsn):
    """A pool of the database of the tests."""

    def make(**options):
        options.setdefault("open", False)
        return pool_module.AsyncConnectionPool(dsn, **options)

    return make


async def test_block_lends_and_takes_back(make_pool):
    async with make_pool(min_size=1) as pool:
        async with pool.connection() as conn:
            assert conn._pool is pool
            assert pool.get_stats()["pool_available"] == 0
            assert await (await conn.execute("select 1")).fetchone() == (1,)
        assert conn._pool is None
        assert not conn.closed
        assert conn.info.transaction_status == 0
        assert pool.get_stats()["pool_available"] == 1
    assert conn.closed


async def test_block_commits_or_rolls_back(make_pool):
    async with make_pool(min_size=1) as pool:
        async with pool.connection() as conn:
            await conn.execute("create temporary table t (a int)")

        async def fail():
            async with pool.connection() as conn:
                await conn.execute("insert into t values (1)")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        async with pool.connection() as conn:
            assert await (await conn.execute("select count(*) from t")).fetchone() == (0,)


async def test_used_in_turn(make_pool):
    async with make_pool(min_size=3) as pool:
        await pool.wait()
        pids = []
        for _ in range(6):
            async with pool.connection() as conn:
                pids.append(conn.info.backend_pid)
    assert len(set(pids)) == 3
    assert pids[:3] == pids[3:]


async def test_first_come_first_served(make_pool):
    served = []
    async with make_pool(min_size=1) as pool:
        first = await pool.getconn()

        async def client(number):
            async with pool.connection():
                served.append(number)

        clients = []
        for number in range(20):
            clients.append(beside_async(client, number))
            await eventually_async(lambda: pool.get_stats()["requests_waiting"] == number + 1)  # noqa: B023
        await pool.putconn(first)
        for one in clients:
            await one.result()
    assert served == list(range(20))


async def test_timeout(make_pool, pool_module):
    async with make_pool(min_size=1, name="small") as pool:
        conn = await pool.getconn()
        with pytest.raises(pool_module.PoolTimeout, match=r"couldn't get a connection after 0\.05 sec"):
            await pool.getconn(timeout=0.05)
        await pool.putconn(conn)
        stats = pool.get_stats()
        assert stats["pool_available"] == 1
        assert stats["requests_errors"] == 1


async def test_timeout_after_a_failed_check(make_pool, pool_module):
    """What is said is what was asked for, not what the check has left of it."""
    checked = []

    async def kwargs():
        return {"port": 1} if checked else {}

    async def check(conn):
        checked.append(conn)
        await sleep_async(0.1)
        await conn.close()
        raise ZeroDivisionError

    async with make_pool(min_size=1, kwargs=kwargs, check=check, reconnect_timeout=60) as pool:
        await pool.wait()
        with pytest.raises(pool_module.PoolTimeout, match=r"couldn't get a connection after 0\.50 sec"):
            await pool.getconn(timeout=0.5)


@pytest.mark.howdah_only
async def test_who_gave_up_no_longer_waits(make_pool, pool_module):
    async with make_pool(min_size=1, max_waiting=1) as pool:
        conn = await pool.getconn()
        for _ in range(3):
            with pytest.raises(pool_module.PoolTimeout):
                await pool.getconn(timeout=0.01)
        assert pool.get_stats()["requests_waiting"] == 0
        await pool.putconn(conn)


async def test_too_many(make_pool, pool_module):
    async with make_pool(min_size=1, max_waiting=1) as pool:
        conn = await pool.getconn()
        waiter = beside_async(pool.getconn)
        await eventually_async(lambda: pool.get_stats()["requests_waiting"] == 1)
        with pytest.raises(pool_module.TooManyRequests, match="already 1 requests waiting"):
            await pool.getconn()
        await pool.putconn(conn)
        assert await waiter.result() is conn
        await pool.putconn(conn)


async def test_closed(make_pool, pool_module):
    pool = make_pool(min_size=1, name="p")
    assert pool.closed
    with pytest.raises(pool_module.PoolClosed, match="'p' is not open yet"):
        await pool.getconn()
    await pool.open(wait=True)
    lent = await pool.getconn()
    waiter = beside_async(pool.getconn)
    await eventually_async(lambda: pool.get_stats()["requests_waiting"] == 1)
    await pool.close()
    with pytest.raises(pool_module.PoolClosed, match="'p' is closed"):
        await waiter.result()
    with pytest.raises(pool_module.PoolClosed, match="already closed"):
        await pool.getconn()
    with pytest.raises(pool_module.PoolClosed, match="cannot be reused"):
        await pool.open()
    assert not lent.closed
    await pool.putconn(lent)
    assert lent.closed


async def test_not_ours(make_pool, pg, dsn):
    async with make_pool(min_size=1, name="p") as pool, make_pool(min_size=1, name="q") as other:
        stranger = await pg.AsyncConnection.connect(dsn)
        with pytest.raises(ValueError, match="doesn't come from any pool"):
            await pool.putconn(stranger)
        await stranger.close()
        conn = await other.getconn()
        with pytest.raises(ValueError, match="comes from pool 'q'"):
            await pool.putconn(conn)
        await other.putconn(conn)
        with pytest.raises(ValueError, match="doesn't come from any pool"):
            await other.putconn(conn)


@pytest.mark.parametrize(
    ("sizes", "complaint"),
    [
        ({"min_size": -1}, "min_size cannot be negative"),
        ({"min_size": 4, "max_size": 2}, "max_size must be greater or equal than min_size"),
        ({"min_size": 0}, "if min_size is 0 max_size must be greater than 0"),
        ({"num_workers": 0}, "num_workers must be at least 1"),
    ],
)
async def test_impossible_sizes(make_pool, sizes, complaint):
    with pytest.raises(ValueError, match=complaint):
        make_pool(**sizes)


async def test_grows_and_shrinks(make_pool):
    async with make_pool(min_size=1, max_size=3, max_idle=0.1) as pool:
        conns = [await pool.getconn() for _ in range(3)]
        assert pool.get_stats()["pool_size"] == 3
        for conn in conns:
            await pool.putconn(conn)
        await eventually_async(lambda: pool.get_stats()["pool_size"] == 1)
        await pool.resize(2)
        await eventually_async(lambda: pool.get_stats()["pool_available"] == 2)
        assert (pool.min_size, pool.max_size) == (2, 2)


async def test_callbacks(make_pool):
    called = []

    async def configure(conn):
        called.append("configure")
        await conn.execute("set application_name to mine")
        await conn.commit()

    async def check(conn):
        called.append("check")

    async def reset(conn):
        called.append("reset")

    async with make_pool(min_size=1, configure=configure, check=check, reset=reset) as pool:
        async with pool.connection() as conn:
            assert await (await conn.execute("show application_name")).fetchone() == ("mine",)
        await pool.wait()
    assert called == ["configure", "check", "reset"]


async def test_left_in_a_transaction(make_pool, caplog):
    async def leave(conn):
        await conn.execute("select 1")

    async with make_pool(min_size=1, reset=leave) as pool:
        conn = await pool.getconn()
        await pool.putconn(conn)
        again = await pool.getconn()
        assert again is not conn
        assert conn.closed
        await pool.putconn(again)
    assert "INTRANS by reset function" in caplog.text


async def test_open_transactions_are_rolled_back(make_pool, caplog, pg):
    async with make_pool(min_size=1) as pool:
        conn = await pool.getconn()
        await conn.execute("select 1")
        await pool.putconn(conn)
        assert conn.info.transaction_status == 0
        conn = await pool.getconn()
        with pytest.raises(pg.errors.SyntaxError):
            await conn.execute("selec 1")
        await pool.putconn(conn)
        assert conn.info.transaction_status == 0
    assert [word for word in ("INTRANS", "INERROR") if word not in caplog.text] == []


async def test_options_that_change(pool_module, dsn):
    names = iter(["one", "two"])

    async def kwargs():
        return {"application_name": next(names)}

    async with pool_module.AsyncConnectionPool(lambda: dsn, kwargs=kwargs, min_size=2, open=False) as pool:
        await pool.wait()
        seen = set()
        for _ in range(2):
            async with pool.connection() as conn:
                seen |= set(await (await conn.execute("show application_name")).fetchone())
    assert seen == {"one", "two"}


async def test_drain(make_pool):
    async with make_pool(min_size=2) as pool:
        await pool.wait()
        lent = await pool.getconn()
        before = {conn.info.backend_pid for conn in pool._pool} | {lent.info.backend_pid}
        await pool.drain()
        await pool.putconn(lent)
        await pool.wait()
        assert not before & {conn.info.backend_pid for conn in pool._pool}


async def test_expired(make_pool):
    async with make_pool(min_size=1, max_lifetime=0.1) as pool:
        await pool.wait()
        conn = await pool.getconn()
        await sleep_async(0.15)
        await pool.putconn(conn)
        assert conn.closed
        async with pool.connection() as other:
            assert other is not conn


async def test_close_returns(make_pool):
    async with make_pool(min_size=1, close_returns=True) as pool:
        conn = await pool.getconn()
        await conn.close()
        assert not conn.closed
        assert pool.get_stats()["pool_available"] == 1


@pytest.mark.howdah_only
async def test_close_returns_what_is_lost_too(make_pool, other):
    async with make_pool(min_size=1, close_returns=True) as pool:
        conn = await pool.getconn()
        other.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])
        with pytest.raises(Exception, match="terminating connection"):
            await conn.execute("select 1")
        await conn.close()
        async with pool.connection(timeout=60) as again:
            assert await (await again.execute("select 1")).fetchone() == (1,)


async def test_not_there_at_first(pool_module, caplog):
    async with pool_module.AsyncConnectionPool("host=127.0.0.1 port=1", min_size=1, open=False) as pool:
        await eventually_async(lambda: "error connecting in" in caplog.text)
        with pytest.raises(pool_module.PoolTimeout, match=r"initialization incomplete after 0\.1 sec"):
            await pool.wait(timeout=0.1)
        assert pool.closed


@pytest.mark.howdah_only
async def test_checked_while_it_gives_up(pool_module, dsn):
    """Who asks for the missing connections gets those too whose attempts are about to be given up."""
    tries, failed, held = [], [], [True]

    async def where():
        tries.append(None)
        number = len(tries)
        while number == 4 and held:
            await sleep_async(0.01)
        return "host=127.0.0.1 port=1" if number <= 4 else dsn

    async with pool_module.AsyncConnectionPool(
        where, min_size=2, open=False, reconnect_timeout=0.2, reconnect_failed=failed.append
    ) as pool:
        await eventually_async(lambda: failed == [pool])  # one has given up, the other is about to
        await pool.check()
        held.clear()
        await pool.wait()
        assert pool.get_stats()["pool_available"] == 2


async def test_gives_up(pool_module):
    failed = []
    async with pool_module.AsyncConnectionPool(
        "host=127.0.0.1 port=1", min_size=1, open=False, reconnect_timeout=0.2, reconnect_failed=failed.append
    ) as pool:
        await eventually_async(lambda: failed == [pool])
        assert pool.get_stats()["pool_size"] == 0


@pytest.mark.howdah_only
async def test_all_dead_ones_are_replaced_at_once(make_pool, other, caplog):
    caplog.set_level(logging.INFO, "howdah.pool")
    async with make_pool(min_size=6, timeout=60) as pool:
        await pool.wait()
        pids = [conn.info.backend_pid for conn in pool._pool]
        other.execute("select pg_terminate_backend(pid, 60000) from unnest(%s) as pid", [pids[1:]])
        conns = [await pool.getconn() for _ in range(6)]
        for conn in conns:
            await pool.putconn(conn)
        assert caplog.text.count("found broken") == 5
        await pool.wait()
        now = {conn.info.backend_pid for conn in pool._pool}
        assert now & set(pids) == {pids[0]}
        assert pool.get_stats()["connections_lost"] == 5
        assert len(now) == 6


@pytest.mark.howdah_only
async def test_what_comes_while_idle_is_not_lost(make_pool, other):
    got = []
    async with make_pool(min_size=1, kwargs={"autocommit": True}) as pool:
        conn = await pool.getconn()
        conn.add_notify_handler(lambda notify: got.append(notify.payload))
        await conn.execute("listen channel")
        await pool.putconn(conn)
        other.execute("notify channel, 'hello'")
        await eventually_async(lambda: conn._still_alive(-1) and got == ["hello"])
        assert await pool.getconn() is conn
        await pool.putconn(conn)


def occurs(text, caplog):
    gc.collect()
    return caplog.text.count(text)


@pytest.mark.howdah_only
async def test_a_borrowed_connection_that_is_forgotten(make_pool, caplog):
    caplog.set_level(logging.WARNING, "howdah.pool")
    async with make_pool(min_size=1, timeout=60) as pool:
        for i in range(2):
            conn = await pool.getconn()
            if i == 1:
                await conn.close()  # which does not give it back
            del conn
            await eventually_async(lambda n=i: occurs("was never given back", caplog) == n + 1)
            async with pool.connection() as conn:
                assert await (await conn.execute("select 1")).fetchone() == (1,)
            del conn
        await pool.wait()
        stats = pool.get_stats()
        assert (stats["pool_size"], stats["pool_available"], stats["returns_bad"]) == (1, 1, 2)


@pytest.mark.howdah_only
async def test_who_has_borrowed(make_pool, pool_module, caplog):
    caplog.set_level(logging.WARNING, "howdah.pool")
    async with make_pool(min_size=1, report_after=0.2) as pool:
        conn = await pool.getconn()
        await eventually_async(lambda: "in test_who_has_borrowed (conn = " in caplog.text)
        with pytest.raises(
            pool_module.PoolTimeout, match=r"after 0.01 sec; longest lent for .* in test_who_has_borrowed"
        ):
            await pool.getconn(0.01)
        await pool.putconn(conn)
        with pytest.raises(ValueError):
            await pool.putconn(conn)
        conn = await pool.getconn()
        del conn
        await eventually_async(lambda: occurs("was never given back, lent for ", caplog))
        assert len(caplog.records) in (2, 3)  # a slow machine may have lent the second one for long, too


@pytest.mark.howdah_only
async def test_forgotten(make_pool):
    pool = make_pool(min_size=1)
    await pool.open(wait=True)
    workers = list(pool._workers)
    conn = pool._pool[0]
    gone = weakref.ref(pool)
    del pool
    gc.collect()
    assert gone() is None
    assert conn.closed
    if True:  # ASYNC
        await eventually_async(lambda: all(worker.done() for worker in workers))
    else:
        await eventually_async(lambda: not any(worker.is_alive() for worker in workers))


async def test_null_pool(pool_module, dsn):
    async with pool_module.AsyncNullConnectionPool(dsn, max_size=1, open=False) as pool:
        await pool.wait()
        conn = await pool.getconn()
        waiter = beside_async(pool.getconn)
        await eventually_async(lambda: pool.get_stats()["requests_waiting"] == 1)
        await pool.putconn(conn)
        assert await waiter.result() is conn
        await pool.putconn(conn)
        assert conn.closed
        assert pool.get_stats()["pool_size"] == 0
    with pytest.raises(ValueError, match="null pools must have min_size = 0"):
        pool_module.AsyncNullConnectionPool(dsn, min_size=1, open=False)


@pytest.mark.howdah_only
async def test_resized_before_it_opens(make_pool):
    pool = make_pool(min_size=1)
    await pool.resize(3)
    async with pool:
        await pool.wait()
        stats = pool.get_stats()
        assert (stats["pool_size"], stats["pool_available"]) == (3, 3)


@pytest.mark.howdah_only
async def test_resized_while_somebody_waits(make_pool):
    async with make_pool(min_size=1, timeout=60) as pool:
        first = await pool.getconn()
        waiter = beside_async(pool.getconn)
        await eventually_async(lambda: pool.get_stats()["requests_waiting"] == 1)
        await pool.resize(1, 2)
        second = await waiter.result()
        await pool.putconn(first)
        await pool.putconn(second)


@pytest.mark.howdah_only
async def test_closed_while_somebody_waits_for_all(make_pool, pool_module):
    async with make_pool(min_size=1, timeout=60) as pool:
        conn = await pool.getconn()  # so that not all are there
        waiters = [beside_async(pool.wait, 600) for _ in range(2)]
        await eventually_async(lambda: len(pool._full) == 2)
        await pool.close()
        for waiter in waiters:
            with pytest.raises(pool_module.PoolClosed):
                await waiter.result()
        await pool.putconn(conn)


@pytest.mark.howdah_only
@pytest.mark.parametrize("what", ["configure", "reset", "reconnect_failed"])
async def test_functions_that_raise_anything(make_pool, what):
    """What is no Exception ends no worker, and costs no place."""
    if what != "reset" and sys.version_info < (3, 11):
        pytest.skip("a task can't tell there whether it was cancelled")
    calls = []

    async def fail(subject):
        calls.append(subject)
        if len(calls) <= 5:  # more than there are workers
            raise asyncio.CancelledError

    async def kwargs():
        return {"port": 1} if what == "reconnect_failed" and len(calls) <= 5 else {}

    async with make_pool(min_size=1, kwargs=kwargs, reconnect_timeout=0.01, timeout=60, **{what: fail}) as pool:
        for _ in range(7):
            async with pool.connection():
                pass
    assert len(calls) > 5


async def test_waiting_for_what_was_given_up(pool_module):
    failed = []
    async with pool_module.AsyncConnectionPool(
        "host=127.0.0.1 port=1", min_size=1, open=False, reconnect_timeout=0.01, reconnect_failed=failed.append
    ) as pool:
        await eventually_async(lambda: len(failed) == 1)
        with pytest.raises(pool_module.PoolTimeout):
            await pool.wait(0.1)


@pytest.mark.parametrize("cls", ["AsyncConnectionPool", "AsyncNullConnectionPool"])
async def test_not_a_connection(pool_module, dsn, cls):
    async with getattr(pool_module, cls)(dsn, open=False, name="p") as pool:
        for thing in (None, object()):
            with pytest.raises(
                ValueError, match="can't return connection to pool 'p', it doesn't come from any pool"
            ):
                await pool.putconn(thing)


async def test_null_pool_closes(pool_module, dsn):
    async with pool_module.AsyncNullConnectionPool(dsn, max_size=1, open=False, close_returns=True) as pool:
        for _ in range(2):
            async with pool.connection() as conn:
                await conn.close()
                assert conn.closed


@pytest.mark.howdah_only
@pytest.mark.parametrize("cls", ["AsyncConnectionPool", "AsyncNullConnectionPool"])
async def test_without_end(pool_module, dsn, cls):
    endless = float("inf")
    pool = getattr(pool_module, cls)(
        dsn, max_size=5, open=False, max_idle=endless, max_lifetime=endless, timeout=endless
    )
    await pool.open(wait=True, timeout=endless)
    conn = await pool.getconn()
    await pool.putconn(conn)
    await pool.close(timeout=30)
