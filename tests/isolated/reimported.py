"""howdah imported, used and forgotten, again and again: nothing of it may stay, nor where an interpreter ends.

    python reimported.py DSN

Counts the interpreter's blocks of memory instead of the process's: CPython up to 3.13 keeps the names that an
interpreter has interned when that ends, and so the arenas in which they are; but here they are the same every time.
"""

import asyncio
import gc
import re
import sys
import typing

from subinterpreters import USE

WARMING, COUNTED = 2, 3


def forget():
    """What keeps classes of modules that are gone: the modules, and caches of the standard library."""
    for name in [name for name in sys.modules if name.split(".")[0] == "howdah"]:
        del sys.modules[name]
    for clear in typing._cleanups:
        clear()
    re.purge()
    for _ in range(3):
        gc.collect()


def use(dsn):
    namespace = {"__name__": "used"}
    exec(USE, namespace)
    namespace["use"](dsn)
    asyncio.run(namespace["use_async"](dsn))


def main():
    for _ in range(WARMING):
        use(sys.argv[1])
        forget()
    before = sys.getallocatedblocks()
    for _ in range(COUNTED):
        use(sys.argv[1])
        forget()
    print((sys.getallocatedblocks() - before) / COUNTED)


if __name__ == "__main__":
    main()
