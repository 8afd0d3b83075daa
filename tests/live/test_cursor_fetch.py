"""fetchone, fetchmany, fetchall, iteration, scroll, and the results of several statements."""

from __future__ import annotations

import pytest


@pytest.fixture
def ten(conn):
    """A cursor with the rows (1,) to (10,)."""
    return conn.execute("select generate_series(1, 10)")


@pytest.fixture
async def aten(aconn):
    return await aconn.execute("select generate_series(1, 10)")


def test_fetchone(ten):
    assert [ten.fetchone() for _ in range(3)] == [(1,), (2,), (3,)]


def test_fetchone_behind_the_end(ten):
    ten.fetchall()
    assert ten.fetchone() is None
    assert ten.fetchone() is None


def test_fetchmany(ten):
    assert ten.fetchmany(3) == [(1,), (2,), (3,)]
    assert ten.fetchmany(3) == [(4,), (5,), (6,)]
    assert ten.fetchmany(10) == [(7,), (8,), (9,), (10,)]
    assert ten.fetchmany(10) == []


def test_fetchmany_by_arraysize(ten):
    assert ten.arraysize == 1
    assert ten.fetchmany() == [(1,)]
    ten.arraysize = 4
    assert ten.fetchmany() == [(2,), (3,), (4,), (5,)]


def test_fetchall(ten):
    assert ten.fetchall() == [(n,) for n in range(1, 11)]
    assert ten.fetchall() == []


def test_fetchall_gives_the_rest(ten):
    ten.fetchone()
    ten.fetchmany(2)
    assert ten.fetchall() == [(n,) for n in range(4, 11)]


def test_iteration(ten):
    assert list(ten) == [(n,) for n in range(1, 11)]
    assert list(ten) == []


def test_iteration_goes_on_where_it_stopped(ten):
    for row in ten:
        if row == (4,):
            break
    assert ten.fetchone() == (5,)
    assert next(iter(ten)) == (6,)


def test_empty_result(conn):
    cur = conn.execute("select 1 where false")
    assert cur.fetchone() is None
    assert cur.fetchmany(5) == []
    assert cur.fetchall() == []
    assert list(cur) == []


def test_nothing_executed(pg, conn):
    cur = conn.cursor()
    for fetch in (cur.fetchone, cur.fetchmany, cur.fetchall, lambda: list(cur), lambda: cur.scroll(0)):
        with pytest.raises(pg.ProgrammingError):
            fetch()


def test_no_result_to_fetch_from(pg, conn):
    cur = conn.execute("create temp table t (x int)")
    for fetch in (cur.fetchone, cur.fetchmany, cur.fetchall, lambda: list(cur)):
        with pytest.raises(pg.ProgrammingError):
            fetch()


def test_rownumber(ten):
    assert ten.rownumber == 0
    ten.fetchone()
    assert ten.rownumber == 1
    ten.fetchmany(4)
    assert ten.rownumber == 5
    ten.fetchall()
    assert ten.rownumber == 10


def test_rownumber_without_rows(conn):
    cur = conn.cursor()
    assert cur.rownumber is None
    assert cur.execute("create temp table t (x int)").rownumber is None


def test_scroll_relative(ten):
    ten.scroll(3)
    assert ten.fetchone() == (4,)
    ten.scroll(-2, mode="relative")
    assert ten.fetchone() == (3,)


@pytest.mark.howdah_only
def test_scroll_by_what_closes_the_cursor(pg, ten):
    class Closing:
        def __index__(self):
            ten.close()
            return 1

    with pytest.raises(pg.InterfaceError, match="the cursor is closed"):
        ten.scroll(Closing())


def test_scroll_absolute(ten):
    ten.scroll(9, mode="absolute")
    assert ten.fetchone() == (10,)
    ten.scroll(0, mode="absolute")
    assert ten.fetchone() == (1,)


def test_scroll_back_after_fetchall(ten):
    rows = ten.fetchall()
    ten.scroll(0, mode="absolute")
    assert ten.fetchall() == rows


@pytest.mark.parametrize(("value", "mode"), [(-1, "relative"), (-1, "absolute"), (11, "absolute"), (100, "relative")])
def test_scroll_outside(ten, value, mode):
    with pytest.raises(IndexError):
        ten.scroll(value, mode)
    assert ten.fetchone() == (1,)


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), 2**70, -(2**70)])
def test_scroll_far(ten, value):
    ten.fetchone()
    for mode in ("relative", "absolute"):
        with pytest.raises(IndexError):
            ten.scroll(value, mode)
    assert ten.fetchone() == (2,)


