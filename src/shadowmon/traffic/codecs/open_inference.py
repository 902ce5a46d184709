"""
The Open Inference Protocol, version 2, over REST (KServe, Triton, MLServer): tensors, in JSON or in
binary (`open_inference_tensors.py`).

    POST /v2/models/NAME[/versions/VERSION]/infer
    {"inputs": [{"name", "shape", "datatype", "data"}]} -> {"outputs": [{…}]} or {"error": "…"}
"""

from __future__ import annotations

import re

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Exchange, Headers, Question
from shadowmon.traffic.codecs import strict_json
from shadowmon.traffic.codecs.codec import Ask
from shadowmon.traffic.codecs.codec_settings import refuse_unknown
from shadowmon.traffic.codecs.open_inference_tensors import has_binary, read_tensors, split
from shadowmon.traffic.codecs.path_model import with_model
from shadowmon.traffic.codecs.question_paths import QUESTION_KEYS, QuestionPaths
from shadowmon.traffic.codecs.shapes import string
from shadowmon.traffic.codecs.tensor import asked
from shadowmon.traffic.codecs.tensor_answer import TENSOR_KEYS, TensorReading


_PATH = re.compile(r"/v2/models/([^/]+)(?:/versions/[^/]+)?/infer$")


class OpenInference:
    """
    See `Codec`. Settings: those of `TensorReading`, and of `QuestionPaths`, whose expressions see
    the request's JSON with `inputs` by their names, nested by shape: `inputs.prompt[0]`.

    By itself a request asks the strings of its only input of type BYTES.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        refuse_unknown(settings, (*TENSOR_KEYS, *QUESTION_KEYS), codec="open_inference")
        self._reading = TensorReading(settings)
        self._paths = QuestionPaths(settings)

    def read_request(self, exchange: Exchange) -> Ask:
        """See `Codec.read_request`. Metadata and health are skipped as `not_inference`."""
        match = _PATH.search(exchange.target.partition("?")[0])
        if exchange.method != "POST" or match is None:
            return Ask(skip="not_inference")
        body, raw = split(exchange.headers, exchange.body)
        if not isinstance(body.get("inputs"), list):
            msg = "request is not a JSON object with a list of inputs"
            raise CodecError(msg)
        return Ask(model=unquote(match[1]), question=self._question(body, raw))

    def retarget(self, target: str, *, model: str) -> str:
        """See `Retargeting.retarget`."""
        return with_model(target, _PATH, model)

    def read_answer(self, *, status: int, headers: Headers, body: bytes) -> Answer:
        """See `Codec.read_answer`."""
        del status  # the arm judges it; an error is read whatever the status says
        found, raw = split(headers, body)
        model = string(found, "model_name") or None
        if found.get("error"):
            # Its text may quote the request; nobody further down needs it.
            return Answer(error="error", model=model)
        outputs = found.get("outputs")
        if not isinstance(outputs, list):
            msg = "the answer has neither outputs nor an error"
            raise CodecError(msg)
        return self._reading.answer(read_tensors(outputs, raw), model=model)

    def rewrite(self, body: bytes, *, model: str | None, parameters: Mapping[str, Any]) -> bytes:
        """
        See `Codec.rewrite`. The model is part of the path, so only top-level keys are set.

        Of a body in binary none can be set: the length of its JSON stands in a header, which is
        not written anew. It is refused, and so the call is shed.
        """
        del model
        if not parameters:
            return body
        found = strict_json.loads_verbatim(body)
        if not isinstance(found, dict) or has_binary(found.get("inputs")):
            msg = "request is not a JSON object without binary tensors, so that no key can be set"
            raise CodecError(msg)
        return strict_json.dumps({**found, **parameters})

    def _question(self, body: Mapping[str, Any], raw: memoryview) -> Question:
        if not self._paths:
            return asked(read_tensors(body["inputs"], raw, only="BYTES"))
        inputs = read_tensors(body["inputs"], raw)
        by_name = {tensor.name: tensor.nested() for tensor in inputs}
        return self._paths.read({**body, "inputs": by_name}, asked(inputs))
