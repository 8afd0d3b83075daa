"""TechEmpower's 20 queries and 20 updates under FastAPI: the same application on howdah and on asyncpg.

    python bench/web.py [--rounds N] [--seconds S] [--loop uvloop|asyncio] [--json FILE] [--uri URI]

Each application is one process of uvicorn's on 127.0.0.1, asked by 32 visitors who ask again as soon as they are
answered. The applications take turns; printed are medians of requests a second and of the application's CPU per
request. "serial" waits for every row that it reads, as TechEmpower's own application on asyncpg does; "batch" asks
for all rows of a request at once, with one Sync, where TechEmpower's rules want one for each.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import cast

import uvloop
from run import server

import howdah

APPLICATIONS = ("howdah-lane", "howdah-batch", "howdah-serial", "asyncpg-batch", "asyncpg-serial")
WORKS = ("queries", "updates")
VISITORS = 32
SETUP = """
drop table if exists world;
create table world (id int primary key, randomnumber int not null);
insert into world select i, 1 + (random() * 9999)::int from generate_series(1, 10000) i;
analyze world;
"""


class Application:
    def __init__(self, name: str, uri: str, loop: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            program = Path(__file__).parent / "web_app.py"
            command = [sys.executable, str(program), str(listener.fileno()), loop]
            environment = {**os.environ, "BENCH_APPLICATION": name, "BENCH_URI": uri}
            self.process = subprocess.Popen(command, pass_fds=[listener.fileno()], env=environment)

    def get(self, path: str) -> list[dict[str, int]]:
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        conn.request("GET", path)
        response = conn.getresponse()
        body = response.read()
        conn.close()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {body[:200]!r}")
        found: list[dict[str, int]] = json.loads(body)
        return found

    def cpu(self) -> float:
        """Seconds."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Visitor(asyncio.Protocol):
    """Asks again as soon as it is answered."""

    def __init__(self, path: str) -> None:
        self.request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        self.received = b""
        self.asking = True
        self.answers = 0
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        length = next((line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b"")
        if not end or len(body) < int(length):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self.transport.abort()
            self.gone.set_exception(RuntimeError(f"the application says {head[:40]!r}"))
            return
        self.received = b""
        self.answers += 1
        if self.asking:
            self.transport.write(self.request)
        else:
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.gone.done():
            if self.asking or error:
                self.gone.set_exception(error or RuntimeError("the application has hung up"))
            else:
                self.gone.set_result(None)


async def turn(app: Application, path: str, seconds: float) -> tuple[float, float]:
    """Requests a second, and microseconds of the application's CPU per request."""
    loop = asyncio.get_running_loop()
    cpu, began = app.cpu(), time.perf_counter()
    visitors = [
        (await loop.create_connection(lambda: Visitor(path), "127.0.0.1", app.port))[1] for _ in range(VISITORS)
    ]
    await asyncio.sleep(seconds)
    for visitor in visitors:
        visitor.asking = False
    await asyncio.wait_for(asyncio.gather(*[visitor.gone for visitor in visitors]), 60)
    answers = sum(visitor.answers for visitor in visitors)
    return answers / (time.perf_counter() - began), (app.cpu() - cpu) / answers * 1e6


def check(app: Application, uri: str) -> None:
    """That it does what it shall."""
    with howdah.connect(uri, autocommit=True) as conn:
        for work in WORKS:
            worlds = app.get(f"/{work}?queries=20")
            keys = [world["id"] for world in worlds]
            assert len(set(keys)) == 20
            stored = dict(conn.execute("select id, randomnumber from world where id = any(%s)", [keys]).fetchall())
            assert stored == {world["id"]: world["randomNumber"] for world in worlds}


@contextmanager
def applications(uri: str, loop: str) -> Iterator[dict[str, Application]]:
    with howdah.connect(uri, autocommit=True) as conn:
        conn.execute(SETUP)
    with ExitStack() as stack:
        apps = {name: Application(name, uri, loop) for name in APPLICATIONS}
        for app in apps.values():
            stack.callback(app.close)
        for app in apps.values():
            check(app, uri)
        yield apps


Figures = dict[str, dict[str, tuple[float, float]]]  # work → application → requests a second and microseconds of CPU


def measure(uri: str, loop: str, rounds: int, seconds: float) -> Figures:
    found: Figures = {}
    with applications(uri, loop) as apps:
        for work in WORKS:
            samples: dict[str, list[tuple[float, float]]] = {name: [] for name in apps}
            for number in range(rounds + 1):
                for name, app in apps.items():
                    result = uvloop.run(turn(app, f"/{work}?queries=20", seconds if number else 0.3))
                    if number:  # the first is for warming up
                        samples[name].append(result)
            found[work] = {
                name: (statistics.median(rate for rate, _ in taken), statistics.median(cpu for _, cpu in taken))
                for name, taken in samples.items()
            }
    return found


def show(found: Figures) -> None:
    for work, row in found.items():
        for name, (rate, cpu) in row.items():
            ratio = rate / row["asyncpg-serial"][0]
            print(f"20 {work}, {name:15s} {rate:6.0f} requests/s {ratio:6.2f} x, {cpu:6.0f} us of CPU each")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--loop", default="uvloop", choices=["uvloop", "asyncio"])
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    parser.add_argument("--uri", help="a server that is already there")
    options = parser.parse_args()
    with server(options.uri) as uri:
        found = measure(uri, options.loop, options.rounds, options.seconds)
    show(found)
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
