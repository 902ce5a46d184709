"""
One optimized model on trial: events in, commands out; no I/O.

Everything revolves around this. The daemon, the demo and (later) the replay of a journal drive the
same `Trial`, so that what is tested here is what production runs.

Rule 1: all that a trial remembers is its frozen `Memory`; to handle an event is to replace it.
Rule 2: what must be journalled comes before what must be done, in one tuple.
Rule 3: not thread-safe. One task owns it.
"""

from __future__ import annotations

import math

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias

import msgspec
import numpy as np

from shadowmon.errors import RefusedError
from shadowmon.evidence import outcomes
from shadowmon.evidence.alarm import Alarm
from shadowmon.evidence.coverage import Cover, Coverage, coverage
from shadowmon.evidence.multiplicity import average, blame
from shadowmon.evidence.plan import plan as forecast_of
from shadowmon.evidence.sampling import ALL_SAMPLED, Accounts
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.evidence.variance_ratio import WARN_ABOVE
from shadowmon.evidence.weigh import Scales
from shadowmon.policy.judge import NOTHING_PROVEN, Average, Case, Needs, claims_of, judge
from shadowmon.policy.loosening import Loosened, loosened, tightest
from shadowmon.policy.rules import ERROR, TAKES_ALL, TRIPWIRES, Rule, natural_contrast, shares
from shadowmon.policy.sentences import measured, share, where
from shadowmon.records import (
    EVERYTHING,
    Cell,
    Claim,
    Command,
    Contrast,
    Counts,
    Decision,
    Entry,
    EntryKind,
    Event,
    Evidence,
    Metric,
    MetricKind,
    MetricName,
    ModelName,
    Notify,
    Operation,
    OperatorAsked,
    Phase,
    Reason,
    Record,
    RolloutState,
    RouteName,
    Scope,
    SetWeight,
    SliceName,
    Ticked,
    TrialId,
    Verdict,
    WeightApplied,
    WeightRejected,
)
from shadowmon.rollout.machine import Course, Facts, Step, begin, step, why_not_climb
from shadowmon.rollout.transitions import Move


