"""Runs all benchmarks and writes what they show: docs/benchmarks/results.md, its plots, and the figures in JSON.

    python bench/report.py [--quick] [--folder docs/benchmarks] [--from results.json]

It takes about ten minutes, in which the machine should have nothing else to do; --quick takes three and shows
only that everything works. --from writes the page anew from figures that were measured before.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import imports
import memory
import tail
import web
from plots import Bar, draw
from run import Contest, Figures, markdown, server
from targets import targets_of
from workloads import PGBENCH, QUERIES

ROOT = Path(__file__).resolve().parent.parent
HOWDAH = ["howdah", "howdah-async", "howdah-uvloop"]
PSYCOPG = ["psycopg", "psycopg-bin", "psycopg-async", "psycopg-async-bin"]
ASYNCPG = ["asyncpg", "asyncpg-uvloop"]
PROTOTYPE = ["prototype", "prototype-async", "prototype-wake"]
CROWDS = [*HOWDAH, "psycopg", "psycopg-async", *ASYNCPG, "psycopg2", "prototype-wake"]
NAMES = [*HOWDAH, "howdah-future", "howdah-lane", *PSYCOPG, *ASYNCPG, "psycopg2", *PROTOTYPE, "floor"]

# Who takes turns, how many, and of how many seconds.
ALL: dict[str, tuple[list[str], int, float]] = {
    **dict.fromkeys(QUERIES, (NAMES, 5, 0.25)),
    "pk": (NAMES, 15, 0.25),
    "objects": ([*HOWDAH, "psycopg", "psycopg-async", *ASYNCPG, "psycopg2"], 5, 0.25),
    "slotted": ([*HOWDAH, "psycopg", "psycopg-async"], 5, 0.25),
    "batch": ([*HOWDAH, "psycopg", "psycopg-async", *ASYNCPG, "psycopg2", "prototype", "floor"], 7, 0.3),
    "values": ([*HOWDAH, *ASYNCPG, "psycopg2"], 7, 0.3),
    "copy_rows": ([*HOWDAH, "psycopg", "psycopg-async", *ASYNCPG, "psycopg2", "prototype", "floor"], 7, 0.3),
    "copy_many": ([*HOWDAH, *ASYNCPG, "psycopg2", "floor"], 7, 0.3),
    "copy": ([*HOWDAH, "psycopg", "psycopg-async", *ASYNCPG, "prototype"], 5, 0.3),
    "copy_text": ([*HOWDAH, "psycopg", "psycopg-async"], 5, 0.3),
    "pipeline": ([*HOWDAH, *PSYCOPG, "prototype"], 7, 0.25),
    "pool": ([*HOWDAH, "howdah-lane", "psycopg-async", *ASYNCPG], 7, 0.3),
    "checkout": ([*HOWDAH, "psycopg", "psycopg-async", *ASYNCPG], 3, 0.2),
    "connect": ([*HOWDAH, "psycopg", "psycopg-async", *ASYNCPG, "psycopg2"], 7, 0.3),
    **dict.fromkeys(PGBENCH, (CROWDS, 5, 0.3)),
}
PACKAGES = "psycopg psycopg-binary psycopg2-binary asyncpg uvloop fastapi uvicorn httptools".split()


def machine(uri: str) -> dict[str, str]:
    import howdah

    def output(*command: str) -> str:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    with howdah.connect(uri, autocommit=True) as conn:
        (postgres,) = conn.execute("select version()").fetchone()
    info = Path("/proc/cpuinfo").read_text()
    models = {line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")}
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    virtual = ", a virtual machine" if " hypervisor " in info else ""
    described = {
        "processor": f"{' and '.join(models)}, {os.cpu_count()} cores{virtual}",
        "memory": f"{pages / 2**30:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()} ({platform.machine()})",
        "system": platform.freedesktop_os_release()["PRETTY_NAME"],
        "Python": f"{platform.python_version()}, {platform.python_compiler()}",
        "C compiler of prototype and floor": output("cc", "--version").splitlines()[0],
        "server": postgres,
        "howdah": f"{howdah.__version__}, commit {output('git', 'describe', '--always', '--dirty')}",
    }
    for package in PACKAGES:
        described[package] = metadata.version(package)
    return described


def gather(quick: bool) -> dict[str, Any]:
    began = time.time()
    load = os.getloadavg()[0]
    figures: Figures = {}
    with server(None) as uri:
        data: dict[str, Any] = {
            "when": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "quick": quick,
            "load": load,
            "machine": machine(uri),
            "figures": figures,
        }
        contest = Contest(uri, NAMES)
        for workload, (names, rounds, seconds) in ALL.items():
            print(f"{time.time() - began:4.0f} s: {workload}", flush=True)
            turns = (2, 0.1) if quick else (rounds, seconds)
            figures[workload] = contest.take_turns(workload, *turns, names)
        contest.close()
        print(f"{time.time() - began:4.0f} s: read lane, web, imports, memory", flush=True)
        data["lane"] = asyncio.run(tail.measure(uri))
        data["web"] = web.measure(uri, "uvloop", *((1, 0.5) if quick else (4, 1.5)))
        data["imports"] = imports.measure(3 if quick else 15)
        data["memory"] = memory.measure(uri, "howdah", 100)
    data["minutes"] = (time.time() - began) / 60
    return data


def costs(row: dict[str, tuple[float, float]], names: list[str]) -> list[Bar]:
    return [Bar(name, *row[name], text="{:,.0f} / {:,.0f} µs".format(*row[name])) for name in names if name in row]


def draw_plots(data: dict[str, Any], folder: Path) -> list[str]:
    """The names of the files, in order."""
    figures: Figures = data["figures"]
    both = "pale: wall, strong: client CPU; microseconds per operation, shorter is better"
    plots: dict[str, tuple[str, str, list[tuple[str, list[Bar]]]]] = {
        "by-key": (
            "One row by key",
            both,
            [
                (
                    "blocking",
                    costs(figures["pk"], ["howdah", "psycopg", "psycopg-bin", "psycopg2", "prototype", "floor"]),
                ),
                ("asyncio", costs(figures["pk"], ["howdah-async", "psycopg-async", "asyncpg", "prototype-wake"])),
                ("uvloop", costs(figures["pk"], ["howdah-uvloop", "asyncpg-uvloop"])),
            ],
        ),
        "pgbench": (
            "pgbench's seven queries over 10 connections",
            both,
            [
                (name[8:], costs(figures[name], ["howdah-async", "asyncpg", "howdah-uvloop", "asyncpg-uvloop"]))
                for name in PGBENCH
            ],
        ),
        "rows": (
            "Many rows",
            both,
            [
                (
                    title,
                    costs(
                        figures[work], ["howdah", "howdah-async", "psycopg-bin", "asyncpg", "psycopg2", "prototype"]
                    ),
                )
                for work, title in (
                    ("mixed", "1,000 rows x 10 mixed types"),
                    ("rows100k", "100,000 rows x 4"),
                    ("objects", "1,000 rows x 5 as dataclasses"),
                )
            ],
        ),
        "inserts": (
            "Many rows into the server",
            both,
            [
                (
                    title,
                    costs(figures[work], ["howdah", "howdah-async", "psycopg", "asyncpg", "psycopg2", "prototype"]),
                )
                for work, title in (
                    ("batch", "executemany, 1,000 rows x 7"),
                    ("copy_rows", "COPY, 10,000 rows x 7"),
                    ("values", "50,000 rows x 7 by execute_values with RETURNING (asyncpg: executemany without)"),
                )
            ],
        ),
        "pool": (
            "50 tasks reading by key",
            "reads per second over a pool of 10 connections, howdah-lane: over one; longer is better",
            [
                (
                    "",
                    [
                        Bar(name, 1e9 / wall, text=f"{1e9 / wall:,.0f}/s")
                        for name, (wall, _) in figures["pool"].items()
                    ],
                )
            ],
        ),
        "web": (
            "TechEmpower's 20 queries and 20 updates under FastAPI",
            "requests per second to one process; batch: all rows of a request at once; longer is better",
            [
                (work, [Bar(name, rate, text=f"{rate:,.0f}/s") for name, (rate, _) in row.items()])
                for work, row in data["web"].items()
            ],
        ),
    }
    for name, (title, subtitle, groups) in plots.items():
        draw(folder / f"{name}.svg", title, subtitle, groups)
    return [f"![{title}]({name}.svg)" for name, (title, _, _) in plots.items()]


def page(data: dict[str, Any], plots: list[str]) -> str:
    targets = targets_of(data)
    lines = [
        "<!-- Written by bench/report.py (`make bench-report`): do not edit. -->",
        "# What a run has shown",
        "",
        f"One run of {data['minutes']:.0f} minutes, {data['when']}. [README.md](README.md) says how it measures and",
        "what the names of drivers mean. Wall time moves with how fast an idle core wakes: trust CPU and ratios",
        "more.",
        "",
    ]
    if data["quick"]:
        lines += ["**A quick run, which shows that everything works and no more.**", ""]
    lines += ["## The machine", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {text} |" for name, text in data["machine"].items()]
    lines += [
        f"| load | {data['load']:.2f} when the run began |",
        "",
        "The server runs on the same machine, on TCP over 127.0.0.1, without fsync.",
        "",
        "## Targets",
        "",
        f"{sum(target.is_met for target in targets)} of {len(targets)} are met.",
        "",
        "| work | target | figure | |",
        "|---|---|---|---|",
    ]
    for target in targets:
        note = f" ({target.note})" if target.note else ""
        verdict = "met" if target.is_met else "**missed**"
        lines.append(f"| {target.work} | {target.says} | {target.figure:.2f}{note} | {verdict} |")
    figures: Figures = data["figures"]
    lines += ["", "## Plots", "", "\n\n".join(plots), "", "## All figures", "", markdown(figures, NAMES)]
    lines += ["| requests/s, CPU per request | queries | updates |", "|---|---|---|"]
    for name in data["web"]["queries"]:
        cells = ["{:.0f}, {:.0f} µs".format(*data["web"][work][name]) for work in ("queries", "updates")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "| CPU of `import` | |", "|---|---|"]
    lines += [f"| {name} | {milliseconds:.1f} ms |" for name, milliseconds in data["imports"].items()]
    lines += ["", "| memory grows, while 100 MB of rows pass, by | |", "|---|---|"]
    lines += [f"| {name} | {grown:.1f} MB |" for name, grown in data["memory"]["streams"].items()]
    lines += ["", "| one value | client CPU | memory grows by |", "|---|---|---|"]
    for kind, sizes in data["memory"]["values"].items():
        lines += [f"| {kind}, {size:g} MB | {cpu:.0f} ms | {grown:.0f} MB |" for size, cpu, grown in sizes]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few turns")
    parser.add_argument("--folder", type=Path, default=ROOT / "docs/benchmarks", help="where to write")
    parser.add_argument("--from", dest="source", metavar="FILE", type=Path, help="figures measured before")
    options = parser.parse_args()
    # From JSON in any case, so that both ways have the same types.
    text = options.source.read_text() if options.source else json.dumps(gather(options.quick), indent=1)
    data = json.loads(text)
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "results.json").write_text(text.rstrip() + "\n")
    (options.folder / "results.md").write_text(page(data, draw_plots(data, options.folder)))
    for target in targets_of(data):
        verdict = "met   " if target.is_met else "MISSED"
        print(f"{verdict} {target.figure:6.2f}  {target.work}: {target.says} {target.note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
