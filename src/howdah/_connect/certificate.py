"""Of the server's certificate: whether it is the host's, and what it binds a log-in to."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from typing import Any

from ..errors import OperationalError
from . import der

# RFC 5929, section 4.1: the hash of the signature algorithm, or SHA-256 where that is MD5 or SHA-1.
_HASHES = {
    "1.2.840.113549.1.1.4": "sha256",  # md5WithRSAEncryption
    "1.2.840.113549.1.1.5": "sha256",  # sha1WithRSAEncryption
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
    "1.2.840.113549.1.1.14": "sha224",
    "1.2.840.113549.1.1.15": "sha512_224",
    "1.2.840.113549.1.1.16": "sha512_256",
    "1.2.840.10045.4.1": "sha256",  # ecdsa-with-SHA1
    "1.2.840.10045.4.3.1": "sha224",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
    "1.2.840.10040.4.3": "sha256",  # dsa-with-sha1
    "2.16.840.1.101.3.4.3.1": "sha224",  # DSA
    "2.16.840.1.101.3.4.3.2": "sha256",
    "2.16.840.1.101.3.4.3.3": "sha384",
    "2.16.840.1.101.3.4.3.4": "sha512",
    "2.16.840.1.101.3.4.3.9": "sha3_224",  # ECDSA
    "2.16.840.1.101.3.4.3.10": "sha3_256",
    "2.16.840.1.101.3.4.3.11": "sha3_384",
    "2.16.840.1.101.3.4.3.12": "sha3_512",
    "2.16.840.1.101.3.4.3.13": "sha3_224",  # RSA
    "2.16.840.1.101.3.4.3.14": "sha3_256",
    "2.16.840.1.101.3.4.3.15": "sha3_384",
    "2.16.840.1.101.3.4.3.16": "sha3_512",
}

_RSA_PSS = "1.2.840.113549.1.1.10"  # the hash is a parameter

_PSS_HASHES = {
    "1.3.14.3.2.26": "sha256",  # SHA-1
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.5": "sha512_224",
    "2.16.840.1.101.3.4.2.6": "sha512_256",
    "2.16.840.1.101.3.4.2.7": "sha3_224",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384",
    "2.16.840.1.101.3.4.2.10": "sha3_512",
}


def end_point(certificate: bytes) -> bytes | None:
    """``tls-server-end-point`` (RFC 5929) of a certificate in DER; None where its signature has no hash (Ed25519)."""
    try:
        name = _hash_name(certificate)
        return hashlib.new(name, certificate).digest() if name else None
    except (ValueError, IndexError):
        return None


def _hash_name(certificate: bytes) -> str | None:
    _signed, algorithm, _signature = der.inside(certificate)
    identifier, *parameters = der.elements(der.content(algorithm, der.SEQUENCE))
    name = der.object_name(der.content(identifier, der.OBJECT))
    if name != _RSA_PSS:
        return _HASHES.get(name)
    for tag, content in der.elements(der.content(parameters[0], der.SEQUENCE)):
        if tag == 0xA0:  # [0] hashAlgorithm
            return _PSS_HASHES.get(der.object_name(der.content(der.inside(content)[0], der.OBJECT)))
    return "sha256"  # the default is SHA-1


def check_name(certificate: Mapping[str, Any], host: str) -> None:
    """Whether a verified certificate, as `ssl.SSLObject.getpeercert()` describes it, is for this host.

    As libpq has it: by its alternative names, and by the common name where none of those is of the host's kind.
    Raises `OperationalError`.
    """
    if not host:
        raise OperationalError("host name must be specified for a verified SSL connection")
    names = [(kind, str(name)) for kind, name in certificate.get("subjectAltName", ()) if kind in _KINDS]
    if _kind_of(host) not in {kind for kind, _name in names}:
        parts = (pair for part in certificate.get("subject", ()) for pair in part)
        names += [("DNS", str(value)) for key, value in parts if key == "commonName"][:1]
    for _kind, name in names:
        if "\0" in name:
            raise OperationalError("SSL certificate's name contains embedded null")
    if not any(_matches(kind, name, host) for kind, name in names):
        shown = ascii(names[0][1])[1:-1] if names else ""
        others = f" (and {len(names) - 1} other name{'s' * (len(names) > 2)})" if len(names) > 1 else ""
        raise OperationalError(f'server certificate for "{shown}"{others} does not match host name "{host}"')


_KINDS = ("DNS", "IP Address")


def _kind_of(host: str) -> str:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "DNS"
    return "IP Address"


def _matches(kind: str, name: str, host: str) -> bool:
    if kind == "IP Address":
        try:
            return ipaddress.ip_address(name) == ipaddress.ip_address(host)
        except ValueError:
            return False
    name, host = name.lower(), host.lower()
    if name == host:
        return True
    label, _dot, rest = host.partition(".")  # the wildcard stands for one, the leftmost
    return len(name) > 3 and label != "" and name == f"*.{rest}"
