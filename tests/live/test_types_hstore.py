"""hstore, both ways."""

from __future__ import annotations

import pytest

SAMPLES = [
    {},
    {"a": "1"},
    {"a": None, "b": "", "": "c"},
    {"NULL": "NULL", "null": None},
    {'"': "\\", "a=>b": 'c,"d', "\\\\": "'", " ": "\n\t"},
    {"è€\U0001f418": "日本"},
    {str(i): None if i % 3 == 0 else str(i) * i for i in range(100)},
]


@pytest.fixture(scope="module", autouse=True)
def extension(pg, dsn):
    with pg.connect(dsn, autocommit=True) as conn:
        conn.execute("create extension hstore")
        yield
        conn.execute("drop extension hstore cascade")


@pytest.fixture
def hstore(module):
    return module("types.hstore")


@pytest.fixture
def TypeInfo(module):
    return module("types").TypeInfo


@pytest.fixture
def info(hstore, TypeInfo, auto):
    """Registered on the connection of `auto` and `cur`."""
    info = TypeInfo.fetch(auto, "hstore")
    hstore.register_hstore(info, auto)
    return info


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
@pytest.mark.parametrize("value", SAMPLES, ids=lambda value: f"{len(value)}-{list(value)[:2]}")
def test_round_trip(info, auto, always, value, placeholder):
    for binary in (False, True):
        cur = auto.cursor(binary=binary)
        found, kind, size = always(
            cur,
            f"select {placeholder}, pg_typeof({placeholder})::text, cardinality(akeys({placeholder}))",
            [value] * 3,
        )
        assert (found, kind, size) == (value, "hstore", len(value))


@pytest.mark.parametrize("binary", [False, True])
async def test_round_trip_in_asyncio(hstore, TypeInfo, aauto, binary):
    hstore.register_hstore(await TypeInfo.fetch(aauto, "hstore"), aauto)
    cur = aauto.cursor(binary=binary)
    for value in SAMPLES:
        await cur.execute("select %s, %s", [value, [value]])
        assert await cur.fetchone() == (value, [value])


def test_not_registered(pg, auto):
    assert auto.execute("""select 'a=>1'::hstore""").fetchone() == ('"a"=>"1"',)
    with pytest.raises(pg.ProgrammingError, match="cannot adapt type 'dict'"):
        auto.execute("select %s", [{"a": "1"}])


def test_registered_on_a_cursor_only(hstore, TypeInfo, auto):
    cur = auto.cursor()
    hstore.register_hstore(TypeInfo.fetch(auto, "hstore"), cur)
    assert cur.execute("""select 'a=>1'::hstore""").fetchone() == ({"a": "1"},)
    assert auto.execute("""select 'a=>1'::hstore""").fetchone() == ('"a"=>"1"',)


def test_null(info, auto, always):
    for binary in (False, True):
        cur = auto.cursor(binary=binary)
        assert always(cur, "select null::hstore, '{NULL}'::hstore[], %s::hstore", [None]) == (None, [None], None)


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
def test_arrays(info, auto, always, placeholder):
    nested = [[SAMPLES[1], None], [SAMPLES[4], SAMPLES[5]]]
    for binary in (False, True):
        cur = auto.cursor(binary=binary)
        assert always(cur, f"select {placeholder}, {placeholder}::hstore[]", [SAMPLES, nested]) == (SAMPLES, nested)


def test_repeated_key(info, cur, always):
    """The server keeps one."""
    assert always(cur, "select 'a=>1,a=>2'::hstore") == ({"a": "1"},)


ENCODED = [
    ("latin1", {"è": 'é"\\', "a": None}),
    # In these half a character looks like a backslash.
    ("sjis", {"表": "ソ\\", "能": '十"', "a": None}),
    ("gb18030", {"表": "ソ\\", "能": '十"', "a": None}),
]


@pytest.mark.parametrize(("encoding", "value"), ENCODED)
def test_other_encodings(hstore, TypeInfo, pg, dsn, encoding, value):
    with pg.connect(dsn, client_encoding=encoding) as conn:
        hstore.register_hstore(TypeInfo.fetch(conn, "hstore"), conn)
        for placeholder in ("%s", "%b", "%t"):
            assert conn.execute(f"select {placeholder}", [value]).fetchone() == (value,)


@pytest.mark.howdah_only
@pytest.mark.parametrize(("encoding", "value"), ENCODED)
def test_binary_in_other_encodings(hstore, TypeInfo, pg, dsn, encoding, value):
    """hstore_send() counts the bytes that a string has on the server."""
    with pg.connect(dsn, client_encoding=encoding, autocommit=True) as conn:
        hstore.register_hstore(TypeInfo.fetch(conn, "hstore"), conn)
        cur = conn.cursor(binary=True)
        with pytest.raises(pg.DataError, match="can't parse hstore"):
            cur.execute("select %s", [value]).fetchone()
        assert cur.execute("select %s", [{"a": "1"}]).fetchone() == ({"a": "1"},)


def test_errors(pg, info, cur):
    for placeholder in ("%s", "%b", "%t"):
        with pytest.raises(pg.DataError):
            cur.execute(f"select {placeholder}", [{"a": "\0"}])
        assert cur.execute("select 1").fetchone() == (1,)
    with pytest.raises(pg.DataError, match="hstore keys can only be strings"):
        cur.execute("select %t", [{1: "a"}])
    with pytest.raises(pg.DataError):
        cur.execute("select %t", [{"a": 1}])
    assert cur.execute("select %s", [SAMPLES[1]]).fetchone() == (SAMPLES[1],)


@pytest.mark.howdah_only
def test_no_string_in_binary(pg, info, cur):
    for value in ({1: "a"}, {"a": 1}):
        with pytest.raises(pg.DataError, match="can only be strings"):
            cur.execute("select %b", [value])


def test_many(info, cur):
    values = [{"i": str(i), "odd": None} for i in range(2000)]
    cur.execute("select h from unnest(%s::hstore[]) with ordinality u(h, i) order by i", [values])
    assert cur.fetchall() == [(value,) for value in values]
