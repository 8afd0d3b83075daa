#!/usr/bin/env python3
"""Run the test suite of a project that is written for psycopg against howdah, and score it.

  run.py SUITE --python VENV/bin/python [--source DIR] [--dsn DSN] [--driver howdah] ...

sqlalchemy  --variant psycopg, psycopg_async; --subset quick (the tests of the dialect and the engine), core
            (test/dialect, test/engine, test/sql, test/ext), cancel (a task is cancelled at every await;
            asynchronous only)
django      --variant client (Django's default), server (OPTIONS server_side_binding), pool (OPTIONS pool);
            --subset small (19 of its test apps), core (50; client only)
peewee      --source is a checkout of github.com/coleifer/peewee: its source distribution has no tests
pandas      tests/io/test_sql.py, which the wheel has, on postgresql+psycopg
fastapi     plugin/eco_fastapi_app.py under uvicorn, driven with httpx

VENV holds the driver and requirements.txt, but no psycopg. Suites that the package index serves are fetched into
--cache when --source is not given. Without --dsn, howdah's embedded server is started. The denominator is the list of
tests that pass with psycopg (baseline_*.json.gz); skipped, missing, crashed and hanging tests don't count as passed.
Ends with status 0 when --target percent of them pass.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import suites
from harness import HERE, Server, Suite, score


def fetch(distribution: str, options: argparse.Namespace) -> Path:
    """The unpacked source distribution of what is installed in the suites' environment."""
    version = suites.installed(distribution, options)
    folder = Path(options.cache) / f"{distribution}-{version}"
    if folder.is_dir():
        return folder
    with tempfile.TemporaryDirectory(dir=options.cache) as name:
        pip = [options.python, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]
        what = ["--no-binary", distribution, "--dest", name, f"{distribution}=={version}"]
        subprocess.run([*pip, *what], check=True)
        (archive,) = Path(name).glob("*.tar.gz")
        with tarfile.open(archive) as file:
            file.extractall(name, filter="data")
        try:
            (Path(name) / folder.name).rename(folder)
        except OSError:
            if not folder.is_dir():  # else another run has fetched it in the meantime
                raise
    return folder


def prepare(options: argparse.Namespace, server: Server) -> Suite:
    """Make what a suite needs before it can be started."""
    source = Path(options.source).resolve() if options.source else None
    if options.suite == "sqlalchemy":
        return suites.sqlalchemy(source or fetch("sqlalchemy", options), server, options)
    if options.suite == "django":
        return suites.django(source or fetch("django", options), server, options)
    if options.suite == "pandas":
        return suites.pandas(server, options)
    if options.suite == "fastapi":
        return suites.fastapi(server, options)
    if source is None:
        sys.exit("--source must be a checkout of github.com/coleifer/peewee")
    return suites.peewee(source, server, options)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=["sqlalchemy", "django", "peewee", "pandas", "fastapi"])
    parser.add_argument("--python", required=True, help="of the virtual environment with the projects")
    parser.add_argument("--source", help="the suite's source tree")
    parser.add_argument("--variant", help="see above; default: the first")
    parser.add_argument("--subset", help="see above; default: the first")
    parser.add_argument("--dsn", help="postgresql://user[:password]@host:port: databases are made and dropped there")
    parser.add_argument("--driver", default="howdah", help="has install_as_psycopg(); psycopg = itself")
    parser.add_argument("--pythonpath", default="", help="where the driver is, unless it is installed")
    parser.add_argument("--cache", default=str(HERE / ".cache"), help="for fetched suites")
    parser.add_argument("--out", help="for results; default: CACHE/out")
    parser.add_argument("--target", type=float, default=100.0, help="percent of the baseline that have to pass")
    parser.add_argument("--only-failing", metavar="RESULT.json", help="only the tests that failed in that run")
    parser.add_argument("--resume", action="store_true", help="go on behind the last test of a run that was ended")
    parser.add_argument("--write-baseline", action="store_true", help="store what passes; with --driver psycopg only")
    parser.add_argument("arguments", nargs="*", help="for the suite's own runner, after --")
    options = parser.parse_intermixed_args()
    options.variant = options.variant or suites.VARIANTS.get(options.suite, [""])[0]
    options.subset = options.subset or suites.SUBSETS.get(options.suite, [""])[0]
    if options.variant not in suites.VARIANTS.get(options.suite, [""]):
        parser.error(f"{options.suite} has no variant {options.variant}")
    if options.subset not in suites.SUBSETS.get(options.suite, [""]):
        parser.error(f"{options.suite} has no subset {options.subset}")
    options.cache = str(Path(options.cache).resolve())
    options.out = str(Path(options.out or f"{options.cache}/out").resolve())
    # Not resolved: the interpreter of a virtual environment is a link.
    options.python = str(Path(options.python).absolute())
    Path(options.out).mkdir(parents=True, exist_ok=True)
    return options


def main() -> int:
    """Score the suite."""
    options = parse()
    if options.dsn:
        from psycopg.conninfo import conninfo_to_dict

        given = {"port": 5432, "user": "postgres", "password": "", **conninfo_to_dict(options.dsn)}
        server = Server(given["host"], int(given["port"]), given["user"], given["password"])
        return not score(prepare(options, server), options)
    import howdah.server

    with howdah.server.start() as embedded:
        return not score(prepare(options, Server("127.0.0.1", embedded.port)), options)


if __name__ == "__main__":
    sys.exit(main())
