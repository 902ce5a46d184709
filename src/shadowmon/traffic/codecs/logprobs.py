"""
What a model thought of the tokens that it chose, as OpenAI's APIs tell it.

Rule: a token without a number (the first of an echoed prompt) is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shadowmon.records import Token
from shadowmon.traffic.codecs import parts
from shadowmon.traffic.codecs.shapes import objects


def chat_tokens(found: object) -> Iterator[Token]:
    """Read [{token, logprob, top_logprobs: [{token, logprob}, ...]}, ...] (chat and Responses)."""
    for item in objects(found):
        top = parts.alternatives(item.get("top_logprobs"), text="token", log_probability="logprob")
        token = parts.token(item.get("token"), item.get("logprob"), top)
        if token is not None:
            yield token


def completions_tokens(found: Mapping[str, Any]) -> Iterator[Token]:
    """Read {tokens: [...], token_logprobs: [...], top_logprobs: [{token: logprob}, ...]}."""
    texts, chances, tops = (
        value if isinstance(value, list) else []
        for value in (found.get(key) for key in ("tokens", "token_logprobs", "top_logprobs"))
    )
    for place, (text, chance) in enumerate(zip(texts, chances, strict=False)):
        top = tops[place] if place < len(tops) else None
        token = parts.token(text, chance, _by_text(top))
        if token is not None:
            yield token


def _by_text(top: object) -> Mapping[str, float]:
    """Read {token: logprob}."""
    pairs = top.items() if isinstance(top, dict) else ()
    tokens = (parts.token(text, chance, {}) for text, chance in pairs)
    return {token.text: token.log_probability for token in tokens if token is not None}
