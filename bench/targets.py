"""What howdah shall reach, line by line, and what it has reached in a run of report.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from run import Figures
from workloads import PGBENCH, TITLES

WALL, CPU = "wall", "client CPU"


@dataclass(frozen=True)
class Target:
    work: str
    says: str
    figure: float
    bound: float
    at_least: bool
    note: str = ""

    @property
    def is_met(self) -> bool:
        return self.figure >= self.bound if self.at_least else self.figure <= self.bound


def at_most(work: str, what: str, figure: float, bound: float, unit: str, note: str = "") -> Target:
    return Target(work, f"{what} ≤ {bound:g} {unit}", figure, bound, False, note)


def at_least(work: str, what: str, figure: float, bound: float, unit: str, note: str = "") -> Target:
    return Target(work, f"{what} ≥ {bound:g} {unit}", figure, bound, True, note)


class Run:
    """The figures of one run, as report.py gathers them."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.figures: Figures = data["figures"]

    def cost(self, workload: str, driver: str, metric: str) -> float:
        return self.figures[workload][driver][0 if metric == WALL else 1]

    def best(self, workload: str, drivers: str, metric: str) -> float:
        return min(self.cost(workload, driver, metric) for driver in drivers.split())

    def share(self, workload: str, ours: str, theirs: str, metric: str) -> float:
        """Our cost as a share of theirs; the cheapest of several."""
        return self.cost(workload, ours, metric) / self.best(workload, theirs, metric)

    def worst(self, ours: str, theirs: str, metric: str, workloads: Iterator[str]) -> tuple[float, str]:
        """Where we gain least: how often our cost is in theirs, and in which work."""
        return min((1 / self.share(workload, ours, theirs, metric), workload) for workload in workloads)

    def pgbench_mean(self, ours: str, theirs: str, metric: str) -> float:
        product = 1.0
        for workload in PGBENCH:
            product /= self.share(workload, ours, theirs, metric)
        return product ** (1 / len(PGBENCH))


def targets_of(data: dict[str, Any]) -> list[Target]:
    sections: list[Callable[[Run], Iterator[Target]]] = [by_key, pgbench, rows, inserts, together, start_up, memory]
    return [target for section in sections for target in section(Run(data))]


def by_key(run: Run) -> Iterator[Target]:
    work = "one row by key, blocking"
    for metric, bound in ((WALL, 1.25), (CPU, 1.5)):
        yield at_most(work, metric, run.share("pk", "howdah", "prototype", metric), bound, "x the prototype's")
    yield at_most(work, CPU, run.share("pk", "howdah", "psycopg psycopg-bin", CPU), 0.5, "x psycopg's best")
    yield at_most(work, CPU, run.share("pk", "howdah", "asyncpg", CPU), 0.35, "x asyncpg's")
    work = "one row by key, asyncio"
    for metric, bound in ((WALL, 1.15), (CPU, 1.35)):
        share = run.share("pk", "howdah-async", "prototype-wake", metric)
        yield at_most(work, metric, share, bound, "x the prototype's")
    yield at_least(work, WALL, 1 / run.share("pk", "howdah-async", "asyncpg", WALL), 1.4, "x as fast as asyncpg")
    yield at_most(work, CPU, run.share("pk", "howdah-async", "asyncpg", CPU), 0.6, "x asyncpg's")
    saved = run.cost("pk", "howdah-future", CPU) - run.cost("pk", "howdah-async", CPU)
    yield at_least(work, f"{CPU} that waking directly saves", saved, 4, "µs")
    work = "one row by key, uvloop"
    share = run.share("pk", "howdah-uvloop", "asyncpg-uvloop", WALL)
    yield at_least(work, WALL, 1 / share, 1.15, "x as fast as asyncpg")
    yield at_most(work, CPU, run.share("pk", "howdah-uvloop", "asyncpg-uvloop", CPU), 0.75, "x asyncpg's")


def pgbench(run: Run) -> Iterator[Target]:
    for loop, ours, theirs in (("asyncio", "howdah-async", "asyncpg"), ("uvloop", "howdah-uvloop", "asyncpg-uvloop")):
        work = f"pgbench's seven queries, 10 connections, {loop}"
        for metric, mean, least in ((WALL, 1.3, 0.95), (CPU, 2, 1.2)):
            times = run.pgbench_mean(ours, theirs, metric)
            yield at_least(work, f"geometric mean of {metric}", times, mean, "x better than asyncpg's")
            figure, workload = run.worst(ours, theirs, metric, iter(PGBENCH))
            yield at_least(work, f"{metric} of the worst", figure, least, "x better than asyncpg's", workload[8:])


