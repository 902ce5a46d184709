"""What goes together is counted together."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shadowmon.daemon.dependence import Gate
from shadowmon.evidence import outcomes
from shadowmon.evidence.settings import DependenceSettings, EvidenceSettings
from shadowmon.policy.rules import CORRECT, ERROR
from shadowmon.records import Contrast, Decision, MetricKind, Observation, Ticked
from shadowmon.trial.plan import counted_by
from shadowmon.trial.trial import Trial
from tests.factories import NOON, a_pair
from tests.trials import UNSAFE, a_plan


CLUSTERS = DependenceSettings(clusters=True, idle_seconds=10)
PLAN = a_plan(evidence=EvidenceSettings(dependence=CLUSTERS))


def right(metric=CORRECT, *, baseline=True, optimized=True):
    return Observation(metric=metric, baseline=baseline, optimized=optimized)


def a_gate(settings=CLUSTERS, metrics=None):
    metrics = metrics or counted_by(PLAN)
    return Gate(metrics, primary=CORRECT, settings=settings)


def test_verdicts_become_figures_of_sessions_but_for_what_is_one_too_many():
    """Accuracy is counted by the limits it is held to; safety and service as they were."""
    metrics = counted_by(PLAN)

    assert metrics[CORRECT].kind is MetricKind.SCORES
    assert (Contrast.RELATIVE_DROP, 0.05) in metrics[CORRECT].held_to
    assert metrics[UNSAFE].kind is MetricKind.VERDICTS
    assert metrics[ERROR].kind is MetricKind.VERDICTS


def test_without_clusters_nothing_is_counted_otherwise():
    """The metrics are those of the scorers."""
    plan = a_plan()

    assert counted_by(plan) == plan.metrics


def test_a_session_counts_once_and_service_at_once():
    """Five requests of one user are one observation of quality, and five of service."""
    gate = a_gate()
    for second in range(5):
        now = NOON + timedelta(seconds=second)
        seen = [right(optimized=second > 1), right(ERROR, baseline=False, optimized=False)]
        gate.count(a_pair(cluster="alice"), seen, now)

    (errors,) = gate.ledger.take_changed().values()
    assert sum(errors) == 5
    gate.close_due(NOON + timedelta(seconds=14))
    (session,) = gate.ledger.take_changed().values()
    metric = counted_by(PLAN)[CORRECT]
    assert outcomes.pairs(metric, session) == 1
    assert outcomes.rates(metric, session) == pytest.approx((1.0, 0.6), abs=1e-4)


def test_what_grew_is_told_once():
    """The control process adds what grew to its own account, which outlives it."""
    gate = a_gate(DependenceSettings(), a_plan().metrics)
    gate.count(a_pair(), [right()], NOON)
    first = gate.take_grown()
    gate.count(a_pair(), [right(), right(ERROR, baseline=False, optimized=True)], NOON)
    second = gate.take_grown()

    assert [counts for _, counts in sorted_by_metric(first)] == [(0, 0, 0, 1, 0)]
    assert [counts for _, counts in sorted_by_metric(second)] == [
        (0, 0, 0, 1, 0),
        (0, 1, 0, 0, 0),
    ]


def sorted_by_metric(grown):
    return sorted(grown.items(), key=lambda item: item[0].metric)


def test_a_trial_judges_sessions():
    """Sessions that lose little allow a climb; sessions that lose much are a red line."""
    for lost, decision in ((0.0, Decision.PROMOTE), (0.5, Decision.ROLL_BACK)):
        trial, _ = Trial.open(PLAN, now=NOON)
        gate = a_gate()
        for user in range(800):
            for second in range(2):
                wrong = second == 0 and user % 2 < 2 * lost
                seen = [
                    right(optimized=not wrong),
                    right(ERROR, baseline=False, optimized=False),
                ]
                pair = a_pair(cluster=str(user), stage=trial.memory.state.stage_count)
                gate.count(pair, seen, NOON)
        gate.close_all()

        trial.handle(Ticked(now=NOON, totals=gate.ledger.totals()))

        assert trial.memory.verdict is not None
        assert trial.memory.verdict.decision is decision


def test_pairs_that_go_together_weaken_the_proof():
    """Where no key says who asks, the evidence is tempered by the variance ratio."""
    trial, _ = Trial.open(a_plan(), now=NOON)
    gate = a_gate(DependenceSettings(), a_plan().metrics)
    for _ in range(400):
        gate.count(a_pair(), [right(), right(ERROR, baseline=False, optimized=False)], NOON)
    totals = gate.ledger.totals()

    def quality(ratio):
        trial.memory = replace(trial.memory, chain={})
        trial.handle(Ticked(now=NOON, totals=totals, variance_ratio=ratio))
        return next(
            evidence.log_e_value
            for rule, evidence in trial.memory.evidence.items()
            if rule.name == "quality"
        )

    assert quality(1.2) == quality(None)
    assert quality(4.0) < quality(None) / 2
