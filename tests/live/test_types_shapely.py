"""shapely's geometries to a server and back. A type that keeps bytes as they come stands for PostGIS's."""

from __future__ import annotations

import pytest

shapely = pytest.importorskip("shapely", minversion="2")

POINT = shapely.set_srid(shapely.Point(11.58, 48.14), 4326)

SETUP = """
create type geometry;
create function geometry_in(cstring) returns geometry language internal immutable strict as 'textin';
create function geometry_out(geometry) returns cstring language internal immutable strict as 'textout';
create function geometry_recv(internal) returns geometry language internal immutable strict as 'bytearecv';
create function geometry_send(geometry) returns bytea language internal immutable strict as 'byteasend';
create type geometry (input = geometry_in, output = geometry_out, receive = geometry_recv, send = geometry_send);
"""


@pytest.fixture(scope="module", autouse=True)
def postgis(pg, dsn):
    with pg.connect(dsn, autocommit=True) as conn:
        conn.execute(SETUP)
        yield
        conn.execute("drop type geometry cascade")


@pytest.fixture
def register(module):
    return module("types.shapely").register_shapely


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_there_and_back(conn, module, register, binary):
    register(module("types").TypeInfo.fetch(conn, "geometry"), conn)
    cur = conn.cursor(binary=binary)
    placeholder = "%b" if binary else "%t"
    query = f"select {placeholder}, pg_typeof({placeholder})::text, {placeholder}"
    point, name, points = cur.execute(query, [POINT, POINT, [POINT, None]]).fetchone()
    assert (point, name, points) == (POINT, "geometry", [POINT, None])
    assert shapely.get_srid(point) == shapely.get_srid(points[0]) == 4326


async def test_there_and_back_async(aconn, module, register):
    register(await module("types").TypeInfo.fetch(aconn, "geometry"), aconn)
    cur = await aconn.cursor(binary=True).execute("select %s, %s", [POINT, shapely.box(0, 0, 1, 1)])
    assert await cur.fetchone() == (POINT, shapely.box(0, 0, 1, 1))


def test_only_where_registered(conn, other, module, register, pg):
    register(module("types").TypeInfo.fetch(conn, "geometry"), conn)
    assert conn.cursor(binary=True).execute("select %s", [POINT]).fetchone() == (POINT,)
    with pytest.raises(pg.ProgrammingError):
        other.execute("select %s", [POINT])


def test_without_the_extension(conn, module, register):
    with pytest.raises(TypeError, match="postgis"):
        register(module("types").TypeInfo.fetch(conn, "geography"), conn)
