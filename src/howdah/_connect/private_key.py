"""Private keys in DER, which Python's `ssl` does not read."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from . import der


def _label(key: bytes) -> str:
    try:
        first, *rest = der.inside(key)
    except ValueError:
        return "PRIVATE KEY"  # for OpenSSL to refuse
    if first[0] == der.SEQUENCE:
        return "ENCRYPTED PRIVATE KEY"
    kinds = {der.OCTET_STRING: "EC PRIVATE KEY", der.INTEGER: "RSA PRIVATE KEY"}
    return kinds.get(rest[0][0], "PRIVATE KEY") if rest else "PRIVATE KEY"


@contextmanager
def as_pem(key: bytes) -> Iterator[str]:
    """The path of a file with the key in PEM, which goes with the block; in memory where the system has that."""
    label = _label(key)
    text = f"-----BEGIN {label}-----\n{base64.encodebytes(key).decode()}-----END {label}-----\n"
    if not hasattr(os, "memfd_create"):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(text)
            file.flush()
            yield file.name
        return
    fd = os.memfd_create("key", os.MFD_CLOEXEC)
    try:
        os.write(fd, text.encode())
        yield f"/proc/self/fd/{fd}"
    finally:
        os.close(fd)
