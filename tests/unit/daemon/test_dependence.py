"""What goes together is counted together."""

from __future__ import annotations

import json

from dataclasses import replace
from datetime import timedelta
from typing import Any

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


def quality(trial: Trial, **told: Any) -> float:
    """Let a trial look at 400 good pairs; return how far its quality is proven."""
    gate = a_gate(DependenceSettings(), a_plan().metrics)
    for _ in range(400):
        gate.count(a_pair(), [right(), right(ERROR, baseline=False, optimized=False)], NOON)
    trial.memory = replace(trial.memory, chain={})
    trial.handle(Ticked(now=NOON, totals=gate.ledger.totals(), **told))
    return next(
        evidence.log_e_value
        for rule, evidence in trial.memory.evidence.items()
        if rule.name == "quality"
    )


def a_trial(**dependence: Any) -> Trial:
    settings = EvidenceSettings(dependence=DependenceSettings(**dependence))
    return Trial.open(a_plan(evidence=settings), now=NOON)[0]


def test_pairs_that_go_together_weaken_the_proof():
    """Where no key says who asks, the evidence is tempered by the variance ratio."""
    assert quality(a_trial(), variance_ratio=1.0) == quality(a_trial())
    assert quality(a_trial(), variance_ratio=4.0) < quality(a_trial()) / 2
    assert quality(a_trial(temper=False), variance_ratio=4.0) == quality(a_trial())


def test_a_proof_does_not_become_strong_again_for_a_worker_that_begins_anew():
    """While nobody knows the ratio the last one stands, over a restart of the daemon too."""
    trial = a_trial()
    weak = quality(trial, variance_ratio=4.0)

    assert quality(trial) == weak
    again, _ = Trial.restore(trial.plan, json.loads(json.dumps(trial.snapshot())), now=NOON)
    assert quality(again) == weak


def test_a_ratio_that_was_just_measured_weighs_only_what_comes_after():
    """The fresh bets of a roll-back weigh a look's pairs by what was known at the look before."""
    trial, plain = a_trial(), a_trial()
    quality(trial, variance_ratio=4.0)
    quality(plain)

    assert trial.memory.chain["chains"] == plain.memory.chain["chains"]
    quality(trial, variance_ratio=4.0)
    assert trial.memory.chain["chains"] != plain.memory.chain["chains"]


def test_who_knows_of_bursts_has_the_proof_weakened_from_the_first_pair():
    """As if that ratio had been measured, until a greater one is."""
    known = a_trial(temper_at_least=4.0)

    assert quality(known) == quality(a_trial(), variance_ratio=4.0)
    assert quality(known, variance_ratio=9.0) == quality(a_trial(), variance_ratio=9.0)


def test_sessions_that_still_go_together_are_seen():
    """A user who comes again and again, session after session, is more than one observation."""
    gate = a_gate()
    for session in range(400):
        asked_at = NOON + timedelta(seconds=60 * session)
        for second in range(2):
            seen = right(optimized=session // 20 % 5 > 0)
            gate.count(a_pair(cluster="alice"), [seen], asked_at + timedelta(seconds=second))
    gate.close_all()

    assert gate.ratio.ratio is not None
    assert gate.ratio.ratio > 5


def test_a_session_that_never_rests_is_closed_all_the_same():
    """After `lasting_seconds` it counts, and what comes later is another one."""
    gate = a_gate(DependenceSettings(clusters=True, idle_seconds=10, lasting_seconds=30))
    for second in range(0, 65, 5):
        gate.count(a_pair(cluster="alice"), [right()], NOON + timedelta(seconds=second))
    gate.close_due(NOON + timedelta(seconds=65))

    (sessions,) = gate.ledger.take_changed().values()
    assert outcomes.pairs(counted_by(PLAN)[CORRECT], sessions) == 2
