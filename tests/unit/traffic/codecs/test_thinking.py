"""Reasoning between think tags."""

from __future__ import annotations

import pytest

from shadowmon.records import Token
from shadowmon.traffic.codecs.thinking import after_thinking, split_reasoning


@pytest.mark.parametrize(
    ("text", "reasoning", "rest"),
    [
        ("<think>\nhm\n</think>\n\nhi", "hm", "hi"),
        ("  <think>hm</think>hi", "hm", "hi"),
        ("hm</think>hi", "hm", "hi"),
        ("<think>hm", "hm", ""),
        ("<think></think>hi", "", "hi"),
        ("<think>a</think>b</think>c", "a", "b</think>c"),
        ("the tag <think> ends with </think>", "", "the tag <think> ends with </think>"),
        ("hi", "", "hi"),
        ("", "", ""),
    ],
)
def test_split(text: str, reasoning: str, rest: str) -> None:
    """What stands between the tags is reasoning, also if its end, or its beginning, is missing."""
    assert split_reasoning(text) == (reasoning, rest)


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        (["<think>", "hm", "</think>", "hi"], ["hi"]),
        (["<th", "ink>hm</", "th", "ink", ">\n", "h", "i"], ["h", "i"]),
        (["hm", "</think>", "a", "</think>", "b"], ["a", "</think>", "b"]),
        (["<think>", "hm"], []),
    ],
)
def test_tokens_after_thinking(words: list[str], rest: list[str]) -> None:
    """The tag's end is found however it falls into tokens."""
    tokens = [Token(text=word, log_probability=-1) for word in words]

    assert [token.text for token in after_thinking(tokens)] == rest
