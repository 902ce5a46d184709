"""Tensors in binary: values by hand, and by numpy."""

from __future__ import annotations

import gzip
import json
import struct

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from shadowmon.errors import CodecError
from shadowmon.records import Answer, Exchange, Headers, Question
from shadowmon.testing.codecs import CodecContract
from shadowmon.traffic.codecs.open_inference import OpenInference
from tests.cut_answers import scored_when_cut
from tests.factories import an_exchange


TARGET = "/v2/models/digits/infer"
WORDS = b"\x03\0\0\0cat\x02\0\0\0\xc3\xa9"


def output(name: str, datatype: str, shape: list[int], raw: bytes) -> dict[str, Any]:
    size = {"binary_data_size": len(raw)}
    return {"name": name, "datatype": datatype, "shape": shape, "parameters": size, "raw": raw}


def written(*tensors: dict[str, Any], key: str = "outputs") -> tuple[Headers, bytes]:
    """Return a message's headers and body: its JSON, and the bytes of those that have any."""
    heads = [{k: v for k, v in tensor.items() if k != "raw"} for tensor in tensors]
    head = json.dumps({"model_name": "m", key: heads}).encode()
    headers = (("inference-header-content-length", str(len(head))),)
    return headers, head + b"".join(tensor.get("raw", b"") for tensor in tensors)


def read(*outputs: dict[str, Any], **settings: Any) -> Answer:
    headers, body = written(*outputs)
    return OpenInference(settings).read_answer(status=200, headers=headers, body=body)


def values(datatype: str, shape: list[int], raw: bytes) -> Any:
    return read(output("x", datatype, shape, raw)).fields["x"]


class TestContract(CodecContract):
    """The codec keeps the contract on a binary answer."""

    def make(self, settings: Mapping[str, Any]) -> OpenInference:
        return OpenInference(settings)

    def a_request(self) -> Exchange:
        return an_exchange(b'{"inputs": []}', target=TARGET)

    def an_answer(self) -> tuple[int, Headers, bytes]:
        headers, body = written(output("scores", "FP32", [1, 2], struct.pack("<2f", 0.25, 0.75)))
        return 200, headers, body


@pytest.mark.parametrize(
    ("datatype", "raw", "expected"),
    [
        ("BOOL", b"\x01\x00", [True, False]),
        ("UINT8", b"\x01\xff", [1, 255]),
        ("INT8", b"\x01\xff", [1, -1]),
        ("UINT16", b"\x01\x00\x00\x80", [1, 32768]),
        ("INT16", b"\x01\x00\x00\x80", [1, -32768]),
        ("UINT32", b"\x01\x00\x00\x00\x00\x00\x00\x80", [1, 2**31]),
        ("INT32", b"\x01\x00\x00\x00\xff\xff\xff\xff", [1, -1]),
        ("UINT64", b"\x02" + b"\x00" * 7 + b"\xff" * 8, [2, 2**64 - 1]),
        ("INT64", b"\x02" + b"\x00" * 7 + b"\xff" * 8, [2, -1]),
        ("FP16", b"\x00\x3c\x00\xc0", [1.0, -2.0]),
        ("BF16", b"\x80\x3f\x00\xc0", [1.0, -2.0]),
        ("FP32", b"\x00\x00\x80\x3f\x00\x00\x00\xc0", [1.0, -2.0]),
        ("FP64", struct.pack("<2d", 0.1, -2.0), [0.1, -2.0]),
        ("BYTES", WORDS, ["cat", "é"]),
    ],
)
def test_values_by_hand(datatype: str, raw: bytes, expected: list[Any]) -> None:
    """Every datatype of the protocol, little-endian."""
    assert values(datatype, [2], raw) == expected


def test_every_half_agrees_with_numpy() -> None:
    """Each of the 65,536 half floats is what numpy says it is; what is not finite is None."""
    halves = np.arange(1 << 16, dtype="<u2")
    expected = [float(v) if np.isfinite(v) else None for v in halves.view("<f2")]

    assert values("FP16", [1 << 16], halves.tobytes()) == expected


def test_every_bfloat_agrees_with_numpy() -> None:
    """Each of the 65,536 bfloats is the upper half of a single float."""
    halves = np.arange(1 << 16, dtype="<u2")
    singles = (halves.astype("<u4") << 16).view("<f4")
    expected = [float(v) if np.isfinite(v) else None for v in singles]

    assert values("BF16", [1 << 16], halves.tobytes()) == expected


def test_the_documents_example() -> None:
    """The extension's own example: a [3, 2] tensor of FP32 in 24 bytes."""
    raw = np.arange(6, dtype="<f4").tobytes()

    assert values("FP32", [3, 2], raw) == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]


def test_outputs_in_json_and_in_binary() -> None:
    """Binary data come in the order of those outputs that have any."""
    answer = read(
        output("scores", "FP32", [1, 2], struct.pack("<2f", 0.25, 0.75)),
        {"name": "words", "datatype": "BYTES", "shape": [1], "data": ["hi"]},
        output("label", "BYTES", [1], b"\x03\0\0\0cat"),
    )

    assert answer == Answer(
        label="cat",
        probabilities={"0": 0.25, "1": 0.75},
        fields={"scores": [[0.25, 0.75]], "words": ["hi"], "label": ["cat"]},
        tensors={"scores": (0.25, 0.75)},
        model="m",
    )


