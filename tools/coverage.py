"""Which lines and branches of core/ the C tests and the corpus of the fuzz targets reach, per file.

    python tools/coverage.py BUILD [--floor PERCENT] [--missing PART_OF_A_PATH]

BUILD is a build folder of clang's, with -fprofile-instr-generate -fcoverage-mapping. Runs its tests, prints the
table, and exits with 1 if a decoder of a type family (core/types/) or the core as a whole has fewer of its branches
reached than the floor. --missing lists the branches of the files so named that were taken one way only, or never.

A branch is each way that a condition can go, as llvm-cov counts them; a function in a header has been reached
wherever it was inlined.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "core"
# From the line and column where a condition begins to those where it ends.
Place = tuple[int, int, int, int]


@dataclass
class File:
    lines: dict[int, bool] = field(default_factory=lambda: defaultdict(bool))
    ways: dict[Place, tuple[bool, bool]] = field(default_factory=lambda: defaultdict(lambda: (False, False)))

    def branches(self) -> tuple[int, int]:
        """How many were reached, and how many there are."""
        return sum(true + false for true, false in self.ways.values()), 2 * len(self.ways)


def llvm(name: str) -> str:
    """The program that belongs to the clang in use."""
    return subprocess.check_output(["clang", f"-print-prog-name={name}"], text=True).strip()


def run_tests(build: Path) -> Path:
    """The merged profile of all tests, run anew."""
    profiles = build / "profiles"
    shutil.rmtree(profiles, ignore_errors=True)
    # %m: programs that run at the same time write different files.
    environment = {**os.environ, "LLVM_PROFILE_FILE": f"{profiles}/%m.profraw"}
    meson = [sys.executable, "-m", "mesonbuild.mesonmain", "test", "-C", str(build), "--quiet", "--print-errorlogs"]
    done = subprocess.run(meson, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    merged = build / "all.profdata"
    subprocess.run([llvm("llvm-profdata"), "merge", "-sparse", "-o", merged, *profiles.glob("*.profraw")], check=True)
    return merged


def export(build: Path, profile: Path) -> dict[str, File]:
    """What was reached in each file of the core, keyed by its path from the root of the tree."""
    programs = [path for path in (*build.glob("tests/core/test_*"), *build.glob("fuzz/fuzz_*")) if path.is_file()]
    objects = [part for path in programs[1:] for part in ("-object", path)]
    command = [llvm("llvm-cov"), "export", "-instr-profile", profile, programs[0], *objects]
    data = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["data"][0]
    files: dict[str, File] = defaultdict(File)
    for function in data["functions"]:
        paths = [Path(name).resolve() for name in function["filenames"]]
        for first, column, last, end, *counts in function["branches"]:
            true, false, file = counts[0], counts[1], paths[counts[2]]
            if file.is_relative_to(CORE):
                ways = files[str(file.relative_to(ROOT))].ways
                place = (first, column, last, end)
                seen = ways[place]
                ways[place] = (seen[0] or true > 0, seen[1] or false > 0)
    for entry in data["files"]:
        path = Path(entry["filename"]).resolve()
        if path.is_relative_to(CORE):
            for line, reached in lines_of(entry["segments"]):
                files[str(path.relative_to(ROOT))].lines[line] |= reached
    return files


def lines_of(segments: list[list[int]]) -> Iterator[tuple[int, bool]]:
    """The lines that hold code. A segment is where another count begins: line, column, count, whether it is code."""
    for (line, _, count, counted, *_), after in pairwise(segments):
        if counted:
            for covered in range(line, max(after[0], line + 1)):
                yield covered, count > 0


def percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 100.0


def report(files: dict[str, File], floor: float) -> list[str]:
    """Print the table; the names of what lies under the floor."""
    low = []
    print(f"{'':<28} {'lines':>12} {'':>6} {'branches':>12}")
    totals = [0, 0, 0, 0]
    for name, file in [*sorted(files.items()), ("all of core/", None)]:
        if file is not None:
            counts = [sum(file.lines.values()), len(file.lines), *file.branches()]
            totals = [total + count for total, count in zip(totals, counts, strict=True)]
        else:
            counts = totals
        lines, branches = percent(counts[0], counts[1]), percent(counts[2], counts[3])
        if branches < floor and (file is None or (name.startswith("core/types/") and name.endswith(".c"))):
            low.append(name)
        print(f"{name:<28} {counts[0]:>5} / {counts[1]:<5} {lines:>5.1f} %", end=" ")
        print(f"{counts[2]:>5} / {counts[3]:<5} {branches:>5.1f} %")
    return low


def list_missing(name: str, file: File) -> None:
    source = (ROOT / name).read_text().splitlines()
    for (line, column, last, end), (true, false) in sorted(file.ways.items()):
        if not (true and false):
            never = "never reached" if not (true or false) else f"never {'false' if true else 'true'}"
            condition = source[line - 1][column - 1 : end - 1 if last == line else None]
            print(f"{name}:{line}: {condition}: {never}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Line and branch coverage of core/.")
    parser.add_argument("build", type=Path)
    parser.add_argument("--floor", type=float, default=95.0, help="percent of branches (default: %(default)s)")
    parser.add_argument("--missing", metavar="PART_OF_A_PATH", help="list what was not reached in these files")
    args = parser.parse_args()
    build = args.build.resolve()
    files = export(build, run_tests(build))
    low = report(files, args.floor)
    if args.missing is not None:
        for name, file in sorted(files.items()):
            if args.missing in name:
                list_missing(name, file)
    for name in low:
        print(f"Under {args.floor:g} % of branches: {name}")
    return int(bool(low))


if __name__ == "__main__":
    sys.exit(main())
