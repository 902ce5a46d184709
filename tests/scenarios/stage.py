"""
A trial, and a world that does what a story tells.

    count METRIC[/SLICE] PLACE=N …   pairs were counted (places: both_no optimized_only
                                     baseline_only both_yes missing)
    wait SECONDS                     time passes
    tick [held_by TRIAL]             the daemon ticks
    operator WHO OPERATION REASON    a person asks
    actuator down|up                 weights can not be, or can be, set
    restart [version V]              the daemon comes back, perhaps with another model
    acceptable LOSS                  the daemon comes back with another limit
    loosen WHO evidence|override WHY a person lets a looser limit take effect, by the newest verdict
    course [phases=…] [approval=STAGE] [window=FROM-TO] [climb=no]   the daemon comes back with
                                     another course
    new trial                        the trial begins for the first time
    gate PHASE GRADE SENTENCE        a phase before the shadow is judged
    approve WHO for SECONDS WHY      a person agrees to the next stage, for so long
    feedback RISE WHEN               the daemon comes back, and judges complaints
    felt ARM replies=N complaints=N  users said so much of an arm's replies since the last tick
    foreign WEIGHT                   another hand changes the weight, and it is read back
"""

from __future__ import annotations

import json

from dataclasses import replace
from datetime import time, timedelta

import pytest

from shadowmon.errors import RefusedError
from shadowmon.policy.settings import OnComplaints, PolicySettings
from shadowmon.records import (
    NO_TRAFFIC,
    Arm,
    Cell,
    Command,
    Counts,
    Decision,
    Event,
    Felt,
    GateReported,
    Grade,
    MetricName,
    Notify,
    Operation,
    OperatorAsked,
    Phase,
    Record,
    Scope,
    SetWeight,
    SliceName,
    Ticked,
    TrialId,
    Weight,
    WeightApplied,
    WeightRejected,
)
from shadowmon.rollout.course import Course
from shadowmon.rollout.transitions import Trigger, move_of
from shadowmon.rollout.windows import DAYS, Window
from shadowmon.trial.feedback import FeedbackRule
from shadowmon.trial.plan import TrialPlan
from shadowmon.trial.trial import Trial
from tests.factories import NOON
from tests.trials import METRICS, a_plan


PLACES = ("both_no", "optimized_only", "baseline_only", "both_yes", "missing")


