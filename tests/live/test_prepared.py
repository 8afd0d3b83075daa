"""Prepared statements: when they are made, how many are kept, what happens when the table changes."""

from __future__ import annotations

from decimal import Decimal

import pytest


def prepared(conn):
    """Queries that the server has prepared for this session."""
    query = "select statement from pg_prepared_statements order by prepare_time"
    return [statement for (statement,) in conn.execute(query, prepare=False)]


def test_not_before_the_threshold(auto):
    for _ in range(5):
        auto.execute("select %s::int", [1])
    assert prepared(auto) == []


def test_at_the_threshold(auto):
    for _ in range(6):
        assert auto.execute("select %s::int", [1]).fetchone() == (1,)
    assert prepared(auto) == ["select $1::int"]


def test_used_once_it_is_there(auto):
    for n in range(20):
        assert auto.execute("select %s::int", [n]).fetchone() == (n,)
    assert prepared(auto) == ["select $1::int"]
    uses = auto.execute("select generic_plans + custom_plans from pg_prepared_statements", prepare=False).fetchone()
    assert uses[0] >= 14


def test_prepare_now(auto):
    auto.execute("select %s::int", [1], prepare=True)
    assert prepared(auto) == ["select $1::int"]


def test_prepare_never(auto):
    for _ in range(10):
        auto.execute("select %s::int", [1], prepare=False)
    assert prepared(auto) == []


def test_threshold_zero(auto):
    auto.prepare_threshold = 0
    auto.execute("select %s::int", [1])
    assert prepared(auto) == ["select $1::int"]


def test_threshold_none(auto):
    auto.prepare_threshold = None
    for _ in range(10):
        auto.execute("select %s::int", [1])
    assert prepared(auto) == []


def test_threshold_changed(auto):
    auto.prepare_threshold = 1
    auto.execute("select %s::int", [1])
    assert prepared(auto) == []
    auto.execute("select %s::int", [1])
    assert prepared(auto) == ["select $1::int"]


def test_query_without_parameters(auto):
    for _ in range(6):
        assert auto.execute("select 42").fetchone() == (42,)
    assert prepared(auto) == ["select 42"]


def test_types_of_parameters_count(auto):
    """The same query with other parameter types is another statement."""
    for value in (1, "a", 2.5):
        auto.execute("select %s", [value], prepare=True)
    assert prepared(auto) == ["select $1"] * 3


def test_another_query_has_another_statement(auto):
    for n in range(3):
        auto.execute(f"select {n}", prepare=True)
    assert prepared(auto) == ["select 0", "select 1", "select 2"]


def test_the_oldest_goes(auto):
    auto.prepared_max = 3
    for n in range(5):
        auto.execute(f"select {n}", prepare=True)
    auto.execute("select 100", prepare=False)
    assert sorted(prepared(auto)) == ["select 2", "select 3", "select 4"]


def test_the_least_recently_used_goes(auto):
    auto.prepared_max = 3
    for n in (0, 1, 2, 0, 3):
        assert auto.execute(f"select {n}", prepare=True).fetchone() == (n,)
    assert sorted(prepared(auto)) == ["select 0", "select 2", "select 3"]


def test_a_statement_that_went_comes_back(auto):
    auto.prepared_max = 1
    for n in (0, 1, 0, 1, 0):
        assert auto.execute(f"select {n}", prepare=True).fetchone() == (n,)
    assert prepared(auto) == ["select 0"]


def test_more_queries_than_statements_are_kept(auto):
    for n in range(250):
        assert auto.execute(f"select {n}, %s::int", [n], prepare=True).fetchone() == (n, n)
    assert len(prepared(auto)) == auto.prepared_max == 100


def test_max_zero(auto):
    auto.prepared_max = 0
    for n in range(3):
        assert auto.execute("select %s::int", [n], prepare=True).fetchone() == (n,)
    assert prepared(auto) == []


def test_across_transactions(conn):
    for n in range(10):
        assert conn.execute("select %s::int", [n]).fetchone() == (n,)
        conn.commit()
    assert prepared(conn) == ["select $1::int"]


