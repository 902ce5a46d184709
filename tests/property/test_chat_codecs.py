"""What must hold of chat codecs for all answers and all bytes."""

from __future__ import annotations

import json

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Headers
from shadowmon.traffic.codecs.anthropic import Anthropic
from shadowmon.traffic.codecs.codec import Codec
from shadowmon.traffic.codecs.openai import OpenAI
from tests.exchanges import events
from tests.factories import an_exchange


OPENAI, ANTHROPIC = OpenAI({}), Anthropic({})
STREAM: Headers = (("content-type", "text/event-stream"),)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-1, 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
arguments = st.dictionaries(texts, values, max_size=3)
calls = st.lists(st.tuples(texts.filter(bool), arguments), max_size=3)


@st.composite
def pieces(draw: st.DrawFn, whole: str) -> list[str]:
    """Draw a text cut anywhere."""
    places = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=3)))
    return [whole[a:b] for a, b in zip([0, *places], [*places, len(whole)], strict=True)]


def read(codec: Codec, body: bytes, headers: Headers = ()) -> Answer:
    return codec.read_answer(status=200, headers=headers, body=body)


def whole(codec: Codec, answer: Any) -> Answer:
    return read(codec, json.dumps(answer).encode())


@given(st.data(), texts, texts, calls)
def test_chat_streams_read_as_whole_answers(
    data: st.DataObject, text: str, reasoning: str, called: list[tuple[str, Any]]
) -> None:
    """However a chat answer is cut into chunks, it reads as the whole one."""
    deltas: list[Any] = [{"reasoning": piece} for piece in data.draw(pieces(reasoning))]
    deltas += [{"content": piece} for piece in data.draw(pieces(text))]
    functions = [{"name": name, "arguments": json.dumps(given)} for name, given in called]
    for index, function in enumerate(functions):
        first, *rest = data.draw(pieces(function["arguments"]))
        for piece in (
            {"name": function["name"], "arguments": first},
            *({"arguments": r} for r in rest),
        ):
            deltas.append({"tool_calls": [{"index": index, "function": piece}]})
    chunks = [{"choices": [{"delta": delta}]} for delta in deltas]
    last = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    message = {
        "content": text,
        "reasoning": reasoning,
        "tool_calls": [{"function": function} for function in functions],
    }

    streamed = read(OPENAI, events(*chunks, last) + b"data: [DONE]\n\n", STREAM)

    assert streamed == whole(OPENAI, {"choices": [{"message": message, "finish_reason": "stop"}]})


@given(st.data(), texts, texts, calls)
def test_messages_streams_read_as_whole_answers(
    data: st.DataObject, text: str, thought: str, called: list[tuple[str, Any]]
) -> None:
    """However an answer of the Messages API is cut into events, it reads as the whole one."""
    content: list[tuple[Any, str, str, str]] = [
        ({"type": "thinking", "thinking": ""}, "thinking_delta", "thinking", thought),
        ({"type": "text", "text": ""}, "text_delta", "text", text),
    ]
    for name, given_arguments in called:
        block = {"type": "tool_use", "name": name}
        content.append((block, "input_json_delta", "partial_json", json.dumps(given_arguments)))
    chunks: list[Any] = [{"type": "message_start", "message": {"content": []}}]
    for index, (block, kind, key, said) in enumerate(content):
        chunks.append({"type": "content_block_start", "index": index, "content_block": block})
        chunks += [
            {"type": "content_block_delta", "index": index, "delta": {"type": kind, key: piece}}
            for piece in data.draw(pieces(said))
        ]
    chunks += [
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    ]
    blocks = [
        {"type": "thinking", "thinking": thought},
        {"type": "text", "text": text},
        *({"type": "tool_use", "name": name, "input": given} for name, given in called),
    ]
    answer = {"type": "message", "content": blocks, "stop_reason": "end_turn"}

    streamed = read(ANTHROPIC, events(*chunks, named=True), STREAM)

    assert streamed == whole(ANTHROPIC, answer)


