"""Put one fault at a time into the core, and see whether its tests notice.

    python tools/mutants.py [NUMBER ...]

Works on a copy in build-mutants/, under ASan and UBSan. Prints each fault and who has caught it; exits with 1 if one
survives. The faults are those that a hand makes: a dropped check, an off-by-one, a swapped state.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "build-mutants"
PARTS = ("core", "tests/core", "fuzz", "meson.build", "meson.options", "LICENSE")
OPTIONS = (
    "-Dcore_tests=true",
    "-Dextension=false",
    "-Db_sanitize=address,undefined",
    "-Db_lundef=false",
    "--buildtype=debugoptimized",
)
MESON = Path(sys.executable).with_name("meson")


class Mutant(NamedTuple):
    what: str
    path: str
    before: str
    after: str


MUTANTS = (
    Mutant("a read goes one byte too far", "core/bytes/reader.h", "r->left < n)", "r->left + 1 < n)"),
    Mutant(
        "a message may be longer than it says",
        "core/bytes/reader.h",
        "return !r->bad && r->left == 0;",
        "return !r->bad;",
    ),
    Mutant(
        "a failed read is forgotten", "core/bytes/reader.h", "return !r->bad && r->left == 0;", "return r->left == 0;"
    ),
    Mutant("a length below 4 is accepted", "core/bytes/chunk.c", "*size < HEADER ||", "*size < 1 ||"),
    Mutant("a length has no limit", "core/bytes/chunk.c", "|| *size > (size_t)INT32_MAX", "|| *size > SIZE_MAX - 1"),
    Mutant(
        "a message is read before it is complete",
        "core/bytes/chunk.c",
        "hd_inbox_pending(in) < *size ? HD_MORE",
        "hd_inbox_pending(in) + 1 < *size ? HD_MORE",
    ),
    Mutant(
        "memory grows by the length that is claimed",
        "core/bytes/chunk.c",
        "(cap < claimed_size(in) && cap < 2 * tail)",
        "cap < claimed_size(in)",
    ),
    Mutant(
        "a chunk that rows lie in is used again",
        "core/bytes/chunk.c",
        "memory_order_acquire) == 1)",
        "memory_order_acquire) >= 1)",
    ),
    Mutant(
        "the tail is lost in a new chunk",
        "core/bytes/chunk.c",
        "    c->used = tail;\n    hd_chunk_unref",
        "    c->used = 0;\n    hd_chunk_unref",
    ),
    Mutant(
        "one request more than there is room for",
        "core/session/session.c",
        "s->count == s->capacity && !queue_grow(s)",
        "s->count > s->capacity && !queue_grow(s)",
    ),
    Mutant(
        "the queue's ring ends too early",
        "core/session/session.c",
        "s->first = (s->first + 1) & (s->capacity - 1);\n    s->count--;\n    s->state",
        "s->first = (s->first + 1) % s->capacity ? s->first + 1 : 1;\n    s->count--;\n    s->state",
    ),
    Mutant(
        "a Sync is skipped behind an error",
        "core/session/session.c",
        "queue_at(s, 0)->state != HD_ST_SYNC)",
        "queue_at(s, 0)->state == HD_ST_EXECUTE)",
    ),
    Mutant(
        "nothing is skipped behind an error",
        "core/session/session.c",
        "        s->skipping = true;",
        "        s->skipping = false;",
    ),
    Mutant(
        "skipping never ends",
        "core/session/session.c",
        "        s->skipping = false;\n    return false;",
        "        s->skipping = true;\n    return false;",
    ),
    Mutant(
        "an Execute that was skipped is not told",
        "core/session/session.c",
        "if (dropped.state == HD_ST_EXECUTE || dropped.state == HD_ST_QUERY)",
        "if (dropped.state == HD_ST_QUERY)",
    ),
    Mutant(
        "a rewound request is still owed",
        "core/session/session.c",
        "    s->count = mark.count;",
        "    s->count = s->count;",
    ),
    Mutant(
        "a rewound request has left bytes",
        "core/session/session.c",
        "    hd_writer_rewind(&s->out, mark.out);",
        "    (void)mark.out;",
    ),
    Mutant("a newer protocol than asked for", "core/session/session.c", "v.newest_minor > s->protocol ||", ""),
    Mutant(
        "a key of 256 bytes under protocol 3.0",
        "core/session/session.c",
        "|| (s->protocol == PROTOCOL_3_0 && k.key.n != 4)",
        "",
    ),
    Mutant("a key of more than 256 bytes", "core/wire/backend.c", "dst->key.n > KEY_MAX", "dst->key.n > 2 * KEY_MAX"),
    Mutant(
        "settings without number",
        "core/session/parameters.c",
        "item == NULL && ps->count == MOST_PARAMETERS",
        "item == NULL && ps->count == 0 && ps->items",
    ),
    Mutant(
        "a row with other columns",
        "core/result/result.c",
        "    if (hd_be16(n_columns) != r->n_columns)\n        return HD_EPROTO;\n",
        "",
    ),
    Mutant(
        "a row without a number of columns",
        "core/result/result.c",
        "    if (body.n < 2)\n        return HD_EPROTO;\n",
        "",
    ),
    Mutant(
        "rows move into a new array but for the first",
        "core/result/result.c",
        "memcpy(rows, r->few, sizeof(r->few));",
        "memcpy(rows + 1, r->few + 1, sizeof(r->few) - sizeof(*rows));",
    ),
    Mutant(
        "a chunk is let go while rows lie in it",
        "core/result/result.c",
        "r->chunks[r->n_chunks++] = hd_chunk_ref(chunk);",
        "r->chunks[r->n_chunks++] = chunk;",
    ),
    Mutant(
        "a sealed result overlaps itself",
        "core/result/result.c",
        "        to += hd_be32(length);",
        "        to += hd_be32(length) - 1;",
    ),
)


def prepare() -> None:
    shutil.rmtree(COPY, ignore_errors=True)
    for part in PARTS:
        source, target = ROOT / part, COPY / "tree" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)
    subprocess.run([MESON, "setup", COPY / "build", COPY / "tree", *OPTIONS], check=True, stdout=subprocess.DEVNULL)


def failing() -> str:
    """Which tests fail: their names, or what else went wrong; empty when all pass."""
    run = subprocess.run(
        [MESON, "test", "-C", COPY / "build", "--maxfail", "1"], capture_output=True, text=True, check=False
    )
    if run.returncode == 0:
        return ""
    failed = [line for line in run.stdout.splitlines() if "FAIL" in line or "TIMEOUT" in line or "ERROR" in line]
    return failed[0].split("howdah / ")[-1].split("howdah:")[-1].strip() if failed else "the compiler"


def main(numbers: list[int]) -> int:
    prepare()
    if failing():
        raise SystemExit("the tests fail without any fault")
    survivors = 0
    for number, mutant in enumerate(MUTANTS, 1):
        if numbers and number not in numbers:
            continue
        path = COPY / "tree" / mutant.path
        text = path.read_text()
        if text.count(mutant.before) != 1:
            raise SystemExit(f"{number}. {mutant.what}: found {text.count(mutant.before)} times in {mutant.path}")
        path.write_text(text.replace(mutant.before, mutant.after))
        caught = failing()
        path.write_text(text)
        survivors += not caught
        print(f"{number}. {mutant.what}: {caught or 'SURVIVES'}", flush=True)
    print(f"{survivors} survive")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main([int(number) for number in sys.argv[1:]]))
