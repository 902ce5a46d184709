"""
A sentence encoder on this machine: ONNX Runtime and a tokenizer, both of the operator's model.

The folder holds model.onnx and tokenizer.json, as Hugging Face's exporters write them for the BERT
family. Its inputs are `input_ids`, and `attention_mask` and `token_type_ids` if it has them; its
output is a vector for each text, or one for each token: then their mean over the text's tokens
(Reimers and Gurevych, Sentence-BERT, EMNLP 2019).

It runs in one thread of its own, so that the event loop goes on; ONNX Runtime and the tokenizer let
go of Python's lock while they work. It takes some 20 to 40 ms a text on one core.
"""

from __future__ import annotations

import asyncio

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from shadowmon.assessors.embedders import Vector, unit_vectors
from shadowmon.assessors.endpoint import Trouble, UnansweredError
from shadowmon.errors import Complaint, ConfigError


_TOKENS_MAX = 512
"""Of a text, where tokenizer.json does not say where to cut."""
_CHARS_MAX = 20_000
_TEXTS_AT_ONCE = 8
"""More bring nothing on one core, and take longer to be given up."""
_KEY = "assessors.semantic.onnx_folder"


class OnnxEncoder:
    """See `Encoder`. It is never in trouble: it asks nobody."""

    def __init__(self, folder: Path | None) -> None:
        """
        Load the model.

        Raises:
            ConfigError: If the extra is not installed, or the folder does not hold such a model.

        """
        self._session, self._tokenizer = _loaded(folder)
        self._inputs = {each.name for each in self._session.get_inputs()}
        self._thread: ThreadPoolExecutor | None = None

    async def __aenter__(self) -> Self:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="onnx-encoder")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def trouble(self) -> Trouble | None:
        """See `Encoder.trouble`."""
        return None

    def fails(self) -> bool:
        """See `Encoder.fails`."""
        return False

    def cut(self, text: str) -> str:
        """See `Encoder.cut`; the tokenizer cuts as well."""
        return text[:_CHARS_MAX].encode("utf-8", "replace").decode()

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """See `Encoder.embed`. What the model cannot take is `refused`."""
        loop = asyncio.get_running_loop()
        found: list[Vector] = []
        for at in range(0, len(texts), _TEXTS_AT_ONCE):
            some = texts[at : at + _TEXTS_AT_ONCE]
            found += await loop.run_in_executor(self._thread, self._run, some)
        return found

    def _run(self, texts: Sequence[str]) -> list[Vector]:
        encoded = self._tokenizer.encode_batch(list(texts))
        mask = np.array([each.attention_mask for each in encoded], np.int64)
        given = {
            "input_ids": np.array([each.ids for each in encoded], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        try:
            output = self._session.run(
                None, {name: given[name] for name in given if name in self._inputs}
            )[0]
        except Exception as error:  # ONNX Runtime's own classes differ from version to version
            raise UnansweredError(Trouble.REFUSED) from error
        return unit_vectors(list(_pooled(np.asarray(output, np.float64), mask)), count=len(texts))


def _pooled(output: np.ndarray[Any, Any], mask: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return one row for each text, of [texts, places] or of [texts, tokens, places]."""
    if output.ndim != 3:  # noqa: PLR2004 - texts, tokens, places
        return output
    weights = mask[:, :, None]
    return np.asarray((output * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1))


def _loaded(folder: Path | None) -> tuple[Any, Any]:
    if folder is None:
        raise _wrong(problem="names no folder", hint="it holds model.onnx and tokenizer.json")
    try:
        import onnxruntime  # type: ignore[import-untyped] # noqa: PLC0415 - an extra without stubs
        import tokenizers  # noqa: PLC0415
    except ImportError as error:
        raise _wrong(
            problem=f"{error.name} is not installed", hint="pip install 'shadowmon[semantic]'"
        ) from error
    for name in ("model.onnx", "tokenizer.json"):
        if not (folder / name).is_file():
            raise _wrong(problem=f"{folder / name}: there is no such file")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # both libraries raise classes of their own, or Exception itself
        raise _wrong(problem=f"the model cannot be read: {error}") from error
    if tokenizer.truncation is None:
        tokenizer.enable_truncation(_TOKENS_MAX)
    tokenizer.enable_padding(**_padding(tokenizer))
    return session, tokenizer


def _padding(tokenizer: Any) -> dict[str, Any]:  # noqa: ANN401 - the extra's class
    """Keep the model's own padding token; pad to the longest of the texts."""
    return {**(tokenizer.padding or {}), "length": None}


def _wrong(*, problem: str, hint: str = "") -> ConfigError:
    return ConfigError(Complaint(key=_KEY, problem=problem, hint=hint))
