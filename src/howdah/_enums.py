"""Enumerations of the public API."""

from __future__ import annotations

from enum import IntEnum


class IsolationLevel(IntEnum):
    """Isolation of transactions (PostgreSQL documentation, 13.2 "Transaction Isolation")."""

    __module__ = "howdah"

    READ_UNCOMMITTED = 1
    READ_COMMITTED = 2
    REPEATABLE_READ = 3
    SERIALIZABLE = 4
