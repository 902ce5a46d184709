"""
Observation -> integers that add; and what can be read off them without betting.

Every metric is counted in a fixed row of integers, its places. What a limit asks of them is decided
later (gains.py), so that one account serves every limit, and the accounts of any number of replicas
add up, in any order, to the very integers that one replica would have counted.

Rule 1: an account is integers only. Floats do not add the same way twice.
Rule 2: what could not be measured is counted too, in the last place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from shadowmon.records import Contrast, Metric, MetricKind, Observation, Worse


BOTH_NO, OPTIMIZED_ONLY, BASELINE_ONLY, BOTH_YES = range(4)
"""Places of a verdicts metric: which of the two models got a yes. `2 * baseline + optimized`."""

KNOTS = 129
"""Places of a divergence metric: the distances 0, 1/128, ..., 1."""

UNIT = 256
"""What one observed distance adds in all: it is split between the two knots beside it."""

_TOP = KNOTS - 1
_RESOLUTION = _TOP * UNIT

Deposit: TypeAlias = tuple[tuple[int, int], ...]
"""Place and amount, one or two of them."""

_VERDICTS: dict[tuple[bool, bool], Deposit] = {
    (False, False): ((BOTH_NO, 1),),
    (False, True): ((OPTIMIZED_ONLY, 1),),
    (True, False): ((BASELINE_ONLY, 1),),
    (True, True): ((BOTH_YES, 1),),
}

_MEASURED_PLACES = {MetricKind.VERDICTS: 4, MetricKind.DIVERGENCE: KNOTS}

_MISSING: dict[MetricKind, Deposit] = {
    kind: ((measured, 1),) for kind, measured in _MEASURED_PLACES.items()
}


def places(kind: MetricKind) -> int:
    """Return how many integers an account of this kind has; the last counts the missing."""
    return _MEASURED_PLACES[kind] + 1


def units(kind: MetricKind) -> int:
    """Return what one measured pair adds to an account in all. A missing one always adds 1."""
    return 1 if kind is MetricKind.VERDICTS else UNIT


def deposit(observation: Observation, kind: MetricKind) -> Deposit:
    """
    Say what an observation adds to its account.

    A distance is rounded to a 32768th and split linearly between its neighbouring knots. The
    logarithm is concave, so what a bet wins on the two parts is never more than what it wins on
    the distance itself: the split costs a little evidence and never validity.

    Returns:
        (place, amount) of each place that grows.

    Raises:
        ValueError: If the observation has not the form that its metric's kind asks for, or its
            distance is outside [0, 1].

    """
    if observation.missing:
        _refuse_unless(_measures_nothing(observation), observation, kind)
        return _MISSING[kind]
    if kind is MetricKind.VERDICTS:
        return _verdicts(observation)
    return _distance(observation)


def _verdicts(observation: Observation) -> Deposit:
    baseline, optimized = observation.baseline, observation.optimized
    if baseline is None or optimized is None or observation.distance is not None:
        raise _misfit(observation, MetricKind.VERDICTS)
    return _VERDICTS[baseline, optimized]


def _distance(observation: Observation) -> Deposit:
    distance = observation.distance
    if distance is None or observation.baseline is not None or observation.optimized is not None:
        raise _misfit(observation, MetricKind.DIVERGENCE)
    if not 0 <= distance <= 1:  # NaN fails here too
        message = f"metric {observation.metric!r}: distance is {distance}, allowed is 0 to 1"
        raise ValueError(message)
    knot, beyond = divmod(round(distance * _RESOLUTION), UNIT)
    if not beyond:
        return ((knot, UNIT),)
    return ((knot, UNIT - beyond), (knot + 1, beyond))


def _measures_nothing(observation: Observation) -> bool:
    return (observation.baseline, observation.optimized, observation.distance) == (None, None, None)


def _refuse_unless(fits: bool, observation: Observation, kind: MetricKind) -> None:
    if not fits:
        raise _misfit(observation, kind)


def _misfit(observation: Observation, kind: MetricKind) -> ValueError:
    forms = {
        MetricKind.VERDICTS: "both baseline and optimized",
        MetricKind.DIVERGENCE: "distance",
    }
    form = {
        name: value
        for name in ("baseline", "optimized", "distance", "missing")
        if (value := getattr(observation, name)) not in {None, ""}
    }
    return ValueError(
        f"metric {observation.metric!r}: found {form or 'nothing'}, allowed for a {kind} metric is "
        f"{forms[kind]}, or missing alone"
    )


# --- Reading an account ----------------------------------------------------


def pairs(kind: MetricKind, counts: Sequence[int]) -> int:
    """Return how many pairs were measured."""
    return sum(counts[:-1]) // units(kind)


def missing(kind: MetricKind, counts: Sequence[int]) -> int:
    """Return how many pairs should have been measured and could not be."""
    return counts[_MEASURED_PLACES[kind]]


def rates(kind: MetricKind, counts: Sequence[int]) -> tuple[float | None, float | None]:
    """Return the share of yeses of baseline and optimized; None for a divergence or no pair."""
    measured = pairs(kind, counts)
    if kind is MetricKind.DIVERGENCE or not measured:
        return None, None
    baseline = counts[BASELINE_ONLY] + counts[BOTH_YES]
    optimized = counts[OPTIMIZED_ONLY] + counts[BOTH_YES]
    return baseline / measured, optimized / measured


def estimate(kind: MetricKind, contrast: Contrast, counts: Sequence[int]) -> float | None:
    """
    Return the figure of a contrast as measured; the missing are left out.

    Returns:
        None if no pair was measured, or the figure divides by a baseline rate of 0.

    """
    measured = pairs(kind, counts)
    if not measured:
        return None
    if contrast is Contrast.MEAN:
        total = sum(knot * count for knot, count in enumerate(counts[:-1]))
        return total / (_RESOLUTION * measured)
    rise = counts[OPTIMIZED_ONLY] - counts[BASELINE_ONLY]
    baseline = counts[BASELINE_ONLY] + counts[BOTH_YES]
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
