"""Every lesson in examples/ runs as a beginner would run it, and prints what it promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

# What has to be in the output, in this order.
EXPECTED = {
    "bulk_insert.py": ["rows: 20000", "one by one"],
    "connect.py": ["By string: ('anna',)", "By URI: ('anna',)", "By arguments: ('anna',)", "Refused: "],
    "dataframe.py": ["north      2    20.0", "south   25.0  37.5", "1  south  75.0"],
    "etl_csv.py": ["loaded: 5", "Ada    2 orders, 139.90, last on 2024-05-02", "Cleo   1 orders, no amount"],
    "explain.py": ["Without an index:", "Seq Scan on orders", "With an index:", "orders_customer_idx", "rows: 100"],
    "fetch_one.py": ["Ada has 1024.50 since 29 February 2024", "Customer 43: None", "'balance': Decimal('1024.50')"],
    "injection.py": ["DROP TABLE users", "found: []", "users: ['ada', 'bob', \"nobody'"],
    "select_rows.py": ["1 Ada\n3 Cleo", "columns: ['id', 'name']", "rows: 2"],
    "transfer.py": ["('ada', 70), ('bob', 50)", "Refused: new row", "('ada', 70), ('bob', 50)"],
    "with_asyncio.py": ["1 Ada\n3 Cleo", "inactive: ('Bob',)", "still there: 3", "less than 0.6 s: True"],
}


def run(example: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / example, *arguments], capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def assert_in_order(output: str, expected: list[str]) -> None:
    at = 0
    for text in expected:
        assert text in output[at:], output
        at = output.index(text, at) + len(text)


def test_each_example_is_expected() -> None:
    # The demo is not a lesson: it takes its own time, and `make demo` runs it.
    assert {path.name for path in EXAMPLES.glob("*.py")} - {"demo.py"} == set(EXPECTED)


@pytest.mark.parametrize("example", EXPECTED)
def test_example(example: str, dsn: str) -> None:
    if example == "dataframe.py":
        pytest.importorskip("pandas")
    assert_in_order(run(example, dsn), EXPECTED[example])


def test_example_without_a_server() -> None:
    assert_in_order(run("select_rows.py"), EXPECTED["select_rows.py"])


@pytest.mark.parametrize("example", EXPECTED)
def test_example_is_written_for_psycopg(example: str) -> None:
    """The one line that names howdah's API is the import: with psycopg in its place the lesson is the same."""
    lines = (EXAMPLES / example).read_text().splitlines()
    assert "import howdah as psycopg" in lines
    assert "from howdah.server import start" in lines
    for line in lines:
        if "howdah" in line and not line.startswith(("import howdah as psycopg", "from howdah.")):
            pytest.fail(line)
