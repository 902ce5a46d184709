"""Embeddings as OpenAI's API answers them: lists of numbers, or base64 of little-endian float32."""

from __future__ import annotations

import base64
import binascii
import math
import struct

from collections.abc import Mapping
from typing import Any

from shadowmon.errors import CodecError
from shadowmon.records import Answer
from shadowmon.traffic.codecs import parts
from shadowmon.traffic.codecs.shapes import inner, string
from shadowmon.traffic.codecs.usage import openai_usage


_FLOAT_BYTES = 4


def read_json(found: Mapping[str, Any]) -> Answer:
    """
    Read {data: [{index, embedding}, ...], model, usage}; vectors come in the order of `index`.

    Raises:
        CodecError: If a vector is not of finite numbers, or two have the same index.

    """
    vectors: dict[int, tuple[float, ...]] = {}
    for place, item in enumerate(parts.json_list(found.get("data"), "data")):
        entry = parts.json_object(item, "an embedding")
        index = entry.get("index", place)
        if type(index) is not int or index in vectors:
            msg = "an embedding's index is not a number of its own"
            raise CodecError(msg)
        vectors[index] = _vector(entry.get("embedding"))
    usage = openai_usage(inner(found, "usage"))
    return Answer(
        embeddings=tuple(vectors[index] for index in sorted(vectors)),
        input_tokens=usage.input_tokens,
        model=string(found, "model") or None,
    )


def _vector(value: object) -> tuple[float, ...]:
    if isinstance(value, str):
        return _unpacked(value)
    return parts.vector(value, "an embedding's vector")


def _unpacked(text: str) -> tuple[float, ...]:
    try:
        packed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        packed = b"?"  # of no length that floats have
    count, rest = divmod(len(packed), _FLOAT_BYTES)
    if rest:
        msg = "an embedding's vector is not base64 of float32 numbers"
        raise CodecError(msg)
    vector = struct.unpack(f"<{count}f", packed)
    if not all(map(math.isfinite, vector)):
        msg = "an embedding's vector has a number that is not finite"
        raise CodecError(msg)
    return vector
