"""What describes connection parameters, columns and notifications (psycopg 3, `psycopg.pq.misc`)."""

from typing import Any, NamedTuple

from ._enums import ConnStatus

__all__ = [
    "ConninfoOption",
    "PGnotify",
    "PGresAttDesc",
    "connection_summary",
    "error_message",
    "strip_severity",
    "version_pretty",
]


class PGnotify(NamedTuple):
    """A notification."""

    relname: bytes
    be_pid: int
    extra: bytes


class ConninfoOption(NamedTuple):
    """A connection parameter: its name, environment variable, built-in default, and value."""

    keyword: bytes
    envvar: bytes | None
    compiled: bytes | None
    val: bytes | None
    label: bytes
    dispchar: bytes
    dispsize: int

    def __repr__(self) -> str:
        """Without the value if that is a secret."""
        shown = (
            (name, "***" if name == "val" and self.val and self.dispchar else getattr(self, name))
            for name in self._fields
        )
        return f"ConninfoOption({', '.join(f'{name}={value!r}' for name, value in shown)})"


class PGresAttDesc(NamedTuple):
    """A column of a result (PostgreSQL documentation, 54.7, RowDescription)."""

    name: bytes
    tableid: int
    columnid: int
    format: int
    typid: int
    typlen: int
    atttypmod: int


def version_pretty(version: int) -> str:
    """A version number as people write it: 180006 is 18.6, 90624 is 9.6.24."""
    major, rest = divmod(version, 10000)
    if major >= 10 and rest < 100:
        return f"{major}.{rest}"
    return f"{major}.{rest // 100}.{rest % 100}"


# PostgreSQL's severities, and its word for an error in the languages that its messages come in.
_SEVERITIES = frozenset(
    "PANIC FATAL ERROR WARNING NOTICE INFO LOG DEBUG DEBUG1 DEBUG2 DEBUG3 DEBUG4 DEBUG5 "
    "CHYBA FEHLER ΣΦΑΛΜΑ ERREUR ERRORE エラー შეცდომა 오류 BŁĄD ERRO ОШИБКА FEL HATA ПОМИЛКА 错误 錯誤".split()
)


def strip_severity(msg: str) -> str:
    """A message without the severity that libpq puts in front of it, and without blanks around it."""
    head, _colon, rest = msg.partition(":")
    return rest.strip() if head in _SEVERITIES else msg.strip()


def error_message(obj: Any, encoding: str = "") -> str:
    """The text of the error of a `PGconn` or `PGresult`, without its severity; never empty."""
    if not encoding:
        encoding = getattr(obj, "encoding", "utf-8")
    text = obj.error_message.decode(encoding, "replace").strip()
    return strip_severity(text) or "no error details available"


def connection_summary(pgconn: Any) -> str:
    """To what a `PGconn` leads, without a password."""
    if pgconn.status != ConnStatus.OK:
        return f"[{ConnStatus(pgconn.status).name}]"
    from .._connection_base import describe_connection

    return describe_connection(pgconn._conn)
