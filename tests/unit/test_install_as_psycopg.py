"""`howdah.install_as_psycopg()`, each time in an interpreter of its own."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import textwrap

import pytest

import howdah


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_modules_are_howdahs():
    run(
        """
        import howdah
        howdah.install_as_psycopg()
        import psycopg, psycopg.types.json
        from psycopg.rows import dict_row
        assert psycopg.Connection is howdah.Connection
        assert psycopg.types.json.Jsonb is howdah.types.json.Jsonb
        assert psycopg.errors.UniqueViolation is howdah.errors.UniqueViolation
        assert psycopg.sql.SQL is howdah.sql.SQL and psycopg.__dict__["sql"] is psycopg.sql
        assert psycopg.__version__.startswith("3.3.") and howdah.__version__ != psycopg.__version__
        assert psycopg.pq.__impl__ == "binary" and howdah.pq.__impl__ == "howdah"
        """
    )


def test_classes_say_that_they_are_psycopgs():
    run(
        """
        import howdah
        howdah.install_as_psycopg()
        import psycopg
        assert psycopg.__name__ == "psycopg" and psycopg.types.range.__name__ == "psycopg.types.range"
        assert psycopg.Connection.__module__ == "psycopg"
        assert psycopg.errors.UniqueViolation.__module__ == "psycopg.errors"
        assert psycopg.adapt.PyFormat.__module__ == "psycopg.adapt"
        assert psycopg.rows.dict_row.__module__ == "psycopg.rows"
        assert not hasattr(psycopg, "_psycopg")
        """
    )


def test_no_module_of_psycopg_holds_one_of_howdah():
    out = run(
        """
        import howdah
        howdah.install_as_psycopg()
        import sys, types
        for name, module in list(sys.modules.items()):
            if name.split(".")[0] == "psycopg":
                for attribute, value in vars(module).items():
                    if isinstance(value, types.ModuleType) and value.__name__.split(".")[0] == "howdah":
                        print(name, attribute, value.__name__)
        """
    )
    assert out == ""


def test_errors_are_pickled_under_either_name():
    run(
        """
        import pickle, howdah
        before = pickle.dumps(howdah.errors.UniqueViolation("twice"))
        howdah.install_as_psycopg()
        after = pickle.dumps(howdah.errors.UniqueViolation("twice"))
        assert b"psycopg.errors" in after and b"howdah.errors" in before
        for data in (before, after):
            error = pickle.loads(data)
            assert type(error) is howdah.errors.UniqueViolation and error.args == ("twice",)
        """
    )


def test_it_wins_over_an_installed_psycopg_and_may_be_repeated(tmp_path):
    package = tmp_path / "psycopg"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('the installed one')")
    run(
        f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        import howdah
        howdah.install_as_psycopg()
        import psycopg
        before = vars(psycopg).copy()
        howdah.install_as_psycopg()
        assert sys.modules["psycopg"] is psycopg and vars(psycopg) == before
        assert len([f for f in sys.meta_path if type(f).__name__ == "Finder" and "howdah" in type(f).__module__]) == 1
        """
    )


