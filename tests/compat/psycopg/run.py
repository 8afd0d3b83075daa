#!/usr/bin/env python3
"""Run psycopg 3's own test suite against another driver and score it.

  run.py --suite DIR --python VENV/bin/python [--dsn DSN] [--driver howdah] [FILE...]

DIR is a checkout of github.com/psycopg/psycopg (LGPL, not shipped here): only
its tests/, tools/ and pyproject.toml are used; they are copied to a temporary
directory, so that its psycopg/ folders can't be imported.  VENV holds the
driver and the packages of requirements.txt but NOT psycopg.  Without --dsn
howdah's embedded server is started.

The denominator is the list of tests which pass with stock psycopg
(baseline.json.gz).  A test counts as passed only if it passes: skipped,
xfailed, missing (not collected), crashed and timed-out tests don't.
"""

import argparse
import collections
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def parse():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--suite", required=True, help="psycopg source tree")
    ap.add_argument("--python", default=sys.executable, help="python of the driver's venv")
    ap.add_argument(
        "--driver",
        default=os.environ.get("DRIVER_MODULE", "howdah"),
        help="module with install_as_psycopg(); '' = stock psycopg",
    )
    ap.add_argument("--dsn", default=os.environ.get("PSYCOPG_TEST_DSN"))
    ap.add_argument("--baseline", default=str(HERE / "baseline.json.gz"))
    ap.add_argument("--pythonpath", default="", help="extra PYTHONPATH (driver in a build tree)")
    ap.add_argument("--slow", action="store_true", help="also the tests marked slow")
    ap.add_argument("--timing", action="store_true", help="also the tests marked timing")
    ap.add_argument("--mark", default="", help="further pytest mark expression, e.g. 'slow and not refcount'")
    ap.add_argument("--timeout", type=float, default=20, help="seconds per test")
    ap.add_argument("--class", dest="classes", default="", help="score only these classes, e.g. a,b")
    ap.add_argument("--json", help="write the result here")
    ap.add_argument("--log", help="write pytest's output here")
    ap.add_argument("--isolate", action="store_true", help="one process per file from the start")
    ap.add_argument("--no-shims", action="store_true")
    ap.add_argument("--allow-real", action="store_true", help="don't refuse an importable psycopg")
    ap.add_argument("--max-restarts", type=int, default=400)
    ap.add_argument(
        "--retries", type=int, default=0, help="run failed tests again (a pass on retry counts, and is listed)"
    )
    ap.add_argument("--seed", default="1")
    ap.add_argument("--failures", type=int, default=0, help="print that many failures")
    ap.add_argument("files", nargs="*", help="test files or folders (default: all), e.g. tests/test_sql.py")
    opt = ap.parse_args()
    # not resolve(): a venv's python is a link
    opt.python = os.path.abspath(shutil.which(opt.python) or opt.python)
    opt.pythonpath = os.pathsep.join(os.path.abspath(p) for p in opt.pythonpath.split(os.pathsep) if p)
    for k in ("json", "log"):
        if getattr(opt, k):
            setattr(opt, k, os.path.abspath(getattr(opt, k)))
    return opt


