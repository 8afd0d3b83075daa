"""The package as a DB-API module, its public names, and what importing it costs."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import howdah
from howdah import pq

oracle = pytest.importorskip("psycopg")

UNINITIALISED = Path(__file__).resolve().parents[1] / "isolated/uninitialised.py"


def test_public_names_exist():
    for name in howdah.__all__:
        assert name in vars(howdah)  # real attributes: nothing is made up when asked for


def test_public_names_are_psycopgs():
    modules = {"adapt", "adapters", "errors", "postgres", "pq", "rows", "sql", "types"}
    own = {"Interval", "copy_rows", "execute_values", "install_as_psycopg"}
    assert set(howdah.__all__) - modules - own <= set(oracle.__all__)


@pytest.mark.parametrize("name", ["Connection", "AsyncConnection", "Cursor", "AsyncCursor", "Transaction", "Notify"])
def test_classes_are_where_they_are_imported_from(name):
    assert getattr(howdah, name).__module__ == "howdah"


# Each of them takes longer than most of howdah's own modules; they are imported by what needs them.
COSTLY = {"asyncio", "dataclasses", "decimal", "hashlib", "inspect", "ipaddress", "logging", "pathlib", "socket",
          "ssl", "string", "threading", "traceback", "urllib.parse", "uuid", "zoneinfo"}  # fmt: skip


def test_importing_does_not_import_what_is_costly():
    code = "import sys; before = set(sys.modules); import howdah; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert COSTLY & set(done.stdout.split()) == set()


# Where typing looks at annotations that are strings, as it does for named tuples, it compiles them. The first
# compile() of a process makes the classes of `ast`, which takes longer than most of howdah's own modules.
COMPILES = """
import builtins
def note(source, filename, *args, **kwargs):
    if filename == "<string>":
        print(source)
    return compiled(source, filename, *args, **kwargs)
compiled, builtins.compile = builtins.compile, note
import howdah
"""


def test_importing_compiles_no_strings():
    run = subprocess.run([sys.executable, "-c", COMPILES], check=True, capture_output=True, text=True)
    assert run.stdout == ""


@pytest.mark.parametrize("name", ["apilevel", "threadsafety", "paramstyle"])
def test_dbapi_globals(name):
    assert getattr(howdah, name) == getattr(oracle, name)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("Date", (2024, 2, 29)),
        ("Time", (23, 59, 58)),
        ("Timestamp", (2024, 2, 29, 23, 59, 58)),
        ("DateFromTicks", (1_700_000_000,)),
        ("TimeFromTicks", (1_700_000_000.5,)),
        ("TimestampFromTicks", (1_700_000_000.5,)),
    ],
)
def test_dbapi_constructors(function, arguments):
    ours, theirs = (getattr(module, function)(*arguments) for module in (howdah, oracle))
    assert ours == theirs
    assert type(ours) is type(theirs)


def test_timestamp_from_ticks_knows_its_zone():
    assert howdah.TimestampFromTicks(0).astimezone(dt.timezone.utc) == dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)


def test_binary():
    assert howdah.Binary(b"x").obj == b"x"
    assert repr(howdah.Binary(b"x")) == "Binary(b'x')"
    assert len(repr(howdah.Binary(b"x" * 1000))) < 80


@pytest.mark.parametrize("name", ["BINARY", "DATETIME", "NUMBER", "ROWID", "STRING"])
def test_dbapi_types(name):
    ours, theirs = getattr(howdah, name), getattr(oracle, name)
    oids = range(10000)
    assert [oid for oid in oids if oid == ours] == [oid for oid in oids if oid == theirs]
    assert repr(ours) == f"howdah.{name}"
    assert ours == getattr(howdah, name)
    assert len({ours, ours}) == 1


@pytest.mark.parametrize(
    "name",
    [
        "ConnStatus",
        "DiagnosticField",
        "ExecStatus",
        "Format",
        "Ping",
        "PipelineStatus",
        "PollingStatus",
        "Trace",
        "TransactionStatus",
    ],
)
def test_enumerations_are_libpqs(name):
    ours, theirs = getattr(pq, name), getattr(oracle.pq, name)
    assert {m.name: int(m) for m in ours} == {m.name: int(m) for m in theirs}


def test_isolation_levels():
    assert {m.name: int(m) for m in howdah.IsolationLevel} == {m.name: int(m) for m in oracle.IsolationLevel}


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this interpreter has a GIL")
def test_the_gil_stays_off():
    """In a process of its own: here something else may have turned it on."""
    code = "import sys, howdah, howdah.pool; sys.exit(sys._is_gil_enabled())"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_objects_without_init_do_not_crash():
    done = subprocess.run([sys.executable, UNINITIALISED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-60:]
