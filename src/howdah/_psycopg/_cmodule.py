"""psycopg's accelerator is not here: howdah's core is no module of psycopg's."""

from .version import __version__ as __version__

_psycopg = None
