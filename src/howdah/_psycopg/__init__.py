"""What only programs written for psycopg see, when `howdah.install_as_psycopg()` was called.

A module ``psycopg.x`` has the names of ``howdah.x``, and over them those of ``howdah._psycopg.x``.
"""

from .version import __version__ as __version__
