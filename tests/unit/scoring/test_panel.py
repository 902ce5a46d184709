from __future__ import annotations

import math

from dataclasses import replace

import numpy as np
import pytest

from shadowmon import plugins
from shadowmon.records import Metric, MetricKind, MetricName, Observation, Outcome
from shadowmon.scoring.panel import Panel
from shadowmon.scoring.settings import ScoringSettings
from tests.factories import a_pair


DISTANCE = MetricName("distance")
VERDICT = MetricName("distance_verdict")
GOOD = Observation(metric=DISTANCE, distance=0.5)


class Says:
    """A scorer that observes what it was told to."""

    def __init__(self, *found, name=DISTANCE):
        verdict = MetricName(f"{name}_verdict")
        self.metrics: tuple[Metric, ...] = (
            Metric(name=name, kind=MetricKind.DIVERGENCE, sentence="."),
            Metric(name=verdict, kind=MetricKind.VERDICTS, sentence="."),
        )
        self.found = list(found)

    def score(self, _pair):
        return self.found


class Raises(Says):
    def __init__(self, error):
        super().__init__(name=MetricName("other"))
        self.error = error

    def score(self, _pair):
        raise self.error


def missing(why, *names):
    return tuple(Observation(metric=MetricName(name), missing=why) for name in names)


def test_observations_come_in_the_scorers_order():
    """What the scorers observe is put together, in the order they were named in."""
    first = Observation(metric=MetricName("first"), missing="optimized_failed")
    panel = Panel({"b": Says(first, name=MetricName("first")), "a": Says(GOOD)})

    score = panel.score(a_pair())

    assert score.observations == (first, GOOD)
    assert (score.pair, score.scorer_failures) == (a_pair(), {})


def test_scorer_that_raises_loses_its_own():
    """
    One scorer's error costs the others nothing; the pair's texts are not in the message.

    What it could have said is missing: a model does not escape a scorer by breaking it.
    """
    panel = Panel({"bad": Raises(KeyError("the user's secret")), "good": Says(GOOD)})

    score = panel.score(a_pair())

    assert score.observations == (*missing("scorer_failed", "other", "other_verdict"), GOOD)
    assert score.scorer_failures.keys() == {"bad"}
    assert score.scorer_failures["bad"].startswith("KeyError in test_panel.py, line ")


def test_out_of_memory_is_not_caught():
    """A process without memory is not to be trusted: the error goes through."""
    with pytest.raises(MemoryError):
        Panel({"bad": Raises(MemoryError())}).score(a_pair())


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ({"distance": 1.01}, "distance (1.01) must be in the interval [0, 1]"),
        ({"distance": -0.1}, "distance (-0.1) must be in the interval [0, 1]"),
        ({"distance": math.nan}, "distance (nan) must be in the interval [0, 1]"),
        ({"distance": True}, "a divergence needs a distance, a number, and no verdicts"),
        ({"distance": "0"}, "a divergence needs a distance, a number, and no verdicts"),
        ({}, "a divergence needs a distance, a number, and no verdicts"),
        (
            {"distance": 0.5, "baseline": True},
            "a divergence needs a distance, a number, and no verdicts",
        ),
        (
            {"distance": 0.5, "missing": "why"},
            "a missing observation has nothing beside the reason",
        ),
        ({"missing": 7}, "what is missing must be said in a word"),
    ],
)
def test_malformed_divergence_fails_its_scorer(found, problem):
    """What is not exactly one of the forms is not counted, and the scorer is told on."""
    score = Panel({"it": Says(Observation(metric=DISTANCE, **found))}).score(a_pair())
    assert score.observations == missing("bad_score", "distance", "distance_verdict")
    assert score.scorer_failures == {"it": f'of the metric "distance": {problem}'}


@pytest.mark.parametrize(
    "found",
    [{"baseline": True}, {"distance": 0.5}, {"baseline": True, "optimized": 1}, {}],
)
def test_malformed_verdict_fails_its_scorer(found):
    """A verdict needs a yes or a no about each model."""
    score = Panel({"it": Says(Observation(metric=VERDICT, **found))}).score(a_pair())
    assert "verdicts need True or False for both models" in score.scorer_failures["it"]


def test_without_a_baseline_nothing_of_quality_is_missing():
    """A scorer that fails where there is nothing to compare has hidden nothing."""
    pair = a_pair()
    failed = replace(pair, baseline=replace(pair.baseline, outcome=Outcome.ERROR, answer=None))

    assert Panel({"bad": Raises(KeyError())}).score(failed).observations == ()


