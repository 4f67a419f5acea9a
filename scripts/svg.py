"""A picture of lines, boxes and words, as the text of an SVG file.

It has a paper of its own, light or dark as its reader's system is, so that it can be read on any
page. Numbers are rounded, so that the text is the same everywhere.
"""

from collections.abc import Sequence
from html import escape

__all__ = ["Drawing"]

# Colours by name: on light paper, and on dark.
COLOURS = {
    "ink": ("#1f2328", "#e6edf3"),
    "soft": ("#6e7781", "#9198a1"),
    "faint": ("#d0d7de", "#3d444d"),
    "blue": ("#0969da", "#58a6ff"),
    "orange": ("#bc4c00", "#f0883e"),
    "green": ("#1a7f37", "#3fb950"),
    "paper": ("#ffffff", "#0d1117"),
}


class Drawing:
    """Shapes in the order in which they are drawn.

    **Arguments:** `width` and `height`; `title`, what the picture shows, in words.
    """

    def __init__(self, width: float, height: float, title: str):
        self.size, self.title = (width, height), title
        self.shapes: list[str] = []
        self.box((0, 0, width, height), fill="paper", rounded=8)

    def words(
        self, at: tuple[float, float], text: str, *, anchor: str = "middle", size: int = 13,
        colour: str = "ink",
    ) -> None:  # fmt: skip
        """Write a line; `anchor` is start, middle or end."""
        x, y = map(_short, at)
        look = f'class="fill-{colour}" font-size="{size}" text-anchor="{anchor}"'
        self.shapes.append(f'<text x="{x}" y="{y}" {look}>{escape(text)}</text>')

    def line(
        self, points: Sequence[tuple[float, float]], *, colour: str = "ink", width: float = 1.5,
        dashed: bool = False, arrow: bool = False,
    ) -> None:  # fmt: skip
        """Draw a line through points, with an arrow at its end if asked."""
        path = " ".join(f"{_short(x)},{_short(y)}" for x, y in points)
        more = ' stroke-dasharray="4 3"' if dashed else ""
        more += f' marker-end="url(#{colour})"' if arrow else ""
        look = f'class="line-{colour}" stroke-width="{_short(width)}"{more}'
        self.shapes.append(f'<polyline points="{path}" {look}/>')

    def area(self, points: Sequence[tuple[float, float]], *, colour: str) -> None:
        """Fill what points go round, lightly."""
        path = " ".join(f"{_short(x)},{_short(y)}" for x, y in points)
        self.shapes.append(f'<polygon points="{path}" class="fill-{colour}" opacity="0.2"/>')

    def box(
        self, place: tuple[float, float, float, float], *, fill: str = "paper", line: str = "",
        rounded: float = 2, dashed: bool = False,
    ) -> None:  # fmt: skip
        """Draw a box at (x, y, width, height)."""
        x, y, width, height = map(_short, place)
        look = f"fill-{fill}" + (f" edge-{line}" if line else "")
        more = ' stroke-dasharray="4 3"' if dashed else ""
        corner = f'x="{x}" y="{y}" width="{width}" height="{height}" rx="{_short(rounded)}"'
        self.shapes.append(f'<rect {corner} class="{look}"{more}/>')

    def disc(self, at: tuple[float, float], radius: float, *, fill: str, line: str = "ink") -> None:
        """Draw a disc."""
        x, y = map(_short, at)
        look = f'class="fill-{fill} edge-{line}"'
        self.shapes.append(f'<circle cx="{x}" cy="{y}" r="{_short(radius)}" {look}/>')

    def text(self) -> str:
        """Return the file."""
        width, height = map(_short, self.size)
        inside = "\n".join(self.shapes)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img">\n'
            f"<title>{escape(self.title)}</title>\n<style>\n{_style()}</style>\n"
            f"<defs>\n{_arrows()}</defs>\n{inside}\n</svg>\n"
        )


def _style() -> str:
    """Return the looks of all colours, on light paper and on dark."""
    rules = ["text { font-family: system-ui, 'DejaVu Sans', sans-serif; }"]
    dark = []
    for name, (light, other) in COLOURS.items():
        for kept, colour in ((rules, light), (dark, other)):
            kept.append(f".fill-{name} {{ fill: {colour}; }}")
            kept.append(f".line-{name} {{ stroke: {colour}; fill: none; }}")
            kept.append(f".edge-{name} {{ stroke: {colour}; stroke-width: 1.5px; }}")
    inside = "\n".join(dark)
    return "\n".join(rules) + f"\n@media (prefers-color-scheme: dark) {{\n{inside}\n}}\n"


def _arrows() -> str:
    """Return an arrow of each colour."""
    shape = 'viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"'
    return "".join(
        f'<marker id="{name}" {shape}><path d="M0,0 L8,4 L0,8 z" class="fill-{name}"/></marker>\n'
        for name in COLOURS
    )


def _short(number: float) -> str:
    """Return a number with at most a decimal."""
    return f"{round(number, 1):g}"
