"""Cursors that put parameters into the text of the query (psycopg 3, "Client-side-binding cursors")."""

from __future__ import annotations

from ._cursor_base import ClientCursorMixin
from .cursor import Cursor
from .cursor_async import AsyncCursor
from .rows import Row

__all__ = ["AsyncClientCursor", "ClientCursor", "ClientCursorMixin"]


class ClientCursor(ClientCursorMixin[Row], Cursor[Row]):
    """A `Cursor` that binds on the client."""

    __module__ = "howdah"


class AsyncClientCursor(ClientCursorMixin[Row], AsyncCursor[Row]):
    """An `AsyncCursor` that binds on the client."""

    __module__ = "howdah"
