"""Lines of a recording, read or refused."""

from __future__ import annotations

import json

from datetime import UTC, datetime

import pytest

from shadowmon.daemon.recorded import LineError, Reader
from shadowmon.records import EVERYTHING, Answer, ModelName, Outcome, ToolCall
from shadowmon.traffic.codecs.openai import OpenAI
from tests.recordings import a_line


READER = Reader(codec=OpenAI({}), baseline=ModelName("fp32"), optimized=ModelName("int8"))


def read(**changes):
    return READER.read(a_line(**changes))


def test_normal_form():
    """An answer in the normal form has the parts that it names, and no other."""
    answer = {
        "text": "Paris",
        "label": "paris",
        "probabilities": {"paris": 0.9, "rome": 0.1},
        "fields": {"city": ["Paris"]},
        "tool_calls": [{"name": "look_up", "arguments": {"q": 1}}],
        "output_tokens": 2,
    }

    found = read(baseline=answer, optimized={"text": ""})

    assert found.baseline.model == "fp32"
    assert found.baseline.answer == Answer(
        text="Paris",
        label="paris",
        probabilities={"paris": 0.9, "rome": 0.1},
        fields={"city": ["Paris"]},
        tool_calls=(ToolCall(name="look_up", arguments={"q": 1}),),
        output_tokens=2,
    )
    assert found.optimized.answer == Answer(text="")
    assert (found.label, found.at, found.baseline_again) == (None, None, None)
    assert found.slices == {EVERYTHING}


@pytest.mark.parametrize("as_text", [False, True])
def test_wire_form(as_text):
    """An answer as it came over the wire is read by the codec, as text or as JSON."""
    body = {
        "object": "chat.completion",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
        ],
    }

    found = read(optimized={"status": 200, "body": json.dumps(body) if as_text else body})

    assert found.optimized.outcome is Outcome.OK
    assert found.optimized.answer is not None
    assert found.optimized.answer.text == "Hi"


def test_failures():
    """An outcome, an HTTP error, and a body that the codec cannot read are failed replies."""
    found = read(
        baseline={"outcome": "timeout", "seconds": 30},
        optimized={"status": 500, "body": "oops"},
        baseline_again={"body": "no JSON"},
    )

    assert (found.baseline.outcome, found.baseline.answer) == (Outcome.TIMEOUT, None)
    assert found.baseline.duration_seconds == 30
    assert found.optimized.outcome is Outcome.ERROR
    assert found.baseline_again is not None
    assert found.baseline_again.outcome is Outcome.GARBAGE
    assert found.baseline_again.model == "fp32"


def test_the_rest():
    """Label, slices, moment and times are taken as they are told."""
    found = read(
        label="Paris",
        slices=["bank", "night"],
        at="2026-01-31T12:00:00Z",
        baseline={"text": "a", "seconds": 0.5, "first_byte_seconds": 0.1},
        optimized={"text": "a", "seconds": 0},
    )

    assert found.label == "Paris"
    assert found.slices == {EVERYTHING, "bank", "night"}
    assert found.at == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert found.baseline.first_byte_seconds == 0.1
    assert found.is_timed
    assert not read().is_timed


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"id": ""}, "id must be text, and not empty"),
        ({"id": 7}, "id must be text, and not empty"),
        ({"id": "x" * 300}, "id has more than 256 characters"),
        ({"lable": "Paris"}, 'the line has no key "lable"; there are: id, baseline'),
        ({"baseline": "Paris"}, "baseline must be a JSON object"),
        ({"baseline": {}}, "baseline says nothing: give text, label, fields"),
        ({"baseline": {"txt": "a"}}, 'baseline has no key "txt"; there are: text, reasoning'),
        ({"optimized": {"text": 1}}, "optimized: Expected `str | null`, got `int`"),
        ({"optimized": {"outcome": "lost"}}, "outcome must be one of: ok, error, timeout"),
        ({"optimized": {"text": "a", "seconds": -1}}, "seconds must be a number, 0 or more"),
        ({"optimized": {"text": "a", "seconds": True}}, "seconds must be a number, 0 or more"),
        ({"optimized": {"status": 1000, "body": ""}}, "optimized.status must be a whole number"),
        ({"optimized": {"headers": [], "body": ""}}, "headers must be an object of texts"),
        ({"optimized": {"text": "a", "body": ""}}, 'optimized has no key "text"'),
        ({"label": 18}, "label must be text, and not empty"),
        ({"slices": "bank"}, "slices must be a list of at most 100 names"),
        ({"slices": [1]}, "each of slices must be text, and not empty"),
        ({"at": "yesterday"}, "at must be a time as in RFC 3339"),
        ({"at": "2026-01-31T12:00:00"}, "at has no time zone; end it with Z for UTC"),
    ],
)
def test_refused(changes, problem):
    """What is no recorded pair is refused with the reason."""
    with pytest.raises(LineError) as refused:
        read(**changes)

    assert str(refused.value).startswith(problem)


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[1]", b'"a"', b"\xff", b'{"id": "x-1"}', b"{}" * 2, b"[" * 1000]
)
def test_no_pair_at_all(line):
    """Whatever the bytes, a line is read or refused, and nothing else."""
    with pytest.raises(LineError):
        READER.read(line)


def test_a_reason_quotes_no_answer():
    """The reason that a line is refused for holds nothing of what a model said."""
    with pytest.raises(LineError) as refused:
        read(baseline={"text": ["my secret"]})

    assert "secret" not in str(refused.value)
