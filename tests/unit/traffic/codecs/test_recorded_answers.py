"""
Real answers, each held against values that were read off the recording by eye.

The recordings in tests/data/exchanges are always there. Where the folder of cassettes that they
were taken from lies beside this project, the cassettes themselves are read as well: then a
recording in which something was lost, or a cassette that nobody looked at, is found.
"""

from __future__ import annotations

import json

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from shadowmon.records import Answer, Token, ToolCall
from shadowmon.traffic.codecs.anthropic import Anthropic
from shadowmon.traffic.codecs.codec import Codec
from shadowmon.traffic.codecs.openai import OpenAI
from tests.exchanges import Recorded, recorded


CODECS: dict[str, Codec] = {
    "openai": OpenAI({}),
    "responses": OpenAI({}),
    "embeddings": OpenAI({}),
    "anthropic": Anthropic({}),
}

CASSETTES = Path(__file__).parents[5] / "shared" / "data" / "api_cassettes"


def call(name: str, **arguments: Any) -> tuple[ToolCall, ...]:
    return (ToolCall(name=name, arguments=arguments),)


def tokens(*chosen: tuple[str, float]) -> tuple[Token, ...]:
    return tuple(Token(text=text, log_probability=chance) for text, chance in chosen)


def used(
    given: int, said: int, *, cached: int | None = None, reasoning: int | None = None
) -> dict[str, Any]:
    """Return an answer's counts of tokens."""
    return {
        "input_tokens": given,
        "output_tokens": said,
        "cached_tokens": cached,
        "reasoning_tokens": reasoning,
    }


EXPECTED = {
    "groq_tool_use_failed_error_with_text_0": Answer(error="invalid_request_error tool_use_failed"),
    "groq_tool_use_failed_error_with_text_1": Answer(
        reasoning="The user wants me to fix the errors.…",
        tool_calls=call("final_result", response="yes"),
        finish_reason="tool",
        **used(254, 174, reasoning=147),
        model="openai/gpt-oss-120b",
    ),
    "groq_qwen3_think_0": Answer(
        text="4",
        reasoning="Okay, let's see... The user is asking for the sum of 2 and 2.…",
        finish_reason="stop",
        **used(21, 173),
        model="qwen/qwen3-32b",
    ),
    "ollama_ollama_cloud_tool_output_0": Answer(
        text="Paris.",
        reasoning='We need to answer question: "What is the capital of France?"…',
        finish_reason="stop",
        **used(134, 122),
        model="gpt-oss:20b",
    ),
    "ollama_ollama_cloud_tool_output_1": Answer(
        text="",
        reasoning='The conversation: user asked "What is the capital of France?"…',
        tool_calls=call("final_result", city="Paris", country="France"),
        finish_reason="tool",
        **used(206, 194),
        model="gpt-oss:20b",
    ),
    "openai_openai_moderation_stream_0": Answer(
        text="Paris.",
        finish_reason="stop",
        **used(13, 11, cached=0, reasoning=0),
        model="gpt-5-2025-08-07",
    ),
    "openai_openai_tool_output_0": Answer(
        tool_calls=call("get_user_country"),
        finish_reason="tool",
        **used(68, 12, cached=0, reasoning=0),
        model="gpt-4o-2024-08-06",
    ),
    "openai_openai_tool_output_1": Answer(
        tool_calls=call("final_result", city="Mexico City", country="Mexico"),
        finish_reason="tool",
        **used(89, 36, cached=0, reasoning=0),
        model="gpt-4o-2024-08-06",
    ),
    "openrouter_stream_error_0": Answer(
        text="",
        reasoning="We need to respond to a greeting. The user",
        finish_reason="length",
        error="400",
        **used(43, 10, cached=0, reasoning=11),
        model="minimax/minimax-m2:free",
    ),
    "openai_openai_instructions_with_responses_logprobs_0": Answer(
        text="The capital of Minas Gerais is Belo Horizonte.",
        tokens=tokens(
            ("The", 0),
            (" capital", 0),
            (" of", 0),
            (" Minas", 0),
            (" Gerais", 0),
            (" is", -5.2e-05),
            (" Belo", -4.3e-05),
            (" Horizonte", -2e-06),
            (".", 0),
        ),
        finish_reason="stop",
        **used(25, 10, cached=0, reasoning=0),
        model="gpt-4o-mini-2024-07-18",
    ),
    "openai_instructions_with_logprobs_stream_0": Answer(
        text="The capital of Minas Gerais is Belo Horizonte.",
        tokens=tokens(
            ("The", 0),
            (" capital", 0),
            (" of", 0),
            (" Minas", 0),
            (" Gerais", 0),
            (" is", -7.5e-05),
            (" Belo", -5.4e-05),
            (" Horizonte", -2e-06),
            (".", 0),
        ),
        finish_reason="stop",
        **used(25, 10, cached=0, reasoning=0),
        model="gpt-4o-mini-2024-07-18",
    ),
    "openai_tool_call_0": Answer(
        tool_calls=call("get_capital", country="PotatoLand"),
        finish_reason="tool",
        **used(40, 18, cached=0, reasoning=0),
        model="gpt-4o-2024-08-06",
    ),
    "openai_tool_call_1": Answer(
        text="The capital of PotatoLand is Potato City.",
        finish_reason="stop",
        **used(67, 11, cached=0, reasoning=0),
        model="gpt-4o-2024-08-06",
    ),
    "openrouter_raw_thoughts_stream_0": Answer(
        text="4",
        reasoning='The user asks: "What is 2+2?" They expect a straightforward answer: 4.…',
        finish_reason="stop",
        **used(78, 37, cached=0, reasoning=22),
        model="openai/gpt-oss-20b",
    ),
    "openai_http_error_0": Answer(error="invalid_request_error decimal_below_min_value"),
    "deepseek_tool_call_stream_0": Answer(
        reasoning="The user asks about temperature in Tokyo. I'll call the tool.",
        tool_calls=call("get_temperature", city="Tokyo"),
        finish_reason="tool",
        **used(366, 59, cached=256, reasoning=14),
        model="deepseek-v4-flash",
    ),
    "openai_error_0": Answer(error="invalid_request_error model_not_found"),
    "anthropic_anthropic_model_thinking_part_redacted_stream_0": Answer(
        text=(
            "I notice that you've sent what appears to be some kind of test string or command. "
            'I don\'t have any special "magic string" triggers or backdoor commands that would '
            "expose internal systems or change my behavior.\n\nI'm Claude, an AI assistant created "
            "by Anthropic to be helpful, harmless, and honest. How can I assist you today with a "
            "legitimate task or question?"
        ),
        finish_reason="stop",
        **used(92, 189, cached=0),
        model="claude-sonnet-4-5-20250929",
    ),
    "anthropic_anthropic_tool_output_0": Answer(
        tool_calls=call("get_user_country"),
        finish_reason="tool",
        **used(445, 23, cached=0),
        model="claude-sonnet-4-5-20250929",
    ),
    "anthropic_anthropic_tool_output_1": Answer(
        tool_calls=call("final_result", city="Mexico City", country="Mexico"),
        finish_reason="tool",
        **used(497, 56, cached=0),
        model="claude-sonnet-4-5-20250929",
    ),
    "anthropic_thinking_stream_0": Answer(
        text="Here are the basic steps for safely crossing the street:…",
        reasoning="This is a straightforward question about pedestrian safety.…",
        finish_reason="stop",
        **used(43, 282, cached=0),
        model="claude-sonnet-4-20250514",
    ),
    "anthropic_tool_search_stream_0": Answer(
        text=(
            "Let me search for a tool that can provide current exchange rate information."
            "I found the right tool! Let me fetch the current USD to EUR exchange rate for you."
        ),
        tool_calls=call("get_exchange_rate", from_currency="USD", to_currency="EUR"),
        finish_reason="tool",
        **used(1591, 175, cached=0),
        model="claude-sonnet-4-6",
    ),
    "anthropic_unsupported_effort_0": Answer(error="invalid_request_error"),
}
"""What ends with … is the beginning of a long text; everything else is told in full."""


