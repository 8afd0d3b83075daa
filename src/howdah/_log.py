"""howdah's logger. Module logging, with all that it imports, is imported when there is something to log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["logger"]


class _Logger:
    """The logger "howdah": its methods, so that a record names who called them."""

    def __getattr__(self, name: str) -> Any:
        import logging

        return getattr(logging.getLogger("howdah"), name)


if TYPE_CHECKING:
    from logging import Logger

    logger: Logger
else:
    logger = _Logger()
