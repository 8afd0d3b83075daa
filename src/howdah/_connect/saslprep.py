"""SASLprep (RFC 4013): the same password, typed on another keyboard, gives the same bytes."""

from __future__ import annotations

import stringprep
import unicodedata

_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
    stringprep.in_table_a1,  # unassigned in Unicode 3.2
)


def saslprep(password: str) -> str:
    """The password in its normal form, or as it is where that is forbidden: as PostgreSQL's server has it."""
    if password.isascii() and password.isprintable():
        return password
    # U+200B is in both tables; PostgreSQL takes it for a space.
    spaced = (" " if stringprep.in_table_c12(char) else char for char in password)
    mapped = "".join(char for char in spaced if not stringprep.in_table_b1(char))
    # RFC 4013 looks for what is prohibited behind the normalization; PostgreSQL does it before, and decides here.
    if not mapped or any(prohibited(char) for char in mapped for prohibited in _PROHIBITED):
        return password
    if any(map(stringprep.in_table_d1, mapped)):  # right to left, then from end to end
        ends_right_to_left = stringprep.in_table_d1(mapped[0]) and stringprep.in_table_d1(mapped[-1])
        if not ends_right_to_left or any(map(stringprep.in_table_d2, mapped)):
            return password
    return unicodedata.normalize("NFKC", mapped)
