"""
TensorFlow Serving's REST API (`api_rest.md`), which is KServe's protocol version 1 as well.

    POST /v1/models/NAME[/versions/N|/labels/L]:predict
    {"instances": [...]} -> {"predictions": [...]}: row after row
    {"inputs": {...}}    -> {"outputs": {...}}: column after column
    … :classify, :regress  {"examples": [...]} -> {"results": [...]}

TensorFlow Serving writes NaN and Infinity where JSON has no such words. Such an answer is refused:
a model that says NaN has said nothing that can be measured.
"""

from __future__ import annotations

import base64
import binascii
import re

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Exchange, Headers
from shadowmon.traffic.codecs import content_coding, parts, strict_json
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.codec_settings import refuse_unknown
from shadowmon.traffic.codecs.path_model import with_model
from shadowmon.traffic.codecs.probabilities import distribution, labelled, likeliest
from shadowmon.traffic.codecs.question_paths import QUESTION_KEYS, QuestionPaths
from shadowmon.traffic.codecs.rewriting import rewritten
from shadowmon.traffic.codecs.tensor import CELLS_MAX, Tensor, asked, cells, tensor_in
from shadowmon.traffic.codecs.tensor_answer import TENSOR_KEYS, TensorReading


_PATH = re.compile(
    r"/v1/models/([^/:]+)(?:/(?:versions|labels)/[^/:]+)?:(?:predict|classify|regress)$"
)
_ASKING = ("instances", "inputs", "examples")
_RESULTS = ("results", "result")
"""The document's grammar says `result`, its example and the server `results`."""


class TensorFlowServing:
    """
    See `Codec`. Settings: those of `TensorReading`, and of `QuestionPaths`.

    The only output of a model has no name on the wire: it is called `predictions` in rows, and
    `outputs` in columns. What is no tensor (KServe's own predictors answer as they like) is in
    `fields` alone.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        refuse_unknown(settings, (*TENSOR_KEYS, *QUESTION_KEYS), codec="tensorflow_serving")
        self._reading = TensorReading(settings)
        self._paths = QuestionPaths(settings)

    def read_request(self, exchange: Exchange) -> Ask:
        """See `Codec.read_request`. A model's status and metadata are skipped."""
        match = _PATH.search(exchange.target.partition("?")[0])
        if exchange.method != "POST" or match is None:
            return Ask(skip="not_inference")
        body = strict_json.loads(content_coding.plain(exchange.headers, exchange.body))
        key = next((k for k in _ASKING if isinstance(body, dict) and k in body), None)
        if key is None:
            msg = f"request is not a JSON object with one of {', '.join(_ASKING)}"
            raise CodecError(msg)
        usual = asked(_tensors(_columns(key, _plain(body[key]))))
        return Ask(model=unquote(match[1]), question=self._paths.read(body, usual))

    def retarget(self, target: str, *, model: str) -> str:
        """See `Retargeting.retarget`."""
        return with_model(target, _PATH, model)

    def read_answer(self, *, status: int, headers: Headers, body: bytes) -> Answer:
        """See `Codec.read_answer`."""
        del status  # the arm judges it; an error is read whatever the status says
        found = parts.json_object(
            strict_json.loads(content_coding.plain(headers, body)), "the answer"
        )
        if found.get("error"):
            # Its text may quote the request; nobody further down needs it.
            return Answer(error="error")
        for key in ("predictions", "outputs"):
            if key in found:
                columns = _columns(key, _plain(found[key]))
                return replace(self._reading.answer(_tensors(columns)), fields=columns)
        for key in _RESULTS:
            if key in found:
                return _results(parts.json_list(found[key], f"the answer's {key}"))
        msg = "the answer has neither predictions, outputs, results nor an error"
        raise CodecError(msg)

    def rewrite(self, body: bytes, *, model: str | None, parameters: Mapping[str, Any]) -> bytes:
        """See `Codec.rewrite`. The model is part of the path, so only top-level keys are set."""
        del model
        return rewritten(body, parameters)


def _columns(key: str, found: object) -> dict[str, Any]:
    """
    Return tensors by name, whichever way they were written.

    A list of objects is row after row of named tensors, as far as all rows have the same names; an
    object is column after column; anything else is the only tensor, and `key` its name.
    """
    if isinstance(found, dict):
        return found
    if isinstance(found, list) and found and all(isinstance(row, dict) for row in found):
        names = found[0].keys()
        if all(row.keys() == names for row in found):
            return {name: [row[name] for row in found] for name in names}
    return {key: found}


def _tensors(columns: Mapping[str, Any]) -> list[Tensor]:
    """Return the columns that are tensors, as many as `CELLS_MAX` has room for."""
    found: list[Tensor] = []
    room = CELLS_MAX
    for name, value in columns.items():
        tensor = tensor_in(name, value)
        if tensor is not None and cells(tensor.shape) <= room:
            room -= cells(tensor.shape)
            found.append(tensor)
    return found


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON is any of six types
    """Return the value with `{"b64": …}`, by which bytes are written, as strings."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"b64"} and isinstance(value["b64"], str):
        return _bytes(value["b64"])
    return {key: _plain(item) for key, item in value.items()}


def _bytes(written: str) -> str:
    try:
        found = base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        problem = "a b64 value is not base64"
    else:
        return found.decode("utf-8", "backslashreplace").replace("\0", "\ufffd")
    raise CodecError(problem)


def _results(results: list[Any]) -> Answer:
    """Read what `classify` says (label and score, for each example) or `regress` (numbers)."""
    if not all(isinstance(result, list) for result in results):
        numbers = parts.vector(results, "the answer's results")
        return Answer(fields={"results": results}, tensors={"results": numbers})
    rows = [labelled(_distinct(row), "the answer's results") for row in results]
    labels = [likeliest(row) for row in rows]
    return Answer(
        label=",".join(labels) if labels else None,
        probabilities=distribution(rows[0]) if len(rows) == 1 else None,
        fields={"results": results},
    )


def _distinct(row: list[Any]) -> list[Any]:
    """Return the scores alone where the model has no labels: then each label is the same, `""`."""
    pairs = [pair for pair in row if isinstance(pair, list) and len(pair) == 2]  # noqa: PLR2004 - label and score
    if len(pairs) == len(row) and len({str(label) for label, _ in pairs}) < len(pairs):
        return [score for _, score in pairs]
    return row
