"""
A trial on a terminal: where it stands, how its figures lie between the limits, how the races go.

Pure: the JSON of the API in, something that rich can draw out. `shadowmon status --watch` and the
demo draw the same picture.

Rule 1: every text of the API goes through `plain`, and never through rich's markup.
Rule 2: colour is never the only mark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Any, TypeAlias

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from shadowmon.console.classes import class_lines, mix_lines
from shadowmon.console.figures import figure_table
from shadowmon.console.plain import plain
from shadowmon.console.waits import waits


Json: TypeAlias = Mapping[str, Any]

WIDTH_MIN = 60
_WIDTH_MAX = 140
_FRAME = 4
_WIDE = 90
"""From here on there is room for long races."""
_DONE = 100.0

_PHASES: Mapping[str, str] = {
    "progressing": "yellow",
    "promoted": "green",
    "rolled_back": "bold red",
}
_GRADES: Mapping[str, str] = {
    "accept": "green",
    "review": "yellow",
    "borderline": "yellow",
    "reject": "bold red",
    "red_line": "bold red",
}
_OF_PAIRS = ("unpaired", "unscorable", "scored")
"""Stages of the funnel that count pairs."""
_LEGEND = "● estimate  ━ its interval  A acceptable  R red line"


def picture(status: Json, trials: Json, width: int) -> RenderableType:
    """
    Draw the daemon.

    Args:
        status: The answer of GET /api/v1/status.
        trials: The answer of GET /api/v1/trials.
        width: Of the terminal, in cells; the picture takes between 60 and 140 of them.
    """
    inner = max(WIDTH_MIN, min(width, _WIDTH_MAX)) - _FRAME
    panels = [_trial(trial, status["at"], inner) for trial in trials["trials"]]
    if not panels:
        panels = [Panel(Text("no trial is configured"), width=inner + _FRAME)]
    return Group(*panels, *_footer(status))


def _trial(trial: Json, at: str, width: int) -> Panel:
    rows: Iterator[RenderableType] = chain(
        [_where(trial), _ladder(trial), _pairs(trial, at)],
        [figure_table(trial, width)],
        map(Text, class_lines(trial["classification"])),
        map(Text, mix_lines(trial["mix"])),
        [_races(trial, 20 if width >= _WIDE else 10)],
        _decision(trial),
    )
    title = (
        f"{plain(trial['id'])} · {plain(trial['task'])} · {plain(trial['baseline'])} → "
        f"{plain(trial['optimized'])} (version {plain(trial['version'])})"
    )
    style = _PHASES.get(trial["phase"], "")
    return Panel(
        Group(*rows),
        title=Text(title),
        title_align="left",
        border_style=style,
        width=width + _FRAME,
    )


def _where(trial: Json) -> Text:
    text = Text(f"route {plain(trial['route'])}: ")
    text.append(trial["phase"].replace("_", " "), style=_PHASES.get(trial["phase"], "bold"))
    if trial["paused"]:
        text.append("  PAUSED", style="bold yellow")
    wants, has = trial["desired_weight"], trial["applied_weight"]
    text.append(f"   wants {_share(wants)}, has {_share(has)} of the traffic")
    if trial["actuator"] == "dry_run":
        text.append("  (dry run: nothing is moved)", style="yellow")
    elif has != wants:
        text.append("  (not there yet)", style="yellow")
    return text


def _ladder(trial: Json) -> Text:
    """Draw every rung, and brackets round the one it stands on."""
    stages = [{"name": "shadow", "present": trial["state"]["stage_index"] < 0}, *trial["stages"]]
    text = Text("stages  ")
    for at, stage in enumerate(stages):
        name = plain(stage["name"])
        text.append(" ─ " if at else "", style="dim")
        text.append(*((f"[{name}]", "bold reverse") if stage["present"] else (name, "dim")))
    return text


def _pairs(trial: Json, at: str) -> Text:
    text = Text(f"pairs   {trial['pairs']:,}, {trial['pairs_in_stage']:,} of them in this stage")
    if trial["last_pair_at"] is not None:
        age = datetime.fromisoformat(at) - datetime.fromisoformat(trial["last_pair_at"])
        text.append(f", the last {max(0.0, age.total_seconds()):.0f} s ago")
    text.append(f"; held against {plain(trial['truth'])}", style="dim")
    return text


# --- Races -----------------------------------------------------------------


def _races(trial: Json, cells: int) -> Text:
    text = Text("proof   climb ")
    climbs = [rule for rule in trial["rules"] if _is_climb(rule)]
    slowest = min(climbs, key=_percent, default=None)
    if slowest is None:
        text.append("nothing is asked", style="dim")
    else:
        text.append(race_bar(_percent(slowest), cells), style="green")
        text.append(f" ({plain(slowest['rule'])})")
    text.append("   roll back ")
    text.append(race_bar(_percent(trial["roll_back"]), cells), style="red")
    return text


def _is_climb(rule: Json) -> bool:
    """Is it one of the rules that a climb waits for? `borderline` is proven below a limit too."""
    return (
        bool(rule["armed"]) and rule["claim"]["side"] == "better" and rule["rule"] != "borderline"
    )


def _percent(race: Json) -> float:
    return race["percent_of_need"] or 0.0


def race_bar(share: float, cells: int) -> str:
    """Draw how far a claim is proven: `███████░░░  70 %`; a proven one says so."""
    full = min(cells, int(share / _DONE * cells))
    said = "proven" if share >= _DONE else f"{int(share)} %"
    return "█" * full + "░" * (cells - full) + f" {said}"


def _decision(trial: Json) -> Iterator[Text]:
    verdict = trial["verdict"]
    if verdict is None:
        yield Text("no verdict yet", style="dim")
    else:
        sentence = plain(verdict["sentence"], limit=400)
        yield Text(sentence, style=_GRADES.get(verdict["grade"], ""))
    yield from (Text(line, style="yellow") for line in waits(trial))


# --- The daemon ------------------------------------------------------------


def _footer(status: Json) -> Iterator[RenderableType]:
    yield Text(_LEGEND, style="dim")
    yield Text(funnel(status["funnel"]))
    if frozen := status["freeze"]:
        who, why = plain(frozen["operator"]), plain(frozen["reason"])
        yield Text(f"EVERYTHING IS FROZEN by {who} since {frozen['since']}: {why}", "bold yellow")
    for problem in status["problems"]:
        yield Text(f"not ready: {plain(problem)}", style="bold red")
    if not status["config_reload_successful"]:
        yield Text("the last reload was refused; the former configuration is in force", "yellow")


def funnel(counts: Mapping[str, int]) -> str:
    """
    Tell what became of the requests, then of their pairs: each trial makes a pair of a request.

    Zeros are not told, but for the first and the last.
    """
    said: dict[bool, list[str]] = {False: [], True: []}
    for name, count in counts.items():
        if count or name in {"seen", "scored"}:
            said[name in _OF_PAIRS].append(f"{plain(name).replace('_', ' ')} {count:,}")
    return f"requests: {' → '.join(said[False])}   pairs: {' → '.join(said[True])}"


def _share(weight: Json | None) -> str:
    return "?" if weight is None else f"{weight['percent']:g} %"
