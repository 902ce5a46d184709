"""Panels of lines over time: axes, bands, marks of annotations, and a legend below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from grafana.drawing.panel import HEAD, Filled, Mark, Place, Series, Span
from grafana.drawing.svg import GRID, TEXT, WEAK, area, box, line, path, text
from grafana.drawing.units import marks, written


LEFT, RIGHT, BELOW = 76.0, 14.0, 24.0
LEGEND_ROW, LEGEND_GAP, LETTER = 20.0, 16.0, 6.4
"""Pixels: a row of the legend, what parts two names, and about what a letter takes."""


def drawn(filled: Filled, place: Place) -> str:
    """Return what is inside the frame."""
    names = _legend_rows(filled, place.width - 24)
    bottom = BELOW + LEGEND_ROW * len(names) + 8
    field = Place(
        x=place.x + LEFT,
        y=place.y + HEAD + 4,
        width=place.width - LEFT - RIGHT,
        height=place.height - HEAD - 4 - bottom,
    )
    low, high = _bounds(filled.series)
    scale = _Scale(field, filled.span, low, high)
    return "\n".join(
        [
            *_axes(scale, filled),
            *(_flag(scale, mark) for mark in filled.marks),
            *_bands(scale, filled),
            *_curves(scale, filled),
            *_legend(names, filled, place, field.y + field.height + BELOW + 12),
        ]
    )


class _Scale:
    """Where a moment and a value are, in pixels."""

    def __init__(self, field: Place, span: Span, low: float, high: float) -> None:
        self.field, self.span, self.low, self.high = field, span, low, high

    def x(self, at: float) -> float:
        return self.field.x + self.field.width * self.span.share(at)

    def y(self, value: float) -> float:
        return self.field.y + self.field.height * (self.high - value) / (self.high - self.low)

    def points(self, series: Series) -> list[tuple[float, float]]:
        return [(self.x(at), self.y(value)) for at, value in series.points]


def _bounds(many: Sequence[Series]) -> tuple[float, float]:
    """Return the lowest and the highest value, with some air."""
    values = [value for series in many for _, value in series.points]
    low, high = min(values), max(values)
    air = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return low - air if low else low, high + air


def _axes(scale: _Scale, filled: Filled) -> Iterator[str]:
    field = scale.field
    for value in marks(scale.low, scale.high, about=max(2, int(field.height // 36))):
        y = scale.y(value)
        yield line(field.x, y, field.x + field.width, y, stroke=GRID)
        said = written(value, filled.unit)
        yield text(field.x - 8, y + 4, said, fill=WEAK, font_size=11, text_anchor="end")
    times = marks(filled.span.start, filled.span.end, about=max(2, int(field.width // 110)))
    for at in times:
        x = scale.x(at)
        yield line(x, field.y, x, field.y + field.height, stroke=GRID)
        clock = datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")
        below = field.y + field.height + 16
        yield text(x, below, clock, fill=WEAK, font_size=11, text_anchor="middle")


def _flag(scale: _Scale, mark: Mark) -> str:
    x, top, foot = scale.x(mark.at), scale.field.y, scale.field.y + scale.field.height
    thread = line(x, top, x, foot, stroke=mark.colour, stroke_dasharray="3 3", opacity=0.8)
    arrow = area([(x, foot), (x - 4, foot + 6), (x + 4, foot + 6)], fill=mark.colour)
    return thread + arrow


def _bands(scale: _Scale, filled: Filled) -> Iterator[str]:
    by_name = {series.name: series for series in filled.series}
    for number, upper in enumerate(filled.series):
        look = filled.look(number)
        lower = by_name.get(look.fill_to)
        if lower is not None:
            around = [*scale.points(upper), *reversed(scale.points(lower))]
            yield area(around, fill=look.colour, fill_opacity=0.22)


def _curves(scale: _Scale, filled: Filled) -> Iterator[str]:
    for number, series in enumerate(filled.series):
        look = filled.look(number)
        if look.width:
            yield path(
                scale.points(series),
                stroke=look.colour,
                stroke_width=look.width,
                stroke_dasharray=look.dash or "none",
            )


def _legend_rows(filled: Filled, width: float) -> list[list[int]]:
    """Return which series' names stand in which row."""
    rows: list[list[int]] = []
    room = 0.0
    for number, series in enumerate(filled.series):
        needed = _width_of(series.name)
        if needed > room:
            rows.append([])
            room = width
        rows[-1].append(number)
        room -= needed
    return rows


def _width_of(name: str) -> float:
    return 20 + LETTER * len(name) + LEGEND_GAP


def _legend(rows: list[list[int]], filled: Filled, place: Place, top: float) -> Iterator[str]:
    for row, numbers in enumerate(rows):
        x, y = place.x + 12, top + row * LEGEND_ROW
        for number in numbers:
            look, name = filled.look(number), filled.series[number].name
            yield box(x, y - 1, 14, 4, rx=2, fill=look.colour)
            yield text(x + 20, y + 5, name, fill=TEXT, font_size=12)
            x += _width_of(name)
