"""
A trial's figures on a terminal: each with its interval, drawn between its limits. Pure.

Rule: figures and counts are told whole; on a narrow terminal the line gives way, and names do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from rich.table import Table
from rich.text import Text

from shadowmon.console.plain import plain
from shadowmon.policy.sentences import percent


Json: TypeAlias = Mapping[str, Any]

_CONTRASTS: Mapping[str, str] = {
    "mean": "divergence",
    "relative_drop": "drop",
    "absolute_rise": "rise",
    "relative_rise": "relative rise",
    "any_rise": "any rise",
}
_GAP = 2
_BAR_MIN, _BAR_LESS = 12, 58
"""Cells of the line: so many at least, and so many fewer than there are at most."""


def figure_table(trial: Json, width: int) -> Table:
    """Draw a row for the primary metric and for whatever has a limit."""
    shown = _shown(trial)
    words = [(_name(figure), _estimate(figure), f"{figure['count']:,}") for figure in shown]
    names, estimates, counts = (max(map(len, each), default=0) for each in _columns(words))
    left = width - estimates - counts - 3 * _GAP
    cells = max(_BAR_MIN, min(left - names, width - _BAR_LESS))
    table = Table.grid(padding=(0, _GAP))
    table.add_column(no_wrap=True, width=max(1, min(names, left - cells)))
    table.add_column(no_wrap=True, width=estimates)
    table.add_column(no_wrap=True, width=cells)
    table.add_column(no_wrap=True, width=counts, justify="right")
    for figure, (name, estimate, count) in zip(shown, words, strict=True):
        bar = Text(interval_bar(figure, cells), style=_colour(figure))
        table.add_row(name, estimate, bar, count)
    return table


def _columns(rows: list[tuple[str, str, str]]) -> tuple[list[str], list[str], list[str]]:
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]


def _name(figure: Json) -> str:
    name = plain(figure["metric"], limit=22)
    if figure["slice"] != "all":
        name += f" in {plain(figure['slice'], limit=12)}"
    return f"{name} {_CONTRASTS[figure['contrast']]}"


def _shown(trial: Json) -> list[Json]:
    def asked(figure: Json) -> bool:
        limits = (figure["acceptable"], figure["red_line"])
        return figure["metric"] == trial["primary"] or any(limit is not None for limit in limits)

    figures = [figure for figure in trial["figures"] if asked(figure)]
    return sorted(figures, key=lambda figure: figure["metric"] != trial["primary"])


def _estimate(figure: Json) -> str:
    if figure["estimate"] is None:
        return "no figure yet"
    if figure["lower"] is None or figure["upper"] is None:
        return percent(figure["estimate"])
    band = f"[{percent(figure['lower'])}, {percent(figure['upper'])}]"
    return f"{percent(figure['estimate'])} {band}"


def _colour(figure: Json) -> str:
    """Green once the interval lies below what is acceptable, red once above the red line."""
    lower, upper = figure["lower"], figure["upper"]
    acceptable, red_line = figure["acceptable"], figure["red_line"]
    if None not in {lower, red_line} and lower > red_line:
        return "red"
    if None not in {upper, acceptable} and upper < acceptable:
        return "green"
    return ""


def interval_bar(figure: Json, width: int) -> str:
    """
    Draw a figure's interval against its limits on one line of `width` cells.

    The line reaches from half the largest limit below zero to half of it above that limit; what
    lies beyond is drawn at its end as an arrow. Right is worse.
    """
    limits = [limit for limit in (figure["acceptable"], figure["red_line"]) if limit]
    values = [figure[key] for key in ("lower", "estimate", "upper") if figure[key] is not None]
    span = max(limits) if limits else max(map(abs, values), default=0.0) or 1.0
    scale = _Scale(low=-span / 2, high=span * 1.5, width=width)
    cells = ["·"] * width
    if figure["lower"] is not None and figure["upper"] is not None:
        first, last = scale.cell(figure["lower"]), scale.cell(figure["upper"])
        cells[first : last + 1] = "━" * (last + 1 - first)
    for key, mark in (("acceptable", "A"), ("red_line", "R"), ("estimate", "●")):
        if figure[key] is None:
            continue
        at = scale.cell(figure[key])
        if mark == "R" and cells[at] == "A" and at > 0:
            cells[at - 1] = "A"  # both limits in one cell: side by side, or one would be hidden
        cells[at] = mark
    if figure["lower"] is not None and figure["lower"] < scale.low:
        cells[0] = "◄"
    if figure["upper"] is not None and figure["upper"] > scale.high:
        cells[-1] = "►"
    return "".join(cells)


class _Scale:
    """Values to cells."""

    def __init__(self, *, low: float, high: float, width: int) -> None:
        self.low = low
        self.high = high
        self._width = width

    def cell(self, value: float) -> int:
        """Return the cell of a value; the first or the last one for what lies beyond."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return min(int(share * self._width), self._width - 1)
