"""What execute_values() and copy_rows() do where nothing waits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from ._enums import PyFormat
from ._howdah import split_query
from ._transformer import Transformer
from .errors import ProgrammingError

_VALUES = re.compile(r"\bvalues\s*\Z", re.IGNORECASE)

# The types that the server gives to the parameters. Some names of regtype are other types: character is character(1).
PARAMETER_TYPES = """
    select pg_catalog.format('%I.%I', n.nspname, t.typname), t.typtype in ('c', 'd') or t.typcategory = 'A'
    from pg_catalog.pg_prepared_statements s
    cross join pg_catalog.unnest(s.parameter_types) with ordinality p(oid, number)
    join pg_catalog.pg_type t on t.oid = p.oid
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    where s.name = 'howdah_values' order by p.number
"""
FORGET = "deallocate howdah_values"


class ValuesQuery:
    """A query with ``VALUES %s`` in it, and what becomes of it."""

    def __init__(self, query: str, template: str | None):
        pieces, keys = split_query(query)
        match = _VALUES.search(pieces[0])
        if len(keys) != 1 or isinstance(keys[0], str) or match is None:
            raise ProgrammingError("the query must have exactly one placeholder, the %s of 'VALUES %s'")
        self._before, self._after = pieces[0][: match.start()], pieces[1]
        # An INSERT's, whose columns say what the values are; else the rows of a FROM or WITH.
        self.inserts = self._before.rstrip()[-1:] not in ("", "(")
        self._pieces: tuple[str, ...] = ()  # of the template
        self._keys: tuple[Any, ...] = ()  # of the template's placeholders: each is a column
        if template is not None:
            text = template.strip()
            if not (text.startswith("(") and text.endswith(")")):
                raise ProgrammingError(f"the template must be in parentheses, got {template!r}")
            self._set_template(text[1:-1])

    def _set_template(self, text: str) -> None:
        self._pieces, self._keys = split_query(text)
        if not self._keys:
            raise ProgrammingError("rows without values can't be inserted")

    def columns_of(self, rows: Sequence[Any]) -> list[list[Any]]:
        """The values of the rows, column by column. Raises `ProgrammingError` for rows that don't fit."""
        if not self._keys:
            self._set_template(", ".join(["%s"] * len(rows[0])))
        if isinstance(self._keys[0], str):
            rows = [[row[key] for key in self._keys] for row in rows]
        elif any(issubclass(cls, Mapping) for cls in set(map(type, rows))):
            raise ProgrammingError("rows that are mappings need a template with names, as '(%(a)s, %(b)s)'")
        n = len(self._keys)
        if set(map(len, rows)) != {n}:
            number, size = next((i, len(row)) for i, row in enumerate(rows) if len(row) != n)
            raise ProgrammingError(f"a row should be {n} values; that with index {number} has {size}")
        return list(map(list, zip(*rows, strict=True)))

    def prepare_sql(self) -> str:
        """PREPARE of the query with a single row."""
        numbers = [f"${i + 1}" for i in range(len(self._keys))]
        return f"prepare howdah_values as {self._before}values ({self._template_of(numbers)}){self._after}"

    def bound(
        self, columns: list[list[Any]], types: list[tuple[str, bool]] | None, cur: Any
    ) -> tuple[str, list[list[Any]]]:
        """The query with an array per column, and the arrays.

        types: of the query's parameters, each with whether an array of it can't be unnested: that of an array ends in
        the elements of both, that of a composite in its fields.
        """
        tx = Transformer(cur)
        names = [f"howdah_rows.c{i}" for i in range(len(columns))]
        places, arrays = [], []
        for i, column in enumerate(columns):
            type_name, is_whole = types[i] if types else ("", False)
            item = None if is_whole else _item_of(column)
            if item is None:
                arrays.append(_as_texts(column, tx))
                places.append("%s::pg_catalog.text[]")
                names[i] += f"::{type_name}" if type_name else ""
            else:
                arrays.append(column)
                places.append(("%b" if _has_binary(tx, item) else "%s") + (f"::{type_name}[]" if type_name else ""))
        aliases = "".join(f"c{i}, " for i in range(len(columns)))
        order = " order by howdah_rows.number" if self.inserts else ""
        before, selected, after = (
            text.replace("%", "%%")
            for text in (
                self._before,
                self._template_of(names),
                f" with ordinality as howdah_rows({aliases}number){order}{self._after}",
            )
        )
        return f"{before}select {selected} from unnest({', '.join(places)}){after}", arrays

    def _template_of(self, values: list[str]) -> str:
        return "".join(a + b for a, b in zip(self._pieces, [*values, ""], strict=True))


def pages_of(rows: Iterable[Any], size: int | None) -> Iterator[list[Any]]:
    """The rows in lists of a size; None: all in one. No list is empty."""
    left = iter(rows)
    while page := list(islice(left, size)):
        yield page


def _item_of(column: list[Any]) -> Any:
    """One of the values, if all are dumped as the same type and are no lists themselves; else None."""
    types = set(map(type, column)) - {type(None)}
    if len(types) != 1 or issubclass(next(iter(types)), (list, tuple)):
        return None
    return next(value for value in column if value is not None)


def _has_binary(tx: Transformer, item: Any) -> bool:
    try:
        tx.adapters.get_dumper(type(item), PyFormat.BINARY)
    except ProgrammingError:
        return False
    return True


def _as_texts(column: list[Any], tx: Transformer) -> list[str | None]:
    """As the server reads them."""
    encoding = tx.encoding

    def text_of(value: Any) -> str | None:
        data = None if value is None else tx.get_dumper(value, PyFormat.TEXT).dump(value)
        return None if data is None else bytes(data).decode(encoding)

    return [text_of(value) for value in column]
