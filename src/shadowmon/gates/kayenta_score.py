"""
From judged metrics to Kayenta's score and to the answer of a remote judge. Pure.

Rule: every number is finite; a metric whose effect has no size is told without one.
"""

from __future__ import annotations

import math

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shadowmon.gates.kayenta_config import Asked, MetricConfig, MetricSetPair, Thresholds
from shadowmon.gates.kayenta_judge import Classified, Label, classify, prepared
from shadowmon.gates.mann_whitney import Sample


JUDGE = "shadowmon-v1.0"
_COUNTED = frozenset((Label.PASS, Label.HIGH, Label.LOW, Label.NODATA_FAIL_METRIC))
_NODATA_SHARE_MAX = 0.5
_WHOLE = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One metric with all that is told of it."""

    pair: MetricSetPair
    config: MetricConfig
    classified: Classified
    control: Sample
    experiment: Sample

    @property
    def is_muted(self) -> bool:
        """Is it left out of the score?"""
        return self.config.analysis.muted


def judged(asked: Asked) -> dict[str, Any]:
    """Judge a whole request, and return the answer."""
    configs = {metric.name: metric for metric in asked.canary_config.metrics}
    metrics = [_metric(pair, configs[pair.name]) for pair in asked.metric_set_pair_list]
    counted = [metric for metric in metrics if not metric.is_muted]
    classifier = asked.canary_config.classifier
    groups = group_scores(counted)
    weights = (classifier.group_weights if classifier else None) or {}
    return {
        "judgeName": JUDGE,
        "results": [_result(metric) for metric in metrics],
        "groupScores": [
            {"name": name, "score": score, "classification": "", "classificationReason": ""}
            for name, score in groups.items()
        ],
        "score": _score(counted, groups, weights, asked.score_thresholds),
    }


def _metric(pair: MetricSetPair, config: MetricConfig) -> Judged:
    how = config.analysis
    control = prepared(pair.values.control, how)
    experiment = prepared(pair.values.experiment, how)
    return Judged(
        pair=pair,
        config=config,
        classified=classify(control, experiment, how),
        control=control,
        experiment=experiment,
    )


# --- the score ---


def group_scores(metrics: Sequence[Judged]) -> dict[str, float]:
    """Return each group's share of passing metrics, in percent; one without data has 100."""
    labels: dict[str, list[Label]] = {}
    for metric in metrics:
        for group in metric.config.groups:
            labels.setdefault(group, []).append(metric.classified.label)
    return {name: _passing(found) for name, found in labels.items()}


def _passing(labels: Sequence[Label]) -> float:
    counted = [label for label in labels if label in _COUNTED]
    return _WHOLE * counted.count(Label.PASS) / len(counted) if counted else _WHOLE


def summary(groups: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return the groups' weighted sum; groups without a weight share what is left of 100."""
    without = [name for name in groups if name not in weights]
    share = (_WHOLE - sum(weights.values())) / len(without) if without else 0.0
    total = sum(score * weights.get(name, share) / _WHOLE for name, score in groups.items())
    return round(total, 2)


def _score(
    metrics: Sequence[Judged],
    groups: Mapping[str, float],
    weights: Mapping[str, float],
    thresholds: Thresholds,
) -> dict[str, Any]:
    why = next(_zeroed(metrics), "")
    score = 0.0 if why else summary(groups, weights)
    if score >= thresholds.passes:
        word = "Pass"
    elif score >= thresholds.marginal:
        word = "Marginal"
    else:
        word = "Fail"
    limits = f"pass from {thresholds.passes:g}, marginal from {thresholds.marginal:g}"
    reason = why or f"{score:g}: {limits}"
    return {"score": score, "classification": word, "classificationReason": reason}


def _zeroed(metrics: Sequence[Judged]) -> Iterator[str]:
    """Say what makes a score 0 whatever the rest."""
    for metric in metrics:
        if metric.classified.critical and metric.classified.label is not Label.PASS:
            yield f"critical metric {metric.pair.name}: {metric.classified.label}"
    missing = sum(metric.classified.label is Label.NODATA for metric in metrics)
    if metrics and missing / len(metrics) >= _NODATA_SHARE_MAX:
        yield f"{missing} of {len(metrics)} metrics have no data"


# --- the answer ---


def _result(metric: Judged) -> dict[str, Any]:
    classified = metric.classified
    finite = math.isfinite(classified.ratio)
    return {
        "name": metric.pair.name,
        "id": metric.pair.id,
        "tags": metric.pair.tags,
        "classification": classified.label.value,
        "classificationReason": classified.reason,
        "groups": metric.config.groups,
        "experimentMetadata": {"stats": _stats(metric.experiment)},
        "controlMetadata": {"stats": _stats(metric.control)},
        "resultMetadata": {"ratio": classified.ratio} if finite else {},
        "critical": classified.critical,
        "muted": metric.is_muted,
    }


def _stats(values: Sample) -> dict[str, float]:
    if not len(values):
        return {"count": 0}
    return {
        "count": len(values),
        "mean": float(values.mean()),
        "min": float(values.min()),
        "median": float(np.median(values)),
        "max": float(values.max()),
        "std": float(values.std(ddof=1)) if len(values) > 1 else 0.0,
    }
