"""Bar charts as SVG that suit light and dark pages."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.heading { font-weight: 600 }
.faint { fill: #59636e }
.ours { fill: #0969da }
.theirs { fill: #818b98 }
.floor { fill: #bc6c00 }
.outer { opacity: .35 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .faint { fill: #9198a1 }
  .ours { fill: #4493f8 }
  .theirs { fill: #9198a1 }
  .floor { fill: #d29922 }
}
"""
WIDTH, LEFT, RIGHT = 760, 190, 150
TOP, LINE, GAP = 64, 22, 30


@dataclass(frozen=True)
class Bar:
    label: str
    value: float
    inner: float | None = None  # drawn upon it, darker
    text: str = ""


def color_of(label: str) -> str:
    if label.startswith(("prototype", "floor")):
        return "floor"
    return "ours" if label.startswith("howdah") else "theirs"


def draw(path: Path, title: str, subtitle: str, groups: list[tuple[str, list[Bar]]]) -> None:
    """Groups of horizontal bars, each group on a scale of its own."""
    parts = []
    y = TOP
    for heading, bars in groups:
        scale = (WIDTH - LEFT - RIGHT) / max(max(bar.value, bar.inner or 0) for bar in bars)
        if heading:
            parts.append(f'<text class="heading" x="0" y="{y + 14}">{escape(heading)}</text>')
            y += LINE
        for bar in bars:
            color, width = color_of(bar.label), bar.value * scale
            outer = " outer" if bar.inner is not None else ""
            parts.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(bar.label)}</text>')
            parts.append(f'<rect class="{color}{outer}" x="{LEFT}" y="{y + 2}" width="{width:.1f}" height="15"/>')
            if bar.inner is not None:
                inner = bar.inner * scale
                width = max(width, inner)
                parts.append(f'<rect class="{color}" x="{LEFT}" y="{y + 5}" width="{inner:.1f}" height="9"/>')
            parts.append(f'<text class="faint" x="{LEFT + width + 6:.1f}" y="{y + 13}">{escape(bar.text)}</text>')
            y += LINE
        y += GAP - LINE
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
        f'<text class="title" x="0" y="20">{escape(title)}</text>'
        f'<text class="faint" x="0" y="42">{escape(subtitle)}</text>'
    )
    path.write_text("\n".join([head, *parts, "</svg>"]) + "\n")
