from __future__ import annotations

import pytest

from shadowmon.records import Answer, MetricName, Observation, Outcome, ToolCall
from shadowmon.scoring.readable import readable, spoken, unread
from tests.factories import a_reply


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.OK])
def test_failed_reply_is_not_read(outcome):
    """A reply that failed has no quality, even if there is an answer."""
    assert readable(a_reply(outcome=outcome)) is None


@pytest.mark.parametrize(
    "answer", [Answer(text="half an", incomplete=True), Answer(text="x", error="overloaded"), None]
)
def test_answer_that_is_not_whole_is_not_read(answer):
    """A cut answer, one that reports an error, and none at all are not read."""
    assert readable(a_reply(answer=answer)) is None


def test_refusal_is_spoken_where_there_is_no_text():
    """A refusal that the wire carries apart from the text is what the model said."""
    assert spoken(Answer(text=None, refusal="No.")) == "No."
    assert spoken(Answer(text="Yes.", refusal="No.")) == "Yes."


def test_blank_text_beside_tool_calls_is_not_spoken():
    """A model that calls a tool and adds no word says nothing in words."""
    assert spoken(Answer(text="", tool_calls=(ToolCall(name="f", arguments={}),))) is None
    assert spoken(Answer(text="")) == ""


def test_shed_reply_is_told_from_a_failed_one():
    """A call that we kept from being made is missing for a reason of its own."""
    metric = MetricName("inexact")
    assert unread(metric, a_reply(outcome=Outcome.SHED)) == Observation(
        metric=metric, missing="optimized_shed"
    )
    assert unread(metric, a_reply(outcome=Outcome.TIMEOUT)).missing == "optimized_failed"
