"""Enums, both ways."""

from __future__ import annotations

import enum

import pytest


class Mood(enum.Enum):
    OK = 1
    SAD = 2
    SO_SO = 3


class Word(str, enum.Enum):
    ok = "ok"
    sad = "sad"


MAPPING = {Mood.OK: "ok", Mood.SAD: "sad", Mood.SO_SO: "so-so"}


@pytest.fixture(scope="module", autouse=True)
def types(pg, dsn):
    with pg.connect(dsn, autocommit=True) as conn:
        conn.execute("create type mood as enum ('ok', 'sad', 'so-so')")
        conn.execute("create type empty as enum ()")
        conn.execute("create schema other; create type other.\"Odd, \\\" as enum ('x', 'it''s, \"so\"', 'è')")
        conn.execute("create domain feeling as mood")
        yield
        conn.execute('drop schema other cascade; drop domain feeling; drop type mood; drop type "empty"')


@pytest.fixture
def enums(module):
    return module("types.enum")


@pytest.fixture
def info(enums, auto):
    return enums.EnumInfo.fetch(auto, "mood")


@pytest.fixture
def registered(enums, info, auto):
    """On the connection of `auto` and `cur`."""
    enums.register_enum(info, auto, Mood, mapping=MAPPING)
    return info


def test_fetch(enums, info, auto):
    assert (info.name, info.regtype, info.labels, info.enum) == ("mood", "mood", ["ok", "sad", "so-so"], None)
    assert len({0, info.oid, info.array_oid}) == 3
    odd = enums.EnumInfo.fetch(auto, 'other."Odd, \\"')
    assert odd.labels == ["x", 'it\'s, "so"', "è"]
    assert enums.EnumInfo.fetch(auto, "no_such_type") is None


async def test_fetch_in_asyncio(enums, aconn):
    info = await enums.EnumInfo.fetch(aconn, "mood")
    assert info.labels == ["ok", "sad", "so-so"]


@pytest.mark.howdah_only
def test_fetch_of_what_is_no_enum(enums, auto):
    for name in ("text", "feeling", "mood[]", "pg_type"):
        assert enums.EnumInfo.fetch(auto, name) is None
    assert enums.EnumInfo.fetch(auto, "empty").labels == []


@pytest.mark.parametrize("encoding", ["latin1", "sql_ascii"])
def test_fetch_in_other_encodings(enums, pg, dsn, encoding):
    with pg.connect(dsn, client_encoding=encoding) as conn:
        assert enums.EnumInfo.fetch(conn, 'other."Odd, \\"').labels == ["x", 'it\'s, "so"', "è"]


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
@pytest.mark.parametrize("member", Mood)
def test_round_trip(registered, cur, always, member, placeholder):
    found, text, kind = always(
        cur, f"select {placeholder}, {placeholder}::text, pg_typeof({placeholder})::text", [member] * 3
    )
    assert (found, text, kind) == (member, MAPPING[member], "mood")


@pytest.mark.parametrize("binary", [False, True])
async def test_round_trip_in_asyncio(enums, aauto, binary):
    enums.register_enum(await enums.EnumInfo.fetch(aauto, "mood"), aauto, Mood, mapping=MAPPING)
    cur = aauto.cursor(binary=binary)
    for member in Mood:
        await cur.execute("select %s, %s", [member, [member, None]])
        assert await cur.fetchone() == (member, [member, None])


def test_not_registered(auto, always):
    cur = auto.cursor()
    assert always(cur, "select 'sad'::mood, '{ok,NULL,so-so}'::mood[]::text[]") == ("sad", ["ok", None, "so-so"])
    assert auto.cursor(binary=True).execute("select 'sad'::mood").fetchone() == (b"sad",)


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
def test_member_not_registered(cur, always, placeholder):
    """By its name, where the server knows what it is for."""
    names = enum.Enum("Names", ["ok", "sad"])
    assert always(cur, f"select {placeholder}::mood::text, {placeholder}::mood = 'ok'", [names.sad, names.ok]) == (
        "sad",
        True,
    )
    assert always(cur, f"select {placeholder}::mood[]::text[]", [[names.sad, None]]) == (["sad", None],)


