"""Say which packages lack, before anything fails for want of them.

    python3 tools/check_prerequisites.py [clang] [valgrind] [servers]

Run by the interpreter that shall own the virtual environment, so it uses nothing but the standard library. With
"clang" it asks for what fuzzing and coverage need besides, with "servers" for the real parts of `make matrix`.
"""

import glob
import os
import shutil
import subprocess
import sys
import sysconfig
from importlib.util import find_spec


def lacking_for_clang() -> list[str]:
    """Debian's names of what lacks to build with libFuzzer and to count branches."""
    if not shutil.which("clang"):
        return ["clang", "libclang-rt-dev", "llvm"]
    lacking = []
    target = b"int LLVMFuzzerTestOneInput(const unsigned char *p, unsigned long n) { return 0; }"
    build = ["clang", "-fsanitize=fuzzer,address,undefined", "-x", "c", "-", "-o", os.devnull]
    if subprocess.run(build, input=target, capture_output=True, check=False).returncode != 0:
        lacking.append("libclang-rt-dev")
    for program in ("llvm-cov", "llvm-profdata"):
        # Of the clang in use: versions don't read each other's profiles.
        name = subprocess.run(["clang", f"-print-prog-name={program}"], capture_output=True, text=True, check=True)
        if not shutil.which(name.stdout.strip()):
            return [*lacking, "llvm"]
    return lacking


def lacking_servers() -> list[str]:
    """Debian's names of the servers that lack, of what makes newer ones, and of what gssapi is built with."""
    programs = {
        "krb5kdc": "krb5-kdc",
        "kadmin.local": "krb5-admin-server",
        "kinit": "krb5-user",
        "krb5-config": "libkrb5-dev",
        "pgbouncer": "pgbouncer",
        "debootstrap": "debootstrap",
    }
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    lacking = [package for program, package in programs.items() if not shutil.which(program, path=path)]
    return lacking if glob.glob("/usr/lib/postgresql/*/bin/initdb") else ["postgresql", *lacking]


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
    if "clang" in sys.argv[1:]:
        lacking += lacking_for_clang()
    if "valgrind" in sys.argv[1:] and not shutil.which("valgrind"):
        lacking.append("valgrind")
    if "servers" in sys.argv[1:]:
        lacking += lacking_servers()
    if lacking:
        print(f"Lacking for {sys.executable}. On Debian: apt-get install {' '.join(lacking)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
