"""``python -m howdah doctor``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import NoReturn

from .._doctor import CANNOT_TRY, TIMEOUT, examine
from .._doctor.text import as_text

WHAT = "Find out why connecting fails, or what comes of it."

EPILOG = """exit status: 0 connected, 1 not connected, 2 nothing was tried. No password is printed. What stands on a
command line can be seen by others: leave the password to PGPASSWORD or a password file."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """The message would repeat what was typed, and that may be a password."""
        self.print_usage()
        self.exit(CANNOT_TRY, f"{self.prog}: these arguments are not understood\n")


def doctor(arguments: Sequence[str]) -> int:
    """Print what connecting comes to; the exit status."""
    parser = _Parser("python -m howdah doctor", description=WHAT, epilog=EPILOG)
    parser.add_argument("dsn", nargs="*", help="pairs or a URI; what is missing comes from the environment")
    parser.add_argument("--json", action="store_true", help="everything, for programs")
    parser.add_argument(
        "--timeout",
        type=float,
        default=TIMEOUT,
        help="seconds for each address without a connect_timeout (default: 10)",
    )
    given = parser.parse_args(arguments)
    report = examine(" ".join(given.dsn), given.timeout)
    print(json.dumps(report, indent=2) if given.json else as_text(report), end="\n" if given.json else "")
    exit_code: int = report["exit_code"]
    return exit_code
