"""psycopg's generators over libpq (psycopg 3, `psycopg.generators`), over what `pq.PGconn` has of it.

A `PGconn` waits for an answer by itself when something is sent: so these have nothing to wait for, but `notifies`.
"""

from __future__ import annotations

from collections import deque

from ..abc import Buffer, PipelineCommand, PQGen, PQGenConn
from ..errors import OperationalError
from ..pq import ConnStatus, PGcancelConn, PGconn, PGnotify, PGresult
from ..waiting import Wait


def connect(conninfo: str) -> PQGenConn[PGconn]:
    """A connection. Raises `OperationalError` when none could be made."""
    pgconn = PGconn.connect(conninfo.encode())
    if pgconn.status != ConnStatus.OK:
        raise OperationalError(f"connection failed: {pgconn.get_error_message()}")
    return pgconn
    yield


def cancel(cancel_conn: PGcancelConn) -> PQGenConn[None]:
    """Have the server asked to cancel. Raises `OperationalError` when it cannot be."""
    cancel_conn.start()
    return None
    yield


def send(pgconn: PGconn) -> PQGen[None]:
    """Until all is sent."""
    while pgconn.flush():
        yield Wait.RW


def fetch(pgconn: PGconn) -> PQGen[PGresult | None]:
    """The next result of what was sent; None behind the last."""
    while pgconn.is_busy():
        yield Wait.R
        pgconn.consume_input()
    return pgconn.get_result()


def fetch_many(pgconn: PGconn) -> PQGen[list[PGresult]]:
    """All results of what was sent."""
    results = []
    while (result := (yield from fetch(pgconn))) is not None:
        results.append(result)
    return results


def execute(pgconn: PGconn) -> PQGen[list[PGresult]]:
    """Until all is sent, and all results are there."""
    yield from send(pgconn)
    return (yield from fetch_many(pgconn))


def pipeline_communicate(pgconn: PGconn, commands: deque[PipelineCommand]) -> PQGen[list[list[PGresult]]]:
    """The results of each command in turn, every one of which sends something."""
    results = []
    while commands:
        commands.popleft()()
        results.append((yield from execute(pgconn)))
    return results


def notifies(pgconn: PGconn) -> PQGen[list[PGnotify]]:
    """The notifications that come next."""
    yield Wait.R
    pgconn.consume_input()
    found = []
    while (notify := pgconn.notifies()) is not None:
        found.append(notify)
    return found


def copy_from(pgconn: PGconn) -> PQGen[memoryview | PGresult]:
    """The next block of a COPY TO STDOUT. Raises `NotSupportedError`: see `Cursor.copy`."""
    _size, data = pgconn.get_copy_data(1)
    return data
    yield


def copy_to(pgconn: PGconn, buffer: Buffer, flush: bool = True) -> PQGen[None]:
    """Send a block of a COPY FROM STDIN. Raises `NotSupportedError`: see `Cursor.copy`."""
    pgconn.put_copy_data(bytes(buffer))
    if flush:
        yield from send(pgconn)


def copy_end(pgconn: PGconn, error: bytes | None) -> PQGen[PGresult]:
    """End a COPY FROM STDIN. Raises `NotSupportedError`: see `Cursor.copy`."""
    pgconn.put_copy_end(error)
    (result,) = yield from fetch_many(pgconn)
    return result
