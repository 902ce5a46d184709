"""
The course of a trial: what is journalled and done when something happens.

Rule 1: all that a trial remembers is its frozen `Memory`; to handle an event is to replace it.
Rule 2: what must be journalled comes before what must be done, in one tuple.
Rule 3: not thread-safe. One task owns it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from shadowmon.errors import RefusedError
from shadowmon.evidence.coverage import Cover
from shadowmon.policy.loosening import loosened
from shadowmon.policy.sentences import measured, share, where
from shadowmon.records import (
    Command,
    Decision,
    Entry,
    EntryKind,
    Event,
    GateReported,
    Notify,
    Operation,
    OperatorAsked,
    Phase,
    Record,
    RolloutState,
    SetWeight,
    Ticked,
    Verdict,
    WeightApplied,
    WeightRejected,
)
from shadowmon.rollout.machine import Facts, Step, begin, step, why_not_climb
from shadowmon.rollout.transitions import WATCHED, Move
from shadowmon.trial import limits
from shadowmon.trial.feedback import Complaints
from shadowmon.trial.memory import Memory
from shadowmon.trial.plan import TrialPlan
from shadowmon.trial.weighing import Weighing


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
        self.weighing = Weighing(plan)

    # --- begin, and begin again ---

    @classmethod
    def open(cls, plan: TrialPlan, *, now: datetime) -> tuple[Trial, tuple[Command, ...]]:
        """Begin a trial that was never seen before."""
        first = plan.course.phases[0]
        trial = cls(plan, Memory(state=begin(plan.trial_id, now=now, phase=first)))
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
            complaints=msgspec.convert(snapshot.get("complaints") or {}, Complaints, str_keys=True),
        )
        in_force = limits.in_force(plan, snapshot)
        trial = cls(in_force, memory, wanted=plan)
        if [snapshot["version"], snapshot["optimized"]] != [plan.version, plan.optimized]:
            commands = trial._begin_anew(now, "another version of the optimized model")
        elif snapshot["fingerprint"] != in_force.fingerprint():
            commands = trial._new_epoch(now, "limits or bets were changed")
        else:
            commands = ()
        return trial, (*commands, *trial._say_pending(now, snapshot["pending"]))

    def _say_pending(self, now: datetime, said: Sequence[str]) -> tuple[Command, ...]:
        pending = tuple(limits.loosenings(self.plan, self._wanted))
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
            "complaints": msgspec.to_builtins(self.memory.complaints, str_keys=True),
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
            case GateReported():
                return self._judged_elsewhere(event)

    def _ticked(self, event: Ticked) -> tuple[Command, ...]:
        if self.memory.state.phase not in WATCHED:
            return self._ask_again()
        self.memory, verdict = self.weighing.weigh(self.memory, event)
        facts = Facts(
            now=event.now,
            pairs_in_stage=self.memory.pairs_in_stage,
            route_holder=event.route_holder,
            grade=verdict.grade,
            complaints=self._hear_users(event),
        )
        after = step(self.memory.state, verdict.decision, course=self.plan.course, facts=facts)
        self._remember(
            state=after.state,
            blocked=why_not_climb(self.memory.state, course=self.plan.course, facts=facts),
        )
        if after.move is Move.DROP:
            return self._moved(verdict, after, event.now)
        called = (*self._call_people(event.now), *self._call_for_complaints(event.now))
        if after.move is None:
            return (*called, *self._say(verdict, event), *self._ask_again())
        return (*called, *self._moved(verdict, after, event.now))

    def _call_people(self, now: datetime) -> tuple[Command, ...]:
        """Raise an alarm for each rule that newly is past its threshold; nothing is decided."""
        before, raised = self.memory.alarms, self.weighing.alarms(self.memory)
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

    def _hear_users(self, event: Ticked) -> str:
        """Take users' feedback in; return what it has against a climb."""
        rule, state = self.plan.feedback, self.memory.state
        if rule is None:
            return ""
        self._remember(complaints=self.memory.complaints.heard(event.felt, state))
        return self.memory.complaints.objection(rule, state)

    def _call_for_complaints(self, now: datetime) -> tuple[Command, ...]:
        """Call a person once in a stage whose users complain of the optimized model."""
        rule, complaints = self.plan.feedback, self.memory.complaints
        if rule is None or complaints.told or not complaints.increased(rule):
            return ()
        self._remember(complaints=replace(complaints, told=True))
        sentence = complaints.sentence(rule)
        return (
            self._entry(now, EntryKind.ALARM, sentence, **complaints.to_json(rule)),
            Notify(event="evidence.complaints_increased", sentence=sentence),
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
        if after.move is Move.ADVANCE:
            sentence = f"goes on to {_IN_WORDS.get(state.phase, state.phase)}"
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
        if state.applied_weight == state.desired_weight or state.drifted:
            return ()
        return (SetWeight(weight=state.desired_weight),)

    def _applied(self, event: WeightApplied) -> tuple[Command, ...]:
        state = self.memory.state
        if state.applied_weight == event.weight:
            return ()
        if state.applied_weight == state.desired_weight != event.weight:
            return self._drifted(event)
        self._remember(state=replace(state, applied_weight=event.weight), rejected="")
        return (
            self._entry(
                event.now,
                EntryKind.WEIGHT_APPLIED,
                f"{self.plan.optimized} now has {share(event.weight)} of route {self.plan.route}",
                weight=event.weight,
            ),
        )

    def _drifted(self, event: WeightApplied) -> tuple[Command, ...]:
        """Somebody else moved the weight: tell people, and do not fight them over it."""
        state = self.memory.state
        self._remember(state=replace(state, applied_weight=event.weight, drifted=True))
        sentence = (
            f"{self.plan.optimized} has {share(event.weight)} of route {self.plan.route}, and not "
            f"the {share(state.desired_weight)} that were applied: another hand changed it"
        )
        return (
            self._entry(event.now, EntryKind.WEIGHT_DRIFTED, sentence, weight=event.weight),
            Notify(event="rollout.weight_drifted", sentence=sentence),
        )

    def _judged_elsewhere(self, event: GateReported) -> tuple[Command, ...]:
        """Take the result of a phase that is gone through before anything is mirrored."""
        state = self.memory.state
        if event.phase is not state.phase:
            msg = f"trial {state.trial_id} is {state.phase}: a result for {event.phase} is not due"
            raise RefusedError(msg)
        facts = Facts(now=event.now, grade=event.grade)
        after = step(state, event.decision, course=self.plan.course, facts=facts)
        entry = self._entry(
            event.now,
            EntryKind.GATE,
            f"{event.phase}: {event.grade}: {event.sentence} (reported by {event.reporter})",
            phase=event.phase.value,
            grade=event.grade.value,
            reporter=event.reporter,
            **event.data,
        )
        self._remember(state=after.state)
        if after.move is None:
            return (entry,)
        return (entry, *self._stage_entered(after, event.now, why=event.sentence))

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
        facts = Facts(now=event.now, expires_at=event.expires_at)
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
            expires_at=event.expires_at and event.expires_at.isoformat(),
        )
        self._remember(state=after.state, said=())
        if after.move in {None, Move.APPROVE}:
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
            limits.refuse_unless_supported(changes, event.figures, self.memory.pending)
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
        first = self.plan.course.phases[0]
        fresh = begin(self.plan.trial_id, now=now, epoch=state.epoch + 1, phase=first)
        self._remember(state=replace(fresh, stage_count=state.stage_count + 1, paused=state.paused))
        return self._forget(now, f"{why}: back to {_IN_WORDS.get(first, first)}")

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
    Move.ADVANCE: "goes on with",
}

_EVENTS: Mapping[Move | None, str] = {
    Move.CLIMB: "stage_entered",
    Move.STEP_DOWN: "stepped_down",
    Move.DROP: "rolled_back",
    Move.RE_ARM: "re_armed",
    Move.ADVANCE: "phase_entered",
}

_IN_WORDS: Mapping[Phase, str] = {Phase.SHADOWING: "the shadow", Phase.SIDE_BY_SIDE: "side by side"}


def _refusal(operation: Operation, state: RolloutState) -> str:
    where = f"trial {state.trial_id} is {state.phase}{', paused' if state.paused else ''}"
    match operation:
        case Operation.PAUSE | Operation.RESUME:
            return f"{where}: there is nothing to {operation}"
        case Operation.ROLL_BACK:
            return f"{where}: there is nothing to roll back"
        case Operation.APPROVE:
            return f"{where}: the next stage asks for no approval"
        case Operation.RE_ARM:
            return f"{where}: only a trial that was rolled back can be re-armed"
        case Operation.LOOSEN:
            return f"{where}: there is nothing to loosen"
