"""What clients do that takes the server, or the network, a while: more scenarios, in the form of `scenarios`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from howdah import errors

Note = Callable[..., None]
Scenario = Callable[[Any, Note], Awaitable[None]]

EVERYDAY: dict[str, Scenario] = {}
LARGE = "repeat('x', 1000) from generate_series(1, 2000)"


def scenario(function: Scenario) -> Scenario:
    EVERYDAY[function.__name__] = function
    return function


async def a_table(conn: Any) -> None:
    await conn.execute("create temporary table replayed (i int, t text)")


@scenario
async def a_slow_query(conn: Any, note: Note) -> None:
    for label in (1, 2):
        note(label, await conn.fetchall("select %s::int from pg_sleep(0.004)", (label,)))


@scenario
async def many_rows(conn: Any, note: Note) -> None:
    note(1, await conn.fetchall(f"select 1, {LARGE}"))
    note(2, await conn.fetchall(f"select 2, {LARGE}", binary=True))


@scenario
async def a_large_parameter(conn: Any, note: Note) -> None:
    for label in (1, 2):
        note(label, await conn.fetchall("select %s::int, length(%s::text)", (label, "x" * 500_000)))


@scenario
async def many_both_ways(conn: Any, note: Note) -> None:
    cur = conn.cursor()
    values = [(label, "x" * 5000) for label in range(200)]
    await cur.executemany("select %s::int, %s::text", values, returning=True)
    label = 0
    async for result in cur.results():
        note(label, await result.fetchall())
        label += 1


@scenario
async def much_copied_in(conn: Any, note: Note) -> None:
    await a_table(conn)
    async with conn.cursor() as cur, cur.copy("copy replayed from stdin") as copy:
        for _ in range(8):
            await copy.write("1\t" + "x" * 100_000 + "\n")
        for _ in range(500):
            await copy.write_row((1, "y" * 100))
    note(1, await conn.fetchall("select 1, count(*) from replayed"))


@scenario
async def much_copied_out(conn: Any, note: Note) -> None:
    async with conn.cursor() as cur, cur.copy(f"copy (select 1, {LARGE}) to stdout") as copy:
        copy.set_types(["int4", "text"])
        async for row in copy.rows():
            note(1, [row])


@scenario
async def copied_out_in_part(conn: Any, note: Note) -> None:
    async with conn.cursor() as cur, cur.copy(f"copy (select 1, {LARGE}) to stdout (format binary)") as copy:
        copy.set_types(["int4", "text"])
        note(1, [await copy.read_row()])
    note(2, await conn.fetchall("select 2, 'behind it'"))


@scenario
async def a_long_stream(conn: Any, note: Note) -> None:
    async with conn.cursor() as cur:
        async for row in cur.stream(f"select 1, {LARGE}", size=100):
            note(1, [row])
    note(2, await conn.fetchall("select 2, 'behind it'"))


@scenario
async def a_stream_left_early(conn: Any, note: Note) -> None:
    async with conn.cursor() as cur:
        stream = cur.stream(f"select 1, {LARGE}")
        async for row in stream:
            note(1, [row])
            break
        await stream.aclose()
    await conn.rollback()  # the end of the stream is cancelled
    note(2, await conn.fetchall("select 2, 'behind it'"))


@scenario
async def a_long_pipeline(conn: Any, note: Note) -> None:
    async with conn.pipeline() as pipeline:
        cursors = [await conn.execute("select %s::int, %s::text", (label, "x" * 2000)) for label in range(100)]
        await pipeline.sync()
        cursors += [await conn.execute("select %s::int, pg_sleep(0.001)", (label,)) for label in range(100, 104)]
    for label in (0, 50, 99, 103):
        note(label, await cursors[label].fetchall())


@scenario
async def blocks_in_a_pipeline(conn: Any, note: Note) -> None:
    await conn.commit()
    async with conn.pipeline():
        async with conn.transaction():
            one = await conn.execute("select 1, 'outer'")
            async with conn.transaction(force_rollback=True):
                two = await conn.execute("select 2, 'inner'")
        note(2, await two.fetchall())
    note(1, await one.fetchall())


@scenario
async def a_cursor_read_to_its_end(conn: Any, note: Note) -> None:
    async with conn.transaction(), conn.cursor(name="replayed") as cur:
        cur.itersize = 7
        await cur.execute("select 1, i from generate_series(1, 40) i")
        async for row in cur:
            note(1, [row])


@scenario
async def a_cursor_that_is_held(conn: Any, note: Note) -> None:
    async with conn.cursor(name="replayed", withhold=True) as cur:
        await cur.execute("select 1, i from generate_series(1, 40) i")
        await conn.commit()
        note(1, await cur.fetchmany(10))


@scenario
async def all_or_nothing(conn: Any, note: Note) -> None:
    """Others see both rows of a block, or none."""
    await conn.commit()
    for label in range(3):
        async with conn.transaction():
            await conn.execute("insert into halves values (%s, 1)", (label,))
            with suppress(LookupError):
                async with conn.transaction():
                    await conn.execute("insert into halves values (%s, 3)", (label,))
                    raise LookupError
            await conn.execute("insert into halves values (%s, 2)", (label,))


@scenario
async def commits(conn: Any, note: Note) -> None:
    for label in range(3):
        note(label, await conn.fetchall("select %s::int, 'x'", (label,)))
        await (conn.commit() if label % 2 else conn.rollback())


@scenario
async def waiting_for_news(conn: Any, note: Note) -> None:
    await conn.execute("listen replayed")
    await conn.execute("select 1, pg_notify('replayed', n::text) from generate_series(1, 3) n")
    await conn.commit()
    async for news in conn.notifies(timeout=5, stop_after=3):
        note(int(news.payload), [(int(news.payload), news.channel)])
    note(4, await conn.fetchall("select 4, 'behind it'"))


@scenario
async def an_object_of_200_kb(conn: Any, note: Note) -> None:
    async with conn.transaction(), await conn.lobject(mode="rw") as big:
        await big.write(b"x" * 200_000)
        await big.seek(0)
        note(1, [(1, len(await big.read()))])
        await big.unlink()


@scenario
async def rows_from_table_to_table(conn: Any, note: Note) -> None:
    await a_table(conn)
    await conn.execute("insert into replayed select 1, i::text from generate_series(1, 300) i")
    rows = []
    async with conn.cursor() as cur, cur.copy("copy replayed to stdout") as copy:
        async for data in copy:
            rows.append(bytes(data))
    async with conn.cursor() as cur, cur.copy("copy replayed from stdin") as copy:
        for line in rows:
            await copy.write(line)
    note(1, await conn.fetchall("select distinct i, t from replayed"))


@scenario
async def limits_that_are_met(conn: Any, note: Note) -> None:
    for label in (1, 2):
        note(label, await conn.fetchall("select %s::int from pg_sleep(0.002)", (label,), timeout=20))


@scenario
async def limits_that_pass(conn: Any, note: Note) -> None:
    for limit in (0.0005, 0.002):
        with suppress(errors.QueryTimeout):
            note(1, await conn.fetchall("select 1 from pg_sleep(0.003)", timeout=limit))
        await conn.rollback()
    note(2, await conn.fetchall("select 2, 'behind it'"))
