"""Cursors that put parameters into the text of the query (psycopg 3, "Client-side-binding cursors")."""

from __future__ import annotations

from ._cursor_base import BindingMixin
from .abc import Params, Query
from .cursor import Cursor
from .cursor_async import AsyncCursor
from .rows import Row

__all__ = ["AsyncClientCursor", "ClientCursor", "ClientCursorMixin"]


class ClientCursorMixin(BindingMixin):
    """Makes the cursor class that it is mixed with bind on the client.

    Parameters become literals within the query, so that it works where the server takes no parameters (``CREATE``,
    ``SET``) and with several statements in one string. Queries are not prepared.
    """

    _bind = 1

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
