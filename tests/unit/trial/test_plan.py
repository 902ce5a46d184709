"""What evidence was gathered for, and at which rates."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shadowmon.evidence import outcomes
from shadowmon.evidence.floor import excess_bounds
from shadowmon.evidence.sampling import ALL_SAMPLED
from shadowmon.policy.rules import CORRECT, ERROR, Subject, rules_for
from shadowmon.policy.settings import PolicySettings, Task
from shadowmon.records import (
    EVERYTHING,
    Cell,
    Metric,
    MetricKind,
    MetricName,
    Observation,
    Ticked,
)
from shadowmon.trial.plan import TrialPlan
from shadowmon.trial.trial import Trial
from shadowmon.trial.weighing import Weighing
from tests.factories import NOON
from tests.trials import INT8, METRICS, a_plan


EXCESS = MetricName("chrf_divergence_excess")


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


@pytest.mark.parametrize(("share", "other"), [(0.1, 0.5), (0.5, 0.1)])
def test_evidence_begins_anew_when_a_metric_has_another_range(share, other):
    """A pair that is no worse was counted on a knot that means something else in that range."""
    before, after = (_of_noise(each) for each in (share, other))
    excess = before.metrics[EXCESS]
    counts = [0] * outcomes.places(excess)
    for place, amount in outcomes.deposit(Observation(metric=EXCESS, distance=0.0), excess):
        counts[place] += 400 * amount
    cell = Cell(trial_id=INT8, epoch=1, stage=0, metric=EXCESS, slice=EVERYTHING)
    looked_at = Ticked(now=NOON, totals={cell: tuple(counts)})

    trial, _ = Trial.open(before, now=NOON)
    trial.handle(looked_at)
    again, _ = Trial.restore(after, trial.snapshot(), now=NOON)

    assert again.memory.state.epoch == 2
    assert before.fingerprint() != after.fingerprint()
    assert before.fingerprint() == _of_noise(share).fingerprint()


def _of_noise(share: float) -> TrialPlan:
    """Return a plan that is judged by what goes beyond the noise of a share of asked-twice."""
    lower, upper = excess_bounds(share)
    metric = Metric(name=EXCESS, kind=MetricKind.DIVERGENCE, sentence="", lower=lower, upper=upper)
    metrics = {**METRICS, EXCESS: metric}
    subject = Subject(task=Task.CHAT, metrics=metrics, primary=EXCESS)
    rules = rules_for(PolicySettings(), subject)
    return a_plan(metrics=metrics, primary=EXCESS, rules=rules)


def test_a_trial_bets_on_each_metric_at_its_own_rates():
    """What is described to whoever computes it again has the places of all of its rates."""
    plan = replace(a_plan(), rates_of_metric={CORRECT: (500, 100)})
    scales = Weighing(plan).scales

    places = {rule.claim.metric: len(scales.describe(rule.claim)["places"]) for rule in plan.rules}

    assert places[CORRECT] == 2 * 5
    assert places[ERROR] == 5
