"""
Whole trials through the parts that count: desks, gates, books and a real `Trial`, exchange by
exchange.

Slower than tests/whole_trials.py, where only rules and bets are walked, and nearer to what runs: it
is for what happens on the way from an exchange to the totals.
"""

from __future__ import annotations

import enum

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

import numpy as np

from shadowmon.daemon.books import Books
from shadowmon.daemon.dependence import Gate
from shadowmon.daemon.labels import LabelDesk, LabelRule
from shadowmon.daemon.late_counting import LateCounting
from shadowmon.evidence.settings import DependenceSettings, EvidenceSettings
from shadowmon.policy.rules import CORRECT, ERROR, Subject, rules_for
from shadowmon.policy.settings import PolicySettings, RedLineSettings, Task
from shadowmon.records import (
    EVERYTHING,
    NO_TRAFFIC,
    Metric,
    Observation,
    Pair,
    Phase,
    Ticked,
    WeightApplied,
)
from shadowmon.trial.plan import TrialPlan
from shadowmon.trial.trial import Trial
from tests.factories import NOON, a_pair
from tests.trials import INT8, METRICS, a_course, a_plan


ALPHA = 0.05
LIMIT = 0.05
"""Where a loss is not acceptable any more, and where it is too much: both are errors there."""
WITHOUT_ERROR = Observation(metric=ERROR, baseline=False, optimized=False)


class End(enum.Enum):
    """What became of a trial."""

    CLIMBED = enum.auto()
    ROLLED_BACK = enum.auto()
    NEITHER = enum.auto()


def a_trial_on_its_limits(
    *,
    primary: Metric = METRICS[CORRECT],
    dependence: DependenceSettings | None = None,
    acceptable: float = LIMIT,
    stages: tuple[int, ...] = (1, 10, 50, 100),
) -> TrialPlan:
    """Return a plan in which a loss of LIMIT allows neither a climb nor a roll-back."""
    metrics = {primary.name: primary, ERROR: METRICS[ERROR]}
    policy = PolicySettings(
        acceptable=acceptable,
        review_factor=1,
        red_lines=(RedLineSettings(name="core_quality", limit=LIMIT),),
    )
    subject = Subject(task=Task.CLASSIFICATION, metrics=metrics, primary=primary.name)
    return a_plan(
        metrics=metrics,
        primary=primary.name,
        rules=rules_for(policy, subject),
        evidence=EvidenceSettings(
            alpha_promote=ALPHA,
            alpha_roll_back=ALPHA,
            dependence=dependence or DependenceSettings(),
        ),
        course=a_course(*stages),
    )


def verdict(*, bad: bool) -> Observation:
    """Return whether each model was right: the baseline always is."""
    return Observation(metric=CORRECT, baseline=True, optimized=not bad)


class PacedTrial:
    """A trial, and what its workers and the control process have counted."""

    def __init__(self, plan: TrialPlan, *, maturity_seconds: float = 300.0) -> None:
        rule = LabelRule(maturity=timedelta(seconds=maturity_seconds), covers_all=True)
        self.labels = LabelDesk({INT8: rule}, awaiting_max=10**6)
        self.books = Books({})
        self.trial, _ = Trial.open(plan, now=NOON)
        self._gates: dict[str, Gate] = {}
        self._begin()

    def _begin(self) -> None:
        self.trial.handle(WeightApplied(weight=NO_TRAFFIC, now=NOON))
        trials = {INT8: self.trial}
        self._late = LateCounting(trials=trials, labels=self.labels, books=self.books)
        self._late.count_anew()

    def restart(self, plan: TrialPlan, second: float) -> None:
        """Go on after a restart of the control process, perhaps with another configuration."""
        before = self.trial.memory.state.epoch
        now = NOON + timedelta(seconds=second)
        self.trial, _ = Trial.restore(plan, self.trial.snapshot(), now=now)
        self._begin()
        if self.trial.memory.state.epoch != before:
            self._gates.clear()
            self.books.drop_epochs_before(INT8, before + 1)

    def a_pair(self, cluster: str = "") -> Pair:
        """Return a pair of the present stage."""
        state = self.trial.memory.state
        return replace(
            a_pair(),
            trial_id=INT8,
            epoch=state.epoch,
            stage=state.stage_count,
            slices=frozenset({EVERYTHING}),
            cluster=cluster,
        )

    # --- a worker ---

    def count(
        self, pair: Pair, seen: Iterable[Observation], second: float, *, worker: str = "w"
    ) -> None:
        """Let a worker count a pair."""
        gate = self._gates.get(worker)
        if gate is None:
            plan = self.trial.plan
            gate = self._gates[worker] = Gate(
                self.trial.weighing.metrics,
                primary=plan.primary,
                settings=plan.evidence.dependence,
            )
        gate.count(pair, seen, NOON + timedelta(seconds=second))

    def tell(self, worker: str, second: float) -> None:
        """Let a worker report."""
        gate = self._gates.get(worker)
        if gate is not None:
            gate.close_due(NOON + timedelta(seconds=second))
            for cell, counts in gate.ledger.take_changed().items():
                self.books.tell(worker, cell, counts)

    def kill(self, worker: str) -> None:
        """What a worker had not reported is lost; it must not come back by the same name."""
        self._gates.pop(worker, None)

    # --- the control process ---

    def look(self, second: float) -> End:
        """Judge what was reported."""
        now = NOON + timedelta(seconds=second)
        self._late.settle(now)
        epoch = self.trial.memory.state.epoch
        self.trial.handle(Ticked(now=now, totals=self.books.totals(INT8, epoch)))
        state = self.trial.memory.state
        if state.phase is Phase.ROLLED_BACK:
            return End.ROLLED_BACK
        return End.CLIMBED if state.stage_index >= 0 else End.NEITHER


def wrong_ends(one_trial: Callable[[np.random.Generator], End], trials: int) -> float:
    """
    Return the larger of two shares of trials: of those that climbed, and that were rolled back.

    Of trials on their limits neither may be more than ALPHA.
    """
    ends = [one_trial(np.random.default_rng(seed)) for seed in range(trials)]
    return max(ends.count(End.CLIMBED), ends.count(End.ROLLED_BACK)) / trials
