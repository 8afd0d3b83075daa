"""Transaction blocks (psycopg 3, "Transaction management")."""

from __future__ import annotations

from contextlib import AsyncContextDecorator, suppress
from typing import TYPE_CHECKING, Any

from ._block import AsyncBlock
from ._log import logger
from ._transaction_base import BaseTransaction, OutOfOrderTransactionNesting, Rollback, Status
from .errors import Error

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._pipeline_async import AsyncPipeline
    from .connection_async import AsyncConnection

__all__ = ["AsyncTransaction", "OutOfOrderTransactionNesting", "Rollback"]


class AsyncTransaction(BaseTransaction, AsyncBlock, AsyncContextDecorator):
    """What ``connection.transaction()`` gives: BEGIN or SAVEPOINT at entry, COMMIT or ROLLBACK at exit."""

    __module__ = "howdah"

    @property
    def connection(self) -> AsyncConnection[Any]:
        """The connection in whose session the block is."""
        conn: AsyncConnection[Any] = self._conn
        return conn

    def _recreate_cm(self) -> Self:
        """As a decorator, it is another block for each call."""
        return type(self)(self._conn, self._given_name, self.force_rollback)

    async def _enter(self) -> Self:
        pipeline = self._conn._pipeline
        if pipeline is not None:  # the errors of what came before are not the block's
            await pipeline._settle()
        commands = self._enter_commands()
        self._enter_mark = self._conn._commands
        await self._execute(commands)
        self._entered()
        if pipeline is not None:
            try:
                await pipeline._settle()
            except BaseException as error:
                await self._end_in(pipeline, error)
                raise
        return self

    async def _exit(self, exc_val: BaseException | None) -> bool:
        pipeline = self._conn._pipeline
        if pipeline is None:
            return await self._end(exc_val)
        try:
            await pipeline._end(exc_val)
        except BaseException as error:  # of a statement within, of which nobody has been told; or of the wait
            await self._end_in(pipeline, error)
            raise
        return await self._end_in(pipeline, exc_val)

    async def _end_in(self, pipeline: AsyncPipeline, exc_val: BaseException | None) -> bool:
        with suppress(Error):  # what has failed would abort what ends the block, up to the next Sync
            await pipeline._settle()
        try:
            swallowed = await self._end(exc_val)
        except Error as error:
            await pipeline._end(error)
            raise
        await pipeline._end(None if swallowed else exc_val)
        return swallowed

    async def _end(self, exc_val: BaseException | None) -> bool:
        if self._is_void(exc_val):
            return False
        if exc_val is None and not self.force_rollback:
            await self._commit()
            return False
        try:
            return await self._rollback(exc_val)
        except OutOfOrderTransactionNesting:
            raise
        except Error as error:
            if exc_val is None:
                raise
            logger.warning("error ignored in rollback of %s: %s", self, error)
            return False

    async def _undo(self) -> None:
        """Entering or leaving has failed: nothing of the block may be left, unless the server's error settled it."""
        command = self._undo_command()
        if command:
            pipeline = self._conn._pipeline
            if pipeline is not None:
                with suppress(Error):
                    await pipeline.sync()
            self._leave_mark = self._conn._commands
            await self._conn._command(command)
            if pipeline is not None:
                await pipeline.sync()
        self._undone()

    async def _execute(self, commands: list[str]) -> None:
        if self._conn._pipeline is None:
            commands = ["; ".join(commands)]  # a pipeline takes them one by one
        for command in commands:
            await self._conn._command(command)

    async def _commit(self) -> None:
        self._leave("commit")
        try:
            self._leave_mark = self._conn._commands
            await self._execute(self._commit_commands())
        except Error:
            self._settle(Status.FAILED)
            raise
        self._settle(Status.COMMITTED)

    async def _rollback(self, exc_val: BaseException | None) -> bool:
        self._leave("rollback")
        explicit = exc_val is None or isinstance(exc_val, Rollback)
        self.status = Status.ROLLED_BACK_EXPLICITLY if explicit else Status.ROLLED_BACK_WITH_ERROR
        try:
            self._leave_mark = self._conn._commands
            await self._execute(self._rollback_commands())
        except Error:
            self._settle(self.status)
            raise
        self._settle(self.status)
        return isinstance(exc_val, Rollback) and exc_val.transaction in (self, None)
