"""Records one JSON line per test start/end; pytest plugin (-p eco_record) and unittest result.

ECO_RESULTS  the JSONL file. Tests already ended in it are not run again, so a run that crashed or hung is resumed by
             simply starting it once more.
ECO_ONLY     a JSON list: only these are run
"""

import json
import os
import re
import time
import unittest
from pathlib import Path

# SQLAlchemy puts dialect and server version in class names: Foo_postgresql+psycopg_18_6
_SA = re.compile(r"_postgresql\+[a-z0-9_]*?_\d+_\d+(?=::|$)")


def norm(i):
    return _SA.sub("", i)


class Recorder:
    def __init__(self):
        self.path = os.environ["ECO_RESULTS"]
        self.done = {}
        if os.path.exists(self.path):
            for line in Path(self.path).read_text().splitlines():
                try:
                    d = json.loads(line)
                except ValueError:
                    continue
                if "o" in d:
                    self.done[d["id"]] = d["o"]
        self.f = open(self.path, "a", buffering=1)  # noqa: SIM115

    def start(self, i):
        self.t = time.monotonic()
        self.f.write(json.dumps({"id": i, "s": 1}) + "\n")

    def end(self, i, outcome, msg=None):
        d = {"id": i, "o": outcome, "t": round(time.monotonic() - getattr(self, "t", time.monotonic()), 4)}
        if msg:
            d["m"] = msg[-2000:]
        self.f.write(json.dumps(d) + "\n")


# ---- pytest ---------------------------------------------------------------
_rec = None
_cur = {}
_RANK = {"passed": 0, "xfailed": 1, "skipped": 2, "xpassed": 3, "failed": 4, "error": 5}


def pytest_configure(config):
    global _rec
    if os.environ.get("ECO_RESULTS"):
        _rec = Recorder()


def pytest_collection_modifyitems(session, config, items):
    if _rec is None:
        return
    only = os.environ.get("ECO_ONLY")
    keep = [i for i in items if norm(i.nodeid) not in _rec.done]
    if only:
        wanted = set(json.loads(Path(only).read_text()))
        keep = [i for i in keep if norm(i.nodeid) in wanted]
    drop = [i for i in items if i not in set(keep)]
    if drop:
        items[:] = keep
        config.hook.pytest_deselected(items=drop)


def pytest_collectreport(report):
    if _rec is not None and report.failed:
        _rec.end("collect:" + report.nodeid, "error", str(report.longrepr))


def pytest_runtest_logstart(nodeid, location):
    if _rec is not None:
        i = norm(nodeid)
        _cur[i] = ("passed", None)
        _rec.start(i)


def pytest_runtest_logreport(report):
    if _rec is None:
        return
    i = norm(report.nodeid)
    o = report.outcome
    if hasattr(report, "wasxfail"):
        o = "xfailed" if report.skipped else "xpassed"
    if o == "failed" and report.when != "call":
        o = "error"
    if _RANK[o] > _RANK[_cur.get(i, ("passed",))[0]]:
        _cur[i] = (o, str(report.longrepr) if o in ("failed", "error") else None)


def pytest_runtest_logfinish(nodeid, location):
    if _rec is not None:
        i = norm(nodeid)
        o, m = _cur.pop(i, ("error", "no report"))
        _rec.end(i, o, m)


# ---- unittest -------------------------------------------------------------
class Result(unittest.TextTestResult):
    rec = None

    def __init__(self, *a, **kw):
        super().__init__(*a, **kw)
        if Result.rec is None:
            Result.rec = Recorder()
        self._o = {}

    def startTest(self, test):
        super().startTest(test)
        self._o[test.id()] = ("passed", None)
        self.rec.start(test.id())

    def _set(self, test, o, err=None):
        i = test.id()
        m = self._exc_info_to_string(err, test) if err and not isinstance(err, str) else err
        if i not in self._o:  # setUpClass/module error
            self.rec.end(i, o, m)
        elif _RANK[o] >= _RANK[self._o[i][0]]:
            self._o[i] = (o, m)

    def addError(self, test, err):
        super().addError(test, err)
        self._set(test, "error", err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._set(test, "failed", err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._set(test, "skipped", None)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._set(test, "xfailed", None)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._set(test, "xpassed", None)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            o = "failed" if issubclass(err[0], test.failureException) else "error"
            if test.id() in self._o and _RANK[o] >= _RANK[self._o[test.id()][0]]:
                self._o[test.id()] = (o, self._exc_info_to_string(err, test))

    def stopTest(self, test):
        super().stopTest(test)
        o, m = self._o.pop(test.id(), ("error", "no outcome"))
        self.rec.end(test.id(), o, m)


def drop_done(suite):
    """Copy of a unittest suite without the tests already recorded."""
    if Result.rec is None:
        Result.rec = Recorder()
    only = os.environ.get("ECO_ONLY")
    only = set(json.loads(Path(only).read_text())) if only else None
    out = []
    for t in suite:
        if isinstance(t, unittest.TestSuite):
            out.extend(drop_done(t))
        elif t.id() not in Result.rec.done and (only is None or t.id() in only):
            out.append(t)
    return out
