"""TLS by the interpreter's own `ssl`: which context the parameters amount to, and the pump between it and a socket.

PostgreSQL documentation, "SSL Support" of libpq, whose rules for files, permissions and names these are.
"""

from __future__ import annotations

import os
import re
import ssl
import stat
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from ..errors import OperationalError
from .private_key import as_pem

ALPN = "postgresql"

MOST_CONTEXTS = 64

VERSIONS = {
    "tlsv1": ssl.TLSVersion.TLSv1,
    "tlsv1.1": ssl.TLSVersion.TLSv1_1,
    "tlsv1.2": ssl.TLSVersion.TLSv1_2,
    "tlsv1.3": ssl.TLSVersion.TLSv1_3,
}

# What a context is made of. Those that name files count with the files' state.
FILES = ("sslrootcert", "sslcrl", "sslcrldir", "sslcert", "sslkey")
OTHERS = ("sslmode", "sslpassword", "sslcertmode", "sslkeylogfile", "ssl_min_protocol_version")

_contexts: OrderedDict[tuple[Any, ...], ssl.SSLContext] = OrderedDict()


def verifies(params: Mapping[str, str]) -> bool:
    return params["sslmode"] in ("verify-ca", "verify-full")


def context_of(params: Mapping[str, str]) -> ssl.SSLContext:
    """The context for these parameters, made once as long as no file changes.

    Reading the certificates of the system takes 30 ms and more. Raises `OperationalError` for a file of no use.
    """
    folder = os.path.join(os.path.expanduser("~"), ".postgresql")
    files = {name: _file_of(params, name, folder) for name in FILES}
    key = (
        tuple((path, _state(path)) for path in files.values()),
        tuple(params.get(name) for name in OTHERS),
        params.get("ssl_max_protocol_version"),
        _system_state() if params.get("sslrootcert") == "system" else None,
    )
    context = _contexts.get(key)
    if context is None:
        paths = {name: None if path is None else Path(path) for name, path in files.items()}
        context = _contexts[key] = _new_context(params, paths)
        while len(_contexts) > MOST_CONTEXTS:
            _contexts.popitem(last=False)
    return context


def _file_of(params: Mapping[str, str], name: str, folder: str) -> str | None:
    """The file that a parameter names, or the one in the user's folder."""
    given = params.get(name)
    if name == "sslrootcert" and given == "system":
        return None
    if given:
        return given
    if name == "sslcrldir" or (name == "sslcrl" and params.get("sslcrldir")):
        return None
    home = {
        "sslrootcert": "root.crt",
        "sslcrl": "root.crl",
        "sslcert": "postgresql.crt",
        "sslkey": "postgresql.key",
    }
    return os.path.join(folder, home[name])


def _state(path: str | None) -> tuple[int, ...] | None:
    try:
        if path is None:
            return None
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode, found.st_uid)


def _system_state() -> tuple[Any, ...]:
    paths = ssl.get_default_verify_paths()
    return tuple((path, _state(path)) for path in (paths.cafile, paths.capath) if path)


