"""
Did only one of the two models read the prompt from a cache? Then their times say nothing. Pure.

Production's call fills a cache that the shadow call then finds warm, or the other way round: one
model is faster because it was second. Where both read from a cache, or neither did, or a wire does
not tell, times stand as they are. A pair that is left out is left out of times alone; its failures
and its content count as ever.
"""

from __future__ import annotations

from shadowmon.records import Answer


NEITHER, BASELINE, OPTIMIZED, BOTH = "neither", "baseline", "optimized", "both"
CACHED = (NEITHER, BASELINE, OPTIMIZED, BOTH)

_MUCH = 0.1
"""Of the prompt. Less makes no difference that would show in a time."""


def cached_by(baseline: Answer | None, optimized: Answer | None) -> str:
    """Say which model read much of the prompt from a cache, as far as the wires tell."""
    return {
        (False, False): NEITHER,
        (True, False): BASELINE,
        (False, True): OPTIMIZED,
        (True, True): BOTH,
    }[_is_warm(baseline), _is_warm(optimized)]


def is_uneven(baseline: Answer, optimized: Answer) -> bool:
    """Say whether one model alone read from a cache, and the other told that it did not."""
    if baseline.cached_tokens is None or optimized.cached_tokens is None:
        return False
    return _is_warm(baseline) != _is_warm(optimized)


def _is_warm(answer: Answer | None) -> bool:
    if answer is None or not answer.cached_tokens:
        return False
    return answer.cached_tokens >= _MUCH * (answer.input_tokens or 0)