def test_binary_and_json_read_alike() -> None:
    """The same tensors say the same, in either form; a number that is not finite is none."""
    numbers = [0.5, None, -1.5, 2.0]
    raw = struct.pack("<4f", 0.5, float("nan"), -1.5, 2.0)
    body = {"model_name": "m", "outputs": [
        {"name": "x", "datatype": "FP32", "shape": [2, 2, 1], "data": numbers}]}  # fmt: skip

    in_json = OpenInference({}).read_answer(status=200, headers=(), body=json.dumps(body).encode())

    assert read(output("x", "FP32", [2, 2, 1], raw)) == in_json
    assert in_json.tensors is None


def test_embedding_in_binary() -> None:
    """An embedding of half floats is a vector."""
    raw = np.array([0.5, -0.25], dtype="<f2").tobytes()

    assert read(output("embedding", "FP16", [1, 2], raw)).embeddings == ((0.5, -0.25),)


def test_bytes_that_are_no_text() -> None:
    """Bytes that are not UTF-8 keep their difference; NUL becomes what strict JSON makes of it."""
    raw = b"\x02\0\0\0\xff\xfe\x01\0\0\0\0"

    assert values("BYTES", [2], raw) == ["\\xff\\xfe", "\ufffd"]


def test_compressed_body() -> None:
    """The JSON's length is counted in the body without its coding."""
    headers, body = written(output("x", "UINT8", [1], b"\x07"))
    headers = (*headers, ("content-encoding", "gzip"))

    answer = OpenInference({}).read_answer(status=200, headers=headers, body=gzip.compress(body))

    assert answer.fields == {"x": [7]}


def test_large_binary_output_is_left_out() -> None:
    """What is too large is left out whole; what comes after it is still in its place."""
    size = (1 << 20) + 1

    answer = read(
        output("image", "UINT8", [size], bytes(size)), output("label", "BYTES", [1], WORDS[:7])
    )

    assert answer.fields == {"label": ["cat"]}


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (output("x", "FP32", [2], b"\0" * 4), "2 values has 4 bytes; it needs 8"),
        (output("x", "BF16", [2], b"\0" * 3), "2 values has 3 bytes; it needs 4"),
        (output("x", "FP8", [2], b"\0\0"), "a datatype that is not of the protocol"),
        (output("x", "BYTES", [2], WORDS[:-1]), "does not fit its 12 bytes"),
        (output("x", "BYTES", [1], WORDS), "does not fit its 13 bytes"),
        (output("x", "BYTES", [3], WORDS), "does not fit its 13 bytes"),
        (output("x", "BYTES", [1], b"\xff\xff\xff\xff"), "does not fit its 4 bytes"),
        ({**output("x", "UINT8", [1], b"\0"), "raw": b""}, "1 values has 0 bytes; it needs 1"),
        (
            {**output("x", "UINT8", [1 << 21], bytes(9)), "raw": b""},
            "9 bytes of binary data, but the body has 0",
        ),
        ({**output("x", "UINT8", [1], b"\0"), "raw": b"\0\0"}, "1 bytes of .*, .* has 2"),
        ({**output("x", "UINT8", [1], b""), "parameters": {"binary_data_size": -1}}, "whole"),
        ({**output("x", "UINT8", [1], b""), "parameters": {"binary_data_size": "1"}}, "whole"),
    ],
)
def test_refuses(found: Any, problem: str) -> None:
    """What does not add up is refused, in words."""
    with pytest.raises(CodecError, match=problem):
        read(found)


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "9999", "5, 5", "٣", "9" * 30])
def test_refuses_lengths(length: str) -> None:
    """A header that is no length within the body is refused."""
    headers = (("inference-header-content-length", length),)

    with pytest.raises(CodecError):
        OpenInference({}).read_answer(status=200, headers=headers, body=b'{"outputs": []}')


def test_refuses_a_body_without_its_header() -> None:
    """Without the header there is no telling where the JSON ends."""
    _, body = written(output("x", "UINT8", [1], b"\x07"))

    with pytest.raises(CodecError):
        OpenInference({}).read_answer(status=200, headers=(), body=body)


def test_cut_answers_are_never_scored() -> None:
    """An answer that is cut anywhere, in its JSON or in its tensors, is refused."""
    headers, body = written(
        output("scores", "FP16", [1, 2], b"\x00\x38\x00\x38"), output("w", "BYTES", [2], WORDS)
    )

    assert scored_when_cut(OpenInference({}), body, headers=headers) == []


def test_binary_request() -> None:
    """A request in binary is read: its model, and the text that it asks."""
    headers, body = written(
        output("image", "UINT8", [2], b"\x01\x02"), output("prompt", "BYTES", [1], WORDS[:7]),
        key="inputs",
    )  # fmt: skip
    request = an_exchange(body, target=TARGET, headers=headers)

    found = OpenInference({}).read_request(request)

    assert (found.model, found.question) == ("digits", Question(text="cat", source="cat"))
    assert OpenInference({"question": "inputs.image"}).read_request(request).question.text == (
        "[1, 2]"
    )
