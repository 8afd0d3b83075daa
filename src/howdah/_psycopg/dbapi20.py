"""What the DB-API asks for, as psycopg keeps it in a module."""

from .._dbapi20 import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    Date,
    DateFromTicks,
    DBAPITypeObject,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
)
from ..abc import AdaptContext
from ..types.string import BinaryBinaryDumper, BinaryTextDumper

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Binary",
    "BinaryBinaryDumper",
    "BinaryTextDumper",
    "DBAPITypeObject",
    "Date",
    "DateFromTicks",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "register_dbapi20_adapters",
]


def register_dbapi20_adapters(context: AdaptContext) -> None:
    """Register the dumpers of `Binary`, which are registered from the beginning."""
    context.adapters.register_dumper(Binary, BinaryTextDumper)
    context.adapters.register_dumper(Binary, BinaryBinaryDumper)
