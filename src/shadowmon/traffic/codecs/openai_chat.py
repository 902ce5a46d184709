"""
What a chat or completions answer says, whole or in pieces.

A stream's pieces are put together into the same message that a whole answer has, and that message
is read by the same code, so both forms of one answer read alike.
"""

from __future__ import annotations

import enum

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shadowmon.errors import CodecError
from shadowmon.records import Answer
from shadowmon.traffic.codecs import parts
from shadowmon.traffic.codecs.chunks import Chunk
from shadowmon.traffic.codecs.draft import Draft, add
from shadowmon.traffic.codecs.error_names import error_name
from shadowmon.traffic.codecs.logprobs import chat_tokens, completions_tokens
from shadowmon.traffic.codecs.shapes import inner, objects, string
from shadowmon.traffic.codecs.usage import openai_usage


FINISH_REASONS = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool",
    "function_call": "tool",
    "content_filter": "filter",
    "error": "error",
    "abort": "error",
}
"""The wire's word -> the normal word. Others are None: better than a guess."""


class StreamEnd(enum.StrEnum):
    """What says that a stream came to its end, and was not cut."""

    DONE = "done"
    """`data: [DONE]`, as OpenAI's API reference has it."""
    FINISH_REASON = "finish_reason"
    """A finish reason is enough: for servers that never send `[DONE]`. A stream that was cut after
    it then counts as whole, although its usage may be missing."""


class _Part(enum.Enum):
    """Where a choice keeps its message."""

    WHOLE = "message"
    DELTA = "delta"


@dataclass(slots=True)
class _Message:
    """The choice that is read, and what stands beside it."""

    draft: Draft = field(default_factory=Draft)
    has_choice: bool = False
    is_finished: bool = False

    def take(self, found: Mapping[str, Any], part: _Part) -> None:
        """Take in an answer, or a chunk of one."""
        draft = self.draft
        draft.error = draft.error or error_name(found)
        draft.model = string(found, "model") or draft.model
        usage = inner(found, "usage")
        if usage:
            draft.usage = openai_usage(usage)
        for choice in parts.json_list(found.get("choices") or [], "choices"):
            if (parts.json_object(choice, "a choice").get("index") or 0) == 0:
                self.has_choice = True
                self._take_choice(choice, part)
                return

    def _take_choice(self, choice: Mapping[str, Any], part: _Part) -> None:
        if "text" in choice:  # completions, whole and streamed alike
            _take_content(self.draft, choice["text"])
        _take_message(
            self.draft, parts.json_object(choice.get(part.value) or {}, "a message"), part
        )
        logprobs = inner(choice, "logprobs")
        self.draft.tokens.extend(chat_tokens(logprobs.get("content")))
        self.draft.tokens.extend(completions_tokens(logprobs))
        word = string(choice, "finish_reason")
        if word:
            self.is_finished = True
            self.draft.finish_reason = FINISH_REASONS.get(word)
        if self.draft.finish_reason == "error":
            self.draft.error = self.draft.error or "the model server broke off"


def read_json(found: Mapping[str, Any]) -> Answer:
    """
    Read an answer that came whole. Of several choices only the first (index 0) is read.

    Raises:
        CodecError: If it is neither an answer nor an error.

    """
    message = _Message()
    message.take(found, _Part.WHOLE)
    if message.has_choice or message.draft.error:
        return message.draft.answer()
    msg = "the answer has neither choices nor an error"
    raise CodecError(msg)


def read_stream(chunks: Iterable[Chunk], *, end: StreamEnd) -> Answer:
    """
    Read an answer that came as server-sent events; without its end it is incomplete.

    Raises:
        CodecError: If an event is not JSON, or there are events and none has a choice or an error.

    """
    message = _Message()
    is_done, is_empty = False, True
    for chunk in chunks:
        is_done, is_empty = chunk.is_done, False
        message.take(chunk.data, _Part.DELTA)
        if chunk.name == "error" and message.draft.error is None:
            message.draft.error = "error event"
    error = message.draft.error
    if not (is_empty or message.has_choice or error):
        msg = "the stream has neither choices nor an error"
        raise CodecError(msg)
    ended = is_done or (end is StreamEnd.FINISH_REASON and message.is_finished)
    return message.draft.answer(incomplete=error is None and not ended)


def _take_message(draft: Draft, message: Mapping[str, Any], part: _Part) -> None:
    _take_content(draft, message.get("content"))
    add(draft.reasoning, message.get("reasoning_content") or message.get("reasoning"))
    add(draft.refusal, message.get("refusal"))
    legacy = message.get("function_call")
    calls = message.get("tool_calls") or ([{"index": 0, "function": legacy}] if legacy else [])
    for place, call in enumerate(parts.json_list(calls, "tool_calls")):
        _take_call(draft, parts.json_object(call, "a tool call"), place, part)


def _take_content(draft: Draft, content: object) -> None:
    """Take in a string, null, or a list of parts."""
    if isinstance(content, str):
        draft.text.append(content)
    elif isinstance(content, list):
        for part in objects(content):
            add(draft.text, part.get("text"))
            add(draft.refusal, part.get("refusal"))
            for thought in objects(part.get("thinking")):  # Mistral's way to reason
                add(draft.reasoning, thought.get("text"))
    elif content is not None:
        msg = "content is neither a string, null, nor a list of parts"
        raise CodecError(msg)


def _take_call(draft: Draft, call: Mapping[str, Any], place: int, part: _Part) -> None:
    custom = inner(call, "custom")
    function = custom or parts.json_object(call.get("function") or {}, "a tool call's function")
    index = call.get("index") if part is _Part.DELTA else None
    growing = draft.calls.grow(
        index=index if isinstance(index, int) else None,
        place=place,
        call_id=string(call, "id"),
        name=string(function, "name"),
    )
    growing.is_free = growing.is_free or bool(custom)
    growing.add(function.get("input" if custom else "arguments"))
