"""A whole picture: chosen panels of a dashboard in the places that Grafana would give them."""

from __future__ import annotations

from collections.abc import Sequence

from grafana.drawing import lines, states
from grafana.drawing.panel import Filled, Place, framed
from grafana.drawing.svg import BACKGROUND, FONT, WEAK, box, element, text


COLUMNS, COLUMN, ROW, GAP = 24, 50.0, 30.0, 8.0
"""Pixels of a column; a row of the grid is 30 pixels and a gap, as in Grafana."""
EDGE, HEADING = 12.0, 56.0

_DRAWN = {"stat": states.figures, "state-timeline": states.timeline, "timeseries": lines.drawn}


def picture(title: str, sentence: str, panels: Sequence[tuple[str, Filled]]) -> str:
    """
    Return a dashboard as SVG.

    Args:
        title: The dashboard's.
        sentence: What of it is seen, and how it was made; stands beside the title.
        panels: (title with its variables filled in, panel), in order. A panel that has no place
            beside the one before it goes below.

    Raises:
        KeyError: If a panel is of a type that cannot be drawn.

    """
    places = placed([filled.panel["gridPos"] for _, filled in panels])
    width = COLUMNS * COLUMN + 2 * EDGE
    height = max(place.y + place.height for place in places) + EDGE
    inside = [
        framed(place, name, _DRAWN[filled.panel["type"]](filled, place))
        for (name, filled), place in zip(panels, places, strict=True)
    ]
    return element(
        "svg",
        "\n",
        box(0, 0, width, height, fill=BACKGROUND),
        "\n",
        text(EDGE + 4, 34, title, font_size=20, font_weight=500),
        text(width - EDGE - 4, 34, sentence, fill=WEAK, text_anchor="end"),
        "\n",
        "\n".join(inside),
        "\n",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        font_family=FONT,
    )


def placed(sizes: Sequence[dict[str, int]]) -> list[Place]:
    """Return where panels of these widths and heights go: beside each other, then below."""
    places: list[Place] = []
    column, top, deepest = 0, HEADING, HEADING
    for size in sizes:
        if column + size["w"] > COLUMNS:
            column, top = 0, deepest
        height = size["h"] * (ROW + GAP)
        places.append(
            Place(
                x=EDGE + column * COLUMN + GAP / 2,
                y=top,
                width=size["w"] * COLUMN - GAP,
                height=height - GAP,
            )
        )
        column += size["w"]
        deepest = max(deepest, top + height)
    return places
