"""Pipeline mode (psycopg 3, "Pipeline mode support")."""

from __future__ import annotations

from contextlib import AsyncContextDecorator, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._block import AsyncBlock
from ._log import logger
from ._pipeline_base import BasePipeline
from .errors import Error

if TYPE_CHECKING:
    from typing_extensions import Self

    from .connection_async import AsyncConnection

__all__ = ["AsyncPipeline"]


class AsyncPipeline(BasePipeline):
    """What ``connection.pipeline()`` gives: statements are queued, and sent without waiting for each one's answer."""

    __module__ = "howdah"

    def __init__(self, conn: AsyncConnection[Any]):
        super().__init__(conn)
        self._own: list[object] = []  # blocks of its own, not of `connection.pipeline()`

    async def sync(self, *, timeout: float | None = None) -> None:
        """Send a Sync and wait for all results.

        timeout: seconds for all of them, None for no limit; then the server is asked to cancel the statement that it
        executes, those behind it are aborted, and `errors.QueryTimeout` is raised.

        Raises the error of the first statement that has failed since errors were last raised; statements behind it
        are aborted (`PipelineAborted`), and from here on executed again. Raises `OperationalError` when the
        connection is lost. Source: PostgreSQL documentation, 54.2.3 "Extended Query".
        """
        await self._conn._sync(timeout)

    async def _settle(self) -> None:
        """Have everything answered that was sent."""
        if self._conn._unsynced:
            await self.sync()

    async def _end(self, exc_val: BaseException | None) -> None:
        """A Sync at the end of a block, whose own exception comes first."""
        try:
            await self.sync()
        except Exception as error:
            if exc_val is None:
                raise
            logger.warning("error ignored terminating %r: %s", self, error)

    async def _enter(self, block: object) -> None:
        if self.level == 0:
            self._conn._pipelined = True
        else:
            await self._settle()
        self._blocks.add(block)

    async def __aenter__(self) -> Self:
        block = object()
        await self._enter(block)
        self._own.append(block)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        try:
            await self._end(exc_val)
        finally:
            self._leave(self._own.pop())


class AsyncPipelineBlock(AsyncBlock, AsyncContextDecorator):
    """A block of ``connection.pipeline()``; the connection has a pipeline up to the end of the last one."""

    def __init__(self, conn: AsyncConnection[Any]):
        self._conn = conn

    def _recreate_cm(self) -> Self:
        """As a decorator, it is another block for each call."""
        return type(self)(self._conn)

    async def _enter(self) -> AsyncPipeline:
        self._conn.fileno()  # raises if closed
        pipeline = self._conn._pipeline
        if pipeline is None:
            pipeline = self._conn._pipeline = AsyncPipeline(self._conn)
        await pipeline._enter(self)
        return pipeline

    async def _exit(self, exc_val: BaseException | None) -> bool:
        pipeline = self._conn._pipeline
        if pipeline is not None:
            await pipeline._end(exc_val)
            pipeline._leave(self)
        return False

    async def _undo(self) -> None:
        """Entering or leaving has failed: what was sent has to be answered all the same."""
        pipeline = self._conn._pipeline
        if pipeline is not None:
            if self in pipeline._blocks:
                with suppress(Error):
                    await pipeline._settle()
            pipeline._leave(self)

    def _give_up(self) -> None:
        self._conn._close()
        if self._conn._pipeline is not None:
            self._conn._pipeline._leave(self)
