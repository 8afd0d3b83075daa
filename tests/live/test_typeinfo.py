"""TypeInfo.fetch: what the catalogue says, and that the connection does not notice."""

from __future__ import annotations

import pytest

IDLE, INTRANS = 0, 2


class Identifier:
    """A name as an object of the sql module. psycopg takes none but its own."""

    def __init__(self, *parts):
        self.parts = parts

    def as_string(self, context=None):
        return ".".join('"' + part.replace('"', '""') + '"' for part in self.parts)


def named(*parts):
    return pytest.param(Identifier(*parts), marks=pytest.mark.howdah_only)


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
@pytest.mark.parametrize("name", ["text", named("text")], ids=["str", "identifier"])
def test_text(pg, dsn, TypeInfo, name, encoding, autocommit):
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


@pytest.mark.howdah_only
def test_names_of_the_sql_module(conn, TypeInfo):
    assert TypeInfo.fetch(conn, Identifier("other", "mood")).regtype == "other.mood"
    assert TypeInfo.fetch(conn, Identifier('Odd"one', "My type")).regtype == '"Odd""one"."My type"'


def test_delimiter(conn, TypeInfo):
    assert TypeInfo.fetch(conn, "box").delimiter == ";"


def test_search_path(conn, TypeInfo):
    assert TypeInfo.fetch(conn, "mood") is None
    conn.execute("set local search_path to other")
    assert (TypeInfo.fetch(conn, "mood").name, TypeInfo.fetch(conn, "mood").regtype) == ("mood", "mood")


@pytest.mark.parametrize("name", ["nosuch", "other.nosuch", "nosuch.mood", named("nosuch"), "TEXT "], ids=str)
@pytest.mark.parametrize("begun", [False, True])
def test_not_found(conn, TypeInfo, name, begun):
    if begun:
        conn.execute("select 1")
    info = TypeInfo.fetch(conn, name)
    assert (info and info.name) == ("text" if name == "TEXT " else None)
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
