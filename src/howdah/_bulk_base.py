"""What execute_values() and copy_rows() do where nothing waits."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from ._copy_base import dumper_to
from ._enums import PyFormat
from ._howdah import common_type, split_query, transposed
from ._transformer import TEXT_OID, Transformer
from .errors import ProgrammingError
from .pq import Format

_VALUES = r"\bvalues\s*\Z"

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


# The columns of a table, with what their domains are made of. attgenerated came with PostgreSQL 12.
TABLE = """
    with recursive typed(number, name, is_generated, oid, kind, base, receive) as (
        select a.attnum, a.attname, pg_catalog.to_jsonb(a) ->> 'attgenerated' <> '', t.oid, t.typtype, t.typbasetype,
            t.typreceive
        from pg_catalog.pg_attribute a
        join pg_catalog.pg_type t on t.oid = a.atttypid
        where a.attrelid = %(table)s::regclass and a.attnum > 0 and not a.attisdropped
        union all
        select d.number, d.name, d.is_generated, t.oid, t.typtype, t.typbasetype, t.typreceive
        from typed d
        join pg_catalog.pg_type t on t.oid = d.base
        where d.kind = 'd'
    )
    select %(table)s::regclass::text, name::text, coalesce(is_generated, false), oid, receive::text
    from typed where kind <> 'd' order by number
"""

TEMPORARY = "howdah_copied_rows"

# How the server receives types whose binary form is their text.
_RECEIVES_TEXT = {"bpcharrecv", "citextrecv", "enum_recv", "xml_recv"}
_JSON_OIDS = {114, 3802}

STEP = 10_000  # rows between two calls of `progress`


class ValuesQuery:
    """A query with ``VALUES %s`` in it, and what becomes of it."""

    def __init__(self, query: str, template: str | None):
        pieces, keys = split_query(query)
        match = re.search(_VALUES, pieces[0], re.IGNORECASE)
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

    def columns_of(self, rows: list[Any]) -> list[list[Any]]:
        """The values of the rows, column by column. Raises `ProgrammingError` for rows that don't fit."""
        if not self._keys:
            self._set_template(", ".join(["%s"] * len(rows[0])))
        n = len(self._keys)
        by_name = isinstance(self._keys[0], str)
        if by_name:
            rows = [[row[key] for key in self._keys] for row in rows]
        columns = transposed(rows, n)
        if columns is not None:
            return columns
        if not by_name and any(issubclass(cls, Mapping) for cls in set(map(type, rows))):
            raise ProgrammingError("rows that are mappings need a template with names, as '(%(a)s, %(b)s)'")
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
            cls = None if is_whole else common_type(column)
            if cls is None or issubclass(cls, (list, tuple)):
                arrays.append(_as_texts(column, tx))
                places.append("%s::pg_catalog.text[]")
                names[i] += f"::{type_name}" if type_name else ""
            else:
                arrays.append(column)
                places.append(("%b" if _has_binary(tx, cls) else "%s") + (f"::{type_name}[]" if type_name else ""))
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


def _has_binary(tx: Transformer, cls: type) -> bool:
    try:
        tx.adapters.get_dumper(cls, PyFormat.BINARY)
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


class Rows:
    """Rows of whatever kind, as sequences of values."""

    def __init__(self, rows: Iterable[Any], columns: Sequence[str] | None):
        left = iter(rows)
        first = list(islice(left, 1))
        self.are_there = bool(first)
        self.columns = None if columns is None else list(columns)
        """Names of the columns; None: those of the table."""
        self.values: Iterator[Any] = chain(first, left)
        if not first:
            return
        row = first[0]
        if isinstance(row, Mapping):
            if self.columns is None:
                self.columns = list(row)
                self.values = _of_size(self.values, len(self.columns))
            self.values = _by(itemgetter, self.columns, self.values)
        elif isinstance(row, Sequence) or hasattr(row, "__getitem__"):
            if self.columns is None and hasattr(row, "_fields"):  # of a named tuple
                self.columns = list(row._fields)
        else:
            if self.columns is None:
                self.columns = _fields_of(row)
            self.values = _by(attrgetter, self.columns, self.values)


