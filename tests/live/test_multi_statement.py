"""Queries without parameters: several statements in one string, commands, empty queries, COPY refused."""

from __future__ import annotations

from datetime import date

import pytest


def works(conn):
    return conn.execute("select 'alive'").fetchone() == ("alive",)


def test_two(conn):
    cur = conn.execute("select 1; select 2")
    assert cur.fetchone() == (1,)
    assert cur.nextset()
    assert cur.fetchone() == (2,)


def test_semicolon_at_the_end(conn):
    cur = conn.execute("select 1 ; \n -- the end\n")
    assert cur.fetchone() == (1,)
    assert cur.nextset() is None


def test_semicolons_in_strings_and_comments(conn):
    cur = conn.execute("""select ';', E'\\';', $a$;$a$, 1 as ";" /* ; */ -- ; """)
    assert cur.fetchone() == (";", "';", ";", 1)
    assert cur.nextset() is None


def test_function_with_semicolons_in_its_body(auto):
    auto.execute("""
        create function pg_temp.twice(x int) returns int language plpgsql as $$
        begin
            x := x * 2;
            return x;
        end $$; select pg_temp.twice(4)
    """)
    assert auto.execute("select pg_temp.twice(21)").fetchone() == (42,)


def test_function_with_begin_atomic(auto):
    auto.execute("create function pg_temp.one() returns int begin atomic select 0; select 1; end")
    assert auto.execute("select pg_temp.one()").fetchone() == (1,)


def test_they_are_one_transaction(pg, auto, other):
    other.execute("drop table if exists batch; create table batch (x int)")
    with pytest.raises(pg.errors.DivisionByZero):
        auto.execute("insert into batch values (1); select 1/0; insert into batch values (2)")
    assert other.execute("select * from batch").fetchall() == []
    assert works(auto)


def test_error_in_the_middle_of_an_open_transaction(pg, conn):
    conn.execute("create temp table batch (x int)")
    with pytest.raises(pg.errors.DivisionByZero):
        conn.execute("insert into batch values (1); select 1/0; insert into batch values (2)")
    assert conn.info.transaction_status == pg.pq.TransactionStatus.INERROR
    conn.rollback()
    assert works(conn)


def test_syntax_error_anywhere_runs_nothing(pg, auto):
    auto.execute("create temp table batch (x int)")
    with pytest.raises(pg.errors.SyntaxError):
        auto.execute("insert into batch values (1); selec 2")
    assert auto.execute("select * from batch").fetchall() == []


def test_no_result_of_a_failed_string(pg, auto):
    cur = auto.cursor()
    with pytest.raises(pg.errors.DivisionByZero):
        cur.execute("select 1; select 1/0")
    with pytest.raises(pg.ProgrammingError):
        cur.fetchone()


def test_commands_and_queries_mixed(conn):
    cur = conn.execute("create temp table t (x int); insert into t values (1), (2); select * from t; delete from t")
    messages = [(c.statusmessage, c.rowcount, c.description is not None) for c in cur.results()]
    assert messages == [
        ("CREATE TABLE", -1, False),
        ("INSERT 0 2", 2, False),
        ("SELECT 2", 2, True),
        ("DELETE 2", 2, False),
    ]


def test_begin_and_commit_in_the_string(pg, auto):
    auto.execute("begin; create temp table t (x int); commit; select 1")
    assert auto.info.transaction_status == pg.pq.TransactionStatus.IDLE
    auto.execute("begin; select 1")
    assert auto.info.transaction_status == pg.pq.TransactionStatus.INTRANS
    auto.rollback()


def test_begins_a_transaction(pg, conn):
    cur = conn.execute("select 1; select 2")
    assert conn.info.transaction_status == pg.pq.TransactionStatus.INTRANS
    assert [c.statusmessage for c in cur.results()] == ["SELECT 1", "SELECT 1"]


def test_with_parameters_only_one_is_allowed(pg, conn):
    with pytest.raises(pg.errors.SyntaxError):
        conn.execute("select %s; select 2", [1])
    conn.rollback()
    assert works(conn)


def test_empty_parameters(conn):
    cur = conn.execute("select 1; select '%%'", [])
    assert cur.fetchone() == (1,)
    assert cur.nextset()
    assert cur.fetchone() == ("%",)


def test_too_many_parameters(pg, conn):
    for query in ("select 1; select 2", "", ";"):
        with pytest.raises(pg.ProgrammingError, match="0 placeholders but 1 parameter"):
            conn.execute(query, [1])
    conn.rollback()
    assert works(conn)


def test_binary_only_one_is_allowed(pg, conn):
    with pytest.raises(pg.errors.SyntaxError):
        conn.execute("select 1; select 2", binary=True)
    conn.rollback()
    assert works(conn)


