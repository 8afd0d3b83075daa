"""The psycopg_pool whose behaviour and names these are: it counts by itself."""

__version__ = "3.3.3"