def _by(getter: Any, names: list[str], rows: Iterator[Any]) -> Iterator[Any]:
    """Rows of the items, or attributes, of these names."""
    get = getter(*names)
    return map(get, rows) if len(names) > 1 else ((get(row),) for row in rows)


def _of_size(rows: Iterator[Any], n: int) -> Iterator[Any]:
    """The rows, which must not have more than was expected of them: nobody would miss it."""
    for row in rows:
        if len(row) != n:
            raise ProgrammingError(f"a row has other keys than the first one: {list(row)}; or say which by 'columns'")
        yield row


def _fields_of(row: Any) -> list[str]:
    """The names of the fields of a dataclass, or of what attrs, msgspec and pydantic make."""
    cls = type(row)
    if hasattr(cls, "__dataclass_fields__"):
        from dataclasses import fields

        return [field.name for field in fields(row)]
    if hasattr(cls, "__attrs_attrs__"):
        return [attribute.name for attribute in cls.__attrs_attrs__]
    for names in ("__struct_fields__", "model_fields"):
        if hasattr(cls, names):
            return list(getattr(cls, names))
    raise TypeError(f"rows should be sequences, mappings, or objects with fields; for {cls.__name__} say 'columns'")


class Column(NamedTuple):
    """A column of the table, as `TABLE` gives it."""

    table: str
    name: str
    is_generated: bool
    oid: int
    receive: str

    def binary_dumper(self, tx: Transformer) -> Any:
        """What dumps to it in binary; None where nothing does."""
        try:
            return dumper_to(tx, self.oid, Format.BINARY)
        except ProgrammingError:
            is_text = self.receive.rpartition(".")[2] in _RECEIVES_TEXT
            return dumper_to(tx, TEXT_OID, Format.BINARY) if is_text else None


class CopyTarget:
    """The table that rows are copied to, or the temporary one before it."""

    def __init__(
        self, found: list[tuple[Any, ...]], rows: Rows, binary: bool | None, key: Sequence[str] | None, cur: Any
    ):
        columns = {column.name: column for column in map(Column._make, found)}
        names = rows.columns or [name for name, column in columns.items() if not column.is_generated]
        missing = [name for name in (*names, *(key or ())) if name not in columns]
        if missing or len(set(names)) < len(names):
            raise ProgrammingError(f"no such column: {missing[0]!r}" if missing else "a column is given twice")
        if key is not None and not set(key) <= set(names):
            raise ProgrammingError("the columns of the key must be among those of the rows")
        tx = Transformer(cur)
        self.dumpers: list[Any] = [columns[name].binary_dumper(tx) for name in names]
        without = [name for name, dumper in zip(names, self.dumpers, strict=True) if dumper is None]
        if binary and without:
            raise ProgrammingError(f"nothing dumps to the type of column {without[0]!r} in binary")
        if without or binary is False:  # values say themselves how they are written, but for those of JSON
            self.dumpers = [
                dumper_to(tx, columns[name].oid, Format.TEXT) if columns[name].oid in _JSON_OIDS else None
                for name in names
            ]
        self._format = "text" if without or binary is False else "binary"
        self._table = found[0][0]
        self._names = ", ".join(map(_quoted, names))
        self._key = None if key is None else ", ".join(map(_quoted, key))
        others = [_quoted(name) for name in names if name not in (key or ())]
        self._update = ", ".join(f"{name} = excluded.{name}" for name in others)

    def create_sql(self) -> str:
        return (
            f"create temporary table {TEMPORARY} on commit drop as "
            f"select {self._names} from {self._table} with no data"
        )

    def copy_sql(self) -> str:
        table = self._table if self._key is None else f"pg_temp.{TEMPORARY}"
        return f"copy {table} ({self._names}) from stdin (format {self._format})"

    def merge_sql(self) -> str:
        return (
            f"insert into {self._table} ({self._names}) overriding system value "
            f"select {self._names} from pg_temp.{TEMPORARY} on conflict ({self._key}) "
            f"do {f'update set {self._update}' if self._update else 'nothing'}"
        )

    def drop_sql(self) -> str:
        return f"drop table pg_temp.{TEMPORARY}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