def check(name: str, found: Answer) -> None:
    """Hold an answer against what is expected of it."""
    expected = EXPECTED[name]
    for field in Answer.__slots__:
        value, wanted = getattr(found, field), getattr(expected, field)
        if isinstance(wanted, str) and wanted.endswith("…"):
            assert value.startswith(wanted[:-1]), field
        else:
            assert value == wanted, field


def codec_for(target: str) -> Codec:
    return CODECS["anthropic" if urlsplit(target).path.endswith("/messages") else "openai"]


SHIPPED = [
    (wire, one)
    for wire in CODECS
    for one in recorded(wire).values()
    if one.name != "openai_two_documents_0"
]


@pytest.mark.parametrize(("wire", "one"), SHIPPED, ids=lambda value: getattr(value, "name", value))
def test_recorded_answers(wire: str, one: Recorded) -> None:
    """A real answer says in the normal form what a person reads in it."""
    found = CODECS[wire].read_answer(status=one.status, headers=one.headers, body=one.body)

    check(one.name, found)


def test_recorded_embeddings() -> None:
    """Real embeddings, in base64, are as many and as long as was asked, and of length 1."""
    one = recorded("embeddings")["openai_two_documents_0"]

    answer = CODECS["embeddings"].read_answer(status=one.status, headers=one.headers, body=one.body)

    assert [len(vector) for vector in answer.embeddings] == [1536, 1536]
    assert [vector[0] for vector in answer.embeddings] == pytest.approx([0.016818162, -0.010592408])
    for vector in answer.embeddings:
        assert sum(number * number for number in vector) == pytest.approx(1, abs=1e-6)
    assert (answer.input_tokens, answer.model) == (2, "text-embedding-3-small")


def interactions(file: Path) -> list[tuple[str, Any]]:
    """Return a cassette's exchanges, by the names that the recordings have."""
    stem = file.stem.removeprefix("test_").replace("__test_", "_")
    found = yaml.safe_load(file.read_text(encoding="utf-8"))["interactions"]
    return [(f"{stem}_{number}", one) for number, one in enumerate(found)]


if CASSETTES.is_dir():  # not a skip: where there are no cassettes there is nothing to promise

    @pytest.mark.parametrize("file", sorted(CASSETTES.glob("*.yaml")), ids=lambda file: file.stem)
    def test_cassettes(file: Path) -> None:
        """Every cassette has an expected answer for each of its exchanges, and reads as that."""
        for name, one in interactions(file):
            answer, headers = one["response"], one["response"]["headers"]
            body = answer.get("body", {}).get("string") or json.dumps(answer["parsed_body"])
            codec = codec_for(one["request"]["uri"])

            found = codec.read_answer(
                status=answer["status"]["code"],
                headers=(("content-type", headers["content-type"][0]),),
                body=body.encode(),
            )

            check(name, found)
