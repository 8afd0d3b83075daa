"""Search the fuzz targets for inputs that crash them or break what they check, and keep those that reach new code.

    python tools/fuzz.py BUILD [--runs N | --cpu-minutes M] [--only NAME ...]

BUILD is a build folder with -Dfuzzing=true. Each target runs N times, and the target of the types N times for each
family; or until all searches together have used M minutes of processor time for it, which the families of the types
share and BUILD/cpu-seconds.json adds up. What a search found stays in BUILD/corpus, where the next goes on from;
inputs that reach what no committed one does are added to fuzz/corpus. Prints a line per target, and exits with 1 if
one failed: the input is then in BUILD/failed, and `BUILD/fuzz/fuzz_<room> FILE` runs it again.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

SLICE = 120  # seconds of a search by processor time, after which what was used is noted
CORPUS = Path(__file__).resolve().parent.parent / "fuzz" / "corpus"


@dataclass(frozen=True)
class Target:
    program: Path
    room: str
    family: str = ""

    @property
    def name(self) -> str:
        return f"{self.room}-{self.family}" if self.family else self.room


def find_targets(build: Path) -> list[Target]:
    targets = []
    for folder in sorted(path for path in CORPUS.iterdir() if path.is_dir()):
        program = build / "fuzz" / f"fuzz_{folder.name}"
        if folder.name != "types":
            targets.append(Target(program, folder.name))
            continue
        families = subprocess.run([program, "--families"], check=True, capture_output=True, text=True).stdout
        targets += [Target(program, folder.name, family) for family in families.split()]
    return targets


def search(target: Target, build: Path, limit: str) -> str | None:
    """Run the target up to libFuzzer's limit; a line of figures, or None after a failure, whose end is printed."""
    own, failed = build / "corpus" / target.name, build / "failed"
    own.mkdir(parents=True, exist_ok=True)
    failed.mkdir(exist_ok=True)
    # --... is for the target, -... for libFuzzer.
    command: list[str | Path] = [
        target.program,
        limit,
        "-print_final_stats=1",
        f"-artifact_prefix={failed}/{target.name}-",
        own,
        CORPUS / target.room,
    ]
    if target.family:
        command.append(f"--family={target.family}")
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    seconds = time.monotonic() - began
    if done.returncode != 0:
        print(f"{target.name} failed:\n{done.stderr[-4000:]}", flush=True)
        return None
    executed = int(re.findall(r"number_of_executed_units: (\d+)", done.stderr)[0])
    return f"{target.name:<22} {executed:>11,} executions {executed / seconds:>10,.0f} / s"


def search_for(target: Target, build: Path, seconds: float) -> str | None:
    """The same, until the target has had so much processor time, today's and earlier searches' together."""
    noted = build / "cpu-seconds.json"
    while True:
        used: dict[str, float] = json.loads(noted.read_text()) if noted.exists() else {}
        had = used.get(target.name, 0)
        if had >= seconds:
            return f"{target.name:<22} {had / 60:>11,.0f} minutes of processor time"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        if search(target, build, f"-max_total_time={SLICE}") is None:
            return None
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used[target.name] = had + after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        noted.write_text(json.dumps(used, indent=1))


def keep(target: Target, build: Path) -> int:
    """Add to the committed corpus what reaches new edges; how many inputs that were."""
    committed = CORPUS / target.room
    before = set(committed.iterdir())
    # Without its counters libFuzzer tells inputs apart by the edges they reach, and not by how often.
    command = [target.program, "-merge=1", "-use_counters=0", committed, build / "corpus" / target.name]
    subprocess.run(command, check=True, capture_output=True)
    new = set(committed.iterdir()) - before
    for path in new:
        path.rename(committed / f"{target.family or 'found'}-{path.name[:12]}")
    return len(new)


def main() -> int:
    parser = argparse.ArgumentParser(description="Search the fuzz targets.")
    parser.add_argument("build", type=Path)
    parser.add_argument("--runs", type=int, default=20_000, help="executions of each (default: %(default)s)")
    parser.add_argument("--cpu-minutes", type=float, help="processor time of each instead, over all searches")
    parser.add_argument("--only", nargs="+", default=[""], metavar="NAME", help="targets whose name begins like that")
    args = parser.parse_args()
    build = args.build.resolve()
    failures = 0
    targets = find_targets(build)
    for target in targets:
        if not target.name.startswith(tuple(args.only)):
            continue
        if args.cpu_minutes is None:
            line = search(target, build, f"-runs={args.runs}")
        else:
            sharing = sum(other.room == target.room for other in targets)
            line = search_for(target, build, args.cpu_minutes * 60 / sharing)
        if line is None:
            failures += 1
        else:
            print(f"{line}, {keep(target, build)} inputs added", flush=True)
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
