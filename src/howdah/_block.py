"""Blocks of `with` that are entered and left as a whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._howdah import Block

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["AsyncBlock", "Block"]

MOST_CANCELLATIONS = 5  # that may meet the undoing of a block one after the other


class AsyncBlock:
    """A block whose entry and exit are done as a whole or not at all. Its blocking twin is in C.

    `_undo` sees to it that nothing of the block is left, `_give_up` to the same at any price.
    """

    if TYPE_CHECKING:

        async def _enter(self) -> Any: ...
        async def _exit(self, exc_val: BaseException | None) -> bool: ...
        async def _undo(self) -> None: ...
        def _give_up(self) -> None: ...

    async def __aenter__(self) -> Self:
        try:
            entered: Self = await self._enter()
            return entered
        except BaseException:
            try:
                await self._undo_whole()
            except MemoryError:  # it may not even have begun
                self._give_up()
                raise
            raise

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> bool:
        try:
            return await self._exit(exc_val)
        except BaseException:
            try:
                await self._undo_whole()
            except MemoryError:  # it may not even have begun
                self._give_up()
                raise
            raise

    async def _undo_whole(self) -> None:
        """Undo; who is cancelled again (anyio does it at every await) has to see what is still to be undone."""
        from asyncio import CancelledError

        cancellation: CancelledError | None = None
        for _ in range(MOST_CANCELLATIONS):
            try:
                await self._undo()
                break
            except CancelledError as error:
                cancellation = error
            except BaseException:
                self._give_up()
                raise
        else:
            self._give_up()
        if cancellation is not None:
            raise cancellation
