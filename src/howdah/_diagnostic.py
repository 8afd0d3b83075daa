"""What an ErrorResponse or a NoticeResponse says: its fields, and the sentence libpq makes of them."""

from __future__ import annotations

from collections.abc import Mapping

from . import _howdah

__all__ = ["Diagnostic", "message"]

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Diagnostic:
    """The fields of a report of the server, each `None` when the server did not send it.

    `info` maps the one-letter field codes of the protocol to their bytes (PostgreSQL documentation, "Error and Notice
    Message Fields"); they are decoded when they are asked for, bytes that do not decode becoming U+FFFD.
    """

    __module__ = "howdah.errors"

    def __init__(self, info: Mapping[str, bytes] | _howdah.Result | None, encoding: str = "utf-8"):
        if isinstance(info, _howdah.Result):
            given = ((letter, info.error_field(ord(letter))) for letter in _LETTERS)
            info = {letter: value for letter, value in given if value is not None}
        self._info = dict(info) if info else {}
        self._encoding = encoding

    def _field(self, code: str) -> str | None:
        value = self._info.get(code)
        return None if value is None else value.decode(self._encoding, "replace")

    @property
    def severity(self) -> str | None:
        """ERROR, FATAL, PANIC, WARNING, NOTICE…, in the server's language."""
        return self._field("S")

    @property
    def severity_nonlocalized(self) -> str | None:
        """The severity, always in English."""
        return self._field("V")

    @property
    def sqlstate(self) -> str | None:
        """The five characters of the error code."""
        return self._field("C")

    @property
    def message_primary(self) -> str | None:
        return self._field("M")

    @property
    def message_detail(self) -> str | None:
        return self._field("D")

    @property
    def message_hint(self) -> str | None:
        return self._field("H")

    @property
    def statement_position(self) -> str | None:
        """Where in the statement, counted in characters from 1."""
        return self._field("P")

    @property
    def internal_position(self) -> str | None:
        """Where in `internal_query`, counted in characters from 1."""
        return self._field("p")

    @property
    def internal_query(self) -> str | None:
        """The statement that the server ran on its own account, in a function for example."""
        return self._field("q")

    @property
    def context(self) -> str | None:
        return self._field("W")

    @property
    def schema_name(self) -> str | None:
        return self._field("s")

    @property
    def table_name(self) -> str | None:
        return self._field("t")

    @property
    def column_name(self) -> str | None:
        return self._field("c")

    @property
    def datatype_name(self) -> str | None:
        return self._field("d")

    @property
    def constraint_name(self) -> str | None:
        return self._field("n")

    @property
    def source_file(self) -> str | None:
        return self._field("F")

    @property
    def source_line(self) -> str | None:
        return self._field("L")

    @property
    def source_function(self) -> str | None:
        return self._field("R")


def message(diag: Diagnostic, query: str | None = None) -> str:
    """The text of an exception: what libpq prints at its default verbosity, without the severity.

    With the query at hand its line is shown, a caret under the place; without, the position is a number.
    """
    head = diag.message_primary or ""
    text, place = query, diag.statement_position
    if place is None:
        text, place = diag.internal_query, diag.internal_position
    position = int(place) if place is not None and place.isascii() and place.isdigit() else 0
    if place is not None and text is None:
        head += f" at character {place}"
    lines = [head]
    if text is not None and position > 0:
        lines += _excerpt(text, position - 1)
    for label, value in (
        ("DETAIL", diag.message_detail),
        ("HINT", diag.message_hint),
        ("QUERY", diag.internal_query),
        ("CONTEXT", diag.context),
    ):
        if value is not None:
            lines.append(f"{label}:  {value}")
    return "\n".join(lines).strip() or "no error details available"


_WIDTH = 60  # columns of the statement that are shown
_AFTER = 10  # of these, how many stay visible after the place, when the line goes on


def _columns(char: str) -> int:
    if char.isascii():
        return 1
    from unicodedata import east_asian_width

    return 2 if east_asian_width(char) in "WF" else 1


def _excerpt(text: str, place: int) -> list[str]:
    """The line of the text that holds a place, cut to a window around it, and a caret under the place."""
    if place > len(text):
        return []
    lines = text[:place].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = max(text.rfind("\n", 0, place), text.rfind("\r", 0, place)) + 1
    last = min((i for i in (text.find("\n", place), text.find("\r", place)) if i >= 0), default=len(text))
    # No more can be seen of a line of megabytes, and trimming goes step by step.
    start, end = max(first, place - 2 * _WIDTH), min(last, place + 2 * _WIDTH)

    def width(a: int, b: int) -> int:
        return sum(map(_columns, text[a:b]))

    if width(start, end) > _WIDTH:
        if width(start, place) + _AFTER > _WIDTH:
            while width(place, end) > _AFTER:
                end -= 1
            while width(start, end) > _WIDTH:
                start += 1
        else:
            while width(start, end) > _WIDTH:
                end -= 1
    head = f"LINE {len(lines)}: " + ("..." if start > first else "")
    shown = text[start:end].replace("\t", " ") + ("..." if end < last else "")
    return [head + shown, " " * (len(head) + width(start, place)) + "^"]
