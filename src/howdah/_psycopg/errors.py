"""What `psycopg.errors` has besides."""

from __future__ import annotations

from .. import errors as _errors
from ..errors import Error as _Error

_sqlcodes = _errors._classes


def get_base_exception(sqlstate: str) -> type[_Error]:
    """The DB-API class for an SQLSTATE."""
    return _errors._class_for(sqlstate[:2])
