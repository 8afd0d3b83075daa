"""Both kinds of transaction are in `psycopg.transaction`."""

from .._transaction_base import BaseTransaction
from ..transaction_async import AsyncTransaction

__all__ = ["AsyncTransaction", "BaseTransaction"]
