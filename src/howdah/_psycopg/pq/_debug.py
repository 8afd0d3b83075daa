"""psycopg's wrapper that logs the calls of libpq, of which there are none."""

from ...errors import NotSupportedError


class PGconnDebug:
    def __init__(self, pgconn: object):
        raise NotSupportedError("there is no libpq whose calls could be logged")
