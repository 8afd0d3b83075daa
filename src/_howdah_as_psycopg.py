"""Imported when Python starts with HOWDAH_AS_PSYCOPG=1: ``import psycopg`` will give howdah.

It imports nothing of howdah before the program imports psycopg, so that import hooks and gevent's patches, which come
later than this, are in place by then.
"""

import sys

NAMES = {"psycopg", "psycopg_pool"}


class Herald:
    """Has howdah's finder take its place when psycopg, or its metadata, is looked for."""

    def _finder(self):
        sys.meta_path.remove(self)
        from howdah._psycopg._install import attach

        return attach()

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in NAMES or self not in sys.meta_path:
            return None
        return self._finder().find_spec(name, path, target)

    def find_distributions(self, context=None):
        name = getattr(context, "name", None)
        if self not in sys.meta_path or (name is not None and name.lower().replace("-", "_") not in NAMES):
            return ()
        return self._finder().find_distributions(context)

    def invalidate_caches(self):
        """There are none."""


sys.meta_path.insert(0, Herald())