def rows(run: Run) -> Iterator[Target]:
    yield at_most(TITLES["mixed"], CPU, run.share("mixed", "howdah-async", "asyncpg", CPU), 0.45, "x asyncpg's")
    work = TITLES["rows100k"]
    yield at_most(work, CPU, run.share("rows100k", "howdah-async", "asyncpg", CPU), 0.6, "x asyncpg's")
    yield at_most(work, CPU, run.share("rows100k", "howdah", "psycopg-bin", CPU), 0.95, "x psycopg's in binary")
    for work in ("objects", "slotted"):
        share = run.cost(work, "howdah", CPU) / run.cost("accounts", "howdah", CPU)
        yield at_most(TITLES[work], CPU, share, 1.4, "x the same rows as tuples")


def inserts(run: Run) -> Iterator[Target]:
    def times(workload: str, ours: str = "howdah-async") -> float:
        return 1 / run.share(workload, ours, "asyncpg", WALL)

    def of_floor(workload: str) -> str:
        """What a client would reach that costs nothing: the server decides the rest."""
        return f"the floor: {times(workload, 'floor'):.2f}"

    work = "executemany, 1,000 rows x 7"
    yield at_least(work, WALL, times("batch"), 1.2, "x as fast as asyncpg", of_floor("batch"))
    yield at_most(work, CPU, run.share("batch", "howdah-async", "asyncpg", CPU), 0.35, "x asyncpg's")
    work = "50,000 rows x 7"
    what = f"execute_values with RETURNING: {WALL}"
    yield at_least(work, what, times("values"), 1.8, "x as fast as asyncpg's executemany without")
    what = "x as fast as asyncpg's copy_records_to_table"
    yield at_least(work, f"copy_rows: {WALL}", times("copy_many"), 1.2, what, of_floor("copy_many"))
    work = "COPY in, 10,000 rows x 7"
    share = run.share("copy_rows", "howdah-async", "asyncpg", CPU)
    yield at_most(work, f"copy_rows: {CPU}", share, 0.4, "x asyncpg's copy_records_to_table")
    share = run.share("copy", "howdah", "asyncpg", CPU)
    yield at_most(work, f"write_row in binary, blocking: {CPU}", share, 0.6, "x asyncpg's copy_records_to_table")
    share = run.share("copy_text", "howdah", "psycopg", CPU)
    yield at_most(work, f"write_row in text: {CPU}", share, 0.3, "x psycopg's")


def together(run: Run) -> Iterator[Target]:
    share = run.share("pipeline", "howdah", "psycopg", WALL)
    yield at_least(TITLES["pipeline"], WALL, 1 / share, 8, "x as fast as psycopg's pipeline")
    both = [workload for workload, row in run.figures.items() if "howdah" in row and "psycopg2" in row]
    for metric in (WALL, CPU):
        figure, workload = run.worst("howdah", "psycopg2", metric, iter(both))
        what = f"{metric} of the worst of {len(both)} works"
        yield at_least("all blocking work", what, figure, 1, "x better than psycopg2's", workload)
    work = "read lane, 50 tasks reading by key"
    for theirs, whose, bound in (("asyncpg", "asyncpg's pool of 10", 8), ("howdah-async", "our own pool of 10", 3)):
        share = run.share("pool", "howdah-lane", theirs, WALL)
        yield at_least(work, WALL, 1 / share, bound, f"x as fast as {whose}")
    lane = run.data["lane"]
    share = lane["beside"][1] / lane["alone"][1]
    yield at_most("read lane, query of 1 ms", "99th percentile beside one of 100 ms", share, 3, "x that without")
    for name, row in run.data["web"].items():
        work = f"TechEmpower's 20 {name} under FastAPI"
        for ours, theirs in (("lane", "serial"), ("serial", "serial"), ("batch", "serial"), ("batch", "batch")):
            figure = row[f"howdah-{ours}"][0] / row[f"asyncpg-{theirs}"][0]
            yield at_least(work, f"{ours}: requests/s", figure, 1.5, f"x asyncpg, {theirs}")


def start_up(run: Run) -> Iterator[Target]:
    share = run.data["imports"]["howdah"] / run.data["imports"]["asyncpg"]
    yield at_most("import", CPU, share, 0.6, "x asyncpg's")
    yield at_most("connect and close", CPU, run.share("connect", "howdah", "psycopg", CPU), 1, "x psycopg's")


def memory(run: Run) -> Iterator[Target]:
    found = run.data["memory"]
    way, grown = max(found["streams"].items(), key=lambda item: item[1])
    yield at_most("100 MB of rows by stream()", "memory grows by", grown, 30, "MB", way)
    for kind, sizes in found["values"].items():
        share = sizes[-1][1] / sizes[0][1]
        work = f"one value of {sizes[-1][0]:g} MB, {kind}"
        yield at_most(work, CPU, share, 8, "x that of a quarter", "4 is linear, 16 quadratic")
