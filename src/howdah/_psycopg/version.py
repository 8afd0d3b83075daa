"""The psycopg whose behaviour and names these are."""

__version__ = "3.3.9"
