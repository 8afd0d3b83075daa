"""What is left of a connection that was closed (psycopg 3, `errors.FinishedPGconn`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, NoReturn

from ..errors import OperationalError
from ._enums import ConnStatus, PipelineStatus, TransactionStatus
from ._pgconn import PGconn
from .misc import ConninfoOption, PGnotify

CLOSED = "the connection is closed"


@dataclass(repr=False)  # which might be seen by those who need not see the password
class FinishedPGconn:
    """Values of a `PGconn`, kept when it was closed. Whatever needs the connection raises `OperationalError`."""

    info: list[ConninfoOption] = field(default_factory=list)
    db: bytes = b""
    user: bytes = b""
    password: bytes = b""
    host: bytes = b""
    hostaddr: bytes = b""
    port: bytes = b""
    tty: bytes = b""
    options: bytes = b""
    status: int = ConnStatus.BAD
    transaction_status: int = TransactionStatus.UNKNOWN
    pipeline_status: int = PipelineStatus.OFF
    error_message: bytes = b""
    _encoding: str = "utf-8"
    protocol_version: int = 0
    full_protocol_version: int = 0
    server_version: int = 0
    backend_pid: int = 0
    needs_password: bool = False
    used_password: bool = False
    used_gssapi: bool = False
    ssl_in_use: bool = False
    nonblocking: int = 0
    notice_handler: Callable[[Any], None] | None = None
    notify_handler: Callable[[PGnotify], None] | None = None

    @classmethod
    def of(cls, pgconn: PGconn) -> FinishedPGconn:
        """What a connection says of itself now."""
        finished = cls(_encoding=pgconn.encoding)
        for item in fields(cls):
            try:
                setattr(finished, item.name, getattr(pgconn, item.name))
            except (AttributeError, OperationalError):  # it never came so far that it would know
                pass
        return finished

    @property
    def encoding(self) -> str:
        """Python's codec for the text of `error_message`."""
        return self._encoding

    @property
    def socket(self) -> int:
        """Raises `OperationalError`: it is closed."""
        raise OperationalError(CLOSED)

    def finish(self) -> None:
        """Does nothing: it was closed."""

    def get_error_message(self, encoding: str = "") -> str:
        """The last error as str, without the line's end."""
        return self.error_message.decode(encoding or self._encoding, "replace").rstrip() or CLOSED


def _closed(self: Any) -> NoReturn:
    """Raises `OperationalError`: the connection is closed."""
    raise OperationalError(CLOSED)


def _closed_to(self: Any, *args: Any) -> NoReturn:
    """Raises `OperationalError`: the connection is closed."""
    raise OperationalError(CLOSED)


def _closed_to_size(self: Any, size: int) -> NoReturn:
    """Raises `OperationalError`: the connection is closed."""
    raise OperationalError(CLOSED)


for (
    _name
) in """cancel_conn connect_poll consume_input enter_pipeline_mode exit_pipeline_mode flush get_cancel get_result
    is_busy notifies pipeline_sync reset reset_poll reset_start send_flush_request set_single_row_mode
    untrace""".split():
    setattr(FinishedPGconn, _name, _closed)
for _name in """change_password close_portal close_prepared describe_portal describe_prepared encrypt_password exec_
    exec_params exec_prepared get_copy_data make_empty_result parameter_status prepare put_copy_data put_copy_end
    send_close_portal send_close_prepared send_describe_portal send_describe_prepared send_prepare send_query
    send_query_params send_query_prepared set_trace_flags trace""".split():
    setattr(FinishedPGconn, _name, _closed_to)
for _name in ("connect", "connect_start", "ping"):
    setattr(FinishedPGconn, _name, classmethod(_closed_to))
FinishedPGconn.set_chunked_rows_mode = _closed_to_size  # type: ignore[attr-defined]
