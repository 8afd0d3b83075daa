"""The text of a server's error, with its line and caret, against libpq's."""

from __future__ import annotations

import random

import pytest

from howdah import errors

psycopg = pytest.importorskip("psycopg")


@pytest.fixture(scope="module")
def oracle(server):
    with psycopg.connect(server.dsn, autocommit=True) as conn:
        yield conn


def check(oracle, query):
    with pytest.raises(psycopg.Error) as caught:
        oracle.execute(query)
    result = caught.value.pgresult
    fields = {
        chr(code): value for code in psycopg.pq.DiagnosticField if (value := result.error_field(code)) is not None
    }
    assert str(errors.from_server(fields, query=query)) == str(caught.value)


@pytest.mark.parametrize(
    "query",
    [
        "select nope",
        "selec 1",
        "select '",
        "select 1 from nope where x = $1",
        "select 1/0",
        "select '{\"a\": bad}'::json",
        "do $$ begin execute 'select nope from x'; end $$",
        "do $$ begin raise exception 'm' using detail = E'd\\n d', hint = 'h', errcode = 'XX999'; end $$",
        "do $$ begin raise exception '  '; end $$",
        "do $$ begin raise exception E'a\\n\\n'; end $$",
        "create temp table t (x int check (x > 0)); insert into t values (0)",
    ],
)
def test_text(oracle, query):
    check(oracle, query)


def test_text_of_long_lines(oracle):
    """Wide characters, tabs, every way to end a line, and places near the ends of the window."""
    rng = random.Random(1)
    for _ in range(400):
        alphabet = ["a", "b", " ", "\t", "\u00e9", "e\u0301", "\u6f22", "\U0001f418"]
        if rng.random() < 0.3:
            alphabet += ["\n", "\r", "\r\n"]

        def junk(alphabet=alphabet):
            return "".join(rng.choices(alphabet, k=rng.randint(0, rng.choice([3, 70]))))

        check(oracle, f"select /*{junk()}*/ 1, nope /*{junk()}*/ {rng.choice(['', 'from nope', chr(39)])}")
