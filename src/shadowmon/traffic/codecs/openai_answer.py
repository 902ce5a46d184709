"""
What an OpenAI-style answer says, whole or in pieces.

A stream's pieces are put together into the same message that a whole answer has, and that message
is read by the same code, so both forms of one answer read alike.
"""

from __future__ import annotations

import enum
import re

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shadowmon.errors import CodecError
from shadowmon.records import Answer, ToolCall
from shadowmon.traffic.codecs import strict_json
from shadowmon.traffic.codecs.sse import read_events


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

_DONE = "[DONE]"
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_OPEN, _CLOSE = "<think>", "</think>"


@dataclass(slots=True)
class _Message:
    """One choice, as far as it has come in."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    calls: list[_Call] = field(default_factory=list)
    growing: dict[int, _Call] = field(default_factory=dict)
    """By index: the call that a further piece belongs to."""
    finish_word: str = ""
    usage: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    error: str | None = None

    def add_content(self, content: object) -> None:
        """Take in `content`: a string, null, or a list of parts."""
        if isinstance(content, str):
            self.text.append(content)
        elif isinstance(content, list):
            for part in content:
                if isinstance(part, dict):
                    _add(self.text, part.get("text"))
                    _add(self.refusal, part.get("refusal"))
        elif content is not None:
            msg = "content is neither a string, null, nor a list of parts"
            raise CodecError(msg)

    def add(self, message: Mapping[str, Any], part: _Part) -> None:
        """Take in a whole message, or a stream's delta."""
        self.add_content(message.get("content"))
        _add(self.reasoning, message.get("reasoning_content") or message.get("reasoning"))
        _add(self.refusal, message.get("refusal"))
        legacy = message.get("function_call")
        calls = message.get("tool_calls") or ([{"function": legacy}] if legacy else [])
        for place, call in enumerate(_list(calls, "tool_calls")):
            found = _object(call, "a tool call")
            # A whole message's calls are whole; some servers number all of them 0.
            index = found.get("index") if part is _Part.DELTA else None
            self._add_call(found, index if isinstance(index, int) else place)

    def _add_call(self, call: Mapping[str, Any], index: int) -> None:
        slot, call_id = self.growing.get(index), call.get("id") or ""
        if slot is None or (call_id and slot.call_id and call_id != slot.call_id):
            slot = self.growing[index] = _Call(call_id=call_id)
            self.calls.append(slot)
        function = _object(call.get("function") or {}, "a tool call's function")
        name, arguments = function.get("name"), function.get("arguments")
        if isinstance(name, str):
            slot.name = slot.name or name  # only the first piece has it; some servers repeat it
        if isinstance(arguments, str):
            slot.arguments.append(arguments)
        elif arguments is not None:  # Ollama's own way: the object itself
            slot.parsed = arguments

    def answer(self, *, incomplete: bool = False) -> Answer:
        """Return what was said, in the normal form."""
        text = "".join(self.text) if self.text else None
        reasoning = "".join(self.reasoning)
        if text is not None and not reasoning:
            reasoning, text = split_reasoning(text)
        finish = FINISH_REASONS.get(self.finish_word)
        broke_off = "the model server broke off" if finish == "error" else None
        return Answer(
            text=text,
            reasoning=reasoning,
            refusal="".join(self.refusal) or None,
            tool_calls=tuple(call.tool_call() for call in self.calls),
            fields=_json_in(text),
            finish_reason=finish,
            incomplete=incomplete,
            error=self.error or broke_off,
            input_tokens=_count(self.usage, "prompt_tokens"),
            output_tokens=_count(self.usage, "completion_tokens"),
            model=self.model,
        )


@dataclass(slots=True)
class _Call:
    """One tool call, as far as it has come in."""

    call_id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    parsed: Any = None

    def tool_call(self) -> ToolCall:
        if self.parsed is not None:
            return ToolCall(name=self.name, arguments=self.parsed)
        written = "".join(self.arguments)
        if not written.strip():  # a function without arguments
            return ToolCall(name=self.name, arguments={})
        return ToolCall(name=self.name, arguments=_json_or_none(written))


class _Part(enum.Enum):
    """Where a choice keeps its message."""

    WHOLE = "message"
    DELTA = "delta"