def test_failed_statements_are_not_kept(pg, conn):
    for _ in range(8):
        with pytest.raises(pg.errors.UndefinedTable):
            conn.execute("select * from no_such_table where x = %s", [1], prepare=True)
        conn.rollback()
    conn.execute("create temp table no_such_table (x int)")
    assert conn.execute("select * from no_such_table where x = %s", [1], prepare=True).fetchall() == []


def test_error_while_a_prepared_statement_runs(pg, auto):
    for divisor in [1] * 10 + [0] + [1] * 3:
        if divisor:
            assert auto.execute("select 10 / %s", [divisor]).fetchone() == (10,)
        else:
            with pytest.raises(pg.errors.DivisionByZero):
                auto.execute("select 10 / %s", [divisor])
    assert len(prepared(auto)) == 1


def again(conn, n=8):
    """A query becomes a prepared statement."""
    assert [conn.execute("select %s::int", [x]).fetchone()[0] for x in range(n)] == list(range(n))


@pytest.mark.parametrize(
    "query", ["deallocate all", "discard all", "DEALLOCATE PREPARE ALL", "select 1; deallocate all"]
)
def test_deallocated(auto, query):
    again(auto)
    auto.execute(query)
    again(auto)
    assert prepared(auto) == ["select $1::int"]


def test_deallocated_by_executemany(auto):
    again(auto)
    auto.cursor().executemany("deallocate all", [()])
    again(auto)


@pytest.mark.howdah_only
def test_deallocated_time_and_again(auto):
    for _ in range(8):
        again(auto, 3)
        auto.execute("deallocate all")


def test_deallocated_in_a_transaction(conn):
    """It is not undone by the rollback."""
    again(conn)
    conn.commit()
    conn.execute("deallocate all")
    conn.rollback()
    again(conn)
    assert prepared(conn) == ["select $1::int"]


@pytest.mark.parametrize("query", ["discard plans", "discard sequences", "discard temp"])
def test_other_things_discarded(auto, query):
    again(auto)
    auto.execute(query)
    again(auto)
    assert prepared(auto) == ["select $1::int"]


@pytest.mark.howdah_only
@pytest.mark.parametrize("how", ["do $$ begin execute 'deallocate all'; end $$", 'deallocate "{}"'])
def test_deallocated_unseen(pg, auto, how):
    """There is no way to know, but to be told by the next one, which is then sent again; psycopg fails for good."""
    again(auto)
    name = auto.execute("select name from pg_prepared_statements", prepare=False).fetchone()[0]
    auto.execute(how.format(name))
    assert auto.execute("select %s::int", [1]).fetchone() == (1,)
    again(auto)
    assert prepared(auto) == ["select $1::int"]


@pytest.mark.howdah_only
def test_deallocated_unseen_in_a_transaction(pg, conn):
    again(conn)
    conn.execute("do $$ begin execute 'deallocate all'; end $$")
    with pytest.raises(pg.errors.InvalidSqlStatementName), conn.transaction():
        conn.execute("select %s::int", [1])
    again(conn)


@pytest.mark.howdah_only
def test_shape_changed_unseen(pg, auto):
    """psycopg fails for good."""
    auto.execute("create temp view shape as select 1 as x")
    for _ in range(8):
        assert auto.execute("select * from shape where x <> %s", [0]).fetchone() == (1,)
    auto.execute("create or replace temp view shape as select 1 as x, 'one' as y")
    for _ in range(8):
        assert auto.execute("select * from shape where x <> %s", [0]).fetchone() == (1, "one")
    assert len(prepared(auto)) == 1


@pytest.mark.howdah_only
def test_shape_changed_by_another_session(pg, auto, other):
    other.execute("drop table if exists shape; create table shape (x int); insert into shape values (1)")
    for _ in range(8):
        assert auto.execute("select * from public.shape where x <> %s", [0]).fetchone() == (1,)
    other.execute("alter table shape add y int default 2")
    assert auto.execute("select * from public.shape where x <> %s", [0]).fetchone() == (1, 2)


