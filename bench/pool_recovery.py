"""How long the first connection that works takes after all backends of a pool were killed while idle.

    python bench/pool_recovery.py [--size 6]

psycopg_pool is measured with ``check=``: without it, it lends the dead ones, and each of its users gets an error.
"""

from __future__ import annotations

import argparse
import importlib
import time
from typing import Any

import howdah
from howdah.server import start

KILL = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'pool'"


def measure(module: str, size: int, dsn: str, check: bool) -> float:
    """Seconds."""
    cls: Any = importlib.import_module(module).ConnectionPool
    with cls(dsn, min_size=size, open=True, check=cls.check_connection if check else None, timeout=120) as pool:
        pool.wait()
        with howdah.connect(dsn, autocommit=True, application_name="killer") as killer:
            killer.execute(KILL)
        began = time.perf_counter()
        with pool.connection() as conn:
            conn.execute("select 1")
        return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=6, help="connections of the pool")
    size = parser.parse_args().size
    with start() as server:
        dsn = f"{server.dsn} application_name=pool"
        for module, check in (("howdah.pool", False), ("howdah.pool", True), ("psycopg_pool", True)):
            seconds = measure(module, size, dsn, check)
            print(f"{module:14s} {'check=' if check else '':8s} {seconds:8.3f} s", flush=True)


if __name__ == "__main__":
    main()
