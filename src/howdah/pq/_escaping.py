"""Quoting by hand, as libpq's functions do it (PostgreSQL documentation, 32.3.4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import OperationalError
from ._enums import ConnStatus

if TYPE_CHECKING:
    from ._pgconn import PGconn

__all__ = ["Escaping"]


class Escaping:
    """Makes literals and identifiers of bytes, in the encoding of a connection.

    Every method raises `OperationalError` if the connection is closed; `escape_literal` and `escape_identifier` need
    one.
    """

    def __init__(self, conn: PGconn | None = None):
        self.conn = conn

    def escape_literal(self, data: bytes) -> bytes:
        """A string constant, quotes included. Raises `OperationalError` for what is not in the encoding."""
        text, encoding = self._text(data, self._connected())
        quoted = "'" + text.replace("'", "''") + "'"
        if "\\" in quoted:
            quoted = " E" + quoted.replace("\\", "\\\\")
        return quoted.encode(encoding)

    def escape_identifier(self, data: bytes) -> bytes:
        """A name, quotes included. Raises `OperationalError` for what is not in the encoding."""
        text, encoding = self._text(data, self._connected())
        return ('"' + text.replace('"', '""') + '"').encode(encoding)

    def escape_string(self, data: bytes) -> bytes:
        """What goes between the quotes of a string constant.

        Without a connection, for a server whose ``standard_conforming_strings`` is on. Raises `OperationalError` for
        what is not in the encoding.
        """
        if self.conn is None:
            return bytes(data).replace(b"'", b"''")
        conn = self._connected()
        text, encoding = self._text(data, conn)
        if conn.parameter_status(b"standard_conforming_strings") == b"off":
            text = text.replace("\\", "\\\\")
        return text.replace("'", "''").encode(encoding)

    def escape_bytea(self, data: bytes) -> bytes:
        """What goes between the quotes of a bytea constant, in hex."""
        escaped = b"\\x" + bytes(data).hex().encode()
        if self.conn is not None and self._connected().parameter_status(b"standard_conforming_strings") == b"off":
            escaped = b"\\" + escaped
        return escaped

    def unescape_bytea(self, data: bytes) -> bytes:
        """The bytes of a bytea value in text, in either format (8.4)."""
        if self.conn is not None:
            self._connected()
        data = bytes(data)
        if data.startswith(b"\\x"):
            return bytes.fromhex(data[2:].decode())
        return re.sub(rb"\\(\\|[0-3][0-7][0-7])", _unescaped, data)

    def _connected(self) -> PGconn:
        if self.conn is None:
            raise OperationalError("escaping failed: no connection provided")
        if self.conn.status != ConnStatus.OK:
            raise OperationalError("the connection is closed")
        return self.conn

    def _text(self, data: bytes, conn: PGconn) -> tuple[str, str]:
        """Only as text can it be told which bytes are quotes; under SQL_ASCII every byte is a character."""
        encoding = conn.encoding
        if encoding == "ascii":
            encoding = "latin-1"
        try:
            return bytes(data).decode(encoding), encoding
        except UnicodeDecodeError as error:
            raise OperationalError(f"escaping failed: {error}") from None


def _unescaped(match: re.Match[bytes]) -> bytes:
    return b"\\" if match[1] == b"\\" else bytes([int(match[1], 8)])
