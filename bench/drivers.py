"""One class per driver: how it connects and how it does each piece of work.

All do the same: Python objects decoded, json too; prepared statements; autocommit; TCP on 127.0.0.1 with trust login.
A method that is missing is work that the driver cannot do.
"""

from __future__ import annotations

import asyncio
import atexit
import csv
import importlib
import io
import json
import struct
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from workloads import (
    BATCH,
    CHECKOUTS,
    COPIED,
    CROWD,
    INSERT_FORMATTED,
    INSERT_NUMBERED,
    INSERT_RETURNING,
    MANY,
    PIPELINED,
    POOL,
    QUERIES,
    READS,
    ROW_TYPES,
    TASKS,
    TURNS,
    Account,
    SlottedAccount,
    formatted,
    numbered,
)

HERE = Path(__file__).resolve().parent


class Psycopg:
    """psycopg 3's API, sync; serves every module that offers it."""

    is_async = False

    def __init__(
        self, uri: str, module: str = "psycopg", pool_module: str = "psycopg_pool", **cursor_options: Any
    ) -> None:
        self.uri = uri
        self.module = importlib.import_module(module)
        self.pool_module = pool_module
        self.cursor_options = cursor_options
        self.connections: Any = None

    def open(self) -> None:
        self.conn = self.module.connect(self.uri, autocommit=True)
        self.conn.prepare_threshold = 0
        self.cur = self.conn.cursor(**self.cursor_options)
        class_row = importlib.import_module(f"{self.module.__name__}.rows").class_row
        self.objects_cur = self.conn.cursor(row_factory=class_row(Account), **self.cursor_options)
        self.slotted_cur = self.conn.cursor(row_factory=class_row(SlottedAccount), **self.cursor_options)

    def query(self, key: str) -> Any:
        return self.cur.execute(*formatted(key)).fetchall()

    def objects(self) -> Any:
        return self.objects_cur.execute(*formatted("accounts")).fetchall()

    def slotted(self) -> Any:
        return self.slotted_cur.execute(*formatted("accounts")).fetchall()

    def batch(self) -> None:
        self.cur.executemany(INSERT_FORMATTED, BATCH)

    def copy(self) -> None:
        with self.cur.copy("copy b_ins from stdin (format binary)") as copy:
            copy.set_types(ROW_TYPES)
            for row in COPIED:
                copy.write_row(row)

    copy_rows = copy

    def copy_text(self) -> None:
        with self.cur.copy("copy b_ins from stdin") as copy:
            for row in COPIED:
                copy.write_row(row)

    def connect(self) -> None:
        self.module.connect(self.uri).close()

    def open_pool(self) -> None:
        if self.connections is None:
            pool_class = importlib.import_module(self.pool_module).ConnectionPool
            self.connections = pool_class(self.uri, min_size=POOL, open=True, kwargs={"autocommit": True})
            self.connections.wait()

    def crowd(self) -> None:
        self.open_pool()

        def work() -> None:
            for _ in range(TURNS):
                with self.connections.connection() as conn:
                    conn.execute("select 1").fetchone()

        threads = [threading.Thread(target=work) for _ in range(CROWD)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def checkout(self) -> None:
        self.open_pool()
        for _ in range(CHECKOUTS):
            self.connections.putconn(self.connections.getconn())

    def close(self) -> None:
        if self.connections is not None:
            self.connections.close()

    def pipeline(self) -> Any:
        with self.conn.pipeline():
            cursors = [self.conn.execute(*formatted("pk")) for _ in range(PIPELINED)]
        return [cursor.fetchone() for cursor in cursors]


class PsycopgAsync:
    """The same with asyncio."""

    is_async = True

    def __init__(
        self, uri: str, module: str = "psycopg", pool_module: str = "psycopg_pool", **cursor_options: Any
    ) -> None:
        self.uri = uri
        self.module = importlib.import_module(module)
        self.pool_module = pool_module
        self.cursor_options = cursor_options
        self.connections: Any = None

    async def open(self) -> None:
        self.conn = await self.module.AsyncConnection.connect(self.uri, autocommit=True)
        self.conn.prepare_threshold = 0
        self.cur = self.conn.cursor(**self.cursor_options)
        class_row = importlib.import_module(f"{self.module.__name__}.rows").class_row
        self.objects_cur = self.conn.cursor(row_factory=class_row(Account), **self.cursor_options)
        self.slotted_cur = self.conn.cursor(row_factory=class_row(SlottedAccount), **self.cursor_options)

    async def query(self, key: str) -> Any:
        await self.cur.execute(*formatted(key))
        return await self.cur.fetchall()

    async def objects(self) -> Any:
        await self.objects_cur.execute(*formatted("accounts"))
        return await self.objects_cur.fetchall()

    async def slotted(self) -> Any:
        await self.slotted_cur.execute(*formatted("accounts"))
        return await self.slotted_cur.fetchall()

    async def batch(self) -> None:
        await self.cur.executemany(INSERT_FORMATTED, BATCH)

    async def copy(self) -> None:
        async with self.cur.copy("copy b_ins from stdin (format binary)") as copy:
            copy.set_types(ROW_TYPES)
            for row in COPIED:
                await copy.write_row(row)

    copy_rows = copy

    async def copy_text(self) -> None:
        async with self.cur.copy("copy b_ins from stdin") as copy:
            for row in COPIED:
                await copy.write_row(row)

    async def connect(self) -> None:
        await (await self.module.AsyncConnection.connect(self.uri)).close()

    async def pipeline(self) -> Any:
        async with self.conn.pipeline():
            cursors = [await self.conn.execute(*formatted("pk")) for _ in range(PIPELINED)]
        return [await cursor.fetchone() for cursor in cursors]

    async def open_pool(self) -> None:
        if self.connections is None:
            options = {"autocommit": True, "prepare_threshold": 0}
            pool_class = importlib.import_module(self.pool_module).AsyncConnectionPool
            self.connections = pool_class(self.uri, min_size=POOL, max_size=POOL, open=False, kwargs=options)
            await self.connections.open(wait=True)

    async def crowd(self) -> None:
        await self.open_pool()

        async def work() -> None:
            for _ in range(TURNS):
                async with self.connections.connection() as conn:
                    await (await conn.execute("select 1")).fetchone()

        await asyncio.gather(*[work() for _ in range(CROWD)])

    async def checkout(self) -> None:
        await self.open_pool()
        for _ in range(CHECKOUTS):
            await self.connections.putconn(await self.connections.getconn())

    async def pool(self) -> None:
        await self.open_pool()

        async def task() -> None:
            for _ in range(READS):
                async with self.connections.connection() as conn:
                    await (await conn.execute(*formatted("pk"))).fetchall()

        await asyncio.gather(*[task() for _ in range(TASKS)])

    async def close(self) -> None:
        if self.connections is not None:
            await self.connections.close()


class Howdah(Psycopg):
    """With what psycopg doesn't have."""

    def __init__(self, uri: str, **cursor_options: Any) -> None:
        super().__init__(uri, "howdah", "howdah.pool", **cursor_options)

    def values(self) -> Any:
        return self.module.execute_values(self.cur, INSERT_RETURNING, MANY, fetch=True)

    def copy_rows(self) -> None:
        self.module.copy_rows(self.conn, "b_ins", COPIED)

    def copy_many(self) -> None:
        self.module.copy_rows(self.conn, "b_ins", MANY)


class HowdahAsync(PsycopgAsync):
    def __init__(self, uri: str, **cursor_options: Any) -> None:
        super().__init__(uri, "howdah", "howdah.pool", **cursor_options)

    async def values(self) -> Any:
        return await self.module.execute_values(self.cur, INSERT_RETURNING, MANY, fetch=True)

    async def copy_rows(self) -> None:
        await self.module.copy_rows(self.conn, "b_ins", COPIED)

    async def copy_many(self) -> None:
        await self.module.copy_rows(self.conn, "b_ins", MANY)


class HowdahFuture(HowdahAsync):
    """Woken through an `asyncio.Future`, as on loops that are not asyncio's own."""

    async def open(self) -> None:
        before = self.module._howdah.direct_wake(False)
        await super().open()
        await self.query("one")  # a connection looks at it when it first waits in a loop
        self.module._howdah.direct_wake(before)


class ReadLane:
    """howdah's way to read from many tasks: on one connection."""

    is_async = True

    def __init__(self, uri: str) -> None:
        self.uri = uri

    async def open(self) -> None:
        from howdah.pool import ReadLane

        self.lane = ReadLane(self.uri)
        await self.lane.open()

    async def query(self, key: str) -> Any:
        return await self.lane.fetchall(*formatted(key))

    async def pool(self) -> None:
        query, params = formatted("pk")

        async def task() -> None:
            for _ in range(READS):
                await self.lane.fetchall(query, params)

        await asyncio.gather(*[task() for _ in range(TASKS)])

    async def close(self) -> None:
        await self.lane.close()


class Asyncpg:
    is_async = True

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.module = importlib.import_module("asyncpg")
        self.connections: Any = None

    async def open(self) -> None:
        self.conn = await self.module.connect(self.uri)
        await self.conn.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)

    async def query(self, key: str) -> Any:
        sql, args = numbered(key)
        return await self.conn.fetch(sql, *args)

    async def batch(self) -> None:
        await self.conn.executemany(INSERT_NUMBERED, BATCH)

    async def values(self) -> None:
        await self.conn.executemany(INSERT_NUMBERED, MANY)

    async def copy_rows(self) -> None:
        await self.conn.copy_records_to_table("b_ins", records=COPIED)

    copy = copy_rows

    async def copy_many(self) -> None:
        await self.conn.copy_records_to_table("b_ins", records=MANY)

    async def objects(self) -> Any:
        sql, args = numbered("accounts")
        return [Account(*record) for record in await self.conn.fetch(sql, *args)]

    async def connect(self) -> None:
        await (await self.module.connect(self.uri)).close()

    async def open_pool(self) -> None:
        if self.connections is None:
            self.connections = await self.module.create_pool(self.uri, min_size=POOL, max_size=POOL)

    async def crowd(self) -> None:
        await self.open_pool()

        async def work() -> None:
            for _ in range(TURNS):
                async with self.connections.acquire() as conn:
                    await conn.fetchrow("select 1")

        await asyncio.gather(*[work() for _ in range(CROWD)])

    async def checkout(self) -> None:
        await self.open_pool()
        for _ in range(CHECKOUTS):
            await self.connections.release(await self.connections.acquire())

    async def pool(self) -> None:
        await self.open_pool()
        sql, args = numbered("pk")

        async def task() -> None:
            for _ in range(READS):
                async with self.connections.acquire() as conn:
                    await conn.fetch(sql, *args)

        await asyncio.gather(*[task() for _ in range(TASKS)])

    async def close(self) -> None:
        if self.connections is not None:
            await self.connections.close()


