"""Requests as JSON lines."""

from __future__ import annotations

import json

import pytest

from shadowmon.traffic.recordings.lines import lines
from shadowmon.traffic.recordings.recording import Kind, Part, RecordingError, Unusable
from shadowmon.traffic.recordings.request_lines import REQUEST_LINES
from tests.traffic_files import TARGET, asking, jsonl, saying


def parts(*lines):
    """Index these lines."""
    return list(REQUEST_LINES.parts([jsonl(*lines)], name="r.jsonl"))


def read(**told):
    """Read one line."""
    return REQUEST_LINES.read({Kind.REQUEST: jsonl({"body": asking()} | told)})


def test_a_body_alone():
    """A body is enough: where it belongs is told by what is in it."""
    found = read()

    assert (found.method, found.target, found.headers) == ("POST", TARGET, ())
    assert json.loads(found.body) == asking()
    assert found.baseline is None
    assert found.optimized is None


def test_everything():
    """Each part may be told."""
    answer = {"status": 500, "headers": {"X-A": "1"}, "body": "no", "seconds": 2}

    found = read(
        method="PUT",
        target="https://api/x?y=1",
        headers={"X-B": ["1", "2"]},
        body="as it is",
        answer=answer,
        optimized={"body": saying()},
        label="18",
    )

    assert (found.method, found.target, found.body) == ("PUT", "/x?y=1", b"as it is")
    assert found.headers == (("x-b", "1"), ("x-b", "2"))
    assert found.label == "18"
    assert found.baseline is not None
    assert (found.baseline.status, found.baseline.body, found.baseline.seconds) == (500, b"no", 2)
    assert found.baseline.headers == (("x-a", "1"),)
    assert found.optimized is not None
    assert json.loads(found.optimized.body) == saying()


def test_ids_and_times():
    """A line without an id is known by its place, and one without a time has none."""
    told, plain = parts({"id": "q", "at": "2026-01-01T12:00:00Z", "body": ""}, {"body": ""})

    assert isinstance(told, Part)
    assert isinstance(plain, Part)
    assert (told.key, told.at) == ("q", 1_767_268_800.0)
    assert (plain.key, plain.at) == ("r.jsonl:2", None)
    assert (plain.offset, plain.length) == (told.length + 1, len('{"body": ""}'))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({}, "the line lacks body"),
        ({"body": 1, "anser": {}}, 'the line has no key "anser"; there are: answer, at, '),
        ({"body": 1, "at": "noon"}, "its time is none as in RFC 3339"),
        ({"body": 1, "at": "2026-01-01T12:00:00"}, "its time is none as in RFC 3339, with a zone"),
        ({"body": 1, "id": 5}, "its id must be text"),
        ([1], "the line must be a JSON object"),
    ],
)
def test_lines_that_are_none(line, problem):
    """A line that is none is refused with the reason; the others are not."""
    good, bad = parts({"body": ""}, line)

    assert isinstance(good, Part)
    assert isinstance(bad, Unusable)
    assert bad.number == 2
    assert bad.problem.startswith(problem)


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"body": "text"}, "it has no target, and its body does not tell"),
        ({"target": "nowhere"}, "its address is none"),
        ({"headers": [1]}, "its headers must be an object of texts"),
        ({"headers": {"a": 1}}, "its headers must be an object of texts"),
        ({"answer": "hi"}, "its answer must be an object with a body"),
        ({"answer": {"body": 1, "code": 2}}, 'its answer has no key "code"'),
        ({"answer": {"body": 1, "status": 700}}, "its status is no HTTP status"),
        ({"answer": {"body": 1, "seconds": -1}}, "its seconds must be a number"),
        ({"body": "\ud800", "target": "/"}, "its body cannot be written"),
    ],
)
def test_requests_that_cannot_be_read(told, problem):
    """What cannot be used is said when its turn comes."""
    with pytest.raises(RecordingError, match=problem):
        read(**told)


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({"prompt": "a"}, "/v1/completions"),
        ({"input": "a"}, "/v1/responses"),
        ({"input": "a", "encoding_format": "float"}, "/v1/embeddings"),
    ],
)
def test_where_a_body_belongs(body, target):
    """OpenAI's requests are told apart by their keys."""
    assert read(body=body).target == target


def test_blank_lines_and_broken_ones():
    """Blank lines are none; one that is no JSON is refused, and nothing of it is quoted."""
    found = list(REQUEST_LINES.parts([b'\n{"body": ""}\n  \nsecret{\n'], name="x"))

    assert isinstance(found[0], Part)
    assert found[1:] == [Unusable(number=4, problem="not JSON at character 0")]


def test_long_lines():
    """A line that is too long is refused without being held, and the next one is read."""
    data = b"a" * 30 + b"\nbb\n" + b"c" * 30
    found = list(lines([data[at : at + 7] for at in range(0, len(data), 7)], line_max=10))

    assert [(line.number, line.offset, line.text) for line in found] == [
        (1, 0, None),
        (2, 31, b"bb"),
        (3, 34, None),
    ]