@given(st.data(), texts.filter(bool), texts.filter(bool), calls)
def test_responses_streams_read_as_whole_answers(
    data: st.DataObject, text: str, thought: str, called: list[tuple[str, Any]]
) -> None:
    """However an answer of the Responses API is cut into events, it reads as the whole one."""
    functions = [
        {"type": "function_call", "name": name, "arguments": json.dumps(given)}
        for name, given in called
    ]
    items: list[tuple[dict[str, Any], str, str]] = [
        ({"type": "reasoning", "summary": []}, "reasoning_text", thought),
        ({"type": "message", "content": []}, "output_text", text),
        *((call, "function_call_arguments", call["arguments"]) for call in functions),
    ]
    chunks: list[Any] = []
    for index, (item, kind, said) in enumerate(items):
        begun = {**item, "arguments": ""}
        chunks.append({"type": "response.output_item.added", "output_index": index, "item": begun})
        chunks += [
            {"type": f"response.{kind}.delta", "output_index": index, "delta": piece}
            for piece in data.draw(pieces(said))
        ]
    chunks.append({"type": "response.completed", "response": {}})
    output = [
        {"type": "reasoning", "content": [{"type": "reasoning_text", "text": thought}]},
        {"type": "message", "content": [{"type": "output_text", "text": text}]},
        *functions,
    ]

    streamed = read(OPENAI, events(*chunks, named=True), STREAM)

    assert streamed == whole(OPENAI, {"status": "completed", "output": output})


@given(st.data(), texts)
def test_cut_streams_are_never_answers(data: st.DataObject, text: str) -> None:
    """Wherever a stream is cut, before its last byte, it is incomplete or refused."""
    chunks = [{"choices": [{"delta": {"content": piece}}]} for piece in data.draw(pieces(text))]
    last = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    body = events(*chunks, last) + b"data: [DONE]\n\n"

    with suppress(CodecError):
        cut = body[: data.draw(st.integers(0, len(body) - 1))]
        assert read(OPENAI, cut, STREAM).incomplete


odd = st.one_of(
    values,
    st.sampled_from(
        ["response", "error", "message", "text", "tool_use", "function", "message_stop", "user"]
    ),
)
items = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "type": odd, "role": odd, "content": odd | st.lists(odd, max_size=2), "text": odd,
            "name": odd, "arguments": odd, "input": odd, "function": odd, "index": odd,
            "embedding": odd, "summary": odd, "logprobs": odd, "id": odd, "source": odd,
        },
    ) | odd,
    max_size=2,
)  # fmt: skip
kinds = st.sampled_from(
    [
        "message", "message_start", "content_block_start", "content_block_delta", "message_delta",
        "response.completed", "response.failed", "response.output_text.delta",
        "response.output_item.added", "response.output_item.done", "error",
    ]
)  # fmt: skip
shaped = st.fixed_dictionaries(
    {},
    optional={
        "type": kinds | odd, "object": st.just("response") | odd, "output": items | odd,
        "data": items | odd, "content": items | odd, "choices": items | odd, "usage": odd,
        "error": odd, "status": odd, "response": odd | st.builds(dict, output=items),
        "message": odd | st.builds(dict, content=items),
        "item": items.map(lambda found: found[0] if found else 0),
        "index": st.integers(0, 2) | odd, "output_index": st.integers(0, 2) | odd,
        "content_block": odd, "delta": odd | st.builds(dict, type=odd, text=odd, stop_reason=odd),
        "messages": items | odd, "input": items | odd, "tools": items | odd, "system": odd,
        "text": odd, "response_format": odd, "output_config": odd, "prompt": odd,
    },
)  # fmt: skip


@given(st.lists(shaped, min_size=1, max_size=4))
def test_codecs_read_or_refuse(found: list[Any]) -> None:
    """Whatever shape the parts have, chat codecs read them or raise CodecError."""
    targets = ("/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings")
    body = json.dumps(found[0]).encode()
    for codec in (OPENAI, ANTHROPIC):
        for answer, headers in ((body, ()), (events(*found), STREAM)):
            with suppress(CodecError):
                read(codec, answer, headers)
        for target in (*targets, "/v1/messages"):
            with suppress(CodecError):
                codec.read_request(an_exchange(body, target=target))
        with suppress(CodecError):
            codec.rewrite(body, model=None, parameters={})


@given(shaped)
def test_finish_reasons_are_normal(found: Any) -> None:
    """Whatever word a server has for it, an answer's finish reason is one of ours, or none."""
    for codec in (OPENAI, ANTHROPIC):
        with suppress(CodecError):
            finish = whole(codec, found).finish_reason
            assert finish in {"stop", "length", "tool", "filter", "error", None}