class Psqlpy:
    is_async = True

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.module = importlib.import_module("psqlpy")

    async def open(self) -> None:
        self.conn = await self.module.connect(dsn=self.uri)

    async def query(self, key: str) -> Any:
        sql, args = numbered(key)
        return (await self.conn.fetch(sql, list(args))).result()

    async def batch(self) -> None:
        await self.conn.execute_many(INSERT_NUMBERED, [list(row) for row in BATCH])


class Psycopg2:
    is_async = False

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.module = importlib.import_module("psycopg2")
        self.extras = importlib.import_module("psycopg2.extras")

    def open(self) -> None:
        self.conn = self.module.connect(self.uri)
        self.conn.autocommit = True
        self.cur = self.conn.cursor()

    def query(self, key: str) -> Any:
        sql, args = formatted(key)
        self.cur.execute(sql, args or None)
        return self.cur.fetchall()

    def batch(self) -> None:
        # Its executemany sends row by row and waits for each.
        self.extras.execute_values(self.cur, "insert into b_ins values %s", BATCH, page_size=1000)

    def values(self) -> Any:
        return self.extras.execute_values(self.cur, INSERT_RETURNING, MANY, page_size=1000, fetch=True)

    def copy_rows(self) -> None:
        self.copy_csv(COPIED)

    def copy_many(self) -> None:
        self.copy_csv(MANY)

    def copy_csv(self, rows: list[Any]) -> None:
        """It takes a file, which it doesn't help to make."""
        file = io.StringIO()
        csv.writer(file, delimiter="\t").writerows(rows)
        file.seek(0)
        self.cur.copy_from(file, "b_ins")

    def objects(self) -> Any:
        return [Account(*row) for row in self.query("accounts")]

    def connect(self) -> None:
        self.module.connect(self.uri).close()


