"""Are users split as the weight says?"""

from __future__ import annotations

import numpy as np

from shadowmon.mirror.sample_ratio import SETTLING_SECONDS, SampleRatio


def run(test: SampleRatio, *, weight: float, true: float, users: int, seed: int = 1) -> SampleRatio:
    """Let users come, of whom a share of `true` meets the optimized model."""
    dice = np.random.default_rng(seed)
    test.take("", chosen=False, weight=weight, received_at=0, now=0)
    for chosen in dice.random(users) < true:
        test.take("", chosen=bool(chosen), weight=weight, received_at=100, now=100)
    return test


def test_a_right_split_is_hardly_ever_called_off() -> None:
    """At alpha = 5 %, looked at after every user, at most 5 % of right splits are called off."""
    off = 0
    for seed in range(200):
        dice = np.random.default_rng(seed)
        test = SampleRatio(0.05)
        test.take("", chosen=False, weight=0.1, received_at=0, now=0)
        for chosen in dice.random(400) < 0.1:
            test.take("", chosen=bool(chosen), weight=0.1, received_at=100, now=100)
            if test.is_off:
                off += 1
                break

    assert off <= 15  # 10 expected at most; P(more than 15) < 5 %


def test_a_wrong_split_is_found() -> None:
    """Half as many as there should be are found within some thousand users, and so are more."""
    assert run(SampleRatio(0.001), weight=0.1, true=0.05, users=2000).is_off
    assert run(SampleRatio(0.001), weight=0.1, true=0.15, users=2000).is_off


def test_everyone_stays_at_the_baseline() -> None:
    """A weight that nobody obeys is found."""
    assert run(SampleRatio(0.001), weight=0.5, true=0.0, users=50).is_off


def test_a_weight_of_nothing_that_is_not_kept() -> None:
    """Users of the optimized model at weight 0 are found, and nothing is divided by it."""
    assert run(SampleRatio(0.001), weight=0.0, true=1.0, users=10).is_off
    assert not run(SampleRatio(0.001), weight=0.0, true=0.0, users=1000).is_off


def test_a_user_counts_once() -> None:
    """One user who asks a thousand times is one toss of the coin."""
    test = SampleRatio(0.001)
    test.take("ann", chosen=True, weight=0.1, received_at=0, now=0)
    counted = [
        test.take("ann", chosen=True, weight=0.1, received_at=100, now=100) for _ in range(1000)
    ]

    assert counted == [True] + [False] * 999
    assert not test.is_off


def test_requests_from_before_a_change_are_left_out() -> None:
    """What was chosen by another weight is not held against this one."""
    test = SampleRatio(0.001)
    test.take("", chosen=False, weight=0.1, received_at=50, now=50)

    assert not test.take("", chosen=False, weight=0.5, received_at=99, now=100)
    assert not test.take("", chosen=False, weight=0.5, received_at=100, now=101)
    assert test.take("", chosen=False, weight=0.5, received_at=100 + SETTLING_SECONDS, now=102)
