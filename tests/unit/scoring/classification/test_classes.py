from __future__ import annotations

import pytest

from shadowmon.records import EVERYTHING, Awaiting, ExchangeId, TrialId
from shadowmon.scoring.classification.classes import (
    against_classes,
    class_metrics,
    false_alarm,
    missed,
)
from shadowmon.scoring.panel import complaint
from shadowmon.scoring.truth import digest
from tests.factories import NOON


CLASSES = ("cat", "dog")


def waiting(baseline, optimized):
    return Awaiting(
        trial_id=TrialId("int8"),
        epoch=1,
        exchange_id=ExchangeId("x-1"),
        baseline=None if baseline is None else digest(baseline),
        optimized=None if optimized is None else digest(optimized),
        slices=frozenset({EVERYTHING}),
        received_at=NOON,
    )


def observe(baseline, optimized, label):
    found = against_classes(waiting(baseline, optimized), digest(label), CLASSES)
    assert complaint(class_metrics(CLASSES), found) == ""
    return {each.metric: each.missing or (each.baseline, each.optimized) for each in found}


def test_each_class_has_two_metrics():
    """What was missed of a class, and what was called it, are metrics of their own."""
    assert [metric.name for metric in class_metrics(CLASSES)] == [
        "missed:cat",
        "false_alarm:cat",
        "missed:dog",
        "false_alarm:dog",
    ]


def test_class_of_the_label_is_missed_or_not():
    """Of its own class it is told whether each model missed it; of the others, false alarms."""
    assert observe("cat", "dog", "cat") == {
        missed("cat"): (False, True),
        false_alarm("dog"): (False, True),
    }


def test_label_that_is_no_configured_class():
    """Of another label every configured class is at most a false alarm."""
    assert observe("cat", "bird", "bird") == {
        false_alarm("cat"): (True, False),
        false_alarm("dog"): (False, False),
    }


def test_baseline_that_said_nothing():
    """A baseline without an answer has missed the class, and called nothing."""
    assert observe(None, "cat", "cat") == {
        missed("cat"): (True, False),
        false_alarm("dog"): (False, False),
    }


def test_failed_optimized_model_is_missing():
    """Where the optimized model failed, each metric that applies says so."""
    assert observe("cat", None, "cat") == {
        missed("cat"): "optimized_failed",
        false_alarm("dog"): "optimized_failed",
    }


def test_without_a_label_nothing_is_observed():
    """Without a label no class is known to be concerned."""
    assert against_classes(waiting("cat", "cat"), None, CLASSES) == []


@pytest.mark.parametrize("name", [" cat ", "cat"])
def test_class_is_told_as_a_label_is(name):
    """White space around a class's name is none of it, as with labels."""
    (found,) = against_classes(waiting("cat", "cat"), digest("cat"), [name])
    assert found.metric == missed(name)
