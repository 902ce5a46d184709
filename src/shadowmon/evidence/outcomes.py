"""
Observation -> integers that add; and what can be read off them without betting.

Every metric is counted in a fixed row of integers, its places, and the accounts of any number of
replicas add up, in any order, to the very integers that one replica would have counted.

    verdicts      both no, optimized only, baseline only, both yes                        | missing
    divergence    129 knots over [lower, upper]                                           | missing
    scores        129 knots for each contrast held to, sum of baseline, sum of optimized  | missing

What a limit asks of verdicts and divergences is decided later (gains.py), so that one account
serves every limit. A relative limit on scores cannot wait: (1 - limit) x baseline - optimized must
be formed pair by pair. Therefore a scores metric says beforehand what it will be held to. The two
sums, in 32768ths, are for people: they give both rates and the figure exactly.

Rule 1: an account is integers only. Floats do not add the same way twice.
Rule 2: what could not be measured is counted too, in the last place.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from shadowmon.evidence import knots
from shadowmon.evidence.knots import KNOTS, RESOLUTION, UNIT, Deposit, Span
from shadowmon.records import Contrast, Counts, Metric, MetricKind, Observation, Worse


BOTH_NO, OPTIMIZED_ONLY, BASELINE_ONLY, BOTH_YES = range(4)
"""Places of a verdicts metric: which of the two models got a yes. `2 * baseline + optimized`."""

_SUMS = 2

_TABLE = MetricKind.VERDICTS
_VERDICTS: dict[tuple[float | None, float | None], Deposit] = {
    (False, False): ((BOTH_NO, 1),),
    (False, True): ((OPTIMIZED_ONLY, 1),),
    (True, False): ((BASELINE_ONLY, 1),),
    (True, True): ((BOTH_YES, 1),),
}


# --- How an account is laid out --------------------------------------------


def places(metric: Metric) -> int:
    """
    Return how many integers an account of this metric has; the last counts the missing.

    Raises:
        ValueError: If it is a scores metric that is held to nothing.

    """
    match metric.kind:
        case MetricKind.VERDICTS:
            return 5
        case MetricKind.DIVERGENCE:
            return KNOTS + 1
        case MetricKind.SCORES:
            if not metric.held_to:
                message = (
                    f"metric {metric.name!r}: a scores metric must be held to a contrast and limit"
                )
                raise ValueError(message)
            return KNOTS * len(metric.held_to) + _SUMS + 1


_TABLE_NAMES = ("both no", "optimized only", "baseline only", "both yes")


def names(span: Span | None) -> list[str]:
    """Name the places that a claim bets on, by what `span` returned; a score by its value."""
    if span is None:
        return [*_TABLE_NAMES, "missing"]
    return [*(f"{score:g}" for score in knots.positions(span).tolist()), "missing"]


def units(kind: MetricKind) -> int:
    """Return what one measured pair adds to the places of a claim. A missing one always adds 1."""
    return 1 if kind is MetricKind.VERDICTS else UNIT


def span(metric: Metric, contrast: Contrast, limit: float) -> Span | None:
    """Return the range of the score that a claim bets on; None if it bets on a table's places."""
    match metric.kind:
        case MetricKind.VERDICTS:
            return None
        case MetricKind.DIVERGENCE:
            return metric.lower, metric.upper
        case MetricKind.SCORES:
            return score_span(contrast, limit)


def score_span(contrast: Contrast, limit: float) -> Span:
    """Return the range of the score that a contrast makes of two figures in [0, 1]."""
    match contrast:
        case Contrast.RELATIVE_DROP:
            return -1.0, 1 - limit
        case Contrast.RELATIVE_RISE:
            return -(1 + limit), 1.0
        case Contrast.MEAN | Contrast.ABSOLUTE_RISE | Contrast.ANY_RISE:
            return -1.0, 1.0


def part(metric: Metric, contrast: Contrast, limit: float, counts: Counts) -> Counts:
    """
    Return the places that a claim bets on, the missing last.

    That is the whole account, but of a scores metric one histogram only.

    Raises:
        ValueError: If a scores metric is not held to this contrast and limit.

    """
    if metric.kind is not MetricKind.SCORES:
        return counts
    begin = KNOTS * _number(metric, contrast, limit)
    return (*counts[begin : begin + KNOTS], counts[-1])


