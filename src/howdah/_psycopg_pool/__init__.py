"""What only programs written for psycopg_pool see, when `howdah.install_as_psycopg()` was called."""

from .version import __version__ as __version__
