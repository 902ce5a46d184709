from __future__ import annotations

import pytest

from shadowmon.records import Answer, Outcome, Question, Tool, ToolCall
from shadowmon.scoring.settings import ScoringSettings
from shadowmon.scoring.structure.tools import ASSIGNED_MAX, ToolsScorer
from shadowmon.testing.scorers import ScorerContract
from tests.factories import a_pair, a_reply


WEATHER = Tool(
    name="weather",
    parameters={
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer"},
            "unit": {"type": "string", "default": "C"},
        },
        "required": ["city"],
        "additionalProperties": False,
    },
)
TIME = Tool(name="time")


def call(name="weather", /, **arguments):
    return ToolCall(name=name, arguments=arguments)


def asked(baseline, optimized, tools=(WEATHER, TIME)):
    replies = [a_reply(answer=Answer(tool_calls=tuple(each))) for each in (baseline, optimized)]
    return a_pair(*replies, question=Question(tools=tuple(tools)))


def observe(*arguments):
    found = ToolsScorer(ScoringSettings()).score(asked(*arguments))
    return {each.metric: each for each in found}


def distance(*arguments):
    return observe(*arguments)["tool_divergence"].distance


def invalid(*arguments):
    found = observe(*arguments)["tool_call_invalid"]
    return found.missing or (found.baseline, found.optimized)


class TestToolsScorer(ScorerContract):
    def make(self, settings):
        return ToolsScorer(settings)

    def pairs(self):
        calls: tuple[list[ToolCall], ...] = (
            *([call(city="Rome")], [call("time")], [], [call("none")]),
        )
        no_schema = Tool(name="weather", parameters={"type": "dict"})
        return [asked(one, other) for one in calls for other in calls] + [
            asked(calls[0], calls[1], ()),
            asked(calls[0], calls[0], [no_schema]),
            asked([ToolCall(name="time", arguments=None)], calls[0]),
        ]


def test_order_of_calls_does_not_count():
    """The same calls in any order are the same."""
    rome, oslo = call(city="Rome"), call(city="Oslo")
    assert distance([rome, oslo], [oslo, rome]) == 0.0


def test_half_of_a_call_is_its_name():
    """The right tool with one of two arguments wrong is a quarter away, a wrong one all of it."""
    assert distance([call(city="Rome", days=1)], [call(city="Rome", days=2)]) == 0.25
    assert distance([call(city="Rome")], [call("time")]) == 1.0


def test_call_that_is_missing_or_too_many():
    """A call without a counterpart is wholly different."""
    assert distance([call(city="Rome"), call("time")], [call("time")]) == 0.5
    assert distance([], [call("time")]) == 1.0
    assert distance([], []) == 0.0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (1, "1", False),
        (1, True, False),
        ("Rome", "rome ", True),
        (None, None, True),
    ],
)
def test_arguments_count_by_their_type(one, other, same):
    """1 is 1.0 and not "1"; case and blanks of a string make no difference."""
    assert (distance([call(days=one)], [call(days=other)], ()) == 0.0) is same


def test_default_may_be_left_out():
    """An argument that is left out is its default."""
    assert distance([call(city="Rome", unit="C")], [call(city="Rome")]) == 0.0
    assert distance([call(city="Rome", unit="F")], [call(city="Rome")]) > 0.0


@pytest.mark.parametrize(
    "bad",
    [
        call("none"),
        call(),
        call(city=1),
        call(city="Rome", day=1),
        ToolCall(name="weather", arguments=None),
        ToolCall(name="time", arguments=[1]),
    ],
)
def test_call_that_could_not_be_made(bad):
    """A tool that was not offered, and arguments that it does not take, are invalid."""
    good = call(city="Rome", days=2)
    assert invalid([good], [good, bad]) == (False, True)
    assert invalid([bad], []) == (True, False)


def test_tool_whose_schema_cannot_be_used():
    """Where a call cannot be judged that is said, unless another one is invalid anyway."""
    tools = [Tool(name="weather", parameters={"type": "dict"})]
    assert invalid([], [call(city="Rome")], tools) == "schema_unusable"
    assert invalid([], [call(city="Rome"), call("none")], tools) == (False, True)


def test_without_offered_tools_only_the_calls_are_compared():
    """What was not offered cannot be held against a call."""
    assert observe([call("time")], [call("time")], ()).keys() == {"tool_divergence"}
    assert observe([], [call("time")], ()) == {}


def test_very_many_calls_are_held_in_their_order():
    """Beyond the bound, a call is held against the one in its place."""
    size = int(ASSIGNED_MAX**0.5) + 1
    calls = [call(days=at) for at in range(size)]
    assert distance(calls, calls) == 0.0
    assert distance(calls, calls[::-1]) > 0.4


def test_failed_optimized_reply_is_missing():
    """A failed reply is missing in every metric that the question calls for."""
    failed = a_reply(outcome=Outcome.ERROR, answer=None)
    pair = a_pair(a_reply(), failed, question=Question(tools=(TIME,)))
    found = ToolsScorer(ScoringSettings()).score(pair)
    assert [each.missing for each in found] == ["optimized_failed"] * 2
