"""What importing each driver costs, in CPU of fresh interpreters.

    python bench/imports.py [--rounds N]

Printed are medians. The interpreters skip ``site``, and howdah is imported from a copy, because an editable
installation looks for what to rebuild whenever it is imported.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

MODULES = ("howdah", "psycopg", "psycopg2", "asyncpg")
PROGRAM = """\
import sys, time
sys.path.append(sys.argv[2])
began = time.process_time()
__import__(sys.argv[1])
print(time.process_time() - began)
"""


def copy_of_howdah(folder: str) -> str:
    import howdah

    package = Path(folder) / "howdah"
    shutil.copytree(Path(howdah.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    shutil.copy(howdah._howdah.__file__, package)
    return folder


def folder_of(module: str) -> str:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent.parent)


def measure(rounds: int) -> dict[str, float]:
    """Milliseconds."""
    with tempfile.TemporaryDirectory(prefix="howdah-bench-") as folder:
        folders = {name: copy_of_howdah(folder) if name == "howdah" else folder_of(name) for name in MODULES}
        samples: dict[str, list[float]] = {name: [] for name in MODULES}
        for number in range(rounds + 1):
            for name in MODULES:
                command = [sys.executable, "-I", "-S", "-c", PROGRAM, name, folders[name]]
                seconds = float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
                if number:  # the first one compiles
                    samples[name].append(1e3 * seconds)
        return {name: statistics.median(taken) for name, taken in samples.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    found = measure(parser.parse_args().rounds)
    for name, milliseconds in found.items():
        ratio = milliseconds / found["asyncpg"]
        print(f"import {name:9s} {milliseconds:6.1f} ms of CPU, {ratio:.2f} times asyncpg's")
