"""What both transaction classes share: no waiting, only rules."""

from __future__ import annotations

from enum import Enum
from typing import Any

from . import errors
from .pq import TransactionStatus


class Rollback(Exception):
    """Raised in a transaction block to undo it and go on behind it.

    ``Rollback(tx)`` undoes the enclosing block of that transaction; ``Rollback()`` the innermost one.
    """

    __module__ = "howdah"

    def __init__(self, transaction: BaseTransaction | None = None):
        self.transaction = transaction

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}({self.transaction!r})"


class OutOfOrderTransactionNesting(errors.ProgrammingError):
    """Transaction blocks were left in another order than they were entered."""


class Status(str, Enum):
    """State of a transaction block."""

    NOT_STARTED = "not_started"
    ACTIVE = "active"
    COMMITTED = "committed"
    FAILED = "failed"
    ROLLED_BACK_EXPLICITLY = "rolled_back_explicitly"
    ROLLED_BACK_WITH_ERROR = "rolled_back_with_error"


class BaseTransaction:
    """State and SQL of a transaction block."""

    Status = Status

    def __init__(self, connection: Any, savepoint_name: str | None = None, force_rollback: bool = False):
        if not isinstance(savepoint_name, (str, type(None))):
            raise TypeError(f"the name of a savepoint is a string, not {type(savepoint_name).__name__!r}")
        self._conn = connection
        self._savepoint_name = savepoint_name or ""
        self.force_rollback = force_rollback
        self.status = Status.NOT_STARTED
        self._given_name = savepoint_name
        self._open = False  # something may have been sent, and what becomes of it is not settled
        self._enter_mark = self._leave_mark = -1  # conn._commands before entry, and before exit; -1: not reached
        self._outer = True  # the block opens the transaction; else it is a savepoint within one
        self._depth = -1  # how many blocks were open around it

    @property
    def savepoint_name(self) -> str | None:
        """The savepoint's name; None for a block that has none."""
        return self._savepoint_name or None

    def __repr__(self) -> str:
        from ._connection_base import describe_connection

        cls = type(self)
        name = f"{self._savepoint_name!r} " if self._savepoint_name else ""
        return (
            f"<{cls.__module__}.{cls.__qualname__} {name}({self.status.value}) "
            f"{describe_connection(self._conn)} at 0x{id(self):x}>"
        )

    def _enter_commands(self) -> list[str]:
        if self.status is not Status.NOT_STARTED:
            raise TypeError("transaction blocks can be used only once")
        self._outer = self._conn._transaction_status() == TransactionStatus.IDLE
        self._depth = self._conn._num_transactions
        commands = []
        if self._outer:
            if self._depth:
                raise OutOfOrderTransactionNesting("a transaction block is open, but the session is not in one")
            commands.append(self._conn._begin.decode())
        elif not self._savepoint_name:
            self._savepoint_name = f"_pg3_{self._depth + 1}"  # as psycopg names them
        if self._savepoint_name:
            commands.append(f"SAVEPOINT {quote_identifier(self._savepoint_name)}")
        self._open = True
        return commands

    def _entered(self) -> None:
        self._conn._num_transactions += 1
        self.status = Status.ACTIVE

    def _leave(self, action: str) -> None:
        """Close the block's account. Raises `OutOfOrderTransactionNesting` when an inner one is still open."""
        entered = self.status is Status.ACTIVE
        self._conn._num_transactions -= entered
        if entered and self._conn._num_transactions == self._depth:
            return
        self._settle(Status.FAILED)
        raise OutOfOrderTransactionNesting(f"transaction {action} at the wrong nesting level: {self!r}")

    def _is_void(self, exc_val: BaseException | None) -> bool:
        """Whether there is nothing to end: the block closed the connection, or fails since it lost it.

        Raises `OperationalError` where it lost it and seems to succeed.
        """
        conn = self._conn
        if not conn.closed or conn._transaction_lost:
            return False
        conn._num_transactions -= self.status is Status.ACTIVE
        self._settle(Status.FAILED)
        if conn.broken and exc_val is None:
            raise errors.OperationalError("the connection was lost within the transaction")
        return True

    def _settle(self, status: Any) -> None:
        self.status = status
        self._open = False

    def _undo_command(self) -> str | None:
        """What makes the server forget a block that was interrupted while it was entered or left; None: nothing."""
        conn = self._conn
        if not self._open or conn.closed:
            return None
        piped = conn._pipeline is not None
        if self._outer:
            return "ROLLBACK" if piped or conn._transaction_status() != TransactionStatus.IDLE else None
        if piped:  # which savepoints there are is unknown
            if self.status is not Status.NOT_STARTED:
                self._give_up()
            return None
        begun = self.status is not Status.NOT_STARTED or self._enter_mark not in (-1, conn._commands)
        ended = self._leave_mark not in (-1, conn._commands)
        return "; ".join(self._rollback_commands()) if begun and not ended else None

    def _undone(self) -> None:
        """Nothing of the block is left."""
        if self._open:
            self._conn._num_transactions = self._depth
            self._settle(Status.FAILED if self.status is Status.ACTIVE else self.status)

    def _give_up(self) -> None:
        self._conn._close()
        self._undone()

    def _commit_commands(self) -> list[str]:
        return ["COMMIT" if self._outer else f"RELEASE {quote_identifier(self._savepoint_name)}"]

    def _rollback_commands(self) -> list[str]:
        if self._outer:
            return ["ROLLBACK"]
        name = quote_identifier(self._savepoint_name)
        return [f"ROLLBACK TO {name}", f"RELEASE {name}"]


def quote_identifier(name: str) -> str:
    """A name as SQL text, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'
