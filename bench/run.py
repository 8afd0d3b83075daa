"""What a query costs the client, driver beside driver, in one run.

    python bench/run.py [-d DRIVERS] [-w WORKLOADS] [-r ROUNDS] [--markdown FILE] [--json FILE]

The drivers take turns, round by round, on the same server, so that ratios hold although the machine's speed drifts.
Each cell is wall / client-CPU microseconds per operation, medians over the rounds; the ratios say how many times the
base driver's cost that is (more than 1: the base is cheaper). Starts a PostgreSQL of its own unless --uri names one.
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
from collections.abc import Iterator
from typing import Any

from drivers import DRIVERS
from workloads import OTHERS, QUERIES, SETUP, TITLES

Figures = dict[str, dict[str, tuple[float, float]]]  # workload → driver → wall and CPU microseconds


@contextlib.contextmanager
def server(uri: str | None) -> Iterator[str]:
    if uri:
        yield uri
    else:
        from howdah.server import start

        with start() as running:
            yield running.uri


def set_up(uri: str) -> None:
    """The tables. The first driver with a connect() that runs a script of several statements does it."""
    for name in ("psycopg2", "psycopg", "howdah"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        conn = module.connect(uri)
        conn.autocommit = True
        conn.cursor().execute(SETUP)
        conn.close()
        return
    raise SystemExit("no driver for the set-up is installed")


def open_drivers(names: list[str], uri: str, loop: asyncio.AbstractEventLoop) -> dict[str, Any]:
    drivers = {}
    for name in names:
        try:
            driver = DRIVERS[name](uri)
            if driver.is_async:
                loop.run_until_complete(driver.open())
            else:
                driver.open()
        except Exception as error:
            print(f"# {name} left out: {type(error).__name__}: {error}", file=sys.stderr)
        else:
            drivers[name] = driver
    return drivers


def measure(
    driver: Any, workload: str, seconds: float, loop: asyncio.AbstractEventLoop
) -> tuple[float, float] | None:
    """Wall and CPU microseconds per operation; None if the driver cannot do that work."""
    if hasattr(driver, "measure"):
        result: tuple[float, float] | None = driver.measure(workload, seconds)
        return result
    operation = driver.query if workload in QUERIES else getattr(driver, workload, None)
    if operation is None:
        return None
    args = (workload,) if workload in QUERIES else ()

    def repeat() -> tuple[float, float]:
        n, wall, cpu = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() < wall + seconds:
            operation(*args)
            n += 1
        return (time.perf_counter() - wall) / n * 1e6, (time.process_time() - cpu) / n * 1e6

    async def repeat_async() -> tuple[float, float]:
        n, wall, cpu = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() < wall + seconds:
            await operation(*args)
            n += 1
        return (time.perf_counter() - wall) / n * 1e6, (time.process_time() - cpu) / n * 1e6

    return loop.run_until_complete(repeat_async()) if driver.is_async else repeat()


def measure_in_turn(
    drivers: dict[str, Any], workload: str, rounds: int, seconds: float, loop: asyncio.AbstractEventLoop
) -> dict[str, tuple[float, float]]:
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in drivers}
    for number in range(rounds + 1):
        warm_up = number == 0
        for name in list(samples):
            try:
                figures = measure(drivers[name], workload, 0.02 if warm_up else seconds, loop)
            except Exception as error:
                print(f"# {workload}: {name}: {type(error).__name__}: {str(error)[:150]}", file=sys.stderr)
                figures = None
            if figures is None:
                del samples[name]
            elif not warm_up:
                samples[name].append(figures)
    return {
        name: (statistics.median(wall for wall, _ in taken), statistics.median(cpu for _, cpu in taken))
        for name, taken in samples.items()
    }


def print_figures(workload: str, row: dict[str, tuple[float, float]], base: str) -> None:
    print(TITLES[workload])
    for name, (wall, cpu) in row.items():
        ratio = ""
        if base in row:
            ratio = (
                f"{wall / row[base][0]:8.2f} x {cpu / row[base][1]:8.2f} x" if name != base else "       1          1"
            )
        print(f"  {name:18s} {wall:10.0f} / {cpu:8.0f} us {ratio}", flush=True)


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
    parser.add_argument("-w", "--workloads", default=",".join([*QUERIES, *OTHERS]))
    parser.add_argument("-r", "--rounds", type=int, default=7)
    parser.add_argument("-s", "--seconds", type=float, default=0.2, help="per driver and round")
    parser.add_argument("--base", default="howdah", help="the driver that the ratios refer to")
    parser.add_argument("--uri", help="the server to use, which must trust user postgres on 127.0.0.1")
    parser.add_argument("--uvloop", action="store_true")
    parser.add_argument("--markdown", metavar="FILE", help="write the table there")
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    options = parser.parse_args()

    loop = importlib.import_module("uvloop").new_event_loop() if options.uvloop else asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    figures: Figures = {}
    with server(options.uri) as uri:
        set_up(uri)
        drivers = open_drivers(options.drivers.split(","), uri, loop)
        for workload in options.workloads.split(","):
            figures[workload] = measure_in_turn(drivers, workload, options.rounds, options.seconds, loop)
            print_figures(workload, figures[workload], options.base)
        for driver in drivers.values():
            if hasattr(driver, "close"):
                loop.run_until_complete(driver.close()) if driver.is_async else driver.close()
    if options.markdown:
        with open(options.markdown, "w") as file:
            file.write(markdown(figures, list(drivers)))
    if options.json:
        with open(options.json, "w") as file:
            json.dump(figures, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
