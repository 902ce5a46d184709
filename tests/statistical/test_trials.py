"""
What is promised of a whole trial's climbs, attacked: every rule, stages, selection.

Each trial here is one in which every climb is wrong, and only just; and it is looked at after every
exchange.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from shadowmon.evidence.outcomes import BASELINE_ONLY, OPTIMIZED_ONLY
from shadowmon.evidence.sampling import EVERY_ONE
from shadowmon.policy.settings import RequiredSettings
from shadowmon.records import (
    NO_TRAFFIC,
    Cell,
    Counts,
    Phase,
    Scope,
    SetWeight,
    Ticked,
    WeightApplied,
)
from shadowmon.trial.plan import TrialPlan
from shadowmon.trial.trial import Trial
from tests.factories import NOON
from tests.streams import at_most
from tests.trials import INT8, METRICS, a_course
from tests.whole_trials import (
    ALPHA,
    MISSING,
    NEVER,
    Exchange,
    a_trial_plan,
    ever_climbed,
    kind,
    skipped,
    walk,
)


# --- the walk is the trial -------------------------------------------------


@pytest.mark.parametrize("loss", [0.0, 0.5])
def test_the_walk_does_what_a_trial_does(loss):
    """The same exchanges: it climbs, and is rolled back, after the very same ones."""
    plan = a_trial_plan(acceptable=0.2, error_rise_acceptable=0.1, edge=("rare",))
    kinds = [
        kind(loss, BASELINE_ONLY, rare=True),
        kind(0.02, OPTIMIZED_ONLY),
        kind(0.1, rare=True),
        kind(0.88 - loss),
    ]

    found = walk(plan, kinds, exchanges=150, trials=1, seed=5)

    climbs, rolled_back = _in_a_trial(plan, kinds, exchanges=150, seed=5)
    assert [at for at in found.climbed_at[0].tolist() if at < NEVER] == climbs
    assert found.rolled_back.tolist() == [rolled_back]
    assert climbs or rolled_back < NEVER


def _in_a_trial(
    plan: TrialPlan, kinds: list[Exchange], *, exchanges: int, seed: int
) -> tuple[list[int], int]:
    generator = np.random.default_rng(seed)
    edges = np.cumsum([kind.chance for kind in kinds])[:-1]
    trial, _ = Trial.open(plan, now=NOON)
    trial.handle(WeightApplied(weight=NO_TRAFFIC, now=NOON))
    totals: dict[Cell, Counts] = {}
    climbs, rolled_back = [], NEVER
    for look in range(1, exchanges + 1):
        kind = kinds[int(np.searchsorted(edges, generator.random(1), side="right")[0])]
        before = trial.memory.state
        for cell, place in _cells(kind, trial):
            counts = list(totals.get(cell, (0,) * (MISSING + 1)))
            counts[place] += 1
            totals[cell] = tuple(counts)
        now = NOON + timedelta(hours=look)
        for command in trial.handle(Ticked(now=now, totals=dict(totals))):
            if isinstance(command, SetWeight):
                trial.handle(WeightApplied(weight=command.weight, now=now))
        after = trial.memory.state
        if after.stage_index > before.stage_index:
            climbs.append(look)
        if after.phase is Phase.ROLLED_BACK and rolled_back == NEVER:
            rolled_back = look
    return climbs, rolled_back


def _cells(kind: Exchange, trial: Trial):
    state = trial.memory.state
    for metric, place in kind.shows.items():
        stage = state.stage_count if METRICS[metric].scope is Scope.STAGE else 0
        for name in kind.slices:
            yield (
                Cell(trial_id=INT8, epoch=state.epoch, stage=stage, metric=metric, slice=name),
                place,
            )


# --- climbs ----------------------------------------------------------------


def test_a_climb_takes_every_required_claim():
    """All of quality, errors and a slice on their limits: all are never proven more often."""
    required = RequiredSettings(metric="correct", slice="rare", acceptable=0.1)
    plan = a_trial_plan(acceptable=0.05, error_rise_acceptable=0.02, required=(required,))
    kinds = [
        kind(0.02, BASELINE_ONLY, error=OPTIMIZED_ONLY),
        kind(0.03, BASELINE_ONLY, rare=True),
        kind(0.27, rare=True),
        kind(0.68),
    ]

    ended = walk(plan, kinds, exchanges=3_000, trials=400, seed=11)

    assert ever_climbed(ended) <= at_most(ALPHA, 400)


@pytest.mark.parametrize("false", ["quality", "errors", "slice"])
def test_one_false_claim_keeps_a_trial_from_climbing(false):
    """All others are plainly true, so that the climb hangs on the one that is just not."""
    required = RequiredSettings(metric="correct", slice="rare", acceptable=0.2)
    plan = a_trial_plan(acceptable=0.1, error_rise_acceptable=0.05, required=(required,))
    wrong = {
        "quality": kind(0.1, BASELINE_ONLY),
        "errors": kind(0.05, error=OPTIMIZED_ONLY),
        "slice": kind(0.04, BASELINE_ONLY, rare=True),
    }[false]
    in_rare = 0.16 if false == "slice" else 0.2
    kinds = [wrong, kind(in_rare, rare=True), kind(1 - wrong.chance - in_rare)]

    ended = walk(plan, kinds, exchanges=2_000, trials=600, seed=12)

    assert ever_climbed(ended) <= at_most(ALPHA, 600)


@pytest.mark.parametrize("counted", [True, False])
def test_outcomes_that_fail_to_be_measured_where_it_is_worst_do_not_help_a_climb(counted):
    """Half of the losses go unmeasured: counted as missing they are held against the climb."""
    plan = a_trial_plan(acceptable=0.1, error_rise_acceptable=0.2)
    kinds = [kind(0.05, BASELINE_ONLY), kind(0.05, MISSING if counted else None), kind(0.9)]

    climbed = ever_climbed(walk(plan, kinds, exchanges=1_500, trials=400, seed=13))

    if counted:
        assert climbed <= at_most(ALPHA, 400)
    else:
        assert climbed > 3 * ALPHA  # to leave them out does fail here


def test_a_cohort_that_is_seldom_sampled_is_not_forgotten_in_a_climb():
    """All losses are where one in ten is sampled, and half of those go unmeasured."""
    plan = replace(
        a_trial_plan(acceptable=0.2, error_rise_acceptable=0.2), rates=(EVERY_ONE, 1_000)
    )
    kinds = [
        skipped(0.45),
        kind(0.01, BASELINE_ONLY, rate=1_000),
        kind(0.01, MISSING, rate=1_000),
        kind(0.03, rate=1_000),
        kind(0.5),
    ]

    ended = walk(plan, kinds, exchanges=3_000, trials=400, seed=14)

    assert ever_climbed(ended) <= at_most(ALPHA, 400)


def test_stage_after_stage_a_service_that_is_just_too_bad_is_not_climbed():
    """The shadow is well and is left; then errors stand on their limit in each of three stages."""
    plan = a_trial_plan(acceptable=0.2, error_rise_acceptable=0.1)
    on_the_limit = [kind(0.1, error=OPTIMIZED_ONLY), kind(0.9)]
    later = replace(plan, course=a_course(1, 10, 50, 100))

    climbs = [
        walk(later, on_the_limit, exchanges=800, trials=800, seed=stage).climbed_at[:, 0] < NEVER
        for stage in range(3)
    ]

    assert np.any(climbs, axis=0).mean() <= at_most(ALPHA, 800)
