"""What both pipeline classes share, where nothing waits."""

from __future__ import annotations

from collections import deque
from typing import Any

from ._connection_base import describe_connection
from .pq import PipelineStatus


class BasePipeline:
    """State of a connection's pipeline mode."""

    def __init__(self, connection: Any):
        self._conn = connection
        self._blocks: set[object] = set()  # that are open; taking part twice, or leaving twice, is no more than once

    def __repr__(self) -> str:
        cls = type(self)
        return f"<{cls.__module__}.{cls.__qualname__} {describe_connection(self._conn)} at 0x{id(self):x}>"

    @property
    def level(self) -> int:
        """How many of its blocks are open."""
        return len(self._blocks)

    def _leave(self, block: object) -> None:
        self._blocks.discard(block)
        if not self._blocks:
            self._conn._pipelined = False
            if self._conn._pipeline is self:
                self._conn._pipeline = None

    @property
    def status(self) -> PipelineStatus:
        """Whether the connection is in pipeline mode; ABORTED by an error, up to the next Sync."""
        return PipelineStatus(self._conn._pipeline_status)

    @property
    def result_queue(self) -> list[Any]:
        """The cursors that wait for their results, oldest first; None for a command of the connection's own."""
        cursors: list[Any] = self._conn._pending()
        return cursors

    @property
    def command_queue(self) -> deque[Any]:
        """Commands that are yet to be handed to the connection: none, they are at once."""
        return deque()

    @classmethod
    def is_supported(cls) -> bool:
        """True: the protocol has always allowed it."""
        return True
