"""fetchall(), fetchrow() and fetchval() of connections, and param_style."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.howdah_only

ROWS = "select n, n * 10 from generate_series(1, %s) n"


def test_fetchall(auto):
    assert auto.fetchall("select 1, 'a'") == [(1, "a")]
    assert auto.fetchall(ROWS, [2]) == [(1, 10), (2, 20)]
    assert auto.fetchall(ROWS, [0]) == []


def test_fetchrow(auto):
    assert auto.fetchrow(ROWS, [2]) == (1, 10)
    assert auto.fetchrow(ROWS, [0]) is None
    assert auto.fetchrow("select null") == (None,)


def test_fetchval(auto):
    assert auto.fetchval(ROWS, [2]) == 1
    assert auto.fetchval(ROWS, [2], column=1) == 10
    assert auto.fetchval(ROWS, [2], column=-1) == 10
    assert auto.fetchval(ROWS, [0]) is None
    assert auto.fetchval("select null") is None
    with pytest.raises(IndexError):
        auto.fetchval("select 1", column=1)


async def test_asyncio(aauto):
    assert await aauto.fetchall(ROWS, [2]) == [(1, 10), (2, 20)]
    assert await aauto.fetchrow(ROWS, [2]) == (1, 10)
    assert await aauto.fetchrow(ROWS, [0]) is None
    assert await aauto.fetchval(ROWS, [2], column=1) == 10
    assert await aauto.fetchval(ROWS, [0]) is None


async def test_named_parameters(auto, aauto):
    assert auto.fetchval("select %(a)s + %(b)s", {"a": 1, "b": 2}) == 3
    assert await aauto.fetchval("select %(a)s + %(b)s", {"a": 1, "b": 2}) == 3


@pytest.mark.parametrize("query", ["create temp table t (n int)", "set application_name = 'a'", "", "select"])
async def test_without_rows(auto, aauto, query):
    """As in asyncpg: nothing, and no error."""
    rows = [()] if query == "select" else []
    assert auto.fetchall(query) == rows
    assert auto.fetchrow("") is None
    assert auto.fetchval("") is None
    assert await aauto.fetchall(query) == rows
    assert await aauto.fetchrow("") is None
    assert await aauto.fetchval("") is None


async def test_in_pipelines(auto, aauto):
    with auto.pipeline():
        assert auto.fetchall(ROWS, [2]) == [(1, 10), (2, 20)]
        assert auto.fetchval("set application_name = 'a'") is None
    async with aauto.pipeline():
        assert await aauto.fetchrow(ROWS, [2]) == (1, 10)
        assert await aauto.fetchval("set application_name = 'a'") is None
        assert await aauto.fetchall("set application_name = 'a'") == []


def test_errors_in_pipelines(pg, auto):
    with pytest.raises(pg.errors.UndefinedTable), auto.pipeline():
        auto.fetchval("select * from nowhere")
    assert auto.fetchval("select 1") == 1


async def test_row_factories(pg, auto, aauto):
    for conn in (auto, aauto):
        conn.row_factory = pg.rows.dict_row
    assert auto.fetchall("select 1 as a") == [{"a": 1}]
    assert auto.fetchrow("select 1 as a") == {"a": 1}
    assert auto.fetchval("select 1 as a") == 1
    assert await aauto.fetchrow("select 1 as a") == {"a": 1}
    assert await aauto.fetchval("select 1 as a") == 1


def test_programming_errors_of_row_factories(pg, auto):
    def factory(cursor):
        def make(values):
            raise pg.ProgrammingError("mine")

        return make

    auto.row_factory = factory
    with pytest.raises(pg.ProgrammingError, match="mine"):
        auto.fetchall("select 1")
    with pytest.raises(pg.ProgrammingError, match="mine"):
        auto.fetchrow("select 1")


def test_binary(auto):
    assert auto.fetchrow("select 1.5::float8, 'a'", binary=True) == (1.5, "a")
    assert auto.fetchval("select 1.5::float8", binary=True) == 1.5


async def test_timeout(pg, auto, aauto):
    for name in ("fetchall", "fetchrow", "fetchval"):
        with pytest.raises(pg.errors.QueryTimeout):
            getattr(auto, name)("select pg_sleep(60)", timeout=0.05)
        with pytest.raises(pg.errors.QueryTimeout):
            await getattr(aauto, name)("select pg_sleep(60)", timeout=0.05)
    assert auto.fetchval("select 1", timeout=60) == 1


def test_begins_a_transaction(pg, conn):
    assert conn.fetchval("select 1") == 1
    assert conn.info.transaction_status == pg.pq.TransactionStatus.INTRANS


def test_cursor_classes_that_know_no_timeout(pg, auto):
    class Mine(pg.Cursor):
        def execute(self, query, params=None, *, prepare=None, binary=None):
            return super().execute(query, params, prepare=prepare, binary=binary)

    auto.cursor_factory = Mine
    assert auto.execute("select 1").fetchone() == (1,)
    assert auto.fetchall("select 1") == [(1,)]
    assert auto.fetchval("select 1") == 1


# ---- $1


def test_numeric_dollar(pg, dsn):
    with pg.connect(dsn, param_style="numeric_dollar") as conn:
        assert conn.execute("select $1::int + $2, '%s'", [1, 2]).fetchone() == (3, "%s")
        assert conn.fetchval("select $1 || '%'", ["5"]) == "5%"
        assert conn.cursor(row_factory=pg.rows.dict_row).execute("select $1::int a", [1]).fetchone() == {"a": 1}
        with conn.cursor("c") as cur:
            cur.execute("select $1::int + n from generate_series(1, 2) n", [5])
            assert cur.fetchall() == [(6,), (7,)]
        with pytest.raises(pg.errors.SyntaxError):
            conn.execute("select %s", [1])
        conn.rollback()
        with pytest.raises(TypeError, match="sequence"):
            conn.execute("select $1", {"a": 1})
        cur = conn.cursor()
        cur.executemany("select $1::int", [(1,), (2,)], returning=True)
        assert [c.fetchone() for c in cur.results()] == [(1,), (2,)]


async def test_numeric_dollar_asyncio(pg, dsn):
    async with await pg.AsyncConnection.connect(dsn, param_style="numeric_dollar") as conn:
        assert await conn.fetchrow("select $1::int + $2, '%s'", [1, 2]) == (3, "%s")
        async with conn.cursor("c") as cur:
            await cur.execute("select $1::int + n from generate_series(1, 2) n", [5])
            assert await cur.fetchall() == [(6,), (7,)]


async def test_our_own_queries_are_not_affected(pg, dsn, other):
    other.execute("create type feeling as enum ('glad')")
    with pg.connect(dsn, param_style="numeric_dollar", discover_types=True) as conn:
        assert pg.types.TypeInfo.fetch(conn, "feeling").name == "feeling"
        assert conn.fetchval("select array['glad'::feeling]") == ["glad"]
    async with await pg.AsyncConnection.connect(dsn, param_style="numeric_dollar") as aconn:
        assert (await pg.types.TypeInfo.fetch(aconn, "feeling")).name == "feeling"
    other.execute("drop type feeling")


def test_pool(pool_module, dsn):
    kwargs = {"param_style": "numeric_dollar"}
    with pool_module.ConnectionPool(dsn, min_size=1, kwargs=kwargs) as pool, pool.connection() as conn:
        assert conn.fetchval("select $1::int", [4]) == 4


def test_other_styles(pg, dsn):
    with pytest.raises(ValueError, match="param_style"):
        pg.connect(dsn, param_style="qmark")
    with pytest.raises(ValueError, match="not both"):
        pg.connect(dsn, param_style="numeric_dollar", cursor_factory=pg.ClientCursor)
    with pg.connect(dsn, param_style="pyformat", cursor_factory=pg.ClientCursor) as conn:
        assert conn.fetchval("select %s", [1]) == 1
