"""Plays a walk on one of the drivers and tells, step by step, what can be seen of it.

Written for asyncio; `replay.blocking` makes the blocking form of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

TABLES = """
    drop schema public cascade;
    create schema public;
    create table walk (id int primary key, note text);
    create table child (id int references walk deferrable initially deferred);
    create procedure ends() language plpgsql as
    'begin insert into walk values (300, ''called''); commit; rollback; end';
    insert into walk select i, 'note ' || i from generate_series(1, 6) i;
"""
OTHERS = """
    select pg_terminate_backend(pid, 20000) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""
LIMITS = {"lock_timeout": "300ms", "timezone": "UTC", "client_min_messages": "warning", "statement_timeout": "20s"}
EMPTY = ("", ";", "-- nothing")
ENDING = ("begin", "start", "commit", "rollback", "call")  # by which psycopg's blocks lose count
READING = ("fetchone", "fetchmany", "fetchall", "iterate", "scroll", "nextset", "results", "set_result")
SKIPPED = "skipped"
PATIENCE = 4  # steps on a closed connection, before there is a new one


class Raised(NamedTuple):
    """What a step has raised, and what it has got before that."""

    name: str
    sqlstate: str | None = None
    message: str | None = None
    before: Any = None


class Own(Exception):
    """Raised by what the user writes."""


class Failing:
    """A row factory of the user's, which raises for its nth row."""

    def __init__(self, good: int) -> None:
        self.good = good

    def __call__(self, cursor: Any) -> Any:
        good = self.good

        def make(values: Any) -> Any:
            nonlocal good
            good -= 1
            if good < 0:
                raise Own
            return tuple(values)

        return make


class Instance:
    """What `class_row` makes."""

    def __init__(self, a: Any, b: Any = None, c: Any = None) -> None:
        self.values = (a, b, c)

    def __repr__(self) -> str:
        return f"Instance{self.values}"


def keywords(**values: Any) -> Any:
    return ("keywords", values)


def arguments(*values: Any) -> Any:
    return ("arguments", values)


