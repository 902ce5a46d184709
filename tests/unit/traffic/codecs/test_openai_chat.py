"""Whole chat and completions answers: what servers are known to send."""

from __future__ import annotations

from typing import Any

import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Token, ToolCall
from tests.chats import message, read


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("hi", "hi"),
        ("", ""),
        (None, None),
        ([{"type": "text", "text": "h"}, {"type": "text", "text": "i"}], "hi"),
    ],
)
def test_content_forms(content: Any, text: str | None) -> None:
    """Content is a string, null, or a list of parts."""
    assert read(message(content=content)).text == text


def test_completions() -> None:
    """The older completions have their text in the choice itself."""
    assert read({"choices": [{"text": "hi", "finish_reason": "length"}]}) == Answer(
        text="hi", finish_reason="length"
    )


def test_refusal_is_no_text() -> None:
    """A refusal is told apart from a text, as a field or as a part."""
    assert read(message(content=None, refusal="No.")).refusal == "No."
    assert read(message(content=[{"type": "refusal", "refusal": "No."}])).refusal == "No."


@pytest.mark.parametrize(
    ("content", "reasoning", "text"),
    [
        ("<think>\nhm\n</think>\n\nhi", "hm", "hi"),
        ("hm</think>hi", "hm", "hi"),
        ("<think>hm", "hm", ""),
        ("the tag <think> ends with </think>", "", "the tag <think> ends with </think>"),
        ("hi", "", "hi"),
    ],
)
def test_thinking_aloud(content: str, reasoning: str, text: str) -> None:
    """What stands between think tags is reasoning, also when a template opened the tag."""
    answer = read(message(content=content))

    assert (answer.reasoning, answer.text) == (reasoning, text)


@pytest.mark.parametrize(
    ("word", "normal"),
    [
        ("stop", "stop"),
        ("eos_token", "stop"),
        ("length", "length"),
        ("tool_calls", "tool"),
        ("function_call", "tool"),
        ("content_filter", "filter"),
        ("some_new_word", None),
        (None, None),
    ],
)
def test_finish_reasons(word: str | None, normal: str | None) -> None:
    """The wire's words become the normal ones, and an unknown one is not guessed at."""
    answer = read({"choices": [{"message": {"content": "x"}, "finish_reason": word}]})

    assert answer.finish_reason == normal
    assert answer.error is None


def test_finish_reason_error_is_an_error() -> None:
    """An answer that the server itself calls broken off is an error, never a short text."""
    answer = read({"choices": [{"message": {"content": "x"}, "finish_reason": "error"}]})

    assert (answer.finish_reason, answer.error) == ("error", "the model server broke off")


@pytest.mark.parametrize(
    ("error", "name"),
    [
        ({"error": "model not found"}, "error"),
        ({"error": {"message": "secret"}}, "error"),
        ({"error": {"type": "server_error", "code": 500}}, "server_error 500"),
        ({"error": {"type": "the prompt was: secret"}}, "error"),
        (
            {"object": "error", "message": "secret", "type": "BadRequest", "code": 400},
            "BadRequest 400",
        ),
    ],
)
def test_errors_are_named_without_their_message(error: Any, name: str) -> None:
    """An error has a name in words; its message may quote the request and is left out."""
    assert read(error).error == name


def test_tool_arguments_that_are_not_json() -> None:
    """Arguments that are not JSON are None; none at all are an empty object."""
    calls = [
        {"function": {"name": "bad", "arguments": '{"a": '}},
        {"function": {"name": "none", "arguments": ""}},
        {"function": {"name": "whole", "arguments": {"a": 1}}},
    ]

    assert read(message(content=None, tool_calls=calls)).tool_calls == (
        ToolCall(name="bad", arguments=None),
        ToolCall(name="none", arguments={}),
        ToolCall(name="whole", arguments={"a": 1}),
    )


def test_whole_calls_are_told_apart_by_place() -> None:
    """Servers that number all calls 0 do not melt them into one."""
    calls = [{"index": 0, "function": {"name": name, "arguments": "{}"}} for name in "ab"]

    assert [call.name for call in read(message(tool_calls=calls)).tool_calls] == ["a", "b"]


def test_legacy_function_call() -> None:
    """The older `function_call` is a tool call."""
    found = read(message(function_call={"name": "f", "arguments": '{"a":1}'}))

    assert found.tool_calls == (ToolCall(name="f", arguments={"a": 1}),)


