"""The degradation table, as lines for people; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shadowmon.console.plain import plain
from shadowmon.policy.sentences import percent
from shadowmon.records import Contrast, Grade
from shadowmon.trial.benchmark import Benchmarked, Row


_HEAD = (
    "benchmark",
    "metric",
    "baseline",
    "optimized",
    "drop",
    "relative",
    "interval",
    "limit",
    "n",
    "",
)
_LEFT = 2
"""So many columns are words; the others are figures, and stand on the right."""

_WORDS = {
    Grade.ACCEPT: "accepted",
    Grade.REVIEW: "for review",
    Grade.REJECT: "rejected",
}


def lines(found: Benchmarked) -> Iterator[str]:
    """Write a verdict out: the table, and the sentence that decides."""
    rows = [_HEAD, *(_cells(row) for row in found.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        yield _line(cells, widths).rstrip()
    yield ""
    if any(not row.paired for row in found.rows):
        yield (
            "means alone are compared as those of independent samples; results for each question "
            "(lm_eval --log_samples) prove more"
        )
    yield f"{_WORDS[found.grade]}: {found.sentence}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(
        cell.ljust(width) if place < _LEFT or place == len(cells) - 1 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )


def _cells(row: Row) -> tuple[str, ...]:
    missing = f" (+{row.missing} missing)" if row.missing else ""
    return (
        plain(row.benchmark, limit=40),
        plain(row.metric, limit=40),
        _figure(row.baseline),
        _figure(row.optimized),
        _figure(row.absolute_drop, sign=True),
        "-" if row.relative_drop is None else percent(row.relative_drop),
        _interval(row),
        percent(row.limit) + ("" if _is_relative(row) else " abs."),
        f"{row.count}{missing}",
        _WORDS[row.grade],
    )


def _is_relative(row: Row) -> bool:
    return row.about in {Contrast.RELATIVE_DROP, Contrast.RELATIVE_RISE}


def _figure(value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return "-"
    return f"{value:+.4f}" if sign else f"{value:.4f}"


def _interval(row: Row) -> str:
    if row.interval == (None, None):
        return "-"
    lower, upper = ("?" if end is None else percent(end) for end in row.interval)
    return f"[{lower}, {upper}]"
