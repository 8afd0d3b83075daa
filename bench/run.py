"""What a query costs the client, driver beside driver, in one run.

    python bench/run.py [-d DRIVERS] [-w WORKLOADS] [-r ROUNDS] [--markdown FILE] [--json FILE]

The drivers take turns, round by round, on the same server, so that ratios hold although the machine's speed drifts.
Each cell is wall / client-CPU microseconds per operation, medians over the rounds; the ratios say how many times the
base driver's cost that is (more than 1: the base is cheaper). Of the queries of pgbench the geometric mean of these
ratios is printed, too. Starts a PostgreSQL of its own unless --uri names one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import json
import platform
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from drivers import DRIVERS
from workloads import CONNECTIONS, INSERTS, OTHERS, PGBENCH, QUERIES, SETUP, TITLES

Cost = tuple[float, float]  # wall and CPU microseconds per operation
Figures = dict[str, dict[str, Cost]]  # workload → driver → cost


@contextlib.contextmanager
def server(uri: str | None) -> Iterator[str]:
    if uri:
        yield uri
    else:
        from howdah.server import start

        with start(settings={"max_connections": 500}) as running:
            yield running.uri


class Contest:
    """Drivers that are connected to one server, and take turns on it."""

    def __init__(self, uri: str, names: Iterable[str]) -> None:
        self.uri = uri
        self.admin = self._set_up()
        self.loops: dict[str, asyncio.AbstractEventLoop] = {}
        self.drivers: dict[str, Any] = {}
        self.crews: dict[str, list[Any]] = {}  # several connections of a driver
        for name in names:
            try:
                self.drivers[name] = self._opened(name)
            except Exception as error:
                print(f"# {name} left out: {type(error).__name__}: {error}", file=sys.stderr)

    def _set_up(self) -> Any:
        """The tables, and a connection. The first driver that can run a script of several statements does it."""
        for name in ("psycopg2", "psycopg", "howdah"):
            try:
                module = importlib.import_module(name)
            except ImportError:
                continue
            conn = module.connect(self.uri)
            conn.autocommit = True
            conn.cursor().execute(SETUP)
            return conn
        raise SystemExit("no driver for the set-up is installed")

    def _loop_of(self, name: str) -> asyncio.AbstractEventLoop:
        module = "uvloop" if name.endswith("-uvloop") else "asyncio"
        if module not in self.loops:
            self.loops[module] = importlib.import_module(module).new_event_loop()
        return self.loops[module]

    def _opened(self, name: str) -> Any:
        driver = DRIVERS[name](self.uri)
        if driver.is_async:
            self._loop_of(name).run_until_complete(driver.open())
        else:
            driver.open()
        return driver

    def close(self) -> None:
        for name in [*self.drivers, *self.crews]:
            for driver in [self.drivers.pop(name, None), *self.crews.pop(name, [])]:
                if hasattr(driver, "close"):
                    self._loop_of(name).run_until_complete(driver.close()) if driver.is_async else driver.close()
        self.admin.close()
        for loop in self.loops.values():
            loop.close()

    def take_turns(
        self, workload: str, rounds: int, seconds: float, names: Iterable[str] | None = None
    ) -> dict[str, Cost]:
        """What one operation costs each driver that can do it: medians over the rounds."""
        samples: dict[str, list[Cost]] = {name: [] for name in names or self.drivers if name in self.drivers}
        for number in range(rounds + 1):
            warm_up = number == 0
            for name in list(samples):
                try:
                    cost = self.measure(name, workload, 0.02 if warm_up else seconds)
                except Exception as error:
                    print(f"# {workload}: {name}: {type(error).__name__}: {str(error)[:150]}", file=sys.stderr)
                    cost = None
                if PGBENCH.get(workload, workload) in INSERTS:
                    self.admin.cursor().execute("truncate b_ins")
                if cost is None:
                    del samples[name]
                elif not warm_up:
                    samples[name].append(cost)
        return {
            name: (statistics.median(wall for wall, _ in taken), statistics.median(cpu for _, cpu in taken))
            for name, taken in samples.items()
        }

    def measure(self, name: str, workload: str, seconds: float) -> Cost | None:
        """One turn; None if the driver cannot do that work."""
        driver = self.drivers[name]
        if hasattr(driver, "measure"):
            result: Cost | None = driver.measure(workload, seconds)
            return result
        work = PGBENCH.get(workload, workload)
        if work not in QUERIES and not hasattr(driver, work):
            return None
        crew = [driver]
        if workload in PGBENCH:
            if name not in self.crews:
                self.crews[name] = [self._opened(name) for _ in range(CONNECTIONS)]
            crew = self.crews[name]
        operations = [partial(one.query, work) if work in QUERIES else getattr(one, work) for one in crew]
        if driver.is_async:
            return self._loop_of(name).run_until_complete(together_async(operations, seconds))
        return together(operations, seconds)


def together(operations: list[Callable[[], object]], seconds: float) -> Cost:
    """Repeat each, in threads of their own if there are several."""

    def repeat(operation: Callable[[], object]) -> int:
        n = 0
        while time.perf_counter() < end:
            operation()
            n += 1
        return n

    with ThreadPoolExecutor(len(operations)) as threads:
        wall, cpu = time.perf_counter(), time.process_time()
        end = wall + seconds
        n = repeat(operations[0]) if len(operations) == 1 else sum(threads.map(repeat, operations))
        return (time.perf_counter() - wall) / n * 1e6, (time.process_time() - cpu) / n * 1e6


async def together_async(operations: list[Callable[[], Awaitable[object]]], seconds: float) -> Cost:
    """Repeat each, in tasks of their own if there are several."""

    async def repeat(operation: Callable[[], Awaitable[object]]) -> int:
        n = 0
        while time.perf_counter() < end:
            await operation()
            n += 1
        return n

    wall, cpu = time.perf_counter(), time.process_time()
    end = wall + seconds
    n = await repeat(operations[0]) if len(operations) == 1 else sum(await asyncio.gather(*map(repeat, operations)))
    return (time.perf_counter() - wall) / n * 1e6, (time.process_time() - cpu) / n * 1e6


def print_figures(workload: str, row: dict[str, Cost], base: str) -> None:
    print(f"{TITLES[workload]} ({workload})")
    for name, (wall, cpu) in row.items():
        ratio = ""
        if base in row:
            ratio = (
                f"{wall / row[base][0]:8.2f} x {cpu / row[base][1]:8.2f} x" if name != base else "       1          1"
            )
        print(f"  {name:18s} {wall:10.0f} / {cpu:8.0f} us {ratio}", flush=True)


def pgbench_means(figures: Figures, base: str) -> dict[str, Cost]:
    """Geometric means over pgbench's queries of the drivers' costs, as multiples of the base's."""
    rows = [figures[name] for name in PGBENCH if name in figures]
    return {
        name: (
            statistics.geometric_mean(row[name][0] / row[base][0] for row in rows),
            statistics.geometric_mean(row[name][1] / row[base][1] for row in rows),
        )
        for name in (rows[0] if rows else {})
        if all(name in row and base in row for row in rows)
    }


