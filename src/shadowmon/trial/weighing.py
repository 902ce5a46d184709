"""
From what was counted to a verdict.

Rule: a `Weighing` belongs to a plan and remembers nothing; what is known after a weighing is in the
`Memory` that it returns.
"""

from __future__ import annotations

import math

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from shadowmon.evidence import outcomes
from shadowmon.evidence.alarm import Alarm
from shadowmon.evidence.coverage import Coverage, coverage
from shadowmon.evidence.multiplicity import average, blame
from shadowmon.evidence.plan import plan as forecast_of
from shadowmon.evidence.spending import log_e_needed
from shadowmon.evidence.weigh import Scales
from shadowmon.policy.judge import NOTHING_PROVEN, Average, Case, Needs, claims_of, judge
from shadowmon.policy.rules import ERROR, TAKES_ALL, TRIPWIRES, Rule, shares
from shadowmon.records import (
    EVERYTHING,
    Evidence,
    MetricName,
    Reason,
    Scope,
    SliceName,
    Ticked,
    Verdict,
)
from shadowmon.trial.memory import Memory
from shadowmon.trial.plan import TrialPlan, counted_by
from shadowmon.trial.receipt import Receipt
from shadowmon.trial.sums import Sums, alone, cell_of, sums


COVERED_WITHIN_SECONDS = 7 * 86_400.0
"""A slice that will not have its planned pairs within a week is told as not covered."""


class Weighing:
    """The scales and the rules of one plan."""

    def __init__(self, plan: TrialPlan) -> None:
        self.plan = plan
        self.metrics = counted_by(plan)
        self.scales = Scales(
            metrics=self.metrics,
            settings=plan.evidence,
            claims=claims_of(plan.rules),
            chained=[rule.claim for rule in plan.rules if rule.kind in TAKES_ALL],
            rates=plan.rates,
            rates_of_metric=plan.rates_of_metric,
        )
        self.needs = self.needs_in(1)
        self._shares = shares(plan.rules)
        self._planned = self._plan_slices()

    def needs_in(self, number: int) -> Needs:
        """Return what is needed in a stage, by its number in the epoch (`Memory.stage_number`)."""
        alpha, stages = self.plan.evidence.alpha_promote, len(self.plan.course.ladder.stages)
        return Needs(
            climb=-math.log(alpha),
            climb_stage=log_e_needed(alpha, stages=stages, number=number),
            roll_back=-math.log(self.plan.evidence.alpha_roll_back),
        )

    def weigh(self, memory: Memory, event: Ticked) -> tuple[Memory, Verdict]:
        """Weigh what was counted; return what is known then, and the verdict in it."""
        state, rules = memory.state, self.plan.rules
        ratio = memory.variance_ratio if event.variance_ratio is None else event.variance_ratio
        epoch = sums(event.totals, lambda _: True)
        stage = sums(event.totals, lambda cell: cell.stage in {0, state.stage_count})
        accounts = {
            rule.claim: (stage if rule.scope is Scope.STAGE else epoch).get(cell_of(rule.claim), {})
            for rule in rules
        }
        evidence, chain = self.scales.weigh(
            accounts,
            memory.chain,
            variance_ratios=self._variance_ratios(ratio),
            ratios_before=self._variance_ratios(memory.variance_ratio),
        )
        by_rule = {rule: evidence[rule.claim] for rule in rules}
        case = Case(
            trial_id=self.plan.trial_id,
            epoch=state.epoch,
            rules=rules,
            evidence=by_rule,
            average=self.average(by_rule),
            needs=self.needs_in(memory.stage_number),
            now=event.now,
            alone={rule: alone(epoch, rule) for rule in rules if rule.kind in TRIPWIRES},
        )
        verdict = judge(case, holds_weight=state.desired_weight > 0)
        verdict = replace(
            verdict,
            reasons=tuple(self._with_receipt(reason, chain) for reason in verdict.reasons),
        )
        began_at = memory.began_at or event.now
        pairs = self._pairs(epoch)
        known = replace(
            memory,
            chain=chain,
            variance_ratio=ratio,
            evidence=by_rule,
            totals=epoch,
            average=case.average,
            last_pair_at=event.now if pairs > memory.pairs else memory.last_pair_at,
            pairs=pairs,
            pairs_in_stage=self._pairs(stage),
            first_stage=memory.first_stage or state.stage_count,
            began_at=began_at,
            verdict=verdict,
            coverage=self._coverage(epoch, elapsed=event.now - began_at),
        )
        return known, verdict

    def average(self, evidence: Mapping[Rule, Evidence]) -> Average:
        """Return the proof of all rules that take the whole weight, together."""
        if not self._shares:
            return NOTHING_PROVEN
        rules, weights = list(self._shares), list(self._shares.values())
        log_es = [evidence[rule].log_e_value for rule in rules]
        return Average(
            log_e_value=average(log_es, weights),
            blamed=rules[blame(log_es, weights)],
            weights=self._shares,
        )

    def alarms(self, memory: Memory) -> Mapping[Rule, Alarm]:
        """Return the alarms that are raised; they decide nothing."""
        found = self.scales.alarms(memory.chain)
        return {rule: found[rule.claim] for rule in self._shares if found[rule.claim].raised}

    def _with_receipt(self, reason: Reason, chain: Mapping[str, Any]) -> Reason:
        """Add what a person needs to compute the e-value again (evidence/by_hand.py)."""

        def write() -> Mapping[str, Any]:
            return {
                **reason.recompute,
                **self.scales.receipt(reason.claim, reason.counts, chain),
            }

        return replace(reason, recompute=Receipt(write))

    def _pairs(self, summed: Sums) -> int:
        """Every pair has a verdict on whether each model failed: count those."""
        metric = self.metrics.get(ERROR)
        accounts = summed.get((ERROR, EVERYTHING), {}).values()
        return sum(outcomes.pairs(metric, account) for account in accounts) if metric else 0

    def _variance_ratios(self, measured: float | None) -> Mapping[MetricName, float]:
        """Say by how much the proof of quality is weakened, for its pairs go together."""
        dependence = self.plan.evidence.dependence
        seen = measured if dependence.temper and measured is not None else 1.0
        # In hundredths: for the last digit nobody weighs again what has no news.
        ratio = round(max(seen, dependence.temper_at_least), 2)
        if ratio <= 1:
            return {}
        of_quality = (name for name, metric in self.metrics.items() if metric.scope is Scope.EPOCH)
        return dict.fromkeys(of_quality, ratio)

    # --- slices ---

    def _coverage(self, summed: Sums, *, elapsed: timedelta) -> dict[SliceName, Coverage]:
        primary = self.metrics[self.plan.primary]
        return {
            name: coverage(
                planned,
                sum(
                    outcomes.pairs(primary, account)
                    for account in summed.get((self.plan.primary, name), {}).values()
                ),
                elapsed_seconds=elapsed.total_seconds(),
                within_seconds=COVERED_WITHIN_SECONDS,
            )
            for name, planned in self._planned.items()
        }

    def _plan_slices(self) -> dict[SliceName, float]:
        """Return how many pairs of a slice are planned to find twice the loss of its red line."""
        planned: dict[SliceName, float] = {}
        for rule, part in self._shares.items():
            claim = rule.claim
            if claim.slice == EVERYTHING:
                continue
            forecast = forecast_of(
                claim,
                min(2 * claim.limit, 1.0),
                self.needs.roll_back - math.log(part),
                settings=self.plan.evidence,
                metric=self.metrics[claim.metric],
                chained=True,
            )
            planned[claim.slice] = max(forecast.q90, planned.get(claim.slice, 0.0))
        return planned
