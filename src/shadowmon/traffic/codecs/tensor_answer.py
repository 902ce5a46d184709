"""
What tensors say, in the normal form: label, probabilities, embeddings, text, numbers.

Model servers name their outputs as they like; settings say which is which, and the usual names are
known. All codecs whose answers are tensors read them here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shadowmon.errors import CodecError
from shadowmon.records import Answer
from shadowmon.traffic.codecs.codec_settings import labels_in, name_in
from shadowmon.traffic.codecs.probabilities import distribution, likeliest, softmax
from shadowmon.traffic.codecs.tensor import Tensor


TENSOR_KEYS = (
    "label_output",
    "probabilities_output",
    "embedding_output",
    "text_output",
    "labels",
)
LABEL_OUTPUTS = ("label", "labels", "class", "classes")
PROBABILITY_OUTPUTS = ("probabilities", "probability", "scores")
LOGIT_OUTPUTS = ("logits",)
EMBEDDING_OUTPUTS = ("embedding", "embeddings", "sentence_embedding")
TEXT_OUTPUTS = ("text_output", "generated_text")

_ROWS_RANK = 2
"""Dimensions of one row for each input."""


class TensorReading:
    """
    Reads an answer's outputs. Settings, all optional:

    - `label_output`: the output that holds the label; by default one called label or class.
    - `probabilities_output`: the output that holds the probabilities; by default one called
      probabilities or scores, else logits, else the only one of floating point with two
      dimensions and more than one figure in a row.
    - `embedding_output`: the output that holds one vector for each input; by default one called
      embedding or sentence_embedding.
    - `text_output`: the output that holds a text; by default one called text_output or
      generated_text.
    - `labels`: what the places of the probabilities, or the numbers of the labels, stand for; by
      default the numbers themselves.

    One exchange is one answer: of a batch (several rows) the label is all rows' labels joined by
    commas, so that two answers agree if every row does; probabilities are left out. `fields` is
    every output by its name, nested by its shape; `tensors` every one of numbers, flat.

    Raises:
        ValueError: On construction, for a setting that cannot be used; the message names the key.

    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._label_output = name_in(settings, "label_output")
        self._probabilities_output = name_in(settings, "probabilities_output")
        self._embedding_output = name_in(settings, "embedding_output")
        self._text_output = name_in(settings, "text_output")
        self._labels = labels_in(settings)

    def answer(self, tensors: Sequence[Tensor], *, model: str | None = None) -> Answer:
        """
        Return what the outputs say.

        Raises:
            CodecError: If an output that a setting names is not there, or is not what it is to be.

        """
        embedding = _called(tensors, self._embedding_output, EMBEDDING_OUTPUTS)
        rows = self._figures([tensor for tensor in tensors if tensor is not embedding])
        said = _called(tensors, self._label_output, LABEL_OUTPUTS)
        if said is not None:
            labels = [self._label(value) for value in said.data]
        else:
            labels = [likeliest(row) for row in rows]
        numbers = {tensor.name: tensor.figures() for tensor in tensors}
        return Answer(
            text=_text(_called(tensors, self._text_output, TEXT_OUTPUTS)),
            label=",".join(labels) if labels else None,
            probabilities=distribution(rows[0]) if len(rows) == 1 else None,
            fields={tensor.name: tensor.nested() for tensor in tensors},
            embeddings=() if embedding is None else _vectors(embedding),
            tensors={name: flat for name, flat in numbers.items() if flat is not None} or None,
            model=model,
        )

    def _figures(self, tensors: Sequence[Tensor]) -> list[Mapping[str, float]]:
        """Return each row's figure by label; none if no output holds any."""
        found = _called(tensors, self._probabilities_output, PROBABILITY_OUTPUTS)
        if found is not None:
            return self._by_label(found)
        logits = _called(tensors, None, LOGIT_OUTPUTS)
        if logits is not None:
            return [softmax(row) for row in self._by_label(logits)]
        real = [tensor for tensor in tensors if _may_be_probabilities(tensor)]
        return self._by_label(real[0]) if len(real) == 1 else []

    def _by_label(self, tensor: Tensor) -> list[Mapping[str, float]]:
        labels = self._labels or tuple(map(str, range(tensor.width)))
        if len(labels) != tensor.width:
            msg = (
                f"the output of probabilities has {tensor.width} figures in a row, "
                f"but the setting labels has {len(labels)}"
            )
            raise CodecError(msg)
        _check_numbers(tensor, "probabilities")
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


def _called(tensors: Sequence[Tensor], wanted: str | None, usual: Sequence[str]) -> Tensor | None:
    """Return the output of that name, or else the first with a usual one."""
    if wanted is not None:
        for tensor in tensors:
            if tensor.name == wanted:
                return tensor
        msg = f'there is no output "{wanted}", or it is too large to be read'
        raise CodecError(msg)
    by_name = {tensor.name.lower(): tensor for tensor in tensors}
    return next((by_name[name] for name in usual if name in by_name), None)


def _may_be_probabilities(tensor: Tensor) -> bool:
    is_real = tensor.datatype.startswith(("FP", "BF"))
    return is_real and tensor.width > 1 and len(tensor.shape) == _ROWS_RANK


def _vectors(tensor: Tensor) -> tuple[tuple[float, ...], ...]:
    if not 1 <= len(tensor.shape) <= _ROWS_RANK or not tensor.width:
        msg = f"an embedding has shape {list(tensor.shape)}; [inputs, dimensions] is read"
        raise CodecError(msg)
    _check_numbers(tensor, "embeddings")
    return tuple(tuple(map(float, row)) for row in tensor.rows())


def _text(tensor: Tensor | None) -> str | None:
    if tensor is None:
        return None
    if not all(isinstance(value, str) for value in tensor.data):
        msg = "the output of the text holds something else than strings"
        raise CodecError(msg)
    return "\n".join(tensor.data)


def _check_numbers(tensor: Tensor, what: str) -> None:
    if not all(type(value) in {int, float} for value in tensor.data):
        msg = f"the output of {what} holds something else than numbers"
        raise CodecError(msg)