def read_json(body: bytes) -> Answer:
    """
    Read an answer that came whole.

    Raises:
        CodecError: If it is not JSON, or neither an answer nor an error.

    """
    found = _object(strict_json.loads(body), "the answer")
    message = _Message()
    if _take(message, found, _Part.WHOLE) or message.error:
        return message.answer()
    msg = "the answer has neither choices nor an error"
    raise CodecError(msg)


def read_stream(body: bytes) -> Answer:
    """
    Read an answer that came as server-sent events.

    It is complete once a finish reason or `[DONE]` was seen: some servers omit one of them.

    Raises:
        CodecError: If an event is not JSON, or a line is too long.

    """
    message = _Message()
    done = False
    for event in read_events(body):
        if event.data.strip() == _DONE:
            done = True
            break
        chunk = _object(strict_json.loads(event.data.encode()), "an event")
        _take(message, chunk, _Part.DELTA)
        if event.name == "error" and message.error is None:
            message.error = "error event"
    ended = done or bool(message.finish_word) or message.error is not None
    return message.answer(incomplete=not ended)


def _take(message: _Message, found: Mapping[str, Any], part: _Part) -> bool:
    """Take in an answer or a chunk of one; say whether it had the choice that is read."""
    message.error = message.error or _error(found)
    model, usage = found.get("model"), found.get("usage")
    if isinstance(model, str):
        message.model = model
    if isinstance(usage, dict):
        message.usage = usage
    for choice in _list(found.get("choices") or [], "choices"):
        if (_object(choice, "a choice").get("index") or 0) == 0:
            _take_choice(message, choice, part)
            return True
    return False


def _take_choice(message: _Message, choice: Mapping[str, Any], part: _Part) -> None:
    if "text" in choice:  # completions, whole and streamed alike
        message.add_content(choice["text"])
    message.add(_object(choice.get(part.value) or {}, f"a choice's {part.value}"), part)
    word = choice.get("finish_reason")
    if isinstance(word, str):
        message.finish_word = word


def _error(found: Mapping[str, Any]) -> str | None:
    """
    Name the error that the server reports; never its message, which may quote the request.

    OpenAI and most others: {error: {type, code, message}}; Ollama: {error: "…"}; older vLLM:
    {object: "error", type, code, message}.
    """
    error = found if found.get("object") == "error" else found.get("error")
    if not error:
        return None
    if not isinstance(error, dict):
        return "error"
    words = [str(error.get(key) or "") for key in ("type", "code")]
    return " ".join(word for word in words if _WORD.fullmatch(word)) or "error"


def split_reasoning(text: str) -> tuple[str, str]:
    """
    Return (reasoning, the rest) of a text in which a model thinks aloud between think tags.

    Where the chat template already opened the tag, only its end is in the text. Where the end is
    missing, the model was cut while it thought: there is no text.
    """
    opened = text.lstrip().startswith(_OPEN)
    thought, closed, rest = text.partition(_CLOSE)
    if opened:
        return thought.lstrip().removeprefix(_OPEN).strip(), rest.lstrip() if closed else ""
    if closed and _OPEN not in thought:
        return thought.strip(), rest.lstrip()
    return "", text


def _json_in(text: str | None) -> Any:  # noqa: ANN401 - JSON is any of six types
    """Return the object or list that the text is, if it is nothing else."""
    if text is None or not text.lstrip().startswith(("{", "[")):
        return None
    return _json_or_none(text)


def _json_or_none(text: str) -> Any:  # noqa: ANN401 - JSON is any of six types
    try:
        return strict_json.loads(text.encode("utf-8", "replace"))
    except CodecError:
        return None


def _count(usage: Mapping[str, Any], key: str) -> int | None:
    value = usage.get(key)
    return value if type(value) is int and value >= 0 else None


def _add(pieces: list[str], value: object) -> None:
    if isinstance(value, str) and value:
        pieces.append(value)


def _object(value: object, what: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    msg = f"{what} is not a JSON object"
    raise CodecError(msg)


def _list(value: object, what: str) -> list[Any]:
    if isinstance(value, list):
        return value
    msg = f"{what} is not a list"
    raise CodecError(msg)
