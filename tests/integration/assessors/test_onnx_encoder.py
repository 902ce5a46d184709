"""The local encoder, with a model of five words that is built here."""

from __future__ import annotations

import asyncio
import json

import numpy as np
import onnx
import pytest

from onnx import TensorProto, helper, numpy_helper

from shadowmon.assessors.onnx_encoder import OnnxEncoder
from shadowmon.assessors.semantic import SemanticAssessor
from shadowmon.assessors.settings import Embedder, SemanticSettings
from shadowmon.errors import ConfigError
from tests.factories import a_pair, a_reply
from tests.integration.assessors.endpoints import HandClock


WORDS = {"[PAD]": 0, "[UNK]": 1, "cat": 2, "kitten": 3, "car": 4}
TABLE = np.array([[9, 9], [5, 5], [1, 0], [0.6, 0.8], [0, 1]], np.float32)
"""A vector for each word; the padding's must never be counted in."""


def build(folder, *, inputs=("input_ids", "attention_mask", "token_type_ids"), pooled=False):
    """Write a model whose tokens' vectors are looked up in `TABLE`."""
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["tokens"])]
    if pooled:
        nodes.append(helper.make_node("ReduceMean", ["tokens", "axis"], ["out"], keepdims=0))
    else:
        nodes.append(helper.make_node("Identity", ["tokens"], ["out"]))
    graph = helper.make_graph(
        nodes,
        "words",
        [helper.make_tensor_value_info(n, TensorProto.INT64, ["texts", "n"]) for n in inputs],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
        [
            numpy_helper.from_array(TABLE, "table"),
            numpy_helper.from_array(np.array([1], np.int64), "axis"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, folder / "model.onnx")
    (folder / "tokenizer.json").write_text(
        json.dumps(
            {
                "version": "1.0",
                "added_tokens": [],
                "pre_tokenizer": {"type": "Whitespace"},
                "model": {"type": "WordLevel", "vocab": WORDS, "unk_token": "[UNK]"},
            }
        )
    )
    return folder


async def test_mean_over_the_texts_own_tokens(tmp_path):
    """Texts of different lengths share a batch, and the padding of the shorter is left out."""
    async with OnnxEncoder(build(tmp_path)) as encoder:
        cat, both = await encoder.embed(["cat", "cat car cat car"])
    assert cat == pytest.approx([1, 0])
    assert both == pytest.approx([0.5**0.5] * 2)


@pytest.mark.parametrize("inputs", [("input_ids",), ("input_ids", "attention_mask")])
async def test_models_with_fewer_inputs(tmp_path, inputs):
    """A model is given the inputs that it has."""
    async with OnnxEncoder(build(tmp_path, inputs=inputs)) as encoder:
        (kitten,) = await encoder.embed(["kitten"])
    assert kitten == pytest.approx([0.6, 0.8])


async def test_model_that_pools_itself(tmp_path):
    """A model that gives one vector for each text is taken at its word."""
    async with OnnxEncoder(build(tmp_path, pooled=True)) as encoder:
        (both,) = await encoder.embed(["cat car"])
    assert both == pytest.approx([0.5**0.5] * 2)


async def test_semantic_assessor_with_a_local_model(tmp_path):
    """The whole way: a pair in, a distance out."""
    settings = SemanticSettings(
        kind=Embedder.ONNX, onnx_folder=build(tmp_path), unrelated_cosine=0.0
    )
    async with SemanticAssessor(settings, HandClock()) as assessor:
        found = await assessor.assess(a_pair(a_reply("cat"), a_reply("kitten")))
    assert found["semantic_divergence"].distance == pytest.approx(0.4, abs=1e-6)


async def test_event_loop_goes_on(tmp_path):
    """While hundreds of long texts are encoded, the loop keeps turning."""
    async with OnnxEncoder(build(tmp_path)) as encoder, asyncio.TaskGroup() as group:
        work = group.create_task(encoder.embed(["cat car kitten " * 400] * 300))
        turns = 0
        while not work.done():
            await asyncio.sleep(0.001)
            turns += 1
    assert turns > 10


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "model.onnx: there is no such file"),
        ({"model.onnx": b"x"}, "tokenizer.json: there is no such file"),
        ({"model.onnx": b"x", "tokenizer.json": b"{}"}, "the model cannot be read"),
    ],
)
def test_folder_without_a_model(tmp_path, files, problem):
    """A folder that holds no such model is refused, with the key and what is wrong."""
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=rf"assessors\.semantic\.onnx_folder: .*{problem}"):
        OnnxEncoder(tmp_path)


def test_missing_extra_is_named(tmp_path, monkeypatch):
    """Without the extra the message says how to install it."""
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(ConfigError, match=r"shadowmon\[semantic\]"):
        OnnxEncoder(tmp_path)
