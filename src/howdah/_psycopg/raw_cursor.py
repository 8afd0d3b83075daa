"""The cursors on the server that `psycopg.raw_cursor` has besides."""

from ..server_cursor import RawServerCursor
from ..server_cursor_async import AsyncRawServerCursor

__all__ = ["AsyncRawServerCursor", "RawServerCursor"]
