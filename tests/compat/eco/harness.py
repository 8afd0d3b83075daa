"""Run somebody's test suite in a process of its own, step over crashes and hangs, and score it on a stored list.

The suite's interpreter belongs to a virtual environment without psycopg, where plugin/sitecustomize.py makes the
driver under test psycopg and eco_record.py writes one line for each test that begins or ends. So a run that a crash
ended is resumed behind the test that was running, which counts as failed.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PLUGIN = HERE / "plugin"
RANK = {"passed": 0, "xfailed": 1, "skipped": 2, "xpassed": 3, "failed": 4, "error": 5}
PASSED = ("passed", "xfailed")
STALLED_AFTER = 180.0  # seconds in which no test ends
MOST_RESTARTS = 25
NO_DRIVER = 97  # exit status of plugin/sitecustomize.py when the driver could not be installed
# Start a child Python with a PYTHONPATH of their own, which then knows nothing of the driver.
EXCLUDED = {"postgres_tests.test_integration.PostgresIntegrationTests.test_check"}


@dataclass
class Server:
    """Where the tests' databases are."""

    host: str
    port: int
    user: str = "postgres"
    password: str = ""

    def url(self, database: str, scheme: str = "postgresql", password: str = "") -> str:
        """The database as a URL."""
        secret = f":{password}" if password else ""
        return f"{scheme}://{self.user}{secret}@{self.host}:{self.port}/{database}"

    def recreate(self, database: str, *statements: str) -> None:
        """Make an empty database and execute statements in it. Not with the driver under test: it may be broken."""
        import psycopg

        options: dict[str, Any] = {"host": self.host, "port": self.port, "user": self.user, "autocommit": True}
        if self.password:
            options["password"] = self.password
        with psycopg.connect(dbname="postgres", **options) as conn:
            conn.execute(f'drop database if exists "{database}" with (force)'.encode())
            conn.execute(f'create database "{database}"'.encode())
        with psycopg.connect(dbname=database, **options) as conn:
            for statement in statements:
                conn.execute(statement.encode())


@dataclass
class Suite:
    """One run: what to start, and where."""

    name: str
    command: list[str]
    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    path: list[Path] = field(default_factory=list)  # in front of sys.path, behind the plugin


@dataclass
class Outcomes:
    """What eco_record.py has written."""

    ended: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    running: str | None = None

    @classmethod
    def read(cls, path: Path) -> Outcomes:
        """Of a test that is reported twice, the worse outcome counts."""
        self = cls()
        for line in path.read_text().splitlines() if path.exists() else ():
            try:
                event = json.loads(line)
            except ValueError:  # cut off by a crash
                continue
            name = event["id"]
            if "s" in event:
                self.running = name
                continue
            if RANK[event["o"]] > RANK.get(self.ended.get(name, ""), -1):
                self.ended[name] = event["o"]
                self.messages[name] = event.get("m", "")
            if self.running == name:
                self.running = None
        return self


def run(suite: Suite, options: argparse.Namespace) -> tuple[Outcomes, list[str], float]:
    """Run a suite to its end. Returns the outcomes, what went wrong on the way, and how many seconds it took."""
    out = Path(options.out)
    events = out / f"{suite.name}.jsonl"
    stamp = out / f"{suite.name}.driver.json"
    if not options.resume:
        events.unlink(missing_ok=True)
    stamp.unlink(missing_ok=True)
    env = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    env |= {"DRIVER_MODULE": options.driver, "ECO_RESULTS": str(events), "ECO_STAMP": str(stamp)}
    env |= {"PYTHONFAULTHANDLER": "1", "PYTHONDONTWRITEBYTECODE": "1", "DRIVER_PATH": options.pythonpath}
    env |= {"PYTHONPATH": os.pathsep.join(map(str, [PLUGIN, *suite.path]))} | suite.env
    if options.only_failing:
        only = out / f"{suite.name}.only.json"
        failing = json.loads(Path(options.only_failing).read_text())["failing"]
        only.write_text(json.dumps([test["id"] for test in failing]))
        env["ECO_ONLY"] = str(only)
    notes: list[str] = []
    began = time.monotonic()
    with (out / f"{suite.name}.log").open("w") as log:
        while True:
            status, stalled = _process(suite, env, events, log.fileno())
            if status == NO_DRIVER:
                sys.exit(f"{Path(log.name).read_text()[-3000:]}\nthe driver could not be loaded: nothing was run")
            outcomes = Outcomes.read(events)
            if status >= 0 or outcomes.running is None or len(notes) == MOST_RESTARTS:
                if status < 0:
                    notes.append(f"ended by signal {-status}")
                return outcomes, notes, time.monotonic() - began
            what = "hang" if stalled else f"crash (signal {-status})"
            notes.append(f"{what} in {outcomes.running}")
            print(f"  {notes[-1]}; going on", flush=True)
            with events.open("a") as file:
                file.write(json.dumps({"id": outcomes.running, "o": "error", "m": what}) + "\n")


