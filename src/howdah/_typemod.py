"""What the type modifier of a column says: the numbers of ``varchar(10)`` or ``numeric(6, 2)``.

Source: the server's `<type>typmodin` functions (`src/backend/utils/adt`).
"""

from __future__ import annotations

VARLENA_HEADER = 4  # counted in the modifiers of character types and numeric


class TypeModifier:
    """For types that take no modifiers. A negative modifier says that none was given."""

    def __init__(self, oid: int):
        self.oid = oid

    def get_modifier(self, typemod: int) -> tuple[int, ...] | None:
        """What stands in the parentheses, or None."""
        return None

    def get_display_size(self, typemod: int) -> int | None:
        """The declared length, or None."""
        return None

    def get_precision(self, typemod: int) -> int | None:
        """Digits of a number; fractional digits of a time; or None."""
        return None

    def get_scale(self, typemod: int) -> int | None:
        """Digits of a number behind the point, or None."""
        return None


class NumericTypeModifier(TypeModifier):
    """``numeric(precision, scale)``."""

    def get_modifier(self, typemod: int) -> tuple[int, ...] | None:
        precision, scale = self.get_precision(typemod), self.get_scale(typemod)
        return None if precision is None or scale is None else (precision, scale)

    def get_precision(self, typemod: int) -> int | None:
        return typemod >> 16 if typemod >= 0 else None

    def get_scale(self, typemod: int) -> int | None:
        if typemod < 0:
            return None
        scale = (typemod - VARLENA_HEADER) & 0x7FF  # 11 bits, signed: numeric(2, -1) exists
        return scale - 0x800 if scale & 0x400 else scale


class _SizeTypeModifier(TypeModifier):
    def get_modifier(self, typemod: int) -> tuple[int, ...] | None:
        size = self.get_display_size(typemod)
        return (size,) if size else None


class CharTypeModifier(_SizeTypeModifier):
    """``varchar(length)`` and ``char(length)``."""

    def get_display_size(self, typemod: int) -> int | None:
        return typemod - VARLENA_HEADER if typemod >= 0 else None


class BitTypeModifier(_SizeTypeModifier):
    """``bit(length)`` and ``varbit(length)``."""

    def get_display_size(self, typemod: int) -> int | None:
        return typemod if typemod >= 0 else None


class TimeTypeModifier(TypeModifier):
    """``time(precision)``, ``timestamp(precision)`` and the like."""

    def get_modifier(self, typemod: int) -> tuple[int, ...] | None:
        precision = self.get_precision(typemod)
        return None if precision is None else (precision,)

    def get_precision(self, typemod: int) -> int | None:
        return typemod & 0xFFFF if typemod >= 0 else None


class IntervalTypeModifier(TimeTypeModifier):
    """``interval(precision)``: the fields it is restricted to are in the upper half, and the lower may be empty."""

    def get_precision(self, typemod: int) -> int | None:
        precision = super().get_precision(typemod)
        return None if precision == 0xFFFF else precision
