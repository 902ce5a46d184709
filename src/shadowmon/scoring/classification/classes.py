"""
What a label says about each class: was it missed, was it called where it was not?

For each configured class two metrics of verdicts. `missed:<class>` is observed on the pairs whose
label is the class: its rate is 1 - recall. `false_alarm:<class>` is observed on all other labelled
pairs. Their 2x2 tables are all that precision, recall and F1 are made of (f1.py).

Metrics are declared beforehand, so classes are configured, not discovered. Of a label that is none
of them every false alarm can be told.
"""

from __future__ import annotations

from collections.abc import Sequence

from shadowmon.records import Awaiting, Metric, MetricKind, MetricName, Observation
from shadowmon.scoring.truth import digest


def missed(name: str) -> MetricName:
    """Return the metric of what of a class was not recognised."""
    return MetricName(f"missed:{name}")


def false_alarm(name: str) -> MetricName:
    """Return the metric of what was called this class and is another."""
    return MetricName(f"false_alarm:{name}")


def class_metrics(classes: Sequence[str]) -> tuple[Metric, ...]:
    """Return the metrics of each class, in the order of the classes."""
    return tuple(metric for name in classes for metric in _metrics_of(name))


def against_classes(
    awaiting: Awaiting, label: str | None, classes: Sequence[str]
) -> list[Observation]:
    """
    Hold both models' answers to the label, class by class.

    Args:
        awaiting: A pair whose baseline answered; with digests of what each model said.
        label: The truth's digest; None if it did not come. Then nothing is observed: no class is
            known to be concerned, and `correct` counts the pair as missing.
        classes: The configured classes' names.

    Returns:
        One observation for each class: `missed` of the label's own, `false_alarm` of the others.

    """
    if label is None:
        return []
    return [_of_class(awaiting, label, name, digest(name)) for name in classes]


def _of_class(awaiting: Awaiting, label: str, name: str, named: str) -> Observation:
    is_class = label == named
    metric = missed(name) if is_class else false_alarm(name)
    if awaiting.optimized is None:
        return Observation(metric=metric, missing="optimized_failed")
    return Observation(
        metric=metric,
        baseline=(awaiting.baseline == named) != is_class,
        optimized=(awaiting.optimized == named) != is_class,
    )


def _metrics_of(name: str) -> tuple[Metric, Metric]:
    return (
        Metric(
            name=missed(name),
            kind=MetricKind.VERDICTS,
            sentence=f"The label was told to be {name!r}, and the model said something else.",
        ),
        Metric(
            name=false_alarm(name),
            kind=MetricKind.VERDICTS,
            sentence=f"The model said {name!r}, and the label was told to be something else.",
        ),
    )
