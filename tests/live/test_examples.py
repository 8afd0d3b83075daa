"""Every lesson in examples/ runs as a beginner would run it, and prints what it promises."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
README = EXAMPLES.parent / "README.md"

# What has to be in the output, in this order.
EXPECTED = {
    "bulk_insert.py": ["rows: 20000", "one by one"],
    "connect.py": ["By string: ('anna',)", "By URI: ('anna',)", "By arguments: ('anna',)", "Refused: "],
    "copy_types.py": [
        "COPY 50000",
        "COPY 50000",
        "('00000000-0000-0000-0000-000000000000', '2024-02-29 12:00:00+00', '0', '{0,0}')",
        "(UUID('00000000-0000-0000-0000-000000000000'), datetime.datetime(2024, 2, 29, 12, 0, tz",
        "Decimal('0'), [0, 0])",
        "bytes of CSV: ",
        "cancelled: out of peanuts",
        "rows: 100000",
    ],
    "dataframe.py": ["north      2    20.0", "south   25.0  37.5", "1  south  75.0"],
    "django_model.py": [
        "Hathi likes salt",
        "on average 3325.25",
        "Refused: duplicate key",
        "Hathi still has 4150.5 kg",
    ],
    "etl_csv.py": ["loaded: 5", "Ada    2 orders, 139.90, last on 2024-05-02", "Cleo   1 orders, no amount"],
    "explain.py": ["Without an index:", "Seq Scan on orders", "With an index:", "orders_customer_idx", "rows: 100"],
    "fastapi_app.py": ["{'id': 1, 'text': 'buy peanuts'}", "Not Found", "409", "already exists"],
    "fetch_one.py": ["Ada has 1024.50 since 29 February 2024", "Customer 43: None", "'balance': Decimal('1024.50')"],
    "injection.py": ["DROP TABLE users", "found: []", "users: ['ada', 'bob', \"nobody'"],
    "least_privilege.py": [
        "done:    INSERT",
        "done:    SELECT id, customer FROM lesson_shop.orders -> [(1, 'ada'), (2, 'bob')]",
        "refused: SELECT card",
        "refused: DELETE",
        "refused: DROP",
        "refused: CREATE",
        "refused: COPY",
    ],
    "notify.py": ["lesson_jobs {'job': 'wash'}", "lesson_jobs {'job': 'ride'}", "more: []"],
    "peewee_models.py": ["Jumbo 1860", "Hathi 1894", "['Jumbo the Great']"],
    "pipeline.py": ["1000 updates: ", "sum: 2000", "count: 100", "failed: division by zero", "still there: 100"],
    "read_sql.py": ["rows written: 5", "2024-02-29  Pune  NaN", "sum of the pieces: 31250125000"],
    "rotating_password.py": ["password 1 asked for 127.0.0.1", "('app',)", "password 3 asked for https://"],
    "select_rows.py": ["1 Ada\n3 Cleo", "columns: ['id', 'name']", "rows: 2"],
    "sqlalchemy_async.py": ["Kipling ['Kim', 'The Jungle Book']", "Orwell ['Shooting an Elephant']", "books: 3"],
    "transfer.py": ["('ada', 70), ('bob', 50)", "Refused: new row", "('ada', 70), ('bob', 50)"],
    "web_request.py": ["(201, 'order 1')", "(409, ", "(404, ", "sold: 7", "refused: 13", "used: 4", "left: 0"],
    "with_asyncio.py": ["1 Ada\n3 Cleo", "inactive: ('Bob',)", "still there: 3", "less than 0.6 s: True"],
}

# What lessons need beside howdah.
LIBRARIES = {
    "dataframe.py": ["pandas"],
    "django_model.py": ["django"],
    "fastapi_app.py": ["fastapi", "httpx2"],
    "peewee_models.py": ["peewee"],
    "read_sql.py": ["pandas", "sqlalchemy"],
    "sqlalchemy_async.py": ["sqlalchemy", "greenlet"],
}


def run(example: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / example, *arguments], capture_output=True, text=True, timeout=250
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
    for library in LIBRARIES.get(example, []):
        if find_spec(library) is None:
            pytest.skip(f"the lesson needs {library}")
    assert_in_order(run(example, dsn), EXPECTED[example])


def test_first_query_of_the_readme() -> None:
    code = README.read_text().partition("## The first query")[2].partition("```python")[2].partition("```")[0]
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=250)
    assert (done.stdout, done.stderr) == ("1 Ada\n", "")


def test_example_without_a_server() -> None:
    assert_in_order(run("select_rows.py"), EXPECTED["select_rows.py"])


@pytest.mark.parametrize("example", EXPECTED)
def test_example_is_written_for_psycopg(example: str) -> None:
    """Only imports name howdah: with psycopg in its place the lesson is the same.

    Or howdah takes psycopg's place, for a library that imports it.
    """
    lines = (EXAMPLES / example).read_text().splitlines()
    assert "from howdah.server import start" in lines
    if "howdah.install_as_psycopg()" in lines:
        assert "import howdah" in lines
        return
    assert "import howdah as psycopg" in lines
    for line in lines:
        if "howdah" in line and not line.startswith(("import howdah as psycopg", "from howdah")):
            pytest.fail(line)
