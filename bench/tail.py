"""What a slow query does to the quick ones that share a read lane with it.

    python bench/tail.py [--uri URI]

Prints the median and the 99th percentile of a query of 1 ms, asked by four tasks, first alone and then with one query
of 100 ms always in flight.
"""

from __future__ import annotations

import argparse
import asyncio
import time

from run import server

from howdah.pool import ReadLane

QUICK = "select pg_sleep(0.001)"
SLOW = "select pg_sleep(0.1)"
TASKS, READS = 4, 500


async def latencies(lane: ReadLane) -> list[float]:
    """Milliseconds, in order of size."""
    found = []

    async def task() -> None:
        for _ in range(READS):
            began = time.perf_counter()
            await lane.fetchval(QUICK)
            found.append(1e3 * (time.perf_counter() - began))

    await asyncio.gather(*(task() for _ in range(TASKS)))
    return sorted(found)


async def slow_queries(lane: ReadLane) -> None:
    while True:
        await lane.fetchval(SLOW)


async def measure(uri: str) -> dict[str, tuple[float, float]]:
    """Median and 99th percentile in milliseconds: ``alone``, and ``beside`` a slow query."""
    figures = {}
    async with ReadLane(uri) as lane:
        await latencies(lane)
        for title in ("alone", "beside"):
            slow = asyncio.ensure_future(slow_queries(lane)) if figures else None
            found = await latencies(lane)
            figures[title] = (found[len(found) // 2], found[len(found) * 99 // 100])
            if slow is not None:
                slow.cancel()
                await asyncio.wait([slow])
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uri", help="a server that is already there")
    with server(parser.parse_args().uri) as uri:
        found = asyncio.run(measure(uri))
    for title, (median, tail) in found.items():
        print(f"{title}: median {median:.2f} ms, 99th percentile {tail:.2f} ms")
    print(f"ratio of the 99th percentiles: {found['beside'][1] / found['alone'][1]:.2f}")
