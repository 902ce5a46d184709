"""An offline benchmark's results against a task's limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from shadowmon.policy.settings import ACCEPTABLE_LOSS, PolicySettings, Task
from shadowmon.records import Grade, Worse
from shadowmon.trial.benchmark import judge_benchmarks, limits_of, to_json
from shadowmon.trial.benchmark_results import Limits, Mean, Paired, Summaries


LIMITS = Limits(acceptable=0.01, rejected=0.015)


def means(baseline, optimized, *, worse=Worse.LOWER):
    """Two means with their errors."""
    return Summaries(
        benchmark="gsm8k",
        metric="exact_match",
        worse=worse,
        baseline=Mean(value=baseline[0], error=baseline[1]),
        optimized=Mean(value=optimized[0], error=optimized[1]),
        count=1319,
    )


def pairs(baseline, optimized, *, worse=Worse.LOWER, missing=0):
    """Figures of the same questions."""
    return Paired(
        benchmark="tests",
        metric="score",
        worse=worse,
        baseline=tuple(map(float, baseline)),
        optimized=tuple(map(float, optimized)),
        missing=missing,
    )


def only(result, limits=LIMITS):
    """Judge one result and return its row."""
    (row,) = judge_benchmarks([result], limits).rows
    return row


@pytest.mark.parametrize(
    ("task", "rejected"),
    [(Task.MATH, 0.015), (Task.CODE, 0.015), (Task.CLASSIFICATION, 0.05), (Task.CHAT, 0.045)],
)
def test_limits(task, rejected):
    """Rejected is beyond review or beyond a red line on quality, whichever is less."""
    limits = limits_of(PolicySettings(), task, ACCEPTABLE_LOSS[task], alpha=0.05)

    assert math.isclose(limits.rejected, rejected)


def test_means_by_hand():
    """0.985 x 0.7710 - 0.7248 = 0.0346 is 2.06 of its errors of 0.0168: more than the 1.64."""
    row = only(means((0.7710, 0.0116), (0.7248, 0.0123)))

    assert row.grade is Grade.REJECT
    assert row.relative_drop == pytest.approx(0.0599, abs=1e-4)


def test_interval_of_means_by_hand():
    """At each end of the interval the score is 1.96 of its errors away from 0."""
    row = only(means((0.7710, 0.0116), (0.7248, 0.0123)))

    for end, sign in zip(row.interval, (1, -1), strict=True):
        factor = 1 - end
        error = math.hypot(factor * 0.0116, 0.0123)
        assert (factor * 0.7710 - 0.7248) / error == pytest.approx(sign * 1.96, abs=1e-3)


def test_a_bad_figure_is_turned():
    """Of an error rate a rise is the loss."""
    row = only(means((0.10, 0.001), (0.12, 0.001), worse=Worse.HIGHER))

    assert (row.grade, row.absolute_drop) == (Grade.REJECT, pytest.approx(0.02))
    assert row.interval[0] < 0.2 < row.interval[1]


def test_means_that_say_little():
    """What is proven neither way is for review."""
    assert only(means((0.77, 0.0116), (0.77, 0.0116))).grade is Grade.REVIEW


def test_a_rejection_shares_alpha():
    """2.06 errors reject one figure, and two; among twenty they are for review."""
    result = means((0.7710, 0.0116), (0.7248, 0.0123))
    same = means((0.77, 0.0116), (0.77, 0.0116))

    assert judge_benchmarks([result, same], LIMITS).grade is Grade.REJECT
    assert judge_benchmarks([result, *[same] * 19], LIMITS).grade is Grade.REVIEW


def test_pairs_that_agree():
    """1319 questions answered alike prove less than a percent of loss, which two means cannot."""
    answers = [1] * 1016 + [0] * 303

    assert only(pairs(answers, answers)).grade is Grade.ACCEPT


def test_pairs_that_are_worse():
    """Sixty right answers of a thousand lost are proven to be too many."""
    assert only(pairs([1] * 1000, [1] * 940 + [0] * 60)).grade is Grade.REJECT


def test_pairs_of_scores():
    """Scores between 0 and 1 are judged as well, and the figures are exact."""
    row = only(pairs([0.8] * 500, [0.6] * 500))

    assert row.grade is Grade.REJECT
    assert (row.absolute_drop, row.relative_drop) == pytest.approx((0.2, 0.25), abs=1e-3)


def test_missing_ones_count_against_acceptance():
    """What the optimized model has no figure for is not left out."""
    answers = [1] * 1016 + [0] * 303

    row = only(pairs(answers, answers, missing=60))

    assert (row.grade, row.missing) == (Grade.REVIEW, 60)


def test_a_baseline_of_zero():
    """There is no part of nothing: it is said, and a person decides."""
    row = only(pairs([0] * 100, [1] * 100))

    assert (row.grade, row.relative_drop) == (Grade.REVIEW, None)
    assert "no ratio to 0" in row.sentence


def test_the_worst_figure_decides():
    """One figure that is not accepted keeps the whole from being accepted."""
    answers = [1] * 1016 + [0] * 303

    found = judge_benchmarks(
        [pairs(answers, answers), means((0.77, 0.0116), (0.77, 0.0116))], LIMITS
    )

    assert found.grade is Grade.REVIEW
    assert found.sentence.startswith("gsm8k exact_match: a relative drop of 0.0 %")


@pytest.mark.parametrize(
    ("results", "said"),
    [([], "there is no figure to judge"), ([pairs([1.5], [1])], "is not in 0 to 1")],
)
def test_what_cannot_be_judged(results, said):
    """Nothing, and figures outside of 0 to 1, are refused."""
    with pytest.raises(ValueError, match=said):
        judge_benchmarks(results, LIMITS)


def test_json():
    """A verdict as JSON has plain values only."""
    told = to_json(judge_benchmarks([pairs([1] * 9, [1] * 9)], LIMITS))

    assert told["rows"][0]["about"] == "relative_drop"
    assert told["grade"] == "review"


@pytest.mark.parametrize("paired", [True, False])
def test_errors_at_the_boundary(paired):
    """A loss of exactly the acceptable is accepted in at most alpha of many benchmarks (3 SE)."""
    rng, runs, accepted = np.random.default_rng(7), 400, 0
    for _ in range(runs):
        baseline = rng.random(2000) < 0.8
        optimized = baseline & (rng.random(2000) >= 0.05)
        result = pairs(baseline, optimized)
        if not paired:
            ours, theirs = (rng.random(2000) < rate for rate in (0.8, 0.76))
            result = means(
                *((each.mean(), each.std(ddof=1) / 2000**0.5) for each in (ours, theirs))
            )
        accepted += only(result, Limits(acceptable=0.05, rejected=0.075)).grade is Grade.ACCEPT

    assert accepted / runs <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5
