"""What a trial is measured by where the configuration leaves it open."""

from __future__ import annotations

import pytest

from shadowmon.assessors.settings import AssessorsSettings
from shadowmon.config.measures import assessors_of, measures, metrics_of, primary_of, scorers_of
from shadowmon.config.settings import LabelCoverage, LabelSettings, Settings, TrialSettings
from shadowmon.policy.settings import Task
from shadowmon.traffic.settings import RouteSettings


def a_trial(task=Task.CLASSIFICATION, expected=LabelCoverage.NONE, **rest):
    """Return a trial of a task."""
    labels = LabelSettings(expected=expected)
    return TrialSettings(route="r", optimized="o", task=task, labels=labels, **rest)


def settings_of(trial, **route):
    """Return settings with this trial on a route."""
    routes = {"r": RouteSettings(baseline="b", **route)}
    return Settings(models={}, routes=routes, trials={"t": trial})


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("expected", list(LabelCoverage))
def test_every_task_measures_its_primary(task, expected):
    """Of every task, with and without labels, the default primary metric is measured."""
    trial = a_trial(task, expected)

    assert primary_of(settings_of(trial), trial) in metrics_of(settings_of(trial), trial)
    assert "error" in metrics_of(settings_of(trial), trial)


def test_service_is_always_measured():
    """Whether a model answers at all is measured even if nobody names it."""
    trial = a_trial(scorers=("label",))

    assert scorers_of(settings_of(trial), trial) == ("label", "service")


@pytest.mark.parametrize(
    ("task", "more"),
    [(Task.CHAT, ["semantic", "preference"]), (Task.CLASSIFICATION, [])],
)
def test_what_assessors_find_is_scored(task, more):
    """Where an assessor is configured, the scorers that read it come by themselves, for texts."""
    trial = a_trial(task)
    endpoint = {"url": "http://127.0.0.1:1"}
    assessors = AssessorsSettings.model_validate(
        {"semantic": {"endpoint": endpoint}, "judge": {"endpoint": endpoint}, "sandbox": {}}
    )
    settings = settings_of(trial).model_copy(update={"assessors": assessors})

    by_itself = scorers_of(settings_of(trial), trial)

    assert [each for each in scorers_of(settings, trial) if each not in by_itself] == more
    assert [each for each in assessors_of(settings, trial) if each != "moderation"] == [
        {"preference": "judge"}.get(each, each) for each in more
    ]
    assert assessors_of(settings_of(trial), trial) == ()


def test_named_primary_stands():
    """A primary metric that is named is taken."""
    trial = a_trial(policy={"primary": "probability_divergence"})

    assert primary_of(settings_of(trial), trial) == "probability_divergence"
    assert list(measures(Settings(models={}, routes={}, trials={"t": trial}))) == []


def test_a_self_check_gives_every_divergence_a_floor_and_an_excess():
    """With the baseline asked twice, what is judged is the divergence over its own."""
    trial = a_trial(Task.CHAT)
    settings = settings_of(trial, self_check_rate=0.1)
    metrics = {str(name): metric for name, metric in metrics_of(settings, trial).items()}

    assert primary_of(settings, trial) == "chrf_divergence_excess"
    assert metrics["chrf_divergence_floor"].upper == 1
    assert metrics["chrf_divergence_excess"].lower == -10
    assert "latency_excess_floor" not in metrics
