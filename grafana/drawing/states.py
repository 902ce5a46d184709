"""Panels of numbers and states: large figures, and what was the case when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from grafana.drawing.panel import HEAD, Filled, Place
from grafana.drawing.svg import COLOURS, WEAK, box, text
from grafana.drawing.units import marks, written


LEFT, RIGHT = 76.0, 14.0
LETTER = 7.0


def figures(filled: Filled, place: Place) -> str:
    """Return the newest value of each series, in large letters and the colour of its threshold."""
    count = len(filled.series)
    middle = place.y + HEAD + (place.height - HEAD) / 2
    drawn = []
    for number, series in enumerate(filled.series):
        x = place.x + place.width * (number + 0.5) / count
        said, colour = _figure(filled, series.last)
        style = {"text_anchor": "middle", "font_weight": 500}
        drawn.append(text(x, middle + 10, said, fill=colour, font_size=36, **style))
        if count > 1:
            drawn.append(text(x, middle + 36, series.name, fill=WEAK, text_anchor="middle"))
    return "\n".join(drawn)


def _figure(filled: Filled, value: float) -> tuple[str, str]:
    defaults = filled.panel["fieldConfig"]["defaults"]
    if defaults.get("mappings"):
        return filled.state(value)
    steps = defaults["thresholds"]["steps"]
    reached = [step for step in steps if step["value"] is None or value >= step["value"]]
    return written(value, filled.unit), COLOURS[reached[-1]["color"]]


def timeline(filled: Filled, place: Place) -> str:
    """Return a bar for each series, in the colours of its states."""
    height = (place.height - HEAD - 34) / len(filled.series)
    return "\n".join(
        [
            *(
                bar
                for number in range(len(filled.series))
                for bar in _bar(filled, number, place, place.y + HEAD + number * height, height - 6)
            ),
            *_clock(filled, place),
        ]
    )


def _bar(filled: Filled, number: int, place: Place, y: float, height: float) -> Iterator[str]:
    series = filled.series[number]
    left, width = place.x + LEFT, place.width - LEFT - RIGHT
    yield text(left - 8, y + height / 2 + 4, series.name, fill=WEAK, text_anchor="end")
    for begin, end, value in stretches(series.points, until=filled.span.end):
        word, colour = filled.state(value)
        x, x_end = (left + width * filled.span.share(at) for at in (begin, end))
        yield box(x, y, x_end - x, height, fill=colour, fill_opacity=0.75, rx=1)
        if LETTER * len(word) + 8 < x_end - x:
            middle = y + height / 2 + 4
            yield text(x + 6, middle, word, fill="#111217", font_size=12, font_weight=600)


def stretches(
    points: Sequence[tuple[float, float]], *, until: float
) -> list[tuple[float, float, float]]:
    """Return (begin, end, value) of each time in which the value stayed the same."""
    changes = [
        (at, value)
        for number, (at, value) in enumerate(points)
        if not number or value != points[number - 1][1]
    ]
    ends = [*(at for at, _ in changes[1:]), until]
    return [(at, end, value) for (at, value), end in zip(changes, ends, strict=True)]


def _clock(filled: Filled, place: Place) -> Iterator[str]:
    left, width = place.x + LEFT, place.width - LEFT - RIGHT
    for at in marks(filled.span.start, filled.span.end, about=max(2, int(width // 110))):
        clock = datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")
        x = left + width * filled.span.share(at)
        style = {"fill": WEAK, "font_size": 11, "text_anchor": "middle"}
        yield text(x, place.y + place.height - 12, clock, **style)
