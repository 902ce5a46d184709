"""
Texts -> vectors, by three APIs: OpenAI's embeddings, Text Embeddings Inference, Ollama.

A vector is of length 1 (L2), 32-bit, and has as many places as every other of the same answer; what
is not so is refused, for a cosine of it would be a made-up figure.
"""

from __future__ import annotations

import base64
import binascii

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from shadowmon.assessors.endpoint import Endpoint, Trouble, UnansweredError, read, written
from shadowmon.assessors.settings import Embedder, SemanticSettings


Vector: TypeAlias = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Whatever turns texts into vectors."""

    async def __aenter__(self) -> Self:
        """Open a connection, load a model."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        ...

    def trouble(self) -> Trouble | None:
        """Say why nothing is to be asked now; None if it may be."""
        ...

    def fails(self) -> bool:
        """Did it fail when it was last asked?"""
        ...

    def cut(self, text: str) -> str:
        """Return the part of a text that is embedded."""
        ...

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """
        Return the texts' vectors, in order.

        Raises:
            UnansweredError: If there are none.

        """
        ...


class EndpointEncoder:
    """An embeddings endpoint."""

    def __init__(self, settings: SemanticSettings, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._dialect = DIALECTS[settings.kind]
        self._settings = settings

    async def __aenter__(self) -> Self:
        await self._endpoint.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._endpoint.__aexit__(kind, error, trace)

    def trouble(self) -> Trouble | None:
        """See `Encoder.trouble`."""
        return self._endpoint.trouble()

    def fails(self) -> bool:
        """See `Encoder.fails`."""
        return self._endpoint.fails

    def cut(self, text: str) -> str:
        """See `Encoder.cut`."""
        return self._endpoint.cut(text)

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """See `Encoder.embed`."""
        asked = self._dialect.request(
            texts, self._endpoint.settings.model, self._settings.dimensions
        )
        answer = await self._endpoint.post(self._dialect.path, written(asked))
        return unit_vectors(self._dialect.vectors(answer), count=len(texts))


def unit_vectors(rows: Sequence[npt.ArrayLike], *, count: int) -> list[Vector]:
    """
    Return `count` vectors of length 1.

    Raises:
        UnansweredError: `bad_answer`, if they are not as many, of different sizes, not finite, or
            nothing but zeros.

    """
    try:
        found = np.asarray(rows, np.float64)
    except ValueError:  # rows of different lengths
        raise UnansweredError(Trouble.BAD_ANSWER) from None
    if found.ndim != 2 or found.shape[0] != count or not found.shape[1]:  # noqa: PLR2004 - a matrix
        raise UnansweredError(Trouble.BAD_ANSWER)
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or not lengths.all():
        raise UnansweredError(Trouble.BAD_ANSWER)
    return list((found / lengths).astype(np.float32))


# --- How each API is spoken ------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One API."""

    path: str
    request: Callable[[Sequence[str], str, int | None], Mapping[str, Any]]
    """Texts, model and dimensions -> the body."""
    vectors: Callable[[bytes], Sequence[npt.ArrayLike]]
    """The answer's body -> vectors in the order of the texts."""


class _Row(msgspec.Struct):
    embedding: list[float] | str
    index: int


class _Rows(msgspec.Struct):
    data: list[_Row]


class _Embeddings(msgspec.Struct):
    embeddings: list[list[float]]


def _openai_request(texts: Sequence[str], model: str, dimensions: int | None) -> Mapping[str, Any]:
    """https://platform.openai.com/docs/api-reference/embeddings/create."""
    sized = {} if dimensions is None else {"dimensions": dimensions}
    return {"model": model, "input": list(texts), "encoding_format": "base64", **sized}


def _openai_vectors(body: bytes) -> Sequence[npt.ArrayLike]:
    """Read lists, or base64 of little-endian 32-bit floats; a row says which text it is of."""
    rows = sorted(read(body, _Rows).data, key=lambda row: row.index)
    if [row.index for row in rows] != list(range(len(rows))):
        raise UnansweredError(Trouble.BAD_ANSWER)
    return [
        _from_base64(row.embedding) if isinstance(row.embedding, str) else row.embedding
        for row in rows
    ]


def _from_base64(text: str) -> Vector:
    try:
        return np.frombuffer(base64.b64decode(text, validate=True), "<f4")
    except (binascii.Error, ValueError):
        raise UnansweredError(Trouble.BAD_ANSWER) from None


def _tei_request(texts: Sequence[str], _model: str, _dimensions: int | None) -> Mapping[str, Any]:
    """https://huggingface.github.io/text-embeddings-inference: it serves one model."""
    return {"inputs": list(texts), "truncate": True}


def _ollama_request(texts: Sequence[str], model: str, dimensions: int | None) -> Mapping[str, Any]:
    """https://docs.ollama.com/api/embed."""
    sized = {} if dimensions is None else {"dimensions": dimensions}
    return {"model": model, "input": list(texts), "truncate": True, **sized}


DIALECTS: Mapping[Embedder, Dialect] = {
    Embedder.OPENAI: Dialect(path="/embeddings", request=_openai_request, vectors=_openai_vectors),
    Embedder.TEI: Dialect(
        path="/embed", request=_tei_request, vectors=lambda body: read(body, list[list[float]])
    ),
    Embedder.OLLAMA: Dialect(
        path="/api/embed",
        request=_ollama_request,
        vectors=lambda body: read(body, _Embeddings).embeddings,
    ),
}
