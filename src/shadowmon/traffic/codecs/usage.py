"""How many tokens an answer took, by the words of each wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shadowmon.traffic.codecs import parts
from shadowmon.traffic.codecs.shapes import inner


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What `Answer` says of tokens; see there."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


UNKNOWN = Usage()


def openai_usage(found: Mapping[str, Any]) -> Usage:
    """Read the usage of chat, completions and embeddings."""
    return _usage(found, "prompt_tokens", "completion_tokens")


def responses_usage(found: Mapping[str, Any]) -> Usage:
    """Read the usage of Responses."""
    return _usage(found, "input_tokens", "output_tokens")


def anthropic_usage(found: Mapping[str, Any]) -> Usage:
    """
    Read the usage of Messages.

    There `input_tokens` leaves out what was read from the cache and what was written to it; the
    whole input is the sum of the three.
    """
    fresh, written, cached = (
        parts.count(found.get(key))
        for key in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    )
    return Usage(
        input_tokens=None if fresh is None else fresh + (written or 0) + (cached or 0),
        output_tokens=parts.count(found.get("output_tokens")),
        cached_tokens=cached,
        reasoning_tokens=parts.count(inner(found, "output_tokens_details").get("thinking_tokens")),
    )


def _usage(found: Mapping[str, Any], taken: str, made: str) -> Usage:
    return Usage(
        input_tokens=parts.count(found.get(taken)),
        output_tokens=parts.count(found.get(made)),
        cached_tokens=parts.count(inner(found, f"{taken}_details").get("cached_tokens")),
        reasoning_tokens=parts.count(inner(found, f"{made}_details").get("reasoning_tokens")),
    )
