"""pytest plugin: run psycopg's test suite against another driver.

Environment:
  DRIVER_MODULE   module with install_as_psycopg(); empty = stock psycopg (baseline)
  CONF_OUT        file receiving one JSON object per line (append)
  CONF_SELECT     file with node ids to run, one per line (others are deselected)
  CONF_SHIMS      "1": supply test-infrastructure modules a driver lacks, and hide its further types from the faker
  CONF_SEED       seed for `random` before each test (default 1)
  CONF_ALLOW_REAL "1": do not refuse when the real psycopg is importable
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import json
import os
import random
import sys
import types

import pytest

DRIVER = os.environ.get("DRIVER_MODULE", "howdah")
OUT = os.environ.get("CONF_OUT")
SEED = os.environ.get("CONF_SEED", "1")
_fd = os.open(OUT, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) if OUT else None


def emit(**kw):
    if _fd is not None:
        os.write(_fd, (json.dumps(kw) + "\n").encode())


class ConformanceSetupError(Exception):
    pass


def _real_psycopg_present():
    found = []
    for name in ("psycopg_c", "psycopg_binary"):
        if importlib.machinery.PathFinder.find_spec(name) is not None:
            found.append(name)
    spec = importlib.machinery.PathFinder.find_spec("psycopg")
    if spec is not None and spec.submodule_search_locations:
        for loc in spec.submodule_search_locations:
            if os.path.exists(os.path.join(loc, "pq", "_pq_ctypes.py")):
                found.append(loc)
    return found


def _missing(name):
    """True if the module `name` can't be imported *because it does not exist*."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as ex:
        return ex.name is None or name == ex.name or name.startswith(ex.name + ".")
    return False


def _shims():
    """Modules imported only by the suite's conftest plumbing, not by the tests.

    Without them *every* test would error at conftest import.
    """
    done = []
    if _missing("psycopg.pq._debug"):
        m = types.ModuleType("psycopg.pq._debug")
        m.PGconnDebug = type("PGconnDebug", (), {})
        sys.modules[m.__name__] = m
        done.append(m.__name__)
    if _missing("psycopg.crdb"):
        m = types.ModuleType("psycopg.crdb")

        class CrdbConnection:
            @classmethod
            def is_crdb(cls, conn):
                return False

        m.CrdbConnection = CrdbConnection
        sys.modules[m.__name__] = m
        done.append(m.__name__)
    return done


def _install():
    if not DRIVER:
        return
    if (real := _real_psycopg_present()) and os.environ.get("CONF_ALLOW_REAL") != "1":
        raise ConformanceSetupError(f"real psycopg is importable: {real}")
    # the lazy finder of startup/sitecustomize.py is for sub-processes
    sys.meta_path[:] = [f for f in sys.meta_path if getattr(f, "__module__", "") != "sitecustomize"]
    drv = importlib.import_module(DRIVER)
    drv.install_as_psycopg()
    for name in ("psycopg", "psycopg_pool"):
        if name not in sys.modules:
            emit(t="warn", msg=f"{DRIVER}.install_as_psycopg() did not provide {name}")
    shims = _shims() if os.environ.get("CONF_SHIMS") == "1" else []
    p = sys.modules.get("psycopg")
    emit(
        t="driver",
        driver=DRIVER,
        file=getattr(drv, "__file__", None),
        version=str(getattr(drv, "__version__", None)),
        psycopg_name=getattr(p, "__name__", None),
        psycopg_file=getattr(p, "__file__", None),
        psycopg_version=str(getattr(p, "__version__", None)),
        shims=shims,
    )


try:
    _install()
except BaseException as ex:
    emit(t="fatal", msg=f"{type(ex).__name__}: {ex}")
    raise


# The suite calls pytest.exit() when its first connection fails, which would
# abort also the tests needing no database: make it a failure instead.
def _no_exit(reason="", *a, **kw):
    pytest.fail(f"pytest.exit: {reason}")


pytest.exit = _no_exit


def pytest_sessionstart(session):
    """The suite's faker gives up at the first dumper of a class that psycopg hasn't got: it shall not see those."""
    faker = next((m.Faker for n, m in list(sys.modules.items()) if n.endswith("fix_faker")), None)
    if faker is None or os.environ.get("CONF_SHIMS") != "1":
        return
    all_types, maker = faker.get_supported_types, faker.get_maker

    def maker_or_none(self, spec):
        try:
            return maker(self, spec)
        except NotImplementedError:
            return None

    faker.get_maker = maker_or_none
    faker.get_supported_types = lambda self: {cls for cls in all_types(self) if self.get_maker(cls)}


def pytest_collectreport(report):
    if report.failed:
        emit(t="collecterror", id=report.nodeid, msg=str(report.longrepr)[-1500:])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session, config, items):
    sel = os.environ.get("CONF_SELECT")
    if sel:
        with open(sel) as f:
            want = {line.rstrip("\n") for line in f}
        keep, drop = [], []
        for it in items:
            (keep if json.dumps(it.nodeid) in want else drop).append(it)
        if drop:
            config.hook.pytest_deselected(items=drop)
        items[:] = keep


def pytest_collection_finish(session):
    emit(
        t="collected",
        items=[[it.nodeid, sorted({m.name for m in it.iter_markers()})] for it in session.items],
    )


_cur: dict[str, object] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logstart(nodeid, location):
    random.seed(f"{SEED}:{nodeid}")
    _cur.clear()
    _cur.update(outcome=None, dur=0.0, msg="")
    emit(t="start", id=nodeid)


def pytest_runtest_logreport(report):
    _cur["dur"] = float(_cur.get("dur") or 0) + report.duration
    out = _cur.get("outcome")
    if report.failed:
        new = "failed" if report.when == "call" else "error"
        if out in (None, "passed"):
            out = new
            msg = ""
            crash = getattr(report.longrepr, "reprcrash", None)
            msg = crash.message if crash else str(report.longrepr)
            _cur["msg"] = msg[:400]
            _cur["when"] = report.when
    elif report.skipped:
        if hasattr(report, "wasxfail"):
            out = "xfailed"
            _cur["msg"] = report.wasxfail
        elif out in (None, "passed"):
            out = "skipped"
            lr = report.longrepr
            _cur["msg"] = (lr[2] if isinstance(lr, tuple) else str(lr))[:300]
    elif report.passed and report.when == "call":
        out = "xpassed" if hasattr(report, "wasxfail") else "passed"
    _cur["outcome"] = out


def pytest_runtest_logfinish(nodeid, location):
    emit(t="end", id=nodeid, **{k: v for k, v in _cur.items() if v != ""})


def pytest_sessionfinish(session, exitstatus):
    emit(t="finish", exit=int(exitstatus))
