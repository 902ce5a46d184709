"""
What an answer of Anthropic's Messages API says, whole or in events.

A stream's events fill the same content blocks that a whole answer has, and the blocks are read by
the same code, so both forms of one answer read alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shadowmon.errors import CodecError
from shadowmon.records import Answer
from shadowmon.traffic.codecs import parts
from shadowmon.traffic.codecs.chunks import Chunk
from shadowmon.traffic.codecs.draft import Draft, add
from shadowmon.traffic.codecs.error_names import error_name
from shadowmon.traffic.codecs.shapes import inner, string
from shadowmon.traffic.codecs.tool_calls import GrowingCall
from shadowmon.traffic.codecs.usage import anthropic_usage


FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool",
    "refusal": "filter",
}
"""The wire's word -> the normal word. A paused turn has no word, for it goes on."""

_PIECES = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
}
"""Delta's type -> the key of its piece. Signatures and citations are not read."""


@dataclass(slots=True)
class _Block:
    """One content block, as far as it has come in."""

    start: Mapping[str, Any]
    pieces: list[str] = field(default_factory=list)

    def read_into(self, draft: Draft) -> None:
        """Add what the block says. What a server's own tools did is no part of the answer."""
        kind = string(self.start, "type")
        if kind == "text":
            draft.text.extend([string(self.start, "text"), *self.pieces])
        elif kind == "thinking":
            draft.reasoning.extend([string(self.start, "thinking"), *self.pieces])
        elif kind == "tool_use":
            call = GrowingCall(name=string(self.start, "name"), pieces=self.pieces)
            call.add(self.start.get("input"))
            draft.calls.begin(call)


@dataclass(slots=True)
class _Message:
    """The message, and what stands beside its blocks."""

    draft: Draft = field(default_factory=Draft)
    blocks: dict[int, _Block] = field(default_factory=dict)
    usage: dict[str, Any] = field(default_factory=dict)
    is_ours: bool = False
    """Was there anything of this format?"""
    is_over: bool = False

    def take(self, event: Mapping[str, Any]) -> None:
        """Take in one event of a stream; unknown ones say nothing."""
        kind = string(event, "type")
        self.draft.error = self.draft.error or error_name(event)
        if kind == "message_start":
            self.take_message(parts.json_object(event.get("message"), "a message"))
        elif kind == "content_block_start":
            block = parts.json_object(event.get("content_block"), "a content block")
            self.blocks[_index(event)] = _Block(block)
        elif kind == "content_block_delta":
            self._take_delta(event)
        elif kind == "message_delta":
            self._take_ending(inner(event, "delta"), inner(event, "usage"))
        self.is_over = self.is_over or kind == "message_stop"

    def take_message(self, found: Mapping[str, Any]) -> None:
        """Take in a whole message, or the beginning of a streamed one."""
        self.is_ours = True
        self.draft.model = string(found, "model") or None
        for place, block in enumerate(parts.json_list(found.get("content", []), "content")):
            self.blocks[place] = _Block(parts.json_object(block, "a content block"))
        self._take_ending(found, inner(found, "usage"))

    def answer(self, *, incomplete: bool = False) -> Answer:
        """Return what was said, in the normal form."""
        for index in sorted(self.blocks):
            self.blocks[index].read_into(self.draft)
        self.draft.usage = anthropic_usage(self.usage)
        return self.draft.answer(incomplete=incomplete)

    def _take_delta(self, event: Mapping[str, Any]) -> None:
        block = self.blocks.get(_index(event))
        if block is None:
            msg = "a piece belongs to a content block that was not begun"
            raise CodecError(msg)
        delta = inner(event, "delta")
        add(block.pieces, delta.get(_PIECES.get(string(delta, "type"), "")))

    def _take_ending(self, found: Mapping[str, Any], usage: Mapping[str, Any]) -> None:
        # A stream's counts are those so far, not more: the last one of each stands.
        self.usage.update({key: value for key, value in usage.items() if value is not None})
        word = string(found, "stop_reason")
        if word:
            self.draft.finish_reason = FINISH_REASONS.get(word)
        if word == "refusal":
            add(self.draft.refusal, inner(found, "stop_details").get("explanation") or word)


def read_json(found: Mapping[str, Any]) -> Answer:
    """
    Read {type: "message", content: [...], stop_reason, usage, model}.

    Raises:
        CodecError: If it is neither an answer nor an error.

    """
    error = error_name(found)
    if error:
        return Answer(error=error)
    if found.get("type") != "message":
        msg = "the answer is neither a message nor an error"
        raise CodecError(msg)
    message = _Message()
    message.take_message(found)
    return message.answer()


def read_stream(chunks: Iterable[Chunk]) -> Answer:
    """
    Read an answer that came as server-sent events; without `message_stop` it is incomplete.

    Raises:
        CodecError: If an event is not JSON, or there are events and none begins a message.

    """
    message = _Message()
    is_empty = True
    for chunk in chunks:
        is_empty = False
        message.take(chunk.data)
    error = message.draft.error
    if not (is_empty or message.is_ours or error):
        msg = "the stream has neither a message nor an error"
        raise CodecError(msg)
    return message.answer(incomplete=error is None and not message.is_over)


def _index(event: Mapping[str, Any]) -> int:
    index = event.get("index")
    if type(index) is int:
        return index
    msg = "a content block has no index"
    raise CodecError(msg)
