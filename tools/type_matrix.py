#!/usr/bin/env python3
"""What each driver makes of a value of every type: docs/type-matrix.md.

    python tools/type_matrix.py [--check] [--dsn DSN]

The probes and how they are judged are in tests/type_probes.py. --check says whether howdah and the drivers that are
installed still do what the page says. Starts a PostgreSQL of its own, unless --dsn names a database to make one in.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import importlib.metadata
import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "type-matrix.md"
DATABASE = "howdah_type_matrix"
sys.path.insert(0, str(ROOT / "tests"))

from type_probes import EXTENSIONS, PROBES, SETUP, Probe, judge  # noqa: E402

Fetch = Callable[[str], Any]  # the value of an expression, or the driver's exception
Cells = dict[str, dict[str, str]]  # probe → driver → what becomes of it

INTRODUCTION = """\
# What becomes of a value of every type

Made by `make type-matrix`, which asks each driver for a value and judges what arrives. The drivers are as they come:
nothing is registered. The probes are in `tests/type_probes.py`. The options of howdah are
[`discover_types=True`](discovery.md) and
[`configure(infinity="marker", out_of_range="text", interval="exact")`](edges.md).

- A **class**: the Python value has all that PostgreSQL's has.
- **text**: a `str`, or something made of them, as PostgreSQL writes the value. Nothing is lost, but it is for the
  caller to read. Where the standard library has no class for the value, the cell says `str`.
- **raw**: the bytes of the binary protocol.
- **wrong**: another value, without an error. **error**: none at all. **crash**: the process ended.

"""


# ---- the drivers


def over_psycopg_api(module: str, dsn: str, **options: Any) -> Fetch:
    conn = importlib.import_module(module).connect(dsn, autocommit=True)
    return over_connection(conn, **options)


def over_howdah_with_options(dsn: str, **options: Any) -> Fetch:
    conn = importlib.import_module("howdah").connect(dsn, autocommit=True, discover_types=True)
    conn.adapters.configure(infinity="marker", out_of_range="text", interval="exact")
    return over_connection(conn, **options)


def over_connection(conn: Any, **options: Any) -> Fetch:
    def fetch(expression: str) -> Any:
        return conn.cursor(**options).execute(f"select {expression}").fetchone()[0]

    return fetch


def over_psycopg2(dsn: str) -> Fetch:
    conn = importlib.import_module("psycopg2").connect(dsn)
    conn.autocommit = True

    def fetch(expression: str) -> Any:
        cur = conn.cursor()
        cur.execute(f"select {expression}")
        return cur.fetchone()[0]

    return fetch


def over_asyncpg(dsn: str) -> Fetch:
    from psycopg.conninfo import conninfo_to_dict

    known = conninfo_to_dict(dsn)
    names = {"host": "host", "port": "port", "user": "user", "dbname": "database", "password": "password"}
    options = {names[name]: value for name, value in known.items() if name in names}
    loop = asyncio.new_event_loop()
    conn = loop.run_until_complete(importlib.import_module("asyncpg").connect(**options))
    return lambda expression: loop.run_until_complete(conn.fetchval(f"select {expression}"))


DRIVERS: dict[str, tuple[str, Callable[[str], Fetch]]] = {
    "howdah": ("howdah", lambda dsn: over_psycopg_api("howdah", dsn)),
    "howdah binary": ("howdah", lambda dsn: over_psycopg_api("howdah", dsn, binary=True)),
    "howdah options": ("howdah", over_howdah_with_options),
    "howdah options binary": ("howdah", lambda dsn: over_howdah_with_options(dsn, binary=True)),
    "psycopg": ("psycopg", lambda dsn: over_psycopg_api("psycopg", dsn)),
    "psycopg binary": ("psycopg", lambda dsn: over_psycopg_api("psycopg", dsn, binary=True)),
    "asyncpg": ("asyncpg", over_asyncpg),
    "psycopg2": ("psycopg2", over_psycopg2),
}


# ---- asking them


@contextlib.contextmanager
def database(dsn: str | None) -> Iterator[str]:
    """A database with the probes' types, the same for every session."""
    psycopg = importlib.import_module("psycopg")
    with contextlib.ExitStack() as stack:
        if dsn is None:
            from howdah.server import start

            dsn = stack.enter_context(start()).uri
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute(f"drop database if exists {DATABASE} with (force)")
            conn.execute(f"create database {DATABASE} template template0 encoding 'UTF8'")
            conn.execute(f"alter database {DATABASE} set timezone = 'UTC'")
            conn.execute(f"alter database {DATABASE} set lc_monetary = 'C'")
            conn.execute(f"alter database {DATABASE} set search_path = probes, public")
        own = psycopg.conninfo.make_conninfo(dsn, dbname=DATABASE)
        with psycopg.connect(own, autocommit=True) as conn:
            for name in EXTENSIONS:
                with contextlib.suppress(psycopg.Error):
                    conn.execute(f"create extension {name}")
            conn.execute(SETUP)
        try:
            yield own
        finally:
            with psycopg.connect(dsn, autocommit=True) as conn:
                conn.execute(f"drop database {DATABASE} with (force)")


def texts_of_server(dsn: str) -> dict[str, str | None]:
    """The server's text of each probe that it has; None where it has no cast to text."""
    psycopg = importlib.import_module("psycopg")
    texts: dict[str, str | None] = {}
    with psycopg.connect(dsn, autocommit=True) as conn:
        for probe in PROBES:
            try:
                conn.execute(f"select ({probe.sql}) is null")
            except psycopg.Error:
                continue
            texts[probe.name] = None
            with contextlib.suppress(psycopg.Error):
                texts[probe.name] = conn.execute(f"select ({probe.sql})::text").fetchone()[0]
    return texts


