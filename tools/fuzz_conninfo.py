"""Compare howdah's reading of connection strings and of what they meet with libpq's: many, from seeds.

usage: fuzz_conninfo.py [--examples N] [--seed N] [--all]

Half of the examples are strings alone, half strings with an environment, service files and password files. The first
difference ends the run with its seed, unless --all counts them. It needs psycopg, whose libpq is the oracle.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import conninfo_probes as probes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--all", action="store_true")
    given = parser.parse_args()
    began = time.monotonic()
    found: Counter[str] = Counter()
    tried = refused = 0
    with tempfile.TemporaryDirectory(prefix="howdah-conninfo-") as name:
        for seed in range(given.seed, given.seed + given.examples):
            random = Random(seed)
            if seed % 2:
                text = probes.mutated(random)
                refused += probes.ours_of(text) is None
                shown = repr(text)
                said = "" if probes.read_alike(text) else f"{probes.theirs_of(text)}, ours {probes.ours_of(text)}"
            else:
                world = probes.world(random)
                with probes.living_in(Path(name), world):
                    outcomes = probes.theirs_in(world), probes.ours_in(world)
                refused += outcomes[1].refused
                shown, said = repr(world), probes.difference(world, *outcomes)
            tried += 1
            if said:
                found[said.partition(":")[0]] += 1
                if found.total() <= 20:
                    print(f"seed {seed}: {shown}\n    {said}")
                if not given.all:
                    return 1
    print(f"{tried} examples, {refused} refused, {found.total()} differences {dict(found) or ''}")
    print(f"{time.monotonic() - began:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
