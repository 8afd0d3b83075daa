"""How reading in threads scales: each with a connection of its own, one thread against several.

    python bench/threads.py [DSN] [--threads 2] [--seconds 1] [--rounds 7] [--beside PYTHON] [--write FILE]

One row by key, prepared; a result of 1,000 rows of ten columns of different types; and such a result, received once,
fetched over and over, which leaves the server idle. `--beside`: a free-threaded interpreter with howdah, which takes
turns with this one, with a GIL and without. A round is a turn of one thread and one of several for each of them; what
counts is the ratio of the two turns of a round. Without a DSN it starts a PostgreSQL of its own, which works on the
same cores. `--write` puts the tables into a file of Markdown.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from workloads import QUERIES, SETUP

import howdah

WORK = {
    "by key": ("pk", "one row by key"),
    "mixed": ("mixed", "1,000 rows of 10 types"),
    "decoded": ("mixed", "the same rows, received once, fetched again and again"),
}
HEAD = """<!-- Written by bench/threads.py (`make bench-threads`): do not edit. -->
# Threads with a connection each
"""


# ---- within one interpreter


def reader(conn: howdah.Connection, what: str) -> Callable[[], object]:
    """What one operation is."""
    query, params = QUERIES[WORK[what][0]]
    query = query.format("%s")
    cur = conn.cursor()

    def read() -> object:
        cur.execute(query, params)
        return cur.fetchall()

    def fetch_again() -> object:
        cur.scroll(0, mode="absolute")
        return cur.fetchall()

    read()
    return fetch_again if what == "decoded" else read


def cpu_of(pids: list[int]) -> float:
    """Seconds of CPU that these processes have used, 0 if they are not on this machine."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def turn(dsn: str, what: str, n: int, seconds: float) -> dict[str, float]:
    """Operations per second, of all threads together; seconds of CPU for each, of this process and of the server."""
    with contextlib.ExitStack() as stack:
        conns = [stack.enter_context(howdah.connect(dsn, autocommit=True)) for _ in range(n)]
        reads = []
        for conn in conns:
            conn.prepare_threshold = 0
            reads.append(reader(conn, what))
        pids = [conn.info.backend_pid for conn in conns]
        counts = [0] * n
        begun = threading.Barrier(n + 1)

        def work(i: int) -> None:
            read, done = reads[i], 0
            begun.wait()
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                read()
                done += 1
            counts[i] = done

        threads = [threading.Thread(target=work, args=(i,)) for i in range(n)]
        for thread in threads:
            thread.start()
        begun.wait()
        wall, cpu, server = time.perf_counter(), time.process_time(), cpu_of(pids)
        for thread in threads:
            thread.join()
        wall, cpu, server = time.perf_counter() - wall, time.process_time() - cpu, cpu_of(pids) - server
        done = sum(counts)
        return {"rate": done / wall, "cpu": cpu / done, "server": server / done}


def serve(dsn: str) -> None:
    """Take turns as they are asked for, line by line."""
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    print(json.dumps(f"{sys.version.split()[0]}, {'a GIL' if gil else 'no GIL'}"), flush=True)
    for line in sys.stdin:
        print(json.dumps(turn(dsn, *json.loads(line))), flush=True)


# ---- turn by turn


class Interpreter:
    """A process of its own that takes turns."""

    def __init__(self, python: str, dsn: str, gil: str | None = None):
        env = {**os.environ, **({"PYTHON_GIL": gil} if gil else {})}
        command = [python, __file__, dsn, "--serve"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self.name: str = self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def turn(self, what: str, n: int, seconds: float) -> dict[str, float]:
        print(json.dumps([what, n, seconds]), file=self._process.stdin, flush=True)
        answer: dict[str, float] = self._answer()
        return answer

    def end(self) -> None:
        self._process.communicate()


@contextlib.contextmanager
def server(dsn: str | None) -> Iterator[str]:
    if dsn:
        yield dsn
        return
    import howdah.server

    with howdah.server.start() as running:
        yield running.dsn


def spread(values: list[float], form: str = ",.0f") -> str:
    """The median, and between what."""
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def line_of(name: str, one: list[dict[str, float]], several: list[dict[str, float]]) -> str:
    def median(turns: list[dict[str, float]], key: str) -> float:
        return statistics.median(turn[key] for turn in turns)

    rates = [spread([turn["rate"] for turn in turns]) for turns in (one, several)]
    times = spread([b["rate"] / a["rate"] for a, b in zip(one, several, strict=True)], ".2f")
    cpu = [f"{seconds * 1e6:,.0f}" for seconds in (median(one, "cpu"), median(several, "cpu"), median(one, "server"))]
    return f"| {' | '.join([name, *rates, times, *cpu])} |"


def compare(interpreters: list[Interpreter], threads: int, seconds: float, rounds: int) -> Iterator[str]:
    for what, (_, title) in WORK.items():
        turns: dict[tuple[str, int], list[dict[str, float]]] = defaultdict(list)
        for _ in range(rounds):
            for interpreter in interpreters:
                for n in (1, threads):
                    turns[interpreter.name, n].append(interpreter.turn(what, n, seconds))
        yield f"\n## {title[0].upper()}{title[1:]}\n"
        yield f"| CPython | 1 thread: per second | {threads} | times | CPU, µs: 1 thread | {threads} | server's |"
        yield "|---|---|---|---|---|---|---|"
        for interpreter in interpreters:
            yield line_of(interpreter.name, turns[interpreter.name, 1], turns[interpreter.name, threads])


def described(args: argparse.Namespace, load: float) -> str:
    info = Path("/proc/cpuinfo").read_text()
    model = next((line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")), "?")
    where = "a server that was there" if args.dsn else "the server on the same cores"
    now = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    return "\n".join(
        [
            f"{now} UTC, {model}, {os.cpu_count()} cores, {where}, load {load:.2f} before.",
            f"{args.rounds} rounds with turns of {args.seconds:g} s: medians, and from the least to the most. The",
            "ratio is that of the two turns of a round. CPU is the client's for each operation, and the server's.",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dsn", nargs="?")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--beside", help="a free-threaded interpreter with howdah")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.dsn)
        return
    load = os.getloadavg()[0]
    with server(args.dsn) as dsn, contextlib.ExitStack() as stack:
        with howdah.connect(dsn, autocommit=True) as conn:
            conn.execute(SETUP)
        interpreters = [Interpreter(sys.executable, dsn)]
        if args.beside:
            interpreters += [Interpreter(args.beside, dsn, "1"), Interpreter(args.beside, dsn, "0")]
        for interpreter in interpreters:
            stack.callback(interpreter.end)
        lines = [described(args, load)]
        print(lines[0], flush=True)
        for line in compare(interpreters, args.threads, args.seconds, args.rounds):
            print(line, flush=True)
            lines.append(line)
    if args.write:
        args.write.write_text("\n".join([HEAD, *lines, ""]))


if __name__ == "__main__":
    main()
