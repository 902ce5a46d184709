"""What is told of each class, from what a trial counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shadowmon.daemon.by_class import by_class, mix_of
from shadowmon.daemon.portrait import portrait
from shadowmon.evidence.settings import DependenceSettings, EvidenceSettings
from shadowmon.records import EVERYTHING, Cell, MetricName, Ticked
from shadowmon.scoring.classification.called import called_metrics
from shadowmon.scoring.classification.classes import class_metrics
from shadowmon.trial.trial import Trial
from tests.factories import NOON
from tests.trials import INT8, METRICS, a_plan


NAMES = ["cat", "dog"]
CLASSES = (*class_metrics(NAMES), *called_metrics(NAMES))
COUNTED = {
    "missed:cat": (80, 10, 5, 5, 0),
    "false_alarm:cat": (90, 4, 2, 4, 0),
    "missed:dog": (90, 4, 2, 4, 1),
    "false_alarm:dog": (80, 10, 5, 5, 0),
}


def a_trial(counted, *, rates=(10_000,), **changes):
    """A trial that has counted this, at each of these sampling rates."""
    metrics = METRICS | {metric.name: metric for metric in CLASSES}
    trial, _ = Trial.open(a_plan(metrics=metrics, rates=rates, **changes), now=NOON)
    totals = {
        Cell(
            trial_id=INT8,
            epoch=1,
            stage=0,
            metric=MetricName(name),
            slice=EVERYTHING,
            rate=rate,
        ): counts
        for name, counts in counted.items()
        for rate in rates
    }
    trial.handle(Ticked(now=NOON, totals=totals))
    return trial


def test_f1_is_made_of_the_tables():
    """By hand: of 100 cats the baseline missed 10, and it called 6 others one."""
    found = by_class(a_trial(COUNTED))

    assert found is not None
    assert found.f1["cat"].baseline == pytest.approx(180 / 196)
    assert found.f1["cat"].optimized == pytest.approx(170 / (170 + 15 + 8))
    assert found.recall["dog"].baseline == pytest.approx(94 / 100)
    assert portrait(a_trial(COUNTED), 0).classification == found


def test_a_slice_that_is_sampled_more_often_counts_for_what_it_stands_for():
    """Two rates with the same shares have the same figures."""
    one, two = by_class(a_trial(COUNTED)), by_class(a_trial(COUNTED, rates=(10_000, 1_000)))

    assert one is not None
    assert two is not None
    assert two.f1["cat"].optimized == pytest.approx(one.f1["cat"].optimized)


@pytest.mark.parametrize("counted", [{}, dict.fromkeys(COUNTED, (0, 0, 0, 0, 3))])
def test_without_labels_nothing_is_shown(counted):
    """There is no figure of no pairs."""
    assert by_class(a_trial(counted)) is None


def test_without_classes_nothing_is_shown():
    """A trial that names none has none."""
    trial, _ = Trial.open(a_plan(), now=NOON)

    assert by_class(trial) is None


def test_of_sessions_there_are_no_tables():
    """Where a user's pairs are counted together a class has no 2x2 table of pairs."""
    evidence = EvidenceSettings(dependence=DependenceSettings(clusters=True))
    trial = a_trial({})
    trial = Trial(replace(trial.plan, evidence=evidence), trial.memory)

    assert by_class(trial) is None


CALLED = {
    "called:cat": (40, 10, 20, 30, 2),
    "called:dog": (60, 20, 10, 10, 2),
    "called_no_class": (100, 0, 0, 0, 2),
}


def test_the_mix_needs_no_label():
    """By hand: of 100 answers 50 of the baseline's and 40 of the optimized model's are cats."""
    found = mix_of(a_trial(CALLED))

    assert found is not None
    assert found.baseline["cat"] == 0.5
    assert found.optimized["cat"] == 0.4
    assert portrait(a_trial(CALLED), 0).mix == found


def test_two_sampling_rates_have_one_mix():
    """What is sampled at a tenth of the rate stands for ten times as much."""
    one, two = mix_of(a_trial(CALLED)), mix_of(a_trial(CALLED, rates=(10_000, 1_000)))

    assert one is not None
    assert two is not None
    assert two.optimized == pytest.approx(one.optimized)


def test_without_classes_there_is_no_mix():
    """Nor is there one before the first pair."""
    trial, _ = Trial.open(a_plan(), now=NOON)

    assert mix_of(trial) is None
    assert mix_of(a_trial({})) is None
