"""
An assessor's finding, as an observation: read in one place, by one rule, for every metric.

| the assessment | the observation |
|---|---|
| none: the assessor is not configured, or it does not apply | none |
| `unavailable`: the assessor's own trouble | none: it says nothing of either model |
| `missing`: the answers may be the cause | missing, which evidence takes for the worst |
| figures or a distance | the same |

Each keeps the assessment's rate: a pair that stands for twenty is counted for twenty.
"""

from __future__ import annotations

from shadowmon.records import Assessment, Metric, MetricKind, Observation, Pair
from shadowmon.scoring.readable import readable, unread


_A_YES = 0.5


def observe_assessed(metric: Metric, assessment: Assessment | None) -> Observation | None:
    """
    Return what an assessment says by a metric; None where it says nothing.

    Of a verdicts metric a figure above one half is a yes. What the metric's kind has no place for
    (figures where a distance belongs) is returned as it is, and the panel refuses it.
    """
    if assessment is None or assessment.unavailable:
        return None
    if assessment.missing:
        return Observation(metric=metric.name, missing=assessment.missing, rate=assessment.rate)
    return Observation(
        metric=metric.name,
        baseline=_figure(metric, assessment.baseline),
        optimized=_figure(metric, assessment.optimized),
        distance=assessment.distance,
        rate=assessment.rate,
    )


def observe_pair(metric: Metric, pair: Pair) -> list[Observation]:
    """
    Return what the pair's assessment of the metric's own name says: one observation, or none.

    A reply that failed has no quality, whatever was assessed of it (readable.py): of the baseline
    there is nothing to say then, of the optimized model that it is missing.
    """
    assessment = pair.assessments.get(metric.name)
    if assessment is None or assessment.unavailable or readable(pair.baseline) is None:
        return []
    if readable(pair.optimized) is None:
        return [unread(metric.name, pair.optimized)]
    found = observe_assessed(metric, assessment)
    return [] if found is None else [found]


def _figure(metric: Metric, figure: float | None) -> bool | float | None:
    if figure is None or metric.kind is not MetricKind.VERDICTS:
        return figure
    return figure > _A_YES
