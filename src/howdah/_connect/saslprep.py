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
    """The password in its normal form, or as it is where RFC 4013 forbids it: PostgreSQL does the same."""
    if password.isascii() and password.isprintable():
        return password
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char for char in password if not stringprep.in_table_b1(char)
    )
    normal = unicodedata.normalize("NFKC", mapped)
    if not normal or any(prohibited(char) for char in normal for prohibited in _PROHIBITED):
        return password
    if any(map(stringprep.in_table_d1, normal)):  # right to left, then from end to end
        ends_right_to_left = stringprep.in_table_d1(normal[0]) and stringprep.in_table_d1(normal[-1])
        if not ends_right_to_left or any(map(stringprep.in_table_d2, normal)):
            return password
    return normal
