"""How each project's suite is started, and what it needs before."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from harness import PLUGIN, Server, Suite

VARIANTS = {"sqlalchemy": ["psycopg", "psycopg_async"], "django": ["client", "server", "pool"]}
SUBSETS = {"sqlalchemy": ["quick", "core", "cancel"], "django": ["small", "core"]}

SQLALCHEMY = {
    "quick": """test/dialect/test_suite.py test/dialect/postgresql/test_dialect.py
        test/dialect/postgresql/test_query.py test/dialect/postgresql/test_reflection.py
        test/dialect/postgresql/test_on_conflict.py test/dialect/postgresql/test_async_pg.py
        test/engine/test_reconnect.py test/engine/test_transaction.py test/engine/test_execute.py
        test/sql/test_resultset.py test/sql/test_returning.py""",
    "core": "test/dialect/postgresql test/dialect/test_suite.py test/engine test/sql test/ext",
    "cancel": "test/ext/asyncio/test_cancellation.py",
}
DJANGO = {
    "small": """backends postgres_tests queries transactions transaction_hooks basic bulk_create db_functions
        model_fields expressions inspectdb introspection select_for_update prefetch_related
        raw_query datatypes timezones async db_utils""",
    "core": """backends postgres_tests queries aggregation aggregation_regress annotations transactions
        transaction_hooks basic bulk_create db_functions model_fields expressions expressions_case
        expressions_window inspectdb introspection select_for_update prefetch_related raw_query
        datatypes dates datetimes timezones lookup get_or_create update delete constraints schema
        indexes db_utils db_typecasts from_db_value custom_pk defer distinct_on_fields
        queryset_pickle async composite_pk nested_foreign_keys null_queries or_lookups ordering
        string_lookup select_related migrations cache sessions_tests serializers""",
}

# Django's models want ICU collations: a server that was built without ICU gets stand-ins of these names.
COLLATIONS = """do $$ declare c text; begin
    foreach c in array array['sv-x-icu','en-x-icu','de-x-icu','und-x-icu','sv-SE-x-icu'] loop
        if not exists (select from pg_collation where collname = c) then
            execute format('create collation %I (provider=builtin, locale=''C.UTF-8'')', c);
        end if;
    end loop;
