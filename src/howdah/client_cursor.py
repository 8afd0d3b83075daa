"""Cursors that put parameters into the text of the query (psycopg 3, "Client-side-binding cursors")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .abc import Params, Query
from .cursor import Cursor
from .cursor_async import AsyncCursor
from .rows import Row

__all__ = ["AsyncClientCursor", "ClientCursor", "ClientCursorMixin"]

CLIENT = 1  # enum hdpy_binding of the core

if TYPE_CHECKING:
    from . import _howdah

    _Base = _howdah.BaseCursor
else:
    _Base = object


class ClientCursorMixin(_Base):
    """Makes the cursor class that it is mixed with bind on the client.

    Parameters become literals within the query, so that it works where the server takes no parameters (``CREATE``,
    ``SET``) and with several statements in one string. Queries are not prepared.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._binding = CLIENT

    def mogrify(self, query: Query, params: Params | None = None) -> str:
        """The text that `execute` would send. Raises as `execute` does for parameters that don't fit."""
        encoding: str = self.connection._encoding()
        text: bytes = self._mogrify(query, params)
        return text.decode(encoding)


class ClientCursor(ClientCursorMixin, Cursor[Row]):
    """A `Cursor` that binds on the client."""

    __module__ = "howdah"


class AsyncClientCursor(ClientCursorMixin, AsyncCursor[Row]):
    """An `AsyncCursor` that binds on the client."""

    __module__ = "howdah"
