"""Enumerations of the public API."""

from __future__ import annotations

from enum import Enum, IntEnum

from .pq import Format


class IsolationLevel(IntEnum):
    """Isolation of transactions (PostgreSQL documentation, 13.2 "Transaction Isolation")."""

    __module__ = "howdah"

    READ_UNCOMMITTED = 1
    READ_COMMITTED = 2
    REPEATABLE_READ = 3
    SERIALIZABLE = 4


class PyFormat(str, Enum):
    """Format that a placeholder asks for: ``%s``, ``%t`` or ``%b`` (psycopg 3, `psycopg.adapt.PyFormat`)."""

    __module__ = "howdah.adapt"

    AUTO = "s"
    TEXT = "t"
    BINARY = "b"

    @classmethod
    def from_pq(cls, fmt: int) -> PyFormat:
        """The member that asks for a format of the protocol."""
        return cls.BINARY if fmt == Format.BINARY else cls.TEXT

    @classmethod
    def as_pq(cls, fmt: PyFormat) -> Format:
        """The format of the protocol that a member asks for; text for AUTO."""
        return Format.BINARY if fmt == cls.BINARY else Format.TEXT
