"""What a panel's JSON asks for, read once; and the frame that all panels have."""

from __future__ import annotations

import re

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana.drawing.svg import BORDER, COLOURS, PALETTE, PANEL, box, text


HEAD = 34.0
"""Pixels of a panel's title."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line of an answer."""

    name: str
    points: Sequence[tuple[float, float]]
    """(seconds since the epoch, value), in order."""

    @property
    def last(self) -> float:
        """The newest value."""
        return self.points[-1][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Whatever is drawn over time begins and ends here: seconds since the epoch."""

    start: float
    end: float

    def share(self, at: float) -> float:
        """Return where in it a moment lies: 0 is its start, 1 its end."""
        return (at - self.start) / (self.end - self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment that an annotation names."""

    at: float
    colour: str
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A rectangle, in pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How one series of a panel is drawn."""

    colour: str
    width: float = 1.5
    dash: str = ""
    fill_to: str = ""
    """The name of the series down to which the area is filled; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A panel with the answers to its queries."""

    panel: Mapping[str, Any]
    series: Sequence[Series]
    span: Span
    marks: Sequence[Mark] = field(default=())

    @property
    def unit(self) -> str:
        """Grafana's name of it."""
        return str(self.panel["fieldConfig"]["defaults"]["unit"])

    def look(self, number: int) -> Look:
        """Return how a series is drawn: by its place in the palette, and by the overrides."""
        name = self.series[number].name
        found: dict[str, Any] = {"colour": PALETTE[number % len(PALETTE)]}
        for override in self.panel["fieldConfig"].get("overrides", []):
            if _matches(override["matcher"], name):
                for made in override["properties"]:
                    found |= _property(made["id"], made["value"])
        return Look(**found)

    def state(self, value: float) -> tuple[str, str]:
        """Return (word, colour) of an integer that the panel has words for."""
        for mapping in self.panel["fieldConfig"]["defaults"].get("mappings", []):
            shown = mapping["options"].get(str(int(value)))
            if shown:
                return shown["text"], COLOURS[shown["color"]]
        return str(value), COLOURS["text"]


def framed(place: Place, title: str, *inside: str) -> str:
    """Return a panel's background and title, with what is inside."""
    background = box(
        place.x + 0.5,
        place.y + 0.5,
        place.width - 1,
        place.height - 1,
        rx=3,
        fill=PANEL,
        stroke=BORDER,
    )
    head = text(place.x + 12, place.y + 22, title, font_size=14, font_weight=500)
    return "\n".join([background, head, *inside])


def legend(template: str, labels: Mapping[str, str]) -> str:
    """Fill labels into a legend's {{places}}."""
    return re.sub(r"{{\s*(\w+)\s*}}", lambda found: labels.get(found[1], ""), template)


def _matches(matcher: Mapping[str, str], name: str) -> bool:
    wanted = matcher["options"]
    if matcher["id"] == "byRegexp":
        return re.search(wanted.strip("/"), name) is not None
    return wanted == name


def _property(what: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - as JSON has it
    match what:
        case "color":
            return {"colour": COLOURS[value["fixedColor"]]}
        case "custom.lineWidth":
            return {"width": float(value)}
        case "custom.lineStyle":
            return {"dash": " ".join(map(str, value["dash"]))}
        case "custom.fillBelowTo":
            return {"fill_to": value}
        case _:
            return {}
