"""
The Open Inference Protocol, version 2, over REST (KServe, Triton, MLServer): tensors as JSON.

    POST /v2/models/NAME[/versions/VERSION]/infer
    {"inputs": [{"name", "shape", "datatype", "data"}]} -> {"outputs": [{…}]} or {"error": "…"}

Tensors in the binary extension (a header `inference-header-content-length`) are refused for now.
"""

from __future__ import annotations

import math
import re

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Exchange, Headers
from shadowmon.traffic.codecs import content_coding, strict_json
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.probabilities import distribution, likeliest, softmax


LABEL_OUTPUTS = ("label", "labels", "class", "classes")
PROBABILITY_OUTPUTS = ("probabilities", "probability", "scores")
LOGIT_OUTPUTS = ("logits",)

_PATH = re.compile(r"/v2/models/([^/]+)(?:/versions/[^/]+)?/infer$")
_BINARY = "inference-header-content-length"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One output: `data` flat, in row-major order."""

    name: str
    shape: tuple[int, ...]
    datatype: str
    data: list[Any]

    @property
    def classes(self) -> int:
        """The last dimension: how many figures one row has."""
        return self.shape[-1] if self.shape else 1

    def rows(self) -> list[list[Any]]:
        """Return the data, cut into rows along the last dimension; none if it is empty."""
        width = self.classes
        if not width:
            return []
        return [self.data[at : at + width] for at in range(0, len(self.data), width)]


class OpenInference:
    """
    See `Codec`. Settings, all optional:

    - `label_output`: the output that holds the label; by default one called label or class.
    - `probabilities_output`: the output that holds the probabilities; by default one called
      probabilities or scores, else logits, else the only one of floating point with more than one
      figure in a row.
    - `labels`: what the places of the probabilities, or the numbers of the labels, stand for; by
      default the numbers themselves.

    One exchange is one answer: of a batch (several rows) the label is all rows' labels joined by
    commas, so that two answers agree if every row does; probabilities are left out. `fields` is
    always every output by its name, nested by its shape.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        known = ("label_output", "probabilities_output", "labels")
        for key in settings:
            if key not in known:
                msg = f'no setting "{key}"; the codec open_inference has: {", ".join(known)}'
                raise ValueError(msg)
        self._label_output = _name(settings, "label_output")
        self._probabilities_output = _name(settings, "probabilities_output")
        self._labels = _labels(settings.get("labels"))

    def read_request(self, exchange: Exchange) -> Ask:
        """See `Codec.read_request`. Metadata and health are skipped as `not_inference`."""
        match = _PATH.search(exchange.target.partition("?")[0])
        if exchange.method != "POST" or match is None:
            return Ask(skip="not_inference")
        _refuse_binary(exchange.headers)
        body = strict_json.loads(content_coding.plain(exchange.headers, exchange.body))
        if not isinstance(body, dict) or not isinstance(body.get("inputs"), list):
            msg = "request is not a JSON object with a list of inputs"
            raise CodecError(msg)
        return Ask(model=unquote(match[1]))

    def read_answer(self, *, status: int, headers: Headers, body: bytes) -> Answer:
        """See `Codec.read_answer`."""
        del status  # the arm judges it; an error is read whatever the status says
        _refuse_binary(headers)
        found = strict_json.loads(content_coding.plain(headers, body))
        if not isinstance(found, dict):
            msg = "the answer is not a JSON object"
            raise CodecError(msg)
        model = found.get("model_name")
        model = model if isinstance(model, str) else None
        if found.get("error"):
            # Its text may quote the request; nobody further down needs it.
            return Answer(error="error", model=model)
        outputs = found.get("outputs")
        if not isinstance(outputs, list):
            msg = "the answer has neither outputs nor an error"
            raise CodecError(msg)
        return self._answer([_tensor(output) for output in outputs], model)

    def rewrite(self, body: bytes, *, model: str | None, parameters: Mapping[str, Any]) -> bytes:
        """See `Codec.rewrite`. The model is part of the path, so only top-level keys are set."""
        del model
        if not parameters:
            return body
        found = strict_json.loads_verbatim(body)
        if not isinstance(found, dict):
            msg = "request is not a JSON object"
            raise CodecError(msg)
        return strict_json.dumps({**found, **parameters})

    def _answer(self, tensors: Sequence[Tensor], model: str | None) -> Answer:
        rows = self._figures(tensors)
        said = _called(tensors, self._label_output, LABEL_OUTPUTS)
        if said is not None:
            labels = [self._label(value) for value in said.data]
        else:
            labels = [likeliest(row) for row in rows]
        return Answer(
            label=",".join(labels) if labels else None,
            probabilities=distribution(rows[0]) if len(rows) == 1 else None,
            fields={tensor.name: _nested(tensor.data, tensor.shape) for tensor in tensors},
            model=model,
        )

    def _figures(self, tensors: Sequence[Tensor]) -> list[Mapping[str, float]]:
        """Return each row's figure by label; none if no output holds any."""
        found = _called(tensors, self._probabilities_output, PROBABILITY_OUTPUTS)
        if found is not None:
            return self._by_label(found)
        if self._probabilities_output is None:
            logits = _called(tensors, None, LOGIT_OUTPUTS)
            if logits is not None:
                return [softmax(row) for row in self._by_label(logits)]
            real = [t for t in tensors if t.datatype.startswith("FP") and t.classes > 1]
            if len(real) == 1:
                return self._by_label(real[0])
        return []

    def _by_label(self, tensor: Tensor) -> list[Mapping[str, float]]:
        labels = self._labels or tuple(map(str, range(tensor.classes)))
        if len(labels) != tensor.classes:
            msg = (
                f'output "{tensor.name}" has {tensor.classes} figures in a row, '
                f"but the setting labels has {len(labels)}"
            )
            raise CodecError(msg)
        if not all(type(value) in {int, float} for value in tensor.data):
            msg = f'output "{tensor.name}" holds something else than numbers'
            raise CodecError(msg)
        return [dict(zip(labels, row, strict=True)) for row in tensor.rows()]

    def _label(self, value: object) -> str:
        if isinstance(value, str):
            return value
        if type(value) is not int:
            msg = "the label is neither a string nor a whole number"
            raise CodecError(msg)
        if not self._labels:
            return str(value)
        if not 0 <= value < len(self._labels):
            msg = f"the label is number {value}, but the setting labels has {len(self._labels)}"
            raise CodecError(msg)
        return self._labels[value]


