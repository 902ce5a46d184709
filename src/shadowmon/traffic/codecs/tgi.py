"""
Text Generation Inference's own API (its OpenAPI document); its OpenAI-style one is the codec
`openai`'s.

    POST /generate, /generate_stream, / (and /invocations)
    {"inputs": "…", "parameters": {…}} -> {"generated_text": "…", "details": {…}}

`/` answers with a list of one answer. A stream is one event for each token; its last one has the
whole `generated_text`, and a stream without it was cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Exchange, Headers, Question, Token
from shadowmon.traffic.codecs import content_coding, parts, strict_json
from shadowmon.traffic.codecs.chunks import read_chunks
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.codec_settings import refuse_unknown
from shadowmon.traffic.codecs.draft import Draft
from shadowmon.traffic.codecs.question_paths import QUESTION_KEYS, QuestionPaths
from shadowmon.traffic.codecs.rewriting import rewritten
from shadowmon.traffic.codecs.shapes import inner, objects, string
from shadowmon.traffic.codecs.sse import is_stream
from shadowmon.traffic.codecs.usage import Usage


FINISH_REASONS = {"length": "length", "eos_token": "stop", "stop_sequence": "stop"}
"""The wire's word -> the normal word."""

_SCHEMAS = frozenset({"json", "json_object"})
_PATHS = ("/generate", "/generate_stream", "/invocations", "/")


class TextGenerationInference:
    """
    See `Codec`. Settings: those of `QuestionPaths`.

    With `return_full_text` a server repeats the prompt in its answer, and there it stays: both
    models repeat it alike.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        refuse_unknown(settings, QUESTION_KEYS, codec="tgi")
        self._paths = QuestionPaths(settings)

    def read_request(self, exchange: Exchange) -> Ask:
        """See `Codec.read_request`. What has no prompt (SageMaker's chats, …) is skipped."""
        path = exchange.target.partition("?")[0]
        if exchange.method != "POST" or not path.endswith(_PATHS):
            return Ask(skip="not_inference")
        body = parts.json_object(
            strict_json.loads(content_coding.plain(exchange.headers, exchange.body)), "request"
        )
        prompt = body.get("inputs")
        if not isinstance(prompt, str):
            return Ask(skip="not_inference")
        usual = Question(text=prompt, source=prompt, schema=_schema(body), turns=1)
        return Ask(
            streams=path.endswith("/generate_stream") or body.get("stream") is True,
            question=self._paths.read(body, usual),
        )

    def read_answer(self, *, status: int, headers: Headers, body: bytes) -> Answer:
        """See `Codec.read_answer`. Of `best_of` sequences only the one that was chosen is read."""
        del status  # the arm judges it; an error is read whatever the status says
        body = content_coding.plain(headers, body)
        return _stream(body) if is_stream(headers, body) else _whole(headers, body)

    def rewrite(self, body: bytes, *, model: str | None, parameters: Mapping[str, Any]) -> bytes:
        """See `Codec.rewrite`. A server has one model and no name for it."""
        del model
        return rewritten(body, parameters)


def _schema(body: Mapping[str, Any]) -> object:
    """Return the JSON Schema of `parameters.grammar`; a regular expression is none."""
    grammar = inner(body, "parameters", "grammar")
    return inner(grammar, "value") or None if string(grammar, "type") in _SCHEMAS else None


def _whole(headers: Headers, body: bytes) -> Answer:
    found = strict_json.loads(body)
    if isinstance(found, list) and found:  # of `/`, which answers as Hugging Face's API did
        found = found[0]
    found = parts.json_object(found, "the answer")
    if found.get("error"):
        return _failed(found)
    details = inner(found, "details")
    draft = Draft(
        usage=Usage(
            input_tokens=_counted(headers, "x-prompt-tokens"),
            output_tokens=_counted(headers, "x-generated-tokens"),
        )
    )
    likely = details.get("top_tokens")
    for place, token in enumerate(objects(details.get("tokens"))):
        others = likely[place] if isinstance(likely, list) and place < len(likely) else None
        draft.tokens.extend(_token(token, others))
    return _answer(draft, found, details)


def _stream(body: bytes) -> Answer:
    draft = Draft()
    for chunk in read_chunks(body):
        found = chunk.data
        if found.get("error"):
            return _failed(found)
        draft.tokens.extend(_token(inner(found, "token"), found.get("top_tokens")))
        if found.get("generated_text") is not None:
            details = inner(found, "details")
            draft.usage = Usage(input_tokens=parts.count(details.get("input_length")))
            return _answer(draft, found, details)
    return draft.answer(incomplete=True)


def _answer(draft: Draft, found: Mapping[str, Any], details: Mapping[str, Any]) -> Answer:
    text = found.get("generated_text")
    if not isinstance(text, str):
        msg = "the answer has neither generated_text nor an error"
        raise CodecError(msg)
    draft.text.append(text)
    draft.finish_reason = FINISH_REASONS.get(string(details, "finish_reason"))
    generated = parts.count(details.get("generated_tokens"))
    if generated is not None:
        draft.usage = replace(draft.usage, output_tokens=generated)
    return draft.answer()


def _token(found: Mapping[str, Any], likely: object) -> Iterator[Token]:
    """Yield the token, if it has a probability and is text: the end's own token is none."""
    if found.get("special") is True:
        return
    alternatives = parts.alternatives(likely, text="text", log_probability="logprob")
    token = parts.token(found.get("text"), found.get("logprob"), alternatives)
    if token is not None:
        yield token


def _failed(found: Mapping[str, Any]) -> Answer:
    return Answer(error=parts.error_word(found.get("error_type")))


def _counted(headers: Headers, name: str) -> int | None:
    return parts.count_written(content_coding.header(headers, name))
