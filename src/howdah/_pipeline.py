# Generated from _pipeline_async.py by tools/unasync.py: do not edit.
"""Pipeline mode (psycopg 3, "Pipeline mode support")."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._log import logger
from ._pipeline_base import BasePipeline

if TYPE_CHECKING:
    from typing_extensions import Self

    from .connection import Connection

__all__ = ["Pipeline"]


class Pipeline(BasePipeline):
    """What ``connection.pipeline()`` gives: statements are queued, and sent without waiting for each one's answer."""

    __module__ = "howdah"

    def __init__(self, conn: Connection[Any]):
        super().__init__(conn)

    def sync(self) -> None:
        """Send a Sync and wait for all results.

        Raises the error of the first statement that has failed since errors were last raised; statements behind it
        are aborted (`PipelineAborted`), and from here on executed again. Raises `OperationalError` when the
        connection is lost. Source: PostgreSQL documentation, 54.2.3 "Extended Query".
        """
        self._conn._sync()

    def __enter__(self) -> Self:
        if self.level == 0:
            self._conn._pipelined = True
        elif self._conn._unsynced:
            self.sync()
        self.level += 1
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        try:
            self.sync()
        except Exception as error:
            if exc_val is None:
                raise
            logger.warning("error ignored terminating %r: %s", self, error)
        finally:
            self.level -= 1
            if self.level == 0:
                self._conn._pipelined = False
