"""A forecast's curve, drawn with plain characters."""

from __future__ import annotations

import math

from collections.abc import Iterator, Sequence

from shadowmon.console.plain import plain
from shadowmon.daemon.forecast import TrialForecast
from shadowmon.policy.sentences import percent


_ROWS = 14
_UP, _DOWN, _BOTH = "*", "o", "#"


def plot(found: TrialForecast) -> Iterator[str]:
    """Draw the pairs that a true loss takes, on a logarithmic scale, with plain characters."""
    pairs = [each for _, up, down in found.curve for each in (up, down) if 0 < each < math.inf]
    if not pairs:
        return
    low, high = math.floor(math.log10(min(pairs))), math.ceil(math.log10(max(pairs)))
    high = max(high, low + 1)
    rows = [[" "] * len(found.curve) for _ in range(_ROWS)]
    for column, (_, up, down) in enumerate(found.curve):
        for value, mark in ((up, _UP), (down, _DOWN)):
            if 0 < value < math.inf:
                at = round((high - math.log10(value)) / (high - low) * (_ROWS - 1))
                rows[at][column] = mark if rows[at][column] == " " else _BOTH
    yield ""
    yield f"median pairs until it is proven, by the true loss of {plain(found.plan.primary)}:"
    yield f"{_UP} climb, {_DOWN} all traffic taken away; where there is no mark: never"
    for at, row in enumerate(rows):
        yield f"{_label(at, low, high):>9} |{''.join(row)}".rstrip()
    yield " " * 10 + "+" + "-" * len(found.curve)
    yield " " * 11 + _axis(found.curve)


def _label(at: int, low: int, high: int) -> str:
    """Return the power of ten that is nearest to a row, if it is this row's."""
    for power in range(low, high + 1):
        if round((high - power) / (high - low) * (_ROWS - 1)) == at:
            return f"{10**power:,}"
    return ""


def _axis(curve: Sequence[tuple[float, float, float]]) -> str:
    """Write the losses below their columns."""
    text = ""
    for at in range(0, len(curve), 15):
        text = text.ljust(at) + percent(curve[at][0])
    return text
