"""Memory runs out once, at each allocation of a call in turn: no crash, MemoryError or a closed connection, own rows.

Run in a process of its own: what an interpreter does without memory is not for others to live with. Only what is in C
for the most part: CPython 3.12 crashes where it makes a function without memory.
"""

from __future__ import annotations

import sys
from _testcapi import remove_mem_hooks, set_nomemory
from typing import Any

import howdah

ALLOCATIONS = 150


def stream(conn: Any, cur: Any) -> Any:
    return [*cur.stream("select 1, 'x'")]


def execute(conn: Any, cur: Any) -> Any:
    return cur.execute("select %s::int, %s::text", (1, "x")).fetchall()


def prepared(conn: Any, cur: Any) -> Any:
    return cur.execute("select %s::int, 'x'", (1,), prepare=True).fetchall()


def several(conn: Any, cur: Any) -> Any:
    cur.execute("select 1, 'x'; select 1, 'x'")
    return cur.fetchall() if cur.nextset() else None


def executemany(conn: Any, cur: Any) -> Any:
    cur.executemany("select %s::int, 'x'", [(0,), (1,)], returning=True)
    return cur.fetchall() if cur.nextset() else None


def without_memory(dsn: str, use: Any) -> str:
    failed = 0
    conn = howdah.connect(dsn, autocommit=True)
    for n in range(ALLOCATIONS):
        if conn.closed:
            conn = howdah.connect(dsn, autocommit=True)
        cur = conn.cursor()
        rows = None
        set_nomemory(n, n + 1)
        try:
            rows = use(conn, cur)
        except (MemoryError, howdah.Error):
            failed += 1
        finally:
            remove_mem_hooks()
        assert rows in (None, [(1, "x")]), (n, rows)
        if not conn.closed:
            assert conn.execute("select 'mine', %s::int", (n,)).fetchone() == ("mine", n)
    conn.close()
    return f"{use.__name__} failed {failed} times"


def transaction(conn: Any) -> Any:
    return conn.transaction()


def savepoint(conn: Any) -> Any:
    conn.execute("begin")
    return conn.transaction()


def never_again(dsn: str, make: Any) -> str:
    """Memory is gone for good at the end of a block: it is undone, or the connection closed.

    CPython itself doesn't survive it in a handler of exceptions, and 3.12 in more places than that.
    """
    closed = 0
    for n in range(ALLOCATIONS):
        conn = howdah.connect(dsn, autocommit=True)
        block = make(conn)
        status = conn.info.transaction_status
        try:
            with block:
                conn.execute("select 1")
                set_nomemory(n, 0)
        except (MemoryError, howdah.Error):
            remove_mem_hooks()
            assert conn.closed or conn.info.transaction_status == status, n
            closed += conn.closed
        finally:
            remove_mem_hooks()
        conn.close()
    assert closed != 0
    return f"{make.__name__} closed the connection {closed} times"


if __name__ == "__main__":
    for make in (transaction, savepoint) if sys.version_info < (3, 12) else ():
        print(never_again(sys.argv[1], make), flush=True)
    for use in (stream, execute, prepared, several, executemany):
        print(without_memory(sys.argv[1], use), flush=True)
