#!/usr/bin/env python3
"""Compare a driver with the public API of psycopg recorded in psycopg_api.json.gz.

usage: api_compare.py DRIVER [--tier 1|2|3] [--json OUT] [--all] [-q]

DRIVER is a module: if it has install_as_psycopg() that is called and the names
are looked for in psycopg.* / psycopg_pool.*; otherwise they are looked for in
DRIVER.* (psycopg_pool.* in DRIVER.pool.* or DRIVER_pool.*).  DRIVER may also be
`psycopg` itself.
Names are counted as module.name and module.Class.member; signatures compare
parameter names, kinds and defaults (annotations are ignored).
"""

import argparse
import collections
import gzip
import importlib
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import psycopg_api_dump as D  # noqa: E402


def finder(driver):
    mod = importlib.import_module(driver)
    if hasattr(mod, "install_as_psycopg"):
        mod.install_as_psycopg()
        return lambda n: [n]
    if driver == "psycopg":
        return lambda n: [n]

    def cands(n):
        if n.startswith("psycopg_pool"):
            rest = n[len("psycopg_pool") :]
            return [f"{driver}.pool{rest}", f"{driver}_pool{rest}"]
        return [driver + n[len("psycopg") :]]

    return cands


def load(cands):
    for c in cands:
        try:
            return importlib.import_module(c)
        except ImportError:
            continue
    return None


def same_sig(want, got):
    """want: recorded signature; got: the driver's, None when unknown."""
    if got is None:
        return "no signature"

    def norm(s):
        return [(n, k, d if d != "..." else "...") for n, k, d in s]

    w, g = norm(want), norm(got)
    if len(w) == len(g) and all(
        a[1] == b[1]
        and (a[0] == b[0] or a[1] in (0, 2, 4))
        and ((a[2] is None) == (b[2] is None))
        and (a[2] == b[2] or "..." in (a[2], b[2]))
        for a, b in zip(w, g, strict=False)
    ):
        return None
    # Every call of psycopg's works where there are only more keywords, which have defaults.
    names = {n for n, _k, _d in w}
    less = [a for a in g if a[0] in names or a[1] != 3 or a[2] is None]
    if len(less) < len(g) and same_sig(want, less) is None:
        return "more keywords"
    return "differs"


def fmt(sig):
    if sig is None:
        return "?"
    out, star = [], False
    for n, k, d in sig:
        if k == 3 and not star:
            out.append("*")
            star = True
        star = star or k == 2
        out.append({2: "*", 4: "**"}.get(k, "") + n + (f"={d}" if d is not None else ""))
    return "(" + ", ".join(out) + ")"


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("driver")
    ap.add_argument("--api", default=os.path.join(HERE, "psycopg_api.json.gz"))
    ap.add_argument("--tier", type=int, default=2, help="1 public, 2 + semi-public (default), 3 + internals")
    ap.add_argument("--json")
    ap.add_argument("-q", action="store_true", help="only the totals")
    a = ap.parse_args()
    sys.path.insert(0, os.getcwd())
    with gzip.open(a.api, "rt") as f:
        api = json.load(f)
    cands = finder(a.driver)
    N = M = S = T = 0
    missing, bad, kinds, values = [], [], [], []
    per = collections.OrderedDict()
    for mname, m in api["modules"].items():
        if m["tier"] > a.tier:
            continue
        mod = load(cands(mname))
        n0, m0 = N, M
        for name, e in m["names"].items():
            M += 1
            nsig = (1 if e.get("sig") is not None else 0) + sum(
                1 for x in e.get("m", {}).values() if x.get("sig") is not None
            )
            T += nsig
            if mod is None or not hasattr(mod, name):
                sub = load([c + "." + name for c in cands(mname)]) if mod and e["k"] == "module" else None
                if sub is None:
                    M += len(e.get("m", ()))
                    missing.append(f"{mname}.{name}" + (f" (+{len(e['m'])} members)" if e.get("m") else ""))
                    continue
            N += 1
            o = getattr(mod, name, None)
            if e["k"] in ("class", "exc", "enum"):
                if not isinstance(o, type):
                    kinds.append(f"{mname}.{name}: {e['k']} wanted, got {type(o).__name__}")
                    M += len(e.get("m", ()))
                    continue
                if e["k"] == "enum":
                    for k, v in e["values"].items():
                        x = getattr(o, k, None)
                        if x is None or D.default(getattr(x, "value", x)) != v:
                            values.append(f"{mname}.{name}.{k}: {v} wanted, got {x!r}")
                got_b = {b.__name__ for b in o.__mro__}
                lost = [b for b in e["bases"] if b not in got_b]
                if lost:
                    kinds.append(f"{mname}.{name}: lacks the bases {lost}")
                for mn, me in e.get("m", {}).items():
                    M += 1
                    raw = None
                    for c in o.__mro__:
                        if mn in vars(c):
                            raw = vars(c)[mn]
                            break
                    else:
                        ann = any(mn in getattr(c, "__annotations__", {}) for c in o.__mro__)
                        if (me["k"] == "attr" and ann) or hasattr(o, mn):
                            N += 1
                        else:
                            missing.append(f"{mname}.{name}.{mn}")
                        continue
                    N += 1
                    if me.get("sig") is None:
                        continue
                    g = D.member(o, mn, raw)
                    why = same_sig(me["sig"], g.get("sig"))
                    if not why and bool(me.get("async")) != bool(g.get("async")):
                        why = "async" if me.get("async") else "not async"
                    if why:
                        bad.append(f"{mname}.{name}.{mn}: {why}: {fmt(me['sig'])} wanted, got {fmt(g.get('sig'))}")
                    else:
                        S += 1
            elif e["k"] == "func":
                why = same_sig(e["sig"], D.sig_of(o)) if e["sig"] is not None else "skip"
                if why is None:
                    S += 1
                elif why != "skip":
                    bad.append(f"{mname}.{name}: {why}: {fmt(e['sig'])} wanted, got {fmt(D.sig_of(o))}")
            elif e["k"] == "const" and "v" in e and not name.startswith("__") and repr(o) != e["v"]:
                values.append(f"{mname}.{name}: {e['v']} wanted, got {o!r}")
        per[mname] = [N - n0, M - m0]
    if not a.q:
        for k, (n, m) in per.items():
            print(f"  {k:34} {n:5} of {m:5}")
        for title, L in (("missing", missing), ("signatures", bad), ("kinds", kinds), ("values", values)):
            if L:
                print(f"{title}:")
                for x in L:
                    print("  " + x)
    print(
        f"{N} of {M} names, {S} of {T} signatures match (async-ness included; tier <= {a.tier}), "
        f"{sum(': more keywords:' in x for x in bad)} more have further keywords with defaults, "
        f"{len(kinds)} wrong kinds, {len(values)} wrong values"
    )
    if a.json:
        with open(a.json, "w") as f:
            json.dump(
                {
                    "names": N,
                    "names_total": M,
                    "signatures": S,
                    "signatures_total": T,
                    "missing": missing,
                    "signatures_bad": bad,
                    "kinds": kinds,
                    "values": values,
                    "modules": per,
                },
                f,
                indent=0,
            )
    return 0 if N == M and S == T else 1


if __name__ == "__main__":
    sys.exit(main())
