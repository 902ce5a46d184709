from __future__ import annotations

import pytest

from shadowmon.records import Answer, Outcome
from shadowmon.scoring.classification.called import called_metrics, calls
from shadowmon.scoring.panel import complaint
from tests.factories import a_pair, a_reply


CLASSES = ("cat", "dog")
FAILED = a_reply(outcome=Outcome.ERROR, answer=None)


def labelled(name):
    return a_reply(answer=Answer(label=name))


def observe(baseline, optimized, classes=CLASSES):
    found = calls(a_pair(baseline, optimized), classes)
    assert complaint(called_metrics(classes), found) == ""
    return {each.metric: each.missing or (each.baseline, each.optimized) for each in found}


def test_each_class_has_a_metric_and_the_rest_has_one():
    """What is none of the classes is counted too, so that the shares sum to 1."""
    assert [metric.name for metric in called_metrics(CLASSES)] == [
        "called:cat",
        "called:dog",
        "called_no_class",
    ]


def test_each_model_calls_one():
    """Of each model exactly one is true; no label is asked."""
    assert observe(labelled("cat"), labelled("fish")) == {
        "called:cat": (True, False),
        "called:dog": (False, False),
        "called_no_class": (False, True),
    }


@pytest.mark.parametrize("answer", [Answer(text=" cat\n"), Answer(label="cat", text="a dog")])
def test_text_is_read_where_there_is_no_label(answer):
    """As a label that comes later is held against it: the own label first, without white space."""
    assert observe(a_reply(answer=answer), labelled("cat"))["called:cat"] == (True, True)


def test_answer_that_says_nothing_is_no_class():
    """An answer without label and text has called none of them."""
    assert observe(a_reply(answer=Answer()), labelled("cat"))["called_no_class"] == (True, False)


def test_failed_optimized_model_is_missing():
    """Where the optimized model failed, every class says so."""
    assert set(observe(labelled("cat"), FAILED).values()) == {"optimized_failed"}


def test_without_a_baseline_nothing_applies():
    """Whether a metric applies is asked of the baseline alone."""
    assert observe(FAILED, labelled("cat")) == {}


def test_without_classes_nothing_is_observed():
    """A trial that names no class has no such metric."""
    assert called_metrics(()) == ()
    assert observe(labelled("cat"), labelled("dog"), classes=()) == {}
