"""Text under client encodings other than UTF-8, in every family that holds text."""

from __future__ import annotations

import pytest

# Letters of which, in the encodings that only clients may have, one ends in the byte of a backslash or of a brace.
LETTERS = {
    "LATIN1": "éü",
    "LATIN9": "€é",
    "WIN1251": "Привет",
    "KOI8R": "Привет",
    "EUC_JP": "表能ソ",
    "SJIS": "表能ソ",
    "BIG5": "功許",
    "GBK": "誠乗",
    "GB18030": "誠𠀀",
    "UHC": "갂가",
    "EUC_KR": "가힝",
}
OVERLAPPING = ["SJIS", "BIG5", "GBK", "GB18030"]


@pytest.fixture(params=list(LETTERS))
def encoded(request, auto):
    """A connection in an encoding, and letters of it."""
    auto.execute(f"set client_encoding to '{request.param}'")
    return auto, LETTERS[request.param]


@pytest.mark.parametrize("binary", [False, True])
def test_scalars(encoded, always, binary):
    conn, value = encoded
    cur = conn.cursor(binary=binary)
    for placeholder in ("%s", "%b", "%t"):
        for type in ("text", "varchar", "name", "char(6)"):
            (found,) = always(cur, f"select {placeholder}::{type}", [value])
            assert found.rstrip() == value
    if not binary:
        assert always(cur, f"select '{value}' || %s", [value]) == (value * 2,)


@pytest.mark.howdah_only
@pytest.mark.parametrize("binary", [False, True])
def test_json(encoded, always, module, binary):
    conn, value = encoded
    cur = conn.cursor(binary=binary)
    json = module("types.json")
    query = "select to_json(%s::text), to_jsonb(%s::text), array[to_jsonb(%s::text)]"
    assert always(cur, query, [value] * 3) == (value, value, [value])
    row = always(cur, "select %s::jsonb, %s::json", [json.Jsonb({value: [value]}), json.Json({value: [value]})])
    assert row == ({value: [value]}, {value: [value]})


@pytest.mark.howdah_only
@pytest.mark.parametrize("binary", [False, True])
def test_arrays(encoded, always, binary):
    conn, value = encoded
    cur = conn.cursor(binary=binary)
    values = [value, None, value + '"\\', "{" + value + "}", value[-1]]
    for placeholder in ("%s", "%b", "%t"):
        for type in ("text", "varchar"):
            assert always(cur, f"select {placeholder}::{type}[]", [values]) == (values,)
        assert always(cur, f"select {placeholder}::text[]", [[values, values]]) == ([values, values],)
        (length,) = cur.execute(f"select octet_length(({placeholder}::text[])[1])", [values]).fetchone()
        assert length == len(value.encode())


@pytest.mark.howdah_only
def test_records(encoded, always):
    conn, value = encoded
    row = (value, value + '"\\', "")
    assert always(conn.cursor(), "select row(%s::text, %s::text, ''::text)", row[:2]) == (row,)
    assert always(conn.cursor(), "select array[row(%s::text, %s::text, ''::text)]", row[:2]) == ([row],)
    conn.execute("create type pg_temp.pair as (a text, b text)")
    query = "select (x).a, (x).b from (select %s::pg_temp.pair as x) y"
    assert conn.execute(query, [row[:2]]).fetchone() == row[:2]


@pytest.mark.howdah_only
@pytest.mark.parametrize("binary", [False, True])
def test_ranges(encoded, always, module, binary):
    conn, value = encoded
    cur = conn.cursor(binary=binary)
    cur.execute(
        'create type pg_temp.spelled as range (subtype = text, collation = "C", multirange_type_name = spelleds)'
    )
    for kind in ("range", "multirange"):
        info_class = getattr(module(f"types.{kind}"), f"{kind.title()}Info")
        info = info_class.fetch(conn, "spelled" if kind == "range" else "spelleds")
        getattr(module(f"types.{kind}"), f"register_{kind}")(info, cur)
    range = module("types.range").Range(value, value + '"\\')
    ranges = module("types.multirange").Multirange([range])
    for placeholder in ("%s", "%t", "%b"):
        query = f"select {placeholder}::spelled, {placeholder}::spelleds, {placeholder}::spelled[]"
        assert always(cur, query, [range, ranges, [range]]) == (range, ranges, [range])


