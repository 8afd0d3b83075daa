"""Makes the blocking twin of an asyncio module: ``x_async.py`` is the source, ``x.py`` is generated.

    python tools/unasync.py            write the twins
    python tools/unasync.py --check    exit 1 if one is not current

It works on tokens: ``async`` and ``await`` go, names are replaced by `NAMES`, and of ``if True:  # ASYNC`` ...
``else:`` the else-branch stays. Nothing else changes, so the twins can be read side by side.
"""

from __future__ import annotations

import argparse
import io
import itertools
import pathlib
import re
import subprocess
import sys
import tokenize

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = sorted([*ROOT.glob("src/howdah/**/*_async.py"), *ROOT.glob("tests/live/*_async.py")])

NAMES = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "AsyncIterator": "Iterator",
    "AsyncEvent": "Event",
    "AsyncGenerator": "Generator",
    "AsyncLock": "Lock",
    "AsyncQueue": "Queue",
    "AsyncWorker": "Worker",
    "StopAsyncIteration": "StopIteration",
    "asynccontextmanager": "contextmanager",
    "connect_async": "connect_sync",
    "beside_async": "beside",
    "cancel_async": "cancel_sync",
    "cancel_whole_async": "cancel_sync",
    "eventually_async": "eventually",
    "ends_worker_async": "ends_worker_sync",
    "join_async": "join_sync",
    "resolve_async": "resolve_sync",
    "sleep_async": "sleep",
    "spawn_async": "spawn_sync",
    "wait_async": "wait_sync",
    "connection_async": "connection",
    "cursor_async": "cursor",
    "lobject_async": "lobject",
    "null_pool_async": "null_pool",
    "pool_async": "pool",
    "sched_async": "sched",
    "_connecting_async": "_connecting",
    "_crew_async": "_crew",
    "_keeping_async": "_keeping",
    "server_cursor_async": "server_cursor",
    "_bulk_async": "_bulk",
    "_copy_async": "_copy",
    "transaction_async": "transaction",
    "ACT": "CT",
    "AsyncBaton": "Baton",
    "AsyncConnecting": "Connecting",
    "AsyncCrew": "Crew",
    "AsyncKeeping": "Keeping",
    "AsyncBlock": "Block",
    "AsyncContextDecorator": "ContextDecorator",
    "AsyncConnectFailedCB": "ConnectFailedCB",
    "AsyncConnection": "Connection",
    "AsyncConnectionBase": "ConnectionBase",
    "AsyncConnectionCB": "ConnectionCB",
    "AsyncConnectionPool": "ConnectionPool",
    "AsyncConninfoParam": "ConninfoParam",
    "AsyncCursor": "Cursor",
    "AsyncCursorBase": "CursorBase",
    "AbstractAsyncContextManager": "AbstractContextManager",
    "AsyncLargeObject": "LargeObject",
    "AsyncKwargsParam": "KwargsParam",
    "AsyncNullConnectionPool": "NullConnectionPool",
    "AsyncRawCursor": "RawCursor",
    "AsyncRawServerCursor": "RawServerCursor",
    "AsyncScheduler": "Scheduler",
    "AsyncServerCursor": "ServerCursor",
    "AsyncRowFactory": "RowFactory",
    "AsyncTransaction": "Transaction",
    "AsyncPipeline": "Pipeline",
    "AsyncPipelineBlock": "PipelineBlock",
    "_pipeline_async": "_pipeline",
    "AsyncCopy": "Copy",
    "AsyncCopyBase": "CopyBase",
    "AsyncLibpqWriter": "LibpqWriter",
    "AsyncQueuedLibpqWriter": "QueuedLibpqWriter",
    "AsyncWriter": "Writer",
}
# In comments and docstrings.
WORDS = re.compile(r"\b(" + "|".join(sorted(NAMES, key=len, reverse=True)) + r")\b")

BRANCH = re.compile(r"^(?P<indent> *)if True:  # ASYNC\n", re.M)


def resolve_branches(text: str) -> str:
    """Keep the else-branch of every ``if True:  # ASYNC``, one level further out; nothing where there is none."""
    while match := BRANCH.search(text):
        indent = match["indent"]
        body = re.compile(rf"(?:{indent}    .*\n|[ \t]*\n(?=(?:[ \t]*\n)*{indent}    ))*")
        end = body.match(text, match.end()).end()  # type: ignore[union-attr]
        kept = ""
        if otherwise := re.compile(rf"\n*{indent}else:\n").match(text, end):
            start = otherwise.end()
            end = body.match(text, start).end()  # type: ignore[union-attr]
            kept = re.sub(r"^    ", "", text[start:end], flags=re.M)
        text = text[: match.start()] + kept + text[end:]
    return text


def drop_keywords(text: str) -> str:
    """Remove ``async`` and ``await``, and replace the names."""
    lines = text.splitlines(keepends=True)
    edits: list[tuple[int, int, int, str]] = []  # line, from column, to column, replacement
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    for token, following in itertools.pairwise(tokens):
        row, column = token.start
        if token.string in ("async", "await") and token.type in (tokenize.NAME, 55, 56):
            end = following.start[1] if following.start[0] == row else token.end[1]
            edits.append((row, column, end, ""))
        elif token.type == tokenize.NAME and token.string in NAMES:
            edits.append((row, column, token.end[1], NAMES[token.string]))
    for row, start, end, replacement in reversed(edits):
        line = lines[row - 1]
        lines[row - 1] = line[:start] + replacement + line[end:]
    return WORDS.sub(lambda m: NAMES[m[1]], "".join(lines))


def convert(source: pathlib.Path) -> str:
    text = drop_keywords(resolve_branches(source.read_text()))
    head = f"# Generated from {source.name} by tools/unasync.py: do not edit.\n"
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(twin_of(source)), "-"]
    done = subprocess.run(command, input=head + text, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        raise SystemExit(f"{source.name}: {done.stderr}")
    return done.stdout


def twin_of(source: pathlib.Path) -> pathlib.Path:
    return source.with_name(source.name.replace("_async.py", ".py"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a twin is not current")
    options = parser.parse_args()
    stale = 0
    for source in SOURCES:
        twin, text = twin_of(source), convert(source)
        if twin.exists() and twin.read_text() == text:
            continue
        stale += 1
        if options.check:
            print(f"{twin.relative_to(ROOT)} is not current: run tools/unasync.py", file=sys.stderr)
        else:
            twin.write_text(text)
            print(f"wrote {twin.relative_to(ROOT)}")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
