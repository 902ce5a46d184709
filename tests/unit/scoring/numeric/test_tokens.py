from __future__ import annotations

import math

import pytest

from shadowmon.records import Answer, Token
from shadowmon.scoring.numeric.tokens import TokensScorer, divergence
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.testing.scorers import ScorerContract
from tests.factories import a_pair, a_reply


def token(text, **probabilities):
    thought = {each: math.log(share) for each, share in probabilities.items()}
    return Token(text=text, log_probability=thought.get(text, -5.0), alternatives=thought)


def spoken(*tokens):
    return a_reply(answer=Answer(text="".join(each.text for each in tokens), tokens=tokens))


def observe(baseline, optimized):
    found = TokensScorer(ScoringSettings()).score(a_pair(baseline, optimized))
    return {each.metric: each for each in found}


class TestTokensScorer(ScorerContract):
    def make(self, settings):
        return TokensScorer(settings)

    def pairs(self):
        return [a_pair(spoken(token("a", a=0.9, b=0.1)), spoken(token("b", a=0.4, b=0.6)))]


def test_divergence_of_whole_distributions():
    """Where every token is named the divergence is Kullback and Leibler's."""
    ours, theirs = (
        {"a": math.log(0.5), "b": math.log(0.5)},
        {"a": math.log(0.9), "b": math.log(0.1)},
    )
    expected = 0.5 * math.log(0.5 / 0.9) + 0.5 * math.log(0.5 / 0.1)
    assert divergence(ours, theirs) == pytest.approx(expected)


def test_tokens_that_only_one_names_are_one():
    """What only one of them names goes into the rest, and the rests are compared."""
    ours, theirs = {"a": math.log(0.5), "b": math.log(0.5)}, {"a": math.log(0.9)}
    expected = 0.5 * math.log(0.5 / 0.9) + 0.5 * math.log(0.5 / 0.1)
    assert divergence(ours, theirs) == pytest.approx(expected)


def test_mean_over_the_places():
    """The distance is 1 - exp(-KL), of the mean over all places that can be compared."""
    same, other = token("a", a=0.5, b=0.5), token("a", a=0.9, b=0.1)
    found = observe(spoken(same, same), spoken(same, other))
    mean = (0.5 * math.log(0.5 / 0.9) + 0.5 * math.log(0.5 / 0.1)) / 2
    assert found["token_kl"].distance == pytest.approx(1 - math.exp(-mean))
    assert found["top_token_disagreement"].distance == 0.0


def test_nothing_behind_the_parting_counts():
    """The place where the texts part is the last one that both were asked the same at."""
    first, far = token("a", a=0.9, b=0.1), token("c", c=0.99)
    parts = token("b", a=0.4, b=0.6)
    found = observe(spoken(first, first, far), spoken(first, parts, first))
    assert found["top_token_disagreement"].distance == 0.5


def test_optimized_answer_without_probabilities_is_missing():
    """A model whose server does not say what it thought is not taken for one that agrees."""
    silent = spoken(Token(text="a", log_probability=0.0))
    found = observe(spoken(token("a", a=0.9)), silent)
    assert {each.missing for each in found.values()} == {"optimized_without_probabilities"}
    assert len(found) == 2


@pytest.mark.parametrize("baseline", [a_reply("a"), spoken(Token(text="a", log_probability=0.0))])
def test_nothing_without_the_baselines_probabilities(baseline):
    """Where the baseline's server does not say what it thought nothing is measured."""
    assert observe(baseline, spoken(token("a", a=0.9))) == {}


def test_unsound_figures_are_left_out():
    """What is no log probability is not read; one that is too high is certain."""
    odd = Token(text="a", log_probability=1.0, alternatives={"b": math.nan, "c": -math.inf})
    found = observe(spoken(odd), spoken(token("a", a=1.0)))
    assert found["token_kl"].distance == 0.0
