"""The rows of COPY one by one: what psycopg has as ``copy.formatter``. A copy() block itself does this in C."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import _howdah
from ._transformer import TEXT_OID, Transformer
from .errors import DataError
from .pq import Format

if TYPE_CHECKING:
    from ._copy_base import BaseCopy
    from .abc import Buffer

BYTEA_OID = 17

# PostgreSQL documentation, COPY, "File Formats".
_SIGNATURE = b"PGCOPY\n\xff\r\n\0"
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def _unescape(found: re.Match[bytes]) -> bytes:
    code = found[1]
    if code[:1] == b"x" and len(code) > 1:
        return bytes([int(code[1:], 16)])
    return bytes([int(code, 8) & 255]) if code.isdigit() else _LETTERS.get(code, code)


class Formatter:
    """Formats and parses single rows as a copy() block does, with the types that were set there."""

    def __init__(self, copy: BaseCopy):
        from ._copy import Copy, LibpqWriter

        class Nowhere(LibpqWriter):
            """What is written is taken from the block before it gets here."""

        self.format = Format.BINARY if copy._binary else Format.TEXT
        self.transformer = Transformer(copy.cursor)
        self._types = copy._types
        self._rows = Copy(copy.cursor, binary=copy._binary, writer=Nowhere(copy.cursor))
        if self._types is not None:
            self._rows.set_types(self._types)

    def write(self, buffer: Buffer | str) -> Buffer:
        """A block of data as it is sent. Raises TypeError for str in binary format."""
        data: Buffer = self._rows._encoded(buffer)
        return data

    def write_row(self, row: Sequence[Any]) -> Buffer:
        """A row as it is sent; the first one behind what begins the data. Raises as `Copy.write_row`."""
        _howdah.CopyBase.write_row(self._rows, row)
        return self._rows._take_rows(False) or b""

    def end(self) -> Buffer:
        """What ends the data."""
        return self._rows._take_rows(True) or b""

    def parse_row(self, data: Buffer) -> tuple[Any, ...] | None:
        """A row as it was received; None behind the last. Raises `DataError` for what is none."""
        values = self._text_values(bytes(data)) if self.format == Format.TEXT else self._values(bytes(data))
        if values is None:
            return None
        oids: Sequence[int]
        if self._types is None:
            oids = [TEXT_OID if self.format == Format.TEXT else BYTEA_OID] * len(values)
        else:
            oids = [self.transformer.adapters.types.get_oid(t) if isinstance(t, str) else t for t in self._types]
        self.transformer.set_loader_types(oids, self.format)
        return self.transformer.load_sequence(values)

    def _text_values(self, line: bytes) -> list[bytes | None] | None:
        if not line:
            return None
        fields = (line[:-1] if line.endswith(b"\n") else line).split(b"\t")
        return [None if field == b"\\N" else _ESCAPE.sub(_unescape, field) for field in fields]

    def _values(self, data: bytes) -> list[bytes | None] | None:
        place = 0
        if data.startswith(_SIGNATURE):
            place = len(_SIGNATURE) + 8
        try:
            (n,) = struct.unpack_from("!h", data, place)
            if n == -1:
                return None
            place += 2
            values: list[bytes | None] = []
            for _ in range(n):
                (length,) = struct.unpack_from("!i", data, place)
                place += 4
                values.append(None if length < 0 else data[place : place + length])
                place += max(length, 0)
        except struct.error:
            raise DataError("the data is no row of a binary COPY") from None
        if place > len(data):
            raise DataError("the data is no row of a binary COPY")
        return values
