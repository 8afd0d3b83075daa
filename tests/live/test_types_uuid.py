"""uuid, both ways."""

from __future__ import annotations

import uuid

import pytest

SAMPLES = [
    uuid.UUID(int=0),
    uuid.UUID(int=2**128 - 1),
    uuid.UUID("12345678-9abc-def0-1234-56789abcdef0"),
    uuid.UUID("00112233-4455-6677-8899-aabbccddeeff"),
]


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
@pytest.mark.parametrize("value", SAMPLES, ids=str)
def test_round_trip(cur, always, value, placeholder):
    found, text, kind = always(
        cur, f"select {placeholder}, {placeholder}::text, pg_typeof({placeholder})::text", [value] * 3
    )
    assert (found, text, kind) == (value, str(value), "uuid")
    assert type(found) is uuid.UUID


def test_behaves_like_any_uuid(cur, always):
    """However it is made: equal, hashed, compared, shown, and taken apart."""
    value = uuid.uuid4()
    (found,) = always(cur, "select %s", [value])
    assert {found: 1}[value] == 1
    assert repr(found) == repr(value)
    assert (found.hex, found.bytes, found.int, found.version) == (value.hex, value.bytes, value.int, 4)
    assert found < uuid.UUID(int=2**128 - 1)
    assert found.is_safe is uuid.SafeUUID.unknown


def test_cannot_be_changed(cur):
    (found,) = cur.execute("select %s", [SAMPLES[2]]).fetchone()
    with pytest.raises(TypeError):
        found.int = 3


def test_uuid_made_by_the_server(cur):
    (found, text) = cur.execute("select u, u::text from gen_random_uuid() u").fetchone()
    assert str(found) == text
    assert found.version == 4


@pytest.mark.parametrize("text", ["{12345678-9ABC-DEF0-1234-56789abcdef0}", "123456789abcdef0123456789abcdef0"])
def test_other_spellings(cur, always, text):
    assert always(cur, "select %s::uuid", [text]) == (SAMPLES[2],)


def test_null_uuid(cur):
    for value in [None, SAMPLES[0], None, SAMPLES[1]] * 4:
        assert cur.execute("select %s::uuid", [value]).fetchone() == (value,)


def test_malformed_uuid(pg, cur):
    with pytest.raises(pg.errors.InvalidTextRepresentation):
        cur.execute("select %s::uuid", ["12345678-9abc-def0-1234-56789abcdefx"])
    assert cur.execute("select %s::uuid", [SAMPLES[0]]).fetchone() == (SAMPLES[0],)


def test_many_uuids(cur):
    values = [uuid.uuid4() for _ in range(500)]
    cur.execute("select u, u::text from unnest(%s::uuid[]) u", [values])
    assert cur.fetchall() == [(value, str(value)) for value in values]
