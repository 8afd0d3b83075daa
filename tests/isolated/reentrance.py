"""Python code that C calls changes what it was called for, and what howdah keeps to itself is called with anything.

Run in a process of its own, under the name of one case: a crash shall not take the other tests along.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from datetime import time, timedelta, timezone
from typing import Any

import howdah
from howdah import rows
from howdah.adapt import Dumper, Loader
from howdah.pool import ReadLane

NOTICE = "do $$ begin raise notice 'x'; end $$"
RAISED = (Exception, GeneratorExit)


def attempt(function: Any, *args: Any) -> Any:
    try:
        return function(*args)
    except RAISED:
        return None


def refused(error: type[BaseException], function: Any, *args: Any) -> None:
    try:
        function(*args)
    except error:
        return
    raise AssertionError(f"{function} took {args}")


async def until_closed(conn: Any) -> None:
    for _ in range(6000):
        if conn.closed:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it goes on")


class Value:
    """Adapted by CallingDumper."""


class CallingDumper(Dumper):
    """Calls what `Value` was given, once."""

    call: Callable[[], Any] | None = None

    def dump(self, obj: Any) -> bytes:
        call, CallingDumper.call = CallingDumper.call, None
        if call is not None:
            call()
        return b"1"


def cursor_that_is_set_up_anew(dsn: str) -> None:
    other = howdah.connect(dsn)
    cur = howdah.connect(dsn).cursor()
    cur.connection.add_notice_handler(lambda diagnostic: refused(howdah.ProgrammingError, cur.__init__, other))
    cur.execute(NOTICE)
    cur.__init__(cur.connection)  # type: ignore[misc]
    assert cur.execute("select 1").fetchone() == (1,)


def loads_that_sets_another(dsn: str) -> None:
    from howdah.types.json import set_json_loads

    @functools.lru_cache
    def loads(data: bytes) -> int:
        set_json_loads(json.loads)
        return 1

    set_json_loads(loads)
    del loads
    with howdah.connect(dsn) as conn:
        assert conn.execute("select '3'::json, '2'::json").fetchone() == (1, 2)


def loader_that_sets_up_its_transformer(dsn: str) -> None:
    class Anew(Loader):
        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            context.__init__(conn)

        def load(self, data: Any) -> str:
            return bytes(data).decode()

    with howdah.connect(dsn) as conn:
        conn.adapters.register_loader("text", Anew)
        assert conn.execute("select 'a'::text").fetchone() == ("a",)


def offsets_of_ones_own(dsn: str) -> None:
    class Own(time):
        def utcoffset(self) -> Any:
            return self.offset

        offset: Any = None

    with howdah.connect(dsn) as conn:
        for offset, error in ((1, TypeError), ("x", TypeError), (timedelta(days=10**8), ValueError)):
            value = Own(1, 2, 3, tzinfo=timezone.utc)
            value.offset = offset
            for placeholder in ("%t", "%b"):
                refused(error, conn.execute, f"select {placeholder}", [value])


def metaclass_with_a_module_of_its_own(dsn: str) -> None:
    class Meta(type):
        @property
        def __module__(cls) -> str:  # type: ignore[override]
            cls.__bases__ = (Second,) if cls.__bases__ == (First,) else (First,)
            return "x"

    class First:
        pass

    class Second:
        pass

    with howdah.connect(dsn) as conn:
        refused(howdah.ProgrammingError, conn.execute, "select %s", [Meta("Made", (First,), {})()])


def rows_of_a_server_that_lies(dsn: str) -> None:
    """The results of a cursor on the server are taken to have the same columns."""

    def one(a: int) -> Any:
        return a

    with howdah.connect(dsn) as conn:
        for factory in (rows.class_row(Holder), rows.namedtuple_row, rows.scalar_row, rows.kwargs_row(one)):
            cur = conn.cursor(row_factory=factory)
            cur.execute("select 1 as a")
            cur.fetchall()
            cur._same_rows = True
            for columns in ("1 as a, 2 as b, 3 as c", "", "1 as a"):
                attempt(lambda cur=cur, columns=columns: cur.execute(f"select {columns}").fetchall())


class Holder:
    def __init__(self, a: int) -> None:
        self.a = a


def attributes_of_a_connection(dsn: str) -> None:
    with howdah.connect(dsn) as conn:
        refused(TypeError, setattr, conn, "_begin", 5)
        refused(AttributeError, delattr, conn, "_begin")
        assert conn.execute("select 1").fetchone() == (1,)


def start_up_of_a_connection_in_use(dsn: str) -> None:
    def anew(diagnostic: Any) -> None:
        refused(howdah.ProgrammingError, conn._start, 196608, [("user", "x")], "_hd_123456789")
        refused(howdah.ProgrammingError, conn._feed, b"Z\0\0\0\5I")
        refused(howdah.ProgrammingError, conn._attach, 0, None)

    with howdah.connect(dsn) as conn:
        conn.add_notice_handler(anew)
        conn.execute(NOTICE)
        assert conn.execute("select 1").fetchone() == (1,)


async def thrown_class_of_no_exception(dsn: str) -> None:
    class Odd(Exception):
        def __new__(cls, *args: Any) -> Any:
            return 5

    async with await howdah.AsyncConnection.connect(dsn) as conn:
        operation = conn.cursor()._execute("select 1")
        refused(TypeError, operation.throw, Odd)


async def operation_that_is_sent_to_again(dsn: str) -> None:
    """By an adapter of its own, or before the lock is handed to it."""
    async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
        conn.adapters.register_dumper(Value, CallingDumper)
        cur = conn.cursor()
        busy = asyncio.ensure_future(conn.execute("select pg_sleep(0.2)"))
        await asyncio.sleep(0)
        operation = cur._execute("select %s", [Value()])
        operation.send(None)
        waits_on = operation.send(None)
        CallingDumper.call = functools.partial(refused, RuntimeError, operation.send, None)
        await busy
        await waits_on
        await operation
        assert CallingDumper.call is None
        assert await cur.fetchone() == ("1",)


async def rows_that_close_their_executemany(dsn: str) -> None:
    operation: Any = None

    def values() -> Iterator[tuple[str]]:
        nonlocal operation
        for _ in range(100_000):
            if operation is not None:
                operation.close()
                operation = None
            yield ("x" * 1000,)

    async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
        cur = conn.cursor()
        await cur.execute("create temp table t (x text)")
        begun = cur._executemany("insert into t values (%s)", values())
        begun.send(None)
        operation = begun
        del begun, cur
        await until_closed(conn)


async def notice_that_closes_its_operation(dsn: str) -> None:
    conn = await howdah.AsyncConnection.connect(dsn, autocommit=True)
    operation = conn.cursor()._execute(NOTICE)
    conn.add_notice_handler(lambda diagnostic: operation.close())
    operation.send(None)
    await until_closed(conn)


async def adapter_that_uses_its_lane(dsn: str) -> None:
    howdah.adapters.register_dumper(Value, CallingDumper)
    async with ReadLane(dsn) as lane:
        assert await lane.fetchval("select %s::int", [Value()]) == 1

        def use() -> None:
            refused(howdah.ProgrammingError, lane._lane.read("select %s, %s", ["a" * 10000, "b"], 3).send, None)
            refused(howdah.ProgrammingError, lane._lane._flush)
            refused(howdah.ProgrammingError, lane._lane.close)

        reads = [lane.fetchval("select %s::int", [2]) for _ in range(3)]
        CallingDumper.call = use
        assert await asyncio.gather(*reads, lane.fetchval("select %s::int", [Value()])) == [2, 2, 2, 1]
        assert CallingDumper.call is None


async def copy_that_begins_after_its_end(dsn: str) -> None:
    async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
        async with conn.cursor().copy("copy (select 1) to stdout") as copy:
            assert [row async for row in copy.rows()] == [("1",)]
        refused(howdah.OperationalError, copy._began)
        del copy
        assert conn._copy is None


def dumpers_that_change_their_list(dsn: str) -> None:
    class Clearing:
        def __del__(self) -> None:
            dumpers.clear()

    with howdah.connect(dsn) as conn, conn.cursor().copy("copy (select 1) to stdout") as copy:
        copy._set_dumpers([Clearing()])
        dumpers = [None, None]
        copy._set_dumpers(dumpers)
        assert dumpers == []


def finalizers_that_use_the_cursor(dsn: str) -> None:
    """The collector may run them wherever something is allocated."""
    conn = howdah.connect(dsn, autocommit=True)
    cur = conn.cursor()
    uses = itertools.cycle(
        [
            cur.nextset,
            lambda: setattr(cur, "row_factory", rows.dict_row),
            lambda: cur.adapters.register_loader("int4", type("Ints", (Loader,), {"load": lambda self, data: 1})),
            cur.fetchone,
            lambda: setattr(cur, "row_factory", rows.namedtuple_row),
        ]
    )

    def collected(phase: str, info: Any) -> None:
        if phase == "stop":
            attempt(next(uses))

    gc.callbacks.append(collected)
    gc.set_threshold(10)
    for _ in range(30):
        attempt(
            cur.execute, "select i, array[i, i], row(i, i), now(), '{}'::json from generate_series(1, 20) i; select 1"
        )
        attempt(lambda: cur.description)
        attempt(cur.fetchmany, 3)
        attempt(cur.fetchall)
        attempt(lambda: [*cur.stream("select generate_series(1, 50)", size=7)])
        attempt(lambda: cur.executemany("select %s", [([1, 2],) for _ in range(20)], returning=True))
    gc.callbacks.remove(collected)
    gc.set_threshold(700)


async def callback_that_is_compared(dsn: str) -> None:
    class Callback:
        def __eq__(self, other: object) -> Any:
            waiter.remove_done_callback(self)
            return NotImplemented

        def __call__(self, *args: Any) -> None:
            pass

    async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
        await conn.execute("select 1")
        operation = conn.cursor()._execute("select pg_sleep(0.05)")
        waiter = operation.send(None)
        waiter.add_done_callback(Callback(), context=None)
        assert waiter.remove_done_callback(5) == 0
        await asyncio.sleep(0)
        await operation


CASES = {
    case.__name__: case
    for case in (
        cursor_that_is_set_up_anew,
        loads_that_sets_another,
        loader_that_sets_up_its_transformer,
        offsets_of_ones_own,
        metaclass_with_a_module_of_its_own,
        rows_of_a_server_that_lies,
        attributes_of_a_connection,
        start_up_of_a_connection_in_use,
        thrown_class_of_no_exception,
        operation_that_is_sent_to_again,
        rows_that_close_their_executemany,
        notice_that_closes_its_operation,
        adapter_that_uses_its_lane,
        copy_that_begins_after_its_end,
        dumpers_that_change_their_list,
        finalizers_that_use_the_cursor,
        callback_that_is_compared,
    )
}


def main() -> None:
    dsn, *names = sys.argv[1:]
    for name in names or CASES:
        print(name, flush=True)
        done = CASES[name](dsn)
        if inspect.iscoroutine(done):
            asyncio.run(done)


if __name__ == "__main__":
    main()
