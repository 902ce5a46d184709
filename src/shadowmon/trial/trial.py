"""
The course of a trial: what is journalled and done when something happens.

Rule 1: all that a trial remembers is its frozen `Memory`; to handle an event is to replace it.
Rule 2: what must be journalled comes before what must be done, in one tuple.
Rule 3: not thread-safe. One task owns it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from shadowmon.errors import RefusedError
from shadowmon.evidence.coverage import Cover
from shadowmon.policy.loosening import loosened
from shadowmon.records import (
    Command,
    Decision,
    Event,
    GateReported,
    Operation,
    OperatorAsked,
    Record,
    Ticked,
    Verdict,
    WeightApplied,
    WeightRejected,
)
from shadowmon.rollout.course import Facts
from shadowmon.rollout.machine import Step, begin, step
from shadowmon.rollout.obstacles import why_not_climb
from shadowmon.rollout.transitions import WATCHED, Move
from shadowmon.trial import calls, entries, limits, meaning, weights
from shadowmon.trial import snapshot as snapshots
from shadowmon.trial.memory import Change, Memory
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
        self.adopt(plan)

    def adopt(self, plan: TrialPlan) -> None:
        """Let other limits be in force."""
        self.plan = plan
        self.weighing = Weighing(plan)

    # --- begin, and begin again ---

    @classmethod
    def open(cls, plan: TrialPlan, *, now: datetime) -> tuple[Trial, tuple[Command, ...]]:
        """Begin a trial that was never seen before."""
        first = plan.course.phases[0]
        trial = cls(plan, Memory(state=begin(plan.trial_id, now=now, phase=first)))
        return trial, tuple(entries.trial_opened(plan, now))

    @classmethod
    def restore(
        cls, plan: TrialPlan, snapshot: Mapping[str, Any], *, now: datetime
    ) -> tuple[Trial, tuple[Command, ...]]:
        """
        Go on where a snapshot stands.

        Evidence that was gathered for another version of the model, for other limits, or of what
        meant something else, is not carried over: a new epoch begins. Another version also begins
        in the shadow.
        """
        in_force = limits.in_force(plan, snapshot)
        trial = cls(in_force, snapshots.read(snapshot), wanted=plan)
        if [snapshot["version"], snapshot["optimized"]] != [plan.version, plan.optimized]:
            commands = trial._begin_anew(now, "another version of the optimized model")
        elif why := trial._why_anew(snapshot):
            commands = trial._new_epoch(now, why)
        else:
            commands = ()
        return trial, (*commands, *trial._say_pending(now, snapshot["pending"]))

    def _why_anew(self, snapshot: Mapping[str, Any]) -> str:
        """Return why what was gathered does not count any more; empty if it does."""
        if snapshot["fingerprint"] != self.plan.fingerprint():
            return "limits or bets were changed"
        meant = snapshot.get("meaning") or {}
        others = meaning.changed(meant, self.plan.meaning, phase=self.memory.state.phase)
        return f"observations mean something else now: {', '.join(others)}" if others else ""

    def _say_pending(self, now: datetime, said: Sequence[str]) -> tuple[Command, ...]:
        pending = tuple(limits.loosenings(self.plan, self._wanted))
        self._remember(pending=pending)
        if not pending or list(pending) == list(said):
            return ()
        return (entries.not_in_force(self.plan, now, pending),)

    def snapshot(self) -> Mapping[str, Any]:
        """Return what `restore` needs, as JSON."""
        return snapshots.write(self.plan, self.memory)

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
                return self._changed(weights.applied(self.plan, self.memory, event))
            case WeightRejected():
                return self._changed(weights.rejected(self.plan, self.memory, event))
            case OperatorAsked():
                return self._asked(event)
            case GateReported():
                return self._judged_elsewhere(event)

    def _changed(self, change: Change) -> tuple[Command, ...]:
        self.memory, commands = change
        return commands

    def _ticked(self, event: Ticked) -> tuple[Command, ...]:
        if self.memory.state.phase not in WATCHED:
            return weights.ask_again(self.memory.state)
        self.memory, verdict = self.weighing.weigh(self.memory, event)
        facts = Facts(
            now=event.now,
            pairs_in_stage=self.memory.pairs_in_stage,
            route_holder=event.route_holder,
            frozen=event.frozen,
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
        called = self._call_people(event.now)
        if after.move is None:
            asked = weights.ask_again(self.memory.state)
            return (*called, *self._say(verdict, event), *asked)
        return (*called, *self._moved(verdict, after, event.now))

    def _call_people(self, now: datetime) -> tuple[Command, ...]:
        raised = self.weighing.alarms(self.memory)
        alarms = self._changed(calls.for_alarms(self.plan, self.memory, raised, now))
        return (*alarms, *self._changed(calls.for_complaints(self.plan, self.memory, now)))

    def _hear_users(self, event: Ticked) -> str:
        """Take users' feedback in; return what it has against a climb."""
        if self.plan.feedback is not None:
            heard = self.memory.complaints.heard(event.felt, self.memory.state)
            self._remember(complaints=heard)
        return self.objection

    @property
    def objection(self) -> str:
        """What users' complaints have against a climb; empty if nothing."""
        rule, memory = self.plan.feedback, self.memory
        return "" if rule is None else memory.complaints.objection(rule, memory.state)

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
            *entries.stage_entered(
                self.plan, after, now, why=verdict.sentence + self._not_covered(after)
            ),
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

    def _judged_elsewhere(self, event: GateReported) -> tuple[Command, ...]:
        """Take the result of a phase that is gone through before anything is mirrored."""
        state = self.memory.state
        if event.phase is not state.phase:
            msg = f"trial {state.trial_id} is {state.phase}: a result for {event.phase} is not due"
            raise RefusedError(msg)
        facts = Facts(now=event.now, grade=event.grade)
        after = step(state, event.decision, course=self.plan.course, facts=facts)
        entry = entries.gate_reported(self.plan, event)
        self._remember(state=after.state)
        if after.move is None:
            return (entry,)
        return (entry, *entries.stage_entered(self.plan, after, event.now, why=event.sentence))

    def _asked(self, event: OperatorAsked) -> tuple[Command, ...]:
        if event.operation is Operation.LOOSEN:
            return self._loosened(event)
        before = self.memory.state
        facts = Facts(now=event.now, expires_at=event.expires_at)
        after = step(before, event.operation, course=self.plan.course, facts=facts)
        if after.state == before:
            raise RefusedError(entries.refusal(event.operation, before))
        entry = entries.operation_asked(self.plan, event)
        self._remember(state=after.state, said=())
        if after.move in {None, Move.APPROVE}:
            return (entry,)
        why = f"{event.operator}: {event.reason}"
        opened = self._forget(event.now, why) if after.move is Move.RE_ARM else ()
        return (entry, *opened, *entries.stage_entered(self.plan, after, event.now, why=why))

    def _loosened(self, event: OperatorAsked) -> tuple[Command, ...]:
        changes = loosened(self.plan.rules, self._wanted.rules)
        if not self.memory.pending:
            msg = f"trial {self.plan.trial_id}: the configuration is in force as it is"
            raise RefusedError(msg)
        if event.figures is not None:
            limits.refuse_unless_supported(changes, event.figures, self.memory.pending)
        entry = entries.loosened(self.plan, event, self.memory.pending)
        self.adopt(self._wanted)
        self._remember(pending=())
        return (entry, *self._new_epoch(event.now, f"limits were loosened by {event.operator}"))

    # --- epochs ---

    def _begin_anew(self, now: datetime, why: str) -> tuple[Command, ...]:
        state = self.memory.state
        first = self.plan.course.phases[0]
        fresh = begin(self.plan.trial_id, now=now, epoch=state.epoch + 1, phase=first)
        self._remember(state=replace(fresh, stage_count=state.stage_count + 1, paused=state.paused))
        return self._forget(now, f"{why}: back to {entries.in_words(first)}")

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
        return (entries.epoch_opened(self.plan, self.memory.state, now, why),)

    # --- small things ---

    def _remember(self, **changes: Any) -> None:  # noqa: ANN401 - any field of Memory
        self.memory = replace(self.memory, **changes)

    def _verdict_entry(self, verdict: Verdict, note: str = "") -> Record:
        log_e = self.memory.average.log_e_value
        return entries.verdict_reached(self.plan, verdict, log_e_roll_back=log_e, note=note)
