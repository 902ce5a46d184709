"""
Text Embeddings Inference's own API (its OpenAPI document); its `/v1/embeddings` is the codec
`openai`'s.

    POST /embed       {"inputs": …}           -> [[0.1, …], …]
    POST /rerank      {"query", "texts"}      -> [{"index", "score"}, …]
    POST /predict     {"inputs": …}           -> [{"label", "score"}, …], of a batch a list of them
    POST /similarity  {"inputs": {"source_sentence", "sentences"}} -> [0.9, …]

`/` and `/invocations` are whichever of these the served model can do. An answer's form says which
it is. Sparse vectors and vectors of each token (`/embed_sparse`, `/embed_all`) are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Exchange, Headers, Question
from shadowmon.traffic.codecs import content_coding, parts, strict_json
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.codec_settings import refuse_unknown
from shadowmon.traffic.codecs.probabilities import distribution, labelled, likeliest
from shadowmon.traffic.codecs.question_paths import QUESTION_KEYS, QuestionPaths
from shadowmon.traffic.codecs.rewriting import rewritten
from shadowmon.traffic.codecs.shapes import string
from shadowmon.traffic.codecs.tensor import flat


_PATHS = ("/embed", "/rerank", "/predict", "/similarity", "/invocations", "/")


class TextEmbeddingsInference:
    """See `Codec`. Settings: those of `QuestionPaths`."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        refuse_unknown(settings, QUESTION_KEYS, codec="tei")
        self._paths = QuestionPaths(settings)

    def read_request(self, exchange: Exchange) -> Ask:
        """See `Codec.read_request`."""
        path = exchange.target.partition("?")[0]
        if exchange.method != "POST" or not path.endswith(_PATHS):
            return Ask(skip="not_inference")
        body = parts.json_object(
            strict_json.loads(content_coding.plain(exchange.headers, exchange.body)), "request"
        )
        if "inputs" not in body and "query" not in body:
            return Ask(skip="not_inference")
        usual = _question(body, classifies=path.endswith("/predict"))
        return Ask(question=self._paths.read(body, usual))

    def read_answer(self, *, status: int, headers: Headers, body: bytes) -> Answer:
        """See `Codec.read_answer`."""
        del status  # the arm judges it; an error is read whatever the status says
        found = strict_json.loads(content_coding.plain(headers, body))
        if isinstance(found, dict) and found.get("error"):
            return Answer(error=parts.error_word(found.get("error_type")))
        tokens = parts.count_written(content_coding.header(headers, "x-compute-tokens"))
        return _answer(parts.json_list(found, "the answer"), tokens)

    def rewrite(self, body: bytes, *, model: str | None, parameters: Mapping[str, Any]) -> bytes:
        """See `Codec.rewrite`. A server has one model and no name for it."""
        del model
        return rewritten(body, parameters)


def _question(body: Mapping[str, Any], *, classifies: bool) -> Question:
    query, inputs = body.get("query"), body.get("inputs")
    if isinstance(query, str):
        return _about(query, parts.texts(body.get("texts")))
    if isinstance(inputs, dict):
        return _about(string(inputs, "source_sentence"), parts.texts(inputs.get("sentences")))
    if not classifies:
        return Question(documents=parts.texts(inputs))
    text = "\n".join(parts.texts(_flattened(inputs)))
    return Question(text=text, source=text)


def _about(text: str, documents: tuple[str, ...]) -> Question:
    return Question(text=text, source="\n".join((text, *documents)), documents=documents)


def _flattened(inputs: object) -> object:
    """Return the texts of one text, a pair, or a batch of either: a list of lists."""
    return flat(inputs) if isinstance(inputs, list) else inputs


def _answer(found: list[Any], tokens: int | None) -> Answer:
    first = found[0] if found else None
    if isinstance(first, dict) and "index" in first:
        ranking = parts.ranking(found, "the answer")
        return Answer(ranking=ranking, fields=found, input_tokens=tokens)
    if isinstance(first, dict):
        return _labels([found], found, tokens)
    if isinstance(first, list) and first and isinstance(first[0], dict):
        return _labels(found, found, tokens)
    if isinstance(first, list):
        return Answer(embeddings=parts.vectors(found, "the answer"), input_tokens=tokens)
    if first is None:
        msg = "the answer is an empty list"
        raise CodecError(msg)
    similarity = parts.vector(found, "the answer")
    return Answer(tensors={"similarity": similarity}, fields=found, input_tokens=tokens)


def _labels(rows: list[Any], fields: Any, tokens: int | None) -> Answer:  # noqa: ANN401 - JSON is any of six types
    """Of a batch the label is all rows' labels, so that two answers agree if every row does."""
    figures = [labelled(row, "the answer") for row in rows]
    return Answer(
        label=",".join(map(likeliest, figures)),
        probabilities=distribution(figures[0]) if len(figures) == 1 else None,
        fields=fields,
        input_tokens=tokens,
    )
