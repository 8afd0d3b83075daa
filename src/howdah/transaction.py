# Generated from transaction_async.py by tools/unasync.py: do not edit.
"""Transaction blocks (psycopg 3, "Transaction management")."""

from __future__ import annotations

from contextlib import ContextDecorator, suppress
from typing import TYPE_CHECKING, Any

from ._block import Block
from ._log import logger
from ._transaction_base import BaseTransaction, OutOfOrderTransactionNesting, Rollback, Status
from .errors import Error

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._pipeline import Pipeline
    from .connection import Connection

__all__ = ["Transaction", "OutOfOrderTransactionNesting", "Rollback"]


class Transaction(BaseTransaction, Block, ContextDecorator):
    """What ``connection.transaction()`` gives: BEGIN or SAVEPOINT at entry, COMMIT or ROLLBACK at exit."""

    __module__ = "howdah"

    @property
    def connection(self) -> Connection[Any]:
        """The connection in whose session the block is."""
        conn: Connection[Any] = self._conn
        return conn

    def _recreate_cm(self) -> Self:
        """As a decorator, it is another block for each call."""
        return type(self)(self._conn, self._given_name, self.force_rollback)

    def _enter(self) -> Self:
        pipeline = self._conn._pipeline
        if pipeline is not None:  # the errors of what came before are not the block's
            pipeline._settle()
        commands = self._enter_commands()
        self._enter_mark = self._conn._commands
        self._execute(commands)
        self._entered()
        if pipeline is not None:
            try:
                pipeline._settle()
            except BaseException as error:
                self._end_in(pipeline, error)
                raise
        return self

    def _exit(self, exc_val: BaseException | None) -> bool:
        pipeline = self._conn._pipeline
        if pipeline is None:
            return self._end(exc_val)
        try:
            pipeline._end(exc_val)
        except BaseException as error:  # of a statement within, of which nobody has been told; or of the wait
            self._end_in(pipeline, error)
            raise
        return self._end_in(pipeline, exc_val)

    def _end_in(self, pipeline: Pipeline, exc_val: BaseException | None) -> bool:
        with suppress(Error):  # what has failed would abort what ends the block, up to the next Sync
            pipeline._settle()
        try:
            swallowed = self._end(exc_val)
        except Error as error:
            pipeline._end(error)
            raise
        pipeline._end(None if swallowed else exc_val)
        return swallowed

    def _end(self, exc_val: BaseException | None) -> bool:
        if self._is_void(exc_val):
            return False
        if exc_val is None and not self.force_rollback:
            self._commit()
            return False
        try:
            return self._rollback(exc_val)
        except OutOfOrderTransactionNesting:
            raise
        except Error as error:
            if exc_val is None:
                raise
            logger.warning("error ignored in rollback of %s: %s", self, error)
            return False

    def _undo(self) -> None:
        """Entering or leaving has failed: nothing of the block may be left, unless the server's error settled it."""
        command = self._undo_command()
        if command:
            pipeline = self._conn._pipeline
            if pipeline is not None:
                with suppress(Error):
                    pipeline.sync()
            self._leave_mark = self._conn._commands
            self._conn._command(command)
            if pipeline is not None:
                pipeline.sync()
        self._undone()

    def _execute(self, commands: list[str]) -> None:
        if self._conn._pipeline is None:
            commands = ["; ".join(commands)]  # a pipeline takes them one by one
        for command in commands:
            self._conn._command(command)

    def _commit(self) -> None:
        self._leave("commit")
        try:
            self._leave_mark = self._conn._commands
            self._execute(self._commit_commands())
        except Error:
            self._settle(Status.FAILED)
            raise
        self._settle(Status.COMMITTED)

    def _rollback(self, exc_val: BaseException | None) -> bool:
        self._leave("rollback")
        explicit = exc_val is None or isinstance(exc_val, Rollback)
        self.status = Status.ROLLED_BACK_EXPLICITLY if explicit else Status.ROLLED_BACK_WITH_ERROR
        try:
            self._leave_mark = self._conn._commands
            self._execute(self._rollback_commands())
        except Error:
            self._settle(self.status)
            raise
        self._settle(self.status)
        return isinstance(exc_val, Rollback) and exc_val.transaction in (self, None)
