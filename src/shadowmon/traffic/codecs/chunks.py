"""A stream's events as JSON objects: the form in which all chat APIs stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shadowmon.traffic.codecs import parts, strict_json
from shadowmon.traffic.codecs.sse import read_events


_DONE = "[DONE]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One event."""

    name: str = "message"
    data: Mapping[str, Any] = field(default_factory=dict)
    is_done: bool = False
    """Is it `[DONE]`, which OpenAI's API ends a stream with? Then there is no data."""


def read_chunks(body: bytes) -> Iterator[Chunk]:
    """
    Read a whole stream; nothing is read after `[DONE]`.

    Raises:
        CodecError: If an event is not a JSON object, or too long.

    """
    for event in read_events(body):
        if event.data.strip() == _DONE:
            yield Chunk(is_done=True)
            return
        data = parts.json_object(strict_json.loads(event.data.encode()), "an event")
        yield Chunk(name=event.name, data=data)
