"""As much of DER (ITU-T X.690) as takes to tell by what a certificate is signed, and what kind a private key is."""

from __future__ import annotations

SEQUENCE, INTEGER, OCTET_STRING, OBJECT = 0x30, 0x02, 0x04, 0x06

Element = tuple[int, bytes]


def elements(data: bytes, at_most: int = 16) -> list[Element]:
    """The tags and contents that follow one another, the first `at_most`. Raises ValueError where they do not fit."""
    found: list[Element] = []
    at = 0
    while at < len(data) and len(found) < at_most:
        tag, size, start = data[at], data[at + 1] if at + 1 < len(data) else 0, at + 2
        if tag & 0x1F == 0x1F:
            raise ValueError("a tag of more than one byte")
        if size >= 0x80:
            n = size & 0x7F
            if not 1 <= n <= 4 or start + n > len(data):
                raise ValueError("a length that is none")
            size, start = int.from_bytes(data[start : start + n], "big"), start + n
        if start > len(data) or size > len(data) - start:
            raise ValueError("longer than what holds it")
        found.append((tag, data[start : start + size]))
        at = start + size
    return found


def content(element: Element, tag: int) -> bytes:
    """The content of an element, which has to have this tag. Raises ValueError."""
    if element[0] != tag:
        raise ValueError(f"tag {element[0]:#x} where {tag:#x} should be")
    return element[1]


def inside(data: bytes, tag: int = SEQUENCE) -> list[Element]:
    """The elements inside of the one that `data` is. Raises ValueError."""
    found = elements(data, 1)
    if not found:
        raise ValueError("nothing")
    return elements(content(found[0], tag))


def object_name(encoded: bytes) -> str:
    """An object identifier as numbers and dots. Raises ValueError."""
    if not encoded or encoded[-1] & 0x80 or len(encoded) > 64:
        raise ValueError("an object identifier without an end")
    numbers: list[int] = []
    number = 0
    for byte in encoded:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(str(part) for part in (first, numbers[0] - 40 * first, *numbers[1:]))
