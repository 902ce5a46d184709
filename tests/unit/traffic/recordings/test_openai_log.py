"""Logs in OpenAI's shapes: batches and calls."""

from __future__ import annotations

import json

import pytest

from shadowmon.traffic.recordings.openai_log import OPENAI_LOG
from shadowmon.traffic.recordings.recording import Kind, Part, RecordingError, Unusable
from tests.traffic_files import TARGET, asking, jsonl, saying


def parts(*lines):
    """Index these lines."""
    return list(OPENAI_LOG.parts([jsonl(*lines)], name="log"))


def batch_input(name="a"):
    """Return a line of a batch's input."""
    return {"custom_id": name, "method": "POST", "url": TARGET, "body": asking(name)}


def batch_output(name="a", status=200):
    """Return a line of a batch's output."""
    response = {"status_code": status, "request_id": "r", "body": saying(name)}
    return {"id": "batch_req_1", "custom_id": name, "response": response, "error": None}


def test_a_batch():
    """A batch's input and output are a request and its answer, joined by custom_id."""
    asked, answered = parts(batch_input(), batch_output())

    assert isinstance(asked, Part)
    assert isinstance(answered, Part)
    assert [(each.key, each.kinds) for each in (asked, answered)] == [
        ("a", (Kind.REQUEST,)),
        ("a", (Kind.BASELINE,)),
    ]
    found = OPENAI_LOG.read(
        {Kind.REQUEST: jsonl(batch_input()), Kind.BASELINE: jsonl(batch_output(status=429))}
    )
    assert (found.method, found.target) == ("POST", TARGET)
    assert json.loads(found.body) == asking("a")
    assert found.baseline is not None
    assert (found.baseline.status, found.baseline.seconds) == (429, None)
    assert json.loads(found.baseline.body) == saying("a")


def test_a_batch_that_failed():
    """An output without an answer is refused; its request may still be asked."""
    expired = {"custom_id": "a", "response": None, "error": {"code": "batch_expired"}}

    assert parts(expired) == [
        Unusable(number=1, problem="the batch has no answer for it, but an error")
    ]


def test_a_log_of_calls():
    """A request and its response may be told as they are; the answer says where it was asked."""
    line = {
        "id": "c",
        "created_at": 1_767_268_800_000,
        "request": {"model": "m", "input": "x"},
        "response": {"object": "list", "data": []},
        "latency_ms": 250,
        "anything": "else",
    }

    (part,) = parts(line)
    found = OPENAI_LOG.read({Kind.REQUEST: jsonl(line), Kind.BASELINE: jsonl(line)})

    assert isinstance(part, Part)
    assert (part.key, part.at) == ("c", 1_767_268_800.0)
    assert part.kinds == (Kind.REQUEST, Kind.BASELINE)
    assert found.target == "/v1/embeddings"
    assert found.baseline is not None
    assert found.baseline.seconds == 0.25


def test_a_log_with_heads():
    """Request and response may come with their heads."""
    line = {
        "request": {"url": f"https://x{TARGET}", "headers": {"A": "b"}, "body": asking()},
        "response": {"status": 503, "headers": {"C": "d"}, "body": "busy"},
        "seconds": 1.5,
    }

    found = OPENAI_LOG.read({Kind.REQUEST: jsonl(line), Kind.BASELINE: jsonl(line)})

    assert (found.target, found.headers) == (TARGET, (("a", "b"),))
    assert found.baseline is not None
    assert (found.baseline.status, found.baseline.body) == (503, b"busy")
    assert found.baseline.seconds == 1.5


def test_a_call_without_an_answer():
    """A request alone is one; a time without a zone is of UTC."""
    (part,) = parts({"request": asking(), "response": None, "timestamp": "2026-01-01T12:00:00"})

    assert isinstance(part, Part)
    assert (part.kinds, part.at) == ((Kind.REQUEST,), 1_767_268_800.0)


@pytest.mark.parametrize("line", [{"response": {}}, {"request": "text"}, {"id": 1}])
def test_lines_that_are_none(line):
    """A line of neither shape is refused."""
    (found,) = parts(line)

    assert found == Unusable(number=1, problem="the line has neither custom_id nor request")


def test_a_request_without_a_body():
    """A batch's line that lacks its body is refused when its turn comes."""
    with pytest.raises(RecordingError, match="its request has no body"):
        OPENAI_LOG.read({Kind.REQUEST: jsonl({"custom_id": "a", "url": TARGET})})
