"""One row for each trial: the picture where the terminal is too low for the whole one; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from shadowmon.console.plain import plain
from shadowmon.policy.sentences import percent


def brief(trials: Mapping[str, Any]) -> Table:
    """
    Draw the trials in short.

    Args:
        trials: The answer of GET /api/v1/trials.

    """
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("trial", "phase", "has", "pairs", "figure [band]", "roll-back proven"):
        table.add_column(column, no_wrap=True)
    for trial in trials["trials"]:
        table.add_row(*map(Text, _row(trial)))
    return table


def _row(trial: Mapping[str, Any]) -> list[str]:
    weight = trial["applied_weight"]
    race = trial["roll_back"]["percent_of_need"]
    return [
        plain(trial["id"], limit=20),
        plain(trial["phase"]),
        "unknown" if weight is None else f"{weight['percent']:g}%",
        f"{trial['pairs']:,}",
        _primary(trial),
        "not begun" if race is None else f"{min(race, 100):.0f}%",
    ]


def _primary(trial: Mapping[str, Any]) -> str:
    """Return the figure that the trial is judged by, over all traffic."""
    for figure in trial["figures"]:
        if (figure["metric"], figure["slice"]) == (trial["primary"], "all"):
            return _figure(figure)
    return "none yet"


def _figure(figure: Mapping[str, Any]) -> str:
    if None in {figure["estimate"], figure["lower"], figure["upper"]}:
        return "none yet"
    band = f"[{percent(figure['lower'])}, {percent(figure['upper'])}]"
    return f"{percent(figure['estimate'])} {band}"
