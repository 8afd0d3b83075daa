"""Certificates for the tests, made anew each time: a root, and what it signs."""

from __future__ import annotations

import importlib.util
import os

import pytest

__all__ = ["SIGNATURES", "Authority"]

if importlib.util.find_spec("cryptography") is not None:
    from servers.authority import SIGNATURES, Authority
elif "HOWDAH_TEST_CERTIFICATES" in os.environ:
    from servers.foreign_authority import SIGNATURES, Authority
else:
    pytest.skip("cryptography has no build for this interpreter", allow_module_level=True)
