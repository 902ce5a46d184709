"""The picture of one trial, from what it remembers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from shadowmon.evidence import outcomes, sampling
from shadowmon.evidence.confseq import Interval, interval
from shadowmon.evidence.discoveries import discoveries
from shadowmon.policy.judge import needed
from shadowmon.policy.rules import Kind, Rule, natural_contrast
from shadowmon.policy.sentences import where
from shadowmon.records import (
    EVERYTHING,
    Contrast,
    Counts,
    Metric,
    MetricName,
    Phase,
    Side,
    SliceName,
)
from shadowmon.trial.trial import Trial
from shadowmon.view import Figure, RuleView, SliceView, TrialView


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
        log_e_roll_back_needed=trial.weighing.needs.roll_back,
        pairs=memory.pairs,
        pairs_in_stage=memory.pairs_in_stage,
        last_pair_at=memory.last_pair_at,
        blocked=memory.blocked,
        feedback=memory.complaints.to_json(plan.feedback) if plan.feedback else None,
        pending=memory.pending,
        coverage=tuple(
            SliceView(
                slice=name,
                cover=each.cover.value,
                planned_pairs=each.planned_pairs,
                seen_pairs=each.seen_pairs,
            )
            for name, each in memory.coverage.items()
        ),
        discoveries=tuple(_discoveries(trial)),
    )


_RED = (Kind.RED_LINE, Kind.TRIPWIRE)


def _rules(trial: Trial) -> Iterator[RuleView]:
    memory = trial.memory
    over = memory.state.phase is Phase.ROLLED_BACK
    verdict = memory.verdict
    decided = (verdict.reasons[0].rule, verdict.reasons[0].claim) if verdict else None
    for rule, evidence in memory.evidence.items():
        need = needed(rule, trial.weighing.needs)
        weight = memory.average.weights.get(rule, 1.0)
        proven = evidence.log_e_value >= need
        blamed = over and decided == (rule.name, rule.claim)
        yield RuleView(
            rule=rule.name,
            evidence=evidence,
            log_e_needed=need,
            weight=weight,
            armed=rule.armed,
            breached=rule.kind in _RED and rule.armed and (proven or blamed),
            alarm=rule in memory.alarms,
        )


def _discoveries(trial: Trial) -> Iterator[str]:
    """List the breaches at a false discovery rate of alpha_roll_back: for reports only."""
    memory = trial.memory
    looked_at = [
        rule
        for rule in memory.evidence
        if rule.armed and rule.claim.side is Side.WORSE and rule.kind is not Kind.REVIEW
    ]
    log_es = [memory.evidence[rule].log_e_value for rule in looked_at]
    for which in discoveries(log_es, alpha=trial.plan.evidence.alpha_roll_back):
        yield f"{looked_at[which].name}: {where(looked_at[which].claim)}"


def _figures(trial: Trial) -> Iterator[Figure]:
    """Draw every metric in all traffic, the primary one in each slice, and whatever a rule asks."""
    plan = trial.plan
    drawn: dict[tuple[MetricName, SliceName, Contrast], None] = {}
    slices = sorted({slice_name for _, slice_name in trial.memory.totals} | {EVERYTHING})
    for name, metric in trial.weighing.metrics.items():
        for slice_name in slices if name == plan.primary else [EVERYTHING]:
            drawn[name, slice_name, natural_contrast(metric)] = None
    for rule in plan.rules:
        drawn[rule.claim.metric, rule.claim.slice, rule.claim.contrast] = None
    for each in drawn:
        yield _figure(trial, *each)


def _figure(trial: Trial, name: MetricName, slice_name: SliceName, contrast: Contrast) -> Figure:
    metric = trial.weighing.metrics[name]
    accounts = trial.memory.totals.get((name, slice_name), {})
    pooled = sampling.weighted_sum(accounts, places=outcomes.places(metric))
    baseline, optimized = outcomes.rates(metric, pooled)
    alpha = trial.plan.evidence.alpha_interval
    lower, upper = _interval(
        metric, contrast, tuple(accounts.items()), alpha=alpha, rates=trial.plan.rates_for(name)
    )
    about = (name, slice_name, contrast)
    return Figure(
        metric=metric,
        slice=slice_name,
        contrast=contrast,
        count=sum(outcomes.pairs(metric, account) for account in accounts.values()),
        missing=sum(outcomes.missing(metric, account) for account in accounts.values()),
        baseline_rate=baseline,
        optimized_rate=optimized,
        estimate=outcomes.estimate(metric, contrast, pooled),
        lower=lower,
        upper=upper,
        acceptable=_limit(trial, about, (Kind.CLIMB,)),
        red_line=_limit(trial, about, _RED),
    )


@lru_cache(maxsize=4096)
def _interval(
    metric: Metric,
    contrast: Contrast,
    accounts: tuple[tuple[int, Counts], ...],
    *,
    alpha: float,
    rates: tuple[int, ...],
) -> Interval:
    """Find an interval once: most cells are as they were at the tick before."""
    return interval(metric, contrast, dict(accounts), alpha=alpha, rates=rates)


def _limit(
    trial: Trial, about: tuple[MetricName, SliceName, Contrast], kinds: tuple[Kind, ...]
) -> float | None:
    def asks(rule: Rule) -> bool:
        claim = rule.claim
        return (
            rule.armed
            and rule.kind in kinds
            and (claim.metric, claim.slice, claim.contrast) == about
        )

    return min((rule.claim.limit for rule in trial.plan.rules if asks(rule)), default=None)
