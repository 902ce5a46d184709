"""
Which class does each model call? Known of every pair, label or no label.

For each configured class one metric of verdicts, `called:<class>`, and one for all other answers,
`called_no_class`: of each model exactly one of them is true of a pair. More of a class is neither
better nor worse by itself, and no rule asks it unless the configuration does. What is true of the
mix as a whole is in mix.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from shadowmon.records import Answer, Metric, MetricKind, MetricName, Observation, Pair
from shadowmon.scoring.readable import readable, unread


CALLED_NO_CLASS = Metric(
    name=MetricName("called_no_class"),
    kind=MetricKind.VERDICTS,
    sentence="The model said something that is none of the configured classes.",
)


def called(name: str) -> MetricName:
    """Return the metric of the answers that are this class."""
    return MetricName(f"called:{name}")


def called_metrics(classes: Sequence[str]) -> tuple[Metric, ...]:
    """Return the metrics of each class, in the order of the classes; none if there are none."""
    if not classes:
        return ()
    of_classes = (
        Metric(name=called(name), kind=MetricKind.VERDICTS, sentence=f"The model said {name!r}.")
        for name in classes
    )
    return (*of_classes, CALLED_NO_CLASS)


def calls(pair: Pair, classes: Sequence[str]) -> list[Observation]:
    """
    Say of each class whether each model called it.

    Args:
        pair: If its baseline's answer cannot be read, nothing applies.
        classes: The configured classes' names; white space around them is none of them.
    """
    baseline, optimized = readable(pair.baseline), readable(pair.optimized)
    metrics = called_metrics(classes)
    if baseline is None:
        return []
    if optimized is None:
        return [unread(metric.name, pair.optimized) for metric in metrics]
    ours, theirs = (_metric_of(answer, classes) for answer in (baseline, optimized))
    return [
        Observation(metric=each.name, baseline=each.name == ours, optimized=each.name == theirs)
        for each in metrics
    ]


def _metric_of(answer: Answer, classes: Sequence[str]) -> MetricName:
    """Return the one metric that is true of the answer: its own label, else its text, decides."""
    word = answer.label if answer.label is not None else answer.text or ""
    for name in classes:
        if name.strip() == word.strip():
            return called(name)
    return CALLED_NO_CLASS.name
