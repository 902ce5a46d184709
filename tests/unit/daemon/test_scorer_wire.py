from __future__ import annotations

import math

from datetime import UTC, datetime, timedelta, timezone

import pytest

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.daemon import scorer_wire as wire
from shadowmon.ipc.frames import HEAD
from shadowmon.records import Answer, MetricName, Observation, Outcome, SliceName, ToolCall
from tests.factories import a_pair, a_reply


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def sent(*pairs):
    """Return pairs as they arrive on the other side."""
    frame = wire.frame_pairs(pairs)
    assert HEAD.unpack_from(frame) == (len(frame) - HEAD.size,)
    return tuple(wire.read_pairs(frame[HEAD.size :]))


def answering(**parts):
    return a_pair(a_reply(answer=Answer(**parts)))


def test_pair_arrives_as_it_was():
    """Every kind of field survives: enumerations, sets, mappings, tuples, times."""
    pair = a_pair(
        a_reply(
            answer=Answer(
                text="Grüße 🌍",
                label="cat",
                probabilities={"cat": 0.9, "dog": 0.1},
                tool_calls=(ToolCall(name="f", arguments={"x": [1, None, {"y": 2.5}]}),),
                fields={"a": [True, -1, "x"]},
            ),
            cost=0.25,
        ),
        a_reply(outcome=Outcome.TIMEOUT, answer=None, problem="timed out"),
        slices=frozenset({SliceName("all"), SliceName("edge")}),
        received_at=datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2))),
    )

    (arrived,) = sent(pair)

    assert arrived == pair
    assert arrived.optimized.outcome is Outcome.TIMEOUT
    assert isinstance(arrived.slices, frozenset)
    assert arrived.received_at.tzinfo is UTC


@given(values, values)
def test_any_json_arrives_as_it_was(fields, arguments):
    """JSON of any shape survives in an answer, numbers of any size included."""
    pair = answering(fields=fields, tool_calls=(ToolCall(name="f", arguments=arguments),))
    assert sent(pair) == (pair,)


@pytest.mark.parametrize("number", [2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**400, -(10**400)])
def test_whole_numbers_beyond_64_bits_arrive(number):
    """A whole number is not rounded, however many digits a model writes."""
    pair = answering(fields={"a": [number]})
    assert sent(pair) == (pair,)


def test_numbers_that_are_none_arrive():
    """NaN and infinity, which JSON in the wild has, survive."""
    (arrived,) = sent(answering(fields=[math.nan, math.inf]))
    assert str(arrived.baseline.answer.fields) == "[nan, inf]"


def test_lone_surrogate_is_replaced():
    """Half of a surrogate pair becomes U+FFFD wherever it stands, and a whole pair its letter."""
    (arrived,) = sent(answering(text="a\ud83d", fields={"\udc00": ["\ud83d\ude00"]}))
    assert arrived.baseline.answer == Answer(text="a\ufffd", fields={"\ufffd": ["😀"]})


def test_bottomless_answer_is_refused():
    """What is nested too deep to be sent is refused, not an error of the encoder's."""
    deep: object = 1
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(ValueError, match="cannot be sent to a scorer process: RecursionError"):
        wire.frame_pairs([answering(fields=deep)])


def test_what_is_not_json_is_refused():
    """An object in a field of an answer is refused."""
    with pytest.raises(ValueError, match="cannot be sent to a scorer process: TypeError"):
        wire.frame_pairs([answering(fields=object())])


def test_observations_arrive_as_they_were():
    """What was observed survives, and so does who failed."""
    scored = wire.Scored(
        (
            Observation(metric=MetricName("a"), distance=0.1 + 0.2),
            Observation(metric=MetricName("b"), baseline=True, optimized=False),
            Observation(metric=MetricName("c"), missing="optimized_failed"),
        ),
        {"text": "KeyError in text.py, line 7"},
    )
    assert wire.read_scored(wire.frame([scored])[HEAD.size :]) == [scored]
