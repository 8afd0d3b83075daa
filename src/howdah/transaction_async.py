"""Transaction blocks (psycopg 3, "Transaction management")."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._log import logger
from ._transaction_base import BaseTransaction, OutOfOrderTransactionNesting, Rollback, Status

if TYPE_CHECKING:
    from typing_extensions import Self

    from .connection_async import AsyncConnection

__all__ = ["AsyncTransaction", "OutOfOrderTransactionNesting", "Rollback"]


class AsyncTransaction(BaseTransaction):
    """What ``connection.transaction()`` gives: BEGIN or SAVEPOINT at entry, COMMIT or ROLLBACK at exit."""

    __module__ = "howdah"

    @property
    def connection(self) -> AsyncConnection[Any]:
        """The connection in whose session the block is."""
        conn: AsyncConnection[Any] = self._conn
        return conn

    async def __aenter__(self) -> Self:
        commands = self._enter_commands()
        try:
            await self._execute(commands)
        except BaseException:
            # Interrupted, it may have begun all the same, and nobody would end it.
            if self._outer and not self._conn.closed:
                await self._conn._command("ROLLBACK")
            raise
        self._entered()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> bool:
        if self._is_void(exc_val):
            return False
        if exc_val is None and not self.force_rollback:
            await self._commit()
            return False
        try:
            return await self._rollback(exc_val)
        except OutOfOrderTransactionNesting:
            raise
        except Exception as error:
            if exc_val is None:
                raise
            logger.warning("error ignored in rollback of %s: %s", self, error)
            return False

    async def _execute(self, commands: list[str]) -> None:
        if self._conn._pipeline is None:
            commands = ["; ".join(commands)]  # a pipeline takes them one by one
        for command in commands:
            await self._conn._command(command)

    async def _commit(self) -> None:
        self._leave("commit")
        try:
            await self._execute(self._commit_commands())
        except BaseException:
            self.status = Status.FAILED
            raise
        self.status = Status.COMMITTED

    async def _rollback(self, exc_val: BaseException | None) -> bool:
        self._leave("rollback")
        explicit = exc_val is None or isinstance(exc_val, Rollback)
        self.status = Status.ROLLED_BACK_EXPLICITLY if explicit else Status.ROLLED_BACK_WITH_ERROR
        await self._execute(self._rollback_commands())
        return isinstance(exc_val, Rollback) and exc_val.transaction in (self, None)
