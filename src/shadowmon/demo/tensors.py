"""
One digit's request and answer as JSON of the Open Inference Protocol, version 2; no I/O.

The protocol: KServe's "Open Inference Protocol (V2)", REST, `InferenceRequest` and
`InferenceResponse`. The demo's models take one input `pixels` (FP32, shape [n, 64]) and give two
outputs: `label` (BYTES, [n]) and `probabilities` (FP32, [n, 10]).
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from shadowmon.demo.digits import CLASSES, PIXELS, Floats


IMAGES_MAX = 256
"""Images in one request; more are refused."""


class InputTensor(msgspec.Struct, kw_only=True):
    """One of a request's inputs."""

    name: str
    shape: list[int]
    datatype: str
    data: list[Any]
    """Flat, or nested as the shape says: both are row-major."""


class InferRequest(msgspec.Struct, kw_only=True):
    """What a client asks; fields that are not named here are let through."""

    inputs: list[InputTensor]
    id: str | None = None


class OutputTensor(msgspec.Struct, kw_only=True):
    """One of an answer's outputs; data is flat."""

    name: str
    datatype: str
    shape: list[int]
    data: list[Any]


class InferAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the server answers."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[OutputTensor]


_REQUEST = msgspec.json.Decoder(InferRequest)
_ANSWER = msgspec.json.Decoder(InferAnswer)


def ask(pixels: Floats) -> bytes:
    """Return the body of a request about one image: 64 pixels in [0, 1]."""
    tensor = {
        "name": "pixels",
        "shape": [1, PIXELS],
        "datatype": "FP32",
        "data": [round(float(pixel), 6) for pixel in pixels],
    }
    return msgspec.json.encode({"inputs": [tensor]})


def read_request(body: bytes) -> tuple[Floats, str | None]:
    """
    Return a request's images, one row each, and the id that the client gave it.

    Raises:
        ValueError: If the body is no request that these models can answer; says what is wrong.

    """
    try:
        request = _REQUEST.decode(body)
    except msgspec.DecodeError as error:
        msg = f"not an inference request: {error}"
        raise ValueError(msg) from error
    if [tensor.name for tensor in request.inputs] != ["pixels"]:
        names = [tensor.name for tensor in request.inputs]
        msg = f"exactly one input `pixels` is wanted, found {names}"
        raise ValueError(msg)
    return _images(request.inputs[0]), request.id


def _images(tensor: InputTensor) -> Floats:
    if tensor.datatype != "FP32":
        msg = f"input `pixels` must be FP32, found {tensor.datatype}"
        raise ValueError(msg)
    match tensor.shape:
        case [count, columns] if 1 <= count <= IMAGES_MAX and columns == PIXELS:
            pass
        case shape:
            wanted = f"[n, {PIXELS}] with n from 1 to {IMAGES_MAX}"
            msg = f"input `pixels` must have shape {wanted}, found {shape}"
            raise ValueError(msg)
    try:
        with np.errstate(over="ignore"):  # too large for FP32 is infinite, and refused as such
            numbers = np.asarray(tensor.data, dtype=np.float32).reshape(-1)
    except (TypeError, ValueError, OverflowError) as error:
        msg = f"input `pixels` must hold numbers only: {error}"
        raise ValueError(msg) from error
    if numbers.size != count * columns or not np.isfinite(numbers).all():
        msg = f"input `pixels` must hold {count * columns} finite numbers, found {numbers.size}"
        raise ValueError(msg)
    return numbers.reshape(count, columns)


def write_answer(
    probabilities: Floats, *, name: str, version: str, request_id: str | None
) -> bytes:
    """Return the body of an answer; one row of `probabilities` for each image."""
    count = len(probabilities)
    labels = [str(label) for label in probabilities.argmax(axis=1)]
    answer = InferAnswer(
        model_name=name,
        model_version=version,
        id=request_id,
        outputs=[
            OutputTensor(name="label", datatype="BYTES", shape=[count], data=labels),
            OutputTensor(
                name="probabilities",
                datatype="FP32",
                shape=[count, CLASSES],
                data=probabilities.reshape(-1).tolist(),
            ),
        ],
    )
    return msgspec.json.encode(answer)


def read_answer(body: bytes) -> tuple[str, str]:
    """
    Return an answer's model version and its label for the first image.

    Raises:
        ValueError: If the body is no such answer.

    """
    try:
        answer = _ANSWER.decode(body)
        label = next(tensor.data[0] for tensor in answer.outputs if tensor.name == "label")
    except (msgspec.DecodeError, StopIteration, IndexError) as error:
        msg = f"not an answer with a label: {error!r}"
        raise ValueError(msg) from error
    return answer.model_version, str(label)