COVERED_WITHIN_SECONDS = 7 * 86_400.0
"""A slice that will not have its planned pairs within a week is told as not covered."""


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
    skipped: Mapping[Phase, str] = field(default_factory=dict)
    """Phases that the configuration leaves out -> why."""

    def fingerprint(self) -> list[Any]:
        """Return what evidence was gathered for: if any of it changes, it must begin anew."""
        rules = [msgspec.to_builtins(rule) for rule in self.rules]
        bets = self.evidence.model_dump(mode="json")
        return [rules, bets, self.primary, self.baseline, list(self.rates)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """All that a trial remembers."""

    state: RolloutState
    chain: Mapping[str, Any] = field(default_factory=dict)
    """The restart chain's, see evidence/restart.py."""
    verdict: Verdict | None = None
    evidence: Mapping[Rule, Evidence] = field(default_factory=dict)
    totals: Mapping[tuple[MetricName, SliceName], Accounts] = field(default_factory=dict)
    average: Average = NOTHING_PROVEN
    pairs: int = 0
    pairs_in_stage: int = 0
    last_pair_at: datetime | None = None
    blocked: str = ""
    said: tuple[str, ...] = ()
    """What the newest journalled verdict said, in short; when that changes, it is said again."""
    rejected: str = ""
    """Why the weight could not be applied, as journalled last."""
    pending: tuple[str, ...] = ()
    """What the configuration would loosen and is not in force: see policy/loosening.py."""
    began_at: datetime | None = None
    """When the present epoch's evidence was first weighed."""
    alarms: Mapping[Rule, Alarm] = field(default_factory=dict)
    coverage: Mapping[SliceName, Coverage] = field(default_factory=dict)
    """Of each slice that a rule is about."""


class Trial:
    """The state of one trial, and the only thing that changes it."""

    def __init__(self, plan: TrialPlan, memory: Memory, *, wanted: TrialPlan | None = None) -> None:
        """
        Args:
            plan: What is in force.
            memory: Where it stands.
            wanted: What is configured, where that is looser.

        """
        self.memory = memory
        self._wanted = wanted or plan
        self._adopt(plan)

    def _adopt(self, plan: TrialPlan) -> None:
        self.plan = plan
        self.metrics = counted_by(plan)
        self._shares = shares(plan.rules)
        self.scales = Scales(
            metrics=self.metrics,
            settings=plan.evidence,
            claims=claims_of(plan.rules),
            chained=[rule.claim for rule in plan.rules if rule.kind in TAKES_ALL],
            rates=plan.rates,
        )
        self.needs = Needs(
            climb=-math.log(plan.evidence.alpha_promote),
            climb_stage=math.log(len(plan.course.ladder.stages) / plan.evidence.alpha_promote),
            roll_back=-math.log(plan.evidence.alpha_roll_back),
        )
        self._planned = self._plan_slices()

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

    # --- begin, and begin again ---

    @classmethod
    def open(cls, plan: TrialPlan, *, now: datetime) -> tuple[Trial, tuple[Command, ...]]:
        """Begin a trial that was never seen before."""
        trial = cls(plan, Memory(state=begin(plan.trial_id, now=now)))
        opened = trial._entry(
            now,
            EntryKind.TRIAL_OPENED,
            f"{plan.optimized} against {plan.baseline} on route {plan.route}: {plan.task}, "
            f"judged by {plan.primary} ({plan.truth})",
            plan=plan.fingerprint(),
        )
        skips = [
            trial._entry(now, EntryKind.PHASE_SKIPPED, f"{phase}: {why}", phase=phase.value)
            for phase, why in plan.skipped.items()
        ]
        return trial, (opened, *skips)

    @classmethod
    def restore(
        cls, plan: TrialPlan, snapshot: Mapping[str, Any], *, now: datetime
    ) -> tuple[Trial, tuple[Command, ...]]:
        """
        Go on where a snapshot stands.

        Evidence that was gathered for another version of the model, or for other limits, is not
        carried over: a new epoch begins. Another version also begins in the shadow.
        """
        state = msgspec.convert(snapshot["state"], RolloutState)
        began_at = snapshot["began_at"]
        memory = Memory(
            # What the actuator really holds is not known after a restart: it will be read back.
            state=replace(state, applied_weight=None),
            chain=snapshot["chain"],
            pairs=snapshot["pairs"],
            pairs_in_stage=snapshot["pairs_in_stage"],
            said=tuple(snapshot["said"]),
            began_at=began_at and datetime.fromisoformat(began_at),
        )
        in_force = _in_force(plan, snapshot)
        trial = cls(in_force, memory, wanted=plan)
        if [snapshot["version"], snapshot["optimized"]] != [plan.version, plan.optimized]:
            commands = trial._begin_anew(now, "another version of the optimized model")
        elif snapshot["fingerprint"] != in_force.fingerprint():
            commands = trial._new_epoch(now, "limits or bets were changed")
        else:
            commands = ()
        return trial, (*commands, *trial._say_pending(now, snapshot["pending"]))

    def _say_pending(self, now: datetime, said: Sequence[str]) -> tuple[Command, ...]:
        pending = tuple(_loosenings(self.plan, self._wanted))
        self._remember(pending=pending)
        if not pending or list(pending) == list(said):
            return ()
        return (
            self._entry(
                now,
                EntryKind.CONFIG,
                f"not in force, for it is looser: {'; '.join(pending)}; `shadowmon loosen "
                f"{self.plan.trial_id}` with evidence, or with a reason",
                pending=list(pending),
            ),
        )

    def snapshot(self) -> Mapping[str, Any]:
        """Return what `restore` needs, as JSON."""
        return {
            "state": msgspec.to_builtins(self.memory.state),
            "chain": self.memory.chain,
            "pairs": self.memory.pairs,
            "pairs_in_stage": self.memory.pairs_in_stage,
            "said": list(self.memory.said),
            "version": self.plan.version,
            "optimized": self.plan.optimized,
            "fingerprint": self.plan.fingerprint(),
            "rules": [msgspec.to_builtins(rule) for rule in self.plan.rules],
            "alphas": [self.plan.evidence.alpha_promote, self.plan.evidence.alpha_roll_back],
            "pending": list(self.memory.pending),
            "began_at": self.memory.began_at and self.memory.began_at.isoformat(),
        }

    # --- events ---

    def handle(self, event: Event) -> tuple[Command, ...]:
        """
        Take an event in, and return what must be done about it, in order.

        Raises:
            RefusedError: If a person asked for what may not be done now; nothing has changed then.

        """
        match event:
            case Ticked():
                return self._ticked(event)
            case WeightApplied():
                return self._applied(event)
            case WeightRejected():
                return self._rejected(event)
            case OperatorAsked():
                return self._asked(event)

    def _ticked(self, event: Ticked) -> tuple[Command, ...]:
        if self.memory.state.phase is Phase.ROLLED_BACK:
            return self._ask_again()
        verdict = self._weigh(event)
        facts = Facts(
            now=event.now,
            pairs_in_stage=self.memory.pairs_in_stage,
            route_holder=event.route_holder,
            grade=verdict.grade,
        )
        after = step(self.memory.state, verdict.decision, course=self.plan.course, facts=facts)
        self._remember(
            state=after.state,
            blocked=why_not_climb(self.memory.state, course=self.plan.course, facts=facts),
        )
        if after.move is Move.DROP:
            return self._moved(verdict, after, event.now)
        called = self._call_people(event.now)
        if after.move is None:
            return (*called, *self._say(verdict, event), *self._ask_again())
        return (*called, *self._moved(verdict, after, event.now))

    def _weigh(self, event: Ticked) -> Verdict:
        state, rules = self.memory.state, self.plan.rules
        epoch = _sums(event.totals, lambda _: True)
        stage = _sums(event.totals, lambda cell: cell.stage in {0, state.stage_count})
        accounts = {
            rule.claim: (stage if rule.scope is Scope.STAGE else epoch).get(_cell(rule.claim), {})
            for rule in rules
        }
        evidence, chain = self.scales.weigh(
            accounts, self.memory.chain, variance_ratios=self._variance_ratios(event)
        )
        by_rule = {rule: evidence[rule.claim] for rule in rules}
        pairs = self._pairs(epoch)
        self._remember(
            chain=chain,
            evidence=by_rule,
            totals=epoch,
            average=self._average(by_rule),
            last_pair_at=event.now if pairs > self.memory.pairs else self.memory.last_pair_at,
            pairs=pairs,
            pairs_in_stage=self._pairs(stage),
        )
        case = Case(
            trial_id=self.plan.trial_id,
            epoch=state.epoch,
            rules=rules,
            evidence=by_rule,
            average=self.memory.average,
            needs=self.needs,
            now=event.now,
            alone={rule: _alone(epoch, rule) for rule in rules if rule.kind in TRIPWIRES},
        )
        verdict = judge(case, holds_weight=state.desired_weight > 0)
        verdict = replace(verdict, reasons=tuple(map(self._with_receipt, verdict.reasons)))
        self._remember(verdict=verdict, coverage=self._covered(event.now, epoch))
        return verdict

    def _covered(self, now: datetime, sums: _Sums) -> dict[SliceName, Coverage]:
        began_at = self.memory.began_at or now
        self._remember(began_at=began_at)
        primary = self.metrics[self.plan.primary]
        return {
            name: coverage(
                planned,
                sum(
                    outcomes.pairs(primary, account)
                    for account in sums.get((self.plan.primary, name), {}).values()
                ),
                elapsed_seconds=(now - began_at).total_seconds(),
                within_seconds=COVERED_WITHIN_SECONDS,
            )
            for name, planned in self._planned.items()
        }

    def _call_people(self, now: datetime) -> tuple[Command, ...]:
        """Raise an alarm for each rule that newly is past its threshold; nothing is decided."""
        alarms = self.scales.alarms(self.memory.chain)
        before = self.memory.alarms
        raised = {rule: alarms[rule.claim] for rule in self._shares if alarms[rule.claim].raised}
        self._remember(alarms=raised)
        commands: list[Command] = []
        for rule in raised:
            if rule in before:
                continue
            figure = measured(self.memory.evidence[rule])
            sentence = f"{rule.name} may be under way: {where(rule.claim)}: {figure}"
            commands.append(self._entry(now, EntryKind.ALARM, sentence, rule=rule.name))
            commands.append(Notify(event="evidence.alarm_raised", sentence=sentence))
        return tuple(commands)

    def _with_receipt(self, reason: Reason) -> Reason:
        """Add what a person needs to compute the e-value again (evidence/by_hand.py)."""
        told = self.scales.receipt(reason.claim, reason.counts, self.memory.chain)
        return replace(reason, recompute={**reason.recompute, **told})

    def _pairs(self, sums: _Sums) -> int:
        """Every pair has a verdict on whether each model failed: count those."""
        metric = self.metrics.get(ERROR)
        accounts = sums.get((ERROR, EVERYTHING), {}).values()
        return sum(outcomes.pairs(metric, account) for account in accounts) if metric else 0

    def _variance_ratios(self, event: Ticked) -> Mapping[MetricName, float]:
        """Say by how much a proof is weakened, for its pairs are seen to go together."""
        dependence, ratio = self.plan.evidence.dependence, event.variance_ratio
        if dependence.clusters or not dependence.temper or ratio is None or ratio <= WARN_ABOVE:
            return {}
        return {self.plan.primary: ratio}

    def _average(self, evidence: Mapping[Rule, Evidence]) -> Average:
        if not self._shares:
            return NOTHING_PROVEN
        rules, weights = list(self._shares), list(self._shares.values())
        log_es = [evidence[rule].log_e_value for rule in rules]
        return Average(
            log_e_value=average(log_es, weights),
            blamed=rules[blame(log_es, weights)],
            weights=self._shares,
        )

    def _say(self, verdict: Verdict, event: Ticked) -> tuple[Command, ...]:
        holder = event.route_holder
        held = holder is not None and holder != self.plan.trial_id
        wants = verdict.decision is Decision.PROMOTE
        note = f"; the route's traffic is held by trial {holder}" if held and wants else ""
        first = verdict.reasons[0].rule if verdict.reasons else ""
        said = (verdict.decision.value, verdict.grade.value, first, note)
        if said == self.memory.said:
            return ()
        self._remember(said=said)
        return (self._verdict_entry(verdict, note),)

    def _moved(self, verdict: Verdict, after: Step, now: datetime) -> tuple[Command, ...]:
        self._remember(said=())
        return (
            self._verdict_entry(verdict),
            *self._stage_entered(after, now, why=verdict.sentence + self._not_covered(after)),
        )

    def _not_covered(self, after: Step) -> str:
        """A slice that is too thin to be judged is never passed in silence."""
        thin = [
            f"{name} ({each.seen_pairs} of {each.planned_pairs:.0f} planned pairs)"
            for name, each in self.memory.coverage.items()
            if each.cover is not Cover.COVERED
        ]
        if after.move is not Move.CLIMB or not thin:
            return ""
        return f"; slices not covered: {', '.join(thin)}"

    def _stage_entered(self, after: Step, now: datetime, *, why: str) -> Iterator[Command]:
        state = after.state
        sentence = f"{_MOVED[after.move]} {share(state.desired_weight)} of route {self.plan.route}"
        yield self._entry(
            now,
            EntryKind.STAGE_ENTERED,
            f"{sentence}: {why}",
            move=after.move.name.lower() if after.move else "",
            phase=state.phase.value,
            weight=state.desired_weight,
            stage=state.stage_count,
        )
        yield SetWeight(weight=state.desired_weight)
        yield Notify(event=f"rollout.{_EVENTS[after.move]}", sentence=sentence)

    def _ask_again(self) -> tuple[Command, ...]:
        state = self.memory.state
        if state.applied_weight == state.desired_weight:
            return ()
        return (SetWeight(weight=state.desired_weight),)

    def _applied(self, event: WeightApplied) -> tuple[Command, ...]:
        state = self.memory.state
        if state.applied_weight == event.weight:
            return ()
        self._remember(state=replace(state, applied_weight=event.weight), rejected="")
        return (
            self._entry(
                event.now,
                EntryKind.WEIGHT_APPLIED,
                f"{self.plan.optimized} now has {share(event.weight)} of route {self.plan.route}",
                weight=event.weight,
            ),
        )

    def _rejected(self, event: WeightRejected) -> tuple[Command, ...]:
        if self.memory.rejected == event.problem:
            return ()
        self._remember(rejected=event.problem)
        sentence = f"weight {share(event.weight)} not applied: {event.problem}"
        return (
            self._entry(event.now, EntryKind.WEIGHT_REJECTED, sentence, weight=event.weight),
            Notify(event="actuator.weight_rejected", sentence=sentence),
        )

    def _asked(self, event: OperatorAsked) -> tuple[Command, ...]:
        if event.operation is Operation.LOOSEN:
            return self._loosened(event)
        before = self.memory.state
        facts = Facts(now=event.now)
        after = step(before, event.operation, course=self.plan.course, facts=facts)
        if after.state == before:
            raise RefusedError(_refusal(event.operation, before))
        entry = self._entry(
            event.now,
            EntryKind.OPERATION,
            f"{event.operator} asked to {event.operation}: {event.reason or 'no reason given'}",
            operation=event.operation.value,
            operator=event.operator,
            reason=event.reason,
        )
        self._remember(state=after.state, said=())
        if after.move is None:
            return (entry,)
        why = f"{event.operator}: {event.reason}"
        opened = self._forget(event.now, why) if after.move is Move.RE_ARM else ()
        return (entry, *opened, *self._stage_entered(after, event.now, why=why))

    def _loosened(self, event: OperatorAsked) -> tuple[Command, ...]:
        changes = loosened(self.plan.rules, self._wanted.rules)
        if not self.memory.pending:
            msg = f"trial {self.plan.trial_id}: the configuration is in force as it is"
            raise RefusedError(msg)
        if event.figures is not None:
            _refuse_unless_supported(changes, event.figures, self.memory.pending)
        by = "by evidence" if event.figures is not None else "as an override"
        entry = self._entry(
            event.now,
            EntryKind.OPERATION,
            f"{event.operator} loosened {by}: {'; '.join(self.memory.pending)}: {event.reason}",
            operation=event.operation.value,
            operator=event.operator,
            reason=event.reason,
            loosened=list(self.memory.pending),
            figures=msgspec.to_builtins(event.figures),
        )
        self._adopt(self._wanted)
        self._remember(pending=())
        return (entry, *self._new_epoch(event.now, f"limits were loosened by {event.operator}"))

    # --- epochs ---

    def _begin_anew(self, now: datetime, why: str) -> tuple[Command, ...]:
        state = self.memory.state
        fresh = begin(self.plan.trial_id, now=now, epoch=state.epoch + 1)
        self._remember(state=replace(fresh, stage_count=state.stage_count + 1, paused=state.paused))
        return self._forget(now, f"{why}: back to the shadow")

    def _new_epoch(self, now: datetime, why: str) -> tuple[Command, ...]:
        state = self.memory.state
        self._remember(
            state=replace(
                state,
                epoch=state.epoch + 1,
                stage_count=state.stage_count + 1,
                entered_stage_at=now,
            )
        )
        return self._forget(now, why)

    def _forget(self, now: datetime, why: str) -> tuple[Command, ...]:
        self.memory = Memory(state=self.memory.state, pending=self.memory.pending)
        state = self.memory.state
        return (
            self._entry(
                now,
                EntryKind.EPOCH_OPENED,
                f"epoch {state.epoch}: {why}",
                epoch=state.epoch,
                weight=state.desired_weight,
                plan=self.plan.fingerprint(),
            ),
        )

    # --- small things ---

    def _remember(self, **changes: Any) -> None:  # noqa: ANN401 - any field of Memory
        self.memory = replace(self.memory, **changes)

    def _entry(self, now: datetime, kind: EntryKind, sentence: str, **data: Any) -> Record:  # noqa: ANN401
        return Record(
            entry=Entry(
                at=now, trial_id=self.plan.trial_id, kind=kind, sentence=sentence, data=data
            )
        )

    def _verdict_entry(self, verdict: Verdict, note: str = "") -> Record:
        return self._entry(
            verdict.decided_at,
            EntryKind.VERDICT,
            verdict.sentence + note,
            decision=verdict.decision.value,
            grade=verdict.grade.value,
            epoch=verdict.epoch,
            log_e_roll_back=self.memory.average.log_e_value,
            reasons=[msgspec.to_builtins(reason) for reason in verdict.reasons],
        )


_MOVED: Mapping[Move | None, str] = {
    Move.CLIMB: "climbed to",
    Move.STEP_DOWN: "stepped down to",
    Move.DROP: "rolled back to",
    Move.RE_ARM: "re-armed with",
}

_EVENTS: Mapping[Move | None, str] = {
    Move.CLIMB: "stage_entered",
    Move.STEP_DOWN: "stepped_down",
    Move.DROP: "rolled_back",
    Move.RE_ARM: "re_armed",
}


def _refusal(operation: Operation, state: RolloutState) -> str:
    where = f"trial {state.trial_id} is {state.phase}{', paused' if state.paused else ''}"
    match operation:
        case Operation.PAUSE | Operation.RESUME:
            return f"{where}: there is nothing to {operation}"
        case Operation.ROLL_BACK:
            return f"{where}: there is nothing to roll back"
        case Operation.RE_ARM:
            return f"{where}: only a trial that was rolled back can be re-armed"
        case Operation.LOOSEN:
            return f"{where}: there is nothing to loosen"


def counted_by(plan: TrialPlan) -> Mapping[MetricName, Metric]:
    """
    Return the metrics as their pairs are counted.

    Where a user's requests are counted together, a session's verdicts become figures (the share of
    yeses), counted by the limits they are held to; but for those of which one is too many.
    """
    if not plan.evidence.dependence.clusters:
        return plan.metrics
    asked = {
        name: {
            (rule.claim.contrast, rule.claim.limit)
            for rule in plan.rules
            if rule.claim.metric == name
        }
        for name in plan.metrics
    }
    return {name: _as_scores(metric, asked[name]) for name, metric in plan.metrics.items()}


def _as_scores(metric: Metric, asked: set[tuple[Contrast, float]]) -> Metric:
    one_is_too_many = any(contrast is Contrast.ANY_RISE for contrast, _ in asked)
    of_sessions = metric.kind is MetricKind.VERDICTS and metric.scope is Scope.EPOCH
    if not of_sessions or one_is_too_many:
        return metric
    held_to = tuple(sorted(asked)) or ((natural_contrast(metric), _UNASKED_LIMIT),)
    return replace(metric, kind=MetricKind.SCORES, held_to=held_to)


_UNASKED_LIMIT = 0.05
"""A metric that no rule asks of is counted for this limit: it must be counted for one."""


def _in_force(plan: TrialPlan, snapshot: Mapping[str, Any]) -> TrialPlan:
    """Return the plan, but with whatever it would loosen as it was before."""
    before = msgspec.convert(snapshot["rules"], tuple[Rule, ...])
    alpha_promote, alpha_roll_back = snapshot["alphas"]
    alphas = {
        "alpha_promote": min(alpha_promote, plan.evidence.alpha_promote),
        "alpha_roll_back": max(alpha_roll_back, plan.evidence.alpha_roll_back),
    }
    return replace(
        plan,
        rules=tightest(before, plan.rules),
        evidence=plan.evidence.model_copy(update=alphas),
    )


def _loosenings(in_force: TrialPlan, wanted: TrialPlan) -> Iterator[str]:
    """Say what of the configuration is not in force."""
    yield from (change.sentence for change in loosened(in_force.rules, wanted.rules))
    for name in ("alpha_promote", "alpha_roll_back"):
        was, would = getattr(in_force.evidence, name), getattr(wanted.evidence, name)
        if was != would:
            yield f"{name}: {was:g} would become {would:g}"


def _refuse_unless_supported(
    changes: Sequence[Loosened],
    figures: Sequence[tuple[Claim, float | None]],
    pending: Sequence[str],
) -> None:
    without = [
        change.sentence
        for change in changes
        if not any(change.is_supported_by(claim, upper) for claim, upper in figures)
    ]
    without += [sentence for sentence in pending if sentence.startswith("alpha_")]
    if without:
        msg = (
            f"that verdict does not support: {'; '.join(without)}; its interval must lie below the "
            "new limit (or override, with a reason)"
        )
        raise RefusedError(msg)


def _cell(claim: Claim) -> tuple[MetricName, SliceName]:
    return claim.metric, claim.slice


_Sums: TypeAlias = Mapping[tuple[MetricName, SliceName], Accounts]


def _sums(totals: Mapping[Cell, Counts], wanted: Callable[[Cell], bool]) -> _Sums:
    """Add up the stages of each (metric, slice), rate by rate."""
    parts: defaultdict[tuple[MetricName, SliceName], defaultdict[int, list[Counts]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for cell, counts in totals.items():
        if wanted(cell):
            parts[cell.metric, cell.slice][cell.rate].append(counts)
    return {key: {rate: _add(many) for rate, many in rates.items()} for key, rates in parts.items()}


def _add(many: Iterable[Counts]) -> Counts:
    first, *rest = many
    if not rest:
        return first
    return tuple(np.array([first, *rest], dtype=np.int64).sum(axis=0).tolist())


def _alone(sums: _Sums, rule: Rule) -> int:
    """Count the pairs in which only the optimized model crossed a tripwire."""
    accounts = sums.get(_cell(rule.claim), {}).values()
    return sum(account[outcomes.OPTIMIZED_ONLY] for account in accounts)
