"""What a caller holds, written as a line."""

from __future__ import annotations

import json

import pytest

from shadowmon.sdk import answer, wire
from shadowmon.sdk.line import kept, kept_request, line_of


class Dumped:
    """What a client library returns."""

    def model_dump(self, *, mode):
        return {"mode": mode}


def the_line(baseline="a", optimized="b", request=None, **more):
    """Return the line of a pair, read again."""
    line = line_of(name="q-1", request=request, baseline=baseline, optimized=optimized, **more)
    assert b"\n" not in line
    return json.loads(line)


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ("text", {"text": "text"}),
        ("é\u2028\ud800", {"text": "é\u2028\ud800"}),
        (answer(label="1", probabilities={"1": 1.0}), {"label": "1", "probabilities": {"1": 1.0}}),
        (wire({"choices": []}), {"status": 200, "body": {"choices": []}}),
        (wire("raw", status=503), {"status": 503, "body": "raw"}),
        (Dumped(), {"body": {"mode": "json"}}),
        ({"total": 3}, {"fields": {"total": 3}}),
        ([1, 2], {"fields": [1, 2]}),
        (ValueError("hunter2"), {"outcome": "error"}),
        (TimeoutError("hunter2"), {"outcome": "timeout"}),
    ],
)
def test_forms_of_an_answer(held, told):
    """Each thing that callers hold has one form, and an error's text is in none."""
    assert the_line(optimized=held)["optimized"] == told


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (None, {}),
        ("Why?", {"question": {"text": "Why?"}}),
        ({"messages": []}, {"request": {"messages": []}}),
        (Dumped(), {"request": {"mode": "json"}}),
    ],
)
def test_forms_of_a_request(request_, told):
    """Text is a question; anything else is the wire's."""
    line = the_line(request=request_)

    assert {key: line[key] for key in ("question", "request") if key in line} == told


def test_only_what_is_known_is_told():
    """Times, target, user and slices are there if they were given."""
    line = the_line(seconds=(0.5, None), target="/v1", user="u-1", slices=["vip"])

    assert line["baseline"]["seconds"] == 0.5
    assert "seconds" not in line["optimized"]
    assert (line["target"], line["user"], line["slices"]) == ("/v1", "u-1", ["vip"])
    assert set(the_line()) == {"id", "baseline", "optimized"}


@pytest.mark.parametrize("held", [{"a": float("nan")}, {1, 2}, object(), b"bytes"])
def test_what_is_no_json_is_refused(held):
    """Nothing is guessed, and no NaN goes over the wire."""
    with pytest.raises((TypeError, ValueError)):
        the_line(optimized=held)


def test_what_is_kept_is_a_copy():
    """What the caller does to its own object afterwards changes nothing."""
    held = {"a": [1]}
    answered, asked = kept(held), kept_request(held)
    held["a"].append(2)

    assert the_line(optimized=answered)["optimized"] == {"fields": {"a": [1]}}
    assert asked == {"a": [1]}
