"""
Evidence + rules -> Verdict; a breached red line outranks everything.

The table of house.md, read from its bottom to its top: the first row that is proven is the verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shadowmon.policy.rules import TRIPWIRES, Kind, Rule
from shadowmon.policy.sentences import proven, race, tripped
from shadowmon.records import (
    Claim,
    Decision,
    Evidence,
    Grade,
    Reason,
    Scope,
    TrialId,
    Verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Natural logarithms of the e-values that prove a claim."""

    climb: float
    """log(1 / alpha_promote), for evidence of the whole epoch."""
    climb_stage: float
    """The same shared by all climbs, for evidence that begins anew with each stage
    (evidence/spending.py)."""
    roll_back: float
    """log(1 / alpha_roll_back)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Average:
    """The weighted average of the e-values of every rule that can take all weight away."""

    log_e_value: float
    blamed: Rule | None
    """The rule with the largest share in it."""
    weights: Mapping[Rule, float]


NOTHING_PROVEN = Average(log_e_value=0.0, blamed=None, weights={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that one verdict is given on."""

    trial_id: TrialId
    epoch: int
    rules: Sequence[Rule]
    evidence: Mapping[Rule, Evidence]
    average: Average
    needs: Needs
    now: datetime
    alone: Mapping[Rule, int] = field(default_factory=dict)
    """Of each tripwire: pairs in which only the optimized model crossed it."""


def judge(case: Case, *, holds_weight: bool) -> Verdict:
    """
    Say what the evidence allows.

    Args:
        case: What is proven.
        holds_weight: Does the optimized model serve users now? Then a proven loss steps down.
    """
    crossed = [rule for rule in _of(case, Kind.TRIPWIRE) if case.alone.get(rule)]
    if crossed:
        return _verdict(case, Decision.ROLL_BACK, Grade.RED_LINE, crossed)
    if case.average.blamed and case.average.log_e_value >= case.needs.roll_back:
        return _taken(case, case.average.blamed)
    review = [rule for rule in _of(case, Kind.REVIEW) if _is_proven(case, rule)]
    if review:
        borderline = [rule for rule in _of(case, Kind.BORDERLINE) if _is_proven(case, rule)]
        return _reviewed(case, review + borderline, holds_weight=holds_weight)
    holding = [rule for rule in _of(case, Kind.TRIPWIRE_HOLD) if case.alone.get(rule)]
    if holding:
        return _verdict(case, Decision.HOLD, Grade.REVIEW, holding)
    climbs = _of(case, Kind.CLIMB)
    if climbs and all(_is_proven(case, rule) for rule in climbs):
        return _verdict(case, Decision.PROMOTE, Grade.ACCEPT, climbs)
    wanting = [rule for rule in climbs if not _is_proven(case, rule)]
    return _verdict(case, Decision.HOLD, Grade.WAIT, wanting)


def _taken(case: Case, blamed: Rule) -> Verdict:
    grade = Grade.RED_LINE if blamed.kind is Kind.RED_LINE else Grade.REJECT
    return _verdict(case, Decision.ROLL_BACK, grade, [blamed])


def _reviewed(case: Case, rules: Sequence[Rule], *, holds_weight: bool) -> Verdict:
    grade = Grade.BORDERLINE if len(rules) > 1 else Grade.REVIEW
    return _verdict(case, Decision.STEP_DOWN if holds_weight else Decision.HOLD, grade, rules)


def _verdict(case: Case, decision: Decision, grade: Grade, deciding: Sequence[Rule]) -> Verdict:
    first = [_reason(case, rule) for rule in deciding]
    decided = set(deciding)
    rest = [_reason(case, rule) for rule in case.rules if rule.armed and rule not in decided]
    sentence = f"{decision}: " + ("; ".join(reason.sentence for reason in first) or "no rule asks")
    return Verdict(
        trial_id=case.trial_id,
        epoch=case.epoch,
        decision=decision,
        grade=grade,
        sentence=sentence,
        reasons=tuple(first + rest),
        decided_at=case.now,
    )


_GRADES = {
    Kind.CLIMB: Grade.ACCEPT,
    Kind.REVIEW: Grade.REVIEW,
    Kind.BORDERLINE: Grade.BORDERLINE,
    Kind.REJECT: Grade.REJECT,
    Kind.RED_LINE: Grade.RED_LINE,
    Kind.TRIPWIRE: Grade.RED_LINE,
    Kind.TRIPWIRE_HOLD: Grade.REVIEW,
}


def _reason(case: Case, rule: Rule) -> Reason:
    evidence = case.evidence[rule]
    log_e, need = evidence.log_e_value, needed(rule, case.needs)
    told = (
        tripped(evidence, case.alone.get(rule, 0))
        if rule.kind in TRIPWIRES
        else proven(evidence, log_e, need)
    )
    sentence = f"{rule.name}: {told}"
    weight = case.average.weights.get(rule)
    if rule is case.average.blamed and case.average.log_e_value >= case.needs.roll_back:
        sentence += f"; all rules together: {race(case.average.log_e_value, need)}"
    return Reason(
        rule=rule.name,
        grade=_GRADES[rule.kind] if log_e >= need else Grade.WAIT,
        claim=evidence.claim,
        estimate=evidence.estimate,
        lower=evidence.lower,
        upper=evidence.upper,
        count=evidence.count,
        log_e_value=log_e,
        log_e_needed=need,
        sentence=sentence,
        counts=evidence.counts,
        recompute={} if weight is None else {"weight_in_average": weight},
    )


def needed(rule: Rule, needs: Needs) -> float:
    """Return the logarithm of the e-value that proves this rule's claim on its own."""
    match rule.kind:
        case Kind.CLIMB:
            return needs.climb_stage if rule.scope is Scope.STAGE else needs.climb
        case _:
            return needs.roll_back


def _of(case: Case, kind: Kind) -> list[Rule]:
    return [rule for rule in case.rules if rule.kind is kind and rule.armed]


def _is_proven(case: Case, rule: Rule) -> bool:
    return case.evidence[rule].log_e_value >= needed(rule, case.needs)


def claims_of(rules: Sequence[Rule]) -> tuple[Claim, ...]:
    """Return each claim once, in the order of the rules."""
    return tuple(dict.fromkeys(rule.claim for rule in rules))
