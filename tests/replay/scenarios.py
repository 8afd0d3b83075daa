"""What clients do with a server. Each is given a connection, and what to do with what it finds: `note`.

The first column of every row is the number of the query that it answers, so that another query's row shows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

Note = Callable[..., None]
Scenario = Callable[[Any, Note], Awaitable[None]]

SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    SCENARIOS[function.__name__] = function
    return function


async def rows(conn: Any, note: Note, label: int, query: str, params: Any = None, **options: Any) -> None:
    """Executes a query whose rows begin with `label`."""
    cur = await conn.execute(query, params, **options)
    note(label, await cur.fetchall())


def select(label: int, columns: str, tail: str = "") -> str:
    return f"select {label}, {columns} {tail}"


# ---- queries


@scenario
async def one_row(conn: Any, note: Note) -> None:
    await rows(conn, note, 1, select(1, "'a'"))


@scenario
async def some_rows(conn: Any, note: Note) -> None:
    await rows(conn, note, 1, select(1, "i, 'row ' || i", "from generate_series(1, 20) i"))
    await rows(conn, note, 2, select(2, "i", "from generate_series(1, 3) i"))


@scenario
async def no_rows(conn: Any, note: Note) -> None:
    await rows(conn, note, 1, select(1, "'a'", "where false"))
    await conn.execute("")
    await rows(conn, note, 2, select(2, "null"))


@scenario
async def in_binary(conn: Any, note: Note) -> None:
    await rows(conn, note, 1, select(1, "2.5::float8, 'x', null, true"), binary=True)


@scenario
async def parameters(conn: Any, note: Note) -> None:
    query = select(1, "%s, %s, %s, %s, %s")
    await rows(conn, note, 1, query, (1, 2.5, "text", None, True))
    await rows(conn, note, 1, query, (2**40, -1.0, "", None, False))


@scenario
async def prepared(conn: Any, note: Note) -> None:
    for label in range(8):
        await rows(conn, note, label, "select %s::int, 'x' || %s::text", (label, str(label)))


@scenario
async def prepared_at_once(conn: Any, note: Note) -> None:
    for label in range(3):
        await rows(conn, note, label, "select %s::int, 1.5::float8, null::text", (label,), prepare=True)


@scenario
async def types_as_text(conn: Any, note: Note) -> None:
    await rows(conn, note, 1, select(1, TYPES))


@scenario
async def types_in_binary(conn: Any, note: Note) -> None:
    await rows(conn, note, 1, select(1, TYPES), binary=True)


@scenario
async def types_prepared(conn: Any, note: Note) -> None:
    for _ in range(3):
        await rows(conn, note, 1, select(1, TYPES), prepare=True)


TYPES = (
    "12::int2, 12::int8, 1.25::numeric, 'NaN'::float4, '2020-02-29'::date, '12:34:56.789'::time, "
    "'2020-02-29 12:34:56+00'::timestamptz, '1 day 2 hours'::interval, '{\"a\": [1, null]}'::jsonb, "
    "'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'::uuid, '\\x00ff'::bytea, '{1,2,NULL}'::int[], "
    "'{{a,b},{c,d}}'::text[], '10.0.0.0/8'::cidr, int4range(1, 5), row(1, 'x')"
)


@scenario
async def many_columns(conn: Any, note: Note) -> None:
    await rows(conn, note, 1, select(1, ", ".join(f"{i} as c{i}" for i in range(60))))


@scenario
async def a_large_value(conn: Any, note: Note) -> None:
    await rows(conn, note, 1, select(1, "repeat('x', 40000)"))
    await rows(conn, note, 2, select(2, "'small'"))


@scenario
async def rows_one_by_one(conn: Any, note: Note) -> None:
    cur = await conn.execute(select(1, "i", "from generate_series(1, 6) i"))
    note(1, [await cur.fetchone()])
    note(1, await cur.fetchmany(2))
    note(1, [row async for row in cur])


@scenario
async def several_statements(conn: Any, note: Note) -> None:
    cur = await conn.execute(
        f"{select(1, 'true')}; {select(2, 'i', 'from generate_series(1, 3) i')}; {select(3, 'null')}"
    )
    for label in (1, 2, 3):
        note(label, await cur.fetchall())
        cur.nextset()


# ---- errors


async def refused(call: Callable[[], Awaitable[Any]], note: Note, sqlstate: str) -> None:
    """The server answers the call with this error: anything else is no answer."""
    try:
        await call()
    except Exception as error:
        if getattr(error, "sqlstate", None) != sqlstate:
            raise
        note(0, [(0, sqlstate)])
    else:
        raise AssertionError(f"{sqlstate} was not raised")


@scenario
async def syntax_error(conn: Any, note: Note) -> None:
    await refused(lambda: conn.execute("selec 1"), note, "42601")
    await conn.rollback()
    await rows(conn, note, 1, select(1, "'after'"))


@scenario
async def error_behind_rows(conn: Any, note: Note) -> None:
    await refused(lambda: conn.execute(select(1, "10 / (5 - i)", "from generate_series(1, 9) i")), note, "22012")
    await conn.rollback()
    await rows(conn, note, 2, select(2, "'after'"))


@scenario
async def error_in_several_statements(conn: Any, note: Note) -> None:
    await refused(lambda: conn.execute("select 1, 2; select 2, 1 / 0; select 3, 3"), note, "22012")
    await conn.rollback()
    await rows(conn, note, 4, select(4, "'after'"))


@scenario
async def error_of_a_prepared_statement(conn: Any, note: Note) -> None:
    query = "select 1, 10 / %s::int"
    for divisor in (1, 0, 2):
        if divisor:
            await rows(conn, note, 1, query, (divisor,), prepare=True)
        else:
            await refused(lambda: conn.execute(query, (0,), prepare=True), note, "22012")
            await conn.rollback()


@scenario
async def failed_transaction(conn: Any, note: Note) -> None:
    await refused(lambda: conn.execute("select 1 / 0"), note, "22012")
    await refused(lambda: conn.execute("select 1"), note, "25P02")
    await conn.rollback()
    await rows(conn, note, 1, select(1, "'after'"))


@scenario
async def a_lost_statement(conn: Any, note: Note) -> None:
    await conn.commit()
    await rows(conn, note, 1, "select 1, %s::int", (1,), prepare=True)
    await conn.commit()
    await conn.execute("do $$ begin execute 'deallocate all'; end $$")
    await conn.commit()
    await rows(conn, note, 1, "select 1, %s::int", (2,), prepare=True)


# ---- transactions


@scenario
async def transactions(conn: Any, note: Note) -> None:
    async with conn.transaction():
        await rows(conn, note, 1, select(1, "'outer'"))
        async with conn.transaction():
            await rows(conn, note, 2, select(2, "'inner'"))
    await conn.commit()
    await rows(conn, note, 3, select(3, "'after'"))


@scenario
async def savepoint_rolled_back(conn: Any, note: Note) -> None:
    async with conn.transaction():
        with suppress(LookupError):
            async with conn.transaction():
                await rows(conn, note, 1, select(1, "'lost'"))
                raise LookupError
        await rows(conn, note, 2, select(2, "'kept'"))


@scenario
async def autocommit(conn: Any, note: Note) -> None:
    await conn.commit()
    async with conn.transaction():
        await conn.execute("create temporary table replayed (i int, t text)")
        await conn.execute("insert into replayed values (1, 'a'), (1, 'b')")
    await rows(conn, note, 1, "select i, t from replayed")
    await conn.rollback()


# ---- many at once


async def a_table(conn: Any) -> None:
    await conn.execute("create temporary table replayed (i int, t text)")


@scenario
async def many(conn: Any, note: Note) -> None:
    await a_table(conn)
    async with conn.cursor() as cur:
        await cur.executemany("insert into replayed values (%s, %s)", [(1, str(i)) for i in range(20)])
        note(1, [(1, cur.rowcount)])
    await rows(conn, note, 1, "select i, t from replayed order by t")


@scenario
async def many_returning(conn: Any, note: Note) -> None:
    await a_table(conn)
    async with conn.cursor() as cur:
        query = "insert into replayed values (%s, %s) returning i, t"
        await cur.executemany(query, [(i, str(i)) for i in range(4)], returning=True)
        for label in range(4):
            note(label, await cur.fetchall())
            cur.nextset()


@scenario
async def many_of_changing_types(conn: Any, note: Note) -> None:
    await a_table(conn)
    async with conn.cursor() as cur:
        await cur.executemany(
            "insert into replayed values (1, %s::text)", [(v,) for v in (1, 2**20, 2**40, None, "x")]
        )
    await rows(conn, note, 1, "select i, t from replayed")


@scenario
async def many_with_an_error(conn: Any, note: Note) -> None:
    async with conn.cursor() as cur:
        await refused(lambda: cur.executemany("select 1, 10 / %s::int", [(i,) for i in (5, 2, 0, 1)]), note, "22012")
    await conn.rollback()
    await rows(conn, note, 2, select(2, "'after'"))


# ---- COPY


@scenario
async def copy_in(conn: Any, note: Note) -> None:
    await a_table(conn)
    async with conn.cursor() as cur:
        async with cur.copy("copy replayed from stdin") as copy:
            for i in range(10):
                await copy.write_row((1, f"row {i}"))
        note(1, [(1, cur.rowcount)])
    await rows(conn, note, 1, "select i, t from replayed")


@scenario
async def copy_in_binary(conn: Any, note: Note) -> None:
    await a_table(conn)
    async with conn.cursor() as cur, cur.copy("copy replayed from stdin (format binary)") as copy:
        copy.set_types(["int4", "text"])
        for i in range(10):
            await copy.write_row((1, f"row {i}"))
    await rows(conn, note, 1, "select i, t from replayed")


@scenario
async def copy_in_refused(conn: Any, note: Note) -> None:
    await a_table(conn)

    async def refuse() -> None:
        async with conn.cursor() as cur, cur.copy("copy replayed from stdin") as copy:
            await copy.write("no number\tx\n")

    await refused(refuse, note, "22P02")
    await conn.rollback()
    await rows(conn, note, 2, select(2, "'after'"))


@scenario
async def copy_out(conn: Any, note: Note) -> None:
    query = f"copy ({select(1, 'i', 'from generate_series(1, 10) i')}) to stdout"
    async with conn.cursor() as cur:
        async with cur.copy(query) as copy:
            copy.set_types(["int4", "int4"])
            note(1, [row async for row in copy.rows()])
        async with cur.copy(query) as copy:
            note(1, [(1, bytes(data)) async for data in copy])
    await rows(conn, note, 2, select(2, "'after'"))


@scenario
async def copy_out_binary(conn: Any, note: Note) -> None:
    async with conn.cursor() as cur, cur.copy("copy (select 1, 'x') to stdout (format binary)") as copy:
        copy.set_types(["int4", "text"])
        note(1, [await copy.read_row()])
        note(1, [row async for row in copy.rows()])


# ---- pipelines and streams


@scenario
async def a_pipeline(conn: Any, note: Note) -> None:
    async with conn.pipeline():
        cursors = [await conn.execute("select %s::int, 'x'", (label,)) for label in range(12)]
        note(3, await cursors[3].fetchall())
    for label in (0, 7, 11):
        note(label, await cursors[label].fetchall())


@scenario
async def a_pipeline_with_syncs(conn: Any, note: Note) -> None:
    async with conn.pipeline() as pipeline:
        one = await conn.execute(select(1, "'x'"))
        await pipeline.sync()
        two = await conn.execute(select(2, "'x'"))
        async with conn.pipeline():
            three = await conn.execute(select(3, "'x'"))
        note(1, await one.fetchall())
        note(2, await two.fetchall())
        note(3, await three.fetchall())


@scenario
async def a_pipeline_with_an_error(conn: Any, note: Note) -> None:
    async def fail() -> None:
        async with conn.pipeline() as pipeline:
            one = await conn.execute(select(1, "'x'"))
            await pipeline.sync()
            note(1, await one.fetchall())
            await conn.execute("select 2, 1 / 0")
            await conn.execute(select(3, "'aborted'"))

    await refused(fail, note, "22012")
    await conn.rollback()
    await rows(conn, note, 4, select(4, "'after'"))


@scenario
async def many_in_a_pipeline(conn: Any, note: Note) -> None:
    await a_table(conn)
    async with conn.pipeline(), conn.cursor() as cur:
        await cur.executemany("insert into replayed values (%s, %s)", [(1, str(i)) for i in range(10)])
        other = await conn.execute("select i, t from replayed order by t")
        note(1, await other.fetchall())


@scenario
async def a_stream(conn: Any, note: Note) -> None:
    async with conn.cursor() as cur:
        async for row in cur.stream(select(1, "i, repeat('x', 20)", "from generate_series(1, 30) i")):
            note(1, [row])
    await rows(conn, note, 2, select(2, "'after'"))


@scenario
async def a_stream_of_chunks(conn: Any, note: Note) -> None:
    async with conn.cursor() as cur:
        async for row in cur.stream(select(1, "i", "from generate_series(1, 30) i"), size=7):
            note(1, [row])


@scenario
async def a_server_cursor(conn: Any, note: Note) -> None:
    async with conn.cursor(name="replayed") as cur:
        await cur.execute(select(1, "i", "from generate_series(1, 30) i"))
        note(1, await cur.fetchmany(4))
        note(1, [await cur.fetchone()])
        note(1, await cur.fetchall())


@scenario
async def a_scrolling_cursor(conn: Any, note: Note) -> None:
    async with conn.cursor(name="replayed", scrollable=True) as cur:
        await cur.execute(select(1, "i", "from generate_series(1, 30) i"))
        await cur.scroll(10)
        note(1, [await cur.fetchone()])
        await cur.scroll(-5)
        note(1, await cur.fetchmany(2))


# ---- what comes unasked


@scenario
async def notices(conn: Any, note: Note) -> None:
    await conn.execute("do $$ begin raise notice 'one'; raise warning 'two'; end $$")
    await rows(conn, note, 1, select(1, "'after'"))


@scenario
async def notifications(conn: Any, note: Note) -> None:
    await conn.execute("listen replayed")
    await conn.execute("notify replayed, 'one'")
    await conn.commit()
    await rows(conn, note, 1, select(1, "'after'"))


@scenario
async def settings(conn: Any, note: Note) -> None:
    await conn.execute("set timezone to 'Europe/Berlin'; set intervalstyle to 'iso_8601'")
    await rows(conn, note, 1, select(1, "'2020-02-03'::date, '1 day'::interval::text"))
    await rows(conn, note, 2, select(2, "'2020-02-03 12:00'::timestamptz"), prepare=True)
