"""What one call costs."""

from __future__ import annotations

import time

from collections.abc import Callable, Sequence
from statistics import median


def microseconds(
    measures: Sequence[Callable[..., object]],
    arguments: Sequence[tuple[object, ...]],
    rounds: int,
) -> list[float]:
    """Return the time of one call of each measure: rounds in turn, the median of each."""
    taken: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds):
        for measure, seconds in zip(measures, taken, strict=True):
            began = time.perf_counter()
            for each in arguments:
                measure(*each)
            seconds.append(time.perf_counter() - began)
    return [median(seconds) / len(arguments) * 1e6 for seconds in taken]
