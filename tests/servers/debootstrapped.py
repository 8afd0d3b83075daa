"""PostgreSQL 17 and 18, and pgbouncer, of newer Debians than this one: each in a chroot that debootstrap makes.

    python tests/servers/debootstrapped.py

makes those that are not there, in .cache/servers (minutes and 700 MB for each), and prints their roots. From where
packages come is for apt's own configuration to say. Making one and going into it takes root. PostgreSQL 18 gets a
judge of OAuth tokens (oauth_validator.c), since Debian has none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from servers.debian import lacks

CACHE = Path(os.environ.get("HOWDAH_SERVERS", Path(__file__).resolve().parents[2] / ".cache/servers"))

# PostgreSQL's version → Debian's suite
SUITES = {17: "trixie", 18: "testing"}
VERSIONS = tuple(SUITES)


def made() -> dict[int, Path]:
    """The roots that are there, by version."""
    found = {version: CACHE / suite for version, suite in SUITES.items()}
    return {version: root for version, root in found.items() if root.exists()}


def root_of(version: int) -> Path:
    """The root of the system with this version of PostgreSQL, and a pgbouncer."""
    if version not in made():
        lacks(f"there is no PostgreSQL {version}: make matrix gets it")
    if os.geteuid() != 0:
        lacks("only root can go into a chroot")
    return made()[version]


def mirror() -> str:
    """From where apt has Debian's packages."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Origin: Debian", "Label: Debian"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    if not found:
        raise SystemExit("apt has no source of Debian's packages")
    return found[0]


def make(version: int) -> None:
    root = CACHE / SUITES[version]
    new = CACHE / f"{SUITES[version]}.new"
    shutil.rmtree(new, ignore_errors=True)
    options = ("--variant=minbase", "--components=main", f"--include=postgresql-{version},pgbouncer")
    command = ["debootstrap", *options, SUITES[version], str(new), mirror()]
    # It takes programs of PATH that lie in sbin.
    run(*command, env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"})
    if version == 18:
        add_validator(new)
    new.rename(root)


def add_validator(root: Path) -> None:
    """The package with the headers would bring a compiler; this machine's own takes only them."""
    package = "postgresql-server-dev-18"
    script = f"cd /root && apt-get download {package} && dpkg -x {package}*.deb headers"
    run("chroot", str(root), "sh", "-c", script)
    headers = root / "root/headers/usr/include/postgresql/18/server"
    library = root / "usr/lib/postgresql/18/lib/howdah_validator.so"
    source = Path(__file__).with_name("oauth_validator.c")
    run("cc", "-shared", "-fPIC", "-O1", "-I", str(headers), str(source), "-o", str(library))


def run(*command: str, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def main() -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    for version, suite in SUITES.items():
        if not (CACHE / suite).exists():
            print(f"PostgreSQL {version} and pgbouncer of Debian {suite} …", file=sys.stderr)
            make(version)
    print(*made().values())


if __name__ == "__main__":
    main()