class Runner:
    def __init__(self, opt):
        self.opt = opt
        self.results = {}  # node id -> {outcome, dur, msg}
        self.marks = {}  # node id -> marks, as collected
        self.collect_errors = {}
        self.driver = None
        self.fatal = None
        self.warnings = []
        self.restarts = 0
        self.tmp = Path(tempfile.mkdtemp(prefix="psyconf-"))
        self.work = self.tmp / "work"
        suite = Path(opt.suite).resolve()
        ign = shutil.ignore_patterns("__pycache__", ".pytest_cache", "crdb", "scripts")
        shutil.copytree(suite / "tests", self.work / "tests", ignore=ign)
        shutil.copytree(suite / "tools", self.work / "tools", ignore=ign)
        shutil.copy(suite / "pyproject.toml", self.work)

    def env(self, select):
        o = self.opt
        env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        pp = [str(HERE / "startup")] if o.driver else []
        pp += [str(HERE / "plugin")]
        pp += [p for p in o.pythonpath.split(os.pathsep) if p]
        env.update(
            PYTHONPATH=os.pathsep.join(pp),
            DRIVER_MODULE=o.driver,
            CONF_OUT=str(self.tmp / "events"),
            CONF_SHIMS="0" if o.no_shims else "1",
            CONF_SEED=o.seed,
            CONF_ALLOW_REAL="1" if o.allow_real else "0",
            PYTHONHASHSEED="0",
            PYTHONDONTWRITEBYTECODE="1",
            PYTHONFAULTHANDLER="1",
            PSYCOPG_TEST_DSN=o.dsn or "",
        )
        env.pop("CONF_SELECT", None)
        if select is not None:
            env["CONF_SELECT"] = str(self.tmp / "select")
            (self.tmp / "select").write_text("".join(json.dumps(i) + "\n" for i in select))
        return env

    def markexpr(self):
        m = ["not mypy"]
        if not self.opt.slow:
            m.append("not slow")
        if not self.opt.timing:
            m.append("not timing")
        if self.opt.mark:
            m.append(f"({self.opt.mark})")
        return " and ".join(m)

    def session(self, files, select):
        """One pytest process. Return (finished, started, hang)."""
        o = self.opt
        ev = self.tmp / "events"
        ev.write_bytes(b"")
        cache = tempfile.mkdtemp(prefix="cache-", dir=self.tmp)
        cmd = [
            o.python,
            "-m",
            "pytest",
            "-p",
            "conformance_plugin",
            "-p",
            "no:randomly",
            "-q",
            "--tb=short",
            "-rN",
            "-o",
            f"cache_dir={cache}",
            "--continue-on-collection-errors",
            "-m",
            self.markexpr(),
            f"--timeout={o.timeout}",
            "--timeout-method=signal",
            "--rootdir",
            str(self.work),
            *files,
        ]
        log = open(o.log, "ab") if o.log else subprocess.DEVNULL  # noqa: SIM115
        proc = subprocess.Popen(
            cmd,
            cwd=self.work,
            env=self.env(select),
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        state = {"collected": None, "current": None, "finished": False, "n": 0}
        hang = False
        with open(ev, "rb") as f:
            buf = b""
            last = time.monotonic()
            while True:
                data = f.read()
                if data:
                    last = time.monotonic()
                    buf += data
                    *lines, buf = buf.split(b"\n")
                    for line in lines:
                        self.event(json.loads(line), state)
                    continue
                if proc.poll() is not None:
                    rest = f.read()
                    if not rest:
                        break
                    buf += rest
                    continue
                if time.monotonic() - last > o.timeout * 2 + 30:
                    hang = True
                    break
                time.sleep(0.05)
        # kill also what the tests left behind
        try:
            os.killpg(proc.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        rc = proc.wait()
        if o.log:
            log.close()
        shutil.rmtree(cache, ignore_errors=True)
        if state["current"] and not state["finished"]:
            self.results[state["current"]] = {
                "outcome": "hang" if hang else "crash",
                "msg": f"process {'killed after no progress' if hang else f'died, exit status {rc}'}",
            }
        return state, rc, hang

    def event(self, e, state):
        t = e.pop("t")
        if t == "driver":
            self.driver = e
        elif t == "fatal":
            self.fatal = e["msg"]
        elif t == "warn":
            if e["msg"] not in self.warnings:
                self.warnings.append(e["msg"])
        elif t == "collecterror":
            self.collect_errors[e["id"]] = e["msg"]
        elif t == "collected":
            state["collected"] = [i for i, _ in e["items"]]
            for i, m in e["items"]:
                self.marks[i] = m
        elif t == "start":
            state["current"] = e["id"]
            state["n"] += 1
        elif t == "end":
            i = e.pop("id")
            self.results[i] = e
            state["current"] = None
        elif t == "finish":
            state["finished"] = True

    def run(self, files):
        """Run all; after a crash or hang go on with the tests left."""
        chunks = [([f], None) for f in files] if self.opt.isolate else [(files, None)]
        while chunks and not self.fatal:
            fs, select = chunks.pop(0)
            state, rc, hang = self.session(fs, select)
            if self.fatal:
                break
            if state["finished"] and state["collected"] is not None:
                left = [i for i in state["collected"] if i not in self.results]
                if not left or not state["n"]:
                    continue
            if state["collected"] is None:
                # died while collecting: find the culprit file by file
                if len(fs) > 1:
                    self.restarts += 1
                    chunks = [([f], None) for f in fs] + chunks
                else:
                    self.collect_errors.setdefault(
                        fs[0], f"process {'hung' if hang else 'died'} at collection, exit status {rc}"
                    )
                continue
            left = [i for i in state["collected"] if i not in self.results]
            if not left:
                continue
            self.restarts += 1
            if self.restarts > self.opt.max_restarts:
                self.warnings.append("too many restarts: gave up")
                break
            by = collections.defaultdict(list)
            for i in left:
                by[i.split("::")[0]].append(i)
            first = next(iter(by))
            new = [([first], by.pop(first))]
            if by:
                new.append((list(by), [i for v in by.values() for i in v]))
            chunks = new + chunks

    def close(self):
        shutil.rmtree(self.tmp, ignore_errors=True)


def mark_match(expr, marks):
    """Evaluate a pytest mark expression made of names, and, or, not, ()."""
    import re

    code = re.sub(r"[A-Za-z_]\w*", lambda m: m[0] if m[0] in ("and", "or", "not") else str(m[0] in marks), expr)
    return eval(code, {"__builtins__": {}})


def main():
    opt = parse()
    if opt.dsn:
        return score(opt)
    import howdah.server

    with howdah.server.start() as server:
        opt.dsn = server.dsn
        return score(opt)


def score(opt):
    base = None
    if os.path.exists(opt.baseline):
        with gzip.open(opt.baseline, "rt") as f:
            base = json.load(f)
    r = Runner(opt)
    try:
        given = [r.work / f for f in opt.files or ["tests"]]
        found = {p for g in given for p in (g.rglob("test_*.py") if g.is_dir() else [g])}
        files = sorted(str(p.relative_to(r.work)) for p in found)
        code = "import sys; sys.exit(sys.version_info < (3, 14))"
        if subprocess.run([opt.python, "-c", code]).returncode:  # t-strings
            files = [f for f in files if "test_tstring" not in f]
        t0 = time.time()
        r.run(files)
        for _ in range(0 if r.fatal else opt.retries):
            bad = [i for i, v in r.results.items() if v["outcome"] in ("failed", "error")]
            if not bad:
                break
            old = {i: r.results.pop(i) for i in bad}
            r.session(sorted({i.split("::")[0] for i in bad}), bad)
            for i in bad:
                if r.results.setdefault(i, old[i])["outcome"] == "passed":
                    r.results[i]["retried"] = old[i].get("msg", "")
        wall = time.time() - t0
    finally:
        r.close()

    if base is None:  # recording a baseline
        want = {i: {"class": "", "outcome": v["outcome"]} for i, v in r.results.items() if v["outcome"] == "passed"}
    else:
        cl = set(filter(None, opt.classes.split(",")))
        sel = set(files)
        want = {}
        for i, v in base["tests"].items():
            if v["outcome"] != "passed" or i.split("::")[0] not in sel:
                continue
            if ("slow" in v["marks"] and not opt.slow) or ("timing" in v["marks"] and not opt.timing):
                continue
            if cl and v["class"] not in cl:
                continue
            if opt.mark and not mark_match(opt.mark, v["marks"]):
                continue
            want[i] = v

    per, cls, kinds = {}, {}, collections.Counter()
    tests = {}
    for i, v in want.items():
        res = r.results.get(i)
        out = res["outcome"] if res else "missing"
        ok = out == "passed"
        kinds[out] += 1
        for d, k in ((per, i.split("::")[0]), (cls, v["class"])):
            d.setdefault(k, [0, 0])
            d[k][0] += ok
            d[k][1] += 1
        tests[i] = dict(res or {}, outcome=out)
    extra = {i: v for i, v in r.results.items() if i not in want}
    M, N = len(want), kinds["passed"]
    if r.fatal:
        print(f"FATAL: the driver could not be set up: {r.fatal}")
    for k, (n, m) in sorted(per.items()):
        note = "  collection error" if any(c.split("::")[0] == k for c in r.collect_errors) else ""
        print(f"  {k:44} {n:5} of {m:5}{note}")
    print("  by class: " + ", ".join(f"{k or '-'} {n}/{m}" for k, (n, m) in sorted(cls.items())))
    print("  not passed: " + (", ".join(f"{k} {n}" for k, n in kinds.most_common() if k != "passed") or "none"))
    if opt.failures:
        for i, v in [x for x in tests.items() if x[1]["outcome"] != "passed"][: opt.failures]:
            print(f"  {v['outcome'].upper():8} {i}: {v.get('msg', '')[:160]!r}")
    if retried := [i for i in want if r.results.get(i, {}).get("retried") is not None]:
        print(f"  passed on retry only ({len(retried)}): " + ", ".join(retried[:10]))
    if r.driver:
        print(f"  driver: {json.dumps(r.driver)}")
    for w in r.warnings:
        print(f"  warning: {w}")
    print(f"  {wall:.0f} s, {r.restarts} restarts, {len(r.collect_errors)} collection errors")
    print(f"{N} of {M} baseline-passing tests pass ({100 * N / M if M else 0:.1f} %)")
    if opt.json:
        doc = {
            "passed": N,
            "total": M,
            "outcomes": dict(kinds),
            "files": per,
            "classes": cls,
            "driver": r.driver,
            "fatal": r.fatal,
            "collect_errors": r.collect_errors,
            "restarts": r.restarts,
            "wall_s": wall,
            "warnings": r.warnings,
            "markexpr": r.markexpr(),
            "tests": tests,
            "extra": {i: dict(v, marks=r.marks.get(i, [])) for i, v in extra.items()},
            "marks": r.marks if base is None else None,
        }
        op = gzip.open if opt.json.endswith(".gz") else open
        with op(opt.json, "wt") as f:
            json.dump(doc, f, indent=0, sort_keys=True)
    return 0 if N == M and not r.fatal else 1


if __name__ == "__main__":
    sys.exit(main())
