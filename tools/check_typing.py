"""Has mypy and pyright check the typed program in strict mode, and compares what they reveal with its comments.

    python tools/check_typing.py

pyright is basedpyright's: the same checker, in a wheel that brings its Node.js along.
"""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "tests/typing/program.py"


def simple(text: str) -> str:
    """A type without the modules of its names."""
    return re.sub(r"\b[a-z_]+\.(?=\w)", "", text)


def by_mypy(folder: pathlib.Path) -> tuple[dict[int, str], list[str]]:
    """What is revealed in each line, and the complaints."""
    command = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={folder / 'cache'}", str(PROGRAM)]
    out = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    revealed, complaints = {}, [out.stderr] if out.stderr else []
    for line in out.stdout.splitlines():
        if found := re.search(r':(\d+): note: Revealed type is "(.*)"', line):
            revealed[int(found[1])] = simple(found[2])
        elif ": error:" in line:
            complaints.append(line)
    return revealed, complaints


def by_pyright(folder: pathlib.Path) -> tuple[dict[int, str], list[str]]:
    """The same."""
    settings = folder / "pyrightconfig.json"
    settings.write_text(
        json.dumps({"typeCheckingMode": "strict", "extraPaths": [str(ROOT / "src")], "include": [str(PROGRAM)]})
    )
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--project", str(settings)]
    command += ["--pythonpath", sys.executable]
    out = subprocess.run(command, capture_output=True, text=True, check=False)
    revealed, complaints = {}, [out.stderr] if out.stderr else []
    for found in json.loads(out.stdout)["generalDiagnostics"]:
        line = found["range"]["start"]["line"] + 1
        if kind := re.fullmatch(r'Type of ".*" is "(.*)"', found["message"], re.DOTALL):
            revealed[line] = simple(kind[1])
        else:
            complaints.append(f"{PROGRAM}:{line}: {found['severity']}: {found['message']}")
    return revealed, complaints


def expected() -> dict[int, str]:
    """The comments of the program."""
    lines = enumerate(PROGRAM.read_text().splitlines(), 1)
    return {number: line.partition(")  # ")[2] for number, line in lines if line.lstrip().startswith("reveal_type(")}


def main() -> int:
    wanted = expected()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name, check in (("mypy", by_mypy), ("pyright", by_pyright)):
            revealed, complaints = check(pathlib.Path(folder))
            for number in sorted(wanted.keys() | revealed.keys()):
                if wanted.get(number) != revealed.get(number):
                    complaints.append(
                        f"{PROGRAM}:{number}: {wanted.get(number)} expected, {revealed.get(number)} revealed"
                    )
            print(f"{name}: {len(wanted)} types revealed, {len(complaints)} complaints")
            for complaint in complaints:
                print(f"  {complaint}")
            failed = failed or bool(complaints)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
