"""
A verdict of the journal, given again by today's rules from the counts that it was given from.

Rule 1: only what was counted is used. A rule of today that asks about what no rule asked of then
has nothing for it and nothing against it, and is told as unknown.
Rule 2: what a restart chain owned is told by no count. It is taken as it was written down where the
bets are still the same; else it begins anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from shadowmon.daemon.told import Told
from shadowmon.evidence import chains, outcomes, restart
from shadowmon.evidence.by_hand import is_receipt
from shadowmon.evidence.eprocess import bet_as_set
from shadowmon.policy.judge import Case, judge
from shadowmon.policy.rules import TAKES_ALL, TRIPWIRES, Rule
from shadowmon.records import (
    NO_TRAFFIC,
    Claim,
    Contrast,
    Counts,
    Evidence,
    MetricKind,
    MetricName,
    Scope,
    SliceName,
    Verdict,
)
from shadowmon.store.store import Row
from shadowmon.trial.plan import TrialPlan
from shadowmon.trial.weighing import Weighing


_Json: TypeAlias = Mapping[str, Any]

_TABLE_PLACES = 5


def judged_again(row: Row, told: Told, plan: TrialPlan) -> tuple[Verdict, tuple[str, ...]]:
    """
    Judge a verdict's counts by a plan.

    Args:
        row: The verdict's entry.
        told: What the journal told of its trial before.
        plan: Today's.

    Returns:
        The verdict of today, and its rules that ask about what was not counted then.

    """
    data = row.entry.data
    counted = _Counted(data["reasons"], told)
    weighing = Weighing(plan)
    rules = [rule for rule in plan.rules if rule.armed]
    chained = {rule.claim for rule in plan.rules if rule.kind in TAKES_ALL}
    evidence = {
        rule: _evidence(rule, counted, weighing, chained=rule.claim in chained) for rule in rules
    }
    case = Case(
        trial_id=plan.trial_id,
        epoch=data["epoch"],
        rules=rules,
        evidence=evidence,
        average=weighing.average(evidence),
        needs=weighing.needs_in(told.stage_number),
        now=row.entry.at,
        alone={rule: _alone(evidence[rule]) for rule in rules if rule.kind in TRIPWIRES},
    )
    # A verdict to step down is given only to who holds weight; of the others the ladder tells.
    holds_weight = data["decision"] == "step_down" or told.weight > NO_TRAFFIC
    verdict = judge(case, holds_weight=holds_weight)
    unknown = tuple(rule.name for rule in rules if counted.of(rule, weighing) is None)
    return verdict, unknown


class _Counted:
    """What the reasons of a verdict say was counted."""

    def __init__(self, reasons: Sequence[_Json], told: Told) -> None:
        self._reasons: dict[tuple[Any, ...], _Json] = {}
        for reason in reasons:
            claim = msgspec.convert(reason["claim"], Claim)
            rule = told.rule(reason)
            scope = rule.scope if rule else Scope.EPOCH
            self._reasons[scope, claim] = reason
            self._reasons.setdefault((scope, *_cell(claim)), reason)
            self._reasons.setdefault((scope, *_figure(claim)), reason)

    def of(self, rule: Rule, weighing: Weighing) -> _Json | None:
        """Return a reason with the counts that a rule of today asks about."""
        scores = weighing.metrics[rule.claim.metric].kind is MetricKind.SCORES
        about = _figure(rule.claim) if scores else _cell(rule.claim)
        exactly = self._reasons.get((rule.scope, rule.claim))
        found = exactly or self._reasons.get((rule.scope, *about))
        places = len(weighing.scales.describe(rule.claim)["gains"])
        # Another number of places was counted in another way: at other sampling rates, perhaps.
        return found if found and len(found["counts"]) == places else None


def _cell(claim: Claim) -> tuple[MetricName, SliceName]:
    return claim.metric, claim.slice


def _figure(claim: Claim) -> tuple[MetricName, SliceName, Contrast, float]:
    """Of scores, each contrast and limit has a histogram of its own."""
    return claim.metric, claim.slice, claim.contrast, claim.limit


def _evidence(rule: Rule, counted: _Counted, weighing: Weighing, *, chained: bool) -> Evidence:
    """Weigh what was counted as `Scales.weigh` does."""
    claim, reason = rule.claim, counted.of(rule, weighing)
    counts: Counts = tuple(reason["counts"]) if reason else ()
    power = reason["recompute"].get("power", 1.0) if reason else 1.0
    log_e = weighing.scales.recompute(claim, counts, power) if any(counts) else 0.0
    if reason is not None and any(counts) and chained:
        log_e = restart.log_e_value(log_e, _chain(claim, counts, reason, weighing))
    return Evidence(
        claim=claim,
        kind=weighing.metrics[claim.metric].kind,
        log_e_value=log_e,
        count=reason["count"] if reason else 0,
        missing=0,
        baseline_rate=None,
        optimized_rate=None,
        estimate=reason["estimate"] if reason else None,
        lower=reason["lower"] if reason else None,
        upper=reason["upper"] if reason else None,
        counts=counts,
    )


def _chain(claim: Claim, counts: Counts, reason: _Json, weighing: Weighing) -> chains.Chain:
    told = reason["recompute"]
    bets = weighing.scales.describe(claim)
    same_claim = msgspec.convert(reason["claim"], Claim) == claim
    same_bets = is_receipt(told) and (told["bets"], told["shares"]) == (
        bets["bets"],
        bets["shares"],
    )
    if same_claim and same_bets and told.get("fresh"):
        return chains.from_json({**told["fresh"], "counts": counts})
    process = bet_as_set(
        claim,
        weighing.plan.evidence,
        metric=weighing.metrics[claim.metric],
        rates=weighing.plan.rates_for(claim.metric),
    )
    return restart.advance(
        None,
        process,
        counts,
        pairs=reason["count"],
        restart_pairs=weighing.plan.evidence.restart_pairs,
        exponent=told.get("power", 1.0),
    )


def _alone(evidence: Evidence) -> int:
    """Count the pairs in which only the optimized model did it, at all sampling rates."""
    return sum(evidence.counts[outcomes.OPTIMIZED_ONLY :: _TABLE_PLACES])