def test_it_refuses_when_psycopg_was_imported_already(tmp_path):
    package = tmp_path / "psycopg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    run(
        f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        import psycopg, howdah
        try:
            howdah.install_as_psycopg()
        except ImportError as error:
            assert {str(tmp_path)!r} in str(error) and "install_as_psycopg() before" in str(error)
        else:
            raise AssertionError("not refused")
        assert howdah.Connection.__module__ == "howdah"
        """
    )


def test_importing_howdah_changes_nothing():
    run(
        """
        import sys
        hooks = list(sys.meta_path)
        import howdah
        assert not [name for name in sys.modules if name.split(".")[0] == "psycopg"]
        assert [hook for hook in sys.meta_path if hook not in hooks and "howdah._psycopg" in repr(hook)] == []
        """
    )


def test_import_hooks_fire_and_modules_run_once():
    out = run(
        """
        import importlib.util, sys

        class Hook:
            busy = False
            def find_spec(self, name, path=None, target=None):
                if name.split(".")[0] != "psycopg" or self.busy:
                    return None
                self.busy = True
                try:
                    spec = importlib.util.find_spec(name)
                finally:
                    self.busy = False
                print(name)
                return spec

        sys.meta_path.insert(0, Hook())
        import howdah
        howdah.install_as_psycopg()
        import psycopg.errors
        assert psycopg.__spec__.name == "psycopg" and importlib.util.find_spec("psycopg.errors") is not None
        """
    )
    names = out.split()
    assert {"psycopg", "psycopg.errors", "psycopg.types.json"} <= set(names)
    assert len(names) == len(set(names))


def test_a_module_that_psycopg_has_not_got():
    run(
        """
        import howdah
        howdah.install_as_psycopg()
        for name in ("psycopg.nothing", "psycopg.types.nothing", "psycopg.errors.nothing", "psycopg._install"):
            try:
                __import__(name)
            except ModuleNotFoundError as error:
                assert error.name == name
            else:
                raise AssertionError(name)
        """
    )


def test_the_metadata_of_a_distribution():
    run(
        """
        import importlib.metadata, howdah
        howdah.install_as_psycopg()
        import psycopg, psycopg_pool
        assert importlib.metadata.version("psycopg") == psycopg.__version__
        assert importlib.metadata.version("psycopg_pool") == psycopg_pool.__version__ == "3.3.3"
        assert importlib.metadata.metadata("psycopg")["Name"] == "psycopg"
        assert any(d.metadata["Name"] == "psycopg" for d in importlib.metadata.distributions())
        assert importlib.metadata.version("pytest")
        """
    )


def test_who_listens_to_psycopgs_logger_hears_of_howdah():
    run(
        """
        import logging, howdah
        howdah.install_as_psycopg()
        heard = []
        handler = logging.Handler()
        handler.emit = heard.append
        logging.getLogger("psycopg").addHandler(handler)
        logging.getLogger("howdah").warning("hello")
        assert [record.getMessage() for record in heard] == ["hello"]
        """
    )


@pytest.mark.parametrize(
    "name",
    [
        "_cmodule",
        "_oids",
        "_encodings",
        "_conninfo_utils",
        "crdb",
        "generators",
        "waiting",
        "pq._debug",
        "pq.abc",
        "dbapi20",
        "errors",
    ],
)
def test_modules_that_programs_import(name):
    run(f"import howdah; howdah.install_as_psycopg(); import psycopg.{name}")


def test_names_that_psycopg_has_in_other_modules():
    run(
        """
        import howdah
        howdah.install_as_psycopg()
        import psycopg
        assert psycopg.raw_cursor.RawServerCursor is howdah.RawServerCursor
        assert psycopg.raw_cursor.RawCursor is howdah.RawCursor
        assert psycopg.transaction.AsyncTransaction is howdah.AsyncTransaction
        assert psycopg.dbapi20.Binary is howdah.Binary
        assert {"RawCursor", "RawServerCursor"} <= set(psycopg.raw_cursor.__all__)
        assert issubclass(psycopg.errors.get_base_exception("23505"), psycopg.Error)
        """
    )


# ---- programs that cannot be edited

PROGRAM = """
import os, subprocess, sys
import psycopg, psycopg.types.json
from psycopg_pool import ConnectionPool
import howdah
assert psycopg.Connection is howdah.Connection and ConnectionPool is howdah.pool.ConnectionPool
assert psycopg.pq.TransactionStatus and psycopg.__spec__.name == "psycopg"
print(__name__, os.path.basename(sys.argv[0]), sys.argv[1:], os.environ["HOWDAH_AS_PSYCOPG"])
sys.exit(3)
"""


@pytest.mark.parametrize("how", [["program.py"], ["-m", "program"]])
def test_run(tmp_path, how):
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-m", "howdah", "run", *how, "-x", "run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert done.stdout == "__main__ program.py ['-x', 'run'] 1\n"


@pytest.mark.parametrize("arguments", [[], ["-x"], ["-m"]])
def test_run_of_nothing(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "howdah", "run", *arguments], capture_output=True, text=True, timeout=200, check=False
    )
    assert (done.returncode, done.stderr[:6]) == (2, "usage:")


# What site does with the file that is installed beside the package.
START = f"import site; site.addsitedir({str(pathlib.Path(howdah.__file__).resolve().parent.parent)!r})\n"


def start(code: str, value: str) -> str:
    env = {**os.environ, "HOWDAH_AS_PSYCOPG": value}
    done = subprocess.run(
        [sys.executable, "-c", START + textwrap.dedent(code)],
        env=env,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_environment_variable():
    start(
        """
        import sys
        assert not [name for name in sys.modules if name.split(".")[0] in ("howdah", "psycopg")]
        seen = []

        class Hook:  # of a tracing agent, which comes later than site
            def find_spec(self, name, path=None, target=None):
                seen.append(name)

        sys.meta_path.insert(0, Hook())
        import psycopg
        import howdah
        assert psycopg.Connection is howdah.Connection
        assert {"psycopg", "psycopg.types.json"} <= set(seen)
        import importlib
        before = psycopg.Connection
        assert importlib.reload(psycopg) is psycopg and psycopg.Connection is before
        assert psycopg.pq.__name__ == "psycopg.pq"
        """,
        "1",
    )


def test_the_environment_variable_and_metadata():
    start(
        """
        import importlib.metadata, sys
        assert importlib.metadata.version("pytest")
        assert "howdah" not in sys.modules
        assert importlib.metadata.version("psycopg-pool") == "3.3.3"
        assert "psycopg" not in sys.modules
        import psycopg_pool, howdah
        assert psycopg_pool.ConnectionPool is howdah.pool.ConnectionPool
        """,
        "1",
    )


@pytest.mark.parametrize("value", ["", "0"])
def test_without_the_environment_variable(value):
    start(
        """
        import sys
        assert not [hook for hook in sys.meta_path if "psycopg" in repr(hook)]
        assert "_howdah_as_psycopg" not in sys.modules
        """,
        value,
    )
