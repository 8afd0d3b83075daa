"""Two-phase commit: the names of transactions, and the rules.

PEP 249, "Optional Two-Phase Commit Extensions"; PostgreSQL documentation, "PREPARE TRANSACTION".

A name in three parts is kept as ``format_gtrid_bqual``, the last two in base64, as other drivers do.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from . import errors
from ._frozen import Frozen
from .pq import TransactionStatus

if TYPE_CHECKING:
    from ._connection_base import BaseConnection

__all__ = ["Tpc", "Xid"]

RECOVER = """\
select gid, prepared, owner::text, database::text from pg_catalog.pg_prepared_xacts order by prepared, gid"""


class Xid(Frozen):
    """Name of a two-phase transaction.

    `format_id` and `bqual` are None for a name that is not made of three parts. `prepared`, `owner` and `database`
    are known of those that `tpc_recover` gives.
    """

    __module__ = "howdah"

    __match_args__ = ("format_id", "gtrid", "bqual", "prepared", "owner", "database")

    format_id: int | None
    gtrid: str
    bqual: str | None
    prepared: datetime | None
    owner: str | None
    database: str | None

    def __init__(
        self,
        format_id: int | None,
        gtrid: str,
        bqual: str | None,
        prepared: datetime | None = None,
        owner: str | None = None,
        database: str | None = None,
    ):
        self.__dict__.update(
            format_id=format_id, gtrid=gtrid, bqual=bqual, prepared=prepared, owner=owner, database=database
        )

    @classmethod
    def from_parts(cls, format_id: int | None, gtrid: str, bqual: str | None) -> Xid:
        """A name of three parts. Raises ValueError for parts beyond PEP 249's bounds, TypeError for no `bqual`."""
        if format_id is not None:
            if bqual is None:
                raise TypeError("if format_id is specified, bqual must be too")
            if not 0 <= format_id < 0x80000000:
                raise ValueError("format_id must be a non-negative 32-bit integer")
            if len(bqual) > 64:
                raise ValueError("bqual must be not longer than 64 chars")
            if len(gtrid) > 64:
                raise ValueError("gtrid must be not longer than 64 chars")
        return cls(format_id, gtrid, bqual)

    @classmethod
    def from_string(cls, s: str) -> Xid:
        """The transaction that the server knows by this name, in three parts where it was made of them."""
        from base64 import b64decode

        match = re.fullmatch(r"(\d+)_([^_]*)_([^_]*)", s)
        if match is not None:
            try:
                gtrid, bqual = (b64decode(part, validate=True).decode() for part in match.groups()[1:])
                return cls.from_parts(int(match[1]), gtrid, bqual)
            except ValueError:
                pass
        return cls(None, s, None)

    def __str__(self) -> str:
        """The name that the server knows it by."""
        from base64 import b64encode

        if self.format_id is None or self.bqual is None:
            return self.gtrid
        gtrid, bqual = (b64encode(part.encode()).decode() for part in (self.gtrid, self.bqual))
        return f"{self.format_id}_{gtrid}_{bqual}"

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> int | str | None:
        return (self.format_id, self.gtrid, self.bqual)[index]


def recovered(gid: str, prepared: datetime, owner: str, database: str) -> Xid:
    """The transaction of a row of `RECOVER`."""
    xid = Xid.from_string(gid)
    return Xid(xid.format_id, xid.gtrid, xid.bqual, prepared, owner, database)


class Tpc:
    """The two-phase transaction of a connection: its name, and whether it has been prepared."""

    def __init__(self, conn: BaseConnection[Any], xid: Xid | str):
        status = TransactionStatus(conn._transaction_status())
        if status != TransactionStatus.IDLE:
            raise errors.ProgrammingError(
                f"can't start two-phase transaction: connection in transaction status {status.name}"
            )
        if conn.autocommit:
            raise errors.ProgrammingError("can't use two-phase transactions in autocommit mode")
        self.xid = xid if isinstance(xid, Xid) else Xid.from_string(xid)
        self.prepared = False


def prepare_sql(tpc: Tpc | None) -> str:
    """What prepares the transaction. Raises `ProgrammingError` if there is none, or it is prepared."""
    if tpc is None:
        raise errors.ProgrammingError("'tpc_prepare()' must be called inside a two-phase transaction")
    if tpc.prepared:
        raise errors.ProgrammingError("'tpc_prepare()' cannot be used during a prepared two-phase transaction")
    return f"PREPARE TRANSACTION {_literal(tpc.xid)}"


def finish_sql(tpc: Tpc | None, action: str, xid: Xid | str | None) -> str | None:
    """What ends a prepared transaction, the connection's or the one named; None: it is not prepared, end it as any.

    Raises `ProgrammingError` without a transaction, and for a name within one.
    """
    method = f"tpc_{action.lower()}()"
    if xid is None:
        if tpc is None:
            raise errors.ProgrammingError(f"{method} without xid must be called inside a two-phase transaction")
        return f"{action} PREPARED {_literal(tpc.xid)}" if tpc.prepared else None
    if tpc is not None:
        raise errors.ProgrammingError(f"{method} with xid must be called outside a two-phase transaction")
    return f"{action} PREPARED {_literal(xid if isinstance(xid, Xid) else Xid.from_string(xid))}"


def _literal(xid: Xid) -> str:
    """The name as a constant that no setting reads otherwise (4.1.2.2)."""
    escaped = str(xid).replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"
