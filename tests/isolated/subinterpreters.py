"""howdah in several interpreters of one process, at the same time; each its own GIL where CPython has that (3.13).

    python subinterpreters.py DSN [ROUNDS]

From CPython 3.12 on: before, asyncio's module in C is shared by the interpreters. The standard library only, as
tests/smoke.py. Prints what it has seen; a failure ends it with status 1.
"""

import resource
import sys
import textwrap
import threading

if sys.version_info >= (3, 13):
    import _interpreters

    OWN_GIL = True

    def create():
        return _interpreters.create("isolated")

    def run(interpreter, program):
        failure = _interpreters.exec(interpreter, program)
        if failure is not None:
            raise RuntimeError(failure.formatted)

    destroy = _interpreters.destroy
else:
    import _xxsubinterpreters

    OWN_GIL = False

    def create():
        return _xxsubinterpreters.create(isolated=False)

    run, destroy = _xxsubinterpreters.run_string, _xxsubinterpreters.destroy

IMPORTED = "import asyncio, datetime, decimal, ipaddress, json, socket, ssl, threading, uuid, zoneinfo"

# A row of every family of types, both ways and in both formats; an error; a pipeline; asyncio.
USE = """
import asyncio, datetime, decimal, ipaddress, uuid
import howdah
from howdah.types.json import Jsonb
from howdah.types.range import Int4Range

UTC = datetime.timezone.utc
ROW = (
    1, 2**40, 2.5, decimal.Decimal("1.50"), "\\u00e9", b"\\0\\xff", True, None, datetime.date(2020, 1, 31),
    datetime.time(1, 2), datetime.datetime(2020, 1, 1, 2, 3), datetime.datetime(2020, 1, 1, 2, 3, tzinfo=UTC),
    datetime.timedelta(1, 5), uuid.UUID(int=7), [1, None, 3], [[1], [2]], Int4Range(1, 5),
    ipaddress.ip_address("10.0.0.1"), ipaddress.ip_network("10.0.0.0/8"), Jsonb({"a": [1]}),
)
QUERY = "select " + ", ".join(["%s"] * len(ROW))


class Shout(howdah.adapt.Loader):
    def load(self, data):
        return bytes(data).decode().upper()


def use(dsn):
    with howdah.connect(dsn) as conn:
        for binary in (False, True):
            got = conn.cursor(binary=binary).execute(QUERY, ROW).fetchone()
            assert got[:-1] == ROW[:-1] and got[-1] == {"a": [1]}, got
        conn.cursor().executemany("select %s", [(n,) for n in range(200)])
        cur = conn.cursor(row_factory=howdah.rows.dict_row)
        assert cur.execute("select 1 as a, 'b' as b").fetchall() == [{"a": 1, "b": "b"}]
        with conn.pipeline():
            cursors = [conn.execute("select %s::int", [n]) for n in range(5)]
        assert [cur.fetchone() for cur in cursors] == [(n,) for n in range(5)]
        conn.adapters.register_loader("text", Shout)
        assert conn.execute("select 'a'::text").fetchone() == ("A",)
        try:
            conn.execute("select 1 / %s", [0])
        except howdah.errors.DivisionByZero:
            pass
        else:
            raise AssertionError("dividing by zero raised nothing")


async def use_async(dsn):
    async with await howdah.AsyncConnection.connect(dsn) as conn:
        async def square(n):
            return (await (await conn.execute("select %s * %s", (n, n))).fetchone())[0]

        assert await asyncio.gather(*map(square, range(10))) == [n * n for n in range(10)]
"""


def use_in(program, errors, turns):
    """An interpreter that runs the program and ends. Several that begin or end at once may crash CPython 3.13.0."""
    try:
        with turns:
            interpreter = create()
        try:
            with turns:
                run(interpreter, f"import sys; sys.path[:] = {sys.path!r}; {IMPORTED}")
            run(interpreter, program)
        finally:
            with turns:
                destroy(interpreter)
    except BaseException as error:
        errors.append(error)


def several(program):
    """Two interpreters at the same time."""
    errors, turns = [], threading.Lock()
    threads = [threading.Thread(target=use_in, args=(program, errors, turns)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        print(textwrap.indent(str(error), "    "), file=sys.stderr)
    if errors:
        sys.exit("a subinterpreter failed")


def growth(program, rounds):
    """KiB that the process grows for each interpreter."""
    several(program)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(rounds):
        several(program)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / (2 * rounds)


def main():
    dsn, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    program = f"{USE}\nfor _ in range(3):\n    use({dsn!r})\nasyncio.run(use_async({dsn!r}))\n"
    exec(program, {"__name__": "main_interpreter"})
    print(f"{growth('pass', rounds):.0f} KiB for each interpreter that imports the standard library's modules,")
    print(f"{growth(program, rounds):.0f} KiB for each that uses howdah", "with a GIL of its own" if OWN_GIL else "")
    exec(program, {"__name__": "main_interpreter"})


if __name__ == "__main__":
    main()
