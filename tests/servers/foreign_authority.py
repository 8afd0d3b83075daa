"""authority.py's class without cryptography: HOWDAH_TEST_CERTIFICATES, an interpreter that has it, does the work."""

from __future__ import annotations

import ast
import atexit
import functools
import os
import subprocess
from pathlib import Path
from typing import Any


@functools.cache
def _other() -> subprocess.Popen[str]:
    command = [os.environ["HOWDAH_TEST_CERTIFICATES"], str(Path(__file__).with_name("authority.py"))]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(other.communicate)
    return other


def _ask(what: str, *args: Any, **options: Any) -> Any:
    other = _other()
    assert other.stdin is not None
    assert other.stdout is not None
    print((what, args, options), file=other.stdin, flush=True)
    return ast.literal_eval(other.stdout.readline())


SIGNATURES: list[str] = _ask("signatures")


class Authority:
    """A root certificate in `folder`, and the certificates that it signs."""

    def __init__(self, folder: Path, name: str = "root", signature: str = "ec-sha256"):
        self._folder = folder
        self._number = _ask("found", str(folder), name, signature)
        self.path = folder / f"{name}.crt"

    def issue(self, stem: str, common_name: str, names: Any = (), **options: Any) -> Any:
        return _ask("issue", self._number, stem, common_name, [*names], **options)

    def revoke(self, stem: str, *certificates: Any) -> Path:
        _ask("revoke", self._number, stem, *certificates)
        return self._folder / f"{stem}.crl"
