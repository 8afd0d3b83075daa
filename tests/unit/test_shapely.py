"""Geometries of PostGIS as shapely's, beside psycopg's; the bytes are made by hand, there being no PostGIS."""

from __future__ import annotations

import struct

import pytest

import howdah
from howdah.adapt import AdaptersMap, PyFormat, Transformer
from howdah.pq import Format
from howdah.types import TypeInfo

shapely = pytest.importorskip("shapely", minversion="2")

from howdah.types.shapely import (  # noqa: E402
    BaseGeometryBinaryDumper,
    BaseGeometryDumper,
    GeometryBinaryLoader,
    GeometryLoader,
    register_shapely,
)

OID, ARRAY_OID = 90001, 90002
SRID = 0x20000000  # flag of EWKB, beside the type of geometry


def point(x, y, srid=None):
    head = struct.pack("<BI", 1, 1) if srid is None else struct.pack("<BII", 1, 1 | SRID, srid)
    return head + struct.pack("<dd", x, y)


GEOMETRIES = {
    "point": shapely.Point(1.5, -2),
    "point with a srid": shapely.set_srid(shapely.Point(11.58, 48.14), 4326),
    "point in space": shapely.Point(1, 2, 3),
    "empty": shapely.Point(),
    "line": shapely.LineString([(0, 0), (1, 1), (2, 0)]),
    "polygon with a hole": shapely.Polygon(
        [(0, 0), (9, 0), (9, 9), (0, 9)], holes=[[(1, 1), (2, 1), (2, 2)]]
    ),
    "multipolygon": shapely.set_srid(shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)]), 3857),
    "collection": shapely.GeometryCollection([shapely.Point(1, 2), shapely.LineString([(0, 0), (1, 1)])]),
}  # fmt: skip


@pytest.fixture
def context():
    """Adapters that know geometries, independent of all others."""
    adapters = AdaptersMap(howdah.adapters)
    register_shapely(TypeInfo("geometry", OID, ARRAY_OID), adapters)
    return adapters


@pytest.mark.parametrize("srid", [None, 4326])
def test_load(srid):
    data = point(11.58, 48.14, srid)
    for loaded in (
        GeometryBinaryLoader(OID).load(data),
        GeometryBinaryLoader(OID).load(memoryview(data)),
        GeometryLoader(OID).load(data.hex().upper().encode()),
        GeometryLoader(OID).load(bytearray(data.hex().encode())),
    ):
        assert loaded == shapely.Point(11.58, 48.14)
        assert shapely.get_srid(loaded) == (srid or 0)


@pytest.mark.parametrize("name", GEOMETRIES)
def test_dump_and_load(name):
    geometry = GEOMETRIES[name]
    theirs = pytest.importorskip("psycopg.types.shapely")
    text = BaseGeometryDumper(type(geometry)).dump(geometry)
    binary = BaseGeometryBinaryDumper(type(geometry)).dump(geometry)
    assert text == theirs.BaseGeometryDumper(type(geometry)).dump(geometry)
    assert binary == theirs.BaseGeometryBinaryDumper(type(geometry)).dump(geometry)
    assert bytes.fromhex(text.decode()) == binary
    for again in (GeometryLoader(OID).load(text), GeometryBinaryLoader(OID).load(binary)):
        assert shapely.equals_exact(again, geometry) or geometry.is_empty
        assert type(again) is type(geometry)
        assert shapely.get_srid(again) == shapely.get_srid(geometry)


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\x01\x01\0\0\0", point(1, 2)[:-1], b"\x01\xff\xff\xff\xff" + bytes(40)]
)
def test_malformed(data):
    for loader, given in ((GeometryBinaryLoader, data), (GeometryLoader, data.hex().encode())):
        with pytest.raises(howdah.DataError, match="can't parse geometry"):
            loader(OID).load(given)


def test_register(context):
    assert context.types["geometry"].oid == OID
    assert context.get_loader(OID, Format.TEXT) is GeometryLoader
    assert context.get_loader(OID, Format.BINARY) is GeometryBinaryLoader
    assert howdah.adapters.types.get("geometry") is None
    dumper = Transformer(context).get_dumper(shapely.Point(1, 2), PyFormat.AUTO)
    assert (dumper.oid, dumper.format) == (OID, Format.BINARY)
    with pytest.raises(howdah.ProgrammingError, match="cannot adapt type 'Point'"):
        Transformer().get_dumper(shapely.Point(1, 2), PyFormat.AUTO)


def test_register_twice_gives_the_same_classes(context):
    before = context.get_dumper(shapely.Point, PyFormat.AUTO)
    register_shapely(TypeInfo("geometry", OID, ARRAY_OID), context)
    assert context.get_dumper(shapely.Point, PyFormat.AUTO) is before


def test_register_without_postgis():
    with pytest.raises(TypeError) as ours:
        register_shapely(None)
    with pytest.raises(TypeError) as theirs:
        pytest.importorskip("psycopg.types.shapely").register_shapely(None)
    assert str(ours.value) == str(theirs.value)


def test_literal(context):
    assert Transformer(context).as_literal(shapely.Point(1, 2)) == (
        b"'" + point(1, 2).hex().upper().encode() + b"'::geometry"
    )


@pytest.mark.parametrize("format", list(PyFormat))
def test_arrays(context, format):
    tx = Transformer(context)
    dumper = tx.get_dumper([shapely.Point(1, 2)], format)
    data = dumper.dump([shapely.Point(1, 2), None])
    assert dumper.oid == ARRAY_OID
    assert tx.get_loader(ARRAY_OID, dumper.format).load(data) == [shapely.Point(1, 2), None]
