"""A judge's calibration, as lines for people; pure."""

from __future__ import annotations

import math

from collections.abc import Iterator

from shadowmon.evidence.judged import Calibration, Choice
from shadowmon.evidence.ppi import Estimate
from shadowmon.evidence.verbosity import Slope


_FEW_LABELS = 30
"""Below it the normal approximation of an interval is not to be relied upon."""


def lines(found: Calibration, *, alpha: float) -> Iterator[str]:
    """Write a calibration out."""
    yield f"{found.count} comparisons, {found.labels} of them judged by people too"
    yield ""
    yield f"optimized model's win rate, a tie as one half, with {1 - alpha:.0%} intervals:"
    yield _rate("judge alone (biased as the judge is)", found.naive)
    yield from _by_people(found)
    yield ""
    yield from _confusion(found)
    yield f"another verdict in the other order: {found.inconsistent:.1%}"
    yield ""
    yield _slope("judge", found.judge_slope)
    yield _slope("people", found.human_slope)


def _by_people(found: Calibration) -> Iterator[str]:
    if found.human is None or found.corrected is None:
        yield "  people: too few labels; label a random sample of the comparisons"
        return
    yield _rate("people alone", found.human)
    yield _rate("judge put right by people (PPI++)", found.corrected.estimate)
    yield (
        f"the judge is worth {found.corrected.worth_labels:.0f} labels more "
        f"(listened to with weight {found.corrected.weight:.2f})"
    )
    if found.labels < _FEW_LABELS:
        yield f"with fewer than {_FEW_LABELS} labels the intervals of people are too narrow"


def _rate(who: str, estimate: Estimate) -> str:
    return f"  {who:<38}{estimate.rate:.3f}  [{estimate.lower:.3f}, {estimate.upper:.3f}]"


def _confusion(found: Calibration) -> Iterator[str]:
    if found.agreement is None:
        return
    yield "people say \\ judge says" + "".join(f"{judge:>11}" for judge in Choice)
    for human in Choice:
        cells = "".join(f"{found.confusion.get((human, judge), 0):>11}" for judge in Choice)
        yield f"{human:<23}{cells}"
    yield f"agreement with people: {found.agreement:.1%}"


def _slope(who: str, slope: Slope | None) -> str:
    if slope is None:
        return f"{who}: too few wins and losses to see whether longer answers are preferred"
    return (
        f"{who}: odds of winning x {math.exp(slope.slope):.2f} with each doubling of the length "
        f"(slope {slope.slope:+.2f}, standard error {slope.standard_error:.2f})"
    )
