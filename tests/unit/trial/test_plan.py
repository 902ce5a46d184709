"""What evidence was gathered for, and at which rates."""

from __future__ import annotations

from dataclasses import replace

from shadowmon.evidence.sampling import ALL_SAMPLED
from shadowmon.policy.rules import CORRECT, ERROR
from shadowmon.trial.weighing import Weighing
from tests.trials import a_plan


def test_a_metric_without_rates_of_its_own_has_those_of_the_pairs():
    """Only what a judge measures is measured on fewer of them."""
    plan = replace(a_plan(), rates=(5_000, 100), rates_of_metric={CORRECT: (500, 10)})

    assert plan.rates_for(CORRECT) == (500, 10)
    assert plan.rates_for(ERROR) == (5_000, 100)


def test_evidence_begins_anew_when_the_rates_of_a_metric_change():
    """A plan without such rates has the fingerprint that it had before there were any."""
    plan = a_plan()
    judged, seldom = (
        replace(plan, rates_of_metric={CORRECT: rates}) for rates in ((500,), (500, 100))
    )

    prints = [each.fingerprint() for each in (plan, judged, seldom)]

    assert prints[0][-1] == list(ALL_SAMPLED)
    assert prints[0] == replace(plan, rates_of_metric={}).fingerprint()
    assert prints[0] != prints[1] != prints[2] != prints[0]


def test_a_trial_bets_on_each_metric_at_its_own_rates():
    """What is described to whoever computes it again has the places of all of its rates."""
    plan = replace(a_plan(), rates_of_metric={CORRECT: (500, 100)})
    scales = Weighing(plan).scales

    places = {rule.claim.metric: len(scales.describe(rule.claim)["places"]) for rule in plan.rules}

    assert places[CORRECT] == 2 * 5
    assert places[ERROR] == 5
