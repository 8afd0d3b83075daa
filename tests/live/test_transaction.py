"""Transaction blocks: commit and rollback, savepoints when nested, Rollback, blocks left out of order."""

from __future__ import annotations

import pytest


class Oops(Exception):
    pass


@pytest.fixture
def table(other):
    other.execute("drop table if exists block; create table block (x int primary key)")


@pytest.fixture(params=["transactions", "autocommit"])
def any_conn(request, pg, dsn):
    conn = pg.connect(dsn, autocommit=request.param == "autocommit")
    yield conn
    conn.close()


def insert(conn, x):
    conn.execute("insert into block values (%s)", [x])


def rows(other):
    return [x for (x,) in other.execute("select x from block order by x")]


def status(conn):
    return conn.info.transaction_status.name


def test_commits(any_conn, other, table):
    with any_conn.transaction():
        insert(any_conn, 1)
        assert rows(other) == []
    assert rows(other) == [1]
    assert status(any_conn) == "IDLE"


def test_rolls_back_on_an_exception(any_conn, other, table):
    with pytest.raises(Oops), any_conn.transaction():
        insert(any_conn, 1)
        raise Oops
    assert rows(other) == []
    assert status(any_conn) == "IDLE"


def test_begins_at_entry(any_conn):
    with any_conn.transaction():
        assert status(any_conn) == "INTRANS"


def test_connection_is_usable_after_a_failed_block(pg, any_conn):
    with pytest.raises(pg.errors.DivisionByZero), any_conn.transaction():
        any_conn.execute("select 1/0")
    assert any_conn.execute("select 1").fetchone() == (1,)


def test_gives_the_transaction(pg, conn):
    with conn.transaction() as tx:
        assert isinstance(tx, pg.Transaction)
        assert tx.connection is conn
        assert not tx.savepoint_name


def test_nested_commits_with_the_outer(any_conn, other, table):
    with any_conn.transaction():
        insert(any_conn, 1)
        with any_conn.transaction():
            insert(any_conn, 2)
        assert rows(other) == []
    assert rows(other) == [1, 2]


def test_nested_failure_undoes_the_inner_only(any_conn, other, table):
    with any_conn.transaction():
        insert(any_conn, 1)
        with pytest.raises(Oops), any_conn.transaction():
            insert(any_conn, 2)
            raise Oops
        insert(any_conn, 3)
    assert rows(other) == [1, 3]


def test_server_error_in_the_inner_block(pg, any_conn, other, table):
    with any_conn.transaction():
        insert(any_conn, 1)
        with pytest.raises(pg.errors.UniqueViolation), any_conn.transaction():
            insert(any_conn, 1)
        assert status(any_conn) == "INTRANS"
        insert(any_conn, 2)
    assert rows(other) == [1, 2]


def test_outer_failure_undoes_everything(any_conn, other, table):
    with pytest.raises(Oops), any_conn.transaction():
        with any_conn.transaction():
            insert(any_conn, 1)
        raise Oops
    assert rows(other) == []


def test_three_levels(any_conn, other, table):
    with any_conn.transaction():
        insert(any_conn, 1)
        with pytest.raises(Oops), any_conn.transaction():
            insert(any_conn, 2)
            with any_conn.transaction():
                insert(any_conn, 3)
            raise Oops
        with any_conn.transaction(), any_conn.transaction():
            insert(any_conn, 4)
    assert rows(other) == [1, 4]


def test_blocks_one_after_another(any_conn, other, table):
    for x in range(3):
        with any_conn.transaction():
            insert(any_conn, x)
    assert rows(other) == [0, 1, 2]


def test_savepoint_of_the_given_name(any_conn, other, table):
    with any_conn.transaction():
        insert(any_conn, 1)
        with any_conn.transaction("here") as tx:
            insert(any_conn, 2)
            any_conn.execute("rollback to savepoint here")
            assert tx.savepoint_name == "here"
    assert rows(other) == [1]


