"""
What an answer of OpenAI's Responses API says, whole or in events.

A stream's last event carries the whole answer again, and is read as the whole answer is. Some
servers leave the output out there: then it is what the events before it said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shadowmon.records import Answer
from shadowmon.traffic.codecs import parts
from shadowmon.traffic.codecs.chunks import Chunk
from shadowmon.traffic.codecs.draft import Draft, add
from shadowmon.traffic.codecs.error_names import error_name
from shadowmon.traffic.codecs.logprobs import chat_tokens
from shadowmon.traffic.codecs.shapes import inner, objects, string
from shadowmon.traffic.codecs.tool_calls import GrowingCall
from shadowmon.traffic.codecs.usage import responses_usage


LAST_EVENTS = frozenset({"response.completed", "response.incomplete", "response.failed"})
"""One of these ends a stream; so does an error."""

_INCOMPLETE = {"max_output_tokens": "length", "content_filter": "filter"}
"""`incomplete_details.reason` -> the normal word."""
_UNFINISHED = frozenset({"queued", "in_progress"})

_PIECES = {
    "response.output_text.delta": "text",
    "response.refusal.delta": "refusal",
    "response.reasoning_text.delta": "reasoning",
    "response.reasoning_summary_text.delta": "summary",
    "response.function_call_arguments.delta": "arguments",
    "response.custom_tool_call_input.delta": "input",
}
"""Event's type -> what of its output item it is a piece of."""


@dataclass(slots=True)
class _Item:
    """One output item, as far as it has come in."""

    item: Mapping[str, Any] = field(default_factory=dict)
    is_whole: bool = False
    pieces: dict[str, list[str]] = field(default_factory=dict)

    def said(self) -> Mapping[str, Any]:
        """Return the item as it stands in a whole answer."""
        if self.is_whole:
            return self.item
        joined = {what: "".join(pieces) for what, pieces in self.pieces.items()}
        content = [{what: joined[what]} for what in ("text", "refusal") if what in joined]
        thought = joined.get("reasoning") or joined.get("summary")
        return {
            "type": "message",
            **self.item,
            **joined,
            "content": content,
            "summary": [{"text": thought}],
        }


def is_event(chunk: Chunk) -> bool:
    """Is it an event of this API?"""
    return string(chunk.data, "type").startswith("response.")


def read_json(found: Mapping[str, Any]) -> Answer:
    """
    Read {object: "response", status, output: [...], usage, ...}.

    One that the server has not finished yet (it works in the background) is incomplete.

    Raises:
        CodecError: If its parts are not of this format.

    """
    draft = Draft(error=error_name(found))
    output = found.get("output")
    if output is not None or draft.error is None:
        _take_output(draft, parts.json_list(output, "output"))
    _take_ending(draft, found)
    return draft.answer(incomplete=string(found, "status") in _UNFINISHED)


def read_stream(chunks: Iterable[Chunk]) -> Answer:
    """
    Read an answer that came as events; without one of `LAST_EVENTS` it is incomplete.

    Raises:
        CodecError: If an event is not JSON, or its parts are not of this format.

    """
    items: dict[int, _Item] = {}
    draft = Draft()
    last: Mapping[str, Any] | None = None
    for chunk in chunks:
        kind = string(chunk.data, "type")
        if kind in LAST_EVENTS:
            response = parts.json_object(chunk.data.get("response"), "a response")
            last = {"status": kind.removeprefix("response."), **response}
        elif kind.startswith("response."):
            _take_event(items, draft, kind, chunk.data)
        else:
            draft.error = draft.error or error_name(chunk.data)
    if last is not None and last.get("output"):
        return read_json(last)
    _take_output(draft, [items[index].said() for index in sorted(items)])
    _take_ending(draft, last or {})
    return draft.answer(incomplete=last is None and draft.error is None)


def _take_event(items: dict[int, _Item], draft: Draft, kind: str, data: Mapping[str, Any]) -> None:
    draft.model = string(inner(data, "response"), "model") or draft.model
    index = data.get("output_index")
    item = items.setdefault(index, _Item()) if isinstance(index, int) else _Item()
    if kind in {"response.output_item.added", "response.output_item.done"}:
        item.item = inner(data, "item")
        item.is_whole = kind.endswith("done")
    elif kind in _PIECES:
        add(item.pieces.setdefault(_PIECES[kind], []), data.get("delta"))


def _take_output(draft: Draft, output: Iterable[object]) -> None:
    for value in output:
        item = parts.json_object(value, "an output item")
        kind = string(item, "type")
        if kind == "reasoning":
            for part in objects(item.get("content")) or objects(item.get("summary")):
                add(draft.reasoning, part.get("text"))
        elif kind == "function_call":
            call = draft.calls.begin(GrowingCall(name=string(item, "name")))
            call.add(item.get("arguments"))
        elif kind == "custom_tool_call":
            call = draft.calls.begin(GrowingCall(name=string(item, "name"), is_free=True))
            call.add(item.get("input"))
        elif kind == "message":
            _take_content(draft, objects(item.get("content")))


def _take_content(draft: Draft, content: Iterable[Mapping[str, Any]]) -> None:
    for part in content:
        text = part.get("text")
        if isinstance(text, str):
            draft.text.append(text)
        add(draft.refusal, part.get("refusal"))
        draft.tokens.extend(chat_tokens(part.get("logprobs")))


def _take_ending(draft: Draft, found: Mapping[str, Any]) -> None:
    status = string(found, "status")
    draft.error = draft.error or error_name(found)
    draft.model = string(found, "model") or draft.model
    draft.usage = responses_usage(inner(found, "usage"))
    if status in {"failed", "cancelled"}:
        draft.finish_reason = "error"
        draft.error = draft.error or status
    elif status == "completed":
        draft.finish_reason = "tool" if draft.calls.found else "stop"
    elif status == "incomplete":
        reason = string(inner(found, "incomplete_details"), "reason")
        draft.finish_reason = _INCOMPLETE.get(reason)
