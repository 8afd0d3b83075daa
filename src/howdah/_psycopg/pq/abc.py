"""psycopg's protocols of libpq's objects; here the classes that have their methods."""

from ...pq import Conninfo, Escaping, PGcancel, PGcancelConn, PGconn, PGresult

__all__ = ["Conninfo", "Escaping", "PGcancel", "PGcancelConn", "PGconn", "PGresult"]