def new_folder() -> str:
    """A folder that is gone when we end."""
    folder = tempfile.TemporaryDirectory(prefix="howdah-bench-")
    atexit.register(folder.cleanup)
    return folder.name


def prototype_module() -> Any:
    """prototype.c, compiled on first use."""
    if "prototype" not in sys.modules:
        folder = new_folder()
        include = sysconfig.get_path("include")
        command = [
            "cc",
            "-O2",
            "-shared",
            "-fPIC",
            f"-I{include}",
            HERE / "prototype.c",
            "-o",
            f"{folder}/prototype.so",
        ]
        subprocess.run(command, check=True)
        sys.path.insert(0, folder)
    return importlib.import_module("prototype")


class Prototype:
    """The floor with Python objects: a C module that checks nothing."""

    is_async = False

    def __init__(self, uri: str) -> None:
        self.port = urlsplit(uri).port
        self.module = prototype_module()

    def open(self) -> None:
        self.conn = self.module.Connection(self.port)
        for key in QUERIES:
            self.conn.prepare(key, numbered(key)[0])
        self.conn.prepare("insert", INSERT_NUMBERED)

    def query(self, key: str) -> Any:
        return self.conn.run(key, QUERIES[key][1])

    def batch(self) -> None:
        self.conn.run_many("insert", BATCH)

    def copy(self) -> None:
        self.conn.copy("copy b_ins from stdin (format binary)", COPIED)

    copy_rows = copy

    def pipeline(self) -> Any:
        return self.conn.run_many("pk", [QUERIES["pk"][1]] * PIPELINED)


