"""howdah's logger. Module logging, with all that it imports, is imported when there is something to log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["logger"]


class _Logger:
    """The logger "howdah": its methods, so that a record names who called them."""

    def __getattr__(self, name: str) -> Any:
        import logging

        method = getattr(logging.getLogger("howdah"), name)
        setattr(self, name, method)  # where it is found the next time
        return method


if TYPE_CHECKING:
    from logging import Logger

    logger: Logger
else:
    logger = _Logger()