@pytest.mark.howdah_only
def test_enums(encoded, always, module):
    conn, value = encoded
    conn.execute(f"create type pg_temp.letter as enum ('{value}', 'x')")
    info = module("types.enum").EnumInfo.fetch(conn, "letter")
    module("types.enum").register_enum(info, conn)
    member = info.enum[value]
    for binary in (False, True):
        for placeholder in ("%s", "%t", "%b"):
            query = f"select {placeholder}::letter, {placeholder}::letter[]"
            assert always(conn.cursor(binary=binary), query, [member, [member]]) == (member, [member])


@pytest.mark.howdah_only
def test_on_the_client(encoded, pg):
    conn, value = encoded
    cur = pg.ClientCursor(conn)
    for parameter, type in ((value, "text"), (value + "'\\", "text"), ([value, value + "'\\\""], "text[]")):
        assert cur.execute(f"select %s::{type}", [parameter]).fetchone() == (parameter,)


@pytest.mark.howdah_only
@pytest.mark.parametrize("encoding", OVERLAPPING)
def test_adapters_of_ones_own_in_arrays(auto, module, encoding):
    """They see what the server sent, and give what it takes: bytes in its encoding."""
    adapt = module("adapt")
    auto.execute(f"set client_encoding to '{encoding}'")
    codec, value = auto.info.encoding, LETTERS[encoding]
    seen = []

    class Wrapped:
        def __init__(self, text):
            self.text = text

    class WrappedDumper(adapt.Dumper):
        oid = 25

        def dump(self, obj):
            return obj.text.encode(codec)

    class TextLoader(adapt.Loader):
        def load(self, data):
            seen.append(bytes(data))
            return bytes(data).decode(codec)

    auto.adapters.register_dumper(Wrapped, WrappedDumper)
    auto.adapters.register_loader("text", TextLoader)
    texts = [value, value + '"\\']
    (found,) = auto.execute("select %s::text[]", [[Wrapped(text) for text in texts]]).fetchone()
    assert found == texts
    assert seen == [text.encode(codec) for text in texts]
    seen.clear()
    assert auto.execute("select row(%s::text, 1)", [value]).fetchone() == ((value, "1"),)
    assert seen[0] == value.encode(codec)


@pytest.mark.parametrize("binary", [False, True])
def test_sql_ascii(auto, always, binary):
    """Text is bytes, as nothing says what it is."""
    auto.execute("set client_encoding to 'SQL_ASCII'")
    cur = auto.cursor(binary=binary)
    raw = "é表".encode()
    query = "select %s::text, %s::varchar, %s::name, array[%s::text, null]"
    assert always(cur, query, ["é表"] * 4) == (raw, raw, raw, [raw, None])
    if not binary:
        assert always(cur, "select row(%s::text, 1)", ["é表"]) == ((raw, b"1"),)
        assert always(cur, "select 'a'") == (b"a",)


@pytest.mark.howdah_only
def test_each_result_is_read_as_it_was_written(auto):
    auto.execute("set client_encoding to 'SJIS'")
    first = auto.execute("select array['表']")
    auto.execute("set client_encoding to 'UTF8'")
    second = auto.execute("select array['表']")
    auto.execute("set client_encoding to 'EUC_JP'")
    assert first.fetchone() == second.fetchone() == (["表"],)


@pytest.mark.howdah_only
async def test_asyncio(aauto):
    for encoding in OVERLAPPING:
        await aauto.execute(f"set client_encoding to '{encoding}'")
        values = [LETTERS[encoding], '"\\']
        for _ in range(7):
            cur = await aauto.execute("select %s::text[], row(%s::text)", [values, values[0]])
            assert await cur.fetchone() == (values, (values[0],))
