"""
Policy unit tests: given these counts, or this sequence, this is decided.

A case (policy_case_file.py) drives the trial that the daemon would drive, with its own
configuration and no traffic.

Rule 1: what was counted adds up; a metric of the stage counts for the stage it was counted in.
Rule 2: weights are applied at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shadowmon.config.settings import Settings
from shadowmon.daemon.policy_case_file import Case, Expected, GateStep, OperatorStep, Step
from shadowmon.daemon.replay import plan_of
from shadowmon.errors import RefusedError
from shadowmon.evidence import outcomes
from shadowmon.policy.rules import ERROR
from shadowmon.policy.sentences import share
from shadowmon.records import (
    EVERYTHING,
    Cell,
    Command,
    Decision,
    Felt,
    GateReported,
    Grade,
    Metric,
    MetricKind,
    MetricName,
    Observation,
    OperatorAsked,
    Scope,
    SetWeight,
    SliceName,
    Ticked,
    WeightApplied,
)
from shadowmon.trial.trial import Trial


BEGINNING = datetime(2000, 1, 3, 12, tzinfo=UTC)
"""A Monday at noon."""

_PLACES = {
    "both_no": (False, False),
    "optimized_only": (False, True),
    "baseline_only": (True, False),
    "both_yes": (True, True),
}
_DECIDED = {Grade.ACCEPT: Decision.PROMOTE, Grade.REJECT: Decision.ROLL_BACK}


class CaseError(Exception):
    """A case cannot be played: it asks for what the configuration does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that is not as it was expected."""

    step: int
    """From 1."""
    what: str
    expected: str
    found: str
    because: str
    """The verdict's own words."""


def play(case: Case, settings: Settings) -> Sequence[Difference]:
    """
    Play a case to its end.

    Returns:
        What was not as expected; nothing if all was.

    Raises:
        CaseError: If a step cannot be taken: which, and why.
        ConfigError: If there is no such trial.

    """
    played = _Played.begin(settings, case.trial)
    found: list[Difference] = []
    for number, step in enumerate(case.steps, start=1):
        try:
            played.take(step)
        except (CaseError, RefusedError, ValueError) as error:
            msg = f"step {number}: {error}"
            raise CaseError(msg) from error
        found += played.differences(step.expect, number)
    return found


