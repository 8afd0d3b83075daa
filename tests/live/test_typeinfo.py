"""TypeInfo.fetch: what the catalogue says, and that the connection does not notice."""

from __future__ import annotations

import pickle

import pytest

IDLE, INTRANS = 0, 2


@pytest.fixture
def TypeInfo(module):
    return module("types").TypeInfo


@pytest.fixture(scope="module", autouse=True)
def types(pg, dsn):
    with pg.connect(dsn, autocommit=True) as conn:
        conn.execute('create schema "Odd""one"')
        conn.execute('create domain "Odd""one"."My type" as int')
        conn.execute("create schema other")
        conn.execute("create type other.mood as enum ('sad', 'ok')")
        yield
        conn.execute('drop schema "Odd""one" cascade')
        conn.execute("drop schema other cascade")


def status(conn):
    return int(conn.info.transaction_status)


@pytest.mark.parametrize("autocommit", [False, True])
@pytest.mark.parametrize("encoding", ["utf8", "latin1", "sql_ascii"])
@pytest.mark.parametrize("name", ["text", ["text"]], ids=["str", "identifier"])
def test_text(pg, dsn, module, TypeInfo, name, encoding, autocommit):
    if isinstance(name, list):
        name = module("sql").Identifier(*name)
    with pg.connect(dsn, autocommit=autocommit, client_encoding=encoding) as conn:
        info = TypeInfo.fetch(conn, name)
        assert status(conn) == IDLE
    assert (info.name, info.oid, info.array_oid, info.regtype, info.delimiter) == ("text", 25, 1009, "text", ",")


@pytest.mark.parametrize("encoding", ["utf8", "latin1", "sql_ascii"])
async def test_text_async(pg, dsn, TypeInfo, encoding):
    async with await pg.AsyncConnection.connect(dsn, client_encoding=encoding) as conn:
        info = await TypeInfo.fetch(conn, "text")
        assert status(conn) == IDLE
        assert (info.name, info.oid, info.array_oid) == ("text", 25, 1009)
        await conn.execute("select 1")
        assert (await TypeInfo.fetch(conn, "text")).oid == 25
        assert status(conn) == INTRANS


@pytest.mark.howdah_only
def test_encoding_stays_as_it_was(pg, dsn, TypeInfo):
    with pg.connect(dsn, client_encoding="sql_ascii") as conn:
        conn.execute("select 1")
        assert TypeInfo.fetch(conn, "text").name == "text"
        assert conn.execute("select 'x'::text").fetchone() == (b"x",)
        assert status(conn) == INTRANS


async def test_encoding_stays_as_it_was_async(pg, dsn, TypeInfo):
    async with await pg.AsyncConnection.connect(dsn, client_encoding="sql_ascii") as conn:
        assert (await TypeInfo.fetch(conn, "text")).name == "text"
        assert await (await conn.execute("select 'x'::text")).fetchone() == (b"x",)


@pytest.mark.parametrize(
    ("name", "found", "regtype"),
    [
        ("other.mood", "mood", "other.mood"),
        ('"Odd""one"."My type"', "My type", '"Odd""one"."My type"'),
        ("timestamp with time zone", "timestamptz", "timestamp with time zone"),
        ("pg_catalog.int4", "int4", "integer"),
        ("box", "box", "box"),
        ("int4[]", "_int4", "integer[]"),
    ],
)
def test_names(conn, TypeInfo, name, found, regtype):
    info = TypeInfo.fetch(conn, name)
    assert (info.name, info.regtype) == (found, regtype)
    assert conn.execute("select %s::regtype::oid", [name]).fetchone() == (info.oid,)


def test_identifiers(conn, module, TypeInfo):
    Identifier = module("sql").Identifier
    assert TypeInfo.fetch(conn, Identifier("other", "mood")).regtype == "other.mood"
    assert TypeInfo.fetch(conn, Identifier('Odd"one', "My type")).regtype == '"Odd""one"."My type"'
    assert TypeInfo.fetch(conn, Identifier("nosuch", "mood")) is None
    assert TypeInfo.fetch(conn, Identifier("other.mood")) is None


def test_delimiter(conn, TypeInfo):
    assert TypeInfo.fetch(conn, "box").delimiter == ";"


def test_search_path(conn, TypeInfo):
    assert TypeInfo.fetch(conn, "mood") is None
    conn.execute("set local search_path to other")
    assert (TypeInfo.fetch(conn, "mood").name, TypeInfo.fetch(conn, "mood").regtype) == ("mood", "mood")


@pytest.mark.parametrize("name", ["nosuch", "other.nosuch", "nosuch.mood"])
@pytest.mark.parametrize("begun", [False, True])
def test_not_found(conn, TypeInfo, name, begun):
    if begun:
        conn.execute("select 1")
    assert TypeInfo.fetch(conn, name) is None
    assert status(conn) == (INTRANS if begun else IDLE)


async def test_not_found_async(aconn, TypeInfo):
    assert await TypeInfo.fetch(aconn, "nosuch") is None
    assert await TypeInfo.fetch(aconn, "nosuch.mood") is None
    assert status(aconn) == IDLE


