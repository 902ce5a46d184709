"""What a trial is measured by where the configuration leaves it open."""

from __future__ import annotations

import pytest

from shadowmon.config.measures import measures, metrics_of, primary_of, scorers_of
from shadowmon.config.settings import LabelCoverage, LabelSettings, Settings, TrialSettings
from shadowmon.daemon import build
from shadowmon.policy.settings import Task


def a_trial(task=Task.CLASSIFICATION, expected=LabelCoverage.NONE, **rest):
    """Return a trial of a task."""
    labels = LabelSettings(expected=expected)
    return TrialSettings(route="r", optimized="o", task=task, labels=labels, **rest)


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("expected", list(LabelCoverage))
def test_every_task_measures_its_primary(task, expected):
    """Of every task, with and without labels, the default primary metric is measured."""
    trial = a_trial(task, expected)

    assert primary_of(trial) in metrics_of(trial)
    assert "error" in metrics_of(trial)


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("expected", list(LabelCoverage))
def test_daemon_measures_what_was_checked(task, expected):
    """The daemon is built from the same answer that the configuration was checked with."""
    trial = a_trial(task, expected)
    settings = Settings(models={}, routes={}, trials={"t": trial})

    assert build.primary_of(trial) == primary_of(trial)
    assert build.scorers_of(trial) == scorers_of(trial)
    assert set(build.metrics_of(settings, trial)) == set(metrics_of(trial))


def test_service_is_always_measured():
    """Whether a model answers at all is measured even if nobody names it."""
    assert scorers_of(a_trial(scorers=("label",))) == ("label", "service")


def test_named_primary_stands():
    """A primary metric that is named is taken."""
    trial = a_trial(policy={"primary": "probability_divergence"})

    assert primary_of(trial) == "probability_divergence"
    assert list(measures(Settings(models={}, routes={}, trials={"t": trial}))) == []
