"""The tests that the documentation names exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.findall(r"`([\w/]+\.(?:py|c))::(\w+)`", (ROOT / "docs/protocol.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted({path for path, _ in NAMED}))
def test_tests_that_are_named_exist(path):
    source = (ROOT / "tests" / path).read_text(encoding="utf-8")
    definition = r"^(?:    )?(?:async )?def (test_\w+)\(" if path.endswith(".py") else r"^(\w+)\(void\)$"
    assert {name for file, name in NAMED if file == path} <= set(re.findall(definition, source, re.MULTILINE))