def test_old_servers(conn, TypeInfo, monkeypatch):
    """Without to_regtype() the query fails for an unknown type, which must not end the transaction."""
    monkeypatch.setattr(TypeInfo, "_has_to_regtype_function", classmethod(lambda cls, conn: False))
    conn.execute("select 1")
    assert TypeInfo.fetch(conn, "nosuch") is None
    assert TypeInfo.fetch(conn, "other.mood").name == "mood"
    assert status(conn) == INTRANS
    conn.rollback()
    assert TypeInfo.fetch(conn, "nosuch") is None
    assert status(conn) == IDLE


async def test_old_servers_async(aconn, TypeInfo, monkeypatch):
    monkeypatch.setattr(TypeInfo, "_has_to_regtype_function", classmethod(lambda cls, conn: False))
    assert await TypeInfo.fetch(aconn, "nosuch") is None
    assert status(aconn) == IDLE


def test_failed_transaction(pg, conn, TypeInfo):
    with pytest.raises(pg.errors.UndefinedTable):
        conn.execute("select * from nosuch")
    with pytest.raises(pg.errors.InFailedSqlTransaction):
        TypeInfo.fetch(conn, "text")
    conn.rollback()
    assert TypeInfo.fetch(conn, "text").oid == 25


def test_closed(pg, conn, TypeInfo):
    conn.close()
    with pytest.raises(pg.OperationalError):
        TypeInfo.fetch(conn, "text")


def test_row_factory_and_uncommitted_types(conn, module, TypeInfo):
    conn.row_factory = module("rows").dict_row
    conn.execute("create type other.fresh as enum ()")
    assert TypeInfo.fetch(conn, "other.fresh").name == "fresh"
    conn.rollback()
    assert TypeInfo.fetch(conn, "other.fresh") is None


@pytest.mark.howdah_only
def test_nothing_stays_prepared(auto, TypeInfo):
    for _ in range(10):
        TypeInfo.fetch(auto, "text")
    assert auto.execute("select count(*) from pg_prepared_statements").fetchone() == (0,)


def test_within_a_block(conn, TypeInfo):
    with conn.transaction():
        assert TypeInfo.fetch(conn, "text").oid == 25
        assert TypeInfo.fetch(conn, "nosuch") is None
        assert status(conn) == INTRANS
    assert status(conn) == IDLE


# ---- register


def test_register_in_a_connection(conn, other, module, TypeInfo):
    info = TypeInfo.fetch(conn, "other.mood")
    info.register(conn)
    assert conn.adapters.types["mood"] is conn.adapters.types[info.oid] is info
    assert other.adapters.types.get("mood") is None
    query = "select array['sad', 'ok']::other.mood[], 'ok'::other.mood"
    for binary in (False, True):
        row = conn.cursor(binary=binary).execute(query).fetchone()
        assert row[0] == (["sad", "ok"] if not binary else [b"sad", b"ok"])
    assert other.execute(query).fetchone() == ("{sad,ok}", "ok")


def test_register_in_a_cursor(conn, TypeInfo):
    info = TypeInfo.fetch(conn, "other.mood")
    cur = conn.cursor()
    info.register(cur)
    assert cur.adapters.types.get("mood") is info
    assert conn.adapters.types.get("mood") is None
    assert cur.execute("select '{ok}'::other.mood[]").fetchone() == (["ok"],)


@pytest.fixture
def global_types(module):
    """The types of connections to come, restored afterwards."""
    types = module("postgres").types
    before = dict(types._registry)
    yield types
    types.clear()
    types._registry.update(before)


def test_register_for_all(pg, dsn, module, global_types, TypeInfo):
    with pg.connect(dsn) as conn:
        assert conn.adapters.types.get("mood") is None
        info = TypeInfo.fetch(conn, "other.mood")
        info.array_oid = 0  # leaves no loader behind
        info.register()
        assert conn.adapters.types.get("mood") is None
    with pg.connect(dsn) as conn:
        assert conn.adapters.types["mood"] is global_types["mood"] is info


def test_columns_of_registered_types(conn, TypeInfo):
    query = "select 'ok'::other.mood, '{ok}'::other.mood[], 1::numeric(3, 1)"
    info = TypeInfo.fetch(conn, "other.mood")
    shown = [c.type_display for c in conn.execute(query).description]
    assert shown == [str(info.oid), str(info.array_oid), "numeric(3,1)"]
    info.register(conn)
    assert [c.type_display for c in conn.execute(query).description] == ["mood", "mood[]", "numeric(3,1)"]


async def test_columns_of_registered_types_async(aconn, TypeInfo):
    (await TypeInfo.fetch(aconn, "other.mood")).register(aconn)
    cur = await aconn.execute("select 'ok'::other.mood, '{ok}'::other.mood[]")
    assert [c.type_display for c in cur.description] == ["mood", "mood[]"]
    copied = pickle.loads(pickle.dumps(cur.description[1]))
    assert copied.type_display == "mood[]"
    assert await cur.fetchone() == ("ok", ["ok"])
