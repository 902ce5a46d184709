"""What people's blinded preferences prove."""

from __future__ import annotations

import numpy as np
import pytest

from shadowmon.records import Choice, ExchangeId, Grade, Preference
from shadowmon.trial.review import Review, ReviewRule, agreement, task_scores
from tests.factories import NOON
from tests.trials import INT8


def said(task, choice, reviewer="ada"):
    """A preference."""
    return Preference(
        trial_id=INT8,
        epoch=1,
        task=ExchangeId(str(task)),
        reviewer=reviewer,
        choice=Choice(choice),
        at=NOON,
    )


def a_review(**changes):
    """A review with the defaults of the settings."""
    given = {"margin": 0.1, "needed": 100, "votes_per_task": 1, "alpha": 0.05} | changes
    return Review(ReviewRule(**given))


def many(**choices):
    """So many of each choice, each of a task of its own."""
    words = [word for word, count in choices.items() for _ in range(count)]
    return [said(number, word) for number, word in enumerate(words)]


def test_nothing_said():
    """Without a preference nothing is proven."""
    standing = a_review().standing([])

    assert (standing.tasks, standing.score, standing.grade) == (0, None, Grade.WAIT)


def test_as_good():
    """A hundred ties and as many wins as losses prove that the model is not worse."""
    standing = a_review().standing(many(tie=60, optimized=40, baseline=40))

    assert (standing.tasks, standing.score, standing.grade) == (140, 0.5, Grade.ACCEPT)
    assert "proven above 40.0 %: not worse" in standing.sentence
    lower, upper = standing.interval
    assert 0.35 < lower < 0.5 < upper < 0.65


def test_fewer_than_are_needed():
    """Ninety-nine preferences do not pass, whatever they prove."""
    standing = a_review().standing(many(optimized=99))

    assert standing.grade is Grade.WAIT
    assert "100 are needed" in standing.sentence


def test_worse():
    """A model that loses four times of five is rejected, at once."""
    standing = a_review().standing(many(baseline=40, optimized=10))

    assert standing.grade is Grade.REJECT


def test_both_bad_is_a_tie_and_a_skip_is_no_vote():
    """Two bad answers score one half; a skip says nothing."""
    preferences = [said("a", "both_bad"), said("b", "skip"), said("c", "optimized")]

    assert task_scores(preferences, votes_per_task=1) == [0.5, 1.0]


def test_a_task_counts_once():
    """With two votes asked for a task counts at its second one, and never again."""
    preferences = [
        said("a", "optimized", "ada"),
        said("b", "baseline", "ada"),
        said("a", "baseline", "bob"),
        said("a", "baseline", "eve"),
    ]

    assert task_scores(preferences, votes_per_task=2) == [0.5]


def test_agreement_by_hand():
    """Krippendorff (2011), nominal data: two people on four tasks, one disagreement."""
    preferences = [
        *[said(task, "optimized", who) for task in "ab" for who in ("ada", "bob")],
        *[said("c", "baseline", who) for who in ("ada", "bob")],
        said("d", "baseline", "ada"),
        said("d", "optimized", "bob"),
        said("e", "tie", "ada"),
    ]

    # Coincidences: 2 of 8 disagree, and by chance 2 x 5 x 3 / 7 of 8 would.
    assert agreement(preferences) == pytest.approx(1 - 2 / (2 * 5 * 3 / 7))


@pytest.mark.parametrize(
    "preferences", [[], many(tie=3), [said("a", "tie", "x"), said("a", "tie")]]
)
def test_agreement_that_is_not_known(preferences):
    """Without two people on a task, or with one choice only, there is no figure."""
    assert agreement(preferences) is None


def passes(win, tie, *, runs, seed, votes=400):
    """Return the shares of simulated reviews that pass and that are rejected, after each vote."""
    rng, review = np.random.default_rng(seed), a_review()
    ends = {Grade.ACCEPT: 0, Grade.REJECT: 0, Grade.WAIT: 0}
    for _ in range(runs):
        drawn = rng.choice(
            ["optimized", "tie", "baseline"], p=[win, tie, 1 - win - tie], size=votes
        )
        ends[_first_word(review, drawn)] += 1
    return ends[Grade.ACCEPT] / runs, ends[Grade.REJECT] / runs


def _first_word(review, drawn):
    """Peek after each vote; what was proven first stands."""
    points = {"optimized": 1.0, "tie": 0.5, "baseline": 0.0}
    scores = [points[word] for word in drawn]
    counts = np.zeros(len(review._counts([])), dtype=np.int64)
    one = {score: np.array(review._counts([score])) for score in (0.0, 0.5, 1.0)}
    for number, score in enumerate(scores, start=1):
        counts += one[score]
        proofs = (
            review._log_e(review._not_worse, tuple(counts)),
            review._log_e(review._worse, tuple(counts)),
        )
        grade = review._grade(number, *proofs)
        if grade is not Grade.WAIT:
            return grade
    return Grade.WAIT


def test_equal_models_pass():
    """Of equal models, with three ties in ten, nine of ten reviews pass within 400 votes."""
    passed, rejected = passes(0.35, 0.3, runs=40, seed=1)

    assert passed >= 0.9
    assert rejected <= 0.05 + 3 * (0.05 * 0.95 / 40) ** 0.5


def test_a_model_ten_points_worse_does_not():
    """Peeking after each vote it passes with at most alpha, and three standard errors."""
    passed, _ = passes(0.25, 0.3, runs=100, seed=2)

    assert passed <= 0.05 + 3 * (0.05 * 0.95 / 100) ** 0.5