def test_savepoint_of_a_name_with_quotes(any_conn, other, table):
    with any_conn.transaction('a "b" c'), pytest.raises(Oops), any_conn.transaction("d\"; select 'e"):
        raise Oops


def test_outer_block_with_a_name_makes_a_savepoint(any_conn):
    with any_conn.transaction("named") as tx:
        any_conn.execute("rollback to savepoint named")
        assert tx.savepoint_name == "named"


def test_nested_block_has_a_savepoint_name(any_conn):
    with any_conn.transaction(), any_conn.transaction() as inner, any_conn.transaction() as innermost:
        assert inner.savepoint_name
        assert innermost.savepoint_name not in (None, inner.savepoint_name)


def test_block_within_an_open_transaction_is_a_savepoint(conn, other, table):
    insert(conn, 1)
    with pytest.raises(Oops), conn.transaction():
        insert(conn, 2)
        raise Oops
    assert status(conn) == "INTRANS"
    conn.commit()
    assert rows(other) == [1]


def test_block_within_an_open_transaction_does_not_commit(conn, other, table):
    insert(conn, 1)
    with conn.transaction():
        insert(conn, 2)
    assert rows(other) == []
    conn.rollback()
    assert rows(other) == []


def test_rollback_raised(pg, any_conn, other, table):
    with any_conn.transaction():
        insert(any_conn, 1)
        raise pg.Rollback
    assert rows(other) == []
    assert status(any_conn) == "IDLE"


def test_rollback_of_the_inner_block(pg, any_conn, other, table):
    with any_conn.transaction():
        insert(any_conn, 1)
        with any_conn.transaction():
            insert(any_conn, 2)
            raise pg.Rollback
        insert(any_conn, 3)
    assert rows(other) == [1, 3]


def test_rollback_of_the_outer_block_from_the_inner(pg, any_conn, other, table):
    with any_conn.transaction() as outer:
        insert(any_conn, 1)
        with any_conn.transaction():
            insert(any_conn, 2)
            raise pg.Rollback(outer)
        pytest.fail("not reached")
    assert rows(other) == []


def test_rollback_of_the_middle_block(pg, any_conn, other, table):
    with any_conn.transaction():
        insert(any_conn, 1)
        with any_conn.transaction() as middle:
            insert(any_conn, 2)
            with any_conn.transaction():
                insert(any_conn, 3)
                raise pg.Rollback(middle)
        insert(any_conn, 4)
    assert rows(other) == [1, 4]


def test_rollback_of_another_connection_passes_through(pg, conn, other, table):
    with other.transaction() as theirs:
        with pytest.raises(pg.Rollback), conn.transaction():
            raise pg.Rollback(theirs)
        raise pg.Rollback(theirs)


def test_force_rollback(any_conn, other, table):
    with any_conn.transaction(force_rollback=True) as tx:
        assert tx.force_rollback is True
        insert(any_conn, 1)
    assert rows(other) == []
    assert status(any_conn) == "IDLE"


def test_force_rollback_of_the_inner_block(any_conn, other, table):
    with any_conn.transaction():
        insert(any_conn, 1)
        with any_conn.transaction(force_rollback=True):
            insert(any_conn, 2)
    assert rows(other) == [1]


def test_force_rollback_lets_the_exception_out(any_conn):
    with pytest.raises(Oops), any_conn.transaction(force_rollback=True):
        raise Oops


def test_commit_and_rollback_are_forbidden_inside(pg, any_conn):
    with any_conn.transaction():
        with pytest.raises(pg.ProgrammingError):
            any_conn.commit()
        with pytest.raises(pg.ProgrammingError):
            any_conn.rollback()
    any_conn.commit()


def test_autocommit_does_not_change_inside(pg, any_conn):
    before = any_conn.autocommit
    with any_conn.transaction(), pytest.raises(pg.ProgrammingError):
        any_conn.autocommit = not before
    assert any_conn.autocommit is before


def test_a_block_is_used_once(conn):
    with conn.transaction() as tx:
        pass
    with pytest.raises(TypeError), tx:
        pass
    assert conn.execute("select 1").fetchone() == (1,)


