"""
How far apart are two answers in meaning? Asked of an embeddings endpoint, or of a local encoder.

Identical texts go the same way as others: were they told to be at no distance while the endpoint is
down, only they would be counted then.

A text that the encoder refuses, where it read the baseline's, is the optimized model's doing:
missing, and not unavailable.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from shadowmon.assessors.embedders import Encoder, EndpointEncoder, Vector
from shadowmon.assessors.endpoint import FROM_THE_TEXTS, Endpoint, Trouble
from shadowmon.assessors.settings import Embedder, SemanticSettings
from shadowmon.assessors.spoken import OPTIMIZED_FAILED, words_of
from shadowmon.assessors.unrelated import Unrelated, distance
from shadowmon.assessors.vectors import Found, Vectors
from shadowmon.clock import Clock
from shadowmon.errors import Complaint, ConfigError
from shadowmon.records import Assessment, Pair, TrialId
from shadowmon.scoring.semantic import SEMANTIC_DIVERGENCE


_ANSWER_MAX_BYTES = 64 * 1024 * 1024
"""A batch of 2,048 vectors of 4,096 places in base64 takes 45 MB."""
_SAYS_NOTHING = Assessment(distance=1.0)


class SemanticAssessor:
    """See `Assessor`; it learns each trial's yardstick before it tells a distance."""

    metrics: tuple[str, ...] = (SEMANTIC_DIVERGENCE,)

    def __init__(self, settings: SemanticSettings, clock: Clock) -> None:
        """
        Prepare the encoder; nothing is opened yet.

        Raises:
            ConfigError: If there is no endpoint and no folder of a model, or the extra is missing.

        """
        self._settings = settings
        self._encoder = _encoder(settings, clock)
        self._vectors = Vectors(
            self._encoder, clock, batch_max=settings.batch_max, cache_max=settings.cache_max
        )
        self._yardsticks: dict[TrialId, Unrelated] = {}

    async def __aenter__(self) -> Self:
        await self._vectors.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._vectors.__aexit__(kind, error, trace)

    async def assess(self, pair: Pair) -> Mapping[str, Assessment]:
        """See `Assessor.assess`."""
        words = words_of(pair)
        if words is None:
            return {}
        return {SEMANTIC_DIVERGENCE: await self._found(pair, words.baseline, words.optimized)}

    async def _found(self, pair: Pair, baseline: str, optimized: str | None) -> Assessment:
        if trouble := self._encoder.trouble():
            return Assessment(unavailable=trouble)
        yardstick = self._yardstick(pair.trial_id)
        if yardstick.cosine is None:
            return await self._learn(yardstick, baseline)
        expected, *rest = await self._vectors.of(baseline, *([optimized] if optimized else []))
        if isinstance(expected, Trouble):
            return Assessment(unavailable=expected)
        if optimized is None:
            return OPTIMIZED_FAILED
        return _compared(expected, rest[0], yardstick.cosine) if rest else _SAYS_NOTHING

    async def _learn(self, yardstick: Unrelated, baseline: str) -> Assessment:
        (found,) = await self._vectors.of(baseline)
        if isinstance(found, Trouble):
            return Assessment(unavailable=found)
        yardstick.learn(found)
        return Assessment(unavailable="learning")

    def _yardstick(self, trial_id: TrialId) -> Unrelated:
        if trial_id not in self._yardsticks:
            self._yardsticks[trial_id] = Unrelated(
                learn_from=self._settings.learn_from, known=self._settings.unrelated_cosine
            )
        return self._yardsticks[trial_id]


def _compared(expected: Vector, found: Found, unrelated: float) -> Assessment:
    if isinstance(found, Trouble):
        if found in FROM_THE_TEXTS:
            return Assessment(missing=f"optimized_{found}")
        return Assessment(unavailable=found)
    if found.shape != expected.shape:  # another model answers there by now
        return Assessment(unavailable=Trouble.BAD_ANSWER)
    return Assessment(distance=distance(expected, found, unrelated=unrelated))


def _encoder(settings: SemanticSettings, clock: Clock) -> Encoder:
    if settings.kind is Embedder.ONNX:
        from shadowmon.assessors.onnx_encoder import OnnxEncoder  # noqa: PLC0415 - an extra

        return OnnxEncoder(settings.onnx_folder)
    if settings.endpoint is None:
        complaint = Complaint(
            key="assessors.semantic.endpoint",
            problem=f"kind {settings.kind} needs an endpoint",
            hint='give its url, or set kind to "onnx" and name an onnx_folder',
        )
        raise ConfigError(complaint)
    endpoint = Endpoint(settings.endpoint, clock, answer_max_bytes=_ANSWER_MAX_BYTES)
    return EndpointEncoder(settings, endpoint)
