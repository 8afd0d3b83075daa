"""The functions of `psycopg.types.range` that dump and load by functions for the bounds."""

from __future__ import annotations

import re
import struct
from typing import Any, NoReturn

from ... import errors
from ..._transformer import Transformer
from ...abc import Buffer, DumpFunc, LoadFunc
from ...pq import Format
from ...types import range as _range
from ...types.range import Range


def fail_dump(obj: Any) -> NoReturn:
    """For a range without bounds, which has nothing to dump. Raises `InternalError`."""
    raise errors.InternalError("trying to dump a range element without information")


def make_bound_dump(tx: Transformer, subtype_oid: int, format: Format) -> DumpFunc:
    """What dumps bounds of a type. Raises `ProgrammingError` where no dumper gives it."""
    return tx.get_dumper_by_oid(subtype_oid, format).dump


def dump_range_text(obj: Range[Any], dump: DumpFunc) -> Buffer:
    """As range_in() reads it; `dump` gives the text of a bound."""
    return _range.dump_range_text(obj, dump, "latin-1")


_BOUND = rb'((?:"(?:[^"\\]|\\.|"")*"|[^"\\,()\[\]]|\\.)*)'
_RANGE = re.compile(rb"([\[(])" + _BOUND + rb"," + _BOUND + rb"([\])])", re.DOTALL)
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.|"")*)"', re.DOTALL)
_ESCAPED = re.compile(rb'\\(.)|"(")', re.DOTALL)


def load_range_text(data: Buffer, load: LoadFunc) -> tuple[Range[Any], int]:
    """The range at the beginning of a text, and where it ends. Raises `DataError` if there is none."""
    data = bytes(data)
    if data.startswith(b"empty"):
        return Range(empty=True), 5
    found = _RANGE.match(data)
    if found is None:
        raise errors.DataError(f"failed to parse range: {data.decode('utf-8', 'replace')!r}")
    opening, lower, upper, closing = found.groups()
    bounds = (opening + closing).decode()
    return Range(_load_bound(lower, load), _load_bound(upper, load), bounds), found.end()


def _load_bound(text: bytes, load: LoadFunc) -> Any:
    if not text:
        return None
    return load(_QUOTED.sub(lambda quoted: _ESCAPED.sub(lambda m: m[1] or m[2], quoted[1]), text))


def load_range_binary(data: Buffer, load: LoadFunc) -> Range[Any]:
    """A range as range_send() writes it. Raises struct.error, IndexError for what is none."""
    data = bytes(data)
    flags = data[0]
    if flags & _range.EMPTY:
        return Range(empty=True)
    bounds = ("[" if flags & _range.LOWER_INC else "(") + ("]" if flags & _range.UPPER_INC else ")")
    loaded: list[Any] = []
    place = 1
    for infinite in (_range.LOWER_INF, _range.UPPER_INF):
        if flags & infinite:
            loaded.append(None)
        else:
            (length,) = struct.unpack_from("!i", data, place)
            loaded.append(load(data[place + 4 : place + 4 + length]))
            place += 4 + length
    return Range(loaded[0], loaded[1], bounds)
