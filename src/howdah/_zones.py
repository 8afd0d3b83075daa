"""Time zones by the names that PostgreSQL has for them."""

from __future__ import annotations

from datetime import timezone, tzinfo
from functools import lru_cache

from ._log import logger

__all__ = ["find_zone"]


@lru_cache
def find_zone(name: str) -> tzinfo:
    """The zone of this name. UTC, and once a line in the log, where Python has none: the instant is right in any."""
    if name == "UTC":
        return timezone.utc
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        logger.warning("unknown PostgreSQL timezone: %r; will use UTC", name)
        return timezone.utc