@pytest.mark.howdah_only
def test_results_before_a_setting_are_not_read_by_it(conn):
    """psycopg reads the date by the style that was set behind it."""
    conn.execute("set datestyle to 'sql, mdy'")
    cur = conn.execute("select '2024-02-01'::date; set datestyle to 'sql, dmy'")
    assert cur.fetchone() == (date(2024, 2, 1),)
    assert conn.execute("select '2024-02-01'::date").fetchone() == (date(2024, 2, 1),)


def test_hundreds_of_statements(conn):
    cur = conn.execute("; ".join(f"select {n}" for n in range(500)))
    assert [c.fetchone()[0] for c in cur.results()] == list(range(500))


def test_large_results_of_several_statements(conn):
    cur = conn.execute("; ".join(["select repeat('x', 1000) from generate_series(1, 5000)"] * 4))
    assert [len(c.fetchall()) for c in cur.results()] == [5000] * 4


@pytest.mark.parametrize("query", ["", " ", ";", " ; ; ", "-- nothing", "/* nothing /* at */ all */", b""])
def test_empty_query(pg, conn, query):
    cur = conn.execute(query)
    assert (cur.description, cur.rowcount, cur.statusmessage) == (None, -1, None)
    with pytest.raises(pg.ProgrammingError):
        cur.fetchone()
    assert works(conn)


def test_empty_statements_between(conn):
    cur = conn.execute("select 1;; select 2;")
    assert [c.fetchone() for c in cur.results()] == [(1,), (2,)]


@pytest.mark.parametrize("query", ["", " ; ", "-- nothing"])
def test_empty_query_in_a_failed_transaction(pg, conn, query):
    """The server refuses statements then, and there is none."""
    with pytest.raises(pg.errors.SyntaxError):
        conn.execute("selec")
    assert conn.execute(query).statusmessage is None
    assert conn.info.transaction_status == pg.pq.TransactionStatus.INERROR


def test_empty_query_with_parameters(conn):
    cur = conn.execute("", [])
    assert cur.description is None
    assert works(conn)


def test_vacuum(auto):
    assert auto.execute("vacuum pg_class").statusmessage == "VACUUM"


def test_vacuum_within_a_transaction(pg, conn):
    with pytest.raises(pg.errors.ActiveSqlTransaction):
        conn.execute("vacuum pg_class")
    conn.rollback()
    assert works(conn)


def test_explain(conn):
    plan = conn.execute("explain (costs off) select 1").fetchall()
    assert plan == [("Result",)]


def test_show(conn):
    assert conn.execute("show server_encoding").fetchone() == ("UTF8",)


def test_do_block(conn):
    assert conn.execute("do $$ begin perform 1; end $$").statusmessage == "DO"


@pytest.mark.howdah_only
@pytest.mark.parametrize(
    "query",
    [
        "copy (select 1) to stdout",
        "copy pg_temp.target from stdin",
        "select 1; copy (select 1) to stdout; select 2",
        "select 1; copy pg_temp.target from stdin; select 2",
    ],
)
def test_copy_is_refused(pg, auto, query):
    """After psycopg's refusal the connection is of no use."""
    auto.execute("create temp table target (x int)")
    for _ in range(3):
        with pytest.raises(pg.ProgrammingError):
            auto.execute(query)
        assert works(auto)


@pytest.mark.howdah_only
def test_copy_of_much_is_refused(pg, auto):
    with pytest.raises(pg.ProgrammingError):
        auto.execute("copy (select repeat('x', 1000) from generate_series(1, 20000)) to stdout")
    assert works(auto)


def test_refused_copy_in_a_transaction(pg, conn):
    conn.execute("create temp table target (x int)")
    with pytest.raises(pg.ProgrammingError):
        conn.execute("copy target from stdin")


def test_listen_and_notify_do_not_disturb(auto):
    auto.execute("listen here")
    for n in range(5):
        assert auto.execute(f"notify here, '{n}'; select {n}").nextset()
        assert auto.execute("select %s::int", [n]).fetchone() == (n,)


async def test_async_two(aconn):
    cur = await aconn.execute("select 1; select 2")
    assert await cur.fetchone() == (1,)
    assert cur.nextset()
    assert await cur.fetchone() == (2,)


async def test_async_error_in_the_middle(pg, aauto):
    with pytest.raises(pg.errors.DivisionByZero):
        await aauto.execute("select 1; select 1/0; select 2")
    assert await (await aauto.execute("select 3")).fetchone() == (3,)


async def test_async_empty_query(aconn):
    cur = await aconn.execute("")
    assert cur.description is None
    assert await (await aconn.execute("select 3")).fetchone() == (3,)


@pytest.mark.howdah_only
async def test_async_copy_is_refused(pg, aauto):
    await aauto.execute("create temp table target (x int)")
    for query in ("copy target to stdout", "copy target from stdin"):
        with pytest.raises(pg.ProgrammingError):
            await aauto.execute(query)
        assert await (await aauto.execute("select 3")).fetchone() == (3,)
