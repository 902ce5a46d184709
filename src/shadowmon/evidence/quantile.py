"""
Is the optimized model's slowest part slower? A limit on a quantile becomes a limit on a rise.

Let q be the baseline's p-quantile as measured on the block of pairs *before* this one. With

    x = 1{optimized > (1 + rise) q} - 1{baseline > q}

the mean of x is above 0 if the optimized model goes beyond (1 + rise) q more often than the
baseline goes beyond q: with q at the true quantile, exactly if its own p-quantile is more than
(1 + rise) times the baseline's. So it is a verdicts metric, slow or not slow, held to an absolute
rise of 0, and the bets on it are exact, for q was fixed before the pair came. That it is but an
estimate, or that traffic has drifted since, moves the point that is compared; where a model is
slower by one factor throughout, the comparison holds at any point. (To compare two estimated
quantiles would need their joint law.) Durations that come in steps are compared to within a step.
Statistics, section 2: type I at most .04 with drift where .05 is promised.

The first block measures nothing. Each replica may have its own blocks.
"""

from __future__ import annotations

import math

from collections.abc import Mapping
from typing import Any, Self


class QuantileOfBefore:
    """The baseline's p-quantile on the last full block, and the block that is being filled."""

    __slots__ = ("_block", "_p", "_quantile", "_values")

    def __init__(self, p: float, block: int) -> None:
        """
        Begin with nothing known.

        Args:
            p: Which quantile, in (0, 1).
            block: Pairs that it is measured on; at least 10 / (1 - p), so that ten lie beyond it.

        Raises:
            ValueError: If p is no probability or the block is too small.

        """
        if not 0 < p < 1:
            message = f"quantile {p}: allowed is above 0 and below 1"
            raise ValueError(message)
        # 1 - p as a float is not always what was written: 1000 pairs are enough for p99.
        if block * (1 - p) < 10 - 1e-6:
            least = math.ceil(10 / (1 - p) - 1e-6)
            message = f"a block of {block} pairs for quantile {p}: allowed is {least} or more"
            raise ValueError(message)
        self._p = p
        self._block = block
        self._quantile: float | None = None
        self._values: list[float] = []

    @property
    def quantile(self) -> float | None:
        """The quantile that the next pair is held against; None in the first block."""
        return self._quantile

    def compare(
        self, baseline: float, optimized: float, *, rise: float
    ) -> tuple[bool, bool] | None:
        """
        Say whether each model was slow, and take the pair in.

        Args:
            baseline: What the baseline took; infinite if it never answered.
            optimized: What the optimized model took.
            rise: By how much its quantile may be higher: 0.1 is a tenth.

        Returns:
            Baseline, optimized: the two verdicts of an observation. None in the first block.

        Raises:
            ValueError: If a value is not a number, or negative.

        """
        for name, value in (("baseline", baseline), ("optimized", optimized)):
            if not value >= 0:
                message = f"{name} is {value}, allowed is 0 or more"
                raise ValueError(message)
        found = self._quantile
        self._take(baseline)
        if found is None:
            return None
        return baseline > found, optimized > (1 + rise) * found

    def _take(self, value: float) -> None:
        self._values.append(value)
        if len(self._values) == self._block:
            self._values.sort()
            self._quantile = self._values[math.ceil(self._p * self._block) - 1]
            self._values = []

    def to_json(self) -> dict[str, Any]:
        """Return the quantile as JSON; the block that is being filled is given up."""
        return {"quantile": self._quantile}

    @classmethod
    def from_json(cls, state: Mapping[str, Any], *, p: float, block: int) -> Self:
        """Go on with the quantile that `to_json` wrote."""
        before = cls(p, block)
        before._quantile = state["quantile"]
        return before
