"""Types for annotations (psycopg 3, "psycopg.abc")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

# SQL with %s or %(name)s placeholders.
Query: TypeAlias = str | bytes

# What is bound to them, by position or by name.
Params: TypeAlias = Sequence[Any] | Mapping[str, Any]
