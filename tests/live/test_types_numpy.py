"""numpy's scalars as parameters."""

from __future__ import annotations

import pytest

np = pytest.importorskip("numpy")

TYPES = {
    "bool_": "boolean", "int8": "smallint", "int16": "smallint", "int32": "integer", "int64": "bigint",
    "longlong": "bigint", "uint8": "smallint", "uint16": "integer", "uint32": "bigint", "uint64": "numeric",
    "ulonglong": "numeric", "float16": "real", "float32": "real", "float64": "double precision",
}  # fmt: skip


@pytest.mark.parametrize("placeholder", ["%s", "%t", "%b"])
@pytest.mark.parametrize("name", TYPES)
def test_scalars(cur, name, placeholder):
    value = getattr(np, name)(1)
    query = f"select pg_typeof({placeholder})::text, {placeholder}, pg_typeof({placeholder})::text"
    assert cur.execute(query, [value, value, [value, None]]).fetchone() == (TYPES[name], 1, TYPES[name] + "[]")


@pytest.mark.parametrize("name", [name for name in TYPES if "int" in name or name.endswith("long")])
def test_ends(cur, name):
    cls = getattr(np, name)
    for value in (np.iinfo(cls).min, np.iinfo(cls).max):
        assert cur.execute("select %s, (%s)::text", [cls(value), cls(value)]).fetchone() == (value, str(value))


@pytest.mark.parametrize("name", TYPES)
async def test_scalars_async(aconn, name):
    value = getattr(np, name)(1)
    cur = await aconn.execute("select pg_typeof(%s)::text, %s", [value, value])
    assert await cur.fetchone() == (TYPES[name], 1)


def test_many(auto):
    auto.execute("create temp table t (a int8, b float8, c bool)")
    rows = list(zip(np.arange(100), np.linspace(0, 1, 100), np.arange(100) % 2 == 0, strict=True))
    auto.cursor().executemany("insert into t values (%s, %s, %s)", rows)
    found = auto.execute("select * from t order by a").fetchall()
    assert found == [(int(a), float(b), bool(c)) for a, b, c in rows]
