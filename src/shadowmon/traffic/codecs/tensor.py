"""
Tensors as the normal form needs them: by name, flat in row-major order.

Rule: an answer's tensors hold at most `CELLS_MAX` cells in all. An output beyond is left out, as if
it had not been asked for: the rest of the answer can still be measured, and nothing is measured on
half an output.
"""

from __future__ import annotations

import math
import re

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shadowmon.errors import CodecError
from shadowmon.records import NOTHING_ASKED, Question


CELLS_MAX = 1 << 20
"""Values of one message's tensors, and the lists that they are nested in: about 64 MB of memory."""
RANK_MAX = 32
"""Dimensions of one tensor, as many as numpy's arrays had."""
SIZE_MAX = 1 << 63
"""Of one dimension."""

_NOT_NUMBERS = frozenset({"BYTES", "BOOL"})
_NO_TEXT = re.compile("[\0-\x08\x0e-\x1f\ufffd]")
"""What an image has within its first bytes, and a text nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One input or output."""

    name: str
    shape: tuple[int, ...]
    datatype: str
    """In the words of the Open Inference Protocol: BYTES, BOOL, INT8, …, FP64."""
    data: list[Any]
    """Flat, in row-major order. A figure that is not finite is None."""

    @property
    def width(self) -> int:
        """The last dimension: how many values one row has."""
        return self.shape[-1] if self.shape else 1

    def rows(self) -> list[list[Any]]:
        """Return the data, cut into rows along the last dimension; none if it is empty."""
        width = self.width
        if not width:
            return []
        return [self.data[at : at + width] for at in range(0, len(self.data), width)]

    def figures(self) -> tuple[float, ...] | None:
        """Return the data as numbers; None if it is something else, or holds something else."""
        if self.datatype in _NOT_NUMBERS or not all(type(v) in {int, float} for v in self.data):
            return None
        return tuple(map(float, self.data))

    def nested(self) -> Any:  # noqa: ANN401 - lists in lists
        """Return the data in lists of lists, by its shape."""
        if not self.shape:
            return self.data[0]
        data = self.data
        for width in reversed(self.shape[1:]):
            if not width:
                return []
            data = [data[at : at + width] for at in range(0, len(data), width)]
        return data


def shape_of(found: object) -> tuple[int, ...]:
    """
    Read a shape.

    Raises:
        CodecError: If it is no list of whole numbers, or longer or larger than any real one.

    """
    if not isinstance(found, list) or not all(type(n) is int and n >= 0 for n in found):
        msg = "a shape is not a list of whole numbers"
        raise CodecError(msg)
    # Before anything is multiplied: a product of many long numbers takes minutes.
    if len(found) > RANK_MAX or any(n >= SIZE_MAX for n in found):
        msg = f"a shape has more than {RANK_MAX} dimensions, or one of {SIZE_MAX} or more"
        raise CodecError(msg)
    return tuple(found)


def cells(shape: Sequence[int]) -> int:
    """Return how many values a tensor has, and lists when it is nested."""
    return sum(math.prod(shape[:rank]) for rank in range(1, len(shape) + 1)) or 1


def flat(data: list[Any]) -> list[Any]:
    """Return the values in row-major order, whether they came nested or flat."""
    values: list[Any] = []
    _gather(data, values)
    return values


def tensor_in(name: str, value: object) -> Tensor | None:
    """
    Return the tensor that nested lists are, where no shape and no type is told.

    None if they are none: of unequal lengths, of several types, or too large.
    """
    shape: list[int] = []
    inner = value
    while isinstance(inner, list):
        shape.append(len(inner))
        inner = inner[0] if inner else None
    if cells(shape) > CELLS_MAX or len(shape) > RANK_MAX:
        return None
    data = flat(value) if isinstance(value, list) else [value]
    datatype = _datatype(data)
    if datatype is None or len(data) != math.prod(shape):
        return None
    found = Tensor(name=name, shape=tuple(shape), datatype=datatype, data=data)
    return found if found.nested() == value else None


def asked(tensors: Sequence[Tensor]) -> Question:
    """Return what inputs ask: the strings of the one input that has any, if they are text."""
    texts = [tensor.data for tensor in tensors if tensor.datatype == "BYTES"]
    if len(texts) != 1:
        return NOTHING_ASKED
    (lines,) = texts
    if not all(isinstance(line, str) and not _NO_TEXT.search(line) for line in lines):
        return NOTHING_ASKED
    text = "\n".join(lines)
    return Question(text=text, source=text, documents=tuple(lines) if len(lines) > 1 else ())


def _gather(data: list[Any], values: list[Any]) -> None:
    """Append what lists of lists hold. They are no deeper than `strict_json.DEPTH_MAX`."""
    for item in data:
        if isinstance(item, list):
            _gather(item, values)
        else:
            values.append(item)


def _datatype(data: Sequence[object]) -> str | None:
    kinds = {type(value) for value in data}
    if kinds <= {int}:
        return "INT64"
    if kinds <= {int, float}:
        return "FP64"
    return {str: "BYTES", bool: "BOOL"}.get(kinds.pop()) if len(kinds) == 1 else None
