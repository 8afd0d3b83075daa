# Generated from cursor_async.py by tools/unasync.py: do not edit.
"""The cursor (psycopg 3, "Cursor classes")."""

from __future__ import annotations

from collections.abc import Iterator, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import _howdah
from ._cursor_base import BaseCursor
from .rows import Row

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Cursor"]


class Cursor(_howdah.CursorBase, BaseCursor[Row]):
    """Executes queries and holds their results."""

    __module__ = "howdah"
    __slots__ = ("__weakref__",)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self._close()

    def results(self) -> Iterator[Self]:
        """The cursor at each result in turn, from the current one on (several statements, or executemany)."""
        if self.pgresult is not None:
            yield self
            while self.nextset():
                yield self

    def set_result(self, index: int) -> Self:
        """Go to a result by its number; negative ones count from the end. Raises IndexError."""
        self._set_result(index)
        return self
