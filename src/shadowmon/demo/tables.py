"""The story's tables, for a terminal; no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich import box
from rich.table import Table

from shadowmon.demo import journal
from shadowmon.demo.journal import Line, Reason
from shadowmon.demo.prepare import Model
from shadowmon.demo.seen import STANDARD_ERRORS, Seen
from shadowmon.policy.sentences import e_value, percent


SUDDEN = " *"
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
    """Show every decision and the figures that it was made on, trial by trial."""
    table = _table(
        "after", "trial", "what happened", "rule", "pairs", "estimate", "limit", "e-value"
    )
    for trial in trials:
        for row in _decisions(lines, trial, begun):
            table.add_row(*row)
        table.add_section()
    if any(SUDDEN in str(cell) for cell in table.columns[3].cells):
        table.caption, table.caption_justify = SUDDEN_NOTE, "left"
    return table


def _decisions(lines: Sequence[Line], trial: str, begun: datetime) -> Iterator[list[str]]:
    own = journal.of(lines, trial)
    moves = [line for line in own if line.kind == "stage_entered"]
    for move in moves:
        verdict = journal.verdict_before(own, move)
        yield from _rows(move, verdict, begun, what=_what(move))
    verdicts = [line for line in own if line.kind == "verdict"]
    if verdicts and (not moves or verdicts[-1].number > moves[-1].number):
        yield from _rows(verdicts[-1], verdicts[-1], begun, what="stays where it is")


def _what(move: Line) -> str:
    words = {"climb": "climbed to", "drop": "rolled back to", "step_down": "stepped down to"}
    word = words.get(move.data["move"], move.data["move"])
    return f"{word} {percent(move.data['weight'] / 10_000)}"


def _rows(line: Line, verdict: Line | None, begun: datetime, *, what: str) -> Iterator[list[str]]:
    after = f"{(line.at - begun).total_seconds():.1f} s"
    if verdict is None:
        yield [after, line.trial, what, "", "", "", "", ""]
        return
    for place, reason in enumerate(_deciding(verdict)):
        first = [after, line.trial, what] if place == 0 else ["", "", ""]
        yield [*first, *_figures(reason, verdict)]


def _deciding(verdict: Line) -> list[Reason]:
    """Return every proven rule of a climb, for it took all of them; else the first reason."""
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
        percent(reason.claim["limit"]),
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
        return percent(reason.estimate)
    return f"{percent(reason.estimate)} [{percent(reason.lower)}, {percent(reason.upper)}]"


def seen_table(seen: Sequence[Seen]) -> Table:
    """Show what users got beside what was applied."""
    allowed = f"allowed ± ({STANDARD_ERRORS:g} SE)"
    table = _table("trial", "applied", "requests", "answered by it", "observed", allowed, "holds")
    for each in seen:
        table.add_row(
            each.window.trial,
            percent(each.window.weight),
            f"{each.asked}",
            f"{each.answered}",
            f"{each.share:.2%}" if each.asked else "none asked",
            f"{STANDARD_ERRORS * each.standard_error:.2%}",
            "yes" if each.holds else "NO",
        )
    return table


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="left", no_wrap=column != "what happened")
    return table