@pytest.mark.howdah_only
def test_outlived_outside_of_a_transaction(pg, conn, other):
    """The transaction that the statement began is begun once more, in its mode."""
    other.execute("drop table if exists outlived; create table outlived (x int); insert into outlived values (1)")
    conn.isolation_level = pg.IsolationLevel.REPEATABLE_READ
    for _ in range(8):
        assert conn.execute("select * from outlived where x <> %s", ["0"]).fetchone() == (1,)
        conn.commit()
    other.execute("alter table outlived add y text default 'two'")
    assert conn.execute("select * from outlived where x <> %s", ["0"]).fetchone() == (1, "two")
    assert conn.info.transaction_status == pg.pq.TransactionStatus.INTRANS
    assert conn.execute("show transaction_isolation").fetchone() == ("repeatable read",)
    conn.rollback()


@pytest.mark.howdah_only
def test_outlived_writes_are_made_once(auto, other):
    other.execute("drop table if exists outlived; create table outlived (x int)")
    for n in range(8):
        auto.execute("insert into outlived values (%s) returning *", [n])
    other.execute("alter table outlived add y int")
    assert auto.execute("insert into outlived values (%s) returning *", [8]).fetchone() == (8, None)
    assert other.execute("select count(*) from outlived").fetchone() == (9,)


@pytest.mark.howdah_only
def test_what_fails_when_executed_is_not_repeated(pg, auto):
    """A function that raises what a lost statement would: something has been executed."""
    auto.execute("create temp sequence calls")
    auto.execute(
        "create function pg_temp.fail(int) returns int language plpgsql as "
        "$$ begin perform nextval('calls'); if $1 > 7 then raise sqlstate '26000'; end if; return $1; end $$"
    )
    for n in range(8):
        assert auto.execute("select pg_temp.fail(%s::int)", [n]).fetchone() == (n,)
    with pytest.raises(pg.errors.InvalidSqlStatementName):
        auto.execute("select pg_temp.fail(%s::int)", [8])
    assert auto.execute("select nextval('calls')").fetchone() == (10,)


@pytest.mark.howdah_only
async def test_outlived_async(aconn, other):
    await aconn.set_autocommit(True)
    other.execute("drop table if exists outlived; create table outlived (x int); insert into outlived values (1)")
    for _ in range(8):
        cur = await aconn.execute("select * from outlived where x <> %s", [0])
    other.execute("alter table outlived add y int default 2")
    cur = await aconn.execute("select * from outlived where x <> %s", [0])
    assert await cur.fetchone() == (1, 2)


def test_statements_of_the_user_are_left_alone(auto):
    auto.execute("prepare mine as select 42")
    again(auto)
    assert auto.execute("execute mine").fetchone() == (42,)
    assert sorted(prepared(auto)) == ["prepare mine as select 42", "select $1::int"]


def changed(pg, conn, change, expected):
    """Change the table behind a prepared `select *`: the next row is right, or the server says why not."""
    conn.execute("create temp table shape (x int, y text); insert into shape values (1, 'one')")
    for _ in range(8):
        assert conn.execute("select * from shape where x <> %s", [0]).fetchone() == (1, "one")
    conn.execute(change)
    try:
        row = conn.execute("select * from shape where x <> %s", [0]).fetchone()
    except pg.errors.FeatureNotSupported as error:
        assert "cached plan must not change result type" in str(error)  # noqa: PT017
        row = conn.execute("select * from shape where x <> %s", [0], prepare=False).fetchone()
    assert row == expected
    assert conn.execute("select 5").fetchone() == (5,)


def test_column_added(pg, auto):
    changed(pg, auto, "alter table shape add z float8 default 2.5", (1, "one", 2.5))


def test_column_dropped(pg, auto):
    changed(pg, auto, "alter table shape drop y", (1,))


def test_column_of_another_type(pg, auto):
    changed(pg, auto, "alter table shape alter x type int8", (1, "one"))


def test_columns_swapped(pg, auto):
    changed(
        pg,
        auto,
        "alter table shape rename x to w; alter table shape rename y to x;"
        "alter table shape alter x type int using 7; alter table shape alter w type text using w || '!'",
        ("1!", 7),
    )


