"""What both cursor classes share, where nothing waits."""

from typing import Any, Generic, NamedTuple

from . import _howdah
from ._connection_base import describe_connection
from .abc import Params, Query
from .pq import ExecStatus
from .rows import Row


class SentQuery(NamedTuple):
    """A query as it was sent: with $1 for parameters, or with literals."""

    query: bytes


class BaseCursor(_howdah.BaseCursor, Generic[Row]):
    """Base of `Cursor` and `AsyncCursor`."""

    __slots__ = ()

    def __repr__(self) -> str:
        cls = type(self)
        conn: Any = getattr(self, "connection", None)
        if conn is None:
            return f"<{cls.__module__}.{cls.__qualname__} [uninitialised] at 0x{id(self):x}>"
        result: Any = getattr(self, "pgresult", None)
        status = "closed" if self.closed else ExecStatus(result.status).name if result else "no result"
        return f"<{cls.__module__}.{cls.__qualname__} [{status}] {describe_connection(conn)} at 0x{id(self):x}>"

    @property
    def _query(self) -> SentQuery | None:
        """What was executed last, kept after an error and after close(). The name is psycopg's; Django logs by it."""
        return None if self._sent is None else SentQuery(self._sent)

    def setinputsizes(self, sizes: Any) -> None:
        """Does nothing (DB-API)."""

    def setoutputsize(self, size: Any, column: int | None = None) -> None:
        """Does nothing (DB-API)."""


class ClientCursorMixin(BaseCursor[Row]):
    """Makes the cursor class that it is mixed with bind on the client.

    Parameters become literals within the query, so that it works where the server takes no parameters (``CREATE``,
    ``SET``) and with several statements in one string. Queries are not prepared.
    """

    __module__ = "howdah.client_cursor"
    __slots__ = ()

    def mogrify(self, query: Query, params: Params | None = None) -> str:
        """The text that `execute` would send. Raises as `execute` does for parameters that don't fit."""
        from . import _template

        if _template.is_template(query):
            query, params = _template.bind(query, params, self)
        encoding: str = self.connection._encoding()
        text: bytes = self._mogrify(query, params)
        return text.decode(encoding)


class RawCursorMixin(BaseCursor[Row]):
    """Makes the cursor class that it is mixed with take ``$1``, ``$2``, and a sequence of parameters."""

    __module__ = "howdah.raw_cursor"
    __slots__ = ()


_howdah.register_binding_mixins(ClientCursorMixin, RawCursorMixin)


def returned_no_rows(cur: BaseCursor[Any]) -> bool:
    """Whether the last statement succeeded, and is of those that return none."""
    return cur.pgresult is not None and cur.rownumber is None