def test_left_out_of_order(pg, conn):
    outer, inner = conn.transaction(), conn.transaction()
    outer.__enter__()
    inner.__enter__()
    with pytest.raises(pg.ProgrammingError):
        outer.__exit__(None, None, None)
    with pytest.raises(pg.ProgrammingError):
        inner.__exit__(None, None, None)


def test_deferred_constraint_fails_at_commit(pg, any_conn, other):
    other.execute("drop table if exists late; create table late (x int unique deferrable initially deferred)")
    with pytest.raises(pg.errors.UniqueViolation), any_conn.transaction():
        any_conn.execute("insert into late values (1), (1)")
    assert status(any_conn) == "IDLE"
    assert other.execute("select count(*) from late").fetchone() == (0,)


def test_swallowed_error_cannot_be_committed(pg, conn, other, table):
    """The server answers COMMIT of a failed transaction by ROLLBACK."""
    with conn.transaction():
        insert(conn, 1)
        with pytest.raises(pg.errors.DivisionByZero):
            conn.execute("select 1/0")
    assert rows(other) == []
    assert status(conn) == "IDLE"


def test_connection_lost_within_a_block(pg, conn, other):
    with pytest.raises(pg.OperationalError), conn.transaction():
        other.execute("select pg_terminate_backend(%s)", [conn.info.backend_pid])
        conn.execute("select 1")
    assert conn.closed


def test_block_on_a_closed_connection(pg, conn):
    conn.close()
    with pytest.raises(pg.OperationalError), conn.transaction():
        pass


def test_now_is_that_of_the_entry(auto, other):
    with auto.transaction():
        later = other.execute("select now()").fetchone()
        assert auto.execute("select now()").fetchone() < later


def test_modes_apply_to_blocks(pg, auto):
    auto.isolation_level = pg.IsolationLevel.REPEATABLE_READ
    with auto.transaction():
        assert auto.execute("show transaction_isolation").fetchone() == ("repeatable read",)


def test_repr_tells_the_state(conn):
    with conn.transaction("spot") as tx:
        assert "spot" in repr(tx)
        assert "active" in repr(tx)
    assert "committed" in repr(tx)


async def test_async_commits(aconn, other, table):
    async with aconn.transaction() as tx:
        await aconn.execute("insert into block values (1)")
        assert tx.connection is aconn
    assert rows(other) == [1]


async def test_async_rolls_back(aconn, other, table):
    with pytest.raises(Oops):
        async with aconn.transaction():
            await aconn.execute("insert into block values (1)")
            raise Oops
    assert rows(other) == []


async def test_async_nested(pg, aauto, other, table):
    async with aauto.transaction():
        await aauto.execute("insert into block values (1)")
        async with aauto.transaction():
            await aauto.execute("insert into block values (2)")
            raise pg.Rollback
        async with aauto.transaction(force_rollback=True):
            await aauto.execute("insert into block values (3)")
        async with aauto.transaction("spot"):
            await aauto.execute("insert into block values (4)")
    assert rows(other) == [1, 4]


async def test_async_rollback_of_the_outer_block(pg, aconn, other, table):
    async with aconn.transaction() as outer:
        async with aconn.transaction():
            await aconn.execute("insert into block values (2)")
            raise pg.Rollback(outer)
        pytest.fail("not reached")
    assert rows(other) == []


async def test_async_commit_is_forbidden_inside(pg, aconn):
    async with aconn.transaction():
        with pytest.raises(pg.ProgrammingError):
            await aconn.commit()


async def test_async_left_out_of_order(pg, aconn):
    outer, inner = aconn.transaction(), aconn.transaction()
    await outer.__aenter__()
    await inner.__aenter__()
    with pytest.raises(pg.ProgrammingError):
        await outer.__aexit__(None, None, None)
    with pytest.raises(pg.ProgrammingError):
        await inner.__aexit__(None, None, None)
