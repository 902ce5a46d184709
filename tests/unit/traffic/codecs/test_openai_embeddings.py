"""Embeddings as OpenAI's API answers them."""

from __future__ import annotations

import base64
import json
import struct

from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Answer
from shadowmon.traffic.codecs.openai import OpenAI


def read(*data: Any, **more: Any) -> Answer:
    body = json.dumps({"object": "list", "data": list(data), **more}).encode()
    return OpenAI({}).read_answer(status=200, headers=(), body=body)


def packed(*numbers: float) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def test_vectors_come_in_the_order_of_their_indexes() -> None:
    """Whatever the order on the wire, the first vector is the first input's."""
    answer = read(
        {"index": 1, "embedding": [0.5, 1]},
        {"index": 0, "embedding": [0.25, -1.5]},
        model="m",
        usage={"prompt_tokens": 3, "total_tokens": 3},
    )

    assert answer == Answer(embeddings=((0.25, -1.5), (0.5, 1.0)), input_tokens=3, model="m")


def test_base64() -> None:
    """A vector may be base64 of little-endian float32 numbers."""
    assert read({"index": 0, "embedding": packed(1.0, -0.5)}).embeddings == ((1.0, -0.5),)
    assert read({"index": 0, "embedding": "AACAPwAAAL8="}).embeddings == ((1.0, -0.5),)


def test_place_stands_for_a_missing_index() -> None:
    """Servers that leave the index out answer in order."""
    assert read({"embedding": [1]}, {"embedding": [2]}).embeddings == ((1.0,), (2.0,))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ([{"embedding": ["x"]}], "not a list of numbers"),
        ([{"embedding": [True]}], "not a list of numbers"),
        ([{"embedding": None}], "not a list of numbers"),
        ([{"embedding": [[1.0]]}], "not a list of numbers"),
        ([{"embedding": "AACAPw="}], "base64"),
        ([{"embedding": "AACA"}], "base64"),
        ([{"embedding": "é"}], "base64"),
        ([{"embedding": packed(float("nan"))}], "not finite"),
        ([{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}], "index"),
        ([{"index": "0", "embedding": [1]}], "index"),
        (["x"], "not a JSON object"),
    ],
)
def test_what_is_no_embedding(data: Any, problem: str) -> None:
    """A vector that is none, or two for one input, are not this format."""
    with pytest.raises(CodecError, match=problem):
        read(*data)
