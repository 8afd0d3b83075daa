"""What both Copy classes share, where nothing waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import _howdah
from ._connection_base import describe_connection
from ._transformer import Transformer
from .pq import Format

if TYPE_CHECKING:
    from ._copy_formatter import Formatter


class BaseCopy(_howdah.BaseCopy):
    """Base of `Copy` and `AsyncCopy`."""

    _finished = False  # the writer was told
    _types: Sequence[int | str] | None = None  # as set_types() was given them
    _formatter: Formatter | None = None

    def __repr__(self) -> str:
        cls = type(self)
        return f"<{cls.__module__}.{cls.__qualname__} {describe_connection(self.connection)} at 0x{id(self):x}>"

    def set_types(self, types: Sequence[int | str]) -> None:
        """Tell the types of the columns, by name or by oid.

        Rows read are then loaded as these types; values written are dumped as these types, whatever theirs is, which
        binary COPY needs where the server's types are others. Raises KeyError for a name that is not known,
        `ProgrammingError` for a type that nothing can be dumped to.
        """
        self._types, self._formatter = types, None
        adapters = self.cursor.adapters
        oids = tuple(adapters.types.get_oid(t) if isinstance(t, str) else t for t in types)
        if self._reads:
            self._set_loaders(oids)
        else:
            format = Format.BINARY if self._binary else Format.TEXT
            tx = Transformer(self.cursor)
            self._set_dumpers([dumper_to(tx, oid, format) for oid in oids])

    @property
    def formatter(self) -> Formatter:
        """What formats and parses single rows as this block does."""
        if self._formatter is None:
            from ._copy_formatter import Formatter

            self._formatter = Formatter(self)
        return self._formatter


def dumper_to(tx: Transformer, oid: int, format: Format) -> Any:
    """The C function that dumps to a type, or an instance of its class."""
    cls = tx.adapters.get_dumper_by_oid(oid, format)
    return cls.__dict__.get("_typed_core") or cls.__dict__.get("_core") or tx.get_dumper_by_oid(oid, format)


def reason_of(exc: BaseException, copy: BaseCopy) -> bytes:
    """What the server is told when a COPY fails on this side; it takes no long stories."""
    text = f"error from Python: {type(exc).__qualname__} - {exc}"
    return text[:1000].encode(copy.connection._encoding(), "replace")
