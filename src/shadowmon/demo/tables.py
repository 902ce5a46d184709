"""The story's tables, for a terminal; no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich import box
from rich.table import Table
from rich.text import Text

from shadowmon.demo import journal
from shadowmon.demo.journal import Line, Reason
from shadowmon.demo.prepare import Model
from shadowmon.demo.seen import STANDARD_ERRORS, Seen
from shadowmon.policy.sentences import e_value, percent


FIGURE = "figure, % [band]"
"""The one column that may take a second line where the terminal is narrow."""
SUDDEN = "*"
SUDDEN_NOTE = (
    "* a sudden change: the estimate is of all pairs so far, the proof is of the newest, for each "
    "few hundred pairs a fresh bet is taken up beside the old ones"
)


def models_table(models: Sequence[Model]) -> Table:
    """Show what each model costs and how good it really is."""
    table = _table("model", "bytes of weights", "cost", "accuracy", "true loss")
    for model in models:
        table.add_row(
            model.name,
            f"{model.size_bytes:,}",
            f"{model.size_bytes / models[0].size_bytes:.2f} x",
            f"{model.accuracy:.2%}",
            percent(model.loss),
        )
    return table


def decisions_table(lines: Sequence[Line], trials: Sequence[str], *, begun: datetime) -> Table:
    """Show every move, and the figures that it was decided on, trial by trial; 80 cells wide."""
    columns = ("s", "trial", "move", "rule", "pairs", FIGURE, "limit", "e-value")
    table = _table(*columns, gap=0)
    for trial in trials:
        for row in _decisions(journal.of(lines, trial), begun):
            table.add_row(*row)
        table.add_section()
    if any(SUDDEN in str(cell) for cell in table.columns[3].cells):
        table.caption, table.caption_justify = SUDDEN_NOTE, "left"
    return table


def _decisions(own: Sequence[Line], begun: datetime) -> Iterator[list[str]]:
    """Yield the rows of each move; of a trial that never moved, those of its newest verdict."""
    moves = [line for line in own if line.kind == "stage_entered"]
    for move in moves:
        word = _MOVES.get(move.data["move"], move.data["move"])
        where = f"{word} {_short(move.data['weight'] / 10_000)}"
        yield from _rows(move, journal.verdict_before(own, move), begun, what=where)
    verdicts = [line for line in own if line.kind == "verdict"]
    if verdicts and not moves:
        waits = verdicts[-1].data.get("decision") == "promote"
        yield from _rows(verdicts[-1], verdicts[-1], begun, what="waits" if waits else "held")


_MOVES = {"climb": "climb", "drop": "drop", "step_down": "down"}


def _rows(line: Line, verdict: Line | None, begun: datetime, *, what: str) -> Iterator[list[str]]:
    after = f"{(line.at - begun).total_seconds():.1f}"
    reasons = _deciding(verdict) if verdict else []
    if verdict is None or not reasons:
        yield [after, line.trial, what, "", "", "", "", ""]
        return
    for place, reason in enumerate(reasons):
        first = [after, line.trial, what] if place == 0 else ["", "", ""]
        yield [*first, *_figures(reason, verdict)]


def _deciding(verdict: Line) -> list[Reason]:
    """Return every proven rule of a climb, for it took them all; of anything else the first."""
    reasons = journal.reasons(verdict)
    if verdict.data.get("decision") == "promote":
        return [reason for reason in reasons if reason.grade == "accept"]
    return reasons[:1]


def _figures(reason: Reason, verdict: Line) -> list[str]:
    together = verdict.data.get("decision") == "roll_back"
    log_e = verdict.data["log_e_roll_back"] if together else reason.log_e_value
    return [
        reason.rule + (SUDDEN if _is_sudden(reason, verdict) else ""),
        f"{reason.count}",
        _estimate(reason),
        _short(reason.claim["limit"]),
        f"{_e_value(log_e)} of {_e_value(reason.log_e_needed)}",
    ]


def _is_sudden(reason: Reason, verdict: Line) -> bool:
    """Is a limit proven broken that the figure of all pairs keeps? Then the newest proved it."""
    taken = verdict.data.get("decision") in {"roll_back", "step_down"}
    return taken and reason.upper is not None and reason.upper < reason.claim["limit"]


def _e_value(log_e: float | None) -> str:
    return "0" if log_e is None else e_value(log_e)


def _estimate(reason: Reason) -> str:
    if reason.estimate is None:
        return "none yet"
    if reason.lower is None or reason.upper is None:
        return _bare(reason.estimate)
    return f"{_bare(reason.estimate)} [{_bare(reason.lower)}, {_bare(reason.upper)}]"


def _bare(value: float) -> str:
    """Write a ratio in percent, without the sign that the column's head has."""
    return percent(value).removesuffix(" %")


def _short(value: float) -> str:
    """Write a round ratio in percent: a weight or a limit."""
    return f"{value * 100:g}%"


def seen_table(seen: Sequence[Seen]) -> Table:
    """Show what users got beside what was applied."""
    allowed = f"± {STANDARD_ERRORS:g} SE"
    table = _table("trial", "applied", "requests", "answered by it", "observed", allowed, "holds")
    for each in seen:
        table.add_row(
            each.window.trial,
            _short(each.window.weight),
            f"{each.asked}",
            f"{each.answered}",
            f"{each.share:.2%}" if each.asked else "none asked",
            f"{STANDARD_ERRORS * each.standard_error:.2%}",
            _holds(each),
        )
    return table


def _holds(seen: Seen) -> str:
    if not seen.is_judged:
        return "too few to say"
    return "yes" if seen.holds else "NO"


def _table(*columns: str, gap: int = 1) -> Table:
    """Return an empty table; `gap` is what stands between two columns, besides one space."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, gap, 0, 0))
    for column in columns:
        table.add_column(Text(column), no_wrap=column != FIGURE)
    return table
