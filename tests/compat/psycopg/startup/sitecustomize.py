"""Put on PYTHONPATH by the conformance runner.

Makes `import psycopg` / `import psycopg_pool` work in *sub-processes* started
by the test suite: on the first import of one of those names the driver named
by $DRIVER_MODULE is imported and its install_as_psycopg() called.
"""

import os
import sys

_ROOTS = ("psycopg", "psycopg_pool")


class _Lazy:
    busy = False

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name not in _ROOTS or cls.busy or name in sys.modules:
            return None
        cls.busy = True
        try:
            import importlib
            import importlib.util

            drv = importlib.import_module(os.environ["DRIVER_MODULE"])
            drv.install_as_psycopg()
        finally:
            cls.busy = False
            if cls in sys.meta_path:
                sys.meta_path.remove(cls)
        mod = sys.modules.get(name)
        if mod is None:
            return None
        # Hand the ready module over to the import system.  It would use
        # mod.__spec__ instead of ours (and execute the module a second time)
        # if it found one there: hide it until exec_module().
        saved = {k: mod.__dict__[k] for k in _ATTRS if k in mod.__dict__}
        spec = importlib.util.spec_from_loader(name, _Ready(mod, saved))
        mod.__spec__ = spec
        return spec


_ATTRS = ("__name__", "__spec__", "__loader__", "__package__", "__path__", "__file__", "__cached__")


class _Ready:
    def __init__(self, mod, saved):
        self.mod, self.saved = mod, saved

    def create_module(self, spec):
        return self.mod

    def exec_module(self, module):
        for k in _ATTRS:
            if k in self.saved:
                setattr(module, k, self.saved[k])
            elif k in module.__dict__:
                delattr(module, k)


if os.environ.get("DRIVER_MODULE"):
    sys.meta_path.insert(0, _Lazy)
