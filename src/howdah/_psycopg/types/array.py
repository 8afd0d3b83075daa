"""What `psycopg.types.array` has besides."""

from __future__ import annotations

from ..._howdah import item_of_array
from ...abc import AdaptContext
from ...types.array import register_array


def register_all_arrays(context: AdaptContext) -> None:
    """Register the array of every type that is known in a context; PostgreSQL's own are there anyway."""
    for info in context.adapters.types:
        if info.array_oid and not item_of_array(info.array_oid):
            register_array(info, context)
