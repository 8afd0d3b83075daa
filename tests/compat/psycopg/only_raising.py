#!/usr/bin/env python3
"""Count the names of psycopg's API whose body, in howdah, only raises.

usage: only_raising.py [--tier 1|2|3]

A name counts once however many modules show it. What psycopg's own body only raises, too, is told apart: a cursor on
the server has no executemany(), and a finished connection does nothing.
"""

import argparse
import ast
import gzip
import importlib
import inspect
import json
import os
import sys
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))

# They raise with psycopg as well, whatever the arguments.
AS_PSYCOPG = ("FinishedPGconn", "fail_dump", "executemany", "no_result", "NoneDumper.dump")


def only_raises(function):
    """Whether a function does nothing but raise, or call what only raises."""
    try:
        (node,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return False
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    body = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    if len(body) != 1:
        return False
    if isinstance(body[0], ast.Raise):
        return True
    call = body[0].value if isinstance(body[0], ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "_no_libpq"


def functions(api, tier):
    """(name, function) for every function, method and property of psycopg's API."""
    for module_name, module in api["modules"].items():
        if module["tier"] > tier:
            continue
        try:
            loaded = importlib.import_module(module_name)
        except ImportError:
            continue
        for name, entry in module["names"].items():
            found = getattr(loaded, name, None)
            yield f"{module_name}.{name}", found
            for member in entry.get("m", {}):
                raw = inspect.getattr_static(found, member, None) if isinstance(found, type) else None
                raw = getattr(raw, "__func__", getattr(raw, "fget", raw))
                yield f"{module_name}.{name}.{member}", raw


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tier", type=int, default=2)
    arguments = parser.parse_args()
    import howdah

    howdah.install_as_psycopg()
    with gzip.open(os.path.join(HERE, "psycopg_api.json.gz"), "rt") as file:
        api = json.load(file)
    ours, theirs = {}, {}
    for name, function in functions(api, arguments.tier):
        if inspect.isfunction(function) and only_raises(function):
            found = theirs if any(word in name for word in AS_PSYCOPG) else ours
            found.setdefault(function.__qualname__, name)
    from howdah.pq import PGresult

    try:
        PGresult.set_attributes(howdah._howdah.bare_result(0, b"", {}), [])
    except howdah.NotSupportedError:  # it is in C
        ours["PGresult.set_attributes"] = "psycopg.pq.PGresult.set_attributes"
    for name in sorted(ours.values()):
        print(f"  {name}")
    print(f"{len(ours)} names only raise; {len(theirs)} more raise with psycopg as well")
    return 0 if len(ours) <= 40 and all(name.startswith("psycopg.pq") for name in ours.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