def describe(probe: Probe, text: str | None, fetch: Fetch) -> str:
    """The cell of the table."""
    try:
        value = fetch(probe.sql)
    except Exception as ex:
        return f"**error** {type(ex).__name__}"
    verdict = judge(probe, text, value)
    if verdict == "faithful":
        return f"`{type(value).__name__}`" if value is not None else "`None`"
    if verdict == "text":
        return "`str`" if not probe.values and not probe.texts else "text"
    if verdict == "raw":
        return "raw"
    shown = str(value).replace("|", "\\|")
    return f"**wrong** {shown if len(shown) <= 40 else shown[:39] + '…'}"


def answer(driver: str, dsn: str, begin: int) -> None:
    """In a process of its own, from this probe on: one line for each."""
    fetch = DRIVERS[driver][1](dsn)
    texts = texts_of_server(dsn)
    for i, probe in enumerate(PROBES[begin:], begin):
        print(i, describe(probe, texts[probe.name], fetch) if probe.name in texts else "", sep="\t", flush=True)


def ask(driver: str, dsn: str, cells: Cells) -> None:
    """Fill in the driver's column, of the probes that the server has."""
    following = 0
    while following < len(PROBES):
        command = [sys.executable, __file__, "--dsn", dsn, "--answer", driver, str(following)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        for line in done.stdout.splitlines():
            number, cell = line.split("\t")
            following = int(number) + 1
            if cell:
                cells.setdefault(PROBES[following - 1].name, {})[driver] = cell
        if done.returncode > 0:
            raise SystemExit(f"{driver} could not be asked")
        if done.returncode < 0:
            cells.setdefault(PROBES[following].name, {})[driver] = "**crash**"
            following += 1


# ---- the page


def versions() -> str:
    found = []
    for name in ("howdah", "psycopg", "asyncpg", "psycopg2-binary"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found.append(f"{name.removesuffix('-binary')} {importlib.metadata.version(name)}")
    return ", ".join(found)


def score(cells: Cells, names: list[str], driver: str) -> str:
    """How many of the probes arrive with all that is in them; of the others, how many as what."""
    given = [cells[name][driver] for name in names]
    counts = {
        kind: sum(cell.startswith(kind) for cell in given) for kind in ("raw", "**wrong**", "**error**", "**crash**")
    }
    rest = ", ".join(f"{n} {kind.strip('*')}" for kind, n in counts.items() if n)
    faithful = len(given) - sum(counts.values())
    return f"{faithful} of {len(given)}" + (f" ({rest})" if rest else "")


def page(cells: Cells) -> str:
    drivers = list(next(iter(cells.values())))
    first = [probe.name for probe in PROBES if not probe.more and probe.name in cells]
    rule = "|---|" + "---|" * len(drivers)
    lines = [f"| faithful, as a value or as text | {' | '.join(drivers)} |", rule]
    for title, names in (("of the types in everyday use", first), ("of all", list(cells))):
        lines.append(f"| {title} | " + " | ".join(score(cells, names, driver) for driver in drivers) + " |")
    lines += ["", f"| value | {' | '.join(drivers)} |", rule]
    sql = {probe.name: probe.sql.replace("|", "\\|") for probe in PROBES}
    for name, row in cells.items():
        lines.append(f"| {name}: `{sql[name]}` | " + " | ".join(row[driver] for driver in drivers) + " |")
    absent = [probe.name for probe in PROBES if probe.name not in cells]
    if absent:
        lines += ["", f"Not asked, since the server lacks them: {', '.join(absent)}."]
    return INTRODUCTION + "\n".join(lines) + f"\n\nAsked: {versions()}.\n"


def cells_of(text: str) -> Cells:
    """The other way round."""
    cells: Cells = {}
    drivers: list[str] = []
    for line in text.replace("\\|", "\0").splitlines():
        parts = [part.strip().replace("\0", "\\|") for part in line.strip("|").split("|")]
        if parts[0] == "value":
            drivers = parts[1:]
        elif drivers and line.startswith("|") and not line.startswith("|---"):
            cells[parts[0].split(": `")[0]] = dict(zip(drivers, parts[1:], strict=True))
    return cells


def differences(old: Cells, new: Cells) -> list[str]:
    """Of the probes and drivers that both have."""
    found = []
    for name, row in new.items():
        for driver, cell in row.items():
            before = old.get(name, {}).get(driver, cell if name in old else "not there")
            if before != cell:
                found.append(f"{name}, {driver}: {before} → {cell}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--dsn")
    parser.add_argument("--answer", nargs=2, metavar=("DRIVER", "PROBE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        answer(options.answer[0], options.dsn, int(options.answer[1]))
        return 0
    cells: Cells = {}
    with database(options.dsn) as dsn:
        for driver, (module, _) in DRIVERS.items():
            if importlib.util.find_spec(module):
                ask(driver, dsn, cells)
            else:
                print(f"# {module} is not installed", file=sys.stderr)
    if options.check:
        changed = differences(cells_of(PAGE.read_text()), cells)
        print(*changed, sep="\n")
        return 1 if changed else 0
    PAGE.write_text(page(cells))
    print(f"{PAGE.relative_to(ROOT)} is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
