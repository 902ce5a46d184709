"""
A journal, judged again: what was decided then, and what today's rules say of the same counts.

Under the same rules, bets and levels the answer is the same to the last bit; `Rejudged.agrees` says
so. Under others it shows what they would have decided.

Rule 1: the hash chain is walked before anything of the journal is believed.
Rule 2: only what was counted is used. A rule of today that asks about what no rule asked of then
has nothing for it and nothing against it, and is told as unknown.
Rule 3: what a restart chain owned is told by no count. It is taken as it was written down where the
bets are still the same; else it begins anew.
"""

from __future__ import annotations

import asyncio

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import msgspec

from shadowmon.daemon.parts import config_hash
from shadowmon.daemon.told import Told
from shadowmon.errors import StoreError
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
    EntryKind,
    Evidence,
    MetricKind,
    MetricName,
    Scope,
    SliceName,
    TrialId,
    Verdict,
)
from shadowmon.store.copy import copy_of
from shadowmon.store.settings import StoreSettings
from shadowmon.store.sql import SqlStore
from shadowmon.store.store import Row, Store
from shadowmon.trial.plan import TrialPlan
from shadowmon.trial.weighing import Weighing


_Json: TypeAlias = Mapping[str, Any]

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudged:
    """One verdict of the journal."""

    row: Row
    decision_then: str
    grade_then: str
    config_hash_then: str
    """Of the settings that decided then; empty if the journal does not tell."""
    now: Verdict | None
    """None if the trial is not configured any more."""
    config_hash_now: str
    unknown: tuple[str, ...] = ()
    """Rules of today that ask about what was not counted then."""
    changed: tuple[str, ...] = ()
    """Rules whose e-value or need is another one than then."""
    same_needs: bool = True
    """Does each rule need what it needed then? Another ladder is no other fingerprint, but shares
    the error rate of its stages otherwise."""

    @property
    def same_rules(self) -> bool:
        """Were the settings that decide the same?"""
        known = bool(self.config_hash_then) and self.same_needs
        return known and self.config_hash_then == self.config_hash_now

    @property
    def agrees(self) -> bool:
        """Is the decision the same, and what it is known for?"""
        if self.now is None:
            return False
        return (self.now.decision.value, self.now.grade.value) == (
            self.decision_then,
            self.grade_then,
        )

    @property
    def is_broken(self) -> bool:
        """Is something different that must not be: the same rules, and not the same to a bit?"""
        return self.same_rules and bool(self.changed or not self.agrees)


def judge_file(
    path: Path, plans: Mapping[TrialId, TrialPlan], *, only: TrialId | None = None
) -> tuple[int, Sequence[Rejudged]]:
    """
    Judge every verdict of a database's journal again; a daemon may be writing it meanwhile.

    Returns:
        How many entries its hash chain has, and its verdicts.

    Raises:
        StoreError: If it cannot be read, or the chain is broken.

    """

    async def whole(copy: Path) -> tuple[int, Sequence[Rejudged]]:
        store = SqlStore(StoreSettings(path=copy))
        await store.open()
        try:
            entries = await store.verify()
            return entries, [each async for each in rejudge(store, plans, only=only)]
        finally:
            await store.close()

    with TemporaryDirectory(prefix="shadowmon-") as folder:
        try:
            return asyncio.run(whole(copy_of(path, Path(folder))))
        except StoreError as error:
            problem = str(error).rpartition("copy.db: ")[2]
            msg = problem if problem.startswith(f"{path}: ") else f"{path}: {problem}"
            raise StoreError(msg) from error


async def rejudge(
    store: Store, plans: Mapping[TrialId, TrialPlan], *, only: TrialId | None = None
) -> AsyncIterator[Rejudged]:
    """
    Judge every verdict of a journal again, the oldest first.

    Args:
        store: Open. Its chain is for the caller to verify (`Store.verify`).
        plans: Today's.
        only: One trial's verdicts.

    Raises:
        StoreError: If the journal cannot be read.

    """
    told: dict[TrialId, Told] = {}
    for row in await _oldest_first(store, only):
        trial_id = row.entry.trial_id
        known = told.setdefault(trial_id, Told())
        known.hear(row)
        if row.entry.kind is EntryKind.VERDICT:
            yield _rejudged(row, known, plans.get(trial_id))


async def _oldest_first(store: Store, only: TrialId | None) -> Sequence[Row]:
    found: list[Row] = []
    before: int | None = None
    while page := await store.journal(trial_id=only, before=before, limit=_PAGE):
        found += page
        before = page[-1].number
    return found[::-1]


def _rejudged(row: Row, told: Told, plan: TrialPlan | None) -> Rejudged:
    data = row.entry.data
    known = Rejudged(
        row=row,
        decision_then=data["decision"],
        grade_then=data["grade"],
        config_hash_then=told.config_hash,
        now=None,
        config_hash_now="",
    )
    if plan is None:
        return known
    now, unknown = _judged(row, told, plan)
    return replace(
        known,
        now=now,
        config_hash_now=config_hash(plan.fingerprint()),
        unknown=unknown,
        changed=tuple(_changed(data["reasons"], now)),
        same_needs=_needs(now)
        == {_key(then): _float(then, "log_e_needed") for then in data["reasons"]},
    )


def _judged(row: Row, told: Told, plan: TrialPlan) -> tuple[Verdict, tuple[str, ...]]:
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


_TABLE_PLACES = 5


def _changed(reasons: Sequence[_Json], now: Verdict) -> Iterator[str]:
    """Name the rules of then whose figures are not the same to the last bit now."""
    found = {
        (reason.rule, reason.claim): (reason.log_e_value, reason.log_e_needed, reason.grade)
        for reason in now.reasons
    }
    for then in reasons:
        figures = (_float(then, "log_e_value"), _float(then, "log_e_needed"), then["grade"])
        if found.get(_key(then)) != figures:
            yield then["rule"]


def _needs(now: Verdict) -> dict[tuple[str, Claim], float]:
    return {(reason.rule, reason.claim): reason.log_e_needed for reason in now.reasons}


def _key(then: _Json) -> tuple[str, Claim]:
    return then["rule"], msgspec.convert(then["claim"], Claim)


def _float(then: _Json, key: str) -> float:
    """Read a number; the store writes an infinite one as a word, which float() reads."""
    return float(then[key])
