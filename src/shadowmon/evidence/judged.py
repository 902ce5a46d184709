"""
What is a judge worth? Its verdicts beside those of people, on the same pairs.

Three win rates of the optimized model stand beside each other, ties counted as one half: what the
judge says of all pairs (naive: it has the judge's bias), what people say of theirs (few), and the
judge's put right by the people's (ppi.py).
"""

from __future__ import annotations

import enum
import math

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shadowmon.evidence.ppi import LABELS_MIN, Corrected, Estimate, corrected, mean_of
from shadowmon.evidence.verbosity import Slope, slope_of


class Choice(enum.StrEnum):
    """Which model's answer was called the better one."""

    BASELINE = "baseline"
    OPTIMIZED = "optimized"
    TIE = "tie"


POINTS: Mapping[Choice, float] = {Choice.BASELINE: 0.0, Choice.TIE: 0.5, Choice.OPTIMIZED: 1.0}
"""What the optimized model gets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One comparison."""

    judge: Choice
    human: Choice | None = None
    """None if no person judged it."""
    baseline_chars: int
    optimized_chars: int
    is_consistent: bool
    """Did the judge say the same in both orders?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What a judge is worth."""

    count: int
    labels: int
    """Comparisons that a person judged as well."""
    naive: Estimate
    human: Estimate | None
    """None with fewer than two labels."""
    corrected: Corrected | None
    confusion: Mapping[tuple[Choice, Choice], int]
    """(human, judge) -> comparisons."""
    agreement: float | None
    """Share of the labels that the judge agrees with; None without labels."""
    inconsistent: float
    """Share of the comparisons in which the judge changed its mind with the order."""
    judge_slope: Slope | None
    human_slope: Slope | None


def calibrate(judged: Sequence[Judged], *, alpha: float = 0.05) -> Calibration:
    """
    Hold a judge against people.

    Raises:
        ValueError: If there are fewer than two comparisons.

    """
    labelled = [(each.human, each) for each in judged if each.human is not None]
    alone = [POINTS[each.judge] for each in judged if each.human is None]
    by_people = [POINTS[human] for human, _ in labelled]
    by_judge = [POINTS[each.judge] for _, each in labelled]
    enough = len(labelled) >= LABELS_MIN
    same = sum(human is each.judge for human, each in labelled)
    return Calibration(
        count=len(judged),
        labels=len(labelled),
        naive=mean_of([POINTS[each.judge] for each in judged], alpha=alpha),
        human=mean_of(by_people, alpha=alpha) if enough else None,
        corrected=corrected(by_people, by_judge, alone, alpha=alpha) if enough else None,
        confusion=Counter((human, each.judge) for human, each in labelled),
        agreement=same / len(labelled) if labelled else None,
        inconsistent=sum(not each.is_consistent for each in judged) / len(judged),
        judge_slope=_slope([(each.judge, each) for each in judged]),
        human_slope=_slope(labelled),
    )


def _slope(chosen: Sequence[tuple[Choice, Judged]]) -> Slope | None:
    decided = [(choice, each) for choice, each in chosen if choice is not Choice.TIE]
    return slope_of(
        [choice is Choice.OPTIMIZED for choice, _ in decided],
        [_doublings(each) for _, each in decided],
    )


def _doublings(each: Judged) -> float:
    return math.log2((each.optimized_chars + 1) / (each.baseline_chars + 1))
