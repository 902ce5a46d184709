"""
What a person sees beside an e-value: counts, rates, the figure and its interval.

It belongs to a metric, a slice and a contrast; every claim about these has the same. No rule
decides by it.

Rule: an interval holds for all time (confseq.py), and costs far more than an e-value. So one that
was drawn is kept until its account has grown by a hundredth, unless the figure has left it or a
part of the account was lost. What was drawn when is remembered: the same accounts and the same
memory show the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, TypeAlias

from shadowmon.evidence import confseq, outcomes, sampling
from shadowmon.evidence.confseq import Interval
from shadowmon.evidence.sampling import Accounts
from shadowmon.records import Contrast, Metric


Drawn: TypeAlias = Sequence[Any]
"""As JSON: pairs, missing ones too, when an interval was drawn; its lower and its upper end."""

_KEPT_FOR = 100
"""An interval is drawn again when the account has grown by a hundredth since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """All but the interval."""

    count: int
    missing: int
    baseline_rate: float | None
    optimized_rate: float | None
    estimate: float | None


def read(metric: Metric, contrast: Contrast, accounts: Accounts) -> Shown:
    """Read off accounts, by sampling rate, what is measured."""
    pooled = sampling.weighted_sum(accounts, places=outcomes.places(metric))
    baseline_rate, optimized_rate = outcomes.rates(metric, pooled)
    return Shown(
        count=sum(outcomes.pairs(metric, account) for account in accounts.values()),
        missing=sum(outcomes.missing(metric, account) for account in accounts.values()),
        baseline_rate=baseline_rate,
        optimized_rate=optimized_rate,
        estimate=outcomes.estimate(metric, contrast, pooled),
    )


def draw(
    metric: Metric,
    contrast: Contrast,
    cells: Iterable[tuple[Accounts, Shown, Drawn | None]],
    *,
    alpha: float,
    rates: Sequence[int],
) -> list[Drawn]:
    """
    Draw the intervals of many cells, where they are not kept.

    Args:
        metric: What is measured.
        contrast: Which figure.
        cells: The accounts of each, what was read off them, and what was drawn of it before.
        alpha: As in `confseq.interval`.
        rates: As in `confseq.interval`.

    """
    cells = list(cells)
    due = [number for number, (_, shown, drawn) in enumerate(cells) if not _is_kept(drawn, shown)]
    found: list[Drawn] = [drawn or () for _, _, drawn in cells]
    intervals = confseq.intervals(
        metric, contrast, [cells[number][0] for number in due], alpha=alpha, rates=rates
    )
    for number, ends in zip(due, intervals, strict=True):
        found[number] = [_pairs(cells[number][1]), *ends]
    return found


def interval_of(drawn: Drawn) -> Interval:
    """Return the ends of what was drawn."""
    _, lower, upper = drawn
    return lower, upper


def _pairs(shown: Shown) -> int:
    return shown.count + shown.missing


def _is_kept(drawn: Drawn | None, shown: Shown) -> bool:
    if drawn is None or shown.estimate is None:
        return False
    pairs, lower, upper = drawn
    if lower is None and upper is None:
        return False
    if (
        not (-inf if lower is None else lower)
        <= shown.estimate
        <= (inf if upper is None else upper)
    ):
        return False
    return bool(0 <= _KEPT_FOR * (_pairs(shown) - pairs) < pairs)
