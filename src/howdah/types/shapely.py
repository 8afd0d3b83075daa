"""PostGIS geometries as shapely's (psycopg 3, "Geometry adaptation using Shapely").

    info = TypeInfo.fetch(conn, "geometry")
    register_shapely(info, conn)
    conn.execute("insert into places (position) values (%s)", [Point(11.58, 48.14)])

Needs the package shapely: ``pip install 'howdah[postgis]'``. The bytes are EWKB, as hexadecimal digits in text.
"""

from __future__ import annotations

from functools import cache

from .. import postgres
from .._typeinfo import TypeInfo
from ..abc import AdaptContext, Buffer
from ..adapt import Dumper, Loader
from ..errors import DataError
from ..pq import Format

try:
    import shapely
except ImportError:
    raise ImportError("howdah.types.shapely needs the package 'shapely'") from None

from shapely.geometry.base import BaseGeometry

shapely_version = tuple(int(part) for part in shapely.__version__.split(".") if part.isdigit())


def _load(data: Buffer) -> BaseGeometry:
    try:
        return shapely.from_wkb(bytes(data))
    except shapely.errors.ShapelyError as error:
        raise DataError(f"can't parse geometry: {error}") from error


class GeometryLoader(Loader):
    """Loads a geometry with its SRID. Raises `DataError` for what is not EWKB."""

    def load(self, data: Buffer) -> BaseGeometry:
        return _load(data)


class GeometryBinaryLoader(Loader):
    """Loads a geometry with its SRID. Raises `DataError` for what is not EWKB."""

    format = Format.BINARY

    def load(self, data: Buffer) -> BaseGeometry:
        return _load(data)


class BaseGeometryDumper(Dumper):
    """Dumps any geometry with its SRID."""

    def dump(self, obj: BaseGeometry) -> Buffer | None:
        digits: str = shapely.to_wkb(obj, hex=True, include_srid=True)
        return digits.encode()


class BaseGeometryBinaryDumper(Dumper):
    """Dumps any geometry with its SRID."""

    format = Format.BINARY

    def dump(self, obj: BaseGeometry) -> Buffer | None:
        data: bytes = shapely.to_wkb(obj, include_srid=True)
        return data


def register_shapely(info: TypeInfo, context: AdaptContext | None = None) -> None:
    """Load and dump geometries, in a context or everywhere.

    info: of the type geometry, as `TypeInfo.fetch` gives it. Raises TypeError for None, which says that the extension
    PostGIS is not in the database.
    """
    if not info:
        raise TypeError("no info passed. Is the 'postgis' extension loaded?")
    info.register(context)
    adapters = context.adapters if context else postgres.adapters
    adapters.register_loader(info.oid, GeometryLoader)
    adapters.register_loader(info.oid, GeometryBinaryLoader)
    text, binary = _dumpers(info.oid)
    adapters.register_dumper(BaseGeometry, text)
    adapters.register_dumper(BaseGeometry, binary)


@cache
def _dumpers(oid: int) -> tuple[type[BaseGeometryDumper], type[BaseGeometryBinaryDumper]]:
    """Classes of one type: always the same two, so that registering it again leaves nothing behind."""

    class GeometryDumper(BaseGeometryDumper):
        pass

    class GeometryBinaryDumper(BaseGeometryBinaryDumper):
        pass

    GeometryDumper.oid = GeometryBinaryDumper.oid = oid
    return GeometryDumper, GeometryBinaryDumper