def _number(metric: Metric, contrast: Contrast, limit: float) -> int:
    try:
        return metric.held_to.index((contrast, limit))
    except ValueError:
        message = (
            f"metric {metric.name!r} is not held to {contrast} {limit:g}: it is counted for "
            f"{held_to(metric)}"
        )
        raise ValueError(message) from None


def held_to(metric: Metric) -> str:
    """Return what a scores metric is held to, in words."""
    return ", ".join(f"{contrast} {limit:g}" for contrast, limit in metric.held_to) or "nothing"


# --- Observation -> what grows ---------------------------------------------


def deposit(observation: Observation, metric: Metric) -> Deposit:
    """
    Say what an observation adds to its account.

    Returns:
        (place, amount) of each place that grows.

    Raises:
        ValueError: If the observation has not the form that its metric's kind asks for, or a value
            is outside its range.

    """
    if metric.kind is _TABLE and not observation.missing and observation.distance is None:
        found = _VERDICTS.get((observation.baseline, observation.optimized))
        if found is not None:  # nearly always: the rest is for what is refused
            return found
    if observation.missing:
        if _values(observation) != (None, None, None):
            raise _misfit(observation, metric)
        return ((places(metric) - 1, 1),)
    match metric.kind:
        case MetricKind.VERDICTS:
            raise _no_verdicts(observation, metric)
        case MetricKind.DIVERGENCE:
            return _distance(observation, metric)
        case MetricKind.SCORES:
            return _scores(observation, metric)


def _no_verdicts(observation: Observation, metric: Metric) -> ValueError:
    both = _both(observation, metric)
    name, value = next(
        (name, value)
        for name, value in zip(("baseline", "optimized"), both, strict=True)
        if value not in {False, True}
    )
    return ValueError(f"metric {metric.name!r}: {name} is {value}, allowed is True or False")


def _both(observation: Observation, metric: Metric) -> tuple[float, float]:
    baseline, optimized, distance = _values(observation)
    if baseline is None or optimized is None or distance is not None:
        raise _misfit(observation, metric)
    return baseline, optimized


def _distance(observation: Observation, metric: Metric) -> Deposit:
    distance = observation.distance
    if distance is None or observation.baseline is not None or observation.optimized is not None:
        raise _misfit(observation, metric)
    span = metric.lower, metric.upper
    if not span[0] <= distance <= span[1]:  # NaN fails here too
        raise _outside(metric, "distance", distance, span)
    return knots.split(distance, span)


def _scores(observation: Observation, metric: Metric) -> Deposit:
    both = _both(observation, metric)
    for name, value in zip(("baseline", "optimized"), both, strict=True):
        if not 0 <= value <= 1:
            raise _outside(metric, name, value, knots.UNIT_SPAN)
    baseline_step, optimized_step = round(both[0] * RESOLUTION), round(both[1] * RESOLUTION)
    baseline, optimized = baseline_step / RESOLUTION, optimized_step / RESOLUTION
    grown: list[tuple[int, int]] = []
    begin = 0
    for times_baseline, times_optimized, ends in _columns(metric.held_to):
        for knot, amount in knots.split(
            times_baseline * baseline + times_optimized * optimized, ends
        ):
            grown.append((begin + knot, amount))
        begin += KNOTS
    return (*grown, (begin, baseline_step), (begin + 1, optimized_step))


@lru_cache(maxsize=256)
def _columns(held_to: tuple[tuple[Contrast, float], ...]) -> tuple[tuple[float, float, Span], ...]:
    """Return what the score of each contrast multiplies the two figures by, and its range."""
    return tuple(
        (
            score(contrast, limit, 1.0, 0.0),
            score(contrast, limit, 0.0, 1.0),
            score_span(contrast, limit),
        )
        for contrast, limit in held_to
    )


