"""Bytes become replies, by the same rules for production's answers and the mirror's."""

from __future__ import annotations

from typing import Any

import pytest

from shadowmon.mirror.reading import cost, reply_of
from shadowmon.mirror.settings import PriceSettings
from shadowmon.records import Answer, Ending, ModelName, Outcome, Served
from shadowmon.traffic.codecs.openai import OpenAI


GOOD = b'{"choices": [{"message": {"content": "hi"}}]}'


def a_served(body: bytes = GOOD, **changes: Any) -> Served:
    fields: dict[str, Any] = {
        "model": ModelName("base"),
        "ending": Ending.COMPLETE,
        "status": 200,
        "body": body,
        "duration_seconds": 2.0,
        "first_byte_seconds": 0.5,
        **changes,
    }
    return Served(**fields)


def test_production_s_own_answer() -> None:
    """Production's answer is a served reply, with its own times, and its cost."""
    reply = reply_of(a_served(), codec=OpenAI({}), price=PriceSettings(per_second=3))

    assert (reply.model, reply.outcome, reply.served, reply.status) == ("base", "ok", True, 200)
    assert reply.answer == Answer(text="hi")
    assert (reply.duration_seconds, reply.first_byte_seconds, reply.cost) == (2.0, 0.5, 6.0)


@pytest.mark.parametrize(
    ("served", "outcome", "problem"),
    [
        (a_served(status=500), Outcome.ERROR, "status 500"),
        (a_served(b"canary"), Outcome.GARBAGE, "not JSON at character 0"),
        (
            a_served(b'data: {"choices": [{"index": 0, "delta": {"content": "a"}}]}\n\n'),
            Outcome.RESET,
            "the stream ended before its end",
        ),
        (
            a_served(b'{"error": {"type": "overloaded"}}'),
            Outcome.ERROR,
            "status 200 with an error in the body: overloaded",
        ),
        (
            a_served(headers=(("content-encoding", "gzip, ZSTD"),)),
            Outcome.SHED,
            "the answer has a content coding that is not read",
        ),
    ],
)
def test_failures(served: Served, outcome: Outcome, problem: str) -> None:
    """Each way to fail has its outcome, and words for people."""
    reply = reply_of(served, codec=OpenAI({}), price=PriceSettings(per_request=1))

    assert (reply.outcome, reply.problem) == (outcome, problem)
    assert (reply.answer, reply.cost) == (None, None)


def test_error_text_of_a_codec_is_told_only_if_it_is_a_word() -> None:
    """An error that a codec quotes at length is not told on: it may quote the request."""

    class Chatty(OpenAI):
        def read_answer(self, **_: Any) -> Answer:
            return Answer(error="your prompt «canary» is bad")

    reply = reply_of(a_served(), codec=Chatty({}), price=None)

    assert "canary" not in repr(reply)


@pytest.mark.parametrize("ending", [Ending.CLIENT_GONE, Ending.TRUNCATED, Ending.UNREACHABLE])
def test_only_complete_answers_are_read(ending: Ending) -> None:
    """What is not complete is not read as if it were."""
    with pytest.raises(ValueError, match="only a complete answer"):
        reply_of(a_served(ending=ending), codec=OpenAI({}), price=None)


@pytest.mark.parametrize(
    ("price", "answer", "expected"),
    [
        (None, Answer(), None),
        (PriceSettings(), Answer(), 0.0),
        (PriceSettings(per_request=1, per_second=2), Answer(), 7.0),
        (
            PriceSettings(per_input_token=0.5, per_output_token=2),
            Answer(input_tokens=10, output_tokens=3),
            11.0,
        ),
        (PriceSettings(per_output_token=2), Answer(input_tokens=10), None),
        (PriceSettings(per_input_token=2), Answer(input_tokens=0), 0.0),
    ],
)
def test_cost(price: PriceSettings | None, answer: Answer, expected: float | None) -> None:
    """Cost adds up; where tokens are priced and unknown it is unknown, never zero."""
    assert cost(answer, 3.0, price) == expected
