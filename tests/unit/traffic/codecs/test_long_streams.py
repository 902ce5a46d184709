"""Long streams are read whole; with work in proportion to their length this takes no time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shadowmon.records import Headers
from shadowmon.traffic.codecs.anthropic import Anthropic
from shadowmon.traffic.codecs.codec import Codec
from shadowmon.traffic.codecs.openai import OpenAI
from shadowmon.traffic.codecs.sse import EventReader
from tests.exchanges import events


STREAM: Headers = (("content-type", "text/event-stream"),)
PIECE = "word " * 10


def chat(pieces: int) -> bytes:
    chunk = {"choices": [{"index": 0, "delta": {"content": PIECE}}]}
    return events(*[chunk] * pieces) + b"data: [DONE]\n\n"


def responses(pieces: int) -> bytes:
    piece = {"type": "response.output_text.delta", "output_index": 0, "delta": PIECE}
    last = {"type": "response.completed", "response": {"output": []}}
    return events(*[piece] * pieces, last)


def messages(pieces: int) -> bytes:
    start: list[Any] = [
        {"type": "message_start", "message": {"content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}},
    ]
    delta = {"type": "text_delta", "text": PIECE}
    piece = {"type": "content_block_delta", "index": 0, "delta": delta}
    return events(*start, *[piece] * pieces, {"type": "message_stop"})


@pytest.mark.parametrize(
    ("codec", "written"),
    [(OpenAI({}), chat), (OpenAI({}), responses), (Anthropic({}), messages)],
    ids=["chat", "responses", "messages"],
)
def test_a_long_stream_is_read_whole(codec: Codec, written: Callable[[int], bytes]) -> None:
    """A hundred thousand words in ten thousand events."""
    answer = codec.read_answer(status=200, headers=STREAM, body=written(10_000))

    assert answer.text == PIECE * 10_000


def test_long_line_that_comes_in_small_pieces() -> None:
    """A line of a megabyte may come in pieces of 16 bytes."""
    line = b"data: " + b"x" * 1_000_000 + b"\n\n"
    reader = EventReader()

    found = [e for at in range(0, len(line), 16) for e in reader.feed(line[at : at + 16])]

    assert [len(event.data) for event in found] == [1_000_000]