def score(contrast: Contrast, limit: float, baseline: float, optimized: float) -> float:
    """Return the score that a contrast makes of two figures: linear in both; see gains.py."""
    match contrast:
        case Contrast.RELATIVE_DROP:
            return (1 - limit) * baseline - optimized
        case Contrast.RELATIVE_RISE:
            return optimized - (1 + limit) * baseline
        case Contrast.MEAN | Contrast.ABSOLUTE_RISE | Contrast.ANY_RISE:
            return optimized - baseline


def _values(observation: Observation) -> tuple[float | None, float | None, float | None]:
    return observation.baseline, observation.optimized, observation.distance


def _outside(metric: Metric, name: str, value: float, span: Span) -> ValueError:
    allowed = f"{span[0]:g} to {span[1]:g}"
    return ValueError(f"metric {metric.name!r}: {name} is {value}, allowed is {allowed}")


_FORMS = {
    MetricKind.VERDICTS: "both baseline and optimized",
    MetricKind.DIVERGENCE: "distance",
    MetricKind.SCORES: "both baseline and optimized",
}


def _misfit(observation: Observation, metric: Metric) -> ValueError:
    form = {
        name: value
        for name in ("baseline", "optimized", "distance", "missing")
        if (value := getattr(observation, name)) not in {None, ""}
    }
    return ValueError(
        f"metric {metric.name!r}: found {form or 'nothing'}, allowed for a {metric.kind} metric is "
        f"{_FORMS[metric.kind]}, or missing alone"
    )


# --- Reading an account ----------------------------------------------------
#
# What is sampled at several rates is read off one account, its weighted sum (sampling.py): then
# the counts are no whole numbers.


def pairs(metric: Metric, counts: Sequence[int]) -> int:
    """Return how many pairs were measured."""
    return round(_measured(metric, counts))


def missing(metric: Metric, counts: Sequence[int]) -> int:
    """Return how many pairs should have been measured and could not be."""
    return counts[places(metric) - 1]


def _measured(metric: Metric, counts: Sequence[float]) -> float:
    if metric.kind is MetricKind.SCORES:
        return sum(counts[:KNOTS]) / UNIT
    return sum(counts[:-1]) / units(metric.kind)


def _totals(metric: Metric, counts: Sequence[float]) -> tuple[float, float]:
    """Return the sum of baseline's and of optimized's figures."""
    if metric.kind is MetricKind.SCORES:
        baseline, optimized = counts[-1 - _SUMS : -1]
        return baseline / RESOLUTION, optimized / RESOLUTION
    return (
        counts[BASELINE_ONLY] + counts[BOTH_YES],
        counts[OPTIMIZED_ONLY] + counts[BOTH_YES],
    )


def rates(metric: Metric, counts: Sequence[float]) -> tuple[float | None, float | None]:
    """
    Return the mean figure of baseline and optimized; of verdicts, the share of yeses.

    Returns:
        None for a divergence, or if no pair was measured.

    """
    measured = _measured(metric, counts)
    if metric.kind is MetricKind.DIVERGENCE or not measured:
        return None, None
    baseline, optimized = _totals(metric, counts)
    return baseline / measured, optimized / measured


def estimate(metric: Metric, contrast: Contrast, counts: Sequence[float]) -> float | None:
    """
    Return the figure of a contrast as measured; the missing are left out.

    Returns:
        None if no pair was measured, or the figure divides by a baseline rate of 0.

    """
    measured = _measured(metric, counts)
    if not measured:
        return None
    if contrast is Contrast.MEAN:
        return knots.mean(counts[:-1], (metric.lower, metric.upper))
    baseline, optimized = _totals(metric, counts)
    rise = optimized - baseline
    match contrast:
        case Contrast.ABSOLUTE_RISE | Contrast.ANY_RISE:
            return rise / measured
        case Contrast.RELATIVE_RISE:
            return rise / baseline if baseline else None
        case Contrast.RELATIVE_DROP:
            return -rise / baseline if baseline else None


def contrast_of(metric: Metric) -> Contrast:
    """Return the figure that a limit on this metric is about, unless the settings say otherwise."""
    if metric.kind is MetricKind.DIVERGENCE:
        return Contrast.MEAN
    return Contrast.RELATIVE_DROP if metric.worse is Worse.LOWER else Contrast.ABSOLUTE_RISE
