"""Open Inference Protocol bodies."""

from __future__ import annotations

import json

import numpy as np
import pytest

from shadowmon.demo import tensors


PIXELS = [0.5] * 64


def a_request(**changes):
    """Return the body of a good request; any field of its tensor may be named."""
    tensor = {"name": "pixels", "shape": [1, 64], "datatype": "FP32", "data": PIXELS} | changes
    return json.dumps({"inputs": [tensor]}).encode()


def test_what_is_asked_is_read():
    """A client's own body is read back to the same pixels."""
    pixels = np.linspace(0, 1, 64, dtype=np.float32)

    images, request_id = tensors.read_request(tensors.ask(pixels))

    assert np.allclose(images, [pixels], atol=1e-6)
    assert request_id is None


def test_nested_data_is_read_like_flat():
    """The protocol lets data be nested as its shape says."""
    images, _ = tensors.read_request(a_request(shape=[2, 64], data=[PIXELS, PIXELS]))

    assert images.shape == (2, 64)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "not an inference request"),
        (b"[]", "not an inference request"),
        (b"{}", "missing required field `inputs`"),
        (b'{"inputs": []}', r"exactly one input `pixels` is wanted, found \[\]"),
        (a_request(name="image"), r"exactly one input `pixels` is wanted, found \['image'\]"),
        (a_request(datatype="INT8"), "must be FP32, found INT8"),
        (a_request(shape=[64]), r"must have shape \[n, 64\] with n from 1 to 256, found \[64\]"),
        (a_request(shape=[0, 64], data=[]), "must have shape"),
        (a_request(shape=[257, 64]), "must have shape"),
        (a_request(data=PIXELS[:-1]), "must hold 64 finite numbers, found 63"),
        (a_request(data=["x"] * 64), "must hold numbers only"),
        (a_request(data=[None] * 64), "must hold 64 finite numbers"),
        (a_request(data=[[0.5], [0.5, 0.5]]), "must hold numbers only"),
        (a_request(data=[1e300] * 64), "must hold 64 finite numbers"),
    ],
)
def test_bad_request_is_told_what_is_wrong(body, problem):
    """What cannot be answered is refused with the reason."""
    with pytest.raises(ValueError, match=problem):
        tensors.read_request(body)


def test_answer_has_label_and_probabilities():
    """An answer names its model and gives the likeliest digit as BYTES beside its probabilities."""
    probabilities = np.full((1, 10), 0.05, np.float32)
    probabilities[0, 7] = 0.55

    body = tensors.write_answer(probabilities, name="digits", version="int8", request_id="r1")

    answer = json.loads(body)
    assert (answer["model_name"], answer["model_version"]) == ("digits", "int8")
    assert answer["id"] == "r1"
    label, shares = answer["outputs"]
    assert label == {"name": "label", "datatype": "BYTES", "shape": [1], "data": ["7"]}
    assert (shares["name"], shares["datatype"], shares["shape"]) == (
        "probabilities",
        "FP32",
        [1, 10],
    )
    assert np.allclose(shares["data"], probabilities[0])
    assert tensors.read_answer(body) == ("int8", "7")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"error": "no"}', b"<html>"])
def test_other_answer_is_refused(body):
    """An answer without a label is an error for the user who waits for one."""
    with pytest.raises(ValueError, match="not an answer with a label"):
        tensors.read_answer(body)
