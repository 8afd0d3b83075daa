"""Loaded at interpreter start, as the first on PYTHONPATH.

DRIVER_MODULE   module that has install_as_psycopg(); 'psycopg' (or unset) = do nothing
DRIVER_PATH     optional os.pathsep list put in front of sys.path
ECO_STAMP       optional file: what `import psycopg` gave is written there (JSON)

After the driver installed itself, real psycopg/psycopg2 modules are made
unimportable, so that nothing silently falls back to them.  Any failure ends the
interpreter with status 97: a broken driver must never look like a skipped suite.
"""

import os
import sys


def _main():
    name = os.environ.get("DRIVER_MODULE", "psycopg")
    for p in reversed([p for p in os.environ.get("DRIVER_PATH", "").split(os.pathsep) if p]):
        if p not in sys.path:
            sys.path.insert(0, p)
    if name != "psycopg":
        import importlib
        import importlib.abc

        mod = importlib.import_module(name)
        mod.install_as_psycopg()
        if "psycopg" not in sys.modules:
            raise RuntimeError(f"{name}.install_as_psycopg() left no 'psycopg' in sys.modules")
        blocked = {"psycopg", "psycopg_pool", "psycopg_c", "psycopg_binary", "psycopg2", "psycopg2cffi"}

        class _Block(importlib.abc.MetaPathFinder):
            def find_spec(self, fullname, path=None, target=None):
                if fullname in blocked:
                    raise ModuleNotFoundError(
                        f"No module named {fullname!r} (blocked: not provided by {name})", name=fullname
                    )
                return None

        sys.meta_path.insert(0, _Block())
    stamp = os.environ.get("ECO_STAMP")
    if stamp and not os.path.exists(stamp):
        import json

        import psycopg

        d = {
            "driver_module": name,
            "file": getattr(psycopg, "__file__", None),
            "version": getattr(psycopg, "__version__", None),
            "pq_impl": getattr(getattr(psycopg, "pq", None), "__impl__", None),
        }
        try:
            import psycopg_pool

            d["pool_version"] = getattr(psycopg_pool, "__version__", None)
        except ImportError:
            d["pool_version"] = None
        with open(stamp, "w") as f:
            json.dump(d, f)


if os.environ.get("DRIVER_MODULE") or os.environ.get("ECO_STAMP"):
    try:
        _main()
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stderr.write("eco shim: the driver could not be installed as psycopg\n")
        sys.stderr.flush()
        os._exit(97)