@dataclass(slots=True)
class _Played:
    """A trial, and a world without traffic."""

    trial: Trial
    now: datetime = BEGINNING
    totals: dict[Cell, Counter[int]] = field(default_factory=dict)
    """Cell -> place -> count."""

    @classmethod
    def begin(cls, settings: Settings, name: str | None) -> _Played:
        trial, commands = Trial.open(plan_of(settings, name), now=BEGINNING)
        played = cls(trial)
        played._perform(commands)
        trial.handle(WeightApplied(weight=trial.memory.state.desired_weight, now=BEGINNING))
        return played

    def take(self, step: Step) -> None:
        if step.gate is not None:
            self._handle(_gate(step.gate, self.now))
        if step.operator is not None:
            self._handle(_asked(step.operator, self.now))
        for where, amounts in step.count.items():
            self._count(where, amounts)
        if step.pairs and ERROR not in {where.partition("@")[0] for where in step.count}:
            self._count(ERROR, {"both_no": step.pairs})
        self.now += timedelta(seconds=step.wait_seconds)
        felt = {arm: Felt(**said.model_dump()) for arm, said in step.felt.items()}
        counts = {
            cell: tuple(found[place] for place in range(outcomes.places(self._metric(cell.metric))))
            for cell, found in self.totals.items()
            if cell.epoch == self.trial.memory.state.epoch
        }
        self._handle(Ticked(now=self.now, totals=counts, felt=felt))

    def _handle(self, event: Ticked | GateReported | OperatorAsked) -> None:
        self._perform(self.trial.handle(event))

    def _perform(self, commands: Sequence[Command]) -> None:
        for command in commands:
            if isinstance(command, SetWeight):
                self.trial.handle(WeightApplied(weight=command.weight, now=self.now))

    def _count(self, where: str, amounts: Mapping[str, int]) -> None:
        name, _, slice_name = where.partition("@")
        metric = self._metric(MetricName(name))
        state = self.trial.memory.state
        cell = Cell(
            trial_id=state.trial_id,
            epoch=state.epoch,
            stage=state.stage_count if metric.scope is Scope.STAGE else 0,
            metric=metric.name,
            slice=SliceName(slice_name) if slice_name else EVERYTHING,
        )
        counts = self.totals.setdefault(cell, Counter())
        for what, many in amounts.items():
            for place, amount in outcomes.deposit(_observed(metric, what), metric):
                counts[place] += amount * many

    def _metric(self, name: MetricName) -> Metric:
        metrics = self.trial.weighing.metrics
        if name not in metrics:
            msg = f"no metric is called {name}; this trial has: {', '.join(metrics)}"
            raise CaseError(msg)
        return metrics[name]

    def differences(self, expected: Expected, number: int) -> Iterator[Difference]:
        memory = self.trial.memory
        verdict = memory.verdict
        found: Mapping[str, Any] = {
            "decision": verdict and verdict.decision,
            "grade": verdict and verdict.grade,
            "phase": memory.state.phase,
            "weight_percent": memory.state.desired_weight / 100,
            "rule": verdict.reasons[0].rule if verdict and verdict.reasons else "none",
        }
        because = verdict.sentence if verdict else "nothing was judged yet"
        for what, is_so in found.items():
            wanted = getattr(expected, what)
            if wanted is not None and wanted != is_so:
                yield _difference(number, what, wanted, is_so, because)
        wanted = expected.blocked
        if wanted is not None and (wanted not in memory.blocked or (not wanted and memory.blocked)):
            yield _difference(number, "blocked", wanted, memory.blocked, because)


def _difference(number: int, what: str, wanted: object, found: object, because: str) -> Difference:
    def words(value: object) -> str:
        if value is None or value == "":
            return "nothing"
        if what == "weight_percent" and isinstance(value, float):
            return share(round(value * 100))
        return str(value)

    return Difference(
        step=number, what=what, expected=words(wanted), found=words(found), because=because
    )


def _observed(metric: Metric, what: str) -> Observation:
    """Read what was counted: a place of the table, a distance, or both figures."""
    if what == "missing":
        return Observation(metric=metric.name, missing="test")
    if what in _PLACES and metric.kind is not MetricKind.DIVERGENCE:
        baseline, optimized = _PLACES[what]
        return Observation(metric=metric.name, baseline=baseline, optimized=optimized)
    try:
        figures = [float(part) for part in what.split("/")]
    except ValueError:
        figures = []
    if metric.kind is MetricKind.DIVERGENCE and len(figures) == 1:
        return Observation(metric=metric.name, distance=figures[0])
    if metric.kind is MetricKind.SCORES and len(figures) == 2:  # noqa: PLR2004 - one of each
        return Observation(metric=metric.name, baseline=figures[0], optimized=figures[1])
    msg = f'{metric.name} is {metric.kind}: "{what}" cannot be counted; give {_FORMS[metric.kind]}'
    raise CaseError(msg)


_FORMS = {
    MetricKind.VERDICTS: f"{', '.join(_PLACES)} or missing",
    MetricKind.DIVERGENCE: "distances such as 0.25, or missing",
    MetricKind.SCORES: "both figures such as 1/0.5, or missing",
}


def _gate(step: GateStep, now: datetime) -> GateReported:
    return GateReported(
        phase=step.phase,
        decision=_DECIDED.get(step.grade, Decision.HOLD),
        grade=step.grade,
        sentence="test",
        reporter="test",
        now=now,
    )


def _asked(step: OperatorStep, now: datetime) -> OperatorAsked:
    return OperatorAsked(operation=step.operation, operator=step.name, reason=step.reason, now=now)
