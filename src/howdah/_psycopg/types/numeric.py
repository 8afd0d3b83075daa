"""The functions of `psycopg.types.numeric` that dump single numbers."""

from __future__ import annotations

from decimal import Decimal

from ...abc import Buffer
from ...types.numeric import DecimalBinaryDumper, DecimalDumper, IntNumericBinaryDumper


def dump_decimal_to_text(obj: Decimal) -> Buffer | None:
    """A number as numeric_in() reads it."""
    return DecimalDumper(Decimal).dump(obj)


def dump_decimal_to_numeric_binary(obj: Decimal) -> Buffer | None:
    """A number as numeric_recv() reads it."""
    return DecimalBinaryDumper(Decimal).dump(obj)


def dump_int_to_numeric_binary(obj: int) -> Buffer | None:
    """An integer as numeric_recv() reads it."""
    return IntNumericBinaryDumper(int).dump(obj)
