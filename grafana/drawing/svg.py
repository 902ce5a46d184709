"""Elements of SVG as text."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr


FONT = "Inter, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"

BACKGROUND, PANEL, BORDER = "#111217", "#181b1f", "#2c3037"
TEXT, WEAK, GRID = "#ccccdc", "#9d9fa8", "#2a2e35"

COLOURS = {
    "green": "#73bf69",
    "yellow": "#fade2a",
    "orange": "#ff9830",
    "red": "#f2495c",
    "blue": "#5794f2",
    "purple": "#b877d9",
    "text": "#8e9099",
}
"""Grafana's colours by the names that dashboards use."""
PALETTE = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#705da0")
"""Of series that were given no colour, in order."""


def element(name: str, *children: str, **attributes: object) -> str:
    """Write an element; an underscore in an attribute's name stands for a hyphen."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(_plain(value))}"
        for key, value in attributes.items()
    )
    return f"<{name}{written}>{''.join(children)}</{name}>" if children else f"<{name}{written}/>"


def text(x: float, y: float, said: str, **attributes: object) -> str:
    """Write words; `y` is their baseline."""
    style = {"fill": TEXT, "font_size": 12} | attributes
    return element("text", escape(said), x=x, y=y, **style)


def box(x: float, y: float, width: float, height: float, **attributes: object) -> str:
    """Write a rectangle."""
    return element("rect", x=x, y=y, width=width, height=height, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: object) -> str:
    """Write a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, **attributes)


def path(points: Iterable[tuple[float, float]], **attributes: object) -> str:
    """Write a line through points."""
    return element("polyline", points=_through(points), fill="none", **attributes)


def area(points: Iterable[tuple[float, float]], **attributes: object) -> str:
    """Write what lies between points."""
    return element("polygon", points=_through(points), **attributes)


def _through(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{_plain(x)},{_plain(y)}" for x, y in points)


def _plain(value: object) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