def test_made_enum(enums, info, cur):
    enums.register_enum(info, cur)
    assert [member.name for member in info.enum] == info.labels
    assert cur.execute("select 'so-so'::mood, %s", [info.enum["ok"]]).fetchone() == (
        info.enum["so-so"],
        info.enum["ok"],
    )


def test_str_enum(enums, info, auto, always):
    enums.register_enum(info, auto, Word)
    for binary in (False, True):
        cur = auto.cursor(binary=binary)
        for member in Word:
            (found,) = always(cur, "select %s", [member])
            assert found is member


def test_null(registered, cur, always):
    assert always(cur, "select null::mood, '{NULL}'::mood[], %s::mood", [None]) == (None, [None], None)


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
def test_arrays(registered, cur, always, placeholder):
    flat, nested = [Mood.SAD, None, Mood.OK], [[Mood.SAD, Mood.OK], [None, Mood.SO_SO]]
    found = always(
        cur, f"select {placeholder}, {placeholder}, '[0:1]={{ok,so-so}}'::mood[], '{{}}'::mood[]", [flat, nested]
    )
    assert found == (flat, nested, [Mood.OK, Mood.SO_SO], [])


def test_domain(registered, cur, always):
    assert always(cur, "select 'ok'::feeling") == (Mood.OK,)


def test_label_without_member(pg, enums, info, cur):
    enums.register_enum(info, cur, Word)
    for value in ("'so-so'::mood", "'{ok,so-so}'::mood[]"):
        cur.execute(f"select {value}")
        with pytest.raises(pg.DataError, match="bad member for enum Word: 'so-so'"):
            cur.fetchone()
    assert cur.execute("select 'ok'::mood").fetchone() == (Word.ok,)


def test_label_added_later(pg, enums, auto):
    auto.execute("create type growing as enum ('ok')")
    enums.register_enum(enums.EnumInfo.fetch(auto, "growing"), auto, Word)
    auto.execute("alter type growing add value 'sad'")
    with pytest.raises(pg.DataError, match="bad member for enum Word: 'sad'"):
        auto.execute("select 'sad'::growing").fetchone()
    enums.register_enum(enums.EnumInfo.fetch(auto, "growing"), auto, Word)
    assert auto.execute("select 'sad'::growing").fetchone() == (Word.sad,)
    auto.execute("drop type growing")


def test_member_that_the_server_lacks(pg, enums, info, cur):
    enums.register_enum(info, cur, Mood)
    with pytest.raises(pg.errors.InvalidTextRepresentation):
        cur.execute("select %s", [Mood.OK])
    assert cur.execute("select 1").fetchone() == (1,)


def test_registered_on_a_cursor_only(enums, info, auto):
    cur = auto.cursor()
    enums.register_enum(info, cur, Word)
    assert cur.execute("select 'ok'::mood").fetchone() == (Word.ok,)
    assert auto.execute("select 'ok'::mood").fetchone() == ("ok",)


@pytest.mark.parametrize("encoding", ["utf8", "latin1"])
def test_odd_labels(enums, pg, dsn, encoding):
    with pg.connect(dsn, client_encoding=encoding) as conn:
        info = enums.EnumInfo.fetch(conn, 'other."Odd, \\"')
        enums.register_enum(info, conn)
        for binary in (False, True):
            cur = conn.cursor(binary=binary)
            for placeholder in ("%s", "%b", "%t"):
                cur.execute(f"select {placeholder}, {placeholder}", [info.enum["è"], list(info.enum)])
                assert cur.fetchone() == (info.enum["è"], list(info.enum))


def test_other_columns_stay_as_they_are(registered, cur, always):
    assert always(cur, "select 1, 'ok'::mood, 'x', 1.5::float8") == (1, Mood.OK, "x", 1.5)
