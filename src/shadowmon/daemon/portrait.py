"""The picture of one trial, from what it remembers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from shadowmon.evidence import outcomes
from shadowmon.evidence.confseq import Interval, interval
from shadowmon.policy.judge import needed
from shadowmon.policy.rules import Kind, Rule, natural_contrast
from shadowmon.records import (
    EVERYTHING,
    Contrast,
    Counts,
    MetricName,
    Phase,
    SliceName,
)
from shadowmon.trial import Trial
from shadowmon.view import Figure, RuleView, TrialView


def portrait(trial: Trial, number: int) -> TrialView:
    """Draw a trial as it stands."""
    plan, memory = trial.plan, trial.memory
    return TrialView(
        trial_id=plan.trial_id,
        number=number,
        route=plan.route,
        baseline=plan.baseline,
        optimized=plan.optimized,
        version=plan.version,
        task=plan.task,
        truth=plan.truth,
        primary=plan.primary,
        stages=plan.course.ladder.stages,
        state=memory.state,
        verdict=memory.verdict,
        figures=tuple(_figures(trial)),
        rules=tuple(_rules(trial)),
        log_e_roll_back=memory.average.log_e_value,
        log_e_roll_back_needed=trial.needs.roll_back,
        pairs=memory.pairs,
        pairs_in_stage=memory.pairs_in_stage,
        last_pair_at=memory.last_pair_at,
        blocked=memory.blocked,
    )


def _rules(trial: Trial) -> Iterator[RuleView]:
    memory = trial.memory
    over = memory.state.phase is Phase.ROLLED_BACK
    for rule, evidence in memory.evidence.items():
        need = needed(rule, trial.needs)
        weight = memory.average.weights.get(rule, 1.0)
        proven = evidence.log_e_value >= need
        blamed = over and rule is memory.average.blamed
        yield RuleView(
            rule=rule.name,
            evidence=evidence,
            log_e_needed=need,
            weight=weight,
            armed=rule.armed,
            breached=rule.kind is Kind.RED_LINE and rule.armed and (proven or blamed),
        )


def _figures(trial: Trial) -> Iterator[Figure]:
    """Draw the primary metric in each slice, and every metric in all traffic."""
    plan = trial.plan
    asked = {rule.claim.slice for rule in plan.rules}
    slices = asked | {slice_name for _, slice_name in trial.memory.totals}
    for metric in plan.metrics:
        for slice_name in sorted(slices) if metric == plan.primary else [EVERYTHING]:
            yield _figure(trial, metric, slice_name)


def _figure(trial: Trial, name: MetricName, slice_name: SliceName) -> Figure:
    metric = trial.plan.metrics[name]
    contrast = natural_contrast(metric)
    counts = trial.memory.totals.get((name, slice_name), (0,) * outcomes.places(metric.kind))
    baseline, optimized = outcomes.rates(metric.kind, counts)
    lower, upper = _interval(contrast, counts, trial.plan.evidence.alpha_interval)
    return Figure(
        metric=metric,
        slice=slice_name,
        contrast=contrast,
        count=outcomes.pairs(metric.kind, counts),
        missing=outcomes.missing(metric.kind, counts),
        baseline_rate=baseline,
        optimized_rate=optimized,
        estimate=outcomes.estimate(metric.kind, contrast, counts),
        lower=lower,
        upper=upper,
        acceptable=_limit(trial, name, slice_name, contrast, (Kind.CLIMB,)),
        red_line=_limit(trial, name, slice_name, contrast, (Kind.RED_LINE,)),
    )


@lru_cache(maxsize=4096)
def _interval(contrast: Contrast, counts: Counts, alpha: float) -> Interval:
    """Find an interval once: most cells are as they were at the tick before."""
    return interval(contrast, counts, alpha=alpha)


def _limit(
    trial: Trial,
    metric: MetricName,
    slice_name: SliceName,
    contrast: Contrast,
    kinds: tuple[Kind, ...],
) -> float | None:
    def about(rule: Rule) -> bool:
        claim = rule.claim
        return (
            rule.armed
            and rule.kind in kinds
            and (claim.metric, claim.slice, claim.contrast) == (metric, slice_name, contrast)
        )

    return min((rule.claim.limit for rule in trial.plan.rules if about(rule)), default=None)
