"""A few steps with an installed howdah: does it load, connect and convert on this interpreter?

    python smoke.py DSN

The standard library only, so that it runs where nothing but howdah is installed. See tools/smoke.py.
"""

import asyncio
import datetime
import os
import subprocess
import sys
import uuid
from decimal import Decimal

import howdah


def use(dsn: str) -> None:
    day = datetime.date(2013, 1, 31)
    row = (1, "é", 2.5, Decimal("1.10"), day, uuid.UUID(int=7), [1, None, 3], None, b"\0\xff", True)
    with howdah.connect(dsn) as conn:
        placeholders = ", ".join(["%s"] * len(row))
        for binary in (False, True):
            got = conn.cursor(binary=binary).execute(f"select {placeholders}", row).fetchone()
            assert got == row, (binary, got)
        try:
            conn.execute("select 1 / %s", (0,))
        except howdah.errors.DivisionByZero:
            pass
        else:
            raise AssertionError("dividing by zero raised nothing")
        conn.rollback()
        conn.cursor().executemany("select %s", [(n,) for n in range(1000)])
        assert conn.execute("select count(*) from generate_series(1, %s)", (100_000,)).fetchone() == (100_000,)


async def use_async(dsn: str) -> None:
    async with await howdah.AsyncConnection.connect(dsn) as conn:

        async def square(n: int) -> int:
            return (await (await conn.execute("select %s * %s", (n, n))).fetchone())[0]

        assert await asyncio.gather(*map(square, range(20))) == [n * n for n in range(20)]


def start_as_psycopg() -> None:
    """A Python that is started with the variable gives howdah to who imports psycopg."""
    code = "import psycopg, howdah; assert psycopg.Connection is howdah.Connection"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "HOWDAH_AS_PSYCOPG": "1"}, check=True)


if __name__ == "__main__":
    start_as_psycopg()
    use(sys.argv[1])
    asyncio.run(use_async(sys.argv[1]))
    print(f"howdah {howdah.__version__} works on Python {sys.version.split()[0]}")
