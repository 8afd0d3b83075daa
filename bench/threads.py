"""How reading in threads scales: each with a connection of its own, one thread against several.

    python bench/threads.py [DSN] [--threads 2] [--seconds 3]

`by key`: one row by key, prepared. `mixed`: a result of 1,000 rows of ten columns of different types. Rounds of one
thread and of several take turns, so that a noisy machine is noisy for both; the best round of each counts. Says
whether the interpreter has a GIL. Without a DSN it starts a PostgreSQL of its own, which works on the same cores.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
import time
from collections.abc import Iterator

from workloads import QUERIES, SETUP

import howdah

ROUNDS = 3
WORK = {"by key": "pk", "mixed": "mixed"}


@contextlib.contextmanager
def server(dsn: str | None) -> Iterator[str]:
    if dsn:
        yield dsn
        return
    import howdah.server

    with howdah.server.start() as running:
        yield running.dsn


def read(conn: howdah.Connection, what: str, until: float) -> int:
    query, params = QUERIES[WORK[what]]
    query = query.format("%s")
    done = 0
    cur = conn.cursor()
    while time.perf_counter() < until:
        cur.execute(query, params)
        cur.fetchall()
        done += 1
    return done


def rate(dsn: str, what: str, n: int, seconds: float) -> tuple[float, float]:
    """Operations per second, of all threads together; and seconds of the client's CPU per operation."""
    with contextlib.ExitStack() as stack:
        conns = [stack.enter_context(howdah.connect(dsn, autocommit=True)) for _ in range(n)]
        for conn in conns:
            conn.prepare_threshold = 0
            read(conn, what, time.perf_counter() + 0.05)
        counts = [0] * n
        begun = threading.Barrier(n + 1)

        def work(i: int) -> None:
            begun.wait()
            counts[i] = read(conns[i], what, time.perf_counter() + seconds)

        threads = [threading.Thread(target=work, args=(i,)) for i in range(n)]
        for thread in threads:
            thread.start()
        begun.wait()
        wall, cpu = time.perf_counter(), time.process_time()
        for thread in threads:
            thread.join()
        return sum(counts) / (time.perf_counter() - wall), (time.process_time() - cpu) / sum(counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dsn", nargs="?")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3)
    args = parser.parse_args()
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    print(f"CPython {sys.version.split()[0]}, {'with a' if gil else 'without'} GIL")
    with server(args.dsn) as dsn:
        with howdah.connect(dsn, autocommit=True) as conn:
            conn.execute(SETUP)
        for what in WORK:
            best: dict[int, tuple[float, float]] = {}
            for _ in range(ROUNDS):
                for n in (1, args.threads):
                    best[n] = max(best.get(n, (0.0, 0.0)), rate(dsn, what, n, args.seconds))
            (one, cpu), (several, cpu_each) = best[1], best[args.threads]
            print(
                f"{what}: 1 thread {one:,.0f}/s ({cpu * 1e6:,.0f} µs of client CPU each), {args.threads} threads "
                f"{several:,.0f}/s ({cpu_each * 1e6:,.0f} µs): {several / one:.2f} times as many"
            )


if __name__ == "__main__":
    main()
