"""GSSAPI (RFC 2743) by the package `gssapi`, the extra ``howdah[gssapi]``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import OperationalError


class Gss:
    """One log-in by a Kerberos ticket, the server proving itself as well."""

    def __init__(self, params: Mapping[str, str], host: str):
        try:
            import gssapi
        except ImportError:
            raise OperationalError(
                "the server asks for GSSAPI authentication, for which the package gssapi is needed: howdah[gssapi]"
            ) from None
        if not host:
            raise OperationalError("host name must be specified")
        service = params.get("krbsrvname") or "postgres"
        self._error: type[Exception] = gssapi.exceptions.GSSError
        flags: int = gssapi.RequirementFlag.mutual_authentication
        if params.get("gssdelegation") == "1":
            flags |= gssapi.RequirementFlag.delegate_to_peer
        try:
            name = gssapi.Name(f"{service}@{host}", gssapi.NameType.hostbased_service)
            self._context: Any = gssapi.SecurityContext(name=name, usage="initiate", flags=flags)
        except self._error as error:
            raise OperationalError(f"GSSAPI: {_reason(error)}") from None

    @property
    def complete(self) -> bool:
        """Whether the server has proven itself."""
        return bool(self._context.complete)

    def step(self, token: bytes) -> bytes:
        """Take the server's token; the answer, which may be nothing. Raises `OperationalError`."""
        try:
            return self._context.step(token or None) or b""
        except self._error as error:
            raise OperationalError(f"GSSAPI continuation error: {_reason(error)}") from None


def _reason(error: Any) -> str:
    """What GSSAPI says, and then what Kerberos says, without the codes."""
    general: list[str] = error.get_all_statuses(error.maj_code, True)
    detail: list[str] = error.get_all_statuses(error.min_code, False)
    return ": ".join((*general, *detail))