def _name(settings: Mapping[str, Any], key: str) -> str | None:
    value = settings.get(key)
    if value is not None and not isinstance(value, str):
        msg = f"{key} must be an output's name"
        raise ValueError(msg)
    return value


def _labels(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not value:
        msg = "labels must be a list of names"
        raise ValueError(msg)
    labels = tuple(map(str, value))
    if len(set(labels)) != len(labels):
        msg = "labels must all be different"
        raise ValueError(msg)
    return labels


def _refuse_binary(headers: Headers) -> None:
    if content_coding.header(headers, _BINARY):
        msg = f"tensors in binary ({_BINARY}) are not read; ask for JSON (binary_data: false)"
        raise CodecError(msg)


def _called(tensors: Sequence[Tensor], wanted: str | None, usual: Sequence[str]) -> Tensor | None:
    """Return the output of that name, or else the first with a usual one."""
    if wanted is not None:
        for tensor in tensors:
            if tensor.name == wanted:
                return tensor
        msg = f'there is no output "{wanted}"'
        raise CodecError(msg)
    by_name = {tensor.name.lower(): tensor for tensor in tensors}
    return next((by_name[name] for name in usual if name in by_name), None)


def _tensor(output: object) -> Tensor:
    if not isinstance(output, dict):
        msg = "an output is not a JSON object"
        raise CodecError(msg)
    name, shape, datatype, data = (output.get(k) for k in ("name", "shape", "datatype", "data"))
    if not isinstance(name, str) or not isinstance(datatype, str) or not isinstance(data, list):
        msg = "an output lacks its name, datatype or data"
        raise CodecError(msg)
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        msg = "an output's shape is not a list of whole numbers"
        raise CodecError(msg)
    flat = _flat(data)
    if math.prod(shape) != len(flat):
        msg = f"an output of shape {shape} has {len(flat)} values"
        raise CodecError(msg)
    return Tensor(name=name, shape=tuple(shape), datatype=datatype, data=flat)


def _flat(data: list[Any]) -> list[Any]:
    """Return the values in row-major order, whether they came nested or flat."""
    while any(isinstance(item, list) for item in data):
        data = [value for item in data for value in (item if isinstance(item, list) else [item])]
    return data


def _nested(data: list[Any], shape: Sequence[int]) -> Any:  # noqa: ANN401 - lists in lists
    if not shape:
        return data[0]
    for width in reversed(shape[1:]):
        if not width:
            return []
        data = [data[at : at + width] for at in range(0, len(data), width)]
    return data
