"""
An interval for a figure that may be read at any time: a confidence sequence.

For people to look at; no rule decides by it. It holds every figure that neither "the truth is above
this" nor "the truth is below this" has been proven of, each at half of alpha, by the same kind of
bets on the same account that the claims use (Waudby-Smith and Ramdas, Estimating means of bounded
random variables by betting, JRSS B 86, 2024). The chance that it ever leaves out the true figure is
at most alpha. Missing pairs count as the worst on either side, so they only widen it.

The bets are fixed fractions of the largest one that is legal for a candidate figure: then the
evidence is monotone in the candidate, and each end is found by trying (search.py).

A relative figure of scores cannot be a candidate, for only the limits held to were counted. But the
mean of the score of one such limit is (figure - limit) x baseline's mean, whichever contrast it is.
So there are two intervals, each at half of alpha: of the mean score, and of baseline's mean. The
latter needs no histogram: a figure in [0, 1] may be split between the knots 0 and 1 just as it is
split between nearer ones (knots.py), and its sum says how much lies on either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from shadowmon.evidence import knots, outcomes, sampling
from shadowmon.evidence.gains import Floats, gains
from shadowmon.evidence.knots import KNOTS, RESOLUTION, UNIT, Integers
from shadowmon.evidence.sampling import ALL_SAMPLED, Accounts
from shadowmon.evidence.search import Search
from shadowmon.records import Contrast, Metric, MetricKind, Side


Interval: TypeAlias = tuple[float | None, float | None]

NO_INTERVAL: Interval = (None, None)

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
    return intervals(metric, contrast, [accounts], alpha=alpha, rates=rates)[0]


def intervals(
    metric: Metric,
    contrast: Contrast,
    cells: Sequence[Accounts],
    *,
    alpha: float,
    rates: Sequence[int] = ALL_SAMPLED,
) -> list[Interval]:
    """Do as `interval` for the accounts of many cells; each interval is the one it has alone."""
    found = [NO_INTERVAL] * len(cells)
    if contrast is Contrast.ANY_RISE:
        return found
    places = outcomes.places(metric)
    pooled = [sampling.weighted_sum(accounts, places=places) for accounts in cells]
    figures = [outcomes.estimate(metric, contrast, account) for account in pooled]
    known = [number for number, figure in enumerate(figures) if figure is not None]
    if not known:
        return found
    nothing = (0,) * places
    rows = [
        [cells[number].get(rate, nothing) for rate in sampling.in_order(rates)] for number in known
    ]
    of = _of_scores if metric.kind is MetricKind.SCORES else _of_places
    drawn = of(
        metric,
        contrast,
        np.array(rows, dtype=np.int64),
        figures=np.array([figures[number] for number in known]),
        rates=rates,
        alpha=alpha,
    )
    for number, ends in zip(known, drawn, strict=True):
        found[number] = ends
    return found


def _of_places(
    metric: Metric,
    contrast: Contrast,
    rows: Integers,
    *,
    figures: Floats,
    rates: Sequence[int],
    alpha: float,
) -> list[Interval]:
    """Return the intervals of what is read off an account's places: verdicts and divergences."""
    span = outcomes.span(metric, contrast, 0.0)
    at_nothing, at_one = (gains(contrast, limit, Side.WORSE, span)[:-1] for limit in (0.0, 1.0))
    search = Search(
        score=at_nothing,
        slope=at_nothing - at_one,
        shrinkage=sampling.shrinkage(rates),
        accounts=_in_pairs(rows, outcomes.units(metric.kind)),
        alpha=alpha,
    )
    return _within(search.ends(figures, span or _RANGES[contrast]))


def _in_pairs(rows: Integers, unit: int) -> Floats:
    """Return accounts (cells, rates, places) in pairs instead of units."""
    accounts = rows.astype(np.float64)
    accounts[..., :-1] /= unit
    return accounts


def _within(ends: Floats) -> list[Interval]:
    return [
        (None if abs(lower) >= _FARTHEST else lower, None if abs(upper) >= _FARTHEST else upper)
        for lower, upper in ends.tolist()
    ]


# --- Scores ----------------------------------------------------------------


def _of_scores(
    metric: Metric,
    contrast: Contrast,
    rows: Integers,
    *,
    figures: Floats,
    rates: Sequence[int],
    alpha: float,
) -> list[Interval]:
    limit = next((limit for held, limit in metric.held_to if held is contrast), None)
    if limit is None:
        return [NO_INTERVAL] * len(rows)
    begin = outcomes.first_place(metric, contrast, limit)
    histograms = np.concatenate([rows[..., begin : begin + KNOTS], rows[..., -1:]], axis=-1)
    positions = knots.positions(outcomes.score_span(contrast, limit))
    if contrast is Contrast.ABSOLUTE_RISE:
        return _within(_of_mean(positions, histograms, UNIT, rates, alpha))
    scores = _of_mean(positions, histograms, UNIT, rates, alpha / 2)
    baselines = _of_mean(np.array([0.0, 1.0]), _between_two(rows), RESOLUTION, rates, alpha / 2)
    # Each end of the one over each end of the other: the least and the most of the four.
    quotients = _over(scores[:, :, np.newaxis], baselines[:, np.newaxis, :]).reshape(len(rows), 4)
    lowest, highest = _RANGES[contrast]
    lower = np.maximum(np.minimum(figures, limit + quotients.min(axis=1)), lowest)
    upper = np.minimum(np.maximum(figures, limit + quotients.max(axis=1)), highest)
    return _within(np.stack([lower, upper], axis=1))


def _over(scores: Floats, baselines: Floats) -> Floats:
    """Divide; what has a sign is without bounds over 0, and 0 over 0 is 0."""
    without_bounds = np.where(scores == 0, 0.0, np.copysign(np.inf, scores))
    over: Floats = np.where(
        baselines > 0, scores / np.where(baselines > 0, baselines, 1.0), without_bounds
    )
    return over


def _between_two(rows: Integers) -> Integers:
    """Return the accounts of baseline's figure as if it had been split between 0 and 1."""
    everything = rows[..., :KNOTS].sum(axis=-1) // UNIT * RESOLUTION
    total = rows[..., -3]
    return np.stack([everything - total, total, rows[..., -1]], axis=-1)


def _of_mean(
    positions: Floats, rows: Integers, unit: int, rates: Sequence[int], alpha: float
) -> Floats:
    """Return the ends (cells, 2) of the mean of a score that was counted at these values."""
    accounts = _in_pairs(rows, unit)
    search = Search(
        score=positions,
        slope=np.ones(len(positions)),
        shrinkage=sampling.shrinkage(rates),
        accounts=accounts,
        alpha=alpha,
    )
    pooled = search.pooled()[:, :-1]
    return search.ends(
        (pooled * positions).sum(axis=1) / pooled.sum(axis=1),
        (float(positions[0]), float(positions[-1])),
    )
