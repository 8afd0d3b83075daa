"""What large results take of memory and time: many rows by stream(), and one very large value.

    python bench/memory.py [--megabytes N] [--driver howdah,psycopg] [--json FILE] [--uri URI]

Each is done in a process of its own. Of streaming, the growth of the peak of its resident memory is printed; of one
value, client CPU and that growth for a quarter of the size, half of it, and all of it: the last costs four times the
first if the cost is linear, and 16 times if it is quadratic. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from run import server

ROWS = "select i, repeat('x', 1000) from generate_series(1, {}) i"  # a thousand are a megabyte
STREAMS = {"stream(size=1)": 1, "stream(size=1000)": 1000}
REPEATS = 3


class Growth:
    """By how many megabytes resident memory grows at most within the block."""

    @staticmethod
    def _peak() -> float:
        return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024 / 1e6

    def __enter__(self) -> Growth:
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak
        self._before = self._peak()
        return self

    def __exit__(self, *error: object) -> None:
        self.megabytes = self._peak() - self._before


def stream(conn: Any, size: int, megabytes: int) -> None:
    n = sum(1 for _ in conn.cursor().stream(ROWS.format(1000 * megabytes), size=size))
    assert n == 1000 * megabytes


async def stream_async(conn: Any, size: int, megabytes: int) -> None:
    n = 0
    async for _ in conn.cursor().stream(ROWS.format(1000 * megabytes), size=size):
        n += 1
    assert n == 1000 * megabytes


def server_cursor(conn: Any, megabytes: int) -> None:
    with conn.transaction(), conn.cursor("rows") as cur:
        cur.itersize = 1000
        assert sum(1 for _ in cur.execute(ROWS.format(1000 * megabytes))) == 1000 * megabytes


def streams(module: Any, uri: str, megabytes: int) -> dict[str, float]:
    """Megabytes that memory grows by."""
    found = {}
    with module.connect(uri, autocommit=True) as conn:
        server_cursor(conn, 1)
        for name, size in STREAMS.items():
            stream(conn, size, 1)
            with Growth() as growth:
                stream(conn, size, megabytes)
            found[name] = growth.megabytes
        with Growth() as growth:
            server_cursor(conn, megabytes)
        found["server cursor"] = growth.megabytes

    async def run() -> None:
        async with await module.AsyncConnection.connect(uri, autocommit=True) as conn:
            for name, size in STREAMS.items():
                await stream_async(conn, size, 1)
                with Growth() as growth:
                    await stream_async(conn, size, megabytes)
                found[f"{name}, asyncio"] = growth.megabytes

    asyncio.run(run())
    return found


def value(module: Any, uri: str, kind: str, megabytes: float) -> tuple[float, float]:
    """Milliseconds of client CPU, and megabytes that memory grows by."""
    size = int(megabytes * 1e6)
    sent = b"x" * size if kind == "sent" else b""
    with module.connect(uri, autocommit=True) as conn:
        cur = conn.cursor(binary=True)
        began = time.process_time()
        with Growth() as growth:
            if sent:
                assert cur.execute("select length(%s::bytea)", (sent,)).fetchone() == (size,)
            else:
                (received,) = cur.execute(f"select repeat('x', %s)::{kind}", (size,)).fetchone()
                assert len(received) == size
        return 1e3 * (time.process_time() - began), growth.megabytes


KINDS = ("text", "bytea", "sent")


def in_a_process(*args: str) -> Any:
    command = [sys.executable, __file__, *args]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def measure(uri: str, driver: str, megabytes: int) -> dict[str, Any]:
    """``streams``: way → megabytes; ``values``: kind → (megabytes, milliseconds, megabytes) by size."""
    common = ["--uri", uri, "--driver", driver]
    values = {}
    for kind in KINDS:
        values[kind] = []
        for size in (megabytes / 4, megabytes / 2, megabytes):
            taken = [in_a_process(*common, "--value", kind, "--megabytes", str(size)) for _ in range(REPEATS)]
            values[kind].append((size, *min(taken)))
    return {"streams": in_a_process(*common, "--streams", "--megabytes", str(megabytes)), "values": values}


def show(driver: str, megabytes: int, found: dict[str, Any]) -> None:
    for name, grown in found["streams"].items():
        print(f"{driver}: {megabytes} MB of rows by {name}: memory grows by {grown:.1f} MB")
    for kind, sizes in found["values"].items():
        costs = ", ".join(f"{size:g} MB: {cpu:.0f} ms, +{grown:.0f} MB" for size, cpu, grown in sizes)
        print(f"{driver}: one value ({kind}): {costs}: {sizes[-1][1] / sizes[0][1]:.1f} times the cost of a quarter")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--driver", default="howdah,psycopg")
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    parser.add_argument("--uri", help="a server that is already there")
    parser.add_argument("--streams", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--value", choices=KINDS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.streams or options.value:
        module = importlib.import_module(options.driver)
        if options.streams:
            print(json.dumps(streams(module, options.uri, int(options.megabytes))))
        else:
            print(json.dumps(value(module, options.uri, options.value, options.megabytes)))
        return 0
    figures = {}
    with server(options.uri) as uri:
        for driver in options.driver.split(","):
            figures[driver] = measure(uri, driver, int(options.megabytes))
            show(driver, int(options.megabytes), figures[driver])
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