class Stage:
    """A trial, and a world that does what it is told."""

    def __init__(self) -> None:
        self.now = NOON
        self.plan = a_plan(edge=("rare",))
        self.totals: dict[Cell, Counts] = {}
        self.weight = NO_TRAFFIC
        self.actuator_works = True
        self.felt: dict[Arm, Felt] = {}
        self.walked: set[tuple[Phase, type[Trigger], Trigger]] = set()
        """Rows of the table that moved something; both kinds of trigger have a `roll_back`."""
        self.trial, commands = Trial.open(self.plan, now=self.now)
        self.opening = self.perform(commands)
        self.read_back()

    def tell(self, line: str) -> list[str]:
        match line.split():
            case ["count", what, *amounts]:
                self.count(what, dict(amount.split("=") for amount in amounts))
                return []
            case ["wait", seconds]:
                self.now += timedelta(seconds=float(seconds))
                return []
            case ["tick", *rest]:
                holder = TrialId(rest[1]) if rest else None
                event = Ticked(
                    now=self.now, totals=self.of_epoch(), route_holder=holder, felt=self.felt
                )
                self.felt = {}
                return [*self.perform(self.handle(event)), self.state()]
            case ["operator", who, operation, *reason]:
                return [*self.ask(who, Operation(operation), " ".join(reason)), self.state()]
            case ["actuator", word]:
                self.actuator_works = word == "up"
                return []
            case ["restart", *rest]:
                plan = replace(self.plan, version=rest[1]) if rest else self.plan
                return [*self.restart(plan), self.state()]
            case ["acceptable", loss]:
                policy = PolicySettings(acceptable=float(loss))
                return [*self.restart(a_plan(policy=policy, edge=("rare",))), self.state()]
            case ["feedback", rise, when]:
                climb = OnComplaints(when)
                rule = FeedbackRule(rise=float(rise), climb=climb, alpha=0.0125)
                return [*self.restart(replace(self.plan, feedback=rule)), self.state()]
            case ["felt", arm, *amounts]:
                counts = dict(amount.split("=") for amount in amounts)
                self.felt[Arm(arm)] = Felt(**{key: int(value) for key, value in counts.items()})
                return []
            case ["course", *words]:
                course = dict(word.split("=", 1) for word in words)
                return [
                    *self.restart(replace(self.plan, course=self.another(course))),
                    self.state(),
                ]
            case ["new", "trial"]:
                self.trial, commands = Trial.open(self.plan, now=self.now)
                return [*self.perform(commands), self.state()]
            case ["gate", phase, grade, *sentence]:
                return [*self.gate(Phase(phase), Grade(grade), " ".join(sentence)), self.state()]
            case ["approve", who, "for", seconds, *reason]:
                until = self.now + timedelta(seconds=float(seconds))
                return [
                    *self.ask(who, Operation.APPROVE, " ".join(reason), expires_at=until),
                    self.state(),
                ]
            case ["foreign", weight]:
                self.weight = Weight(int(weight))
                told = WeightApplied(weight=self.weight, now=self.now)
                return [*self.perform(self.handle(told)), self.state()]
            case ["loosen", who, how, *why]:
                return [*self.loosen(who, " ".join(why), how == "evidence"), self.state()]
            case _:
                pytest.fail(f"no such line in a story: {line!r}")

    def handle(self, event: Event) -> tuple[Command, ...]:
        """Let the trial handle an event, and remember which row of the table that walked."""
        before = self.trial.memory.state
        commands = self.trial.handle(event)
        trigger = self.trigger(event)
        moved = self.trial.memory.state != before
        if trigger is not None and moved and move_of(before.phase, trigger) is not None:
            self.walked.add((before.phase, type(trigger), trigger))
        return commands

    def trigger(self, event: Event) -> Trigger | None:
        match event:
            case Ticked():
                verdict = self.trial.memory.verdict
                return verdict.decision if verdict else None
            case OperatorAsked():
                return event.operation
            case GateReported():
                return event.decision
            case _:
                return None

    def count(self, what: str, amounts: dict[str, str]) -> None:
        name, _, slice_name = what.partition("/")
        metric = MetricName(name)
        state = self.trial.memory.state
        cell = Cell(
            trial_id=state.trial_id,
            epoch=state.epoch,
            stage=state.stage_count if METRICS[metric].scope is Scope.STAGE else 0,
            metric=metric,
            slice=SliceName(slice_name or "all"),
        )
        before = self.totals.get(cell, (0,) * len(PLACES))
        self.totals[cell] = tuple(
            had + int(amounts.get(place, 0)) for had, place in zip(before, PLACES, strict=True)
        )

    def of_epoch(self) -> dict[Cell, Counts]:
        epoch = self.trial.memory.state.epoch
        return {cell: counts for cell, counts in self.totals.items() if cell.epoch == epoch}

    def another(self, told: dict[str, str]) -> Course:
        """Return the course with other phases, approvals or windows."""
        course = replace(self.plan.course, may_climb=told.get("climb") != "no")
        if "phases" in told:
            course = replace(course, phases=tuple(map(Phase, told["phases"].split(","))))
        if "approval" in told:
            stages = tuple(
                replace(stage, needs_approval=stage.name == told["approval"])
                for stage in course.ladder.stages
            )
            course = replace(course, ladder=replace(course.ladder, stages=stages))
        if "window" in told:
            begin, _, end = told["window"].partition("-")
            hours = Window(
                days=DAYS,
                begin=time.fromisoformat(begin),
                end=time.fromisoformat(end),
                zone="Europe/Berlin",
            )
            course = replace(course, windows=(hours,))
        return course

    def gate(self, phase: Phase, grade: Grade, sentence: str) -> list[str]:
        decisions = {Grade.ACCEPT: Decision.PROMOTE, Grade.REJECT: Decision.ROLL_BACK}
        event = GateReported(
            phase=phase,
            decision=decisions.get(grade, Decision.HOLD),
            grade=grade,
            sentence=sentence,
            reporter="ci",
            now=self.now,
        )
        try:
            return self.perform(self.handle(event))
        except RefusedError as error:
            return [f"refused: {error}"]

    def ask(self, who: str, operation: Operation, reason: str, expires_at=None) -> list[str]:
        event = OperatorAsked(
            operation=operation, operator=who, reason=reason, now=self.now, expires_at=expires_at
        )
        try:
            return self.perform(self.handle(event))
        except RefusedError as error:
            return [f"refused: {error}"]

    def loosen(self, who: str, reason: str, by_evidence: bool) -> list[str]:
        verdict = self.trial.memory.verdict
        reasons = verdict.reasons if verdict and by_evidence else ()
        event = OperatorAsked(
            operation=Operation.LOOSEN,
            operator=who,
            reason=reason,
            now=self.now,
            figures=tuple((each.claim, each.upper) for each in reasons) if by_evidence else None,
        )
        try:
            return self.perform(self.handle(event))
        except RefusedError as error:
            return [f"refused: {error}"]

    def restart(self, plan: TrialPlan) -> list[str]:
        snapshot = json.loads(json.dumps(self.trial.snapshot()))
        self.plan = plan
        self.trial, commands = Trial.restore(plan, snapshot, now=self.now)
        self.read_back()
        return self.perform(commands)

    def read_back(self) -> None:
        """Ask the actuator what weight it has, as the daemon does at every start."""
        memory = self.trial.memory
        self.trial.memory = replace(memory, state=replace(memory.state, applied_weight=self.weight))

    def perform(self, commands) -> list[str]:
        said = []
        for command in commands:
            match command:
                case Record(entry=entry):
                    said.append(f"journal {entry.kind}: {entry.sentence}")
                case SetWeight(weight=weight):
                    said.append(f"set weight {weight}")
                    said += self.perform(self.handle(self.actuate(weight)))
                case Notify():
                    pass
                case _:
                    pytest.fail(f"no such command: {command}")
        return said

    def actuate(self, weight):
        if self.actuator_works:
            self.weight = weight
            return WeightApplied(weight=weight, now=self.now)
        return WeightRejected(weight=weight, problem="no connection", now=self.now)

    def state(self) -> str:
        state = self.trial.memory.state
        words = [f"= {state.phase}", f"epoch {state.epoch}", f"wants {state.desired_weight}"]
        if state.applied_weight != state.desired_weight:
            words.append(f"has {state.applied_weight}")
        if state.paused:
            words.append("paused")
        if state.drifted:
            words.append("drifted")
        if state.phase is not Phase.ROLLED_BACK and self.trial.memory.blocked:
            words.append(f"blocked: {self.trial.memory.blocked}")
        return ", ".join(words)