class Player:
    """One driver's side of a walk. prefix: "Async" for asyncio's classes."""

    def __init__(self, pg: Any, dsn: str, prefix: str = "") -> None:
        self.pg = pg
        self.dsn = dsn
        self.prefix = prefix
        # psycopg's statements fail once they are stale, and those that can't be prepared.
        self.prepares = pg.__name__ == "howdah"
        self.entering, self.leaving = ("__aenter__", "__aexit__") if prefix else ("__enter__", "__exit__")
        self.conns: dict[str, Any] = {}
        self.settings: dict[str, Any] = {}
        self.cursors: dict[tuple[str, int], Any] = {}
        self.blocks: dict[str, list[tuple[str, Any]]] = {"a": [], "b": []}
        self.executed: set[tuple[str, int]] = set()
        self.waited: dict[str, int] = {"a": 0, "b": 0}
        self.notices: dict[str, list[Any]] = {"a": [], "b": []}
        self.named: list[Any] = []  # cursors on the server
        rows = pg.rows
        self.factories = {
            "kwargs": rows.kwargs_row(keywords),
            "args": rows.args_row(arguments),
            "failing": Failing(0),
            "failing_late": Failing(2),
            "class_row": rows.class_row(Instance),
        }

    # ---- what can be seen

    def error(self, error: BaseException, before: Any = None) -> Any:
        state = getattr(error, "sqlstate", None)
        said = error.diag.message_primary if state and state != "34000" else None  # cursors are portals, too
        return Raised(type(error).__name__, state, said, before)

    def row(self, row: Any) -> str:
        return f"{type(row).__name__} {row!r}"

    def rows(self, rows: Any) -> Any:
        return ("rows", [self.row(row) for row in rows])

    def on_server(self, name: str, number: int) -> bool:
        return hasattr(self.cursors.get((name, number)), "scrollable")

    def piped(self, name: str) -> bool:
        return any(kind == "pipeline" for kind, _ in self.blocks[name])

    def seen(self) -> dict[str, Any]:
        """Of connections and cursors, after a step. What a pipeline has received so far is a matter of time."""
        found: dict[str, Any] = {}
        for name, conn in self.conns.items():
            if not self.piped(name):
                found[name] = (
                    conn.closed,
                    conn.broken,
                    conn.autocommit,
                    self.status(conn),
                    conn.isolation_level,
                    conn.read_only,
                )
        for (name, number), cur in self.cursors.items():
            if self.piped(name) or cur.closed:
                continue
            columns = (cur.description or None) and [(c.name, c.type_code) for c in cur.description]
            found[f"{name}{number}"] = (columns, cur.rowcount, cur.rownumber, self.tag(cur.statusmessage))
        for name, notices in self.notices.items():
            if not self.piped(name):
                found[f"notices of {name}"] = [*notices]
            notices.clear()
        return found

    def tag(self, message: str | None) -> str | None:
        """psycopg has none behind COPY TO."""
        return None if message and message.startswith("COPY") else message

    def status(self, conn: Any) -> str:
        return conn.info.transaction_status.name

    # ---- steps

    async def play(self, step: Any) -> Any:
        what, name, *rest = step
        if what != "connect" and self.conns[name].closed:
            self.waited[name] += 1
            if self.waited[name] > PATIENCE:
                what, rest = "connect", self.settings[name]
        if self.piped(name) and rest and self.on_server(name, rest[0]) and what != "cursor":
            return SKIPPED  # which neither supports
        if self.piped(name) and what in READING and (name, rest[0]) not in self.executed:
            return SKIPPED  # where there is nothing to fetch psycopg waits for the others' errors
        if what in ("copy_in", "copy_out", "stream") and (self.on_server(name, rest[0]) or self.piped(name)):
            return SKIPPED  # whereupon psycopg crashes at the next fetch from a cursor on the server
        try:
            outcome = await getattr(self, what)(name, *rest)
        except Exception as error:
            outcome = self.error(error)
        return outcome

    async def connect(self, name: str, autocommit: bool, threshold: Any) -> Any:
        if name in self.conns:
            await self.unwind(name)
            await self.conns[name].close()
        self.settings[name] = (autocommit, threshold)
        conn = await getattr(self.pg, f"{self.prefix}Connection").connect(self.dsn, autocommit=autocommit)
        conn.prepare_threshold = threshold if self.prepares else None
        conn.add_notice_handler(lambda diag: self.notices[name].append((diag.severity, diag.message_primary)))
        self.conns[name] = conn
        self.waited[name] = 0
        for key in [key for key in self.cursors if key[0] == name]:
            del self.cursors[key]
        self.cursors[name, 0] = conn.cursor()

    async def cursor(self, name: str, number: int, kind: str, factory: str, binary: bool) -> Any:
        conn = self.conns[name]
        self.executed.discard((name, number))
        options: dict[str, Any] = {"row_factory": self.factory_of(factory)}
        if kind in ("ServerCursor", "held", "scrollable", "forward"):
            extra = {"held": {"withhold": True}, "scrollable": {"scrollable": True}, "forward": {"scrollable": False}}
            cur = conn.cursor(f"cursor {len(self.named)}", binary=binary, **options, **extra.get(kind, {}))
            cur.itersize = 4
            self.named.append(cur)
        else:
            cur = getattr(self.pg, self.prefix + kind)(conn, **options)
            if kind != "ClientCursor":
                cur.format = self.pg.pq.Format(binary)
        self.cursors[name, number] = cur

    def factory_of(self, name: str) -> Any:
        return self.factories[name] if name in self.factories else getattr(self.pg.rows, name)

    async def with_cursor(self, name: str, number: int) -> Any:
        if (name, number) not in self.cursors:
            self.cursors[name, number] = self.conns[name].cursor()
        return self.cursors[name, number]

    async def execute(self, name: str, number: int, query: str, params: Any, options: Any) -> Any:
        if self.blocks[name] and query.split(";")[0].split(" ")[0] in ENDING:
            return SKIPPED
        cur = await self.with_cursor(name, number)
        if isinstance(params, dict) and isinstance(cur, getattr(self.pg, f"{self.prefix}RawCursor")):
            return SKIPPED  # as in wrong()
        if self.piped(name) and (name, number) in self.executed:
            cur = self.cursors[name, number] = self.conns[
                name
            ].cursor()  # psycopg adds to the results of one executed twice
        self.executed.add((name, number))
        if hasattr(cur, "scrollable") or not self.prepares:
            options = {key: value for key, value in options.items() if key == "binary"}
        if hasattr(cur, "mogrify"):
            options = {key: value for key, value in options.items() if key != "binary"}
        if params is None and (query in EMPTY or ";" in query):
            options = {**options, "prepare": False}
        await cur.execute(self.placed(cur, query), params, **options)

    def placed(self, cur: Any, query: str) -> str:
        """A query in the form that the cursor takes."""
        if isinstance(cur, getattr(self.pg, f"{self.prefix}RawCursor")):
            count = 0
            while "%s" in query:
                count += 1
                query = query.replace("%s", f"${count}", 1)
        return query

    async def value(self, name: str, *rest: Any) -> Any:
        return await self.execute(name, *rest)

    async def wrong(self, name: str, number: int, query: str, params: Any) -> Any:
        conn = self.conns[name]
        if not conn.autocommit and self.status(conn) == "IDLE":
            return SKIPPED  # psycopg has begun a transaction by then
        cur = await self.with_cursor(name, number)
        await cur.execute(query, params)

    async def executemany(self, name: str, number: int, query: str, rows: Any, returning: bool, bad: Any) -> Any:
        if self.piped(name):
            self.cursors.pop((name, number), None)
        cur = await self.with_cursor(name, number)
        if bad and self.status(self.conns[name]) == "INTRANS":  # else psycopg begins, or commits the rows before
            rows = [*rows, [object] * len(rows[0])]
        await cur.executemany(self.placed(cur, query), rows, returning=returning)

    async def fetchone(self, name: str, number: int) -> Any:
        return self.rows([await (await self.with_cursor(name, number)).fetchone()])

    async def fetchmany(self, name: str, number: int, size: Any) -> Any:
        cur = await self.with_cursor(name, number)
        return self.rows(await (cur.fetchmany() if size is None else cur.fetchmany(size)))

    async def fetchall(self, name: str, number: int) -> Any:
        return self.rows(await (await self.with_cursor(name, number)).fetchall())

    async def scroll(self, name: str, number: int, value: int, mode: str) -> Any:
        await (await self.with_cursor(name, number)).scroll(value, mode)

    async def iterate(self, name: str, number: int, count: int) -> Any:
        rows = []
        async for row in await self.with_cursor(name, number):
            rows.append(row)
            if len(rows) >= count:
                break
        return self.rows(rows)

    async def nextset(self, name: str, number: int) -> Any:
        cur = await self.with_cursor(name, number)
        return SKIPPED if cur.closed else cur.nextset()

    async def set_result(self, name: str, number: int, index: int) -> Any:
        cur = await self.with_cursor(name, number)
        await cur.set_result(index)

    async def results(self, name: str, number: int) -> Any:
        cur = await self.with_cursor(name, number)
        if cur.closed:
            return SKIPPED  # as for nextset()
        found = []
        async for result in cur.results():
            found.append((self.tag(result.statusmessage), result.rowcount))
        return found

    async def stream(
        self, name: str, number: int, query: str, params: Any, size: int, count: int, ending: str
    ) -> Any:
        cur = await self.with_cursor(name, number)
        rows: list[Any] = []
        # Of a group of rows with an error in its midst psycopg yields none.
        generator = cur.stream(
            self.placed(cur, query), params, **({} if size == 1 or "1/" in query else {"size": size})
        )
        try:
            async for row in generator:
                rows.append(row)
                if len(rows) >= count:
                    if ending == "error":
                        raise Own
                    break
        except Exception as error:
            return self.error(error, self.rows(rows))
        finally:
            await generator.aclose()
        return self.rows(rows)

    async def copy_out(self, name: str, number: int, query: str, how: str, count: int) -> Any:
        cur = await self.with_cursor(name, number)
        got: list[Any] = []
        try:
            async with cur.copy(query) as copy:
                if how == "rows":
                    async for row in copy.rows():
                        got.append(row)
                        if len(got) >= count:
                            raise Own
                elif how == "iterate":
                    async for block in copy:
                        got.append(bytes(block))
                        if len(got) >= count:
                            raise Own
                else:
                    while item := await (copy.read() if how == "read" else copy.read_row()):
                        got.append(item if how == "read_row" else bytes(item))
                        if len(got) >= count:
                            raise Own
        except Exception as error:
            return self.error(error, self.copied(got, count))
        return self.copied(got, count)

    def copied(self, got: Any, count: int) -> Any:
        """The pieces in which data come may differ."""
        if got and isinstance(got[0], bytes):
            return ("data", b"".join(got) if count > 100 else None)
        return self.rows(got)

    async def copy_in(self, name: str, number: int, query: str, rows: Any, how: str, ending: str) -> Any:
        cur = await self.with_cursor(name, number)
        async with cur.copy(query) as copy:
            if "binary" in query:
                copy.set_types(["int4", "text"])
            for row in rows:
                if how == "write_row":
                    await copy.write_row(row)
                else:
                    await copy.write("\t".join("\\N" if item is None else str(item) for item in row) + "\n")
            if ending == "error":
                raise Own

    async def close_cursor(self, name: str, number: int) -> Any:
        await (await self.with_cursor(name, number)).close()

    async def row_factory(self, name: str, number: int, factory: str) -> Any:
        (await self.with_cursor(name, number)).row_factory = self.factory_of(factory)

    async def connection_factory(self, name: str, factory: str) -> Any:
        self.conns[name].row_factory = self.factory_of(factory)

    # ---- blocks

    async def enter(self, name: str, savepoint: Any, force: bool) -> Any:
        block = self.conns[name].transaction(savepoint, force_rollback=force)
        transaction = await getattr(block, self.entering)()
        self.blocks[name].append(("transaction", block))
        return transaction.savepoint_name or None

    async def enter_pipeline(self, name: str) -> Any:
        block = self.conns[name].pipeline()
        await getattr(block, self.entering)()
        self.blocks[name].append(("pipeline", block))

    async def leave(self, name: str, ending: str) -> Any:
        if not self.blocks[name]:
            return None
        _, block = self.blocks[name].pop()
        leave = getattr(block, self.leaving)
        if ending == "well":
            await leave(None, None, None)
            return None
        try:
            raise Own if ending == "error" else self.pg.Rollback
        except Exception as error:
            if not await leave(type(error), error, error.__traceback__):
                raise
        return None

    async def unwind(self, name: str) -> Any:
        while self.blocks[name]:
            try:
                await self.leave(name, "well")
            except Exception:
                continue

    async def sync(self, name: str) -> Any:
        if not self.piped(name):
            return None
        async with self.conns[name].pipeline() as pipeline:
            await pipeline.sync()

    # ---- connections

    async def commit(self, name: str) -> Any:
        await self.conns[name].commit()

    async def rollback(self, name: str) -> Any:
        await self.conns[name].rollback()

    async def set(self, name: str, attribute: str, value: Any) -> Any:
        conn = self.conns[name]
        if attribute in ("prepare_threshold", "prepared_max"):
            if self.prepares:
                setattr(conn, attribute, value)
        elif self.prefix:
            await getattr(conn, f"set_{attribute}")(value)
        else:
            setattr(conn, attribute, value)

    async def timeout(self, name: str, number: int) -> Any:
        if self.piped(name):
            return SKIPPED
        cur = await self.with_cursor(name, number)
        await cur.execute("set statement_timeout = 250")
        try:
            await cur.execute("select pg_sleep(20)")
        finally:
            await cur.execute("set statement_timeout = 20000")

    async def notifies(self, name: str) -> Any:
        if self.piped(name):
            return None
        found = []
        async for notify in self.conns[name].notifies(timeout=0.05):
            found.append((notify.channel, notify.payload))
        return found

    async def kill(self, name: str) -> Any:
        """What an administrator does, and then the connection's next step."""
        if self.piped(name):
            return
        async with await getattr(self.pg, f"{self.prefix}Connection").connect(self.dsn, autocommit=True) as conn:
            await conn.execute("select pg_terminate_backend(%s, 20000)", [self.conns[name].info.backend_pid])
        if self.prefix:  # howdah's loop sees it at once
            await self.conns[name].execute("select 1")

    async def close(self, name: str) -> Any:
        await self.conns[name].close()

    async def finish(self) -> None:
        for name, conn in self.conns.items():
            await self.unwind(name)
            await conn.close()
        for cur in self.named:
            await cur.close()
