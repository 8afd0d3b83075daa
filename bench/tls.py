"""What TLS costs: one row by key, with and without, and 100 MB fetched, beside psycopg.

    python bench/tls.py [--rounds N]

It starts Debian's PostgreSQL. The drivers take turns within a round; what is printed are medians.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import psycopg

import howdah
from servers.certificates import Authority
from servers.debian import Debian

QUERIES = 300  # in a turn
BULK_EVERY = 8  # rounds
ROWS = 100_000  # of 1,000 characters

BY_KEY = "select id, name, price, made, note from item where id = %s"
BULK = f"select repeat('x', 1000) from generate_series(1, {ROWS})"

SETUP = """
create table item (id int primary key, name text, price numeric, made timestamptz, note text);
insert into item select i, 'item ' || i, i / 7.0, now(), 'a note' from generate_series(1, 1000) i;
"""


def by_key(conn: Any) -> None:
    cur = conn.cursor()
    for i in range(QUERIES):
        cur.execute(BY_KEY, (i % 1000 + 1,)).fetchone()


async def by_key_async(conn: Any) -> None:
    cur = conn.cursor()
    for i in range(QUERIES):
        await cur.execute(BY_KEY, (i % 1000 + 1,))
        await cur.fetchone()


def bulk(conn: Any) -> None:
    assert len(conn.execute(BULK).fetchall()) == ROWS


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and seconds of our processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, Debian(["host all all all trust"], sql=SETUP) as server:
        authority = Authority(Path(folder))
        authority.issue("server", "localhost", ["127.0.0.1"])
        for name in ("server.crt", "server.key"):
            server.install(Path(folder) / name, name)
        server.configure(["host all all all trust"], {"ssl": "on"})
        server.restart()
        dsn = f"host=127.0.0.1 port={server.port} user=postgres dbname=postgres"
        loop = asyncio.new_event_loop()
        run = loop.run_until_complete
        works: dict[str, Callable[[], object]] = {}
        for mode in ("disable", "require"):
            what = "TLS" if mode == "require" else "plain"
            for module in (howdah, psycopg):
                conn = module.connect(dsn, sslmode=mode, autocommit=True)
                works[f"by key, {module.__name__}, {what}"] = lambda conn=conn: by_key(conn)
                works[f"100 MB, {module.__name__}, {what}"] = lambda conn=conn: bulk(conn)
                aconn = run(module.AsyncConnection.connect(dsn, sslmode=mode, autocommit=True))
                works[f"by key, {module.__name__} asyncio, {what}"] = lambda aconn=aconn: run(by_key_async(aconn))
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
        for number in range(rounds + 1):
            for name, work in works.items():
                if number % BULK_EVERY and not name.startswith("by key"):
                    continue
                result = timed(work)
                if number:  # the first is for warming up
                    found[name].append(result)
        print("| work | wall | client CPU |\n|---|---|---|")
        for name, results in sorted(found.items()):
            wall, cpu = (statistics.median(column) for column in zip(*results, strict=True))
            if name.startswith("by key"):
                print(f"| {name} | {wall / QUERIES * 1e6:.1f} µs | {cpu / QUERIES * 1e6:.1f} µs |")
            else:
                print(f"| {name} | {ROWS / 1000 / wall:.0f} MB/s | {ROWS / 1000 / cpu:.0f} MB per s |")


if __name__ == "__main__":
    main()
