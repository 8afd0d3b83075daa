"""``python -m howdah run``: a program that imports psycopg gets howdah, and so do the Pythons that it starts."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Sequence

from .._psycopg._install import attach

USAGE = "usage: python -m howdah run [-m module | script.py] [argument ...]"

# Read by howdah_as_psycopg.pth, which is installed beside the package, whenever a Python starts.
VARIABLE = "HOWDAH_AS_PSYCOPG"


def run(arguments: Sequence[str]) -> int:
    """Run a script, a folder or an archive with a __main__, or a module, as ``python`` would."""
    is_module = arguments[:1] == ["-m"]
    program = arguments[1:] if is_module else arguments
    if not program or (program[0].startswith("-") and not is_module):
        print(USAGE, file=sys.stderr)
        return 2
    os.environ[VARIABLE] = "1"
    attach()
    sys.argv = list(program)
    if is_module:
        sys.path[0] = os.getcwd()
        runpy.run_module(program[0], run_name="__main__", alter_sys=True)
    else:
        if os.path.isfile(program[0]):
            sys.path[0] = os.path.dirname(os.path.realpath(program[0]))
        else:  # run_path() puts it in front itself
            del sys.path[0]
        runpy.run_path(program[0], run_name="__main__")
    return 0