def markdown(figures: Figures, names: list[str]) -> str:
    lines = [
        f"One run on {platform.python_implementation()} {platform.python_version()}, {platform.machine()}: "
        "wall / client CPU in µs per operation.",
        "",
        "| work | " + " | ".join(names) + " |",
        "|---|" + "---|" * len(names),
    ]
    for workload, row in figures.items():
        cells = [f"{row[name][0]:.0f} / {row[name][1]:.0f}" if name in row else "" for name in names]
        lines.append(f"| {TITLES[workload]} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-d", "--drivers", default=",".join(DRIVERS))
    parser.add_argument("-w", "--workloads", default=",".join([*QUERIES, *OTHERS, *PGBENCH]))
    parser.add_argument("-r", "--rounds", type=int, default=7)
    parser.add_argument("-s", "--seconds", type=float, default=0.2, help="per driver and round")
    parser.add_argument("--base", default="howdah", help="the driver that the ratios refer to")
    parser.add_argument("--uri", help="the server to use, which must trust user postgres on 127.0.0.1")
    parser.add_argument("--markdown", metavar="FILE", help="write the table there")
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    options = parser.parse_args()

    figures: Figures = {}
    with server(options.uri) as uri:
        contest = Contest(uri, options.drivers.split(","))
        for workload in options.workloads.split(","):
            figures[workload] = contest.take_turns(workload, options.rounds, options.seconds)
            print_figures(workload, figures[workload], options.base)
        for name, (wall, cpu) in pgbench_means(figures, options.base).items():
            print(f"pgbench, geometric mean: {name:18s} {wall:8.2f} x {cpu:8.2f} x")
        names = list(contest.drivers)
        contest.close()
    if options.markdown:
        with open(options.markdown, "w") as file:
            file.write(markdown(figures, names))
    if options.json:
        with open(options.json, "w") as file:
            json.dump(figures, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