def test_table_made_anew(pg, auto):
    anew = "drop table shape; create temp table shape (x int, y numeric); insert into shape values (9, 2.50)"
    changed(pg, auto, anew, (9, Decimal("2.50")))


def test_table_made_anew_by_statements_of_their_own(auto):
    auto.execute("create temp table shape (x int)")
    auto.execute("insert into shape values (1)")
    for _ in range(8):
        assert auto.execute("select * from shape where x <> %s", [0]).fetchone() == (1,)
    auto.execute("drop table shape")
    auto.execute("create temp table shape (x int, y text)")
    auto.execute("insert into shape values (2, 'two')")
    assert auto.execute("select * from shape where x <> %s", [0]).fetchone() == (2, "two")


def test_table_made_anew_after_rollback(conn):
    for columns, row in [("x int", (1,)), ("x int, y text default 'y'", (1, "y")), ("x int8", (1,))]:
        conn.execute(f"create temp table shape ({columns})")
        conn.execute("insert into shape values (1)")
        for _ in range(8):
            assert conn.execute("select * from shape where x <> %s", [0]).fetchone() == row
        conn.rollback()


def test_altered_and_rolled_back(conn):
    conn.execute("create temp table shape (x int); insert into shape values (1)")
    conn.commit()
    conn.execute("alter table shape add y int default 2")
    for _ in range(8):
        assert conn.execute("select * from shape where x <> %s", [0]).fetchone() == (1, 2)
    conn.rollback()
    assert conn.execute("select * from shape where x <> %s", [0]).fetchone() == (1,)


def test_altered_and_rolled_back_to_a_savepoint(conn):
    conn.execute("create temp table shape (x int); insert into shape values (1)")
    with conn.transaction(force_rollback=True):
        conn.execute("alter table shape add y int default 2")
        for _ in range(8):
            assert conn.execute("select * from shape where x <> %s", [0]).fetchone() == (1, 2)
    assert conn.execute("select * from shape where x <> %s", [0]).fetchone() == (1,)


def test_prepare_false_does_without_the_prepared_one(auto):
    def plans():
        query = "select generic_plans + custom_plans from pg_prepared_statements where statement = 'select $1::int'"
        return auto.execute(query, prepare=False).fetchone()[0]

    for _ in range(8):
        auto.execute("select %s::int", [1])
    before = plans()
    assert auto.execute("select %s::int", [1], prepare=False).fetchone() == (1,)
    assert plans() == before


def test_column_renamed(auto):
    auto.execute("create temp table shape (x int); insert into shape values (1)")
    for _ in range(8):
        assert auto.execute("select * from shape").description[0].name == "x"
    auto.execute("alter table shape rename x to z")
    assert auto.execute("select * from shape", prepare=False).description[0].name == "z"


def test_search_path_changed(auto):
    auto.execute("drop schema if exists one, two cascade; create schema one; create schema two")
    auto.execute("create table one.t (x int); create table two.t (x int)")
    auto.execute("insert into one.t values (1); insert into two.t values (2)")
    auto.execute("set search_path to one")
    for _ in range(8):
        assert auto.execute("select x from t").fetchone() == (1,)
    auto.execute("set search_path to two")
    assert auto.execute("select x from t").fetchone() == (2,)


def test_executemany_prepares(auto):
    cur = auto.cursor()
    cur.executemany("select %s::int", [(n,) for n in range(20)])
    cur.executemany("select %s::int", [(n,) for n in range(20)], returning=True)
    assert [c.fetchone()[0] for c in cur.results()] == list(range(20))
    assert set(prepared(auto)) <= {"select $1::int"}


async def test_async(aauto):
    for n in range(10):
        assert await (await aauto.execute("select %s::int", [n])).fetchone() == (n,)
    cur = await aauto.execute("select statement from pg_prepared_statements", prepare=False)
    assert await cur.fetchall() == [("select $1::int",)]


async def test_async_prepare(aauto):
    await aauto.execute("select %s::int", [1], prepare=True)
    cur = await aauto.execute("select statement from pg_prepared_statements", prepare=False)
    assert await cur.fetchall() == [("select $1::int",)]
