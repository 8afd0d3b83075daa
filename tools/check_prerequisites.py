"""Say which packages lack, before anything fails for want of them.

    python3 tools/check_prerequisites.py

Run by the interpreter that shall own the virtual environment, so it uses nothing but the standard library.
"""

import os
import shutil
import sys
import sysconfig
from importlib.util import find_spec


def main() -> int:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if sys.version_info < (3, 10):  # noqa: UP036 - an older one is just what this is to find
        print(f"howdah needs Python 3.10 or newer, and {sys.executable} is {version}: try make PYTHON=python3.x")
        return 1
    lacking = []
    if not (shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc")):
        lacking += ["gcc", "libc6-dev"]
    if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
        lacking.append("python3-dev")
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        lacking.append("python3-venv")
    if lacking:
        print(f"Lacking for {sys.executable}. On Debian: apt-get install {' '.join(lacking)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
