"""Says which of psycopg's tests fail, by cause, and checks the table of docs/differences.md.

    python tests/compat/psycopg/explain.py result.json     of run.py --json

Exit status 1 if a failing test has no explanation, an explanation no failing test, or a number is not true.
"""

from __future__ import annotations

import fnmatch
import json
import pathlib
import re
import sys
from collections import Counter

DIFFERENCES = pathlib.Path(__file__).resolve().parents[3] / "docs" / "differences.md"
HEADING = "## Tests of psycopg's that fail on purpose"


def rows(text: str) -> list[tuple[int, list[str]]]:
    """The count and the patterns of each row of the table."""
    found = []
    for line in text.partition(HEADING)[2].splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 3 and cells[0].isdigit():
            found.append((int(cells[0]), re.findall(r"`([^`]+)`", cells[1])))
    return found


def matches(test: str, pattern: str) -> bool:
    """`pool/test_x::test_y` means all its parameters; with `[...]`, those; a `*` in it means anything."""
    test = test.removeprefix("tests/").replace(".py::", "::")
    if "[" not in pattern:
        test = test.partition("[")[0]
    return fnmatch.fnmatchcase(test, pattern.replace("[", "[[]"))


def main() -> int:
    result = json.loads(pathlib.Path(sys.argv[1]).read_text())
    failing = [test for test, one in result["tests"].items() if one["outcome"] != "passed"]
    table = rows(DIFFERENCES.read_text())
    wrong = []
    explained: Counter[str] = Counter()
    for count, patterns in table:
        hit = {test for test in failing for pattern in patterns if matches(test, pattern)}
        wrong += [f"no failing test: {p}" for p in patterns if not any(matches(test, p) for test in failing)]
        explained.update(hit)
        if len(hit) != count:
            wrong.append(f"{count} are {len(hit)}: {' '.join(patterns)}")
    wrong += [f"not explained: {test}" for test in failing if not explained[test]]
    wrong += [f"explained twice: {test}" for test, times in explained.items() if times > 1]
    print("\n".join(wrong))
    print(f"{result['passed']} of {result['total']} pass, {len(failing)} fail, {len(explained)} of them explained")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
