"""Install howdah into a fresh environment of every CPython on this machine, and use it there.

    python tools/smoke.py [3.12 ...]

Looks for python3.10 to python3.13 on the PATH and among pyenv's versions. Each environment is made in build-smoke/,
the package is built from the source folder as `pip install .` does, and used from outside that folder; from 3.12 on
in several interpreters at once, too.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import howdah.server

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.10", "3.11", "3.12", "3.13")


def find_python(version: str) -> str | None:
    """A working interpreter of that version. pyenv's shims are on the PATH even when they lead nowhere."""
    pyenv = sorted(Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python{version}"))
    for candidate in (shutil.which(f"python{version}"), *map(str, pyenv)):
        if candidate and subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def smoke(python: str, version: str, dsn: str) -> None:
    folder = ROOT / "build-smoke" / version
    shutil.rmtree(folder, ignore_errors=True)
    run(python, "-m", "venv", folder / "venv")
    installed = folder / "venv" / "bin" / "python"
    run(installed, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", ROOT)
    with tempfile.TemporaryDirectory() as elsewhere:
        programs = ["smoke.py"] if version < "3.12" else ["smoke.py", "isolated/subinterpreters.py"]
        for program in programs:
            copied = shutil.copy(ROOT / "tests" / program, elsewhere)
            run(installed, copied, dsn, cwd=elsewhere)


def run(*command: str | Path, cwd: str | None = None) -> None:
    subprocess.run(command, check=True, cwd=cwd)


def main() -> int:
    failed = False
    with howdah.server.start() as server:
        for version in sys.argv[1:] or VERSIONS:
            python = find_python(version)
            if python is None:
                print(f"CPython {version}: not on this machine", flush=True)
                continue
            began = time.monotonic()
            try:
                smoke(python, version, server.dsn)
            except subprocess.CalledProcessError as error:
                failed = True
                print(f"CPython {version}: {error}", flush=True)
            else:
                print(f"CPython {version}: built, installed and used in {time.monotonic() - began:.0f} s", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
