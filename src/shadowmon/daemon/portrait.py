"""The picture of one trial, from what it remembers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TypeAlias

from shadowmon.daemon.by_class import by_class, mix_of
from shadowmon.daemon.intervals import Intervals, Measured
from shadowmon.evidence import outcomes, sampling
from shadowmon.evidence.confseq import Interval
from shadowmon.evidence.discoveries import discoveries
from shadowmon.policy.judge import needed
from shadowmon.policy.rules import Kind, Rule, natural_contrast
from shadowmon.policy.sentences import where
from shadowmon.records import (
    EVERYTHING,
    Claim,
    Contrast,
    MetricName,
    Phase,
    Scope,
    Side,
    SliceName,
)
from shadowmon.trial.trial import Trial
from shadowmon.view import Figure, RuleView, SliceView, TrialView


def portrait(trial: Trial, number: int, intervals: Intervals | None = None) -> TrialView:
    """Draw a trial as it stands; whoever draws it again and again brings the `intervals` along."""
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
        course=plan.course,
        state=memory.state,
        verdict=memory.verdict,
        figures=tuple(_figures(trial, Intervals() if intervals is None else intervals)),
        rules=tuple(_rules(trial)),
        log_e_roll_back=memory.average.log_e_value,
        log_e_roll_back_needed=trial.weighing.needs.roll_back,
        pairs=memory.pairs,
        pairs_in_stage=memory.pairs_in_stage,
        last_pair_at=memory.last_pair_at,
        blocked=memory.blocked,
        objection=trial.objection,
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
        classification=by_class(trial),
        mix=mix_of(trial),
        discoveries=tuple(_discoveries(trial)),
    )


_RED = (Kind.RED_LINE, Kind.TRIPWIRE)


def _rules(trial: Trial) -> Iterator[RuleView]:
    memory = trial.memory
    over = memory.state.phase is Phase.ROLLED_BACK
    needs = trial.weighing.needs_in(memory.stage_number)
    verdict = memory.verdict
    decided = (verdict.reasons[0].rule, verdict.reasons[0].claim) if verdict else None
    for rule, evidence in memory.evidence.items():
        need = needed(rule, needs)
        weight = memory.average.weights.get(rule)
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


_About: TypeAlias = tuple[MetricName, SliceName, Contrast]
"""Which figure."""


def _about(claim: Claim) -> _About:
    return claim.metric, claim.slice, claim.contrast


def _figures(trial: Trial, intervals: Intervals) -> Iterator[Figure]:
    """Draw every metric in all traffic, the primary one in each slice, and whatever a rule asks."""
    plan = trial.plan
    drawn: dict[_About, None] = {}
    slices = sorted({slice_name for _, slice_name in trial.memory.totals} | {EVERYTHING})
    for name, metric in trial.weighing.metrics.items():
        for slice_name in slices if name == plan.primary else [EVERYTHING]:
            drawn[name, slice_name, natural_contrast(metric)] = None
    drawn |= dict.fromkeys(_about(rule.claim) for rule in plan.rules)
    remembered = _remembered(trial)
    acceptable, red_lines = (_limits(plan.rules, kinds) for kinds in ((Kind.CLIMB,), _RED))
    for about in drawn:
        yield _figure(
            trial,
            about,
            remembered.get(about) or _interval(trial, about, intervals),
            acceptable=acceptable.get(about),
            red_line=red_lines.get(about),
        )


def _remembered(trial: Trial) -> dict[_About, Interval]:
    """Return the intervals that the newest look has drawn, of the whole epoch as figures are."""
    return {
        _about(rule.claim): (evidence.lower, evidence.upper)
        for rule, evidence in trial.memory.evidence.items()
        if rule.scope is Scope.EPOCH
    }


def _interval(trial: Trial, about: _About, intervals: Intervals) -> Interval:
    """Find the interval of a figure that no rule of the whole epoch is about."""
    name, slice_name, _ = about
    measured = Measured(
        metric=trial.weighing.metrics[name],
        accounts=tuple(trial.memory.totals.get((name, slice_name), {}).items()),
        alpha=trial.plan.evidence.alpha_interval,
        rates=trial.plan.rates_for(name),
    )
    return intervals.of((trial.plan.trial_id, *about), measured)


def _figure(
    trial: Trial,
    about: _About,
    interval: Interval,
    *,
    acceptable: float | None,
    red_line: float | None,
) -> Figure:
    name, slice_name, contrast = about
    metric = trial.weighing.metrics[name]
    accounts = trial.memory.totals.get((name, slice_name), {})
    pooled = sampling.weighted_sum(accounts, places=outcomes.places(metric))
    baseline, optimized = outcomes.rates(metric, pooled)
    lower, upper = interval
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
        acceptable=acceptable,
        red_line=red_line,
    )


def _limits(rules: Iterable[Rule], kinds: Collection[Kind]) -> dict[_About, float]:
    """Return the tightest limit of each figure that armed rules of these kinds are about."""
    tightest: dict[_About, float] = {}
    for rule in rules:
        if rule.armed and rule.kind in kinds:
            about = _about(rule.claim)
            tightest[about] = min(rule.claim.limit, tightest.get(about, rule.claim.limit))
    return tightest
