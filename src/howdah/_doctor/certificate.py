"""What the server's certificate says: `ssl` tells that only of those that it has verified."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from .._connect import der

NAMES = {"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU"}

UTC_TIME = 0x17


def describe_certificate(encoded: bytes) -> dict[str, Any]:
    """Subject, issuer and the time in which it is good, as far as they can be read (RFC 5280, section 4.1)."""
    try:
        fields = der.elements(der.content(der.inside(encoded)[0], der.SEQUENCE))
        if fields[0][0] == 0xA0:  # the version, which is not version 1
            del fields[0]
        _serial, _algorithm, issuer, validity, subject = (content for _tag, content in fields[:5])
        since, until = (_time(element) for element in der.elements(validity)[:2])
        return {
            "subject": _name(subject),
            "issuer": _name(issuer),
            "not_before": since.isoformat(),
            "not_after": until.isoformat(),
        }
    except (ValueError, IndexError):
        return {"unreadable": True}


def _name(encoded: bytes) -> str:
    parts = []
    for _set, pairs in der.elements(encoded):
        for _sequence, pair in der.elements(pairs):
            key, (_tag, value) = der.elements(pair)[:2]
            oid = der.object_name(der.content(key, der.OBJECT))
            parts.append(f"{NAMES.get(oid, oid)}={ascii(value.decode(errors='replace'))[1:-1]}")
    return ", ".join(parts)


def _time(element: der.Element) -> datetime:
    tag, content = element
    form = "%y%m%d%H%M%SZ" if tag == UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.strptime(content.decode("ascii"), form).replace(tzinfo=timezone.utc)
