"""
An interval for a figure that may be read at any time: a confidence sequence.

For people to look at; no rule decides by it. It holds every figure that neither "the truth is above
this" nor "the truth is below this" has been proven of, each at half of alpha, by the same kind of
bets on the same account that the claims use (Waudby-Smith and Ramdas, Estimating means of bounded
random variables by betting, JRSS B 86, 2024). The chance that it ever leaves out the true figure is
at most alpha. Missing pairs count as the worst on either side, so they only widen it.

The bets are fixed fractions of the largest one that is legal for a candidate figure: then the
evidence is monotone in the candidate, and each end is found by bisection (sped up by Brent's rule).

A relative figure of scores cannot be a candidate, for only the limits held to were counted. But the
mean of the score of one such limit is (figure - limit) x baseline's mean, whichever contrast it is.
So there are two intervals, each at half of alpha: of the mean score, and of baseline's mean. The
latter needs no histogram: a figure in [0, 1] may be split between the knots 0 and 1 just as it is
split between nearer ones (knots.py), and its sum says how much lies on either.
"""

from __future__ import annotations

import math

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from scipy.optimize import brentq

from shadowmon.evidence import knots, outcomes, sampling
from shadowmon.evidence.bets import LARGEST
from shadowmon.evidence.eprocess import log_sum_exp
from shadowmon.evidence.gains import Floats, gains
from shadowmon.evidence.knots import KNOTS, RESOLUTION, UNIT, Span
from shadowmon.evidence.sampling import ALL_SAMPLED, Accounts
from shadowmon.records import Contrast, Counts, Metric, MetricKind, Side


Interval: TypeAlias = tuple[float | None, float | None]

_FRACTIONS: Floats = LARGEST * 1.7 ** -np.arange(16.0)
_PRECISION = 1e-7
_FARTHEST = 1e6
"""Beyond this a relative figure is called unbounded: the baseline's rate may well be 0."""

_RANGES = {
    Contrast.ABSOLUTE_RISE: (-1.0, 1.0),
    Contrast.RELATIVE_DROP: (-_FARTHEST, 1.0),
    Contrast.RELATIVE_RISE: (-1.0, _FARTHEST),
}


def interval(
    metric: Metric,
    contrast: Contrast,
    accounts: Accounts,
    *,
    alpha: float,
    rates: Sequence[int] = ALL_SAMPLED,
) -> Interval:
    """
    Return the interval of a contrast's figure.

    Args:
        metric: What is measured.
        contrast: Which figure.
        accounts: By sampling rate.
        alpha: Chance, for all time together, that the interval ever leaves out the truth.
        rates: All sampling rates that may occur, in basis points.

    Returns:
        Lower and upper end; None where a relative figure has no bound yet. Both are None for
        `any_rise`, which has no limit to vary, while the figure itself is not defined, and if a
        scores metric is not held to this contrast at all.

    """
    if contrast is Contrast.ANY_RISE:
        return None, None
    places = outcomes.places(metric)
    pooled = sampling.weighted_sum(accounts, places=places)
    figure = outcomes.estimate(metric, contrast, pooled)
    if figure is None:
        return None, None
    rows = [accounts.get(rate, (0,) * places) for rate in sampling.in_order(rates)]
    if metric.kind is MetricKind.SCORES:
        return _of_scores(metric, contrast, rows, figure=figure, rates=rates, alpha=alpha)
    span = outcomes.span(metric, contrast, 0.0)
    step = math.log(2 / alpha) / _base(contrast, pooled, span)
    search = _Search(
        won=lambda candidate, side: gains(contrast, candidate, side, span),
        shrinkage=sampling.shrinkage(rates),
        account=_units(rows, outcomes.units(metric.kind)),
        alpha=alpha,
    )
    return search.ends(figure, span or _RANGES[contrast], step)


def _base(contrast: Contrast, pooled: Sequence[float], span: Span | None) -> float:
    """Return what a figure's error is divided by: the pairs, or those that its rate is of."""
    if span is not None:
        return sum(pooled[:-1]) / UNIT / (span[1] - span[0])
    if contrast in {Contrast.RELATIVE_DROP, Contrast.RELATIVE_RISE}:
        return pooled[outcomes.BASELINE_ONLY] + pooled[outcomes.BOTH_YES]
    return sum(pooled[:-1])


