"""Pairs written as lines, and read again."""

from __future__ import annotations

import json

from dataclasses import replace

import pytest

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.daemon.recorded import Reader
from shadowmon.daemon.recorded_line import LineWriter, recorded_of
from shadowmon.errors import CodecError
from shadowmon.records import (
    Answer,
    ExchangeId,
    ModelName,
    Outcome,
    Question,
    Token,
    Tool,
    ToolCall,
)
from shadowmon.traffic.codecs.openai import OpenAI
from shadowmon.traffic.redact import Redaction
from shadowmon.traffic.settings import RedactionSettings
from tests.factories import a_pair, a_reply


READER = Reader(codec=OpenAI({}), baseline=ModelName("base"), optimized=ModelName("int8"))
FULL = Answer(
    text="grüße\n",
    reasoning="because",
    refusal="no",
    tool_calls=(ToolCall(name="f", arguments={"a": [1, None]}), ToolCall(name="g", arguments=None)),
    label="x",
    probabilities={"x": 0.1, "y": 0.9},
    fields={"a": {"b": [1.5, "c"]}},
    tokens=(Token(text="t", log_probability=-0.25, alternatives={"u": -3.0}),),
    embeddings=((0.1, 0.2), (0.3,)),
    ranking=("1", "0"),
    tensors={"out": (1.0, 2.0)},
    finish_reason="stop",
    input_tokens=3,
    output_tokens=4,
    cached_tokens=1,
    reasoning_tokens=2,
    model="m",
)
ASKED = Question(
    instructions="be kind",
    text="q",
    source="q",
    turns=2,
    tools=(Tool(name="f", parameters={"type": "object"}),),
    schema={"type": "string"},
    documents=("d",),
)


def a_writer(**redaction):
    """Return a writer that takes these things out."""
    settings = RedactionSettings(**redaction)
    return LineWriter(Redaction(settings), settings)


def again(recorded, writer=None):
    """Write and read."""
    return READER.read((writer or a_writer()).line_of(recorded))


def test_everything_comes_back():
    """All that a scorer can see is the same after it was written and read."""
    recorded = recorded_of(
        a_pair(
            a_reply(answer=FULL, first_byte_seconds=0.01, cost=0.125, status=0),
            a_reply(
                model=ModelName("int8"), answer=Answer(fields=0), duration_seconds=1 / 3, status=0
            ),
            baseline_again=a_reply("again", status=0, duration_seconds=0.0),
            slices=frozenset({"all", "long", "bank"}),
            question=ASKED,
        ),
        label="18",
    )

    assert again(recorded) == recorded


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.ERROR, Outcome.REFUSED])
def test_failures(outcome):
    """A failed reply has its outcome and its time, and no answer."""
    failed = a_reply(
        model=ModelName("int8"), outcome=outcome, answer=None, duration_seconds=0.0, status=0
    )
    recorded = recorded_of(a_pair(a_reply(status=0), failed))

    assert recorded.is_timed
    assert again(recorded) == recorded


def test_a_time_that_nobody_took():
    """One answer without its time leaves the pair without a comparison of times."""
    recorded = recorded_of(a_pair(a_reply(duration_seconds=0.0)))

    assert not recorded.is_timed
    assert not again(recorded).is_timed


def test_an_answer_that_says_nothing():
    """An answer may be good and empty."""
    recorded = recorded_of(a_pair(a_reply(answer=Answer())))

    assert again(recorded).baseline.answer == Answer()


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(
    st.builds(
        Answer,
        text=st.none() | texts,
        reasoning=texts,
        label=st.none() | texts,
        probabilities=st.none() | st.dictionaries(texts, st.floats(0, 1)),
        embeddings=st.lists(
            st.lists(st.floats(allow_nan=False, allow_infinity=False)).map(tuple)
        ).map(tuple),
        output_tokens=st.none() | st.integers(0, 10**6),
    ),
    st.floats(0, 1e6),
)
def test_any_answer(answer, seconds):
    """Whatever a model said comes back to the last bit."""
    recorded = recorded_of(a_pair(a_reply(answer=answer, duration_seconds=seconds, status=0)))

    assert again(recorded).baseline == recorded.baseline


def test_what_is_no_json():
    """A number that JSON does not have cannot be written."""
    with pytest.raises(CodecError, match="cannot be written"):
        a_writer().line_of(recorded_of(a_pair(a_reply(answer=Answer(fields=float("nan"))))))


def test_secrets_are_taken_out():
    """Patterns are taken out of every text, and fields of whatever is JSON by itself."""
    writer = a_writer(patterns=(r"s3cret-\d+",), fields=("user.email",))
    answer = Answer(
        text="it is s3cret-1",
        fields={"user": {"email": "ann@example.org", "name": "s3cret-2"}},
        tool_calls=(ToolCall(name="f", arguments={"user": {"email": "bob@example.org"}}),),
    )
    recorded = replace(
        recorded_of(
            a_pair(a_reply(answer=answer), question=Question(text="s3cret-3")), label="s3cret-4"
        ),
        id=ExchangeId("s3cret-5"),
    )

    line = writer.line_of(recorded)

    assert b"s3cret" not in line
    assert b"@example.org" not in line
    assert json.loads(line)["id"] == writer.name_of("s3cret-5")
    assert writer.name_of("s3cret-5") != writer.name_of("s3cret-6")
    assert writer.name_of("plain") == "plain"
