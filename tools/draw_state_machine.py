"""Draws docs/state-machine.md from the table that the code is compiled from, core/session/transitions.def.

python tools/draw_state_machine.py            write it
python tools/draw_state_machine.py --check    exit 1 if it is not current
"""

from __future__ import annotations

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "core/session/transitions.def"
TARGET = ROOT / "docs/state-machine.md"

HEAD = """\
<!-- Generated from core/session/transitions.def by tools/draw_state_machine.py: do not edit. -->
# What the server owes us

The session keeps a queue of requests. The state of the oldest one and the type of the next message decide what
happens; a pair that is not drawn breaks the protocol and closes the connection. NoticeResponse, ParameterStatus and
NotificationResponse may come at any point. `DONE`: the request is answered, and the next one's turn comes.

"""

NOTES = {
    "SKIP": "abandons what was sent before the next Sync",
    "SWALLOW": "forgets the Sync already sent",
}


def main() -> int:
    rows = re.findall(r"^TRANSITION\((\w+),\s*(\w+),\s*(\w+),\s*(\w+)\)", SOURCE.read_text(), re.M)
    edges: dict[tuple[str, str, str], list[str]] = {}
    for state, message, following, action in rows:
        name = "".join(word.capitalize() for word in message.split("_"))
        edges.setdefault((state, following, NOTES.get(action, "")), []).append(name)
    lines = ["```mermaid", "stateDiagram-v2"]
    for (state, following, note), names in edges.items():
        label = ", ".join(names) + (f" / {note}" if note else "")
        lines.append(f"    {state} --> {following}: {label}")
    text = HEAD + "\n".join(lines) + "\n```\n"
    if "--check" not in sys.argv:
        TARGET.write_text(text)
    elif not TARGET.exists() or TARGET.read_text() != text:
        print("docs/state-machine.md is not current: run tools/draw_state_machine.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