class Rates(Says):
    """A scorer that gives each model a figure."""

    def __init__(self, *found):
        super().__init__(*found)
        self.metrics = (Metric(name=DISTANCE, kind=MetricKind.SCORES, sentence="."),)


def test_figures_of_both_models_are_scores():
    """A scorer may rate each model; a figure of numpy's is taken as the number it is."""
    rated = Observation(metric=DISTANCE, baseline=np.float64(0.25), optimized=1)

    found = Panel({"it": Rates(rated)}).score(a_pair()).observations[0]

    assert (found.baseline, found.optimized) == (0.25, 1.0)
    assert {type(found.baseline), type(found.optimized)} == {float}


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ({"baseline": 0.5, "optimized": 1.5}, "optimized (1.5) must be in the interval [0, 1]"),
        ({"baseline": math.nan, "optimized": 1}, "baseline (nan) must be in the interval [0, 1]"),
        ({"baseline": 0.5}, "scores need a number for both models, and no distance"),
        ({"baseline": True, "optimized": 1.0}, "scores need a number for both models"),
        ({"baseline": 0.5, "optimized": 0.5, "distance": 0.1}, "scores need a number"),
    ],
)
def test_malformed_scores_fail_their_scorer(found, problem):
    """A figure beyond [0, 1] is refused with its metric and value, and is missing."""
    score = Panel({"it": Rates(Observation(metric=DISTANCE, **found))}).score(a_pair())
    assert score.observations == missing("bad_score", "distance")
    assert score.scorer_failures["it"].startswith(f'of the metric "distance": {problem}')


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (
            [Observation(metric=MetricName("undeclared"), distance=0.0)],
            'it does not declare the metric "undeclared"',
        ),
        ([GOOD, GOOD], 'it observed the metric "distance" twice'),
        ([0.5], "it returned a float among its observations"),
        (None, "it returned a NoneType, not a sequence of observations"),
        ("garbage", "it returned a str, not a sequence of observations"),
    ],
)
def test_garbage_fails_its_scorer(found, problem):
    """Whatever a scorer returns instead of its own observations costs it all of them."""
    scorer = Says()
    scorer.found = found
    assert Panel({"it": scorer}).score(a_pair()).scorer_failures == {"it": problem}


def test_number_of_numpy_becomes_plain():
    """A distance of numpy's type is taken as the number it is, so that it can be sent on."""
    score = Panel({"it": Says(Observation(metric=DISTANCE, distance=np.float64(0.5)))}).score(
        a_pair()
    )
    assert type(score.observations[0].distance) is float


def test_two_scorers_of_one_metric_are_refused():
    """A metric has one scorer: two that declare it are both named."""
    with pytest.raises(ValueError, match='scorers "a" and "b" both declare the metric "distance"'):
        Panel({"a": Says(), "b": Says()})


def test_metrics_are_unique_across_all_scorers():
    """All registered scorers together declare each name once, with a sentence for people."""
    settings = ScoringSettings()
    panel = Panel(
        {
            name: plugins.load("scorers", name, key="scorers")(settings)
            for name in plugins.names("scorers")
        }
    )
    assert set(panel.metrics) == {
        "answer_divergence",
        "bleu_divergence",
        "chrf_divergence",
        "cost_excess",
        "disagreement",
        "embedding_divergence",
        "entity_divergence",
        "error",
        "field_divergence",
        "first_token_excess",
        "grounding",
        "inexact",
        "inexact_fields",
        "kendall_divergence",
        "latency_excess",
        "length_divergence",
        "lint_clean",
        "ndcg_divergence",
        "negation_divergence",
        "no_code",
        "no_final_answer",
        "number_divergence",
        "other_language",
        "output_tokens_excess",
        "partial_field_divergence",
        "preference",
        "probability_divergence",
        "rbo_divergence",
        "refusal",
        "repetition",
        "rouge_1_divergence",
        "rouge_2_divergence",
        "rouge_l_divergence",
        "schema_invalid",
        "semantic_divergence",
        "syntax_invalid",
        "tensor_divergence",
        "tensor_relative_divergence",
        "tests_passed",
        "token_kl",
        "tool_call_invalid",
        "tool_divergence",
        "top_token_disagreement",
        "unsafe",
    }
    assert all(metric.sentence.endswith(".") for metric in panel.metrics.values())
