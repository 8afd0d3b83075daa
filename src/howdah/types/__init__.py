"""PostgreSQL's types, and what is sent and received for them (psycopg 3, `psycopg.types`)."""

from __future__ import annotations

from .._typeinfo import TypeInfo, TypesRegistry

__all__ = ["TypeInfo", "TypesRegistry"]
