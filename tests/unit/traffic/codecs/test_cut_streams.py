"""
Streams that were cut: at every byte they are incomplete, or not yet this format, or an error that
came before; never a short answer.

The rule: a stream is whole once its own last event came. Before the first event that belongs to the
format nothing says that it is one, and a `CodecError` is right as well.
"""

from __future__ import annotations

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Answer
from shadowmon.traffic.codecs.anthropic import Anthropic
from shadowmon.traffic.codecs.codec import Codec
from shadowmon.traffic.codecs.openai import OpenAI
from tests.exchanges import Recorded, recorded


CODECS: dict[str, Codec] = {
    "openai": OpenAI({}),
    "responses": OpenAI({}),
    "anthropic": Anthropic({}),
}
LAST = {
    "openai": b"data: [DONE]",
    "responses": b'data: {"type":"response.completed"',
    "anthropic": b'data: {"type":"message_stop"',
}
"""The beginning of the event that ends a stream."""

STREAMS = [
    (wire, one)
    for wire in CODECS
    for one in recorded(wire).values()
    if "event-stream" in one.content_type
]


SHORT = 5_000
"""Bytes of a stream that is cut at every byte each time; a longer one is in the slow tests."""


def read(wire: str, one: Recorded, length: int) -> Answer:
    body = one.body[:length]
    return CODECS[wire].read_answer(status=one.status, headers=one.headers, body=body)


def check_cuts(wire: str, one: Recorded, *, every: int) -> None:
    """Cut a stream anywhere before the end of its last event: it is never an answer."""
    begins = one.body.index(LAST[wire])
    ends = one.body.index(b"\n\n", begins) + 2
    whole = read(wire, one, ends)

    for length in (*range(0, begins, every), *range(begins, ends)):
        try:
            answer = read(wire, one, length)
        except CodecError:
            continue
        assert answer.incomplete or answer.error, f"cut at byte {length} of {ends}"
        assert (whole.text or "").startswith(answer.text or ""), f"cut at byte {length} of {ends}"

    assert not whole.incomplete


@pytest.mark.parametrize(("wire", "one"), STREAMS, ids=lambda value: getattr(value, "name", value))
def test_cut_streams(wire: str, one: Recorded) -> None:
    """A real stream that was cut is never a short answer: what it says so far is incomplete."""
    check_cuts(wire, one, every=1 if len(one.body) < SHORT else 101)


@pytest.mark.slow
@pytest.mark.parametrize(("wire", "one"), STREAMS, ids=lambda value: getattr(value, "name", value))
def test_long_streams_cut_at_every_byte(wire: str, one: Recorded) -> None:
    """That holds at every byte of the long ones too."""
    check_cuts(wire, one, every=1)
