from __future__ import annotations

import pytest

from shadowmon.records import Answer, Outcome
from shadowmon.scoring.numeric.ranking import RankingScorer
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.testing.scorers import ScorerContract
from tests.factories import a_pair, a_reply


def ranks(keys):
    return a_reply(answer=Answer(ranking=None if keys is None else tuple(keys)))


def observe(baseline, optimized):
    found = RankingScorer(ScoringSettings()).score(a_pair(baseline, optimized))
    return {each.metric: each.missing or each.distance for each in found}


class TestRankingScorer(ScorerContract):
    def make(self, settings):
        return RankingScorer(settings)

    def pairs(self):
        orders = ("abc", "cab", "ax", "aab", "x")
        return [a_pair(ranks(one), ranks(other)) for one in orders for other in orders]


def test_three_figures_of_one_pair():
    """The top weighs most, what a reader gains is discounted, every pair counts."""
    found = observe(ranks("abc"), ranks("acb"))
    assert found["kendall_divergence"] == pytest.approx(1 / 3)
    assert 0 < found["ndcg_divergence"] < found["rbo_divergence"] < 1 / 3
    assert set(observe(ranks("abc"), ranks("abc")).values()) == {0.0}


def test_what_is_named_twice_counts_once():
    """A document counts at the first place that it is named at."""
    assert set(observe(ranks("abc"), ranks("abacb")).values()) == {0.0}


@pytest.mark.parametrize("keys", [None, ""])
def test_optimized_answer_without_a_ranking_is_missing(keys):
    """An answer without a ranking, or with an empty one, has no order to compare."""
    assert set(observe(ranks("abc"), ranks(keys)).values()) == {"optimized_without_ranking"}
    assert observe(ranks(keys), ranks("abc")) == {}


def test_failed_optimized_reply_is_missing():
    """A failed reply is missing in all three."""
    failed = a_reply(outcome=Outcome.TIMEOUT, answer=None)
    assert list(observe(ranks("ab"), failed).values()) == ["optimized_failed"] * 3
