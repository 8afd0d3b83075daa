"""The commands of ``python -m howdah``."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn


def main(argv: Sequence[str] | None = None) -> int:
    given = sys.argv[1:] if argv is None else list(argv)
    if given[:1] == ["run"]:  # what follows the program's name is its own
        from .run import run

        return run(given[1:])
    if given[:1] == ["doctor"]:  # what it is given may be a password, which no error may repeat
        from .doctor import doctor

        return doctor(given[1:])
    parser = argparse.ArgumentParser(prog="python -m howdah")
    commands = parser.add_subparsers(dest="command", required=True)
    server = commands.add_parser("server", help="run a throw-away PostgreSQL until Ctrl-C, and print how to reach it")
    server.add_argument("--port", type=int, default=0, help="TCP port on 127.0.0.1 (default: a free one)")
    server.add_argument(
        "-c", dest="settings", action="append", default=[], metavar="NAME=VALUE", help="a setting of the server"
    )
    commands.add_parser("run", help="run a program written for psycopg: run script.py ..., run -m module ...")
    commands.add_parser("doctor", help="find out why connecting fails, or what comes of it: doctor [--json] DSN")
    arguments = parser.parse_args(given)
    settings = dict(setting.partition("=")[::2] for setting in arguments.settings)
    try:
        run_server(arguments.port, settings)
    except (ImportError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1


def run_server(port: int, settings: dict[str, str]) -> NoReturn:
    """Print the DSN of a new server, and keep it until the process is told to end."""
    from howdah.server import start

    def end(signum: int, frame: object) -> NoReturn:
        raise SystemExit(0)

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    with start(port=port, settings=settings) as server:
        print(server.dsn, flush=True)
        while True:
            signal.pause()
