"""How many instructions the hot paths take, compared with what they may take.

    python bench/budget.py [--update]

A clock says little on a shared machine; callgrind's count of the instructions of the client's process, those of the
interpreter included but not its garbage collector's, differs by 0.1 percent from run to run. budget.json has the
counts that were agreed on, with the versions of CPython and of the compiler that they hold for; for others they are
only shown. A path that takes `TOLERANCE` times as many fails. A commit that makes a path faster, or slower for a
reason, updates the file.

Needs valgrind, cc, and howdah as users have it: a release build.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import platform
import re
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workloads import COPIED, INSERT_FORMATTED, ROW, ROW_TYPES, SETUP, Account, formatted

HERE = Path(__file__).resolve().parent
AGREED = HERE / "budget.json"
TOLERANCE = 1.03

ROUNDS = 3  # of which the least counts: now and then the interpreter clears a cache of its own
ROWS = 1000
ACCOUNTS = "select id, name, balance, active, created from b_acc where id <= 1000"
INSERT_VALUES = "insert into b_ins values %s"
MANY_ROWS = "select i, i*2 as b, i::float8 as c, 'abcdef' as d from generate_series(1, 10000) i"


@contextmanager
def counting(name: str, times: int) -> Iterator[range]:
    """Count what the block does `times` times."""
    import callgrind_marks

    gc.collect()
    gc.disable()  # it comes at any time, and takes as long as 100 queries
    callgrind_marks.begin()
    yield range(times)
    callgrind_marks.end(f"{name} {times}")
    gc.enable()


def run_blocking(uri: str) -> None:
    import howdah
    from howdah.pool import ConnectionPool
    from howdah.rows import class_row

    conn = howdah.connect(uri, autocommit=True)
    conn.prepare_threshold = 0
    cur = conn.cursor()

    def repeat(name: str, times: int, work: Callable[[], object]) -> None:
        for _ in range(5 if times > 10 else 2):
            work()
        for _ in range(ROUNDS):
            with counting(name, times) as repeats:
                for _ in repeats:
                    work()

    def insert() -> None:
        with conn.transaction():
            cur.executemany(INSERT_FORMATTED, [ROW] * ROWS)

    def copy_in() -> None:
        with cur.copy("copy b_ins from stdin (format binary)") as copy:
            copy.set_types(ROW_TYPES)
            for row in COPIED[:ROWS]:
                copy.write_row(row)

    def copy_out() -> None:
        with cur.copy("copy (select * from b_ins limit 1000) to stdout (format binary)") as copy:
            copy.set_types(ROW_TYPES)
            for _ in copy.rows():
                pass

    def pipeline() -> None:
        with conn.pipeline():
            cursors = [conn.execute(*formatted("pk")) for _ in range(100)]
        for cursor in cursors:
            cursor.fetchone()

    repeat("one row by key", 50, lambda: cur.execute(*formatted("pk")).fetchone())
    repeat("1,000 mixed rows", 1, lambda: cur.execute(*formatted("mixed")).fetchall())
    repeat("10,000 rows x 4", 1, lambda: cur.execute(MANY_ROWS).fetchall())
    objects = conn.cursor(row_factory=class_row(Account))
    repeat("1,000 dataclasses", 2, lambda: objects.execute(ACCOUNTS).fetchall())
    repeat("100 selects by key in a pipeline", 2, pipeline)
    repeat("executemany, 1,000 rows x 7", 1, insert)
    repeat("binary COPY in, 1,000 rows x 7", 1, copy_in)
    repeat("copy_rows, 1,000 rows x 7", 1, lambda: howdah.copy_rows(conn, "b_ins", COPIED[:ROWS]))
    repeat("execute_values, 1,000 rows x 7", 1, lambda: howdah.execute_values(cur, INSERT_VALUES, COPIED[:ROWS]))
    repeat("binary COPY out, 1,000 rows x 7", 1, copy_out)
    with ConnectionPool(uri, min_size=2, max_size=2) as pool:
        pool.wait()
        repeat("connection from a pool and back", 50, lambda: pool.putconn(pool.getconn()))
    conn.close()


async def run_asyncio(uri: str) -> None:
    import howdah

    async with await howdah.AsyncConnection.connect(uri, autocommit=True) as conn:
        conn.prepare_threshold = 0
        cur = conn.cursor()

        async def by_key() -> Any:
            await cur.execute(*formatted("pk"))
            return await cur.fetchone()

        async def repeat(name: str, times: int, work: Callable[[], Awaitable[Any]]) -> None:
            for _ in range(5):
                await work()
            for _ in range(ROUNDS):
                with counting(name, times) as repeats:
                    for _ in repeats:
                        await work()

        await repeat("one row by key, asyncio", 50, by_key)


def count(uri: str) -> dict[str, int]:
    """Instructions per operation of every path."""
    with tempfile.TemporaryDirectory(prefix="howdah-budget-") as folder:
        include = sysconfig.get_path("include")
        source, module = HERE / "callgrind_marks.c", f"{folder}/callgrind_marks.so"
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", f"-I{include}", source, "-o", module], check=True)
        command = ["valgrind", "--tool=callgrind", "--quiet", f"--callgrind-out-file={folder}/out", sys.executable]
        environment = {
            **os.environ,
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}:{folder}",
        }
        subprocess.run([*command, __file__, "--counted", uri], check=True, env=environment)
        counts = {}
        for file in Path(folder).glob("out.*"):
            text = file.read_text()
            mark = re.search(r"^desc: Trigger: Client Request: (.+) (\d+)$", text, re.M)
            total = re.search(r"^totals: (\d+)", text, re.M)
            if mark and total:
                counted = int(total[1]) // int(mark[2])
                counts[mark[1]] = min(counted, counts.get(mark[1], counted))
        return counts


def machine() -> str:
    """What the counts depend on."""
    compiler = subprocess.run(["cc", "-dumpfullversion"], capture_output=True, text=True, check=True).stdout.strip()
    return f"CPython {platform.python_version()}, gcc {compiler}, {platform.machine()}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="write what was counted into budget.json")
    parser.add_argument("--counted", metavar="URI", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.counted:
        run_blocking(options.counted)
        asyncio.run(run_asyncio(options.counted))
        return 0

    import howdah
    from howdah.server import start

    with start() as server:
        with howdah.connect(server.uri, autocommit=True) as conn:
            conn.execute(SETUP)
        counts = count(server.uri)
    agreed = json.loads(AGREED.read_text()) if AGREED.exists() else {}
    budgets = agreed.get(machine(), {})
    too_many = []
    for name, instructions in sorted(counts.items()):
        budget = budgets.get(name)
        change = f"{instructions / budget - 1:+7.1%} of {budget:,}" if budget else "no budget"
        print(f"{name:34s} {instructions:12,} instructions  {change}")
        if budget and instructions > budget * TOLERANCE:
            too_many.append(name)
    if options.update:
        AGREED.write_text(json.dumps({**agreed, machine(): dict(sorted(counts.items()))}, indent=1) + "\n")
        return 0
    if not budgets:
        print(f"budget.json says nothing of {machine()}: nothing was compared")
    if too_many:
        print(f"more than {TOLERANCE - 1:.0%} above budget: {', '.join(too_many)}", file=sys.stderr)
    return 1 if too_many else 0


if __name__ == "__main__":
    sys.exit(main())
