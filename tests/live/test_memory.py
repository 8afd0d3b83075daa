"""What large results take: the short form of bench/memory.py, which says how it measures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "bench/memory.py"
EXHAUST = [ROOT / "tests/isolated/no_memory.py", ROOT / "tests/isolated/lane_no_memory.py"]
FORGET = ROOT / "tests/isolated/reimported.py"
# AddressSanitizer would keep what is freed, and it would count.
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb=1"}


def measure(pg, dsn, *args):
    command = [sys.executable, PROGRAM, "--driver", pg.__name__, "--uri", dsn, *args]
    return json.loads(subprocess.run(command, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE).stdout)


def test_streams_are_bounded(pg, dsn):
    found = measure(pg, dsn, "--streams", "--megabytes", "60")
    assert len(found) == 5
    assert max(found.values()) < 30, found


@pytest.mark.parametrize("kind", ["text", "bytea", "sent"])
def test_one_value_costs_in_proportion_to_its_size(pg, dsn, kind):
    """16 times the size may cost 16 times as much; 256 times is what a quadratic growth would cost."""
    small, _ = measure(pg, dsn, "--value", kind, "--megabytes", "4")
    large, _ = measure(pg, dsn, "--value", kind, "--megabytes", "64")
    assert large < 64 * small


@pytest.mark.howdah_only
def test_nothing_stays_when_all_is_forgotten(pg, dsn):
    """Some 17,000 blocks for each import otherwise. So nothing stays of an interpreter that ends, either."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONMALLOC"}  # counts with its own
    command = [sys.executable, FORGET, dsn]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    assert float(done.stdout) < 100


@pytest.mark.howdah_only
@pytest.mark.parametrize("program", EXHAUST, ids=lambda path: path.stem)
def test_memory_that_runs_out(dsn, program):
    pytest.importorskip("_testcapi")
    subprocess.run([sys.executable, program, dsn], check=True)