def test_json_text_has_fields() -> None:
    """A text that is a JSON object is given as fields too."""
    assert read(message(content='{"total": 5}')).fields == {"total": 5}
    assert read(message(content='The total is {"total": 5}')).fields is None


def test_only_the_first_choice_is_read() -> None:
    """Of several choices the one with index 0 is read, wherever it stands."""
    choices = [{"index": 1, "message": {"content": "b"}}, {"index": 0, "message": {"content": "a"}}]

    assert read({"choices": choices}).text == "a"


@pytest.mark.parametrize(
    "usage", [{"prompt_tokens": -1}, {"prompt_tokens": True}, {"prompt_tokens": "5"}, None]
)
def test_odd_usage_is_none(usage: Any) -> None:
    """A count that is no count is None, and no reason to lose the answer."""
    assert read({**message(content="x"), "usage": usage}).input_tokens is None


@pytest.mark.parametrize("answer", [{}, {"choices": []}, {"detail": "Not Found"}])
def test_neither_answer_nor_error(answer: Any) -> None:
    """JSON that says neither is not this format."""
    with pytest.raises(CodecError, match="neither choices nor an error"):
        read(answer)


def test_usage_in_full() -> None:
    """Cached and reasoning tokens are read from the details."""
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 15},
    }

    answer = read({**message(content="x"), "usage": usage})

    assert (answer.input_tokens, answer.output_tokens) == (10, 20)
    assert (answer.cached_tokens, answer.reasoning_tokens) == (4, 15)


def a_token(text: Any, chance: Any, **top: float) -> dict[str, Any]:
    ranked = [{"token": other, "logprob": value} for other, value in top.items()]
    return {"token": text, "logprob": chance, "bytes": None, "top_logprobs": ranked}


def test_log_probabilities() -> None:
    """A chat answer's tokens have their log probabilities and the likeliest others."""
    logprobs = {"content": [a_token("h", -0.1, h=-0.1, g=-2.5), a_token("i", -0.2)]}
    choice = {"message": {"content": "hi"}, "logprobs": logprobs}

    assert read({"choices": [choice]}).tokens == (
        Token(text="h", log_probability=-0.1, alternatives={"h": -0.1, "g": -2.5}),
        Token(text="i", log_probability=-0.2),
    )


def test_log_probabilities_of_completions() -> None:
    """Completions have them in three lists; an echoed prompt's first token has no number."""
    logprobs = {
        "tokens": ["a", "b", "c"],
        "token_logprobs": [None, -0.5, -0.25],
        "top_logprobs": [None, {"b": -0.5, "x": -1.5}],
    }

    assert read({"choices": [{"text": "abc", "logprobs": logprobs}]}).tokens == (
        Token(text="b", log_probability=-0.5, alternatives={"b": -0.5, "x": -1.5}),
        Token(text="c", log_probability=-0.25),
    )


@pytest.mark.parametrize(
    ("item", "tokens"),
    [
        (a_token("a", 1e-9), (Token(text="a", log_probability=0.0),)),
        (a_token("a", None), ()),
        (a_token(None, -1), ()),
        ("a", ()),
    ],
)
def test_odd_log_probabilities(item: Any, tokens: Any) -> None:
    """A rounded certainty is a certainty; what has no token or no number is left out."""
    choice = {"message": {"content": "a"}, "logprobs": {"content": [item]}}

    assert read({"choices": [choice]}).tokens == tokens


def test_tokens_of_thinking_aloud_are_no_tokens_of_the_text() -> None:
    """Where the text was split from what was thought, so are its tokens."""
    words = ["<think>", "hm", "</thi", "nk>", "h", "i"]
    logprobs = {"content": [a_token(word, -1) for word in words]}
    choice = {"message": {"content": "".join(words)}, "logprobs": logprobs}

    answer = read({"choices": [choice]})

    assert (answer.reasoning, answer.text) == ("hm", "hi")
    assert [token.text for token in answer.tokens] == ["h", "i"]


def test_thinking_parts() -> None:
    """Mistral's thinking parts are reasoning, and no part of the text."""
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}

    answer = read(message(content=[thought, {"type": "text", "text": "hi"}]))

    assert (answer.reasoning, answer.text) == ("hm", "hi")
