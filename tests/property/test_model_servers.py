"""What must hold of the model servers' codecs for all bytes."""

from __future__ import annotations

import json
import struct

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shadowmon.errors import CodecError
from shadowmon.records import Headers
from shadowmon.traffic.codecs.ndjson import read_objects
from shadowmon.traffic.codecs.ollama import Ollama
from shadowmon.traffic.codecs.open_inference import OpenInference
from shadowmon.traffic.codecs.plain_json import PlainJson
from shadowmon.traffic.codecs.tei import TextEmbeddingsInference
from shadowmon.traffic.codecs.tensorflow_serving import TensorFlowServing
from shadowmon.traffic.codecs.tgi import TextGenerationInference
from shadowmon.traffic.codecs.torchserve import TorchServe
from tests.factories import an_exchange


CODECS = (
    (Ollama({"tests": "tests"}), "/api/chat"),
    (OpenInference({}), "/v2/models/m/infer"),
    (OpenInference({"question": "inputs"}), "/v2/models/m/infer"),
    (PlainJson({"embedding": "outputs", "question": "inputs"}), "/x"),
    (PlainJson({"ranking": "outputs", "tool_calls": "message"}), "/x"),
    (TensorFlowServing({}), "/v1/models/m:predict"),
    (TextEmbeddingsInference({}), "/predict"),
    (TextGenerationInference({}), "/generate"),
    (TorchServe({}), "/predictions/m"),
    (TorchServe({"form": "labels"}), "/predictions/m"),
    (TorchServe({"form": "embedding"}), "/predictions/m"),
)
LENGTH = "inference-header-content-length"


def labels(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {}, optional={"label": inner, "score": inner, "index": inner, "logprob": inner}
    )


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4) | labels(inner)
    ),
    max_leaves=15,
)


tensors = st.fixed_dictionaries(
    {"name": texts, "datatype": st.sampled_from(["BYTES", "FP16", "BF16", "INT8", "X"])},
    optional={
        "shape": st.lists(st.integers(0, 3), max_size=3) | values,
        "data": st.lists(values, max_size=4) | values,
        "parameters": st.fixed_dictionaries({"binary_data_size": st.integers(-1, 9)}) | values,
    },
)
keys = (
    "predictions", "results", "details", "generated_text", "token", "error", "error_type",
    "message", "response", "embeddings", "done", "logprobs", "instances", "messages", "prompt",
    "tools", "format", "query", "texts", "parameters", "code", "type", "class",
)  # fmt: skip
shaped = st.fixed_dictionaries(
    {},
    optional={
        "inputs": values | st.lists(tensors, max_size=2),
        "outputs": values | st.lists(tensors, max_size=2),
        **dict.fromkeys(keys, values),
    },
)
wild = st.binary(max_size=60) | (values | shaped).map(lambda found: json.dumps(found).encode())


@given(wild, st.binary(max_size=9), st.none() | st.integers(-1, 80))
def test_codecs_read_or_refuse(body: bytes, behind: bytes, length: int | None) -> None:
    """Whatever the bytes, every codec reads them or raises CodecError."""
    headers: Headers = () if length is None else ((LENGTH, str(length)),)
    exact: Headers = ((LENGTH, str(len(body))),)
    for codec, target in CODECS:
        for some in (headers, exact):
            for answer in (body + behind, b"data: " + body + b"\n\n", body + b"\n" + body):
                with suppress(CodecError):
                    codec.read_answer(status=200, headers=some, body=answer)
            with suppress(CodecError):
                codec.read_request(an_exchange(body + behind, target=target, headers=some))
        with suppress(CodecError):
            codec.rewrite(body, model="m", parameters={"a": 1})


@st.composite
def outputs(draw: st.DrawFn) -> tuple[dict[str, Any], bytes | None, list[Any]]:
    """Draw an output: its JSON, its bytes (None if it is in JSON), and its values."""
    datatype = draw(st.sampled_from(["FP64", "INT64", "UINT8", "BOOL", "BYTES"]))
    kinds: dict[str, tuple[st.SearchStrategy[Any], str]] = {
        "FP64": (st.floats(allow_nan=False, allow_infinity=False), "d"),
        "INT64": (st.integers(-(2**63), 2**63 - 1), "q"),
        "UINT8": (st.integers(0, 255), "B"),
        "BOOL": (st.booleans(), "?"),
        "BYTES": (texts, ""),
    }
    element, form = kinds[datatype]
    found: list[Any] = draw(st.lists(element, min_size=1, max_size=6))
    head = {"name": "x" + draw(texts), "datatype": datatype, "shape": [len(found)]}
    if draw(st.booleans()):
        return {**head, "data": found}, None, found
    if form:
        raw = struct.pack(f"<{len(found)}{form}", *found)
    else:
        written = [text.encode() for text in found]
        raw = b"".join(struct.pack("<I", len(text)) + text for text in written)
    return {**head, "parameters": {"binary_data_size": len(raw)}}, raw, found


@given(st.lists(outputs(), max_size=4, unique_by=lambda output: output[0]["name"]))
def test_tensors_round_trip(found: list[Any]) -> None:
    """Outputs in JSON and in binary, in any mixture, come out as they went in."""
    head = json.dumps({"outputs": [output for output, _, _ in found]}).encode()
    body = head + b"".join(raw for _, raw, _ in found if raw is not None)
    headers = ((LENGTH, str(len(head))),)

    answer = OpenInference({}).read_answer(status=200, headers=headers, body=body)

    assert answer.fields == {output["name"]: data for output, _, data in found}


@given(st.lists(st.dictionaries(texts, values, max_size=3), min_size=1, max_size=5), st.data())
def test_lines_round_trip(objects: list[dict[str, Any]], data: st.DataObject) -> None:
    """Lines come out as they went in; cut anywhere, they are the first of them."""
    body = b"".join(json.dumps(one).encode() + b"\n" for one in objects)
    at = data.draw(st.integers(1, len(body) - 1))

    found, is_cut = read_objects(body[:at])

    assert read_objects(body) == (objects, False)
    assert found == objects[: len(found)]
    assert is_cut == (b"\n" not in body[at - 1 : at + 1])
