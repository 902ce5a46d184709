"""
An assumed truth becomes the law of the next pair: to lay bets for (bets.py), to forecast by
(plan.py).

Rule: what is assumed decides nothing. It makes bets good or bad and forecasts right or wrong, but
never a verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shadowmon.evidence import knots, outcomes
from shadowmon.evidence.gains import Floats
from shadowmon.evidence.knots import KNOTS, Span
from shadowmon.evidence.outcomes import BASELINE_ONLY, BOTH_NO, BOTH_YES, OPTIMIZED_ONLY
from shadowmon.records import Claim, Contrast


ASSUMED_GOOD_RATE = 0.9
ASSUMED_BAD_RATE = 0.01
"""The baseline's rates where nothing else is said."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Law:
    """What the next pair may be, and how probable each is."""

    deposits: Floats
    """(outcomes, places): what each possible pair adds to the account."""
    chances: Floats
    """(outcomes,): they sum to 1."""


def assume(
    claim: Claim,
    truth: float,
    *,
    noise: float,
    distance: float = 1.0,
    span: Span | None = None,
    baseline_rate: float | None = None,
) -> Law:
    """
    Return the law of the next pair if a figure were `truth`.

    Args:
        claim: Which figure: that of its contrast.
        truth: Its value; a positive one is worse.
        noise: Share of pairs in which only one of the two models gets a yes, though neither is
            better; as much of it as fits beside the rates. Of a divergence that is corrected by the
            baseline's own: that one.
        distance: Of a divergence: that of two answers that differ at all, in (0, 1], as a share of
            the largest there is.
        span: Range of the score that is counted in a histogram. None stands for verdicts, or a
            divergence in [0, 1].
        baseline_rate: Share of the baseline's yeses; None: 0.9 of a good rate, 0.01 of a bad one.
            Of a divergence there is none: answers are the same or `distance` apart. So are scores:
            yes or no.

    """
    if claim.contrast is Contrast.MEAN:
        return _same_or_apart(truth, noise, distance, span or knots.UNIT_SPAN)
    good = claim.contrast is Contrast.RELATIVE_DROP
    usual = ASSUMED_GOOD_RATE if good else ASSUMED_BAD_RATE
    baseline = usual if baseline_rate is None else baseline_rate
    match claim.contrast:
        case Contrast.RELATIVE_DROP:
            rise = -truth * baseline
        case Contrast.RELATIVE_RISE:
            rise = truth * baseline
        case _:
            rise = truth
    chances = _two_by_two(baseline, rise, noise)
    if span is None:
        return Law(deposits=np.eye(4, 5), chances=chances)
    scores = [
        outcomes.score(claim.contrast, claim.limit, *divmod(place, 2))
        for place in range(len(chances))
    ]
    return Law(deposits=_on_knots(scores, span), chances=chances)


def _same_or_apart(mean: float, noise: float, distance: float, span: Span) -> Law:
    """
    Return a law with this mean, in which answers are the same or this far apart.

    Below 0 lies what noise subtracts (floor.py): as seldom as makes it `noise` on average. A mean
    beyond the distance moves the distance.
    """
    lower, upper = span
    below = min(noise / -lower, 0.5) if lower < 0 else 0.0
    owed = max(mean - below * lower, 0.0)
    apart = min(max(distance * upper, owed / (1 - below)), upper)
    above = min(owed / apart, 1 - below)
    chances = np.array([below, 1 - below - above, above])
    return Law(deposits=_on_knots([lower, 0.0, apart], span), chances=chances)


def _on_knots(scores: Sequence[float], span: Span) -> Floats:
    deposits = np.zeros((len(scores), KNOTS + 1))
    for account, score in zip(deposits, scores, strict=True):
        for knot, amount in knots.split(score, span):
            account[knot] += amount
    return deposits


def _two_by_two(baseline: float, rise: float, noise: float) -> Floats:
    rise = min(max(rise, -baseline), 1 - baseline)
    differing = max(abs(rise), min(noise, 2 * (1 - baseline) - rise, 2 * baseline + rise))
    chances = np.zeros(4)
    chances[OPTIMIZED_ONLY] = (differing + rise) / 2
    chances[BASELINE_ONLY] = (differing - rise) / 2
    chances[BOTH_YES] = baseline - chances[BASELINE_ONLY]
    chances[BOTH_NO] = 1 - baseline - chances[OPTIMIZED_ONLY]
    return chances
