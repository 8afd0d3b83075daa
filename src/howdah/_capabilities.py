"""What the driver can do (psycopg 3, "Capabilities objects")."""

from __future__ import annotations

from .errors import NotSupportedError

__all__ = ["Capabilities", "capabilities"]


class Capabilities:
    """What depends on libpq's version in psycopg. Howdah has it or not, always.

    With ``check=True`` a method raises `NotSupportedError` instead of returning False.
    """

    __module__ = "howdah"

    def has_encrypt_password(self, check: bool = False) -> bool:
        """`pq.PGconn.encrypt_password`: yes."""
        return True

    def has_full_protocol_version(self, check: bool = False) -> bool:
        """`ConnectionInfo.full_protocol_version`: yes."""
        return True

    def has_hostaddr(self, check: bool = False) -> bool:
        """`ConnectionInfo.hostaddr`: yes."""
        return True

    def has_pipeline(self, check: bool = False) -> bool:
        """`Connection.pipeline`: yes."""
        return True

    def has_set_trace_flags(self, check: bool = False) -> bool:
        """`pq.PGconn.set_trace_flags`: no."""
        return self._lacks("PGconn.set_trace_flags()", check)

    def has_cancel_safe(self, check: bool = False) -> bool:
        """`Connection.cancel_safe`: yes."""
        return True

    def has_stream_chunked(self, check: bool = False) -> bool:
        """`Cursor.stream` by several rows at a time: yes."""
        return True

    def has_send_close_prepared(self, check: bool = False) -> bool:
        """`pq.PGconn.send_close_prepared`: no."""
        return self._lacks("PGconn.send_close_prepared()", check)

    def has_used_gssapi(self, check: bool = False) -> bool:
        """`pq.PGconn.used_gssapi`: yes."""
        return True

    def _lacks(self, feature: str, check: bool) -> bool:
        if check:
            raise NotSupportedError(f"the feature '{feature}' is not available: howdah does without libpq")
        return False


capabilities = Capabilities()