class PrototypeAsync:
    """The same under asyncio, each answer through an asyncio.Future."""

    is_async = True

    def __init__(self, uri: str) -> None:
        self.sync = Prototype(uri)

    async def open(self) -> None:
        self.sync.open()
        self.conn = self.sync.conn
        self.conn.set_nonblocking()
        self.loop = asyncio.get_running_loop()
        self.loop.add_reader(self.conn.fileno(), self.conn.readable)

    async def query(self, key: str) -> Any:
        future = self.loop.create_future()
        self.conn.start(key, QUERIES[key][1], future)
        return await future


class PrototypeWake(PrototypeAsync):
    """The same, the waiting task woken directly inside the reader's callback."""

    async def query(self, key: str) -> Any:
        return await self.conn.wait(key, QUERIES[key][1], self.loop)


def message(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return kind + struct.pack("!I", len(body) + 4) + body


def binary_row(row: tuple[Any, ...]) -> bytes:
    """As COPY and Bind have it: the number of values, and each behind its length."""
    values = [
        struct.pack("!i", v) if type(v) is int else v.encode() if type(v) is str else struct.pack("!d", v)
        for v in row
    ]
    return struct.pack("!H", len(row)) + b"".join(struct.pack("!I", len(v)) + v for v in values)


SYNC = message(b"S")
BLOCK = 64 * 1024  # of the rows of COPY, as howdah sends them


def composed_batch(rows: list[tuple[Any, ...]]) -> tuple[bytes, bytes]:
    """What executemany() sends: once, and every time."""
    name = b"floor_insert\0"
    once = message(b"C", b"S", name) + message(b"P", name, INSERT_NUMBERED.encode(), b"\0\0\0") + SYNC
    binary, execute = struct.pack("!HH", 1, 1), message(b"E", b"\0", bytes(4))
    binds = (message(b"B", b"\0", name, binary, binary_row(row), bytes(2)) for row in rows)
    return once, b"".join(bind + execute for bind in binds) + SYNC


def composed_copy(rows: list[tuple[Any, ...]]) -> tuple[bytes, bytes]:
    """What a binary COPY sends, by a simple query: the server need not be asked before the rows leave."""
    data = b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"".join(map(binary_row, rows)) + b"\xff\xff"
    blocks = (message(b"d", data[i : i + BLOCK]) for i in range(0, len(data), BLOCK))
    query = message(b"Q", b"copy b_ins from stdin (format binary)\0")
    return SYNC, query + b"".join(blocks) + message(b"c")


COMPOSED: dict[str, Callable[[], tuple[bytes, bytes]]] = {
    "batch": lambda: composed_batch(BATCH),
    "copy_rows": lambda: composed_copy(COPIED),
    "copy_many": lambda: composed_copy(MANY),
}


class Floor:
    """The core alone, without Python: floor.c. It measures itself, in a process of its own.

    Of what inserts, no more than the wire: the bytes are composed beforehand, sent, and ReadyForQuery is awaited.
    """

    is_async = False

    def __init__(self, uri: str) -> None:
        self.port = urlsplit(uri).port
        core = HERE.parent / "core"
        self.folder = Path(new_folder())
        self.program = self.folder / "floor"
        flags = ["-std=c11", "-D_GNU_SOURCE", "-O3", "-flto=auto", "-DNDEBUG", f"-I{core}"]
        sources = [HERE / "floor.c", *sorted(core.rglob("*.c"))]
        subprocess.run(["cc", *flags, *sources, "-o", self.program, "-lm"], check=True)

    def open(self) -> None:
        self.process = subprocess.Popen(
            [self.program, str(self.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def measure(self, key: str, seconds: float) -> tuple[float, float] | None:
        """Wall and CPU microseconds per operation; None for work that it cannot do."""
        if key in COMPOSED:
            what: tuple[object, ...] = ("<", *self.files(key))
        elif key in QUERIES:
            sql, args = numbered(key)
            what = (sql, *args)
        else:
            return None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(seconds, *what, sep="\t", file=self.process.stdin, flush=True)
        wall, cpu = self.process.stdout.readline().split()
        return float(wall), float(cpu)

    def files(self, key: str) -> tuple[Path, Path]:
        """What was composed: to be sent once, and every time."""
        paths = self.folder / f"{key}.once", self.folder / key
        if not paths[0].exists():
            for path, data in zip(paths, COMPOSED[key](), strict=True):
                path.write_bytes(data)
        return paths

    def close(self) -> None:
        self.process.communicate()


# Those with "-uvloop" in their names run on a loop of its own.
DRIVERS: dict[str, Callable[[str], Any]] = {
    "howdah": Howdah,
    "howdah-bin": lambda uri: Howdah(uri, binary=True),
    "howdah-async": HowdahAsync,
    "howdah-async-bin": lambda uri: HowdahAsync(uri, binary=True),
    "howdah-uvloop": HowdahAsync,
    "howdah-future": HowdahFuture,
    "howdah-lane": ReadLane,
    "psycopg": Psycopg,
    "psycopg-bin": lambda uri: Psycopg(uri, binary=True),
    "psycopg-async": PsycopgAsync,
    "psycopg-async-bin": lambda uri: PsycopgAsync(uri, binary=True),
    "asyncpg": Asyncpg,
    "asyncpg-uvloop": Asyncpg,
    "psqlpy": Psqlpy,
    "psycopg2": Psycopg2,
    "prototype": Prototype,
    "prototype-async": PrototypeAsync,
    "prototype-wake": PrototypeWake,
    "floor": Floor,
}
