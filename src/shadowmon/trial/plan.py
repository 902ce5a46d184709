"""What does not change while a trial runs, and how its pairs are counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from shadowmon.evidence import knots
from shadowmon.evidence.sampling import ALL_SAMPLED
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.policy.rules import Rule, unasked
from shadowmon.records import (
    Contrast,
    Metric,
    MetricKind,
    MetricName,
    ModelName,
    Phase,
    RouteName,
    Scope,
    TrialId,
)
from shadowmon.rollout.course import Course
from shadowmon.trial.feedback import FeedbackRule


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPlan:
    """Everything about a trial that does not change while it runs."""

    trial_id: TrialId
    route: RouteName
    baseline: ModelName
    optimized: ModelName
    version: str
    """Of the optimized model: another version is another trial's evidence."""
    task: str
    truth: str
    """What the primary metric is held against, in words."""
    primary: MetricName
    metrics: Mapping[MetricName, Metric]
    rules: tuple[Rule, ...]
    course: Course
    evidence: EvidenceSettings
    rates: tuple[int, ...] = ALL_SAMPLED
    """Every sampling rate that its route and slices may have, in basis points."""
    rates_of_metric: Mapping[MetricName, tuple[int, ...]] = field(default_factory=dict)
    """Of a metric that is measured on only some of the sampled pairs (a judge's, say): every
    product of the two rates (evidence/sampling.py)."""
    skipped: Mapping[Phase, str] = field(default_factory=dict)
    """Phases that the configuration leaves out -> why."""
    feedback: FeedbackRule | None = None
    """None: users' complaints are not judged."""
    meaning: Mapping[str, str] = field(default_factory=dict)
    """What its observations mean: setting -> digest of its value (config/meaning.py)."""

    def fingerprint(self) -> list[Any]:
        """
        Return what evidence was gathered for: if any of it changes, it must begin anew.

        What was gathered has a meaning of its own, which must not change either (meaning.py).
        """
        rules = [msgspec.to_builtins(rule) for rule in self.rules]
        bets = self.evidence.model_dump(mode="json")
        if self.evidence.dependence.temper_at_least == 1:  # as before there was such a thing
            del bets["dependence"]["temper_at_least"]
        gathered = [rules, bets, self.primary, self.baseline, list(self.rates)]
        if self.rates_of_metric:  # without, it is as it was before there was such a thing
            gathered.append({name: list(each) for name, each in self.rates_of_metric.items()})
        ranges = {name: (each.lower, each.upper) for name, each in self.metrics.items()}
        beyond = {name: list(each) for name, each in ranges.items() if each != knots.UNIT_SPAN}
        if beyond:  # what was counted on the knots of one range cannot be read on another's
            gathered.append({"ranges": beyond})
        return gathered

    def rates_for(self, metric: MetricName) -> tuple[int, ...]:
        """Return every rate at which this metric may be counted, in basis points."""
        return self.rates_of_metric.get(metric, self.rates)


def counted_by(plan: TrialPlan) -> Mapping[MetricName, Metric]:
    """
    Return the metrics as their pairs are counted.

    Scores are counted by the limits they are held to. Where a user's requests are counted together,
    a session's verdicts become scores (the share of yeses); but for those of which one is too many.
    """
    asked = {
        name: {
            (rule.claim.contrast, rule.claim.limit)
            for rule in plan.rules
            if rule.claim.metric == name
        }
        for name in plan.metrics
    }
    clusters = plan.evidence.dependence.clusters
    return {
        name: _held_to(metric, asked[name])
        if metric.kind is MetricKind.SCORES or (clusters and _is_of_sessions(metric, asked[name]))
        else metric
        for name, metric in plan.metrics.items()
    }


def _is_of_sessions(metric: Metric, asked: set[tuple[Contrast, float]]) -> bool:
    one_is_too_many = any(contrast is Contrast.ANY_RISE for contrast, _ in asked)
    verdicts_of_quality = metric.kind is MetricKind.VERDICTS and metric.scope is Scope.EPOCH
    return verdicts_of_quality and not one_is_too_many


def _held_to(metric: Metric, asked: set[tuple[Contrast, float]]) -> Metric:
    held_to = tuple(sorted(asked)) or unasked(metric)
    return replace(metric, kind=MetricKind.SCORES, held_to=held_to)