def _process(suite: Suite, env: dict[str, str], events: Path, log: int) -> tuple[int, bool]:
    """One process of the suite: its exit status, and whether it had to be ended since it stood still."""
    process = subprocess.Popen(
        suite.command,
        cwd=suite.folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    size, changed = -1, time.monotonic()
    try:
        while process.poll() is None:
            time.sleep(0.2)
            now = events.stat().st_size if events.exists() else 0
            if now != size:
                size, changed = now, time.monotonic()
            elif time.monotonic() - changed > STALLED_AFTER:
                os.killpg(process.pid, signal.SIGABRT)  # faulthandler shows the stacks
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return -signal.SIGABRT, True
        return process.returncode, False
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def score(suite: Suite, options: argparse.Namespace) -> bool:
    """Run a suite and print how many of the tests that pass with psycopg pass. Whether those are enough."""
    outcomes, notes, seconds = run(suite, options)
    out = Path(options.out)
    log = out / f"{suite.name}.log"
    stamp = out / f"{suite.name}.driver.json"
    driver = json.loads(stamp.read_text()) if stamp.exists() else {}
    counts = dict(collections.Counter(outcomes.ended.values()))
    passing = sorted(name for name, outcome in outcomes.ended.items() if outcome in PASSED and name not in EXCLUDED)
    baseline = HERE / f"baseline_{suite.name}.json.gz"
    if options.write_baseline:
        if options.driver != "psycopg":
            sys.exit("--write-baseline is for --driver psycopg")
        others = {
            name: [outcome, outcomes.messages[name][-400:]]
            for name, outcome in sorted(outcomes.ended.items())
            if outcome not in PASSED and outcome != "skipped"
        }
        document = {
            "suite": suite.name,
            "driver": driver,
            "counts": counts,
            "passing": passing,
            "not_passing": others,
        }
        baseline.write_bytes(gzip.compress(json.dumps(document).encode(), mtime=0))
    wanted = json.loads(gzip.decompress(baseline.read_bytes()))["passing"]
    if options.only_failing:
        only = set(json.loads((out / f"{suite.name}.only.json").read_text()))
        wanted = [name for name in wanted if name in only]
    failing = [name for name in wanted if outcomes.ended.get(name) not in PASSED]
    beside = set(outcomes.ended) - set(wanted)
    result = {
        "suite": suite.name,
        "driver": driver,
        "seconds": round(seconds, 1),
        "counts": counts,
        "notes": notes,
        "failing": [
            {
                "id": name,
                "outcome": outcomes.ended.get(name, "not run"),
                "why": outcomes.messages.get(name, "")[-1200:],
            }
            for name in failing
        ],
        "failing_beside": sorted(name for name in beside if outcomes.ended[name] in ("failed", "error")),
    }
    (out / f"{suite.name}.result.json").write_text(json.dumps(result, indent=1))
    print(f"driver: {driver}")
    print(f"{suite.name}: {counts} in {seconds:.0f} s; log {log}")
    for note in notes:
        print("  note:", note)
    for name in failing[:10]:
        print(f"  {outcomes.ended.get(name, 'not run')}: {name}")
    if failing:
        print(f"  all with their reasons: {out / suite.name}.result.json")
    if not outcomes.ended:
        print(log.read_text()[-3000:])
    good = len(wanted) - len(failing)
    share = 100 * good / len(wanted) if wanted else 0.0
    print(f"{good} of {len(wanted)} baseline-passing tests pass ({share:.2f} %)", flush=True)
    return bool(wanted) and share >= options.target
