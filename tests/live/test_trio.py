"""AsyncConnection under trio, in a process of its own: trio-asyncio replaces asyncio's policy when it is imported."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent.parent / "isolated" / "under_trio.py"


@pytest.mark.skipif(importlib.util.find_spec("trio_asyncio") is None, reason="needs trio-asyncio")
def test_trio(pg, dsn):
    done = subprocess.run([sys.executable, PROGRAM, pg.__name__, dsn], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