def _units(rows: Sequence[Sequence[float]], unit: int) -> Floats:
    """Return accounts one after the other, in pairs instead of units."""
    account = np.array(rows, dtype=np.float64)
    account[:, :-1] /= unit
    return account.ravel()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Search:
    """Looks for the candidates that are not refuted."""

    won: Callable[[float, Side], Floats]
    """What a bet wins at each place, for a candidate and a side."""
    shrinkage: Sequence[float]
    account: Floats
    alpha: float

    def ends(self, figure: float, allowed: Span, step: float) -> Interval:
        """Walk away from the figure either way; `step` is how near an end can be at best."""
        return (
            self._end(Side.WORSE, figure, allowed[0], step),
            self._end(Side.BETTER, figure, allowed[1], step),
        )

    def _proven(self, side: Side) -> Callable[[float], float]:
        """Return a function of a candidate: 0 or more if the figure is proven beyond it."""
        need = math.log(2 / self.alpha) + math.log(len(_FRACTIONS))
        hit = self.account > 0

        def proven(candidate: float) -> float:
            won = self.won(candidate, side)
            shrunk = np.concatenate([won * factor for factor in self.shrinkage])
            bets = np.outer(shrunk[hit] / -won.min(), _FRACTIONS)
            return float(log_sum_exp(self.account[hit] @ np.log1p(bets))) - need

        return proven

    def _end(self, side: Side, figure: float, edge: float, step: float) -> float | None:
        """Walk away in growing steps until the candidate is refuted, then go back."""
        if figure == edge:
            return edge
        proven = self._proven(side)
        brink = edge + (figure - edge) * 1e-9  # at the edge itself a legal bet has no limit
        near = figure
        while True:
            far = max(brink, near - step) if side is Side.WORSE else min(brink, near + step)
            if proven(far) >= 0:
                return float(brentq(proven, far, near, xtol=_PRECISION))
            if far == brink:
                return edge if abs(edge) < _FARTHEST else None
            near, step = far, 4 * step


# --- Scores ----------------------------------------------------------------


def _of_scores(
    metric: Metric,
    contrast: Contrast,
    rows: Sequence[Counts],
    *,
    figure: float,
    rates: Sequence[int],
    alpha: float,
) -> Interval:
    limit = next((limit for held, limit in metric.held_to if held is contrast), None)
    if limit is None:
        return None, None
    span = outcomes.score_span(contrast, limit)
    histograms = [outcomes.part(metric, contrast, limit, row) for row in rows]
    if contrast is Contrast.ABSOLUTE_RISE:
        return _of_mean(knots.positions(span), histograms, UNIT, rates, alpha)
    scores = _of_mean(knots.positions(span), histograms, UNIT, rates, alpha / 2)
    sums = [_between_two(row) for row in rows]
    baseline = _of_mean(np.array([0.0, 1.0]), sums, RESOLUTION, rates, alpha / 2)
    quotients = [_over(score or 0.0, base or 0.0) for score in scores for base in baseline]
    return _within(
        min(figure, limit + min(quotients)), max(figure, limit + max(quotients)), _RANGES[contrast]
    )


def _over(score: float, base: float) -> float:
    if base:
        return score / base
    return math.copysign(math.inf, score) if score else 0.0


def _within(lower: float, upper: float, allowed: Span) -> Interval:
    lower, upper = max(lower, allowed[0]), min(upper, allowed[1])
    return (
        None if abs(lower) >= _FARTHEST else lower,
        None if abs(upper) >= _FARTHEST else upper,
    )


def _between_two(row: Counts) -> tuple[int, int, int]:
    """Return the account of baseline's figure as if it had been split between 0 and 1."""
    everything, total = sum(row[:KNOTS]) // UNIT * RESOLUTION, row[-3]
    return everything - total, total, row[-1]


def _of_mean(
    scores: Floats, rows: Sequence[Counts], unit: int, rates: Sequence[int], alpha: float
) -> Interval:
    """Return the interval of the mean of a score that was counted at these values."""

    def won(candidate: float, side: Side) -> Floats:
        won = scores - candidate if side is Side.WORSE else candidate - scores
        return np.append(won, won.min())

    account = _units(rows, unit)
    shrinkage = sampling.shrinkage(rates)
    weights = np.repeat(shrinkage, len(scores) + 1).reshape(len(rows), -1)[:, :-1]
    pooled = (account.reshape(len(rows), -1)[:, :-1] * weights).sum(axis=0)
    span = float(scores[0]), float(scores[-1])
    step = math.log(2 / alpha) / pooled.sum() * (span[1] - span[0])
    search = _Search(won=won, shrinkage=shrinkage, account=account, alpha=alpha)
    return search.ends(float(pooled @ scores / pooled.sum()), span, step)
