"""The package pgvector registers its types with howdah as it does with psycopg: with its own classes, unchanged."""

from __future__ import annotations

import importlib
import sys

import pytest

pgvector = pytest.importorskip("pgvector")
np = pytest.importorskip("numpy")

# What pgvector.psycopg imports.
NAMES = ["abc", "adapt", "pq", "types"]


@pytest.fixture(scope="module")
def registration(pg):
    """pgvector.psycopg, for which the module under test is psycopg."""

    def forget():
        for name in [name for name in sys.modules if name.split(".")[:2] == ["pgvector", "psycopg"]]:
            del sys.modules[name]

    with pytest.MonkeyPatch.context() as patch:
        modules = {f"psycopg.{name}": importlib.import_module(f"{pg.__name__}.{name}") for name in NAMES}
        for name, module in {"psycopg": pg, **modules}.items():
            patch.setitem(sys.modules, name, module)
        forget()
        yield importlib.import_module("pgvector.psycopg")
        forget()


@pytest.fixture(scope="module", autouse=True)
def extension(pg, dsn):
    with pg.connect(dsn, autocommit=True) as conn:
        if not conn.execute("select 1 from pg_available_extensions where name = 'vector'").fetchone():
            pytest.skip("the server has no pgvector")
        conn.execute("create extension vector")
        yield
        conn.execute("drop extension vector cascade")


@pytest.fixture
def vectors(conn, registration):
    """A connection with the types registered, and a table of them."""
    registration.register_vector(conn)
    conn.execute("create temp table t (id int, v vector(3), h halfvec(3), s sparsevec(3), b bit(3))")
    return conn


VALUES = [
    pgvector.Vector([1, 2.5, -3]),
    pgvector.HalfVector([1, 2.5, -3]),
    pgvector.SparseVector([0, 2.5, 0]),
    pgvector.Bit([True, False, True]),
]


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize("placeholder", ["%s", "%t", "%b"])
def test_there_and_back(vectors, placeholder, binary):
    cur = vectors.cursor(binary=binary)
    cur.execute(f"insert into t (v, h, s, b) values ({', '.join([placeholder] * 4)})", VALUES)
    vector, half, sparse = cur.execute("select v, h, s from t").fetchone()
    assert [type(value) for value in (vector, half, sparse)] == [type(value) for value in VALUES[:3]]
    assert [value.to_list() for value in (vector, half, sparse)] == [value.to_list() for value in VALUES[:3]]
    assert cur.execute("select b::text from t").fetchone() == ("101",)


@pytest.mark.parametrize("placeholder", ["%s", "%t", "%b"])
def test_numpy_arrays(vectors, placeholder):
    array = np.array([1.5, 2, 3], dtype=np.float32)
    vectors.execute(f"insert into t (id, v) values (1, {placeholder})", [array])
    assert vectors.execute("select v from t").fetchone()[0].to_list() == [1.5, 2, 3]


def test_nearest(vectors):
    rows = [(i, pgvector.Vector([i, 0, 0])) for i in range(20)]
    vectors.cursor().executemany("insert into t (id, v) values (%s, %s)", rows)
    found = vectors.execute("select id from t order by v <-> %s limit 3", [np.array([7.1, 0, 0])]).fetchall()
    assert found == [(7,), (8,), (6,)]


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_arrays(vectors, binary):
    cur = vectors.cursor(binary=binary)
    query = "select %s, array['[1,2,3]', null]::vector[]"
    sent, found = cur.execute(query, [[pgvector.Vector([1, 2, 3]), pgvector.Vector([4, 5, 6])]]).fetchone()
    assert [value.to_list() for value in sent] == [[1, 2, 3], [4, 5, 6]]
    assert (found[0].to_list(), found[1]) == ([1, 2, 3], None)


def test_prepared(vectors):
    for i in range(10):
        value = pgvector.Vector([i, 1, 2])
        assert vectors.execute("select %s, %s::int", [value, i]).fetchone()[0].to_list() == [i, 1, 2]


def test_columns(vectors):
    assert [c.type_display for c in vectors.execute("select v, h, s from t").description] == [
        "vector", "halfvec", "sparsevec",
    ]  # fmt: skip


def test_without_the_extension(pg, conn, registration):
    conn.execute("drop extension vector cascade")
    with pytest.raises(pg.ProgrammingError, match="vector type not found in the database"):
        registration.register_vector(conn)
    conn.rollback()


async def test_async(aconn, registration):
    await registration.register_vector_async(aconn)
    for binary in (False, True):
        cur = aconn.cursor(binary=binary)
        await cur.execute("select %s, %s, '{1:2}/4'::sparsevec", VALUES[:2])
        vector, half, sparse = await cur.fetchone()
        assert (vector.to_list(), half.to_list()) == (VALUES[0].to_list(), VALUES[1].to_list())
        assert sparse.to_list() == [2, 0, 0, 0]
