"""Parameters that are bytes of values already, as libpq takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .. import _howdah
from .._enums import PyFormat
from ..adapt import Dumper
from ..raw_cursor import RawCursor
from ..rows import tuple_row
from ._enums import Format


class _Given(NamedTuple):
    value: bytes
    oid: int
    format: int


class _GivenDumper(Dumper):
    """Sends what it is given, as the type and in the format that it is given with."""

    def get_key(self, obj: _Given, format: PyFormat) -> Any:
        return (_Given, obj.oid, obj.format)

    def upgrade(self, obj: _Given, format: PyFormat) -> Dumper:
        dumper = _GivenDumper(_Given)
        dumper.oid, dumper.format = obj.oid, Format(obj.format)
        return dumper

    def dump(self, obj: _Given) -> bytes:
        return obj.value


def execute(
    conn: Any,
    command: bytes,
    values: Sequence[bytes | None],
    types: Sequence[int],
    formats: Sequence[int],
    result_format: int,
) -> list[_howdah.Result]:
    """Execute a statement, without BEGIN, and wait; its result. Raises what the server says."""
    cur: RawCursor[Any] = RawCursor(conn, row_factory=tuple_row)
    cur.adapters.register_dumper(_Given, _GivenDumper)
    params = [
        None if value is None else _Given(bytes(value), oid, format)
        for value, oid, format in zip(values, types, formats, strict=True)
    ]
    autocommit, conn._autocommit = conn._autocommit, True
    try:
        cur.execute(command, params, prepare=False, binary=bool(result_format))
    finally:
        conn._autocommit = autocommit
    assert cur.pgresult is not None
    return [cur.pgresult]
