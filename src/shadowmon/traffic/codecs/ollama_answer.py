"""
What an Ollama server says, whole or in pieces.

A stream is one object on each line, the last one with `done: true`; a whole answer is a stream of
one line. Both are read by the same code, and one that is not done was cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shadowmon.errors import CodecError
from shadowmon.records import Answer
from shadowmon.traffic.codecs import parts
from shadowmon.traffic.codecs.draft import Draft, add
from shadowmon.traffic.codecs.error_names import error_name
from shadowmon.traffic.codecs.logprobs import chat_tokens
from shadowmon.traffic.codecs.ndjson import read_objects
from shadowmon.traffic.codecs.shapes import inner, string
from shadowmon.traffic.codecs.tool_calls import GrowingCall
from shadowmon.traffic.codecs.usage import Usage


FINISH_REASONS = {"stop": "stop", "length": "length"}
"""The wire's word -> the normal word. Others (load, unload) are None."""

_EMBEDDINGS = ("embeddings", "embedding")


def read(body: bytes) -> Answer:
    """
    Read an answer.

    Raises:
        CodecError: If a line is no JSON object, or the answer is none of Ollama's.

    """
    lines, is_cut = read_objects(body)
    error = next(filter(None, map(error_name, lines)), None)
    if error is not None:
        return Answer(error=error, model=string(lines[0], "model") or None)
    for key in _EMBEDDINGS:
        if lines and key in lines[0]:
            return _embeddings(lines[0], key)
    return _said(lines, is_cut=is_cut)


def _said(lines: Sequence[Mapping[str, Any]], *, is_cut: bool) -> Answer:
    draft = Draft()
    is_done = False
    for line in lines:
        _take(draft, line)
        is_done = line.get("done") is True
        if is_done:
            break
    if is_done and not draft.calls.found:
        draft.text.append("")  # it said nothing, which is not the same as no text
    return draft.answer(incomplete=is_cut or not is_done)


def _take(draft: Draft, line: Mapping[str, Any]) -> None:
    """Take in one line: a chat's `message`, or a generation's `response`; both end with counts."""
    message = line.get("message", line)
    said = parts.json_object({} if message is None else message, "the answer's message")
    if not {"message", "response", "done"} & line.keys():
        msg = "a line is neither a chat's, a generation's, an embedding nor an error"
        raise CodecError(msg)
    add(draft.text, _text(said, "content" if "message" in line else "response"))
    add(draft.reasoning, _text(said, "thinking"))
    for call in parts.json_list(said.get("tool_calls") or [], "tool_calls"):
        _call(draft, parts.json_object(call, "a tool call"))
    draft.tokens.extend(chat_tokens(line.get("logprobs")))
    draft.model = string(line, "model") or draft.model
    finish = FINISH_REASONS.get(string(line, "done_reason"))
    # Ollama's word for a turn that ends with calls is stop.
    draft.finish_reason = "tool" if finish == "stop" and draft.calls.found else finish
    draft.usage = Usage(
        input_tokens=parts.count(line.get("prompt_eval_count")),
        output_tokens=parts.count(line.get("eval_count")),
    )


def _call(draft: Draft, found: Mapping[str, Any]) -> None:
    """A call comes whole, in one line, and its arguments as an object."""
    function = inner(found, "function")
    draft.calls.begin(GrowingCall(name=string(function, "name"))).add(function.get("arguments"))


def _embeddings(found: Mapping[str, Any], key: str) -> Answer:
    return Answer(
        embeddings=parts.vectors(found[key], f"the answer's {key}"),
        input_tokens=parts.count(found.get("prompt_eval_count")),
        model=string(found, "model") or None,
    )


def _text(said: Mapping[str, Any], key: str) -> str:
    value = said.get(key)
    if value is None or isinstance(value, str):
        return value or ""
    msg = f"the answer's {key} is not a string"
    raise CodecError(msg)
