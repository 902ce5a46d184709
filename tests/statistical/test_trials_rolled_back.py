"""
What is promised of a whole trial's roll-back, attacked: every rule by one error rate, selection.

Each trial here is one in which a roll-back is wrong, and only just; and it is looked at after every
exchange. Only the last one should be rolled back.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from shadowmon.evidence.outcomes import BASELINE_ONLY, BOTH_NO, BOTH_YES, OPTIMIZED_ONLY
from shadowmon.evidence.sampling import EVERY_ONE
from shadowmon.policy.settings import Safety
from tests.streams import at_most
from tests.whole_trials import (
    ALPHA,
    MISSING,
    a_trial_plan,
    ever_climbed,
    ever_rolled_back,
    kind,
    skipped,
    walk,
)


ON_ALL_RED_LINES = [
    kind(0.02, BASELINE_ONLY, rare=True),
    kind(0.08, rare=True),
    kind(0.03 - 0.006 + 0.005, BASELINE_ONLY),
    kind(0.006, BASELINE_ONLY, error=OPTIMIZED_ONLY),
    kind(0.005, OPTIMIZED_ONLY, error=BASELINE_ONLY),
    kind(0.005, BOTH_NO, error=BOTH_YES),
    kind(0.01, unsafe=OPTIMIZED_ONLY),
    kind(0.01, unsafe=BASELINE_ONLY),
    kind(0.834),
]
"""Quality loses 5 % of 99 %, a slice 20 %, errors rise by a tenth, safety is as it was."""


def test_a_trial_on_all_of_its_red_lines_at_once_is_not_rolled_back():
    """Of all traffic, a slice, errors and safety, by one error rate for all."""
    plan = a_trial_plan(acceptable=0.04, safety=Safety.EVIDENCE, edge=("rare",))

    ended = walk(plan, ON_ALL_RED_LINES, exchanges=4_000, trials=400, seed=21)

    assert ever_rolled_back(ended) <= at_most(ALPHA, 400)


@pytest.mark.slow
def test_a_trial_on_all_of_its_red_lines_is_not_rolled_back_for_longer():
    """The same over 30 000 exchanges of 2 000 trials."""
    plan = a_trial_plan(acceptable=0.04, safety=Safety.EVIDENCE, edge=("rare",))

    ended = walk(plan, ON_ALL_RED_LINES, exchanges=30_000, trials=2_000, seed=22)

    assert ever_rolled_back(ended) <= at_most(ALPHA, 2_000)


@pytest.mark.parametrize("counted", [True, False])
def test_outcomes_that_fail_to_be_measured_where_it_is_best_do_not_help_a_roll_back(counted):
    """Half of what went well goes unmeasured: what is seen loses twice as much as is true."""
    plan = a_trial_plan(acceptable=0.2)
    unmeasured = MISSING if counted else None
    kinds = [kind(0.05, BASELINE_ONLY), kind(0.475, unmeasured), kind(0.475)]

    rolled_back = ever_rolled_back(walk(plan, kinds, exchanges=1_500, trials=400, seed=23))

    if counted:
        assert rolled_back <= at_most(ALPHA, 400)
    else:
        assert rolled_back > 3 * ALPHA  # to leave them out does fail here


def test_a_cohort_that_is_always_sampled_does_not_stand_for_all():
    """All losses are where every request is sampled; where one in ten is, there are none."""
    plan = replace(a_trial_plan(acceptable=0.2), rates=(EVERY_ONE, 1_000))
    kinds = [
        skipped(0.45),
        kind(0.05, BASELINE_ONLY),
        kind(0.45),
        kind(0.05, rate=1_000),
    ]

    ended = walk(plan, kinds, exchanges=3_000, trials=400, seed=24)

    assert ever_rolled_back(ended) <= at_most(ALPHA, 400)


def test_errors_of_the_optimized_model_alone_are_no_rise_before_the_baseline_had_one():
    """Both fail in one of 500, never together: often the first few are all of one of them."""
    plan = a_trial_plan(acceptable=0.2)
    kinds = [kind(0.0022, error=OPTIMIZED_ONLY), kind(0.002, error=BASELINE_ONLY), kind(0.9958)]

    ended = walk(plan, kinds, exchanges=5_000, trials=400, seed=25)

    assert ever_rolled_back(ended) <= at_most(ALPHA, 400)


def test_a_trial_past_one_red_line_is_rolled_back_before_it_climbs():
    """A slice with a tenth of the traffic loses 60 %: all of the trials find it."""
    plan = a_trial_plan(edge=("rare",))
    kinds = [kind(0.06, BASELINE_ONLY, rare=True), kind(0.04, rare=True), kind(0.9)]

    ended = walk(plan, kinds, exchanges=2_000, trials=100, seed=26)

    assert ever_rolled_back(ended) == 1
    assert ever_climbed(ended) <= at_most(ALPHA, 100)