def test_scroll_by_what_is_no_number(ten):
    with pytest.raises(TypeError):
        ten.scroll("x")


def test_scroll_in_an_unknown_mode(ten):
    with pytest.raises(ValueError):
        ten.scroll(1, mode="sideways")


def test_nextset(conn):
    cur = conn.execute("select 1; select 'a', 'b'; select 3")
    assert cur.fetchall() == [(1,)]
    assert cur.nextset() is True
    assert (cur.rownumber, len(cur.description)) == (0, 2)
    assert cur.fetchall() == [("a", "b")]
    assert cur.nextset() is True
    assert cur.fetchall() == [(3,)]
    assert cur.nextset() is None


def test_nextset_over_commands(pg, conn):
    cur = conn.execute("create temp table t (x int); insert into t values (1), (2); select * from t")
    assert cur.statusmessage == "CREATE TABLE"
    with pytest.raises(pg.ProgrammingError):
        cur.fetchone()
    assert cur.nextset()
    assert (cur.statusmessage, cur.rowcount) == ("INSERT 0 2", 2)
    assert cur.nextset()
    assert cur.fetchall() == [(1,), (2,)]


def test_nextset_without_a_result(conn):
    assert conn.cursor().nextset() is None


def test_results(conn):
    cur = conn.execute("select 1; select 2; select 3")
    assert [(c is cur, c.fetchone()) for c in cur.results()] == [(True, (1,)), (True, (2,)), (True, (3,))]
    assert cur.nextset() is None


def test_results_of_nothing(conn):
    assert list(conn.cursor().results()) == []


def test_set_result(conn):
    cur = conn.execute("select 1; select 2; select 3")
    assert cur.set_result(2).fetchone() == (3,)
    assert cur.set_result(0).fetchone() == (1,)
    assert cur.set_result(-2).fetchone() == (2,)
    with pytest.raises(IndexError):
        cur.set_result(3)


def test_rows_are_decoded_once_more_after_scroll(conn):
    cur = conn.execute("select 'x', array[1, 2]")
    first = cur.fetchone()
    cur.scroll(0, mode="absolute")
    again = cur.fetchone()
    assert first == again == ("x", [1, 2])
    assert first[1] is not again[1]


def test_nulls(conn):
    assert conn.execute("select null, 1, null::int, null::text[]").fetchone() == (None, 1, None, None)


def test_fetch_while_another_cursor_executes(conn):
    one = conn.execute("select generate_series(1, 5)")
    for (n,) in one:
        assert conn.execute("select %s::int * 2", [n]).fetchone() == (n * 2,)


def test_fetchmany_of_more_than_there_is(ten):
    assert len(ten.fetchmany(1_000_000_000)) == 10
    ten.scroll(0, "absolute")
    assert len(ten.fetchmany(2**70)) == 10


async def test_async_fetches(aten):
    assert await aten.fetchone() == (1,)
    assert await aten.fetchmany(2) == [(2,), (3,)]
    assert await aten.fetchall() == [(n,) for n in range(4, 11)]
    assert await aten.fetchone() is None


async def test_async_iteration(aten):
    assert [row async for row in aten] == [(n,) for n in range(1, 11)]


async def test_async_scroll(aten):
    await aten.scroll(5)
    assert await aten.fetchone() == (6,)
    with pytest.raises(IndexError):
        await aten.scroll(100)


async def test_async_results(aconn):
    cur = await aconn.execute("select 1; select 2")
    assert [await c.fetchone() async for c in cur.results()] == [(1,), (2,)]


async def test_async_nextset(aconn):
    cur = await aconn.execute("select 1; select 2")
    assert cur.nextset() is True
    assert await cur.fetchone() == (2,)
    assert cur.nextset() is None


async def test_async_nothing_executed(pg, aconn):
    with pytest.raises(pg.ProgrammingError):
        await aconn.cursor().fetchone()


async def test_async_results_of_two_cursors(aconn):
    one = await aconn.execute("select generate_series(1, 3)")
    two = await aconn.execute("select generate_series(4, 6)")
    assert [await one.fetchone(), await two.fetchone(), await one.fetchone()] == [(1,), (4,), (2,)]


def test_fetchmany_of_none_is_arraysize(pg, dsn):
    with pg.connect(dsn) as conn:
        cur = conn.execute("select generate_series(1, 5)")
        cur.arraysize = 2
        assert cur.fetchmany(None) == [(1,), (2,)]


def test_nextset_after_close(pg, dsn):
    with pg.connect(dsn) as conn:
        cur = conn.execute("select 1; select 2")
        cur.close()
        assert cur.nextset() is None