def _new_context(params: Mapping[str, str], files: Mapping[str, Path | None]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # by check_name(): libpq has rules of its own
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([ALPN])
    _set_versions(context, params)
    _trust(context, params, files)
    if params.get("sslcertmode") != "disable":
        _identify(context, params, files)
    if params.get("sslcertmode") == "require":
        context._msg_callback = _note_certificates  # type: ignore[attr-defined]
    if log := params.get("sslkeylogfile"):
        try:
            os.close(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
            context.keylog_filename = log
        except OSError as error:
            raise OperationalError(f'could not open SSL key logging file "{log}": {error.strerror}') from None
    return context


def _set_versions(context: ssl.SSLContext, params: Mapping[str, str]) -> None:
    least = VERSIONS.get(params.get("ssl_min_protocol_version", "").lower(), ssl.TLSVersion.MINIMUM_SUPPORTED)
    most = VERSIONS.get(params.get("ssl_max_protocol_version", "").lower(), ssl.TLSVersion.MAXIMUM_SUPPORTED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the old versions, which the user asks for
        context.minimum_version = least
        context.maximum_version = most


def _trust(context: ssl.SSLContext, params: Mapping[str, str], files: Mapping[str, Path | None]) -> None:
    """Which servers to believe. Where there is a root certificate, it is used whatever the mode."""
    root = files["sslrootcert"]
    if root is None:
        context.set_default_verify_paths()
    elif root.exists():
        try:
            context.load_verify_locations(cafile=root)
        except (ssl.SSLError, OSError) as error:
            raise OperationalError(f'could not read root certificate file "{root}": {reason_of(error)}') from None
    elif verifies(params):
        raise OperationalError(
            f'root certificate file "{root}" does not exist\n'
            "Either provide the file, use the system's trusted roots with sslrootcert=system, "
            "or change sslmode to disable server certificate verification."
        )
    else:
        return
    context.verify_mode = ssl.CERT_REQUIRED
    for name, keyword in (("sslcrl", "cafile"), ("sslcrldir", "capath")):
        path = files[name]
        if path is None or (name == "sslcrl" and not path.exists()):  # a folder without lists lets nobody in
            continue
        try:
            context.load_verify_locations(**{keyword: str(path)})
        except (ssl.SSLError, OSError):
            continue
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN


def _identify(context: ssl.SSLContext, params: Mapping[str, str], files: Mapping[str, Path | None]) -> None:
    """Our own certificate, if there is one."""
    cert, key = files["sslcert"], files["sslkey"]
    assert cert is not None
    assert key is not None
    try:
        cert.stat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise OperationalError(f'could not open certificate file "{cert}": {error.strerror}') from None
    _check_key_file(key)
    password = params.get("sslpassword") or ""
    try:
        with _pem_key(key) as pem:
            try:
                context.load_cert_chain(cert, pem, password=lambda: password)
            except (ssl.SSLError, OSError, ValueError) as error:
                encrypted = b"ENCRYPTED" in Path(pem).read_bytes()
                raise OperationalError(_why_unusable(cert, key, error, encrypted, password)) from None
    except OSError as error:
        raise OperationalError(f'could not load private key file "{key}": {error.strerror}') from None


def _why_unusable(cert: Path, key: Path, error: Exception, encrypted: bool, password: str) -> str:
    """Python says "PEM lib" whichever of the two it can't read."""
    reason = reason_of(error)
    if "mismatch" in reason:
        return f'certificate does not match private key file "{key}": {reason}'
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=cert)
    except (ssl.SSLError, OSError) as of_certificate:
        return f'could not read certificate file "{cert}": {reason_of(of_certificate)}'
    if reason == "pem lib":
        reason = "it is no private key in PEM or DER"
    if encrypted:
        reason = "it is encrypted, and " + ("not with sslpassword" if password else "there is no sslpassword")
    return f'could not load private key file "{key}": {reason}'


def _check_key_file(key: Path) -> None:
    try:
        found = key.stat()
    except OSError:
        raise OperationalError(f'certificate present, but not private key file "{key}"') from None
    if not stat.S_ISREG(found.st_mode):
        raise OperationalError(f'private key file "{key}" is not a regular file')
    forbidden = stat.S_IRWXG | stat.S_IRWXO
    if found.st_uid == 0:
        forbidden &= ~stat.S_IRGRP
    if found.st_mode & forbidden:
        raise OperationalError(
            f'private key file "{key}" has group or world access; file must have permissions u=rw (0600) or less if '
            "owned by the current user, or permissions u=rw,g=r (0640) or less if owned by root"
        )


@contextmanager
def _pem_key(key: Path) -> Iterator[str]:
    """The key's file, or another one where it is DER: `ssl` reads PEM only."""
    data = key.read_bytes()
    if b"-----BEGIN" in data:
        yield str(key)
        return
    with as_pem(data) as path:
        yield path


def reason_of(error: Exception) -> str:
    """What went wrong, without the place in OpenSSL's source."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return (error.reason or re.sub(r"^\[SSL\] | \(_ssl\.c:\d+\)$", "", str(error))).replace("_", " ").lower()
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)


@dataclass
class OwnCertificate:
    """What the handshake has shown about ours; known only with ``sslcertmode=require``."""

    requested: bool = False
    sent: bool = False


# Values know nothing of their keys, or they would keep every session that there ever was.
_own_certificates: WeakKeyDictionary[ssl.SSLObject, OwnCertificate] = WeakKeyDictionary()


def _note_certificates(tls: Any, _direction: str, _version: Any, _content: Any, kind: Any, data: bytes) -> None:
    """What passes of the handshake: whether the server asks for our certificate, and whether it gets one."""
    own = _own_certificates.get(tls)
    if own is None:
        return
    if kind == _CERTIFICATE_REQUEST:
        own.requested = True
    elif kind == _CERTIFICATE and _direction == "write":
        # The header of a handshake message, then (in TLS 1.3) an empty context, then the length of the list.
        own.sent = len(data) > 4 + 4


_CERTIFICATE, _CERTIFICATE_REQUEST = 11, 13


class Pump:
    """One TLS session: what goes in comes out as records, and the other way round. Nothing here waits."""

    def __init__(self, context: ssl.SSLContext, server_hostname: str | None):
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_hostname=server_hostname)
        self.own_certificate = _own_certificates[self.object] = OwnCertificate()

    @property
    def parts(self) -> tuple[ssl.SSLObject, ssl.MemoryBIO, ssl.MemoryBIO]:
        return self.object, self.incoming, self.outgoing

    def handshake(self) -> bool:
        """Go on with the handshake; whether it is done. Raises `ssl.SSLError`."""
        try:
            self.object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def encrypt(self, data: bytes) -> bytes:
        if data:
            self.object.write(data)
        return self.outgoing.read()

    def decrypt(self, records: bytes) -> bytes | None:
        """What has come with these; None once the other side has said that it was all. Raises `OperationalError`."""
        self.incoming.write(records)
        parts: list[bytes] = []
        try:
            while data := self.object.read(16 * 1024):
                parts.append(data)
        except ssl.SSLWantReadError:
            return b"".join(parts)
        except ssl.SSLZeroReturnError:
            pass
        except ssl.SSLError as error:
            if not parts:
                raise OperationalError(f"SSL error: {reason_of(error)}") from None
        return b"".join(parts) or None
