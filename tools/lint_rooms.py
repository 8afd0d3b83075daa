"""Check that each room of the C code includes only what tools/rooms.txt allows.

    python tools/lint_rooms.py

Prints one line per offence and exits with 1 if there is any.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+(<[^>]+>|"[^"]+")', re.MULTILINE)
# Where an include in quotes is looked for, as the compiler does; the file's own folder comes first.
SEARCH = ("core", "binding")


def read_rooms(path: Path) -> dict[str, set[str]]:
    """The lines of rooms.txt: a room and what it names. An indented line goes on with the one before."""
    rooms: dict[str, set[str]] = {}
    room = ""
    for line in path.read_text().splitlines():
        line = line.partition("#")[0]
        if not line.strip():
            continue
        if not line[0].isspace():
            room, _, line = line.partition(":")
            rooms[room] = {room}
        rooms[room] |= set(line.split())
    return rooms


def reach(room: str, rooms: dict[str, set[str]]) -> set[str]:
    """All rooms and headers that the room may include, through the rooms that it names."""
    seen: set[str] = set()
    todo = [room]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += rooms.get(name, ())
    return seen


def room_of(path: Path, rooms: dict[str, set[str]]) -> str | None:
    """The room of a file: the nearest folder that has a line."""
    for folder in path.relative_to(ROOT).parents:
        if folder.as_posix() in rooms:
            return folder.as_posix()
    return None


def target_of(include: str, path: Path) -> Path | None:
    for folder in (path.parent, *(ROOT / name for name in SEARCH)):
        if (folder / include).is_file():
            return (folder / include).resolve()
    return None


def offences(path: Path, rooms: dict[str, set[str]]) -> list[str]:
    room = room_of(path, rooms)
    if room is None:
        return [f"{path.relative_to(ROOT)}: its folder has no line in tools/rooms.txt"]
    allowed = reach(room, rooms)
    found = []
    for match in INCLUDE.finditer(path.read_text()):
        name = match[1]
        if name.startswith("<"):
            if name in allowed or "<*>" in allowed:
                continue
            why = f"{room} may not include {name}"
        else:
            target = target_of(name.strip('"'), path)
            if target is None:
                why = f"{name} is in no room"
            elif room_of(target, rooms) in allowed:
                continue
            else:
                why = f"{room} may not include {name} of {room_of(target, rooms)}"
        line = path.read_text().count("\n", 0, match.start(1)) + 1
        found.append(f"{path.relative_to(ROOT)}:{line}: {why}")
    return found


def main() -> int:
    rooms = read_rooms(ROOT / "tools" / "rooms.txt")
    files = [
        path
        for top in sorted({room.partition("/")[0] for room in rooms})
        for path in sorted((ROOT / top).rglob("*.[ch]"))
    ]
    found = [offence for path in files for offence in offences(path, rooms)]
    print("\n".join(found) if found else f"{len(files)} files keep to their rooms")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