end $$"""

PYTEST = ["-m", "pytest", "-p", "eco_record", "-p", "no:cacheprovider", "-q", "-o", "addopts="]


def _ask(options: argparse.Namespace, code: str) -> str:
    """What the suites' interpreter prints."""
    return subprocess.run([options.python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def installed(distribution: str, options: argparse.Namespace) -> str:
    """The version in the suites' environment."""
    return _ask(options, f"import importlib.metadata as m; print(m.version({distribution!r}))")


def sqlalchemy(source: Path, server: Server, options: argparse.Namespace) -> Suite:
    """SQLAlchemy's tests with the dialect postgresql+psycopg."""
    text = (source / "lib/sqlalchemy/__init__.py").read_text()
    version = installed("sqlalchemy", options)
    if f'__version__ = "{version}"' not in text:
        sys.exit(f"{source} is not SQLAlchemy {version}, which is installed")
    name = f"sqlalchemy_{options.variant}_{options.subset}"
    server.recreate(
        name,
        "create extension citext",
        "create extension hstore",
        "create schema test_schema",
        "create schema test_schema_2",
        f"alter database {name} set default_text_search_config = 'pg_catalog.english'",
    )
    # The suite's tests of several hosts want a password in the URL, whether or not it is asked for.
    url = server.url(name, f"postgresql+{options.variant}", server.password or "unused")
    cancel = "test/ext/asyncio/test_cancellation.py"
    command = [options.python, *PYTEST[:-2], "--maxfail=1000000", "--timeout=120", f"--dburi={url}", "--backend-only"]
    command += [] if options.subset == "cancel" else [f"--ignore={cancel}"]
    command += [*SQLALCHEMY[options.subset].split(), *options.arguments]
    return Suite(name, command, source, {"PYTHONNOUSERSITE": "1"})


def django(source: Path, server: Server, options: argparse.Namespace) -> Suite:
    """Django's tests with its backend for PostgreSQL, which makes the databases by itself."""
    server.recreate("eco_django_template", COLLATIONS)
    env = {"ECO_DB_URL": server.url("eco_django", password=server.password), "ECO_DJ_MODE": options.variant}
    env |= {"ECO_DJ_TEMPLATE": "eco_django_template", "DJANGO_SETTINGS_MODULE": "eco_dj_settings"}
    command = [options.python, "-W", "ignore::DeprecationWarning", "runtests.py", "--settings=eco_dj_settings"]
    command += ["--parallel=1", "--noinput", "-v1", *(options.arguments or DJANGO[options.subset].split())]
    return Suite(f"django_{options.variant}_{options.subset}", command, source / "tests", env, [source])


def peewee(source: Path, server: Server, options: argparse.Namespace) -> Suite:
    """Peewee's tests that use a database, on the backend psycopg3. The database's name is theirs."""
    server.recreate("peewee_test", "create extension hstore")
    env = {"PEEWEE_TEST_BACKEND": "psycopg3"}
    for name, value in (("HOST", server.host), ("PORT", str(server.port)), ("USER", server.user)):
        env |= {f"PEEWEE_PSQL_{name}": value, f"PG{name}": value}
    if server.password:
        env |= {"PEEWEE_PSQL_PASSWORD": server.password, "PGPASSWORD": server.password}
    return Suite("peewee_psycopg3", [options.python, "-m", "eco_peewee"], source, env, [source])


def pandas(server: Server, options: argparse.Namespace) -> Suite:
    """Those of pandas' SQL tests that its wheel has for psycopg2, with psycopg's URL and `importorskip`."""
    server.recreate("eco_pandas")
    folder = Path(options.out) / "pandas"
    folder.mkdir(exist_ok=True)
    # The wheel has no data files. The tests look at the shape, the first row, and at eight rows of setosa 5.1.
    iris = ["SepalLength,SepalWidth,PetalLength,PetalWidth,Name", "5.1,3.5,1.4,0.2,Iris-setosa"]
    for i in range(1, 150):
        length = 5.1 if i < 8 else 4.3 + (i * 7 % 30) / 10 + (0.05 if i < 50 else 0)
        sizes = f"{length:.2f},{2 + i * 3 % 24 / 10:.1f},{1 + i * 5 % 59 / 10:.1f},{0.1 + i % 24 / 10:.1f}"
        iris.append(f"{sizes},Iris-{('setosa', 'versicolor', 'virginica')[i // 50]}")
    (folder / "iris.csv").write_text("\n".join(iris) + "\n")
    tests = Path(_ask(options, "import pandas; print(pandas.__path__[0])")) / "tests/io/test_sql.py"
    text = tests.read_text()
    for old, new in (
        (
            '"postgresql+psycopg2://postgres:postgres@localhost:5432/pandas"',
            repr(server.url("eco_pandas", "postgresql+psycopg", server.password)),
        ),
        ('datapath("io", "data", "csv", "iris.csv")', repr(str(folder / "iris.csv"))),
    ):
        if text.count(old) != 1:
            sys.exit(f"{tests} is no longer what it was: {old!r} is there {text.count(old)} times")
        text = text.replace(old, new)
    text = re.sub(r'importorskip\("psycopg2"\)', 'importorskip("psycopg")', text)
    (folder / "test_sql_psycopg.py").write_text(text)
    markers = "".join(f"    {name}\n" for name in "single_cpu slow network db clipboard arm_slow skip_ubsan".split())
    (folder / "pytest.ini").write_text(f"[pytest]\nmarkers =\n{markers}")
    names = "postgresql_psycopg2 or test_psycopg2_schema_support or test_self_join_date_columns or postgres"
    command = [options.python, *PYTEST, "-p", "pandas.conftest", "--timeout=120", "-k", names, "-m", "not network"]
    return Suite("pandas_psycopg", [*command, *options.arguments, "test_sql_psycopg.py"], folder)


def fastapi(server: Server, options: argparse.Namespace) -> Suite:
    """An application with pools and SQLAlchemy under uvicorn."""
    server.recreate("eco_fastapi")
    command = [options.python, *PYTEST, "--timeout=150", f"--rootdir={PLUGIN}", "-c", "/dev/null"]
    command += [*options.arguments, str(PLUGIN / "eco_fastapi_check.py")]
    return Suite(
        "fastapi", command, Path(options.out), {"ECO_DB_URL": server.url("eco_fastapi", password=server.password)}
    )
