"""What a look of the control loop has to do: four claims in each of many slices, by `Weighing`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import numpy as np

from numpy.typing import NDArray

from shadowmon.evidence import outcomes
from shadowmon.evidence.settings import EvidenceSettings
from shadowmon.policy.rules import Kind, Rule
from shadowmon.policy.settings import Task
from shadowmon.records import (
    ALL_TRAFFIC,
    NO_TRAFFIC,
    Cell,
    Claim,
    Contrast,
    Metric,
    MetricKind,
    MetricName,
    ModelName,
    RouteName,
    Scope,
    Side,
    SliceName,
    Stage,
    StageName,
    Ticked,
    TrialId,
    Weight,
)
from shadowmon.rollout.course import Course
from shadowmon.rollout.ladder import Ladder
from shadowmon.rollout.machine import begin
from shadowmon.trial.memory import Memory
from shadowmon.trial.plan import TrialPlan
from shadowmon.trial.weighing import Weighing


CELLS = 400
CLAIMS = ((0.01, Side.BETTER), (0.02, Side.WORSE), (0.03, Side.WORSE), (0.05, Side.WORSE))
"""What is asked of every one of the cells."""
SEED = 1
TRIAL = TrialId("bench")
APART = Metric(name=MetricName("divergence"), kind=MetricKind.DIVERGENCE, sentence="apart")

_PAIRS = 2_000
"""In each cell at the beginning."""


def distances(generator: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Draw distances, of which 40 % are not 0."""
    apart: NDArray[np.float64] = generator.beta(1, 20, count)
    return np.where(generator.random(count) < 0.4, apart, 0.0)


def looks(times: int, grow_by: int) -> Callable[[], None]:
    """Return what looks so many times, each time at so many pairs more in each cell."""
    generator = np.random.default_rng(SEED)
    weighing, now = Weighing(_plan()), datetime(2026, 1, 1, tzinfo=UTC)
    memory = Memory(state=begin(TRIAL, now=now))
    accounts = np.zeros((CELLS, outcomes.places(APART)), dtype=np.int64)
    all_totals = []
    for pairs in [_PAIRS, 0, *[grow_by] * times]:
        for account in accounts:
            seen = distances(generator, pairs)
            grown, amounts = outcomes.deposits(np.stack([seen, 0 * seen], axis=1), APART)
            np.add.at(account, grown, amounts)
        rows = map(tuple, accounts.tolist())
        all_totals.append(dict(zip(map(cell, range(CELLS)), rows, strict=True)))

    def look(totals: dict[Cell, tuple[int, ...]]) -> None:
        nonlocal memory
        memory, _ = weighing.weigh(memory, Ticked(now=now, totals=totals))

    for totals in all_totals[:2]:
        look(totals)

    def run() -> None:
        for totals in all_totals[2:]:
            look(totals)

    return run


def cell(number: int) -> Cell:
    """Return one of the cells."""
    return Cell(trial_id=TRIAL, epoch=1, stage=0, metric=APART.name, slice=SliceName(f"s{number}"))


def _plan() -> TrialPlan:
    return TrialPlan(
        trial_id=TRIAL,
        route=RouteName("route"),
        baseline=ModelName("baseline"),
        optimized=ModelName("optimized"),
        version="1",
        task=Task.CHAT,
        truth="the baseline",
        primary=APART.name,
        metrics={APART.name: APART},
        rules=tuple(_rules()),
        course=Course(ladder=_ladder(), cooldown_seconds=60),
        evidence=EvidenceSettings(),
    )


def _rules() -> Iterator[Rule]:
    """Ask four claims of every slice; none of them decides, for that would be another look."""
    kinds = {Side.BETTER: Kind.BORDERLINE, Side.WORSE: Kind.RED_LINE}
    for number in range(CELLS):
        for limit, side in CLAIMS:
            claim = Claim(
                metric=APART.name,
                slice=cell(number).slice,
                contrast=Contrast.MEAN,
                limit=limit,
                side=side,
            )
            yield Rule(
                name=f"{side}_{limit}_{number}", kind=kinds[side], claim=claim, scope=Scope.EPOCH
            )


def _ladder() -> Ladder:
    def stage(name: str, weight: Weight) -> Stage:
        return Stage(name=StageName(name), weight=weight, min_pairs=0, min_dwell_seconds=0)

    return Ladder(stage("shadow", NO_TRAFFIC), (stage("all", ALL_TRAFFIC),))
